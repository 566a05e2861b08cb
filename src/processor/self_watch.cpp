#include "processor/self_watch.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "alert/gateway.hpp"
#include "alert/identity.hpp"
#include "core/hmac.hpp"
#include "store/text.hpp"

namespace logystera::processor {
namespace {

namespace gateway = alert::gateway;

constexpr std::size_t kWordsBytes = 400, kGroupBytes = 16, kOpenMost = 500;
constexpr std::uint64_t kCriticalShare = 10;  // a tenth of what is low is critical

std::string short_of(std::string words) {
  if (words.size() > kWordsBytes) words.resize(kWordsBytes);
  return store::storable(words);
}

std::string group_of(const std::string& key) {
  if (key.empty()) return {};
  Sha256 hash;
  hash.update("gateway/group/v1:");
  hash.update(key);
  return std::string(bytes_of(hash.finish()).substr(0, kGroupBytes));
}

std::string bytes_words(std::uint64_t bytes) {
  constexpr std::uint64_t kMiB = 1 << 20, kGiB = 1 << 30;
  if (bytes >= 10 * kGiB) return fmt::format("{} GiB", bytes / kGiB);
  if (bytes >= kMiB) return fmt::format("{} MiB", bytes / kMiB);
  return fmt::format("{} bytes", bytes);
}

std::string count_words(std::uint64_t count, std::string_view one, std::string_view more) {
  return fmt::format("{} {}", count, count == 1 ? one : more);
}

/// What a sign asks of the alert there is. Of an alert of the future (the clock has gone back since), what happens now is news; but for
/// ranges that were not evaluated, which are seen again in each round.
bool asks(const Sign& sign, const std::optional<alert::Alert>& current, std::int64_t now) {
  const alert::GatewayRule* const rule = alert::gateway_rule(sign.rule);
  if (!rule) return false;
  if (rule->kind == alert::Kind::episode)
    return !current || current->last_time < sign.at || (current->last_time > now && sign.rule != gateway::kUnevaluated);
  return !current || !current->open() || current->cleared_at != 0 || current->level < sign.level;
}

alert::Hit hit_of(const Sign& sign, const alert::GatewayRule& rule, std::int64_t now) {
  alert::Hit hit;
  hit.rule = sign.rule;
  hit.title = rule.title;
  hit.level = sign.level;
  hit.group = group_of(sign.key);
  hit.group_label = sign.label;
  hit.first_time = hit.last_time = sign.at != 0 ? sign.at : now;
  hit.hits = sign.hits;
  hit.extends = true;  // no finding stands behind it
  hit.tags = {"gateway"};
  return hit;
}

/// Alerts of conditions that are open and hold no longer.
Result<std::vector<alert::Hit>> over(store::Stores& stores, std::span<const Sign> signs) {
  std::set<std::pair<std::string, std::string>> held;
  for (const Sign& sign : signs) held.emplace(sign.rule, group_of(sign.key));
  std::vector<alert::Hit> hits;
  for (const alert::GatewayRule& rule : alert::gateway_rules()) {
    if (rule.kind != alert::Kind::condition) continue;
    auto open = stores.alerts().open_of(rule.id, "", kOpenMost);
    if (!open) return open.error();
    for (const alert::Alert& one : open.value()) {
      if (one.cleared_at != 0 || held.contains({one.rule, one.group})) continue;
      alert::Hit& hit = hits.emplace_back();
      hit.rule = one.rule;
      hit.group = one.group;
      hit.clears = true;
    }
  }
  return hits;
}

struct Due {
  std::vector<alert::Hit> hits;
  std::vector<std::string> words;  // of each
};

Result<Due> due_of(store::Stores& stores, std::span<const Sign> signs, const HmacKey& identity, std::int64_t now) {
  Due due;
  for (const Sign& sign : signs) {
    const alert::GatewayRule* const rule = alert::gateway_rule(sign.rule);
    if (!rule) continue;
    auto current = stores.alerts().current(alert::identity(identity, sign.rule, "", group_of(sign.key)));
    if (!current) return current.error();
    if (!asks(sign, current.value(), now)) continue;
    due.hits.push_back(hit_of(sign, *rule, now));
    due.words.push_back(sign.words);
  }
  auto cleared = over(stores, signs);
  if (!cleared) return cleared.error();
  for (alert::Hit& hit : cleared.value()) {
    due.hits.push_back(std::move(hit));
    due.words.emplace_back();
  }
  return due;
}

}  // namespace

void SelfWatch::holds(const Vitals& vitals, std::string_view rule, std::string words, std::string key, std::string label,
                      std::optional<Level> level) {
  const alert::GatewayRule* const known = alert::gateway_rule(rule);
  Sign sign{std::string(rule), level.value_or(known ? known->level : Level::medium), std::move(key), std::move(label),
            short_of(std::move(words))};
  held_[sign.rule + '\n' + sign.key] = {sign, vitals.elapsed};
}

void SelfWatch::happened(std::string_view rule, std::int64_t at, std::uint64_t hits, std::string words, std::string key,
                         std::string label) {
  // What could not be recorded, since nothing could be written, waits: once for each thing, however often it happens.
  for (Sign& waiting : events_) {
    if (waiting.rule != rule || waiting.key != key) continue;
    if (waiting.at == at) return;
    waiting.hits += hits;
    waiting.at = at;
    waiting.words = short_of(std::move(words));
    return;
  }
  const alert::GatewayRule* const known = alert::gateway_rule(rule);
  events_.push_back({std::string(rule), known ? known->level : Level::medium, std::move(key), std::move(label),
                     short_of(std::move(words)), hits, at});
}

void SelfWatch::look_at_detection(const Vitals& vitals) {
  const bool behind =
      vitals.detects && limits_.lag_seconds > 0 && (!vitals.problem.empty() || vitals.lag_seconds > limits_.lag_seconds);
  if (!behind) behind_since_.reset();
  else if (!behind_since_) behind_since_ = vitals.elapsed;
  if (behind) {
    // One that stands still has waited for nothing yet where nothing has come.
    const std::int64_t wait = vitals.lag_seconds > limits_.lag_seconds ? kSustainedSeconds : limits_.lag_seconds;
    if (vitals.elapsed - *behind_since_ >= wait)
      holds(vitals, gateway::kLag,
            vitals.problem.empty() ? fmt::format("{} s behind", vitals.lag_seconds)
                                   : fmt::format("it stands still: {}", vitals.problem));
  }
  if (before_ && vitals.overflows > before_->overflows) {
    const std::uint64_t more = vitals.overflows - before_->overflows;
    happened(gateway::kOverflow, vitals.now, more, count_words(more, "batch", "batches") + " had to be read back");
  }
  if (before_ && vitals.forgotten > before_->forgotten) {
    const std::uint64_t more = vitals.forgotten - before_->forgotten;
    happened(gateway::kForgotten, vitals.now, more, count_words(more, "group was", "groups were") + " forgotten");
  }
  std::set<std::string> sites;
  for (const store::Unevaluated& range : vitals.unevaluated) {
    constexpr std::int64_t kTold = 24 * 3600;
    if (range.at < vitals.now - kTold || range.at > vitals.now || !sites.insert(range.site).second) continue;
    const auto name = vitals.site_names.find(range.site);
    happened(gateway::kUnevaluated, range.at, 1,
             fmt::format("{}: {}", count_words(range.events, "late event", "late events"), range.reason), range.site,
             name == vitals.site_names.end() ? range.site : name->second);
  }
  for (const auto& [site, words] : vitals.damaged_settings) {
    const auto name = vitals.site_names.find(site);
    holds(vitals, gateway::kSettings, words, site, name == vitals.site_names.end() ? site : name->second);
  }
  if (!vitals.no_rules.empty()) holds(vitals, gateway::kRules, vitals.no_rules, {}, {}, Level::high);
  else if (!vitals.reload_refused.empty()) holds(vitals, gateway::kRules, "those before stay: " + vitals.reload_refused);
  else if (vitals.rules_refused > 0)
    holds(vitals, gateway::kRules,
          fmt::format("{} not run; the first: {}", count_words(vitals.rules_refused, "document does", "documents do"),
                      vitals.first_refused),
          {}, {}, Level::low);
}

void SelfWatch::look_at_messages(const Vitals& vitals) {
  for (const Vitals::Channel& channel : vitals.channels) {
    const std::string key = std::to_string(channel.id);
    const std::int64_t waited = channel.oldest_waiting == 0 ? 0 : vitals.now - channel.oldest_waiting;
    if (channel.waiting > 0 && limits_.outbox_seconds > 0 && waited > limits_.outbox_seconds)
      holds(vitals, gateway::kOutbox,
            fmt::format("{}, the oldest for {}", count_words(channel.waiting, "message waits", "messages wait"),
                        alert::span_words(waited)),
            key, channel.name);
    if (channel.dead > 0)
      holds(vitals, gateway::kDead, count_words(channel.dead, "message was", "messages were") + " given up", key,
            channel.name);
    if (limits_.channel_seconds <= 0) continue;
    const std::int64_t success = std::max(channel.last_sent_at, channel.created_at);
    if (!channel.enabled && !channel.off_reason.empty())
      holds(vitals, gateway::kChannel, "it was switched off: " + channel.off_reason, key, channel.name);
    else if (channel.enabled && channel.waiting > 0 && waited > 0 && vitals.now - success > limits_.channel_seconds)
      holds(vitals, gateway::kChannel, fmt::format("nothing was delivered for {}", alert::span_words(vitals.now - success)),
            key, channel.name);
  }
  if (vitals.untold > 0)
    holds(vitals, gateway::kUntold,
          fmt::format("{}: {}", count_words(vitals.untold, "happening waits", "happenings wait"), vitals.untold_reason));
}

void SelfWatch::look_at_storage(const Vitals& vitals) {
  if (vitals.disk && vitals.disk->size > 0) {
    const std::uint64_t free = vitals.disk->free, size = vitals.disk->size;
    // By whichever is reached first; a tenth of it is critical.
    const std::uint64_t low =
        std::max(static_cast<std::uint64_t>(std::max<std::int64_t>(limits_.disk_free_bytes, 0)),
                 size / 100 * static_cast<std::uint64_t>(std::max<std::int64_t>(limits_.disk_free_percent, 0)));
    if (free < low)
      holds(vitals, gateway::kDisk, fmt::format("{} of {} are free", bytes_words(free), bytes_words(size)), {}, {},
            free < low / kCriticalShare ? Level::critical : Level::high);
  }
  if (!vitals.removal_problem.empty()) holds(vitals, gateway::kDatabase, vitals.removal_problem);
  if (before_ && vitals.store_failures > before_->store_failures) {
    const std::uint64_t more = vitals.store_failures - before_->store_failures;
    happened(gateway::kStore, vitals.now, more, count_words(more, "batch was", "batches were") + " answered 503");
  }
}

void SelfWatch::look_at_clocks(const Vitals& vitals) {
  for (const Vitals::SiteClock& clock : vitals.clocks) {
    if (limits_.site_clock_seconds <= 0) break;
    const std::int64_t off = clock.ahead < 0 ? -std::max(clock.ahead, -INT64_MAX) : clock.ahead;
    if (!clock.refused && off <= limits_.site_clock_seconds) continue;
    holds(vitals, gateway::kSiteClock,
          fmt::format("{} {}{}", alert::span_words(off), clock.ahead < 0 ? "behind" : "ahead",
                      clock.refused ? ": its batches are refused" : ""),
          clock.site, clock.name);
  }
  if (!before_ || limits_.clock_jump_seconds <= 0) return;
  const std::int64_t jump = (vitals.now - before_->now) - (vitals.elapsed - before_->elapsed);
  if (jump > limits_.clock_jump_seconds || jump < -limits_.clock_jump_seconds)
    happened(gateway::kClock, vitals.now, 1,
             fmt::format("by {} {}", alert::span_words(jump < 0 ? -jump : jump), jump < 0 ? "back" : "ahead"));
}

std::vector<Sign> SelfWatch::look(const Vitals& vitals) {
  look_at_detection(vitals);
  look_at_messages(vitals);
  look_at_storage(vitals);
  look_at_clocks(vitals);
  std::erase_if(held_, [&](const auto& one) { return vitals.elapsed - one.second.seen >= kHeldSeconds; });
  std::vector<Sign> signs;
  for (const auto& [key, held] : held_) signs.push_back(held.sign);
  signs.insert(signs.end(), events_.begin(), events_.end());
  before_ = vitals;
  return signs;
}

Result<bool> has_news(store::Stores& stores, std::span<const Sign> signs, const HmacKey& identity, std::int64_t now) {
  auto due = due_of(stores, signs, identity, now);
  if (!due) return due.error();
  return !due->hits.empty();
}

Result<std::vector<alert::Tell>> record(store::Stores& stores, std::span<const Sign> signs, const HmacKey& identity,
                                        std::int64_t now) {
  auto due = due_of(stores, signs, identity, now);
  if (!due) return due.error();
  const Raising raising{identity, [](std::string_view id) {
                          const alert::GatewayRule* const rule = alert::gateway_rule(id);
                          return rule ? alert::policy_of(*rule) : alert::Policy{};
                        }};
  std::vector<alert::Tell> tells;
  for (std::size_t i = 0; i < due->hits.size(); ++i) {
    const alert::Hit& hit = due->hits[i];
    const alert::Key key = alert::identity(identity, hit.rule, "", hit.group);
    auto before = stores.alerts().current(key);
    if (!before) return before.error();
    auto told = raise(stores, {&hit, 1}, raising, now);
    if (!told) return told.error();
    auto after = stores.alerts().current(key);
    if (!after) return after.error();
    const bool began = after.value() && after.value()->open() && !hit.clears &&
                       (!before.value() || !before.value()->open() || before.value()->cleared_at != 0 ||
                        before.value()->level < after.value()->level);
    // The figures stand in the activity and in messages.
    if (began && !due->words[i].empty()) {
      alert::LogRow row;
      row.alert = after.value()->id;
      row.at = now;
      row.actor = "gateway";
      row.what = "measured";
      row.note = due->words[i];
      if (auto logged = stores.alerts().log(row); !logged) return logged.error();
    }
    for (alert::Tell& tell : told.value()) {
      if (tell.note.empty() && tell.kind <= alert::Tell::repeated) tell.note = due->words[i];
      tells.push_back(std::move(tell));
    }
  }
  return tells;
}

}  // namespace logystera::processor
