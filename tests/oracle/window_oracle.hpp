// What a window means: the whole history is kept and everything counted anew at each hit.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "detect/rule.hpp"

namespace logystera::oracle {

/// A hit as the oracle sees it: when, which of the window's inputs, whose group, and the value counted or summed.
struct WindowHit {
  std::int64_t time;
  std::uint32_t input;
  std::string group;
  std::string value;
  double number = 0;
  bool counted = true;    // false: it has no value, but a time
  bool forgives = false;  // it takes its value out of what its group has counted until then
};

inline double measure(const detect::Window& window, const std::vector<WindowHit>& hits, std::int64_t now) {
  using Kind = detect::Window::Kind;
  std::vector<WindowHit> live;
  for (const WindowHit& hit : hits)
    if (hit.time >= now - window.span_ns) live.push_back(hit);
  switch (window.kind) {
    case Kind::count: return static_cast<double>(live.size());
    case Kind::distinct: {
      std::set<std::string> values;
      for (const WindowHit& hit : live) values.insert(hit.value);
      return static_cast<double>(values.size());
    }
    case Kind::sum:
    case Kind::average: {
      double sum = 0;
      for (const WindowHit& hit : live) sum += hit.number;
      return window.kind == Kind::sum ? sum : live.empty() ? 0 : sum / static_cast<double>(live.size());
    }
    case Kind::percentile: {
      if (live.empty()) return 0;
      std::vector<double> numbers;
      for (const WindowHit& hit : live) numbers.push_back(hit.number);
      std::sort(numbers.begin(), numbers.end());
      const double rank = std::ceil(window.percentile / 100 * static_cast<double>(numbers.size()));
      return numbers[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
    }
    case Kind::temporal: {
      std::set<std::uint32_t> inputs;
      for (const WindowHit& hit : live) inputs.insert(hit.input);
      return static_cast<double>(inputs.size());
    }
    case Kind::ordered: {
      // From every hit of the first input on, the longest chain that follows the order of the inputs.
      std::size_t longest = 0;
      for (std::size_t start = 0; start < live.size(); ++start) {
        if (live[start].input != window.inputs[0]) continue;
        std::size_t length = 1;
        for (std::size_t next = start + 1; next < live.size() && length < window.inputs.size(); ++next)
          if (live[next].input == window.inputs[length]) ++length;
        longest = std::max(longest, length);
      }
      return static_cast<double>(longest);
    }
  }
  return 0;
}

inline bool satisfied(const detect::Window& window, double value) {
  for (const detect::Window::Bound& bound : window.bounds)
    if (!detect::holds(value, bound.compare, bound.number)) return false;
  return true;
}

inline void forgive(std::vector<WindowHit>& hits, const WindowHit& by) {
  std::erase_if(hits, [&](const WindowHit& hit) { return hit.value == by.value; });
}

/// Times at which a window that fires with its hits does so, per group, in the order of the hits (which must be sorted).
inline std::vector<std::pair<std::int64_t, std::string>> firings(const detect::Window& window,
                                                                 const std::vector<WindowHit>& hits) {
  std::vector<std::pair<std::int64_t, std::string>> out;
  std::map<std::string, std::vector<WindowHit>> groups;
  std::map<std::string, std::int64_t> fired;
  for (const WindowHit& hit : hits) {
    std::vector<WindowHit>& group = groups[hit.group];
    if (hit.forgives) {
      forgive(group, hit);
      continue;
    }
    group.push_back(hit);
    if (!satisfied(window, measure(window, group, hit.time))) continue;
    const auto last = fired.find(hit.group);
    if (last != fired.end() && hit.time - last->second < window.span_ns) continue;
    fired[hit.group] = hit.time;
    out.emplace_back(hit.time, hit.group);
  }
  return out;
}

/// The same for hits as they come: one that is older than its group's newest happens with that if it is late by no more than
/// the span, else the group starts over.
inline std::vector<std::pair<std::int64_t, std::string>> firings_as_they_come(const detect::Window& window,
                                                                              const std::vector<WindowHit>& hits) {
  struct Group {
    std::vector<WindowHit> hits;
    std::int64_t newest = 0, fired = 0;
    bool met = false, ever_fired = false;
  };
  std::vector<std::pair<std::int64_t, std::string>> out;
  std::map<std::string, Group> groups;
  for (WindowHit hit : hits) {
    Group& group = groups[hit.group];
    if (hit.forgives) {
      if (hit.counted) forgive(group.hits, hit);
      continue;
    }
    if (group.met && hit.time < group.newest) {
      if (group.newest - hit.time <= window.span_ns) hit.time = group.newest;
      else group = {};
    }
    group.met = true;
    group.newest = hit.time;
    if (!hit.counted) continue;
    group.hits.push_back(hit);
    std::erase_if(group.hits, [&](const WindowHit& old) { return old.time < hit.time - window.span_ns; });
    if (!satisfied(window, measure(window, group.hits, hit.time))) continue;
    if (group.ever_fired && hit.time - group.fired < window.span_ns) continue;
    group.fired = hit.time;
    group.ever_fired = true;
    out.emplace_back(hit.time, hit.group);
  }
  return out;
}

/// The same for windows that are judged when they are full: when, and whose.
inline std::vector<std::pair<std::int64_t, std::string>> judgements(const detect::Window& window,
                                                                    const std::vector<WindowHit>& hits) {
  std::vector<std::pair<std::int64_t, std::string>> out;
  std::map<std::string, std::vector<WindowHit>> open;
  const auto judge = [&](const std::string& name, const std::vector<WindowHit>& group) {
    const std::int64_t end = group.front().time + window.span_ns;
    if (satisfied(window, measure(window, group, end))) out.emplace_back(end, name);
  };
  for (const WindowHit& hit : hits) {
    std::vector<WindowHit>& group = open[hit.group];
    if (!group.empty() && hit.time > group.front().time + window.span_ns) {
      judge(hit.group, group);
      group.clear();
    }
    group.push_back(hit);
  }
  for (const auto& [name, group] : open) judge(name, group);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace logystera::oracle
