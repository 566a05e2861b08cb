// The site's side of the program: look at a buffer, check it, send it.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <rapidjson/document.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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
  void commit(unsigned first, unsigned count, agent::BufferOptions options = {}) const {
    auto buffer = agent::Buffer::open(directory, options);
    REQUIRE(buffer.ok());
    REQUIRE(buffer->commit(event_lines(first, count), count).committed == count);
  }
  std::size_t stored() const {
    const Finished events = run({"--store", store, "events", "--json"});
    return static_cast<std::size_t>(std::count(events.out.begin(), events.out.end(), '\n'));
  }
};

/// Name, size, time of change and content of everything in a directory.
std::string listing(const std::string& directory) {
  std::vector<std::string> entries;
  const auto add = [&](const std::filesystem::path& path) {
    struct stat info {};
    REQUIRE(::lstat(path.c_str(), &info) == 0);
    entries.push_back(fmt::format("{} {:o} {} {}.{:09} {}\n", path.string(), info.st_mode, info.st_ino, info.st_ctim.tv_sec,
                                  info.st_ctim.tv_nsec, S_ISREG(info.st_mode) ? read_whole(path.string()) : ""));
  };
  add(directory);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) add(entry.path());
  std::sort(entries.begin(), entries.end());
  std::string text;
  for (const std::string& entry : entries) text += entry;
  return text;
}

/// What a proxy hears: takes one connection, keeps what is asked, and refuses it.
class RefusingProxy {
 public:
  RefusingProxy() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 4) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~RefusingProxy() {
    ::shutdown(fd_, SHUT_RDWR);  // ends accept
    thread_.join();
    ::close(fd_);
  }
  std::string url(const std::string& user) const { return fmt::format("http://{}127.0.0.1:{}", user, port_); }
  /// The header of the last request; ends the proxy.
  const std::string& heard() {
    ::shutdown(fd_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([] {});
    return heard_;
  }

 private:
  void serve() {
    for (int client; (client = ::accept(fd_, nullptr, nullptr)) >= 0; ::close(client)) {
      heard_.clear();
      char bytes[4096];
      for (ssize_t got; heard_.find("\r\n\r\n") == std::string::npos && (got = ::read(client, bytes, sizeof bytes)) > 0;) {
        heard_.append(bytes, static_cast<std::size_t>(got));
      }
      constexpr std::string_view kAnswer =
          "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      if (::send(client, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) return;
    }
  }

  int fd_, port_ = 0;
  std::string heard_;
  std::thread thread_;
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

TEST_CASE("a_service_takes_its_credentials_where_systemd_puts_them_with_the_mode_it_gives_them") {
  Street street;
  street.commit(0, 5);
  const std::string folder = street.scratch.file("credentials");
  REQUIRE(std::filesystem::create_directory(folder));
  const std::string given = folder + "/site", elsewhere = street.scratch.file("elsewhere");
  std::filesystem::copy_file(street.credentials, given);
  std::filesystem::copy_file(street.credentials, elsewhere);
  std::filesystem::create_symlink(elsewhere, folder + "/link");
  REQUIRE(::chmod(given.c_str(), 0440) == 0);
  REQUIRE(::chmod(elsewhere.c_str(), 0440) == 0);
  Running::Setting service;
  service.environment = {{"CREDENTIALS_DIRECTORY", folder}};
  const auto flush = [&](const std::string& file, const Running::Setting& setting) {
    return run({"agent", "flush", street.directory, "--credentials", file}, setting);
  };
  CHECK(flush(given, {}).code == 2);  // not a service: 0440 lets a group read
  CHECK(flush(elsewhere, service).code == 2);
  CHECK(flush(folder + "/link", service).code == 2);
  for (const mode_t open : {0460, 0444, 0441}) {
    REQUIRE(::chmod(given.c_str(), open) == 0);
    const Finished refused = flush(given, service);
    CHECK(refused.code == 2);
    CHECK(refused.err.find("lets others read the secret") != std::string::npos);
  }
  CHECK(street.stored() == 0);
  REQUIRE(::chmod(given.c_str(), 0440) == 0);
  CHECK(flush(given, service).code == 0);
  CHECK(street.stored() == 5);
}

TEST_CASE("looking_at_a_buffer_changes_nothing_in_it_whoever_shares_it") {
  Scratch scratch;
  const std::string directory = scratch.file("buffer");
  agent::BufferOptions options;
  options.share_group = GENERATE(false, true);
  {
    auto buffer = agent::Buffer::open(directory, options);
    REQUIRE(buffer.ok());
    REQUIRE(buffer->commit(event_lines(0, 3), 3).committed == 3);
    agent::DropCounts drops{};
    drops[static_cast<std::size_t>(agent::Drop::full)] = {7, 100, 200};
    REQUIRE(buffer->count_drops(drops).ok());
  }
  std::string counted = R"("counted":true,"drops":{"full":7})";
  SECTION("as it is") {}
  SECTION("without its lock file") { std::filesystem::remove(directory + "/buffer.lock"); }
  SECTION("with a torn lock file") { std::ofstream(directory + "/buffer.lock") << "torn"; }
  SECTION("without its counters") {
    std::filesystem::remove(directory + "/buffer.lock");
    std::filesystem::remove(directory + "/buffer.drops");
    counted = R"("counted":false,"drops":{})";
  }
  const std::string before = listing(directory);
  const Finished status = run({"agent", "status", directory, "--json"});
  CHECK(status.code == 0);
  CHECK(status.err.empty());
  CHECK(status.out.find(fmt::format(R"("pending_bytes":{},)", event_lines(0, 3).size())) != std::string::npos);
  CHECK(status.out.find(counted) != std::string::npos);
  CHECK(run({"agent", "status", directory}).code == 0);
  const Finished verify = run({"agent", "verify", directory});
  CHECK(verify.code == 0);
  CHECK(verify.err.empty());
  CHECK(listing(directory) == before);
}

TEST_CASE("a_directory_that_is_no_buffer_is_named_and_not_made") {
  Scratch scratch;
  std::string directory = scratch.file("buffer"), why = "No such file";
  SECTION("missing") {}
  SECTION("a file") {
    std::ofstream(directory) << "x";
    why = "is not a directory";
  }
  SECTION("a link") {
    std::filesystem::create_symlink("/tmp", directory);
    why = "is a symbolic link";
  }
  SECTION("open to everybody") {
    REQUIRE(::mkdir(directory.c_str(), 0700) == 0);
    REQUIRE(::chmod(directory.c_str(), 0777) == 0);
    why = "chmod o-w";
  }
  const bool there = std::filesystem::exists(std::filesystem::symlink_status(directory));
  const Finished status = run({"agent", "status", directory});
  CHECK(status.code == 2);
  CHECK(status.err.find("buffer directory " + directory + ": ") != std::string::npos);
  CHECK(status.err.find(why) != std::string::npos);
  CHECK(std::filesystem::exists(std::filesystem::symlink_status(directory)) == there);
}

TEST_CASE("status_tells_of_the_last_ten_requests_and_of_what_went_wrong") {
  Street street;
  street.commit(0, 110);
  CHECK(run({"agent", "status", street.directory}).out.find("REQUEST") == std::string::npos);
  REQUIRE(run({"agent", "flush", street.directory, "--credentials", street.credentials, "--batch-size", "10"}).code == 0);
  street.gateway.kill(SIGKILL);
  street.gateway.wait();
  street.commit(110, 4);
  REQUIRE(run({"agent", "flush", street.directory, "--credentials", street.credentials}).code == 2);

  const Finished json = run({"agent", "status", street.directory, "--json"});
  rapidjson::Document document;
  document.Parse(json.out.c_str());
  REQUIRE(!document.HasParseError());
  const auto& history = document["history"];
  REQUIRE(history.Size() == 10);  // of twelve
  const auto& last = history[0];
  CHECK(last["events"].GetUint() == 4);
  CHECK(last["http_status"].GetInt() == 0);
  CHECK(!last["acknowledged"].GetBool());
  CHECK(std::string(last["error"].GetString()).find("connect") != std::string::npos);
  for (rapidjson::SizeType i = 1; i < history.Size(); ++i) {
    CHECK(history[i]["events"].GetUint() == 10);
    CHECK(history[i]["http_status"].GetInt() == 202);
    CHECK(history[i]["acknowledged"].GetBool());
    CHECK(history[i]["bytes"].GetUint64() > 100);
    CHECK(std::string(history[i]["batch"].GetString()).size() == 32);
    CHECK(std::string(history[i]["error"].GetString()).empty());
    CHECK(history[i]["at"].GetInt64() <= history[i - 1]["at"].GetInt64());
  }
  const Finished status = run({"agent", "status", street.directory});
  const std::size_t at = status.out.find("\nREQUEST ");
  REQUIRE(at != std::string::npos);
  const std::string table = status.out.substr(at + 1);
  CHECK(std::count(table.begin(), table.end(), '\n') == 11);
  CHECK(table.find(" 4 ") < table.find(" 10 "));
  CHECK(table.find(" 202 ") != std::string::npos);
  CHECK(table.find(" none ") != std::string::npos);
  CHECK(table.find(" ms") != std::string::npos);
  CHECK(table.find("connect") != std::string::npos);
}

TEST_CASE("a_proxys_password_comes_from_the_file_or_the_environment_and_never_from_an_argument") {
  constexpr const char* kAuthorization = "Proxy-Authorization: Basic dXNlcjpwYS13b3Jk";  // user:pa-word
  Street street;
  street.commit(0, 5);
  RefusingProxy proxy;
  Running::Setting setting;
  Arguments flush{"agent", "flush", street.directory, "--credentials", street.credentials};
  SECTION("file") {
    std::ofstream(street.credentials, std::ios::app) << "LOGYSTERA_PROXY=" << proxy.url("user:pa-word@") << "\n";
    SECTION("alone") {}
    SECTION("before the environment") { setting.environment = {{"LOGYSTERA_PROXY", "http://127.0.0.1:1"}}; }
  }
  SECTION("environment") { setting.environment = {{"LOGYSTERA_PROXY", proxy.url("user:pa-word@")}}; }
  SECTION("environment, with everything else") {
    setting.environment = {{"LOGYSTERA_GATEWAY_URL", street.url},
                           {"LOGYSTERA_ENTITY_TOKEN", street.site.token},
                           {"LOGYSTERA_ENTITY_SECRET", street.site.secret},
                           {"LOGYSTERA_PROXY", proxy.url("user:pa-word@")}};
    flush.resize(3);
  }
  const Finished refused = run(flush, setting);
  CHECK(refused.code == 2);
  CHECK(refused.err.find("proxy") != std::string::npos);
  CHECK(refused.err.find("pa-word") == std::string::npos);
  CHECK(proxy.heard().find(kAuthorization) != std::string::npos);
  CHECK(street.stored() == 0);
}

TEST_CASE("an_argument_with_a_proxys_password_is_refused_and_not_repeated") {
  Street street;
  const std::string argument =
      GENERATE("http://user:pa-word@127.0.0.1:1", "user:pa-word@127.0.0.1:1", "socks5h://:pa-word@h@127.0.0.1:1");
  for (const Arguments& command : {Arguments{"agent", "flush"}, Arguments{"relay"}}) {
    Arguments arguments = command;
    for (const std::string& more :
         {street.directory, std::string("--credentials"), street.credentials, std::string("--proxy"), argument}) {
      arguments.push_back(more);
    }
    const Finished refused = run(arguments);
    CHECK(refused.code == 2);
    CHECK(refused.err.find("LOGYSTERA_PROXY") != std::string::npos);
    CHECK(refused.err.find("pa-word") == std::string::npos);
  }
}

TEST_CASE("a_proxy_without_a_password_may_be_an_argument_and_goes_before_the_one_in_the_file") {
  Street street;
  street.commit(0, 5);
  RefusingProxy proxy;
  std::ofstream(street.credentials, std::ios::app) << "LOGYSTERA_PROXY=http://127.0.0.1:1\n";
  const Finished refused = run({"agent", "flush", street.directory, "--credentials", street.credentials, "--proxy",
                                proxy.url(GENERATE("", "user@"))});
  CHECK(refused.code == 2);
  CHECK(proxy.heard().find("POST http://127.0.0.1:") == 0);
}

TEST_CASE("a_proxy_that_is_none_is_named_by_its_file") {
  Street street;
  street.commit(0, 1);
  std::ofstream(street.credentials, std::ios::app) << "LOGYSTERA_PROXY=ftp://user:pa-word@127.0.0.1:1\n";
  const Finished flush = run({"agent", "flush", street.directory, "--credentials", street.credentials});
  CHECK(flush.code == 2);
  CHECK(flush.err.find("site.credentials: LOGYSTERA_PROXY: ") != std::string::npos);
  CHECK(flush.err.find("pa-word") == std::string::npos);
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

TEST_CASE("agent_and_relay_take_their_section_of_a_configuration_that_is_named") {
  Street street;
  street.commit(0, 25);
  const std::string config = street.scratch.file("config.yaml");
  const auto write = [&config](const std::string& text) { std::ofstream(config, std::ios::trunc) << text; };
  const auto refusal = [&](const std::string& text, const Arguments& arguments) {
    write(text);
    Arguments all = arguments;
    all.insert(all.end(), {"--config", config});
    const Finished finished = run(all);
    CHECK(finished.code == 2);
    return finished.err;
  };
  const auto has = [](const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; };

  write("agent:\n  buffer: " + street.directory + "\n  credentials: " + street.credentials +
        "\n  batch_size: 10\n  colour: red\nrelay:\n  buffer: [/nowhere]\n");
  CHECK(has(run({"agent", "status", "--config", config}).out, "to be sent"));
  const Finished flush = run({"agent", "flush", "--json", "--config", config});
  CHECK(flush.code == 0);
  CHECK(has(flush.out, R"("sent":25,"batches":3)"));  // of ten
  CHECK(has(flush.err, config + ":5:3: unknown key 'agent.colour', ignored"));
  street.commit(25, 25);
  // What is said on the command line wins; the environment may name the file.
  Running::Setting named;
  named.environment["LOGYSTERA_CONFIG"] = config;
  CHECK(has(run({"agent", "flush", "--json", "--batch-size", "20"}, named).out, R"("sent":25,"batches":2)"));

  write("relay:\n  buffer:\n    - " + street.directory + "\n  credentials: [" + street.credentials + "]\n");
  Running relay({"relay", "--config", config});
  relay.said("relaying ");
  street.commit(50, 2);
  CHECK(eventually([&] { return street.stored() == 52; }));
  relay.kill(SIGTERM);
  CHECK(relay.wait() == 0);

  CHECK(has(run({"agent", "status"}).err, "BUFFERDIR is required"));
  CHECK(has(run({"relay"}).err, "BUFFERDIR is required"));
  CHECK(has(refusal("agent: {buffer: [a, b]}\n", {"agent", "status"}), "names several directories"));
  CHECK(has(refusal("agent: {batch_size: 9}\n", {"agent", "flush", "x"}),
            config + ":1:21: agent.batch_size must be a whole number from 10 to 500"));
  CHECK(has(refusal("relay: {buffer: 3}\n", {"relay"}), "relay.buffer must be a text or a list of texts"));
  CHECK(has(refusal("relay: {share_group: 1}\n", {"relay", "x"}), "relay.share_group must be true or false"));
  CHECK(has(refusal("relay: x\n", {"relay", "x"}), "relay needs keys of its own"));
  const std::string secret = refusal("relay: {proxy: 'http://me:geheim@proxy:3128'}\n", {"relay", "x"});
  CHECK(has(secret, "relay.proxy must not contain a password"));
  CHECK_FALSE(has(secret, "geheim"));
  CHECK(has(run({"relay", "x", "--config", street.scratch.file("missing.yaml")}).err, "missing.yaml"));
}
