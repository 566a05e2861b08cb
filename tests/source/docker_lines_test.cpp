#include "source/docker_lines.hpp"

#include <string>
#include <vector>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::source;

namespace {

constexpr const char* kTime = "2026-11-29T01:02:03.123456789Z ";
constexpr std::int64_t kTimeNs = 1'795'914'123'123'456'789;

std::string frame(int stream, const std::string& text, const std::string& time = kTime) {
  const std::string body = time + text;
  std::string out(8, '\0');
  out[0] = static_cast<char>(stream);
  for (int i = 0; i < 4; ++i) out[static_cast<std::size_t>(4 + i)] = static_cast<char>(body.size() >> (24 - 8 * i));
  return out + body;
}

std::vector<std::string> lines_of(DockerLines& lines, const std::string& bytes, std::size_t step) {
  std::vector<std::string> got;
  std::string waiting;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    waiting += bytes.substr(at, step);
    for (;;) {
      DockerLine line;
      std::size_t used = 0;
      const auto read = lines.next(waiting, used, line);
      REQUIRE(read.ok());
      waiting.erase(0, used);
      if (!read.value()) break;
      CHECK(line.time_ns == kTimeNs);
      got.push_back((line.error ? "e " : "o ") + std::string(line.text));
    }
  }
  return got;
}

}  // namespace

TEST_CASE("a time of Docker is read to the nanosecond, and nothing else is one", "[docker]") {
  std::int64_t ns = 0;
  REQUIRE(docker_time(kTime, ns));
  CHECK(ns == kTimeNs);
  REQUIRE(docker_time("1970-01-01T00:00:00.000000001Z x", ns));
  CHECK(ns == 1);
  REQUIRE(docker_time("2024-02-29T23:59:59.000000000Z ", ns));
  CHECK(ns == 1'709'251'199'000'000'000);
  for (const char* wrong :
       {"", "2026-11-29T01:02:03.123456789Z", "2026-11-29T01:02:03.12345678Z  ", "2026-13-29T01:02:03.123456789Z ",
        "2026-11-29 01:02:03.123456789Z ", "9999-11-29T01:02:03.123456789Z "})
    CHECK_FALSE(docker_time(wrong, ns));
}

TEST_CASE("pieces of both streams become whole lines, however the answer is cut", "[docker]") {
  const std::string piece(16'384, 'x');
  const std::string bytes =
      frame(1, "a\n") + frame(1, piece) + frame(2, "error\n") + frame(1, piece) + frame(1, "end\n") + frame(2, "\n");
  const std::vector<std::string> wanted = {"o a", "e error", "o " + piece + piece + "end", "e "};
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, bytes.size()}) {
    DockerLines lines(false);
    CHECK(lines_of(lines, bytes, step) == wanted);
    CHECK(lines.oldest_ns() == INT64_MAX);
  }
}

TEST_CASE("a terminal's long line has times in its middle, which are not part of it", "[docker]") {
  const std::string piece(16'384, 'y');
  const std::string bytes = std::string(kTime) + "short\r\n" + kTime + piece + kTime + piece + kTime + "rest\r\n" + kTime +
                            piece + kTime + "\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{31}, std::size_t{5000}, bytes.size()}) {
    DockerLines lines(true);
    CHECK(lines_of(lines, bytes, step) == std::vector<std::string>{"o short", "o " + piece + piece + "rest", "o " + piece});
  }
}

TEST_CASE("a line without its end waits, and is given at the end of the log", "[docker]") {
  DockerLines lines(false);
  CHECK(lines_of(lines, frame(2, "no end"), 5).empty());
  CHECK(lines.oldest_ns() == kTimeNs);
  DockerLine line;
  CHECK_FALSE(lines.finish(false, line));
  REQUIRE(lines.finish(true, line));
  CHECK(line.text == "no end");
  CHECK_FALSE(lines.finish(true, line));
}

TEST_CASE("a line longer than a mebibyte keeps its head", "[docker]") {
  DockerLines lines(false);
  std::string bytes;
  for (int i = 0; i < 70; ++i) bytes += frame(1, std::string(16'384, 'z'));
  bytes += frame(1, "\n");
  DockerLine line;
  std::size_t used = 0;
  REQUIRE(lines.next(bytes, used, line).value());
  CHECK(line.truncated);
  CHECK(line.text.size() == DockerLines::kLineBytes);
  CHECK(used == bytes.size());
}

TEST_CASE("what is no log of a container is refused", "[docker]") {
  const auto refused = [](bool terminal, const std::string& bytes) {
    DockerLines lines(terminal);
    DockerLine line;
    std::size_t used = 0;
    return !lines.next(bytes, used, line).ok();
  };
  CHECK(refused(false, "{\"message\":\"configured logging driver does not support reading\"}\n"));
  CHECK(refused(false, std::string("\x01\0\0\0\x7f\xff\xff\xff", 8)));
  CHECK(refused(false, frame(3, "error from daemon in stream")));
  CHECK(refused(false, frame(1, "text\n", "no time here, but thirty-one by ")));
  CHECK(refused(true, std::string(64, 'x')));
}
