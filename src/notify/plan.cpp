#include "notify/plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace logystera::notify {
namespace {

using store::OutboxGroup;
using store::OutboxRow;
using store::OutboxState;

constexpr int kMorning = 8 * 60;

bool is_opening(News::Kind kind) { return kind == News::Kind::opened || kind == News::Kind::reopened; }

bool untried(const OutboxRow& row) { return row.state == OutboxState::queued && row.batch == 0; }

// When and with what a message goes.
struct Slot {
  std::string bundle;
  std::int64_t at = 0;
};

class Planner {
 public:
  Planner(const News& news, const std::vector<Route>& routes, const std::vector<Addressee>& addressees, Past& past,
          std::int64_t now)
      : news_(news), routes_(routes), addressees_(addressees), past_(past), now_(now), body_(to_json(news)) {}

  Plan made() {
    if (news_.kind == News::Kind::resolved) resolve();
    else route();
    return std::move(plan_);
  }

 private:
  void route();
  void resolve();
  void tell(const Route& route, const Addressee& addressee);
  void escalate(const Route& route);
  Slot slot(const Route& route, const Addressee& addressee, const std::string& target);
  Slot at_once(const Addressee& addressee, const OutboxGroup& group);
  bool storms(const Route& route);
  const Addressee* find(std::int64_t id) const;
  OutboxRow row(const std::string& route, const Addressee& addressee, const std::string& target, const Slot& slot) const;
  void rewrite(const OutboxRow& row, const Slot& slot);

  const News& news_;
  const std::vector<Route>& routes_;
  const std::vector<Addressee>& addressees_;
  Past& past_;
  const std::int64_t now_;
  const std::string body_;
  std::map<std::string, bool> storms_;  // by route
  Plan plan_;
};

const Addressee* Planner::find(std::int64_t id) const {
  const auto found =
      std::find_if(addressees_.begin(), addressees_.end(), [id](const Addressee& one) { return one.id == id; });
  return found == addressees_.end() ? nullptr : &*found;
}

OutboxRow Planner::row(const std::string& route, const Addressee& addressee, const std::string& target,
                       const Slot& slot) const {
  OutboxRow made;
  made.channel = addressee.id;
  made.target = target;
  made.alert = news_.alert;
  made.site = news_.site;
  made.route = route;
  made.kind = kind_name(news_.kind);
  made.bundle = slot.bundle;
  made.dedupe = fmt::format("{}:{}:{}:{}:{}", news_.alert, made.kind, news_.number, addressee.id, target);
  made.body = body_;
  made.next_at = slot.at;
  made.created_at = now_;
  return made;
}

// What has not gone yet says what is so now, and goes when the more urgent of both would.
void Planner::rewrite(const OutboxRow& row, const Slot& slot) {
  OutboxRow changed = row;
  News news = news_;
  if (auto before = news_from(row.body)) {
    if (is_opening(before->kind)) news.kind = before->kind;
    if (news.opened_at == 0) news.opened_at = before->opened_at;
    news.new_hits = std::max(news.new_hits, before->new_hits);
    if (news.note.empty()) news.note = before->note;
    if (news.meaning.empty()) news.meaning = before->meaning;
    if (news.remedy.empty()) news.remedy = before->remedy;
    if (news.tags.empty()) news.tags = before->tags;
  }
  changed.body = to_json(news);
  if (slot.at < row.next_at) {
    changed.bundle = slot.bundle;
    changed.next_at = slot.at;
  }
  plan_.rewrite.push_back(std::move(changed));
}

bool Planner::storms(const Route& route) {
  const auto known = storms_.find(route.name);
  if (known != storms_.end()) return known->second;
  bool storm = past_.openings(route.name, now_ - kStormSeconds + 1) >= kStormOpenings;
  if (!storm) {
    const std::int64_t last = past_.last_storm(route.name);
    storm = last > 0 && last <= now_ && now_ - last < kCalmSeconds &&
            past_.openings(route.name, now_ - kCalmSeconds + 1) >= kCalmOpenings;
  }
  return storms_.emplace(route.name, storm).first->second;
}

Slot Planner::at_once(const Addressee& addressee, const OutboxGroup& group) {
  if (addressee.kind == ChannelKind::webhook) return {"", now_};
  if (news_.level >= Level::critical) return {"", now_ + kCriticalWait};
  const store::OutboxGroupState state = past_.group(group);
  std::int64_t at = now_ + kWait;
  // A clock that was set back: what was sent in the future says nothing.
  if (state.last_sent_at > 0 && state.last_sent_at <= now_) at = std::max(at, state.last_sent_at + kApart);
  if (state.waiting_until > now_) at = std::min(at, state.waiting_until);
  return {"", at};
}

Slot Planner::slot(const Route& route, const Addressee& addressee, const std::string& target) {
  if (news_.kind == News::Kind::late)
    return {std::string(kDigestBundle), next_time(*route.clock(), route.digest.value_or(kMorning), now_)};
  if (route.digest) return {std::string(kDigestBundle), next_time(*route.clock(), *route.digest, now_)};
  if (const auto over = route.quiet_until(news_.level, now_)) return {std::string(kDigestBundle), *over};
  const OutboxGroup group{addressee.id, target, news_.site};
  if (!is_opening(news_.kind) || addressee.kind == ChannelKind::webhook || !storms(route)) return at_once(addressee, group);
  const store::OutboxGroupState state = past_.group(group);
  if (state.storm_until > 0) return {std::string(kStormBundle), state.storm_until};
  if (state.storm_sent_at > 0 && state.storm_sent_at <= now_ && now_ - state.storm_sent_at < kStormApart)
    return {std::string(kStormBundle), state.storm_sent_at + kStormApart};
  const std::int64_t at = now_ + (news_.level >= Level::critical ? kCriticalWait : kWait);
  plan_.storms.emplace_back(group, at);
  return {std::string(kStormBundle), at};
}

void Planner::tell(const Route& route, const Addressee& addressee) {
  for (const std::string& target : addressee.targets) {
    const Slot when = slot(route, addressee, target);
    const auto& rows = past_.of_alert();
    const auto waiting = std::find_if(rows.begin(), rows.end(), [&](const OutboxRow& row) {
      return untried(row) && row.channel == addressee.id && row.target == target && row.bundle != kEscalationBundle &&
             row.kind != "resolved";
    });
    if (waiting != rows.end() && addressee.kind != ChannelKind::webhook) rewrite(*waiting, when);
    else plan_.add.push_back(row(route.name, addressee, target, when));
  }
}

void Planner::escalate(const Route& route) {
  const auto& rows = past_.of_alert();
  const bool planned = std::any_of(rows.begin(), rows.end(), [&](const OutboxRow& row) {
    return untried(row) && row.bundle == kEscalationBundle && row.route == route.name;
  });
  if (planned) return;
  News later = news_;
  later.kind = News::Kind::escalated;
  for (std::size_t i = 0; i < route.steps.size(); ++i) {
    const Step& step = route.steps[i];
    std::int64_t at = now_ + step.after_minutes * 60;
    if (const auto over = route.quiet_until(news_.level, at)) at = *over;
    for (const std::int64_t id : step.channels) {
      const Addressee* addressee = find(id);
      if (!addressee) continue;
      for (const std::string& target : addressee->targets) {
        OutboxRow made = row(route.name, *addressee, target, {std::string(kEscalationBundle), at});
        made.kind = kind_name(later.kind);
        made.dedupe = fmt::format("{}:escalated:{}:{}:{}:{}:{}", news_.alert, news_.number, i + 1, id, target, route.name);
        made.body = to_json(later);
        plan_.add.push_back(std::move(made));
      }
    }
  }
}

void Planner::route() {
  std::set<std::int64_t> told;
  for (const Route& route : routes_) {
    if (!route.matches(news_)) continue;
    for (const Addressee& addressee : addressees_) {
      const bool named = route.every_channel ||
                         std::find(route.channels.begin(), route.channels.end(), addressee.id) != route.channels.end();
      if (named && told.insert(addressee.id).second) tell(route, addressee);
    }
    // A snooze has withdrawn the steps, and an alert somebody has acknowledged needs none.
    const bool wakes = news_.kind == News::Kind::snooze_ended && news_.state == "firing";
    const bool can_escalate = is_opening(news_.kind) || news_.kind == News::Kind::level_rose || wakes;
    if (can_escalate) escalate(route);
    if (!route.go_on) return;
  }
}

void Planner::resolve() {
  struct Told {
    const OutboxRow* waits = nullptr;  // not tried yet
    const OutboxRow* first = nullptr;  // arrived, or still may
  };
  std::map<std::pair<std::int64_t, std::string>, Told> all;
  for (const OutboxRow& row : past_.of_alert()) {
    Told& one = all[{row.channel, row.target}];
    const bool later = row.bundle == kEscalationBundle || row.kind == "repeated";
    if (untried(row) && !later) one.waits = &row;
    else if (!untried(row) && row.state != OutboxState::dead && row.state != OutboxState::discarded && !one.first)
      one.first = &row;
  }
  for (const auto& [key, told] : all) {
    const Addressee* addressee = find(key.first);
    if (!addressee ||
        std::find(addressee->targets.begin(), addressee->targets.end(), key.second) == addressee->targets.end())
      continue;
    if (told.waits && addressee->kind != ChannelKind::webhook) {
      rewrite(*told.waits, {told.waits->bundle, told.waits->next_at});
      continue;
    }
    const OutboxRow* before = told.first ? told.first : told.waits;
    if (!before) continue;
    const auto route =
        std::find_if(routes_.begin(), routes_.end(), [&](const Route& one) { return one.name == before->route; });
    if (!news_.condition && addressee->kind != ChannelKind::webhook && (route == routes_.end() || !route->resolved))
      continue;
    Slot when = at_once(*addressee, {addressee->id, key.second, news_.site});
    if (route != routes_.end() && route->digest)
      when = {std::string(kDigestBundle), next_time(*route->clock(), *route->digest, now_)};
    else if (route != routes_.end())
      if (const auto over = route->quiet_until(news_.level, now_)) when = {std::string(kDigestBundle), *over};
    plan_.add.push_back(row(before->route, *addressee, key.second, when));
  }
}

// What the store knows of it. The first thing that cannot be read is the error of all.
class StoredPast final : public Past {
 public:
  StoredPast(store::OutboxStore& outbox, std::int64_t alert) : outbox_(outbox) {
    if (alert != 0) keep(outbox_.of_alert(alert), rows_);
  }
  const std::vector<OutboxRow>& of_alert() override { return rows_; }
  store::OutboxGroupState group(const OutboxGroup& group) override {
    store::OutboxGroupState state;
    keep(outbox_.group(group), state);
    return state;
  }
  std::uint64_t openings(const std::string& route, std::int64_t since) override {
    std::uint64_t count = 0;
    keep(outbox_.openings(route, since), count);
    return count;
  }
  std::int64_t last_storm(const std::string& route) override {
    std::int64_t at = 0;
    keep(outbox_.last_storm(route), at);
    return at;
  }
  const std::optional<Error>& error() const noexcept { return error_; }

 private:
  template <typename T>
  void keep(Result<T> result, T& into) {
    if (result) into = std::move(result).value();
    else if (!error_) error_ = result.error();
  }
  store::OutboxStore& outbox_;
  std::vector<OutboxRow> rows_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<Addressee>> addressees(const std::vector<store::Channel>& channels) {
  std::vector<Addressee> all;
  for (const store::Channel& channel : channels) {
    if (!channel.enabled && channel.off_reason.empty()) continue;
    auto options = options_of(channel);
    if (!options) return options.error();
    Addressee one{channel.id, options->kind, {}};
    if (options->kind != ChannelKind::email) one.targets.emplace_back();
    for (const Receiver& receiver : options->receivers)
      if (receiver.off.empty()) one.targets.push_back(receiver.address);
    if (!one.targets.empty()) all.push_back(std::move(one));
  }
  return all;
}

Result<bool> give_up_gone(store::Store& store, std::int64_t channel, const ChannelOptions& options, std::string_view target,
                          std::int64_t now) {
  constexpr std::size_t kAtOnce = 500;
  const auto& all = options.receivers;
  const auto receiver = std::find_if(all.begin(), all.end(), [&](const Receiver& one) { return one.address == target; });
  const bool there = receiver != all.end();
  if (there && receiver->off.empty()) return false;
  const std::string why = there ? "this receiver is off: " + receiver->off : "the channel has no such receiver any more";
  auto transaction = store.begin();
  if (!transaction) return transaction.error();
  store::OutboxStore& outbox = transaction.value()->outbox();
  for (;;) {
    auto batch = outbox.take(channel, target, now, kAtOnce);
    if (!batch) return batch.error();
    if (!batch.value()) break;
    if (auto buried = outbox.bury(batch.value()->number, why); !buried) return buried.error();
    if (there) continue;  // a person may put it right, and try again
    if (auto gone = outbox.discard(batch.value()->rows.front().id, why); !gone) return gone.error();
  }
  if (auto done = transaction.value()->commit(); !done) return done.error();
  return true;
}

Plan plan(const News& news, const std::vector<Route>& routes, const std::vector<Addressee>& addressees, Past& past,
          std::int64_t now) {
  return Planner(news, routes, addressees, past, now).made();
}

Result<std::size_t> tell(store::Stores& stores, const News& news, std::int64_t now) {
  auto channels = stores.channels().list();
  if (!channels) return channels.error();
  auto all = addressees(channels.value());
  if (!all) return all.error();
  if (all->empty()) return std::size_t{0};
  auto routes = load_routes(stores.routes());
  if (!routes) return routes.error();
  store::OutboxStore& outbox = stores.outbox();
  // Where such a message alone was on its way, nobody has heard of the alert.
  if (news.kind == News::Kind::resolved)
    if (auto gone = outbox.withdraw(news.alert, {"escalated", "repeated"}, "the alert is resolved"); !gone)
      return gone.error();
  StoredPast past(outbox, news.alert);
  const Plan made = plan(news, routes.value(), all.value(), past, now);
  if (past.error()) return *past.error();
  std::size_t count = 0;
  for (const auto& [group, at] : made.storms)
    if (auto done = outbox.fold_into_storm(group, at); !done) return done.error();
  for (const OutboxRow& row : made.rewrite) {
    auto changed = outbox.rewrite(row);
    if (!changed) return changed.error();
    count += changed.value();
  }
  for (const OutboxRow& row : made.add) {
    auto added = outbox.add(row);
    if (!added) return added.error();
    count += added.value();
  }
  return count;
}

Result<std::uint64_t> hush(store::Stores& stores, std::int64_t alert, std::string_view reason, bool all) {
  return stores.outbox().withdraw(
      alert, all ? std::vector<std::string>() : std::vector<std::string>{"escalated", "repeated"}, reason);
}

}  // namespace logystera::notify
