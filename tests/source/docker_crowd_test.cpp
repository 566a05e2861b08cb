// More containers than are followed at once: of a model of Docker's daemon, which has as many as a test says.
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "catch.hpp"
#include "core/clock.hpp"
#include "eventually.hpp"
#include "net/scripted_server.hpp"
#include "source/docker.hpp"

using namespace logystera;
using namespace logystera::source;
using logystera::testing::http_answer;
using logystera::testing::ScriptedServer;

namespace {

using namespace std::chrono_literals;

constexpr int kThere = 300;

std::string id_of(int number) {
  const std::string digits = std::to_string(number);
  return "c" + std::string(11 - digits.size(), '0') + digits;
}

/// What this version of the Engine API answers to what is asked of it, as far as it is asked: containers that run and write nothing
/// more, whose logs stay open until they are removed.
class Daemon {
 public:
  void add(int number) {
    const std::lock_guard lock(mutex_);
    running_.insert(id_of(number));
  }
  void remove(int number) {
    const std::lock_guard lock(mutex_);
    running_.erase(id_of(number));
    stirred_ = true;
  }
  std::string url() const { return server_.url(); }
  std::size_t open_most() const { return open_most_; }
  /// since= of each log that was asked for, by id.
  std::map<std::string, std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  bool runs(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    return running_.contains(id);
  }
  std::string list() const {
    const std::lock_guard lock(mutex_);
    std::string json;
    for (const std::string& id : running_)
      json += std::string(json.empty() ? "[" : ",") + R"({"Id":")" + id + R"(","Names":["/)" + id +
              R"("],"Image":"box","State":"running","Created":1})";
    return json.empty() ? "[]" : json + "]";
  }
  void stay(const std::string& id, const ScriptedServer::Write& write) {
    const std::size_t now = ++open_;
    for (std::size_t most = open_most_; most < now && !open_most_.compare_exchange_weak(most, now);) {
    }
    while (runs(id) && write("")) std::this_thread::sleep_for(5ms);
    --open_;
  }
  void serve(const std::string& request, const ScriptedServer::Write& write) {
    const std::string path = request.substr(4, request.find(' ', 4) - 4);
    const std::size_t container = path.find("/containers/") + 12, end = path.find('/', container);
    if (path == "/_ping") {
      write(http_answer(200, "OK", "Api-Version: 1.43\r\n"));
    } else if (path.find("/containers/json") != path.npos) {
      write(http_answer(200, list()));
    } else if (path.find("/events") != path.npos) {
      write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
      while (write(""))
        if (std::this_thread::sleep_for(5ms); stirred_.exchange(false)) write("{\"Type\":\"container\"}\n");
    } else if (path.ends_with("/json")) {
      write(http_answer(200, R"({"Config":{"Tty":false}})"));
    } else {
      const std::string id = path.substr(container, end - container);
      {
        const std::lock_guard lock(mutex_);
        asked_[id] = path.substr(path.rfind('=') + 1);
      }
      write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
      stay(id, write);
    }
  }

  mutable std::mutex mutex_;
  std::set<std::string> running_;
  std::map<std::string, std::string> asked_;
  std::atomic<bool> stirred_{false};
  std::atomic<std::size_t> open_{0}, open_most_{0};
  ScriptedServer server_{[this](const std::string& request, const ScriptedServer::Write& write) { serve(request, write); }};
};

}  // namespace

TEST_CASE("of 300 containers 256 are followed, the others are said and take the places of those that go", "[docker]") {
  Daemon daemon;
  for (int number = 0; number < kThere; ++number) daemon.add(number);
  auto formats = parse::Formats::built_in();
  REQUIRE(formats.ok());
  FieldNames names;
  DockerOptions options;
  options.key = "0123456789abcdef0123456789abcdef";
  options.follow = true;
  auto server = docker_server(daemon.url(), "");
  REQUIRE(server.ok());
  const std::int64_t begun = wall_ns();
  auto opened = open_docker(server.value(), formats.value(), names, std::move(options));
  REQUIRE(opened.ok());
  RecordSource& source = *opened.value();
  RecordBatch batch;
  std::vector<std::string> said;
  const auto look = [&] {
    REQUIRE(source.next(batch, 10ms).ok());
    for (std::string& notice : source.notices()) said.push_back(std::move(notice));
  };
  REQUIRE(testing::eventually([&] { return look(), daemon.asked().size() == kContainers; }));
  REQUIRE(testing::eventually([&] { return look(), daemon.open_most() == kContainers; }));
  for (int i = 0; i < 10; ++i) look();
  CHECK(daemon.asked().size() == kContainers);
  CHECK(daemon.open_most() == kContainers);
  REQUIRE(said.size() == 1);
  CHECK(said[0] ==
        "256 containers are followed at most: " + id_of(256) + " and others after it are not; choose by names or labels");

  daemon.remove(7);
  REQUIRE(testing::eventually([&] { return look(), daemon.asked().contains(id_of(256)); }));
  CHECK(daemon.asked().size() == kContainers + 1);
  CHECK(daemon.open_most() == kContainers);
  CHECK(said.size() == 1);
  // It ran before: it is read from when following began, not from its first line.
  const std::string since = daemon.asked().at(id_of(256));
  CHECK(std::stod(since) >= static_cast<double>(begun / kSecondNs));
}
