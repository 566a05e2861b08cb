#include "net/streams.hpp"

#include <atomic>
#include <map>

#include "catch.hpp"
#include "eventually.hpp"
#include "net/scripted_server.hpp"

using namespace logystera;
using namespace logystera::net;
using namespace logystera::testing;

namespace {

Server at(const ScriptedServer& server) { return Server::at(server.url(), {.idle = std::chrono::seconds(0)}).value(); }

}  // namespace

TEST_CASE("many answers come at the same time, each whole", "[net]") {
  ScriptedServer server([](const std::string& request, const ScriptedServer::Write& write) {
    const std::string mark = request.substr(5, request.find(' ', 5) - 5);
    write("HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 1000; ++i) write(mark + " " + std::to_string(i) + "\n");
  });
  Streams streams(at(server));
  std::map<std::uint64_t, std::string> got, wanted;
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t stream = streams.open({.path = "/" + std::to_string(i)});
    REQUIRE(stream != 0);
    for (int k = 0; k < 1000; ++k) wanted[stream] += std::to_string(i) + " " + std::to_string(k) + "\n";
  }
  REQUIRE(eventually([&] {
    std::vector<std::uint64_t> over;
    for (const Streams::Ready& ready : streams.wait(std::chrono::milliseconds(50))) {
      got[ready.stream] += *ready.bytes;
      ready.bytes->clear();
      if (!ready.ended) continue;
      CHECK(ready.ended->ok());
      over.push_back(ready.stream);
    }
    for (const std::uint64_t stream : over) streams.close(stream);
    return streams.size() == 0;
  }));
  CHECK(got == wanted);
}

TEST_CASE("what nobody takes holds the server back, and all of it comes later", "[net]") {
  constexpr std::size_t kBlock = 65536, kBlocks = 512;  // 32 MiB: more than any socket buffers
  std::atomic<std::size_t> sent{0};
  ScriptedServer server([&sent](const std::string&, const ScriptedServer::Write& write) {
    write("HTTP/1.1 200 OK\r\n\r\n");
    for (std::size_t i = 0; i < kBlocks && write(std::string(kBlock, 'x')); ++i) ++sent;
  });
  Streams streams(at(server));
  const std::uint64_t stream = streams.open({});
  std::size_t most = 0;
  for (std::size_t before = SIZE_MAX; before != sent || sent == 0;) {  // until nothing moves any more
    before = sent;
    for (int i = 0; i < 20; ++i) {
      for (const Streams::Ready& ready : streams.wait(std::chrono::milliseconds(5)))
        most = std::max(most, ready.bytes->size());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  CHECK(sent < kBlocks);
  CHECK(most >= Streams::kBufferBytes);
  CHECK(most <= Streams::kBufferBytes + 64 * 1024);
  std::size_t got = 0;
  bool over = false;
  REQUIRE(eventually([&] {
    for (const Streams::Ready& ready : streams.wait(std::chrono::milliseconds(50))) {
      got += ready.bytes->size();
      ready.bytes->clear();
      over |= ready.ended != nullptr;
    }
    return over;
  }));
  streams.close(stream);
  CHECK(got == kBlock * kBlocks);
}

TEST_CASE("a stream that is refused says why, and others go on", "[net]") {
  ScriptedServer server([](const std::string& request, const ScriptedServer::Write& write) {
    write(request.starts_with("GET /bad") ? http_answer(501, "cannot be read") : http_answer(200, "fine"));
  });
  Streams streams(at(server));
  const std::uint64_t bad = streams.open({.path = "/bad"}), good = streams.open({.path = "/good"});
  Fault of_bad = Fault::none, of_good = Fault::stopped;
  std::string text;
  REQUIRE(eventually([&] {
    for (const Streams::Ready& ready : streams.wait(std::chrono::milliseconds(50))) {
      text += *ready.bytes;
      ready.bytes->clear();
      if (ready.ended) (ready.stream == bad ? of_bad : of_good) = ready.ended->fault;
    }
    return of_bad != Fault::none && of_good != Fault::stopped;
  }));
  CHECK(of_bad == Fault::configuration);
  CHECK(of_good == Fault::none);
  CHECK(text == "fine");
  streams.close(good);
  CHECK(streams.size() == 1);
}
