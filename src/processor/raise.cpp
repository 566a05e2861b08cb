#include "processor/raise.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "alert/identity.hpp"

namespace logystera::processor {
namespace {

using alert::Alert;
using alert::Outcome;
using alert::Tell;

constexpr std::size_t kMembersMost = 100;    // of one rule, that fold under an alert at a time
constexpr int kRoundsMost = 100;             // of tick() in one go; others write between two
constexpr std::size_t kSnoozedAtOnce = 500;  // alerts a snooze of a rule takes with it

/// What a line of the activity puts an end to, told as such.
std::optional<Tell> hush_of(const alert::LogRow& row, const Alert& alert) {
  Tell tell;
  tell.alert = alert.id;
  tell.level = alert.level;
  tell.site = alert.site;
  tell.rule = alert.rule;
  if (row.what == "folded") {
    tell.kind = Tell::folded;
    tell.note = "it stands under alert " + row.to;
  } else if (row.what == "acknowledged" || row.what == "snoozed") {
    tell.kind = Tell::hushed;
    tell.note = row.what + " by " + row.actor;
  } else {
    return std::nullopt;
  }
  return tell;
}

/// Writes what followed. The alert's number; 0: it is gone.
Result<std::int64_t> store_outcome(store::Stores& stores, Outcome& outcome) {
  if (!outcome.row) return std::int64_t{0};
  store::AlertStore& alerts = stores.alerts();
  std::int64_t id = outcome.row->id;
  if (outcome.forgotten) {
    if (auto removed = alerts.remove(id); !removed) return removed.error();
    return std::int64_t{0};
  }
  if (id == 0) {
    auto added = alerts.add(*outcome.row);
    if (!added) return added;
    id = outcome.row->id = added.value();
  } else if (auto updated = alerts.update(*outcome.row); !updated) {
    return updated.error();
  }
  for (alert::LogRow& row : outcome.log) {
    row.alert = id;
    if (auto logged = alerts.log(row); !logged) return logged.error();
    if (auto hush = hush_of(row, *outcome.row)) outcome.tells.push_back(*std::move(hush));
  }
  for (Tell& tell : outcome.tells) tell.alert = id;
  return id;
}

Result<bool> is_inhibited(store::Stores& stores, const std::optional<Alert>& alert) {
  if (!alert || alert->parent == 0) return false;
  auto parent = stores.alerts().get(alert->parent);
  if (!parent) return parent.error();
  return parent.value() && parent.value()->open();
}

bool same_group(const Alert& member, const Alert& parent) {
  return member.group.empty() || parent.group.empty() || member.group == parent.group ||
         (!member.group_label.empty() && member.group_label == parent.group_label);
}

void take(std::vector<Tell>& all, std::vector<Tell> tells) {
  for (Tell& tell : tells) all.push_back(std::move(tell));
}

Result<Done> fold_members(store::Stores& stores, const alert::Hit& hit, const Alert& parent, std::int64_t now,
                          std::vector<Tell>& tells) {
  for (const std::string& rule : hit.members) {
    auto members = stores.alerts().open_of(rule, hit.site, kMembersMost);
    if (!members) return members.error();
    for (const Alert& member : members.value()) {
      if (!same_group(member, parent)) continue;
      Outcome outcome = alert::fold(member, parent, now);
      if (auto stored = store_outcome(stores, outcome); !stored) return stored.error();
      take(tells, std::move(outcome.tells));
    }
  }
  return Done{};
}

/// Reads each rule's switches and dismissals once.
class Surroundings {
 public:
  explicit Surroundings(store::Stores& stores) : stores_(stores) {}

  Result<alert::Switches> of(const alert::Hit& hit, const std::optional<Alert>& current, std::int64_t now) {
    if (!switches_) {
      auto all = stores_.alerts().switches({});
      if (!all) return all.error();
      switches_ = std::move(all).value();
    }
    alert::Switches found = switches_at(*switches_, hit.rule, hit.site, now);
    auto source = source_of(hit.site);
    if (!source) return source.error();
    auto dismissed = stores_.findings().dismissed(hit.rule, source.value());
    if (!dismissed) return dismissed.error();
    found.dismissed = dismissed.value();
    auto inhibited = is_inhibited(stores_, current);
    if (!inhibited) return inhibited.error();
    found.inhibited = inhibited.value();
    return found;
  }

 private:
  // Findings of a site have its name for a source.
  Result<std::string> source_of(const std::string& site) {
    if (site.empty()) return std::string();
    const auto known = sources_.find(site);
    if (known != sources_.end()) return known->second;
    auto entity = stores_.entities().find(site);
    if (!entity) return entity.error();
    return sources_[site] = entity.value() ? entity.value()->name : site;
  }

  store::Stores& stores_;
  std::optional<std::vector<store::RuleSwitch>> switches_;
  std::map<std::string, std::string> sources_;
};

Error no_alert() { return Error{"there is no such alert", ErrorKind::not_found}; }

bool ended(const store::RuleSwitch& one, std::int64_t now) {
  return one.state == alert::Switch::snoozed && one.until <= now;
}

// What waits to be told of an alert whose rule is silenced for good goes with it.
Tell hushed(const Alert& alert, const store::RuleSwitch& one) {
  Tell tell;
  tell.kind = Tell::hushed;
  tell.alert = alert.id;
  tell.level = alert.level;
  tell.site = alert.site;
  tell.rule = alert.rule;
  tell.note = std::string("its rule is ") + std::string(alert::switch_name(one.state)) + " by " + one.by;
  return tell;
}

// A snooze of the rule that outlasts the alert's own takes its place.
void take_snooze(Alert& alert, const alert::Switches& around, std::int64_t now) {
  if (around.rule != alert::Switch::snoozed || around.snooze.until <= alert.snooze.until) return;
  const std::uint64_t hits = alert.snooze.hits;
  alert.snooze = around.snooze;
  alert.snooze.at = now;
  alert.snooze.hits = hits;
}

// What a snooze of a rule did to alerts that are open, done or undone.
Result<std::vector<Tell>> follow_switch(store::Stores& stores, const store::RuleSwitch& one, std::int64_t now) {
  std::vector<Tell> tells;
  auto switches = stores.alerts().switches(one.rule);
  if (!switches) return switches.error();
  store::AlertFilter filter;
  filter.view = store::AlertFilter::View::active;
  filter.rule = one.rule;
  filter.site = one.site;
  filter.now = now;
  auto page = stores.alerts().page(filter, {.limit = kSnoozedAtOnce});
  if (!page) return page.error();
  for (const Alert& alert : page->rows) {
    if (one.state >= alert::Switch::muted) tells.push_back(hushed(alert, one));
    const alert::Switches around = switches_at(switches.value(), alert.rule, alert.site, now);
    alert::Action action;
    action.actor = one.by;
    if (one.state == alert::Switch::snoozed) {
      if (alert.snooze.until >= one.until) continue;
      action.verb = alert::Action::Verb::snooze;
      action.snooze.until = one.until;
      action.snooze.reason = one.reason;
    } else {
      if (!alert.snooze || !alert.snooze.of_rule || around.rule >= alert::Switch::muted) continue;
      if (around.rule == alert::Switch::snoozed && around.snooze.until >= alert.snooze.until) continue;
      // What is left of the snooze may be one that ends sooner.
      const bool goes_on = around.rule == alert::Switch::snoozed;
      action.verb = goes_on ? alert::Action::Verb::snooze : alert::Action::Verb::unsnooze;
      action.snooze.until = around.snooze.until;
      action.snooze.reason = around.snooze.reason;
    }
    auto outcome = alert::act(alert, action, now);
    if (!outcome) return outcome.error();
    if (!outcome->row) continue;
    outcome->row->snooze.of_rule = static_cast<bool>(outcome->row->snooze);
    if (auto stored = store_outcome(stores, outcome.value()); !stored) return stored.error();
    take(tells, std::move(outcome->tells));
  }
  return tells;
}

}  // namespace

alert::Switches switches_at(std::span<const store::RuleSwitch> all, std::string_view rule, std::string_view site,
                            std::int64_t now) {
  alert::Switches found;
  for (const store::RuleSwitch& one : all) {
    if (one.rule != rule || (!one.site.empty() && one.site != site) || ended(one, now)) continue;
    if (one.state == alert::Switch::snoozed && one.until > found.snooze.until) {
      found.snooze = {.until = one.until, .at = one.at, .by = one.by, .reason = one.reason, .of_rule = true};
    }
    found.rule = std::max(found.rule, one.state);
    found.switched_on = found.switched_on || one.state == alert::Switch::on;
  }
  return found;
}

Result<std::vector<Tell>> raise(store::Stores& stores, std::span<const alert::Hit> hits, const Raising& raising,
                                std::int64_t now) {
  std::vector<Tell> tells;
  Surroundings surroundings(stores);
  for (const alert::Hit& hit : hits) {
    const alert::Key key = alert::identity(raising.identity, hit.rule, hit.site, hit.group);
    auto current = stores.alerts().current(key);
    if (!current) return current.error();
    auto around = surroundings.of(hit, current.value(), now);
    if (!around) return around.error();
    Outcome outcome = alert::apply(current.value(), key, hit, raising.policy ? raising.policy(hit.rule) : alert::Policy{},
                                   around.value(), raising.settings, now);
    auto id = store_outcome(stores, outcome);
    if (!id) return id.error();
    if (id.value() != 0 && !hit.clears) {
      if (hit.finding != 0) {
        if (auto attached = stores.alerts().attach(id.value(), hit.finding); !attached) return attached.error();
      }
      if (outcome.row->open()) {
        if (auto folded = fold_members(stores, hit, *outcome.row, now, tells); !folded) return folded.error();
      }
    }
    take(tells, std::move(outcome.tells));
  }
  return tells;
}

Result<std::vector<Tell>> act(store::Stores& stores, std::int64_t id, const alert::Action& action,
                              const store::SiteScope& sites, std::int64_t now) {
  auto found = stores.alerts().get(id, sites);
  if (!found) return found.error();
  if (!found.value()) return no_alert();
  auto inhibited = is_inhibited(stores, found.value());
  if (!inhibited) return inhibited.error();
  auto outcome = alert::act(*found.value(), action, now);
  if (!outcome) return outcome.error();
  if (inhibited.value()) outcome->tells.clear();
  if (auto stored = store_outcome(stores, outcome.value()); !stored) return stored.error();
  return std::move(outcome->tells);
}

Result<Ticked> tick(store::Stores& stores, std::int64_t now) {
  Ticked ticked;
  auto switches = stores.alerts().switches({});
  if (!switches) return switches.error();
  for (const store::RuleSwitch& one : switches.value()) {
    if (!ended(one, now)) continue;
    if (auto removed = stores.alerts().remove_switch(one.rule, one.site); !removed) return removed.error();
  }
  auto due = stores.alerts().due(now, kDueMost);
  if (!due) return due.error();
  for (Alert& alert : due.value()) {
    auto inhibited = is_inhibited(stores, alert);
    if (!inhibited) return inhibited.error();
    const alert::Switches around = switches_at(switches.value(), alert.rule, alert.site, now);
    take_snooze(alert, around, now);
    Outcome outcome = alert::tick(alert, inhibited.value(), now);
    // Who heard of it before hears of its end, also where its rule is muted by now.
    if (around.rule >= alert::Switch::muted)
      std::erase_if(outcome.tells, [](const Tell& tell) { return tell.kind != Tell::resolved; });
    if (auto stored = store_outcome(stores, outcome); !stored) return stored.error();
    take(ticked.tells, std::move(outcome.tells));
  }
  ticked.more = due->size() == kDueMost;
  return ticked;
}

Result<bool> is_due(store::Stores& stores, std::int64_t now) {
  auto due = stores.alerts().due(now, 1);
  if (!due) return due.error();
  if (!due->empty()) return true;
  auto switches = stores.alerts().switches({});
  if (!switches) return switches.error();
  return std::any_of(switches->begin(), switches->end(), [&](const store::RuleSwitch& one) { return ended(one, now); });
}

Result<std::vector<Tell>> set_switch(store::Stores& stores, const store::RuleSwitch& one, std::int64_t now) {
  if (one.rule.empty()) return Error{"a switch is of a rule: name it", ErrorKind::invalid};
  if (one.reason.empty() && one.state >= alert::Switch::muted) {
    return Error{"a reason says why, for whoever wonders later", ErrorKind::invalid};
  }
  if (one.reason.size() > alert::kReasonBytes) return Error{"a reason has at most 1,000 bytes", ErrorKind::invalid};
  if (one.state == alert::Switch::snoozed && (one.until <= now || one.until - now > alert::kSnoozeSecondsMost)) {
    return Error{"a snooze ends, within 90 days: name a time ahead of now", ErrorKind::invalid};
  }
  if (one.state == alert::Switch::snoozed) {
    auto others = stores.alerts().switches(one.rule);
    if (!others) return others.error();
    for (const store::RuleSwitch& other : others.value()) {
      if (other.site != one.site || other.state == alert::Switch::snoozed) continue;
      return Error{"an administrator has switched this rule here ('" + std::string(alert::switch_name(other.state)) +
                       "'): take that back first, or snooze its alerts one by one",
                   ErrorKind::exists};
    }
  }
  store::RuleSwitch stored = one;
  if (stored.state != alert::Switch::snoozed) stored.until = 0;
  if (auto put = stores.alerts().put_switch(stored); !put) return put.error();
  return follow_switch(stores, stored, now);
}

Result<std::vector<Tell>> clear_switch(store::Stores& stores, std::string_view rule, std::string_view site,
                                       std::string_view actor, std::int64_t now) {
  auto removed = stores.alerts().remove_switch(rule, site);
  if (!removed) return removed.error();
  if (!removed.value()) return Error{"there is no such switch", ErrorKind::not_found};
  store::RuleSwitch none;
  none.rule = rule;
  none.site = site;
  none.state = alert::Switch::on;
  none.by = actor;
  return follow_switch(stores, none, now);
}

Result<std::uint64_t> tick_all(store::Store& store, std::int64_t now, const Telling& telling) {
  std::uint64_t told = 0;
  bool more = true;
  for (int round = 0; more && round < kRoundsMost; ++round) {
    auto due = is_due(store.reading(), now);
    if (!due) return due.error();
    if (!due.value()) return told;
    auto transaction = store.begin();
    if (!transaction) return transaction.error();
    auto ticked = tick(*transaction.value(), now);
    if (!ticked) return ticked.error();
    if (telling && !ticked->tells.empty()) {
      if (auto done = telling(*transaction.value(), ticked->tells); !done) return done.error();
    }
    if (auto done = transaction.value()->commit(); !done) return done.error();
    told += ticked->tells.size();
    more = ticked->more;
  }
  return told;
}

}  // namespace logystera::processor
