#include "processor/alerting.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace logystera::processor {
namespace {

alert::Policy policy_without_block(Level level) noexcept {
  alert::Policy policy;
  policy.recommended = level >= Level::medium;
  return policy;
}

// The rules a window counts, those below other windows too, by id: what a rule that puts alerts together stands for.
std::vector<std::string> members_of(const detect::RuleSet& rules, const detect::Rule& rule) {
  std::vector<std::string> members;
  using Kind = detect::Window::Kind;
  if (!rule.window || (rule.window->kind != Kind::temporal && rule.window->kind != Kind::ordered)) return members;
  for (const std::uint32_t input : rule.window->inputs)
    if (!rules.rules[input].silent) members.push_back(rules.rules[input].id);
  return members;
}

}  // namespace

alert::Policy policy_of(const detect::RuleSet& rules, const detect::Rule& rule) noexcept {
  if (!rule.alert) return policy_without_block(rule.level);
  const detect::AlertBlock& block = *rule.alert;
  alert::Policy policy;
  switch (block.kind) {
    case detect::AlertBlock::Kind::episode: policy.kind = alert::Kind::episode; break;
    case detect::AlertBlock::Kind::condition: policy.kind = alert::Kind::condition; break;
    case detect::AlertBlock::Kind::none: policy.kind = alert::Kind::none; break;
  }
  policy.for_s = std::min(block.for_s, alert::kWaitSecondsMost);
  policy.resolve_after_s = std::min(block.resolve_after_s, alert::kWaitSecondsMost);
  for (std::size_t level = 0; level < policy.cooldown_s.size(); ++level)
    policy.cooldown_s[level] = std::max<std::int64_t>(block.cooldown_s[level], 0);
  policy.recommended = block.recommended;
  const auto number = static_cast<std::uint32_t>(&rule - rules.rules.data());
  const auto ends_it = [number](const detect::Rule& other) { return other.ends == number; };
  if (policy.kind == alert::Kind::condition && !rule.absence &&
      std::none_of(rules.rules.begin(), rules.rules.end(), ends_it))
    policy.kind = alert::Kind::episode;
  return policy;
}

/// Whether a rule that stands for this one has an alert at the site. One of its own that is open goes on.
Result<bool> is_inhibited(store::Stores& stores, const detect::Rule& rule, const std::string& site) {
  auto own = stores.alerts().open_of(rule.id, site, 1);
  if (!own) return own.error();
  if (!own->empty()) return false;
  for (const std::string& other : rule.alert->inhibited_by) {
    auto open = stores.alerts().open_of(other, site, 1);
    if (!open) return open.error();
    if (!open->empty()) return true;
  }
  return false;
}

OnFindings alerting(const analysis::CurrentProgram& program, HmacKey identity, std::function<std::int64_t()> now,
                    Telling telling) {
  const auto key = std::make_shared<const HmacKey>(std::move(identity));
  return [&program, key, now = std::move(now), telling = std::move(telling)](
             store::Stores& stores, std::span<const StoredFinding> findings) -> Result<Done> {
    const auto current = program.get();
    if (!current) return current.error();
    const detect::RuleSet& rules = current.value()->rules();
    const Raising raising{*key, [&rules](std::string_view id) {
                            const detect::Rule* const rule = rules.find(id);
                            return rule ? policy_of(rules, *rule) : policy_without_block(Level::medium);
                          }};
    std::vector<alert::Hit> hits;
    std::vector<alert::Tell> tells;
    const auto raise_them = [&]() -> Result<Done> {
      auto told = raise(stores, hits, raising, now());
      hits.clear();
      if (!told) return told.error();
      tells.insert(tells.end(), std::make_move_iterator(told->begin()), std::make_move_iterator(told->end()));
      return Done{};
    };
    for (const StoredFinding& one : findings) {
      const store::Finding& finding = one.finding;
      if (const detect::Rule* const rule = rules.find(finding.rule);
          rule && rule->alert && !rule->alert->inhibited_by.empty() && !one.clears) {
        // Of what came before in the same step, too.
        if (auto raised = raise_them(); !raised) return raised;
        auto inhibited = is_inhibited(stores, *rule, finding.site);
        if (!inhibited) return inhibited.error();
        if (inhibited.value()) continue;
      }
      alert::Hit& hit = hits.emplace_back();
      hit.rule = finding.rule;
      hit.title = finding.title;
      hit.level = finding.level;
      hit.site = finding.site;
      hit.group = finding.group;
      hit.group_label = finding.group_label;
      hit.first_time = finding.first_time;
      hit.last_time = finding.time;
      hit.hits = one.new_hits;
      hit.finding = finding.id;
      hit.extends = one.extends;
      hit.clears = one.clears;
      if (const detect::Rule* const rule = rules.find(finding.rule)) {
        hit.tags = rule->alert ? rule->alert->tags : rule->tags;
        hit.members = members_of(rules, *rule);
      }
    }
    if (auto raised = raise_them(); !raised) return raised;
    return telling && !tells.empty() ? telling(stores, tells) : Result<Done>(Done{});
  };
}

}  // namespace logystera::processor
