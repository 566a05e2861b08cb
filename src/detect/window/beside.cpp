// What is asked about a detection's hit beside the windows it feeds: whether its values are new to the site, which alert it belongs
// to, and whether it ends a condition. Few rules ask any of it.
#include "detect/window/state.hpp"

namespace logystera::detect {

void Windows::State::plan_besides() {
  beside_of.assign(rules.rules.size(), kNoPlan);
  std::vector<std::uint32_t> plan_of_rule(rules.rules.size(), kNoPlan), groups_of_rule(rules.rules.size(), kNoPlan);
  for (std::uint32_t i = 0; i < plans.size(); ++i) plan_of_rule[plans[i].rule] = i;
  for (std::uint32_t i = 0; i < rules.rules.size(); ++i) {
    const Rule& rule = rules.rules[i];
    Beside beside;
    if (rule.seen)
      for (const Subject& subject : rule.seen->fields) beside.seen.emplace_back(subject, names);
    if (rule.is_detection() && rule.alert && !rule.alert->group_by.empty()) {
      beside.groups = groups_of_rule[i] = static_cast<std::uint32_t>(alert_plans.size());
      alert_windows.emplace_back().group_by = rule.alert->group_by;
      alert_plans.push_back(plan_of(alert_windows.back(), i));
    }
    if (rule.ends) {
      beside.ends_plan = plan_of_rule[*rule.ends];
      beside.ends_groups = groups_of_rule[*rule.ends];
    }
    if (beside.seen.empty() && beside.groups == kNoPlan && !rule.ends) continue;
    beside_of[i] = static_cast<std::uint32_t>(besides.size());
    if (!beside.seen.empty()) memory = options.seen;
    if (!beside.seen.empty() && !memory) {
      if (!own_seen) own_seen = std::make_unique<SeenMemory>();
      memory = own_seen.get();
    }
    besides.push_back(std::move(beside));
  }
}

bool Windows::State::let_through(Beside& beside, std::uint32_t rule, const Record& record) {
  if (beside.seen.empty()) return true;
  // Length before text, as in group keys.
  key_bytes.clear();
  for (SubjectReader& reader : beside.seen) {
    std::string_view text;
    const Value* value = nullptr;
    const bool there = reader.read(record, text, &value);
    const std::uint64_t size = there ? text.size() : ~std::uint64_t{0};
    key_bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
    if (there) key_bytes += text;
  }
  const std::uint64_t key = hash(key_bytes);
  return lets_through(*rules.rules[rule].seen, memory->see(rules.rules[rule].id, key, now), memory->watched_since(), now);
}

GroupKey Windows::State::alert_group(const Beside& beside, std::uint32_t rule, const Record& record) {
  return beside.groups == kNoPlan ? 0 : group_key(alert_plans[beside.groups], rule, rule, record);
}

void Windows::State::clear(const Beside& beside, std::uint32_t rule, const Record& record, std::vector<Match>& out) {
  if (!options.clears || !rules.rules[rule].ends) return;
  const std::uint32_t ended = *rules.rules[rule].ends;
  Match match = match_of(ended, record);
  match.clears = true;
  match.time_ns = match.first_ns = now;
  if (beside.ends_plan != kNoPlan) match.group = group_key(plans[beside.ends_plan], ended, ended, record);
  if (beside.ends_groups != kNoPlan) match.group = group_key(alert_plans[beside.ends_groups], ended, ended, record);
  out.push_back(match);
}

}  // namespace logystera::detect
