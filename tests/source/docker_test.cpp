// What is asked of Docker's daemon and what becomes of its answers, without one; dev.d/test/docker-logs.sh has one.
#include "source/docker.hpp"

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <string>

#include "catch.hpp"
#include "source/docker_api.hpp"
#include "source/docker_container.hpp"

using namespace logystera;
using namespace logystera::source;

namespace {

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

std::string frame(int stream, const std::string& text, int second) {
  constexpr std::size_t kHeader = 8;
  const std::string body = "2026-11-29T01:02:" + std::to_string(10 + second) + ".000000000Z " + text;
  std::string out(kHeader, '\0');
  out[0] = static_cast<char>(stream);
  for (std::size_t i = 0; i < 4; ++i) out[4 + i] = static_cast<char>(body.size() >> (24 - 8 * i));
  return out + body;
}

parse::Formats formats() {
  auto loaded = parse::Formats::built_in();
  REQUIRE(loaded.ok());
  return std::move(loaded).value();
}

}  // namespace

TEST_CASE("where the daemon is", "[docker]") {
  CHECK(docker_server("", "")->options().socket == "/var/run/docker.sock");
  CHECK(docker_server("unix:///run/user/1000/docker.sock", "")->options().socket == "/run/user/1000/docker.sock");
  CHECK(docker_server("tcp://127.0.0.1:2375", "")->base() == "http://127.0.0.1:2375");
  CHECK(docker_server("http://127.0.0.1:2375", "")->base() == "http://127.0.0.1:2375");
  for (const char* wrong : {"ssh://root@web01", "npipe:////./pipe/docker_engine", "127.0.0.1:2375", "docker"}) {
    const auto server = docker_server(wrong, "");
    REQUIRE_FALSE(server.ok());
    CHECK(server.error().message.find("unix:///PATH or tcp://HOST:PORT") != std::string::npos);
  }
}

TEST_CASE("certificates for the daemon", "[docker]") {
  const auto dir = std::filesystem::temp_directory_path() / ("docker-certificates-" + std::to_string(::getpid()));
  std::filesystem::create_directory(dir);
  const auto missing = docker_server("tcp://web01:2376", dir.string());
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().message.find("ca.pem cannot be read") != std::string::npos);
  std::ofstream(dir / "ca.pem") << "x";
  const auto server = docker_server("tcp://web01:2376", dir.string());
  REQUIRE(server.ok());
  CHECK(server->base() == "https://web01:2376");
  CHECK(server->options().client_cert.empty());
  std::ofstream(dir / "cert.pem") << "x";
  const auto half = docker_server("tcp://web01:2376", dir.string());
  REQUIRE_FALSE(half.ok());
  CHECK(half.error().message.find("key.pem cannot be read") != std::string::npos);
  CHECK(docker_server("unix:///run/docker.sock", (dir / "none").string()).ok());
  std::filesystem::remove_all(dir);
}

TEST_CASE("what the daemon says is shown, printable and short", "[docker]") {
  net::Outcome outcome;
  outcome.error.message = "it answered 501";
  outcome.answer.body = R"({"message":"no \u001b[31mlog"})";
  CHECK(daemon_says(outcome).find('\x1b') == std::string::npos);
  CHECK(daemon_says(outcome).starts_with("no "));
  outcome.answer.body = "<html>";
  CHECK(daemon_says(outcome) == "it answered 501");
  outcome.answer.body = R"({"message":")" + std::string(5'000, 'a') + R"("})";
  CHECK(daemon_says(outcome).size() == 200);
  CHECK(container_of_event(R"({"Type":"container","Actor":{"ID":"0123abcd"}})") == "0123abcd");
  for (const char* none : {"", "{}", R"({"Actor":{"ID":"../../v1"}})", R"({"Actor":[]})", "[[[[["})
    CHECK(container_of_event(none).empty());
}

TEST_CASE("a container goes on where it was, with the number its next line has", "[docker]") {
  const parse::Formats known = formats();
  FieldNames names;
  const DockerReading reading(known, names, {});
  const Listed listed{.id = "0123abcd", .name = "web", .image = "box", .created = 0, .synonyms = {"web"}, .runs = true};
  std::string position;
  RecordBatch batch;
  {
    DockerContainer first(listed, reading, kKey, false);
    first.begin_answer(false);
    std::string bytes = frame(1, "one\n", 0) + frame(2, "two\n", 1) + frame(1, "begun", 2);
    REQUIRE(first.take(bytes).ok());
    REQUIRE(first.hand_out(batch, true));
    REQUIRE(batch.size() == 2);
    CHECK(batch.records[1].line == 2);
    CHECK(batch.records[1].source == "web");
    CHECK(batch.records[1].find(names.find("container.image"))->text() == "box");
    CHECK(batch.records[1].find(field::stream)->text() == "stderr");
    position = first.position(4);
  }
  DockerContainer again(listed, reading, kKey, false);
  REQUIRE(again.resume(position).ok());
  again.begin_answer(false);
  std::string bytes = frame(1, "one\n", 0) + frame(2, "two\n", 1) + frame(1, "begun", 2) + frame(1, " and ended\n", 2);
  REQUIRE(again.take(bytes).ok());
  REQUIRE(again.hand_out(batch, true));
  REQUIRE(batch.size() == 1);
  CHECK(batch.records[0].raw == "begun and ended");
  CHECK(batch.records[0].line == 3);
  CHECK(again.notices().empty());
  for (const std::string& wrong : {std::string(), std::string("7"), std::string("x ") + position, std::string("7 x")})
    CHECK_FALSE(DockerContainer(listed, reading, kKey, false).resume(wrong).ok());
}

TEST_CASE("lines that were rotated away are said", "[docker]") {
  const parse::Formats known = formats();
  FieldNames names;
  const DockerReading reading(known, names, {});
  const Listed listed{.id = "0123abcd", .name = "web", .image = "box", .created = 0, .synonyms = {"web"}, .runs = true};
  DockerContainer container(listed, reading, kKey, false);
  RecordBatch batch;
  container.begin_answer(false);
  std::string bytes = frame(1, "one\n", 0);
  REQUIRE(container.take(bytes).ok());
  REQUIRE(container.hand_out(batch, true));
  container.begin_answer(false);
  bytes = frame(1, "much later\n", 40);
  REQUIRE(container.take(bytes).ok());
  const auto said = container.notices();
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with("web: lines between 2026-11-29T01:02:10Z and 2026-11-29T01:02:50Z may be gone"));
}

TEST_CASE("what is no log of a container is an error", "[docker]") {
  const parse::Formats known = formats();
  FieldNames names;
  const DockerReading reading(known, names, {});
  DockerContainer container({.id = "0123abcd", .name = "web", .image = {}, .created = 0, .synonyms = {}, .runs = true},
                            reading, kKey, false);
  container.begin_answer(false);
  std::string bytes = "{\"message\":\"configured logging driver does not support reading\"}";
  CHECK_FALSE(container.take(bytes).ok());
}
