#include "store/episode.hpp"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "core/clock.hpp"

namespace logystera::store {
namespace {

constexpr char kSeparator = '\0';

std::string key_of(const Finding& finding) {
  std::string key = finding.rule;
  key += kSeparator;
  key += finding.site;
  key += kSeparator;
  if (!finding.who.address.empty()) key += 'a' + finding.who.address;
  else if (!finding.who.account.empty()) key += 'u' + finding.who.account;
  else key += 's' + finding.source;
  // An episode of a site's signals is one by its group.
  if (!finding.group.empty()) key += kSeparator + finding.group;
  return key;
}

std::uint64_t hash_of(std::string_view text) noexcept { return std::hash<std::string_view>{}(text); }

}  // namespace

int reach(Who::Outcome outcome) noexcept {
  switch (outcome) {
    case Who::Outcome::unknown: return 0;
    case Who::Outcome::not_found:
    case Who::Outcome::login_failed: return 1;
    case Who::Outcome::refused: return 2;
    case Who::Outcome::failed: return 3;
    case Who::Outcome::redirected: return 4;
    case Who::Outcome::answered: return 5;
    case Who::Outcome::logged_in: return 6;
  }
  return 0;
}

// The episode it continues; logs are mostly in order, so the newest is looked at first.
std::size_t* Episodes::place_of(std::vector<std::size_t>& places, std::int64_t first, std::int64_t last, bool time_known) {
  for (std::size_t n = places.size(); n-- > 0;) {
    std::size_t& place = places[n];
    const Episode& one = open_[place].episode;
    if (one.time_known != time_known) continue;
    if (!time_known) return &place;
    if (first - one.last_time > kEpisodeGapSeconds || one.first_time - last > kEpisodeGapSeconds) continue;
    if (std::max(last, one.last_time) - std::min(first, one.first_time) > kEpisodeSeconds) continue;
    return &place;
  }
  return nullptr;
}

void Episodes::remember(std::unordered_set<std::uint64_t>& values, std::string_view text) {
  if (text.empty() || remembered_ == kRememberedMost) return;
  remembered_ += values.insert(hash_of(text)).second;
}

void Episodes::add(const Finding& finding, bool time_known) { take_in(finding, time_known); }

void Episodes::add_probe(Finding finding, bool time_known) {
  const std::string kind = std::exchange(finding.rule, std::string(kScannerRule));
  finding.title = kScannerTitle;
  if (Open* const open = take_in(finding, time_known)) remember(open->rules, kind);
}

Episodes::Open* Episodes::take_in(const Finding& finding, bool time_known) {
  const std::int64_t last = time_known ? finding.time : 0;
  const std::int64_t first = time_known && finding.first_time != 0 ? std::min(finding.first_time, last) : last;
  std::string key = key_of(finding);
  const auto known = by_key_.find(key);
  const std::size_t* place = known == by_key_.end() ? nullptr : place_of(known->second, first, last, time_known);
  if (!place) {
    if (open_.size() == kEpisodesMost) {
      ++left_out_;
      return nullptr;
    }
    std::vector<std::size_t>& places = known == by_key_.end() ? by_key_[std::move(key)] : known->second;
    Open& made = open_.emplace_back();
    made.episode.rule = finding.rule;
    made.episode.level = finding.level;
    made.episode.site = finding.site;
    made.episode.time_known = time_known;
    made.episode.first_time = first;
    made.episode.last_time = last;
    places.push_back(open_.size() - 1);
    place = &places.back();
  }
  const std::size_t at = *place;
  Open& open = open_[at];
  Episode& episode = open.episode;
  ++episode.findings;
  episode.hits += finding.hits;
  episode.level = std::max(episode.level, finding.level);
  episode.first_time = std::min(episode.first_time, first);
  episode.last_time = std::max(episode.last_time, last);
  const bool further = reach(finding.who.outcome) > reach(episode.who.outcome);
  const Who::Outcome outcome = further ? finding.who.outcome : episode.who.outcome;
  const int status = further ? finding.who.status : episode.who.status;
  if (last >= open.newest) {
    open.newest = last;
    episode.title = finding.title;
    episode.who = finding.who;
    episode.source = finding.source;
    episode.line = finding.line;
    episode.message = finding.message;
  }
  episode.who.outcome = outcome;
  episode.who.status = status;
  remember(open.targets, finding.who.target);
  remember(open.accounts, finding.who.account);
  if (finding.who.address.empty() || !time_known) return &open;
  if (finding.who.outcome == Who::Outcome::login_failed) {
    if (!open.login_failed) {
      open.login_failed = true;
      open.fired = last;
      open.fired_of = finding.hits;
    }
    by_address_[finding.who.address].open = at;
  }
  if (finding.who.outcome == Who::Outcome::logged_in) add_login(finding.who.address, last);
  return &open;
}

void Episodes::add_login(std::string_view address, std::int64_t time) {
  if (logins_ == kLoginsMost) return;
  const auto found = by_address_.find(std::string(address));
  if (found == by_address_.end()) return;
  ++logins_;
  found->second.logins.push_back(time);
}

void Episodes::add_attempts(std::string_view address, std::int64_t time, std::uint64_t count) {
  const auto found = by_address_.find(std::string(address));
  if (found == by_address_.end()) return;
  Open& open = open_[found->second.open];
  Episode& episode = open.episode;
  // What came up to there is in the finding's own count.
  if (time <= open.fired || time - episode.last_time > kEpisodeGapSeconds || time - episode.first_time > kEpisodeSeconds)
    return;
  open.attempts += count;
  episode.last_time = std::max(episode.last_time, time);
}

std::vector<Episode> Episodes::take() {
  std::vector<Episode> all;
  all.reserve(open_.size());
  for (Open& open : open_) {
    Episode& episode = open.episode;
    episode.targets = open.targets.size();
    episode.accounts = open.accounts.size();
    if (!open.rules.empty()) episode.rules = open.rules.size();
    episode.hits = std::max(episode.hits, open.fired_of + open.attempts);
    if (open.login_failed) {
      const std::vector<std::int64_t>& logins = by_address_[episode.who.address].logins;
      episode.logged_in_afterwards = std::any_of(logins.begin(), logins.end(), [&](std::int64_t time) {
        return time >= episode.first_time && time <= episode.last_time + kEpisodeSeconds;
      });
    }
    all.push_back(std::move(episode));
  }
  std::stable_sort(all.begin(), all.end(), [](const Episode& a, const Episode& b) {
    const auto rank = [](const Episode& one) {
      return std::tuple(one.level, one.logged_in_afterwards, reach(one.who.outcome), one.last_time);
    };
    return rank(a) > rank(b);
  });
  *this = Episodes();
  return all;
}

std::string outcome_words(const Episode& episode) {
  const bool failed = reach(episode.who.outcome) < reach(Who::Outcome::logged_in);
  return episode.logged_in_afterwards && failed ? "logged in afterwards" : outcome_words(episode.who);
}

void append_episode(JsonText& json, const Episode& episode) {
  const auto time = [&](std::string_view name, std::int64_t seconds) {
    json.key(name);
    if (!episode.time_known || seconds <= 0 || seconds > INT64_MAX / kSecondNs) json.null();
    else json.string(rfc3339(seconds * kSecondNs));
  };
  json.begin_object().member("rule", episode.rule).member("title", episode.title);
  json.member("severity", level_name(episode.level));
  append_who(json, episode.who);
  json.key("logged_in_afterwards").boolean(episode.logged_in_afterwards);
  json.count("findings", episode.findings).count("hits", episode.hits);
  time("first_timestamp", episode.first_time);
  time("last_timestamp", episode.last_time);
  json.count("targets", episode.targets)
      .count("accounts", episode.accounts)
      .count("rules", episode.rules)
      .member("source", episode.source);
  json.count("line", episode.line).member("message", episode.message).end_object();
}

}  // namespace logystera::store
