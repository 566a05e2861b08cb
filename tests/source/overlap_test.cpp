// Pollers of a store that shows entries late: each entry must come once. The pollers people write first are held to the same, and fail.
#include "source/overlap.hpp"

#include <algorithm>
#include <functional>
#include <random>
#include <string>

#include "catch.hpp"
#include "source/late_store.hpp"

using namespace logystera;
using namespace logystera::testing;
using source::Overlap;

namespace {

/// With an overlap; `restart` is asked after every look whether the process dies there.
Poll ours(Overlap::Options options, const std::function<bool()>& restart) {
  auto overlap = std::make_shared<Overlap>(options, kKey);
  return [=](const Ask& ask, std::int64_t now, Got& got) {
    std::int64_t from = overlap->watermark_ns() == INT64_MIN ? 0 : overlap->watermark_ns() / kMs;
    for (std::size_t limit = kPage;;) {
      const Answer answer = ask(from, limit);
      overlap->begin_answer();
      for (const LateEntry* entry : answer)
        if (overlap->fresh(entry->time * kMs, entry->text)) ++got[entry->text];
      if (answer.size() < limit) break;
      if (answer.back()->time == from) limit *= 2;
      from = answer.back()->time;
    }
    overlap->advance(now * kMs);
    if (!restart()) return;
    Overlap next(options, kKey);
    REQUIRE(next.resume(overlap->text()).ok());
    *overlap = std::move(next);
  };
}

bool never() { return false; }

}  // namespace

TEST_CASE("every entry comes once, whatever comes late, is equal or is interrupted", "[overlap]") {
  for (unsigned seed = 0; seed < 5; ++seed)
    for (const bool late : {false, true}) {
      INFO(seed << ' ' << late);
      std::mt19937 random(seed);
      const Outcome calm = run(world(seed, late), ours({}, never));
      CHECK(calm.lost == 0);
      CHECK(calm.twice == 0);
      const Outcome killed = run(world(seed, late), ours({}, [&random] { return random() % 4 == 0; }));
      CHECK(killed.lost == 0);
      CHECK(killed.twice == 0);
    }
}

TEST_CASE("the pollers people write first lose or repeat entries", "[overlap]") {
  int lost_after = 0, lost_ties = 0, wrong_at = 0, lost_short = 0;
  for (unsigned seed = 0; seed < 3; ++seed) {
    lost_after += run(world(seed, true), after_the_last()).lost;
    lost_ties += run(world(seed, true), at_the_last_without_ties()).lost;
    wrong_at += run(world(seed, true), at_the_last()).twice;
    lost_short += run(world(seed, true), ours({.overlap_ns = 2'000 * kMs}, never)).lost;
  }
  CHECK(lost_after > 0);
  CHECK(lost_ties > 0);
  CHECK(wrong_at > 0);
  CHECK(lost_short > 0);
}

TEST_CASE("equal entries are counted, or are one", "[overlap]") {
  Overlap counted({}, kKey), set({.counted = false}, kKey);
  for (Overlap* overlap : {&counted, &set}) overlap->begin_answer();
  CHECK(counted.fresh(1, "a"));
  CHECK(counted.fresh(1, "a"));
  CHECK(counted.fresh(2, "a"));
  CHECK(set.fresh(1, "a"));
  CHECK_FALSE(set.fresh(1, "a"));
  counted.begin_answer();
  CHECK_FALSE(counted.fresh(1, "a"));
  CHECK_FALSE(counted.fresh(1, "a"));
  CHECK(counted.fresh(1, "a"));
}

TEST_CASE("what is remembered has a bound, and beyond it that is said", "[overlap]") {
  Overlap overlap({.most = 1'000}, kKey);
  overlap.begin_answer();
  for (std::int64_t i = 0; i < 5'000; ++i) CHECK(overlap.fresh(i * kMs, "line"));
  CHECK(overlap.crowded() == 4'000);
  CHECK(overlap.watermark_ns() == 4'000 * kMs);
  CHECK(overlap.text().size() < 1'000 * 48);
  overlap.begin_answer();
  CHECK_FALSE(overlap.fresh(4'500 * kMs, "line"));
  CHECK_FALSE(overlap.fresh(10 * kMs, "line"));
  CHECK(overlap.older() == 1);
}

TEST_CASE("an entry of the future does not hide what comes now", "[overlap]") {
  Overlap overlap({}, kKey);
  overlap.begin_answer();
  CHECK(overlap.fresh(1'000'000 * kMs, "clock is wrong"));
  overlap.advance(50'000 * kMs);
  CHECK(overlap.fresh(49'000 * kMs, "now"));
}

TEST_CASE("what waits is not part of a position", "[overlap]") {
  Overlap overlap({}, kKey);
  overlap.begin_answer();
  CHECK(overlap.fresh(1, "a"));
  CHECK(overlap.fresh(2, "b"));
  CHECK(overlap.fresh(3, "b"));
  Overlap again({}, kKey);
  REQUIRE(again.resume(overlap.text(2)).ok());
  CHECK(again.watermark_ns() <= 2);
  again.begin_answer();
  CHECK_FALSE(again.fresh(1, "a"));
  CHECK(again.fresh(2, "b"));
  CHECK(again.fresh(3, "b"));
}

TEST_CASE("a position holds the newest digests, as many as it is asked to", "[overlap]") {
  Overlap overlap({}, kKey);
  overlap.begin_answer();
  for (std::int64_t i = 0; i < 1'000; ++i) CHECK(overlap.fresh(i * kMs, "line"));
  const auto resumed = [&overlap](std::size_t most) {
    Overlap again({}, kKey);
    REQUIRE(again.resume(overlap.text(0, most)).ok());
    again.begin_answer();
    return again;
  };
  Overlap again = resumed(100);
  CHECK(again.watermark_ns() == 899 * kMs + 1);
  CHECK(again.newest_ns() == 999 * kMs);
  CHECK_FALSE(again.fresh(900 * kMs, "line"));
  CHECK_FALSE(again.fresh(899 * kMs, "late"));
  CHECK(again.fresh(900 * kMs, "late"));
  CHECK(overlap.text(0, 100).size() < 100 * 48 + 80);
  // An instant is held whole or not at all: the watermark could not part it.
  for (int i = 0; i < 10; ++i) CHECK(overlap.fresh(1'000 * kMs, std::to_string(i)));
  CHECK(resumed(5).watermark_ns() == 1'000 * kMs + 1);
  Overlap whole = resumed(12);
  CHECK_FALSE(whole.fresh(1'000 * kMs, "3"));
  CHECK(whole.fresh(1'000 * kMs, "late"));
}

TEST_CASE("a position holds no text, and one that is damaged or of another key is refused", "[overlap]") {
  Overlap overlap({}, kKey);
  overlap.begin_answer();
  CHECK(overlap.fresh(1'700'000'000'000'000'000, "planted-secret"));
  overlap.advance(1'700'000'000'000'000'000);
  const std::string text = overlap.text();
  CHECK(text.find("planted") == std::string::npos);
  // SipHash-2-4 of 128 bits, as OpenSSL's has it: what is stored stays what is recognised.
  CHECK(text.starts_with("overlap2 ca57132496d2e5fc "));
  Overlap same({}, kKey);
  REQUIRE(same.resume(text).ok());
  CHECK(same.text() == text);
  Overlap other({}, "another key of 32 bytes, 32 of it");
  CHECK_FALSE(other.resume(text).ok());
  for (std::size_t size = 0; size < text.size(); ++size) {
    Overlap cut({}, kKey);
    const bool good = cut.resume(text.substr(0, size)).ok();
    const bool at_entry =
        text[size] == ' ' && std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), ' ') >= 3;
    // A number may be cut and still be one: the head's newest time is all that can be.
    if (!at_entry && std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), ' ') != 3)
      CHECK_FALSE(good);
  }
  for (const char* wrong : {"", "x", "overlap1", "overlap1 zz", "overlap2 0 0 0"}) CHECK_FALSE(same.resume(wrong).ok());
  CHECK_FALSE(same.resume(text + " 1").ok());
  CHECK_FALSE(same.resume(text + " \xff").ok());
}
