// Who did it, to what, and how it ended, as the findings of whole logs have it.
#include <algorithm>
#include <fstream>

#include "analysis/rules.hpp"
#include "analysis/stage.hpp"
#include "catch.hpp"
#include "scratch.hpp"
#include "source/file_source.hpp"
#include "store/text.hpp"

using namespace logystera;
using logystera::testing::Scratch;
using Outcome = store::Who::Outcome;

namespace {

struct Program {
  Result<parse::Formats> formats = parse::Formats::built_in();
  FieldNames names;
  detect::RuleSet rules;
  std::optional<detect::Engine> engine;

  Program() {
    auto loaded = analysis::load_rules({});
    REQUIRE(loaded.ok());
    rules = std::move(loaded).value();
    auto compiled = detect::Engine::compile(rules, names);
    REQUIRE(compiled.ok());
    engine.emplace(std::move(compiled).value());
  }

  // Of the first finding of `rule` in that log.
  store::Who who(const std::string& rule, const std::string& text, const std::string& name = "a.log") {
    return finding(rule, text, name).who;
  }
  analysis::Finding finding(const std::string& rule, const std::string& text, const std::string& name = "a.log") {
    const std::vector<analysis::Finding> all = findings(text, name);
    const auto found = std::find_if(all.begin(), all.end(), [&](const analysis::Finding& one) { return one.rule == rule; });
    REQUIRE(found != all.end());
    return *found;
  }
  std::ptrdiff_t count(const std::string& rule, const std::string& text) {
    const std::vector<analysis::Finding> all = findings(text, "a.log");
    return std::count_if(all.begin(), all.end(), [&](const analysis::Finding& one) { return one.rule == rule; });
  }

  std::vector<analysis::Finding> findings(const std::string& text, const std::string& name) {
    const Scratch scratch;
    std::ofstream(scratch.file(name)) << text;
    source::SourceSet set{scratch.file(name), {scratch.file(name)}};
    analysis::StageOptions options;
    options.salt = "salt";
    analysis::Stage stage(&*engine, names, options);
    auto worker = stage.worker();
    analysis::Turn turn;
    source::FileSourceOptions reading;
    reading.source.reference_ns = std::int64_t{1'780'000'000} * 1'000'000'000;
    source::FileSource file(set, formats.value(), names, std::move(reading));
    RecordBatch batch;
    std::vector<analysis::Finding> all;
    for (bool ended = false; !ended;) {
      auto state = file.next(batch, std::chrono::milliseconds(0));
      REQUIRE(state.ok());
      ended = state.value() == source::State::ended;
      REQUIRE(stage.process(worker, batch, set.name, {.last_of_source = ended}, turn));
      all.insert(all.end(), worker.findings.begin(), worker.findings.end());
    }
    return all;
  }
};

std::string times(int n, const std::string& line) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    std::string one = line;
    for (std::size_t at = 0; (at = one.find("{n}", at)) != std::string::npos;) one.replace(at, 3, std::to_string(10 + i));
    text += one + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a_probe_of_a_web_server_has_address_target_and_status") {
  Program program;
  const std::string line = R"(198.51.100.23 - - [18/May/2026:10:00:00 +0000] "GET /.env HTTP/1.1" 404 12 "-" "curl/8.0")";
  const store::Who who = program.who("WEB_DOTFILE_PROBE", times(3, line));
  CHECK(who.address.starts_with("ip_"));
  CHECK(who.account.empty());
  CHECK(who.target == "/.env");
  CHECK(who.status == 404);
  CHECK(who.outcome == Outcome::not_found);
}

TEST_CASE("a_login_has_address_account_and_outcome") {
  Program program;
  const store::Who who =
      program.who("SSH_ROOT_PASSWORD_LOGIN",
                  "May 18 10:00:01 web1 sshd[1]: Accepted password for root from 203.0.113.50 port 52 ssh2\n", "auth.log");
  CHECK(who.address.starts_with("ip_"));
  CHECK(who.account == "root");
  CHECK(who.target == "web1");
  CHECK(who.outcome == Outcome::logged_in);
  CHECK(who.status == 0);
}

TEST_CASE("a_command_of_sudo_has_account_and_command") {
  Program program;
  const store::Who who = program.who(
      "SUDO_COMMAND",
      "May 18 10:01:00 web1 sudo: admin : TTY=pts/0 ; PWD=/home/admin ; USER=root ; COMMAND=/bin/systemctl restart nginx\n",
      "auth.log");
  CHECK(who.address.empty());
  CHECK(who.account == "admin");
  CHECK(who.target == "/bin/systemctl restart nginx");
}

TEST_CASE("a_window_by_address_names_the_address_and_the_account_tried_last") {
  Program program;
  const store::Who who = program.who(
      "SSH_BRUTE_FORCE",
      times(5, "May 18 10:00:{n} web1 sshd[12]: Failed password for root from 198.51.100.23 port 22 ssh2"), "auth.log");
  CHECK(who.address.starts_with("ip_"));
  CHECK(who.account == "root");
  CHECK(who.outcome == Outcome::login_failed);
}

TEST_CASE("a_window_over_different_accounts_names_none_of_them") {
  Program program;
  const store::Who who = program.who(
      "SSH_PASSWORD_SPRAY",
      times(6, "May 18 10:00:{n} web1 sshd[12]: Failed password for u{n} from 198.51.100.23 port 4022 ssh2"), "auth.log");
  CHECK(who.address.starts_with("ip_"));
  CHECK(who.account.empty());
}

TEST_CASE("a_window_that_counts_all_alike_is_about_nobody") {
  Program program;
  const store::Who who =
      program.who("NGINX_5XX_SPIKE",
                  times(12, R"(198.51.100.{n} - - [18/May/2026:10:00:{n} +0000] "GET / HTTP/1.1" 502 12 "-" "curl/8.0")"));
  CHECK(who.empty());
}

TEST_CASE("who_is_bounded_and_valid_utf8_whatever_the_line_holds") {
  Program program;
  const std::string path = "/.env/" + std::string(store::kWhoBytes - 7, 'x') + "\xc3\xa9" + std::string(9000, 'y');
  const store::Who who = program.who("WEB_DOTFILE_PROBE", times(3, "198.51.100.23 - - [18/May/2026:10:00:00 +0000] \"GET " +
                                                                       path + " HTTP/1.1\" 404 12 \"-\" \"curl/8.0\""));
  CHECK(who.target.size() <= store::kWhoBytes);
  CHECK(who.target.starts_with("/.env/xxx"));
  CHECK(store::storable(who.target) == who.target);
}

TEST_CASE("a_probe_is_worth_what_it_was_answered") {
  Program program;
  const auto level = [&](int status) {
    return program
        .finding("WEB_SYSTEM_FILE", "198.51.100.23 - - [18/May/2026:10:00:00 +0000] \"GET /?page=/etc/passwd HTTP/1.1\" " +
                                        std::to_string(status) + " 12 \"-\" \"curl/8.0\"\n")
        .level;
  };
  CHECK(level(200) == detect::Level::high);
  CHECK(level(302) == detect::Level::high);
  CHECK(level(500) == detect::Level::high);
  for (const int status : {301, 308, 400, 403, 404, 410, 503}) CHECK(level(status) == detect::Level::low);
}

TEST_CASE("a_probe_that_was_answered_is_high_and_one_that_was_not_low_whatever_it_asked_for") {
  Program program;
  // The worst that a request is told as, among the rules about what was asked for.
  const auto worst = [&](const std::string& target, int status, int bytes) {
    detect::Level level = detect::Level::informational;
    for (const analysis::Finding& one :
         program.findings("198.51.100.23 - - [18/May/2026:10:00:00 +0000] \"GET " + target + " HTTP/1.1\" " +
                              std::to_string(status) + " " + std::to_string(bytes) + " \"-\" \"Mozilla/5.0\"\n",
                          "access.log"))
      level = std::max(level, one.level);
    return level;
  };
  for (const char* target :
       {"/.env", "/.git/config", "/wp-config.php.bak", "/wp-config.php.txt", "/backup.zip", "/dump.sql.gz", "/c99.php",
        "/upload/cmd.aspx", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/a/..%2f..%2f..%2fetc/hosts",
        "/?page=/etc/passwd", "/phpinfo.php", "/server-status", "/actuator/heapdump", "/sites/default/settings.php.save"}) {
    INFO(target);
    CHECK(worst(target, 200, 812) >= detect::Level::high);
    for (const int status : {301, 400, 403, 404, 410}) CHECK(worst(target, status, 812) <= detect::Level::low);
  }
  // Pages that a site has, or that everybody may see.
  for (const char* target :
       {"/wp-login.php", "/wp-admin/", "/xmlrpc.php", "/phpmyadmin/", "/user/login", "/core/CHANGELOG.txt",
        "/search?q=sql+union+select+tutorial", "/actuator/health", "/downloads/site.zip"}) {
    INFO(target);
    CHECK(worst(target, 200, 812) <= detect::Level::low);
    CHECK(worst(target, 404, 812) <= detect::Level::low);
  }
  // It is there, and was not handed out.
  for (const char* target : {"/.env", "/phpinfo.php", "/dump.sql"}) CHECK(worst(target, 200, 0) <= detect::Level::low);
}

TEST_CASE("windows_of_probes_are_worth_what_was_answered_too") {
  Program program;
  const std::string line =
      R"(198.51.100.23 - - [18/May/2026:10:00:{n} +0000] "GET /{n}/c99.php HTTP/1.1" 404 12 "-" "curl/8.0")";
  const analysis::Finding finding = program.finding("WEB_BACKDOOR_PROBE", times(3, line));
  CHECK(finding.probe);
  CHECK(finding.level == detect::Level::low);
}

TEST_CASE("the_size_of_an_answer_is_known_of_probes") {
  Program program;
  const std::string line = R"(198.51.100.23 - - [18/May/2026:10:00:00 +0000] "GET /.env HTTP/1.1" 200 812 "-" "curl/8.0")";
  const analysis::Finding finding = program.finding("WEB_DOTFILE_SERVED", line + "\n");
  CHECK(finding.bytes == 812);
  CHECK(finding.level == detect::Level::critical);
}

TEST_CASE("a_scanner_that_names_itself_is_told_once_for_each_address") {
  Program program;
  const std::string line = R"(198.51.100.{n} - - [18/May/2026:10:00:{n} +0000] "GET /a HTTP/1.1" 200 12 "-" "sqlmap/1.7")";
  const std::string same = R"(198.51.100.9 - - [18/May/2026:10:00:{n} +0000] "GET /a HTTP/1.1" 200 12 "-" "sqlmap/1.7")";
  CHECK(program.count("WEB_SCANNER", times(20, same)) == 1);
  CHECK(program.count("WEB_SCANNER", times(20, line)) == 20);
}
