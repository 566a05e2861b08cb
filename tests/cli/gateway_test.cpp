// The gateway as a process, over real connections, and what a person does beside it.
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include "catch.hpp"
#include "cli/site.hpp"
#include "socket_client.hpp"
#include "store/store.hpp"

using namespace logystera::testing;

namespace {

struct House {
  Scratch scratch;
  std::string database = scratch.file("a.db");
  std::string store = "sqlite:" + database;

  Arguments serve(Arguments more = {}) const {
    Arguments arguments{"--store", store, "serve", "--port", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::vector<std::string> stored() const {
    const Finished events = run({"--store", store, "events", "--json"});
    REQUIRE(events.code == 0);
    std::vector<std::string> lines;
    std::istringstream stream(events.out);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
};

/// What a browser gets for it.
std::string page_of(const std::string& url, const std::string& path) {
  SocketClient client(url);
  client.send("GET " + path + " HTTP/1.1\r\nHost: " + url.substr(7) + "\r\nConnection: close\r\n\r\n");
  return client.receive_all();
}

std::string url_of(const Running& gateway) { return "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:"); }

}  // namespace

TEST_CASE("a_site_sends_and_a_person_reads_the_very_lines") {
  House house;
  const Site site = Site::added(house.store);
  Running gateway(house.serve());
  const std::string url = url_of(gateway);
  const std::string body = event_lines(0, 3);
  const Reply first = site.send(url, body);
  CHECK(first.status == 202);
  CHECK(first.acknowledged);
  const Reply again = site.send(url, body);
  CHECK(again.status == 200);
  CHECK(again.acknowledged);
  std::string lines;
  for (const std::string& line : house.stored()) lines += line + "\n";
  CHECK(lines == body);
  gateway.kill(SIGTERM);
  CHECK(gateway.wait() == 0);
}

TEST_CASE("a_running_gateway_sees_changed_entities_at_once") {
  House house;
  Running gateway(house.serve());
  const std::string url = url_of(gateway);
  const Site site = Site::added(house.store);
  CHECK(site.send(url, event_lines(0, 1)).status == 202);
  REQUIRE(run({"--store", house.store, "entity", "disable", site.token}).code == 0);
  CHECK(site.send(url, event_lines(1, 1)).status == 403);
  REQUIRE(run({"--store", house.store, "entity", "enable", site.token}).code == 0);
  const Finished rotated = run({"--store", house.store, "--json", "entity", "rotate", site.token});
  REQUIRE(rotated.code == 0);
  rapidjson::Document document;
  document.Parse(rotated.out.c_str());
  const Site renewed{site.token, document["secret"].GetString()};
  CHECK(renewed.send(url, event_lines(2, 1)).status == 202);
  CHECK(site.send(url, event_lines(3, 1)).status == 202);  // within its 24 hours
  const Site forger{site.token, "not-the-secret-of-anybody-here"};
  CHECK(forger.send(url, event_lines(4, 1)).status == 401);
  const Finished list = run({"--store", house.store, "entity", "list"});
  CHECK(list.out.find(site.token) != std::string::npos);
  CHECK(list.out.find(site.secret) == std::string::npos);
  const auto store = std::move(logystera::store::open(house.store)).value();
  std::string actions;
  for (const logystera::store::AuditRow& row : store->audit().list({}).value()) {
    actions += row.action + " ";
    CHECK(row.object == site.token);
    CHECK(row.actor.starts_with("command:"));
    CHECK((row.before + row.after).find(renewed.secret) == std::string::npos);
  }
  CHECK(actions == "site.rotate site.enable site.disable site.add ");
  CHECK(run({"--store", house.store, "entity", "rotate", "ent_none"}).code == 2);
  CHECK(store->audit().list({}).value().size() == 4);  // what is refused is no change
}

TEST_CASE("the_key_file_is_the_one_that_is_named_and_else_beside_the_database") {
  House house;
  const std::string beside = house.scratch.file("a.db.key"), named = house.scratch.file("elsewhere.key");
  const Site site = Site::added(house.store);
  REQUIRE(std::filesystem::exists(beside));
  std::filesystem::rename(beside, named);
  // Never made anew while secrets are sealed under another.
  const Finished lost = run({"--store", house.store, "entity", "rotate", site.token});
  CHECK(lost.code == 2);
  CHECK(lost.err.find(beside) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(beside));
  Running gateway(house.serve({"--key-file", named}));
  CHECK(site.send(url_of(gateway), event_lines(0, 1)).status == 202);
  CHECK(run({"--store", house.store, "entity", "rotate", site.token, "--key-file", named}).code == 0);
  // The same of a configuration; an option wins.
  const std::string config = house.scratch.file("config.yaml");
  std::ofstream(config) << "db_path: " << house.scratch.file("a.db") << "\nkey_path: " << named << "\n";
  CHECK(run({"entity", "rotate", site.token, "--config", config}).code == 0);
  CHECK(run({"--store", house.store, "entity", "rotate", site.token, "--config", config}).code == 0);
  CHECK(run({"entity", "rotate", site.token, "--config", config, "--key-file", beside}).code == 2);
  CHECK_FALSE(std::filesystem::exists(beside));
}

TEST_CASE("whatever_was_acknowledged_before_kill_dash_nine_is_there_exactly_once") {
  House house;
  const Site site = Site::added(house.store);
  constexpr unsigned kSenders = 4, kBatchEvents = 20, kBatches = 60;
  std::set<unsigned> open;
  for (unsigned b = 0; b < kSenders * kBatches; ++b) open.insert(b);
  std::mutex mutex;
  for (int life = 0; !open.empty(); ++life) {
    REQUIRE(life < 50);
    Running gateway(house.serve());
    const std::string url = url_of(gateway);
    std::atomic<unsigned> acknowledged = 0;
    std::vector<std::thread> senders;
    for (unsigned s = 0; s < kSenders; ++s) {
      senders.emplace_back([&, s] {
        for (unsigned b = s * kBatches; b < (s + 1) * kBatches; ++b) {
          {
            std::lock_guard lock(mutex);
            if (!open.contains(b)) continue;
          }
          const Reply reply = site.send(url, event_lines(b * kBatchEvents, kBatchEvents));
          if (reply.status == 0) return;  // it died
          if (!reply.acknowledged || reply.status >= 300) continue;
          ++acknowledged;
          std::lock_guard lock(mutex);
          open.erase(b);
        }
      });
    }
    // In the middle of its work, at a different point each time.
    const unsigned enough = 5 + static_cast<unsigned>(life) * 7;
    eventually([&] {
      std::lock_guard lock(mutex);
      return acknowledged >= enough || open.empty();
    });
    gateway.kill(SIGKILL);
    for (std::thread& sender : senders) sender.join();
    gateway.wait();
    // Everything acknowledged so far is on disk, whatever state the process left.
    std::multiset<std::string> ids;
    for (const std::string& line : house.stored()) ids.insert(line.substr(line.find("event_id") + 11, 36));
    std::lock_guard lock(mutex);
    std::size_t missing = 0, doubled = 0;
    for (unsigned b = 0; b < kSenders * kBatches; ++b) {
      for (unsigned i = b * kBatchEvents; i < (b + 1) * kBatchEvents; ++i) {
        const std::size_t times = ids.count(event_id(i));
        if (times > 1) ++doubled;
        if (times == 0 && !open.contains(b)) ++missing;
      }
    }
    REQUIRE(missing == 0);
    REQUIRE(doubled == 0);
  }
  CHECK(house.stored().size() == kSenders * kBatches * kBatchEvents);
}

TEST_CASE("sigterm_under_load_loses_no_answer_it_gave") {
  House house;
  const Site site = Site::added(house.store);
  Running gateway(house.serve());
  const std::string url = url_of(gateway);
  std::atomic<unsigned> accepted = 0;
  std::vector<std::thread> senders;
  for (unsigned s = 0; s < 4; ++s) {
    senders.emplace_back([&, s] {
      for (unsigned b = 0; b < 1000; ++b) {
        const Reply reply = site.send(url, event_lines((s * 1000 + b) * 5, 5));
        if (reply.status != 202) return;
        accepted += 5;
      }
    });
  }
  REQUIRE(eventually([&] { return accepted > 100; }));
  gateway.kill(SIGTERM);
  CHECK(gateway.wait() == 0);
  for (std::thread& sender : senders) sender.join();
  CHECK(house.stored().size() == accepted);
}

TEST_CASE("a_locked_store_is_answered_503_and_the_batch_is_taken_afterwards") {
  House house;
  const Site site = Site::added(house.store);
  Running gateway(house.serve());
  const std::string url = url_of(gateway);
  sqlite3* other = nullptr;
  REQUIRE(::sqlite3_open(house.database.c_str(), &other) == SQLITE_OK);
  ::sqlite3_busy_timeout(other, 60'000);  // the gateway may still be writing what it writes at its start
  REQUIRE(::sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const std::string body = event_lines(0, 3);
  const Reply refused = site.send(url, body);
  CHECK(refused.status == 503);
  CHECK(refused.acknowledged);
  for (const char* path : {"/", "/events", "/api/v1/stats"})  // whoever only looks waits for nobody
    CHECK(page_of(url, path).starts_with("HTTP/1.1 200 "));
  REQUIRE(::sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
  ::sqlite3_close(other);
  CHECK(site.send(url, body).status == 202);
  CHECK(house.stored().size() == 3);
  CHECK(gateway.err().find("another program holds its write lock") != std::string::npos);
}

TEST_CASE("a_full_disk_is_answered_503_and_nothing_acknowledged_is_lost") {
  House house;
  const Site site = Site::added(house.store);
  std::vector<unsigned> taken;
  unsigned refused_at = 0;
  {
    // No file of the process may grow beyond 1 MB: the WAL cannot, as on a full disk.
    Running::Setting setting;
    setting.file_bytes = 1'000'000;
    Running gateway(house.serve(), setting);
    const std::string url = url_of(gateway);
    for (unsigned b = 0; b < 200 && refused_at == 0; ++b) {
      const Reply reply = site.send(url, event_lines(b * 100, 100));
      if (reply.status == 202) taken.push_back(b);
      else refused_at = b;
      if (refused_at) {
        CHECK(reply.status == 503);
        CHECK(reply.acknowledged);
      }
    }
    REQUIRE(refused_at > 0);
    CHECK(::kill(gateway.pid(), 0) == 0);  // it refuses; it does not die
    for (const char* path : {"/", "/events", "/api/v1/stats"}) CHECK(page_of(url, path).starts_with("HTTP/1.1 200 "));
  }
  CHECK(house.stored().size() == taken.size() * 100);
  Running gateway(house.serve());
  CHECK(site.send(url_of(gateway), event_lines(refused_at * 100, 100)).status == 202);
  CHECK(house.stored().size() == (taken.size() + 1) * 100);
}

TEST_CASE("a_store_that_is_removed_or_replaced_while_it_is_used_takes_nothing_that_would_be_lost") {
  House house;
  const Site site = Site::added(house.store);
  Running gateway(house.serve());
  const std::string url = url_of(gateway);
  const auto page = [&] { return page_of(url, "/findings"); };
  REQUIRE(site.send(url, event_lines(0, 2)).status == 202);
  REQUIRE(page().starts_with("HTTP/1.1 200 "));
  const std::string away = house.scratch.file("away");
  std::filesystem::create_directory(away);
  const auto move = [&](const std::string& from, const std::string& to) {
    for (const char* more : {"", "-wal", "-shm"})
      if (std::filesystem::exists(from + more)) std::filesystem::rename(from + more, to + more);
  };
  const auto refused = [&](unsigned first) {
    const Reply reply = site.send(url, event_lines(first, 2));
    CHECK(reply.status == 503);  // so that the site keeps them
    const std::string answer = page();
    CHECK(answer.starts_with("HTTP/1.1 50"));
    CHECK(answer.find(house.database) == std::string::npos);  // what strangers need not know
    CHECK(gateway.err().find(house.database + ": it was removed or replaced while it is in use") != std::string::npos);
  };
  move(house.database, away + "/a.db");
  refused(2);
  // Another in its place: a copy that is put back beneath a running server.
  REQUIRE(run({"--store", "sqlite:" + away + "/a.db", "store", "backup", house.database}).code == 0);
  refused(4);
  std::filesystem::remove(house.database);
  // The very file again: all goes on.
  move(away + "/a.db", house.database);
  CHECK(site.send(url, event_lines(6, 2)).status == 202);
  CHECK(page().starts_with("HTTP/1.1 200 "));
  gateway.kill(SIGTERM);
  CHECK(gateway.wait() == 0);
  CHECK(house.stored().size() == 4);
}

TEST_CASE("a_store_that_cannot_be_written_ends_the_gateway_at_once_with_the_reason") {
  House house;
  const Site site = Site::added(house.store);
  REQUIRE(::chmod(house.database.c_str(), 0444) == 0);
  Running::Setting setting;
  if (::geteuid() == 0) {
    setting.user = 65534;  // permissions do not bind root
    REQUIRE(::chmod(std::filesystem::path(house.database).parent_path().c_str(), 0755) == 0);
  }
  const Finished serve = run(house.serve(), setting);
  CHECK(serve.code == 2);
  CHECK(serve.err.find(house.database) != std::string::npos);
}

TEST_CASE("a_gateway_that_may_open_few_files_says_so_and_still_stores_what_sites_send") {
  House house;
  const Site site = Site::added(house.store);
  Running::Setting few;
  few.open_files = 64;
  Running gateway(house.serve({"--threads", "2"}), few);
  const std::string url = url_of(gateway);
  // How many are left depends on how many threads work on pages, and so on the machine.
  const std::string said = "--connections 512: this process may open 64 files at once, so there are ";
  const std::string err = gateway.err();
  const std::size_t at = err.find(said);
  REQUIRE(at != std::string::npos);
  const int left = std::atoi(err.c_str() + at + said.size());
  CHECK(left >= 8);
  CHECK(left < 64);
  std::vector<std::unique_ptr<SocketClient>> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(std::make_unique<SocketClient>(url));
  const Reply reply = site.send(url, event_lines(0, 3));
  CHECK(reply.status == 202);
  CHECK(gateway.err().find("closed to make room for others") != std::string::npos);
  few.open_files = 24;
  const Finished none = run(house.serve({"--threads", "2"}), few);
  CHECK(none.code == 2);
  CHECK(none.err.find("raise 'ulimit -n'") != std::string::npos);
}

TEST_CASE("a_gateway_whose_files_run_out_while_it_runs_says_so_and_goes_on_serving") {
  House house;
  const Site site = Site::added(house.store);
  Running gateway(house.serve({"--threads", "2"}));
  const std::string url = url_of(gateway);
  CHECK(site.send(url, event_lines(0, 1)).status == 202);
  // Lowered from outside: a limit it starts with would have it take fewer connections, and never get there.
  std::set<rlim_t> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(gateway.pid()) + "/fd")) {
    open.insert(std::stoul(entry.path().filename().string()));
  }
  constexpr rlim_t kSpare = 4;
  rlimit limit{};
  REQUIRE(::prlimit(gateway.pid(), RLIMIT_NOFILE, nullptr, &limit) == 0);
  limit.rlim_cur = 0;
  for (rlim_t spare = 0; spare < kSpare; ++limit.rlim_cur) spare += 1 - open.count(limit.rlim_cur);
  REQUIRE(::prlimit(gateway.pid(), RLIMIT_NOFILE, &limit, nullptr) == 0);
  std::vector<std::unique_ptr<SocketClient>> silent;
  for (rlim_t i = 0; i < 3 * kSpare; ++i) silent.push_back(std::make_unique<SocketClient>(url));
  CHECK(eventually([&] { return gateway.err().find("this process may open no more files") != std::string::npos; }));
  CHECK(gateway.err().find("raise 'ulimit -n'") != std::string::npos);
  CHECK(site.send(url, event_lines(1, 3)).status == 202);
  silent.clear();
  CHECK(site.send(url, event_lines(4, 3)).status == 202);
  CHECK(house.stored().size() == 7);
}

TEST_CASE("a_hangup_loads_rules_and_configuration_again_and_keeps_those_before_when_they_are_wrong") {
  House house;
  const std::string rules = house.scratch.file("own.yml"), config = house.scratch.file("config.yaml");
  const auto write = [](const std::string& path, const std::string& text) { std::ofstream(path) << text; };
  const auto rule = [](const std::string& id) {
    return "id: " + id + "\ntitle: Own\nlevel: low\ndetection:\n  match:\n    - {field: message, op: contains, value: x}\n";
  };
  write(rules, rule("OWN_ONE"));
  write(config, "rules_dir: " + rules + "\n");
  Arguments arguments = house.serve({"--no-builtin"});
  arguments.insert(arguments.begin(), {"--config", config});
  Running gateway(arguments);
  const std::string url = url_of(gateway);
  const auto hang_up = [&](const std::string& words) {
    gateway.kill(SIGHUP);
    const bool said = eventually([&] { return gateway.err().find(words) != std::string::npos; });
    INFO(gateway.err());
    CHECK(said);
  };
  hang_up("configuration and 1 rules are loaded again");
  write(rules, rule("OWN_ONE") + "---\n" + rule("OWN_TWO"));
  hang_up("configuration and 2 rules are loaded again");
  write(config, "rules_dir: [\n");
  hang_up("the rules stay as they were: " + config + ":");
  SocketClient client(url);
  client.send("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(client.receive_all().starts_with("HTTP/1.1 200 "));
  gateway.kill(SIGTERM);
  CHECK(gateway.wait() == 0);
}

TEST_CASE("a_server_started_with_reload_starts_again_when_its_rules_or_configuration_change") {
  House house;
  const std::string rules = house.scratch.file("rules"), config = house.scratch.file("config.yaml");
  std::filesystem::create_directory(rules);
  std::ofstream(config) << "rules_dir: " << rules << "\n";
  Arguments arguments = house.serve({"--reload"});
  arguments.insert(arguments.begin(), {"--config", config});
  Running::Setting setting;
  setting.environment = {{"LOGYSTERA_API_TOKEN", "0123456789abcdef0123456789abcdef"}};
  Running gateway(arguments, setting);
  const auto url = [&](std::size_t nth) {
    std::string text;
    const bool came = eventually([&] {
      std::istringstream lines(gateway.out());
      std::size_t found = 0;
      for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("listening on ") && found++ == nth) text = line.substr(13);
      }
      return !text.empty();
    });
    INFO(gateway.out() << gateway.err());
    CHECK(came);
    return text;
  };
  const auto status = [](const std::string& at, const std::string& token) {
    SocketClient client(at);
    client.send("GET /api/v1/stats HTTP/1.1\r\nHost: " + at.substr(7) + "\r\nConnection: close\r\n" +
                (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") + "\r\n");
    return client.receive_all().substr(9, 3);
  };
  CHECK(status(url(0), "0123456789abcdef0123456789abcdef") == "200");
  std::ofstream(rules + "/own.yml") << "id: OWN\n";
  const std::string second = url(1);
  CHECK(gateway.err().find("own.yml has changed: starting again") != std::string::npos);
  // What the environment said it says still.
  CHECK(status(second, "") == "401");
  CHECK(status(second, "0123456789abcdef0123456789abcdef") == "200");
  std::ofstream(config, std::ios::app) << "timezone: UTC\n";
  CHECK(status(url(2), "0123456789abcdef0123456789abcdef") == "200");
  gateway.kill(SIGTERM);
  CHECK(gateway.wait() == 0);
}

TEST_CASE("whether_a_server_is_well_can_be_asked_from_the_command_line") {
  House house;
  Running gateway(house.serve());
  const std::string url = url_of(gateway);
  const Finished well = run({"health", url});
  CHECK(well.code == 0);
  CHECK(well.out.starts_with(url + ": ok, version "));
  CHECK(run({"health", url + "/", "--json"}).out.starts_with(R"({"status":"ok","version":")"));
  gateway.kill(SIGTERM);
  CHECK(gateway.wait() == 0);
  const Finished gone = run({"health", url, "--timeout", "2"});
  CHECK(gone.code == 2);
  CHECK(gone.err.find("is `logystera serve` running there?") != std::string::npos);
  CHECK(run({"health", "file:///etc/passwd"}).code == 2);
  CHECK(run({"health", "http://ann:secret@127.0.0.1:1"}).err.find("secret") == std::string::npos);
}

TEST_CASE("a_rate_limit_is_kept_and_said") {
  House house;
  const Site site = Site::added(house.store);
  Running gateway(house.serve({"--rate-limit", "0.01", "--rate-burst", "3"}));
  const std::string url = url_of(gateway);
  CHECK(site.send(url, event_lines(0, 3)).status == 202);
  const Reply reply = site.send(url, event_lines(3, 1));
  CHECK(reply.status == 429);
  CHECK(reply.acknowledged);
  CHECK(reply.headers.find("Retry-After: ") != std::string::npos);
}

TEST_CASE("an_oversize_body_is_refused_over_the_wire") {
  House house;
  const Site site = Site::added(house.store);
  Running gateway(house.serve());
  CHECK(site.send(url_of(gateway), std::string(1024 * 1024 + 1, 'x')).status == 413);
}

TEST_CASE("an_address_others_can_reach_demands_tls_or_a_proxy") {
  House house;
  const Finished refused = run(house.serve({"--host", "0.0.0.0"}));
  CHECK(refused.code == 2);
  CHECK(refused.err.find("--behind-proxy") != std::string::npos);
  CHECK(run(house.serve({"--listen", "0.0.0.0:0"})).code == 2);
  Running gateway(house.serve({"--host", "0.0.0.0", "--behind-proxy"}));
  CHECK(!gateway.said("listening on http://0.0.0.0:").empty());
}

TEST_CASE("ingest_on_a_port_of_its_own_leaves_the_first_without_it") {
  House house;
  const Site site = Site::added(house.store);
  Running gateway(house.serve({"--listen", "127.0.0.1:0"}));
  const std::string own = "http://127.0.0.1:" + gateway.said("ingest on http://127.0.0.1:");
  CHECK(site.send(own, event_lines(0, 1)).status == 202);
  CHECK(site.send(url_of(gateway), event_lines(1, 1)).status == 404);
}

TEST_CASE("the_gateway_does_tls_itself") {
  House house;
  const Site site = Site::added(house.store);
  const std::string certificate = house.scratch.file("cert.pem"), key = house.scratch.file("key.pem");
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
      "-addext subjectAltName=IP:127.0.0.1 -keyout " +
      key + " -out " + certificate + " 2>/dev/null";
  REQUIRE(std::system(make.c_str()) == 0);
  Running gateway(house.serve({"--host", "0.0.0.0", "--tls-cert", certificate, "--tls-key", key}));
  const std::string url = "https://127.0.0.1:" + gateway.said("listening on https://0.0.0.0:");
  const Reply reply = site.send(url, event_lines(0, 1), certificate);
  CHECK(reply.status == 202);
  CHECK(reply.acknowledged);
  CHECK(site.send(url, event_lines(1, 1)).status == 0);  // nobody vouches for the certificate
  CHECK(run(house.serve({"--tls-cert", certificate})).code == 2);
  const Finished refused = run(house.serve({"--tls-cert", certificate, "--tls-key", certificate}));
  CHECK(refused.code == 2);
  CHECK(refused.err.find("--tls-key") != std::string::npos);
}

TEST_CASE("a_store_that_cannot_be_opened_is_told_with_the_option_that_names_another") {
  Scratch scratch;
  const std::string missing = "sqlite:" + scratch.file("none.db");
  CHECK(run({"--store", missing, "entity", "list"}).err.find("--store sqlite:PATH") != std::string::npos);
  std::ofstream(scratch.file("text.db")) << std::string(5000, 'x');
  const std::string other = "sqlite:" + scratch.file("text.db");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"scan", LOGYSTERA_BINARY}, {"findings", "list"}, {"entity", "list"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--store", other});
    const Finished refused = run(arguments);
    CHECK(refused.code == 2);
    CHECK(refused.err.find("--store sqlite:PATH") != std::string::npos);
  }
}

TEST_CASE("events_are_shown_so_that_no_value_can_command_the_terminal") {
  House house;
  const Site site = Site::added(house.store, "shop é");
  Running gateway(house.serve());
  const std::string line =
      event_line(1, R"({"a":"\u001b[31mred\u0007","b":"\u202eright","c":"two words","d":[1,"x"],"e":null})");
  REQUIRE(site.send(url_of(gateway), line).status == 202);
  const Finished table = run({"--store", house.store, "events"});
  CHECK(table.code == 0);
  CHECK(table.out.find(R"(a=\x1b[31mred\x07 b=\u{202e}right c="two words")") != std::string::npos);
  CHECK(table.out.find("Login: a=") != std::string::npos);
  CHECK(table.out.find('\x1b') == std::string::npos);
  CHECK(table.out.find("shop é") != std::string::npos);
  CHECK(run({"--store", house.store, "--json", "events"}).out == line);
  CHECK(run({"--store", house.store, "events", "--json", "--type", "none"}).out.empty());
  CHECK(run({"--store", house.store, "events", "--json", "--since", "1h", "--entity", "shop é", "--limit", "1"}).out ==
        line);
  CHECK(run({"--store", house.store, "events", "--json", "--since", std::to_string(std::time(nullptr) + 100)}).out.empty());
  const auto asked = [&](const std::string& condition) {
    return run({"--store", house.store, "events", "--json", "--where", condition, "--limit", "1"});
  };
  CHECK(asked("site = 'shop é' and c contains 'TWO'").out == line);
  CHECK(asked("c = three").out.empty());
  CHECK(asked("c = three").code == 0);
  CHECK(run({"--store", house.store, "events", "--json", "--grep", "two wor"}).out == line);
  const Finished unclear = asked("c == ");
  CHECK(unclear.code == 2);
  CHECK(unclear.err.find("logystera events: --where, column 6: a value belongs here") != std::string::npos);
  CHECK(unclear.err.starts_with("  c == \n       ^\n"));
  const Finished wrong = run({"--store", house.store, "events", "--since", "yesterweek"});
  CHECK(wrong.code == 2);
  CHECK(wrong.err.find("--since yesterweek") != std::string::npos);
}

TEST_CASE("following_shows_events_as_they_arrive") {
  House house;
  const Site site = Site::added(house.store);
  Running gateway(house.serve());
  const std::string url = url_of(gateway);
  REQUIRE(site.send(url, event_lines(0, 1)).status == 202);
  Running follow({"--store", house.store, "events", "--follow", "--json"});
  REQUIRE(eventually([&] { return follow.out().find(event_id(0)) != std::string::npos; }));
  REQUIRE(site.send(url, event_lines(1, 2)).status == 202);
  CHECK(eventually([&] { return follow.out().find(event_id(2)) != std::string::npos; }));
  follow.kill(SIGTERM);
  CHECK(follow.wait() == 0);
  CHECK(follow.out() == [&] {
    std::string all;
    for (const std::string& line : house.stored()) all += line + "\n";
    return all;
  }());
}

TEST_CASE("mistakes_on_the_command_line_are_explained_and_end_with_2") {
  House house;
  for (const Arguments& arguments : {Arguments{"nonsense"},
                                     {"serve", "--port", "70000"},
                                     {"serve", "extra"},
                                     {"entity"},
                                     {"entity", "add"},
                                     {"events", "--limit", "x"},
                                     {"agent"},
                                     {"agent", "verify"},
                                     {"relay"},
                                     {"--store", "mysql:x", "entity", "list"},
                                     {"--store", house.store, "events"},
                                     {"agent", "status", "/no/such/directory"},
                                     {"agent", "verify", "/no/such/directory"}}) {
    const Finished finished = run(arguments);
    CAPTURE(arguments);
    CHECK(finished.code == 2);
    CHECK(finished.err.find("logystera") == 0);
    CHECK(finished.out.empty());
  }
  CHECK(!std::filesystem::exists(house.database));
}

TEST_CASE("help_and_version_end_with_0_and_every_command_has_examples") {
  CHECK(run({"--version"}).out == "logystera " LOGYSTERA_VERSION "\n");
  CHECK(run({"--help"}).code == 0);
  for (const char* command : {"serve", "entity", "events", "agent", "relay"}) {
    const Finished help = run({command, "--help"});
    CAPTURE(command);
    CHECK(help.code == 0);
    CHECK(help.out.find(std::string("Examples:\n  logystera ") + command) != std::string::npos);
  }
}

TEST_CASE("a_question_that_would_run_for_ever_is_ended_with_words_and_the_server_goes_on") {
  House house;
  const Site site = Site::added(house.store);
  // Of what is dismissed there is no end, and nothing of it is ever a row: whoever asks for it waits until he is stopped.
  sqlite3* other = nullptr;
  REQUIRE(::sqlite3_open(house.database.c_str(), &other) == SQLITE_OK);
  REQUIRE(
      ::sqlite3_exec(other,
                     "DROP TABLE dismissals; CREATE VIEW dismissals AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
                     "i + 1 FROM n) SELECT 'R' AS rule, '' AS source, '' AS reason, i AS at FROM n WHERE i < 0",
                     nullptr, nullptr, nullptr) == SQLITE_OK);
  ::sqlite3_close(other);
  Running gateway(house.serve());
  const std::string url = url_of(gateway);
  const std::string page = page_of(url, "/dismissals");
  CHECK(page.starts_with("HTTP/1.1 503 "));
  CHECK(page.find("Retry-After: ") != std::string::npos);
  CHECK(page.find("This took too long") != std::string::npos);
  CHECK(page.find("Narrow the filter") != std::string::npos);
  const std::string answer = page_of(url, "/api/v1/dismissals");
  CHECK(answer.starts_with("HTTP/1.1 503 "));
  CHECK(answer.find("application/problem+json") != std::string::npos);
  CHECK(answer.find("\"code\":\"too_slow\"") != std::string::npos);
  CHECK(answer.find("narrow the filter") != std::string::npos);
  CHECK(gateway.err().find("it took too long; narrow the filter") != std::string::npos);
  // Neither pages nor senders are held up by it.
  for (const char* path : {"/events", "/sites", "/api/v1/stats"}) CHECK(page_of(url, path).starts_with("HTTP/1.1 200 "));
  CHECK(site.send(url, event_lines(0, 3)).status == 202);
}

TEST_CASE("a_self_test_sends_a_signal_waits_for_its_alert_and_leaves_none") {
  House house;
  Running gateway(house.serve());
  const std::string url = url_of(gateway);
  const Arguments test{"--store", house.store, "self-test", "--url", url};
  for (int time = 0; time < 3; ++time) {  // one after the other, as a timer does
    const Finished tested = run(test);
    INFO(tested.out << tested.err);
    CHECK(tested.code == 0);
    CHECK(tested.out.find("A site's signal becomes an alert") != std::string::npos);
    for (const char* step :
         {"server    ok", "site      ok", "send      ok", "finding   ok", "alert     ok", "clean up  ok"})
      CHECK(tested.out.find(step) != std::string::npos);
  }
  // Nothing is left of it but a disabled site, its events, and findings nobody sees.
  const auto store = std::move(logystera::store::open(house.store)).value();
  CHECK(store->alerts().page({}, {})->rows.empty());
  CHECK(store->alerts().switches({})->empty());
  const auto sites = store->entities().list().value();
  REQUIRE(sites.size() == 1);
  CHECK(sites[0].disabled);
  CHECK(sites[0].accepted == 3);
  logystera::store::FindingFilter shown;
  shown.dismissed = false;
  CHECK(store->findings().page(shown, {})->rows.empty());
  CHECK(page_of(url, "/").find("0 of 0") != std::string::npos);
  const Finished json = run({"--store", house.store, "self-test", "--url", url, "--json"});
  CHECK(json.code == 0);
  CHECK(json.out.starts_with(R"({"ok":true,"steps":[{"step":"server","ok":true)"));
  // While one runs another does not begin.
  REQUIRE(store->settings().put("self_test.until", std::to_string(std::time(nullptr) + 60)).ok());
  const Finished second = run(test);
  CHECK(second.code == 2);
  CHECK(second.err.find("step 'site': another self-test is running") != std::string::npos);
}

TEST_CASE("a_self_test_says_which_step_failed_and_cleans_up_all_the_same") {
  House house;
  const auto leaves_nothing = [&] {
    const auto store = std::move(logystera::store::open(house.store)).value();
    CHECK(store->alerts().page({}, {})->rows.empty());
    for (const auto& site : store->entities().list().value()) CHECK(site.disabled);
  };
  {
    Running gateway(house.serve({"--no-detect"}));
    const Finished tested = run({"--store", house.store, "self-test", "--url", url_of(gateway), "--timeout", "10"});
    CHECK(tested.code == 2);
    CHECK(tested.err.find("step 'finding': none within 10 s: detection may be off") != std::string::npos);
    CHECK(tested.out.find("clean up  ok") != std::string::npos);
    leaves_nothing();
  }
  {
    Running gateway(house.serve());
    const std::string url = url_of(gateway);
    const auto store = std::move(logystera::store::open(house.store)).value();
    REQUIRE(store->alerts()
                .put_switch({.rule = "SIGNAL_RECORDING_CHANGED",
                             .state = logystera::alert::Switch::muted,
                             .reason = "noise",
                             .by = "anna"})
                .ok());
    const Finished tested = run({"--store", house.store, "self-test", "--url", url, "--timeout", "15"});
    CHECK(tested.code == 2);
    CHECK(tested.err.find("step 'alert': none within 15 s: SIGNAL_RECORDING_CHANGED may be muted") != std::string::npos);
    leaves_nothing();
    // Of a store the server does not know.
    House other;
    REQUIRE(run({"--store", other.store, "entity", "add", "x"}).code == 0);
    const Finished foreign = run({"--store", other.store, "self-test", "--url", url});
    CHECK(foreign.code == 2);
    CHECK(foreign.err.find("step 'send': it answers 401") != std::string::npos);
  }
  const Finished gone = run({"--store", house.store, "self-test", "--url", "http://ann:secret@127.0.0.1:1"});
  CHECK(gone.code == 2);
  CHECK(gone.err.find("step 'server'") != std::string::npos);
  CHECK(gone.err.find("secret") == std::string::npos);
}

TEST_CASE("a_site_is_said_to_have_a_zone_and_administrative_roles") {
  House house;
  const Site site = Site::added(house.store);
  const auto set = [&](Arguments more) {
    Arguments arguments{"--store", house.store, "entity", "set", site.token};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  const auto listed = [&](const std::string& part) {
    return run({"--store", house.store, "entity", "list", "--json"}).out.find(part) != std::string::npos;
  };
  CHECK(listed(R"("zone":"","admin_roles":[])"));
  const Finished both = set({"--zone", "Europe/Berlin", "--admin-role", "administrator", "--admin-role", "site_owner"});
  CHECK(both.code == 0);
  CHECK(both.out == site.token + ": times in Europe/Berlin; administrative: administrator, site_owner\n");
  CHECK(listed(R"("zone":"Europe/Berlin","admin_roles":["administrator","site_owner"])"));
  Running gateway(house.serve());
  const std::string page = page_of(url_of(gateway), "/sites/" + site.token);
  CHECK(page.find("Europe/Berlin") != std::string::npos);
  CHECK(page.find("administrator, site_owner") != std::string::npos);
  // One at a time; empty is as for all.
  CHECK(set({"--zone", ""}).code == 0);
  CHECK(listed(R"("zone":"","admin_roles":["administrator","site_owner"])"));
  CHECK(set({"--admin-role", ""}).code == 0);
  CHECK(listed(R"("zone":"","admin_roles":[])"));
  for (const Arguments& wrong : {Arguments{}, Arguments{"--zone", "Mars/Olympus"}, Arguments{"--admin-role", "a b"}}) {
    const Finished refused = set(wrong);
    CHECK(refused.code == 2);
    CHECK(refused.err.find("entity set") != std::string::npos);
  }
  CHECK(run({"--store", house.store, "entity", "set", "ent_x", "--zone", "UTC"}).err.find("there is no such site") !=
        std::string::npos);
  const auto store = std::move(logystera::store::open(house.store)).value();
  CHECK(store->audit().list({})->front().action == "site.settings");
}

TEST_CASE("a_gateway_says_of_itself_that_rules_were_refused_and_that_nothing_could_be_stored") {
  House house;
  const std::string rules = house.scratch.file("rules.yml");
  const auto write = [&](const std::string& text) { std::ofstream(rules) << text; };
  write(
      "id: OWN\ntitle: T\nlevel: low\napplies_to: {kind: signal, event_type: [cron.run]}\ndetection:\n  match:\n"
      "    - {field: success, op: equals, value: true}\n");
  const Site site = Site::added(house.store);
  Running gateway(house.serve({"--rules-dir", rules}));
  const std::string url = url_of(gateway);
  const auto store = std::move(logystera::store::open(house.store)).value();
  const auto alert = [&](const std::string& rule) -> std::optional<logystera::alert::Alert> {
    for (const auto& one : store->alerts().page({}, {}).value().rows)
      if (one.rule == rule) return one;
    return std::nullopt;
  };
  write("id: OWN\ntitle: [\n");
  gateway.kill(SIGHUP);
  REQUIRE(eventually([&] { return alert("GATEWAY_RULES_REFUSED").has_value(); }));
  // Somebody holds the database for longer than a batch may wait.
  sqlite3* held = nullptr;
  REQUIRE(sqlite3_open(house.database.c_str(), &held) == SQLITE_OK);
  ::sqlite3_busy_timeout(held, 60'000);
  REQUIRE(sqlite3_exec(held, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(site.send(url, event_lines(0, 1)).status == 503);
  REQUIRE(sqlite3_exec(held, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(held);
  REQUIRE(eventually([&] { return alert("GATEWAY_STORE_FAILS").has_value(); }));
  CHECK(alert("GATEWAY_STORE_FAILS")->hits == 1);
  CHECK(alert("GATEWAY_STORE_FAILS")->site.empty());
  CHECK(page_of(url, "/alerts").find("Batches could not be stored") != std::string::npos);
  const Finished shown = run({"--store", house.store, "alerts", "list"});
  CHECK(shown.out.find("Batches could not be stored") != std::string::npos);
}
