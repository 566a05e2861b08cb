// A store that shows entries late, and the pollers people write first, which lose or repeat some of its entries. Whatever polls is held
// to the same run: each entry once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace logystera::testing {

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

struct LateEntry {
  std::int64_t time, visible;  // ms
  std::string text;
};

/// Entries in order of time, a fifth at the time of the one before, some equal in all; each can be seen up to two seconds later, a few
/// up to ten.
inline std::vector<LateEntry> world(unsigned seed, bool late) {
  std::mt19937 random(seed);
  const auto up_to = [&random](int most) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(most + 1)); };
  std::vector<LateEntry> entries;
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

using Answer = std::vector<const LateEntry*>;
using Ask = std::function<Answer(std::int64_t from, std::size_t limit)>;
using Got = std::map<std::string, int>;
/// One look of a poller at the store: `now` in ms.
using Poll = std::function<void(const Ask&, std::int64_t now, Got&)>;

struct Outcome {
  int lost = 0, twice = 0;
};

inline Outcome run(const std::vector<LateEntry>& entries, const Poll& poll) {
  Got got, wanted;
  for (const LateEntry& entry : entries) ++wanted[entry.text];
  for (std::int64_t now = entries.front().time; now < entries.back().time + 30'000; now += 500)
    poll(
        [&](std::int64_t from, std::size_t limit) {
          Answer answer;
          const auto first = std::lower_bound(entries.begin(), entries.end(), from,
                                              [](const LateEntry& e, std::int64_t t) { return e.time < t; });
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

inline constexpr std::size_t kPage = 300;

/// From behind the newest entry on.
inline Poll after_the_last() {
  auto from = std::make_shared<std::int64_t>(0);
  return [from](const Ask& ask, std::int64_t, Got& got) {
    for (const LateEntry* entry : ask(*from, kPage)) {
      ++got[entry->text];
      *from = entry->time + 1;
    }
  };
}

/// From the newest entry on, without those that were at its time.
inline Poll at_the_last_without_ties() {
  auto from = std::make_shared<std::int64_t>(0);
  auto ties = std::make_shared<std::map<const LateEntry*, bool>>();
  return [=](const Ask& ask, std::int64_t, Got& got) {
    for (;;) {
      const Answer answer = ask(*from, kPage);
      bool any = false;
      for (const LateEntry* entry : answer) {
        if (ties->contains(entry)) continue;
        any = true;
        ++got[entry->text];
      }
      if (answer.empty()) return;
      *from = answer.back()->time;
      ties->clear();
      for (const LateEntry* entry : answer)
        if (entry->time == *from) (*ties)[entry] = true;
      if (answer.size() < kPage || !any) return;
    }
  };
}

/// From the newest entry on, with all of them.
inline Poll at_the_last() {
  auto from = std::make_shared<std::int64_t>(0);
  return [from](const Ask& ask, std::int64_t, Got& got) {
    for (const LateEntry* entry : ask(*from, kPage)) {
      ++got[entry->text];
      *from = entry->time;
    }
  };
}

}  // namespace logystera::testing
