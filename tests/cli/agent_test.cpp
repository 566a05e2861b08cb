// The site's side of the program: look at a buffer, check it, send it.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "agent/buffer.hpp"
#include "catch.hpp"
#include "cli/site.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

/// A gateway, a site registered with it, its buffer directory and its credentials file.
struct Street {
  Scratch scratch;
  std::string store = "sqlite:" + scratch.file("a.db");
  Site site = Site::added(store);
  Running gateway{{"--store", store, "serve", "--port", "0"}};
  std::string url = "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:");
  std::string directory = scratch.file("buffer");
  std::string credentials = scratch.file("site.credentials");

  Street() {
    std::ofstream(credentials) << "# the shop\nLOGYSTERA_GATEWAY_URL=" << url << "\nLOGYSTERA_ENTITY_TOKEN = \""
                               << site.token << "\"\nLOGYSTERA_ENTITY_SECRET='" << site.secret << "'\n";
    ::chmod(credentials.c_str(), 0600);
  }
  void commit(unsigned first, unsigned count) const {
    auto buffer = agent::Buffer::open(directory);
    REQUIRE(buffer.ok());
    REQUIRE(buffer->commit(event_lines(first, count), count).committed == count);
  }
  std::size_t stored() const {
    const Finished events = run({"--store", store, "events", "--json"});
    return static_cast<std::size_t>(std::count(events.out.begin(), events.out.end(), '\n'));
  }
};

}  // namespace

TEST_CASE("flush_sends_the_whole_buffer_and_status_tells_of_it") {
  Street street;
  street.commit(0, 250);
  const Finished before = run({"agent", "status", street.directory});
  CHECK(before.code == 0);
  CHECK(before.out.find("to be sent") != std::string::npos);
  const Finished flush = run({"agent", "flush", street.directory, "--credentials", street.credentials, "--json"});
  REQUIRE(flush.code == 0);
  CHECK(flush.out.find(R"("status":"sent","sent":250,"batches":3)") != std::string::npos);
  CHECK(street.stored() == 250);
  const Finished idle = run({"agent", "flush", street.directory, "--credentials", street.credentials});
  CHECK(idle.code == 0);
  CHECK(idle.out.find("idle: 0 events") != std::string::npos);
  const Finished status = run({"--json", "agent", "status", street.directory});
  CHECK(status.out.find(R"("events_sent":250)") != std::string::npos);
  CHECK(status.out.find(R"("pending_bytes":0)") != std::string::npos);
}

TEST_CASE("credentials_come_from_the_environment_too_and_never_from_a_readable_file") {
  Street street;
  street.commit(0, 5);
  REQUIRE(::chmod(street.credentials.c_str(), 0640) == 0);
  const Finished refused = run({"agent", "flush", street.directory, "--credentials", street.credentials});
  CHECK(refused.code == 2);
  CHECK(refused.err.find("chmod 600") != std::string::npos);
  CHECK(run({"relay", street.directory, "--credentials", street.credentials}).code == 2);
  CHECK(run({"agent", "flush", street.directory}).err.find("LOGYSTERA_GATEWAY_URL is missing") != std::string::npos);
  Running::Setting setting;
  setting.environment = {{"LOGYSTERA_GATEWAY_URL", street.url},
                         {"LOGYSTERA_ENTITY_TOKEN", street.site.token},
                         {"LOGYSTERA_ENTITY_SECRET", street.site.secret}};
  CHECK(run({"agent", "flush", street.directory}, setting).code == 0);
  CHECK(street.stored() == 5);
}

TEST_CASE("a_mistake_in_a_credentials_file_is_named_by_line_and_never_repeated") {
  Street street;
  street.commit(0, 1);
  std::ofstream(street.credentials) << "LOGYSTERA_GATEWAY_URL=" << street.url << "\nENTITY_SECRET=" << street.site.secret
                                    << "\n";
  const Finished flush = run({"agent", "flush", street.directory, "--credentials", street.credentials});
  CHECK(flush.code == 2);
  CHECK(flush.err.find("site.credentials:2: ") != std::string::npos);
  CHECK(flush.err.find(street.site.secret) == std::string::npos);
}

TEST_CASE("a_gateway_that_is_away_makes_flush_fail_with_the_time_of_the_next_attempt") {
  Street street;
  street.commit(0, 5);
  street.gateway.kill(SIGKILL);
  street.gateway.wait();
  const Finished flush = run({"agent", "flush", street.directory, "--credentials", street.credentials});
  CHECK(flush.code == 2);
  CHECK(flush.err.find("next attempt") != std::string::npos);
  CHECK(run({"agent", "verify", street.directory}).out.find("5") != std::string::npos);
}

TEST_CASE("verify_counts_by_type_and_names_every_fault_by_file_and_line") {
  Street street;
  street.commit(0, 3);
  const Finished good = run({"agent", "verify", street.directory, "--json"});
  CHECK(good.code == 0);
  CHECK(good.out.find(R"("events":3,"dead_letters":0,"by_type":{"auth.login":3},"faults":0)") != std::string::npos);
  const std::string current = street.directory + "/buffer-current.jsonl";
  std::ofstream(current, std::ios::app) << "{garbage\n" << event_line(3) << event_line(4).substr(0, 50);
  const Finished bad = run({"agent", "verify", street.directory});
  CHECK(bad.code == 2);
  CHECK(bad.err.find(current + ":4: not_json\n") != std::string::npos);
  CHECK(bad.err.find(current + ":6: torn: no newline at the end\n") != std::string::npos);
  CHECK(bad.out.find("\n4       auth.login\n") != std::string::npos);
}

TEST_CASE("verify_names_a_file_that_is_none") {
  Scratch scratch;
  const std::string directory = scratch.file("buffer");
  REQUIRE(agent::Buffer::open(directory).ok());
  SECTION("a symbolic link") { std::filesystem::create_symlink("/etc/passwd", directory + "/buffer-current.jsonl"); }
  SECTION("a pipe") { REQUIRE(::mkfifo((directory + "/buffer-current.jsonl").c_str(), 0600) == 0); }
  SECTION("a second name") {
    std::ofstream(scratch.file("elsewhere")) << event_line(1);
    std::filesystem::create_hard_link(scratch.file("elsewhere"), directory + "/buffer-current.jsonl");
  }
  const Finished verify = run({"agent", "verify", directory});
  CHECK(verify.code == 2);
  CHECK(verify.err.find(directory + "/buffer-current.jsonl: ") != std::string::npos);
}

TEST_CASE("the_relay_ships_what_is_committed_while_it_runs_and_ends_cleanly") {
  Street street;
  street.commit(0, 3);
  Running relay({"relay", street.directory, "--credentials", street.credentials});
  REQUIRE(eventually([&] { return street.stored() == 3; }));
  street.commit(3, 2);
  REQUIRE(eventually([&] { return street.stored() == 5; }));
  street.commit(5, 1);
  REQUIRE(eventually([&] { return street.stored() == 6; }));
  relay.kill(SIGTERM);
  CHECK(relay.wait() == 0);
  CHECK(relay.err().empty());
  CHECK(run({"agent", "verify", street.directory}).code == 0);
}

TEST_CASE("one_relay_serves_several_sites_each_with_its_own_credentials") {
  Street street;
  const Site second = Site::added(street.store, "second");
  const std::string other = street.scratch.file("other"), other_credentials = street.scratch.file("other.credentials");
  std::ofstream(other_credentials) << "LOGYSTERA_GATEWAY_URL=" << street.url << "\nLOGYSTERA_ENTITY_TOKEN=" << second.token
                                   << "\nLOGYSTERA_ENTITY_SECRET=" << second.secret << "\n";
  ::chmod(other_credentials.c_str(), 0600);
  Running relay(
      {"relay", street.directory, other, "--credentials", street.credentials, "--credentials", other_credentials});
  relay.said("relaying ");
  street.commit(0, 2);
  auto buffer = agent::Buffer::open(other);
  REQUIRE(buffer.ok());
  REQUIRE(buffer->commit(event_lines(0, 3), 3).committed == 3);
  CHECK(eventually([&] { return street.stored() == 5; }));
  const Finished events = run({"--store", street.store, "events", "--json", "--entity", "second"});
  CHECK(std::count(events.out.begin(), events.out.end(), '\n') == 3);
}

TEST_CASE("a_relay_that_is_refused_says_so_and_never_says_the_secret") {
  Street street;
  street.commit(0, 3);
  std::string wrong = read_whole(street.credentials);
  wrong.replace(wrong.find(street.site.secret), street.site.secret.size(), "a-secret-that-was-rotated-away");
  std::ofstream(street.credentials) << wrong;
  Running relay({"relay", street.directory, "--credentials", street.credentials});
  CHECK(eventually([&] { return relay.err().find(street.directory + ": backoff: ") != std::string::npos; }));
  relay.kill(SIGTERM);
  CHECK(relay.wait() == 0);
  CHECK(relay.err().find("a-secret-that-was") == std::string::npos);
  CHECK(street.stored() == 0);
}
