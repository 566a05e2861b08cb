// A container's log as a daemon of 20.10 writes it: times of one stream never go down, between the two they do. Each line must come once,
// wherever reading is cut off and whatever little a position holds.
#include "source/docker_place.hpp"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace logystera;
using source::DockerPlace;

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kBegun = 1'700'000'000'000 * kMs;
constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

struct Line {
  std::int64_t time;
  bool error;
  std::string text;
};

/// Lines of both streams, 20 to a millisecond, every other thousand of stderr's 32 ms late; a minute of silence in the middle.
std::vector<Line> log_of(unsigned seed, std::size_t lines) {
  std::mt19937 random(seed);
  std::vector<Line> log;
  std::array<std::int64_t, 2> time{kBegun, kBegun};
  for (std::size_t i = 0; i < lines; ++i) {
    const std::size_t stream = random() % 2;
    const std::int64_t now = kBegun + static_cast<std::int64_t>(i) * kMs / 20 + (i > lines / 2 ? 60'000 * kMs : 0);
    const std::int64_t late = stream == 1 && i / 2'000 % 2 == 1 ? 32 * kMs : 0;
    time[stream] = std::max(time[stream] + 1, now - late);
    log.push_back({time[stream], stream == 1, "line " + std::to_string(i)});
  }
  return log;
}

/// The daemon's answer: from the first line on whose time is not before that.
std::size_t ask(const std::vector<Line>& log, std::int64_t since) {
  std::size_t at = 0;
  while (at < log.size() && log[at].time < since) ++at;
  return at;
}

}  // namespace

TEST_CASE("each_line_comes_once_however_few_digests_a_position_holds", "[docker]") {
  for (const std::size_t digests : {1u, 4u, 512u})
    for (unsigned seed = 0; seed < 3; ++seed) {
      const std::vector<Line> log = log_of(seed, 40'000);
      std::mt19937 random(seed + 100);
      std::map<std::string, int> got;
      DockerPlace place(kKey);
      for (std::size_t at = 0; at < log.size();) {
        place.begin_answer();
        at = ask(log, place.since_ns());
        // Killed somewhere: sometimes the last fresh lines wait, and are not handed out.
        const std::size_t until = std::min(log.size(), at + 500 + random() % 4'000);
        std::vector<const Line*> fresh;
        for (; at < until; ++at) {
          if (log[at].time < place.since_ns()) continue;  // the daemon leaves it out
          if (place.fresh(log[at].time, log[at].error, log[at].text)) fresh.push_back(&log[at]);
        }
        const std::size_t waiting_most = at == log.size() || random() % 2 == 0 ? 0 : random() % 300;
        std::array<std::size_t, 2> waiting{};
        std::int64_t floor = INT64_MAX;
        for (std::size_t i = 0; i < fresh.size(); ++i) {
          if (i + waiting_most < fresh.size()) {
            ++got[fresh[i]->text];
            continue;
          }
          ++waiting[fresh[i]->error ? 1 : 0];
          floor = std::min(floor, fresh[i]->time);
        }
        place.advance(log.back().time, floor);
        CHECK(place.older() == 0);
        DockerPlace next(kKey);
        REQUIRE(next.resume(place.text(waiting, digests)).ok());
        place = std::move(next);
      }
      CHECK(got.size() == log.size());
      CHECK(std::all_of(got.begin(), got.end(), [](const auto& one) { return one.second == 1; }));
    }
}

TEST_CASE("a position is as small as it is asked to be", "[docker]") {
  DockerPlace place(kKey);
  place.begin_answer();
  for (const Line& line : log_of(1, 40'000)) place.fresh(line.time, line.error, line.text);
  CHECK(place.text({}, 4).size() < 600);
  CHECK(place.text({}, 512).size() < 60'000);
  CHECK(place.text({}, 0).size() < 200);
}

TEST_CASE("what a rotation repeats is passed over, and counted when nothing would ask for it", "[docker]") {
  const std::vector<Line> log = log_of(2, 4'000);
  DockerPlace place(kKey);
  place.begin_answer();
  for (const Line& line : log) CHECK(place.fresh(line.time, line.error, line.text));
  for (const Line& line : log) CHECK_FALSE(place.fresh(line.time, line.error, line.text));
  CHECK(place.older() == 0);
  place.advance(INT64_MAX, INT64_MAX);
  CHECK_FALSE(place.fresh(kBegun - 10'000 * kMs, false, "long ago"));
  CHECK(place.older() == 1);
}

TEST_CASE("a position that is damaged or of another key is refused", "[docker]") {
  DockerPlace place(kKey);
  place.begin_answer();
  place.fresh(kBegun, true, "planted-secret");
  const std::string text = place.text({}, 8);
  CHECK(text.find("planted") == std::string::npos);
  DockerPlace other("another key of 32 bytes, 32 of it");
  CHECK_FALSE(other.resume(text).ok());
  for (const std::string& wrong :
       {std::string(), std::string("|"), text.substr(0, text.find('|')), text + "|", text + " x"})
    CHECK_FALSE(DockerPlace(kKey).resume(wrong).ok());
  CHECK(DockerPlace(kKey).resume(text).ok());
}
