// Pollers of a store that shows entries late: each entry must come once. The pollers people write first are held to the same, and fail.
#include "source/overlap.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace logystera;
using source::Overlap;

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

struct Entry {
  std::int64_t time, visible;  // ms
  std::string text;
};

/// Entries in order of time, a fifth at the time of the one before, some equal in all; each can be seen up to two seconds later, a few
/// up to ten.
std::vector<Entry> world(unsigned seed, bool late) {
  std::mt19937 random(seed);
  const auto up_to = [&random](int most) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(most + 1)); };
  std::vector<Entry> entries;
  std::int64_t time = 1'000'000;
  for (int i = 0; i < 10'000; ++i) {
    const bool tie = up_to(4) == 0;
    if (!tie) time += 1 + up_to(9);
    const std::int64_t delay = late ? up_to(2'000) + (up_to(49) == 0 ? up_to(8'000) : 0) : 0;
    // Every other tie is its neighbour's equal.
    const bool equal = tie && !entries.empty() && entries.back().time == time && up_to(1) == 0;
    entries.push_back({time, time + delay, equal ? entries.back().text : "entry " + std::to_string(i)});
  }
  return entries;
}

using Answer = std::vector<const Entry*>;
using Ask = std::function<Answer(std::int64_t from, std::size_t limit)>;
using Got = std::map<std::string, int>;
/// One look of a poller at the store: `now` in ms.
using Poll = std::function<void(const Ask&, std::int64_t now, Got&)>;

struct Outcome {
  int lost = 0, twice = 0;
};

Outcome run(const std::vector<Entry>& entries, const Poll& poll) {
  Got got, wanted;
  for (const Entry& entry : entries) ++wanted[entry.text];
  for (std::int64_t now = entries.front().time; now < entries.back().time + 30'000; now += 500)
    poll(
        [&](std::int64_t from, std::size_t limit) {
          Answer answer;
          const auto first = std::lower_bound(entries.begin(), entries.end(), from,
                                              [](const Entry& e, std::int64_t t) { return e.time < t; });
          for (auto it = first; it != entries.end() && it->time <= now && answer.size() < limit; ++it)
            if (it->visible <= now) answer.push_back(&*it);
          return answer;
        },
        now, got);
  Outcome outcome;
  for (const auto& [text, count] : wanted) {
    outcome.lost += std::max(0, count - got[text]);
    outcome.twice += std::max(0, got[text] - count);
  }
  return outcome;
}

constexpr std::size_t kPage = 300;

/// With an overlap; `restart` is asked after every look whether the process dies there.
Poll ours(Overlap::Options options, const std::function<bool()>& restart) {
  auto overlap = std::make_shared<Overlap>(options, kKey);
  return [=](const Ask& ask, std::int64_t now, Got& got) {
    std::int64_t from = overlap->watermark_ns() == INT64_MIN ? 0 : overlap->watermark_ns() / kMs;
    for (std::size_t limit = kPage;;) {
      const Answer answer = ask(from, limit);
      overlap->begin_answer();
      for (const Entry* entry : answer)
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

/// From behind the newest entry on.
Poll after_the_last() {
  auto from = std::make_shared<std::int64_t>(0);
  return [from](const Ask& ask, std::int64_t, Got& got) {
    for (const Entry* entry : ask(*from, kPage)) {
      ++got[entry->text];
      *from = entry->time + 1;
    }
  };
}

/// From the newest entry on, without those that were at its time.
Poll at_the_last_without_ties() {
  auto from = std::make_shared<std::int64_t>(0);
  auto ties = std::make_shared<std::map<const Entry*, bool>>();
  return [=](const Ask& ask, std::int64_t, Got& got) {
    for (;;) {
      const Answer answer = ask(*from, kPage);
      bool any = false;
      for (const Entry* entry : answer) {
        if (ties->contains(entry)) continue;
        any = true;
        ++got[entry->text];
      }
      if (answer.empty()) return;
      *from = answer.back()->time;
      ties->clear();
      for (const Entry* entry : answer)
        if (entry->time == *from) (*ties)[entry] = true;
      if (answer.size() < kPage || !any) return;
    }
  };
}

/// From the newest entry on, with all of them.
Poll at_the_last() {
  auto from = std::make_shared<std::int64_t>(0);
  return [from](const Ask& ask, std::int64_t, Got& got) {
    for (const Entry* entry : ask(*from, kPage)) {
      ++got[entry->text];
      *from = entry->time;
    }
  };
}

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
