// The built-in packs: every rule loads, has samples both ways, and does what its samples say, on lines as the parsers read
// them.
#include <algorithm>
#include <random>
#include <set>

#include "catch.hpp"
#include "data.hpp"
#include "detect/engine.hpp"
#include "detect/packs.hpp"
#include "detect/sample.hpp"
#include "detect/windows.hpp"
#include "oracle/rule_oracle.hpp"
#include "parse/format.hpp"
#include "parse/source.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

constexpr std::int64_t kYearOfSamples = std::int64_t{1'780'000'000} * 1'000'000'000;  // syslog lines name no year

RuleSet built_in() {
  Loader loader(built_in_options());
  add_built_in_packs(loader);
  return loader.finish();
}

const parse::Formats& formats() {
  static Result<parse::Formats> known = parse::Formats::built_in();
  REQUIRE(known.ok());
  return known.value();
}

Result<Done> read_lines(std::string_view format, std::string_view lines, FieldNames& names, RecordBatch& batch) {
  const parse::Format* found = formats().find(format);
  if (!found) return Error{"there is no format '" + std::string(format) + "'"};
  parse::SourceOptions options;
  options.reference_ns = kYearOfSamples;
  const parse::ParserContext context{names, parse::TimeContext(kYearOfSamples)};
  Result<std::unique_ptr<parse::LineParser>> parser = parse::make_parser(*found, context);
  if (!parser) return parser.error();
  Result<std::unique_ptr<parse::LineParser>> fallback = parse::make_parser(*formats().find("plaintext"), context);
  if (!fallback) return fallback.error();
  batch.text.resize(lines.size());
  std::copy(lines.begin(), lines.end(), batch.text.data());
  parse::LineRecords records(*found, std::move(parser).value(), std::move(fallback).value(), "sample", options);
  records.read(batch, true);
  if (records.counts().unparsed > 0)
    return Error{"a line of the sample is not of the format '" + std::string(format) + "'"};
  return Done{};
}

// The rules that hit the record, as the session and the naive evaluation find them: the same ones.
std::vector<std::uint32_t> hits_as_the_oracle(const RuleSet& set, Session& session, const Record& record,
                                              const FieldNames& names) {
  std::vector<std::uint32_t> naive;
  for (std::uint32_t rule = 0; rule < set.rules.size(); ++rule)
    if (set.rules[rule].when && oracle::hits(set.rules[rule], record, names)) naive.push_back(rule);
  const std::span<const std::uint32_t> fast = session.match(record);
  INFO(record.raw);
  REQUIRE(std::vector<std::uint32_t>(fast.begin(), fast.end()) == naive);
  return naive;
}

}  // namespace

TEST_CASE("built_in_packs_load_without_a_warning") {
  const RuleSet set = built_in();
  for (const DocumentReport& report : set.documents) {
    for (const yaml::Problem& problem : report.problems) FAIL_CHECK(yaml::describe(report.file, problem));
    for (const yaml::Problem& problem : report.warnings) FAIL_CHECK(yaml::describe(report.file, problem));
  }
  CHECK(set.documents.size() >= 60);
  for (const BuiltInPack& pack : built_in_packs()) {
    if (pack.name != "rules/placeholders.yml") continue;
    const auto values = load_placeholders(pack.name, pack.text);
    REQUIRE(values.ok());
    CHECK(values.value().count("known_cdcs") == 1);
  }
}

TEST_CASE("built_in_rules_do_what_their_samples_say") {
  const RuleSet set = built_in();
  std::size_t ran = 0;
  Result<std::vector<SampleFailure>> failures = run_samples(set, read_lines, ran);
  REQUIRE(failures.ok());
  for (const SampleFailure& failure : failures.value())
    FAIL_CHECK(failure.rule << ", line " << failure.at.line << ": " << failure.message);
  CHECK(ran >= 120);
}

// A session looks at a long log's lines in one pass; attacks stand in every field, across fields, and half.
TEST_CASE("built_in_rules_hit_the_lines_of_a_long_access_log_that_the_oracle_names") {
  std::mt19937 random(20260520);
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  constexpr std::string_view kParts[] = {"union select",
                                         "UNION%20SELECT",
                                         "/etc/passwd",
                                         "%2e%2E/",
                                         "<script>",
                                         "%3cscript ",
                                         "' or '1'='1",
                                         "%27+or+1=1",
                                         "${jndi:",
                                         "%24%7BJNDI",
                                         "() {",
                                         "/.env",
                                         "/.git/",
                                         "sqlmap",
                                         "Nikto",
                                         "wfuzz",
                                         "/wp-login.php",
                                         ".sql",
                                         "/shell.php",
                                         ";cat ",
                                         "|id",
                                         "sleep(5)",
                                         "O:4:%22x",
                                         "\\x16\\x03",
                                         "169.254.169.254",
                                         "%0d%0aSet-Cookie",
                                         "/user/",
                                         "/update.php",
                                         "onload=",
                                         "javascript:",
                                         "phpinfo.php",
                                         "x"};
  constexpr std::string_view kMethods[] = {"GET", "POST", "TRACE", "Search", "CONNECT", "PUT"};
  constexpr int kStatus[] = {200, 200, 200, 206, 301, 401, 403, 404, 500, 503};
  const auto text = [&](bool spaces) {
    std::string out;
    for (std::size_t i = 0; i < below(4); ++i) {
      const std::string_view part = kParts[below(std::size(kParts))];
      const std::size_t from = below(4) == 0 ? below(part.size()) : 0;
      out += part.substr(from, below(4) == 0 ? below(part.size()) : part.size());
      if (below(3) == 0) out += "a/";
    }
    if (!spaces) std::erase(out, ' ');
    std::erase(out, '"');
    while (!out.empty() && out.back() == '\\') out.pop_back();  // it would take the quote behind it along
    return out;
  };
  std::string lines;
  for (int i = 0; i < 6000; ++i) {
    lines += "192.0.2." + std::to_string(below(256)) + " - - [18/May/2026:10:00:00 +0000] \"";
    if (below(20) == 0) lines += text(true);
    else {
      lines.append(kMethods[below(std::size(kMethods))]).append(below(20) == 0 ? " http://x" : " /").append(text(false));
      if (below(3) == 0) lines += "?q=" + text(false);
      if (below(400) == 0) lines += std::string(4100, 'z');
      lines += " HTTP/1.1";
    }
    lines += "\" " + std::to_string(kStatus[below(std::size(kStatus))]) + " " +
             std::to_string(below(3) == 0 ? below(4'000'000) : below(2)) + " \"" + text(true) + "\" \"" + text(true) +
             "\"\n";
  }
  const RuleSet set = built_in();
  FieldNames names;
  RecordBatch batch;
  REQUIRE(read_lines("access_combined", lines, names, batch).ok());
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  Session session(engine.value());
  std::size_t hits = 0;
  std::set<std::uint32_t> rules;
  for (const Record& record : batch.records) {
    const std::vector<std::uint32_t> naive = hits_as_the_oracle(set, session, record, names);
    hits += naive.size();
    rules.insert(naive.begin(), naive.end());
  }
  CHECK(batch.records.size() == 6000);
  CHECK(hits > 10'000);
  CHECK(rules.size() > 20);
}

TEST_CASE("very_many_values_of_one_name_are_looked_at_one_by_one") {
  Loader loader;
  loader.add_text("own.yml", R"(
id: EVIL
title: Evil
level: low
detection: {match: [{field: url, op: contains, value: evil-place}]}
---
id: END
title: End
level: low
detection: {match: [{field: url, op: endswith, value: last-place}]}
---
id: OTHER
title: Other
level: low
detection: {match: [{field: other, op: contains, value: evil-place}]}
)");
  const RuleSet set = loader.finish();
  REQUIRE(set.refused() == 0);
  std::string lines;
  for (int i = 0; i < 400; ++i) {
    lines += "level=info ";
    const int values = i < 250 || i % 3 == 0 ? 3 : 100;
    for (int k = 0; k < values; ++k) {
      lines += "url=/a" + std::to_string(k);
      if (i % 5 == 0 && k == values - 1) lines += "/evil-place";
      if (i % 7 == 0 && k == values / 2) lines += "/last-place";
      lines += ' ';
    }
    lines += i % 2 == 0 ? "other=evil-place,last-place\n" : "other=x\n";
  }
  FieldNames names;
  RecordBatch batch;
  REQUIRE(read_lines("logfmt", lines, names, batch).ok());
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  Session session(engine.value());
  std::size_t many = 0;
  for (const Record& record : batch.records) {
    hits_as_the_oracle(set, session, record, names);
    many += record.field_count > 64;
  }
  CHECK(many == 100);
}

TEST_CASE("built_in_rules_have_samples_both_ways_and_a_description") {
  for (const Rule& rule : built_in().rules) {
    if (rule.id.find('#') != std::string::npos) continue;
    INFO(rule.id);
    CHECK(std::any_of(rule.samples.begin(), rule.samples.end(), [](const Sample& sample) { return sample.fires; }));
    CHECK(std::any_of(rule.samples.begin(), rule.samples.end(), [](const Sample& sample) { return !sample.fires; }));
    CHECK_FALSE(rule.description.empty());
    CHECK_FALSE(rule.title.empty());
  }
}

TEST_CASE("a_sample_that_does_not_hold_is_reported") {
  Loader loader;
  loader.add_text("own.yml", R"(
id: OWN
title: Own
level: low
detection: {match: [{field: message, op: contains, value: x}]}
samples: {match: [{message: abc}], no_match: [{message: xyz}]}
)");
  const RuleSet set = loader.finish();
  REQUIRE(set.refused() == 0);
  std::size_t ran = 0;
  Result<std::vector<SampleFailure>> failures = run_samples(set, read_lines, ran);
  REQUIRE(failures.ok());
  CHECK(ran == 2);
  CHECK(failures.value().size() == 2);
}

TEST_CASE("the_seed_rules_are_built_in_with_their_levels") {
  const RuleSet set = built_in();
  const std::pair<const char*, Level> wanted[] = {
      {"SSH_BRUTE_FORCE", Level::high},       {"SUDO_MISUSE", Level::high},     {"AUTH_NEW_UID0", Level::critical},
      {"NGINX_404_SCAN", Level::medium},      {"NGINX_5XX_SPIKE", Level::high}, {"WIN_FAILED_LOGON", Level::medium},
      {"WIN_ACCOUNT_CREATED", Level::medium}, {"SUDO_COMMAND", Level::low}};
  for (const auto& [id, level] : wanted) {
    INFO(id);
    const Rule* rule = set.find(id);
    REQUIRE(rule != nullptr);
    CHECK(rule->level == level);
  }
  CHECK(set.find("SUDO_COMMAND")->title == "Sudo Command to Root");
}

TEST_CASE("the_seed_example_gives_one_finding") {
  const RuleSet set = built_in();
  FieldNames names;
  RecordBatch batch;
  const std::string log =
      "May 18 10:00:01 web1 sshd[1201]: Accepted publickey for admin from 203.0.113.50 port 52341 ssh2\n"
      "May 18 10:00:15 web1 sshd[1203]: Failed password for invalid user guest from 198.51.100.23 port 22 ssh2\n"
      "May 18 10:00:16 web1 sshd[1203]: Failed password for invalid user guest from 198.51.100.23 port 22 ssh2\n"
      "May 18 10:00:17 web1 sshd[1203]: Failed password for invalid user guest from 198.51.100.23 port 22 ssh2\n"
      "May 18 10:01:00 web1 sudo:    admin : TTY=pts/0 ; PWD=/home/admin ; USER=root ; COMMAND=/bin/systemctl restart "
      "nginx\n"
      "May 18 10:01:30 web1 useradd[1310]: new user: name=deploy, UID=1002, GID=1002, home=/home/deploy, shell=/bin/bash\n"
      "May 18 10:02:00 web1 sshd[1201]: Disconnected from 203.0.113.50 port 52341\n";
  REQUIRE(read_lines("auth_log", log, names, batch).ok());
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  Session session(engine.value());
  Windows windows(set, names);
  std::vector<Match> matches;
  for (const Record& record : batch.records) windows.feed(record, session.match(record), matches);
  windows.finish(matches);
  std::set<std::string> ids;
  for (const Match& match : matches) ids.insert(set.rules[match.rule].id);
  CHECK(ids == std::set<std::string>{"SUDO_COMMAND"});
}
