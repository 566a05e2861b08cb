// What `seen:` and `absence:` mean: the whole history is kept and everything looked up anew.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "detect/rule.hpp"

namespace logystera::oracle {

/// A hit of a rule with `seen:`, by its values.
struct SeenHit {
  std::int64_t time;
  std::string values;
};

/// Whether the last of `hits` counts; `first` is the time of the site's first record.
inline bool seen_lets_through(const detect::SeenTest& test, const std::vector<SeenHit>& hits, std::int64_t first) {
  const SeenHit& now = hits.back();
  bool before = false;
  std::int64_t last = 0;
  for (std::size_t i = 0; i + 1 < hits.size(); ++i) {
    if (hits[i].values != now.values) continue;
    last = before ? std::max(last, hits[i].time) : hits[i].time;
    before = true;
  }
  if (test.learn_ns > 0 && now.time - first < test.learn_ns) return false;
  if (!before) return !test.back;
  return now.time - last >= test.span_ns;
}

/// How long the pause after `events` (times in the order they came) may be; 0 while nothing is judged.
inline std::int64_t longest_pause_allowed(const detect::Absence& absence, const std::vector<std::int64_t>& events) {
  constexpr std::int64_t kMinute = std::int64_t{60} * 1'000'000'000, kDay = 24 * 60 * kMinute;
  std::vector<std::int64_t> forward;  // without those that are older than one before them
  for (std::int64_t time : events)
    if (forward.empty() || time > forward.back()) forward.push_back(time);
  if (forward.empty() || forward.back() - forward.front() < 2 * kDay) return 0;
  std::vector<std::int64_t> pauses;
  for (std::size_t i = 1; i < forward.size(); ++i)
    if (forward[i] - forward[i - 1] >= kMinute && forward[i] / kDay > forward.back() / kDay - 7)
      pauses.push_back(forward[i] - forward[i - 1]);
  if (pauses.size() < 2) return 0;
  std::sort(pauses.begin(), pauses.end());
  const double allowed = static_cast<double>(pauses[pauses.size() - 2]) * absence.times;
  return std::max(absence.least_ns, static_cast<std::int64_t>(allowed));
}

}  // namespace logystera::oracle
