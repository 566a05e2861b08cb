#include "detect/seen_values.hpp"

#include <algorithm>

#include "detect/span.hpp"

namespace logystera::detect {

bool lets_through(const SeenTest& test, const std::optional<SeenValues::Times>& before,
                  std::optional<std::int64_t> watched_since, std::int64_t time_ns) noexcept {
  if (test.learn_ns > 0 && (!watched_since || minus(time_ns, *watched_since) < test.learn_ns)) return false;
  if (!before) return !test.back;
  return minus(time_ns, before->last_ns) >= test.span_ns;
}

void SeenMemory::watched(std::int64_t time_ns) {
  if (since_) return;
  since_ = time_ns;
  changed_.insert_or_assign({std::string(), 0}, false);
}

std::optional<SeenValues::Times> SeenMemory::see(std::string_view rule, std::uint64_t value, std::int64_t time_ns) {
  auto known = rules_.find(rule);
  if (known == rules_.end()) known = rules_.emplace(rule, OfRule{}).first;
  OfRule& of_rule = known->second;
  const auto found = of_rule.values.find(value);
  std::optional<Times> before;
  if (found != of_rule.values.end()) before = found->second;
  Times times = before.value_or(Times{time_ns, time_ns});
  times.first_ns = std::min(times.first_ns, time_ns);
  times.last_ns = std::max(times.last_ns, time_ns);
  enter(of_rule, value, times);
  changed_.insert_or_assign({known->first, value}, false);
  while (of_rule.values.size() > most_) {
    const std::uint64_t oldest = of_rule.by_last.begin()->second;
    of_rule.by_last.erase(of_rule.by_last.begin());
    of_rule.values.erase(oldest);
    changed_.insert_or_assign({known->first, oldest}, true);
    ++forgotten_;
  }
  return before;
}

void SeenMemory::enter(OfRule& rule, std::uint64_t value, Times times) {
  const auto [found, fresh] = rule.values.try_emplace(value, times);
  if (!fresh) {
    rule.by_last.erase({found->second.last_ns, value});
    found->second = times;
  }
  rule.by_last.emplace(times.last_ns, value);
}

void SeenMemory::load(const Entry& entry) {
  if (entry.rule.empty()) {
    since_ = entry.times.first_ns;
    return;
  }
  enter(rules_[entry.rule], entry.value, entry.times);
}

std::vector<SeenMemory::Entry> SeenMemory::take_changes() {
  std::vector<Entry> out;
  for (const auto& [key, gone] : changed_) {
    const auto& [rule, value] = key;
    Entry entry{rule, value, {}, gone};
    if (rule.empty()) entry.times = {*since_, *since_};
    else if (!gone) entry.times = rules_.find(rule)->second.values.at(value);
    out.push_back(std::move(entry));
  }
  changed_.clear();
  return out;
}

std::size_t SeenMemory::size() const noexcept {
  std::size_t count = 0;
  for (const auto& [name, rule] : rules_) count += rule.values.size();
  return count;
}

}  // namespace logystera::detect
