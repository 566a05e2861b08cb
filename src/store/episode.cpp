#include "store/episode.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace logystera::store {
namespace {

constexpr char kSeparator = '\0';

std::uint64_t hash_of(std::string_view text) noexcept { return std::hash<std::string_view>{}(text); }

std::string actor_key(const Finding& finding, bool time_known) {
  std::string key = finding.rule;
  key += kSeparator;
  key += finding.site;
  key += kSeparator;
  if (!finding.who.address.empty()) key += 'a' + finding.who.address;
  else if (!finding.who.account.empty()) key += 'u' + finding.who.account;
  else key += 's' + finding.source;
  // An episode of a site's signals is one by its group.
  if (!finding.group.empty()) key += kSeparator + finding.group;
  // Those without a time are one.
  if (!time_known) key += kSeparator;
  return key;
}

bool is_near(const Episode& one, std::int64_t first, std::int64_t last) noexcept {
  if (first - one.last_time > kEpisodeGapSeconds || one.first_time - last > kEpisodeGapSeconds) return false;
  return std::max(last, one.last_time) - std::min(first, one.first_time) <= kEpisodeSeconds;
}

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

// Of the episodes it may continue the one that begins last. None that begins longer before its end than an episode goes on can be it, and
// where very many overlap the latest are looked at.
std::size_t Episodes::place_of(const Places& places, std::int64_t first, std::int64_t last) const {
  constexpr int kOverlappingMost = 256;
  auto place = places.upper_bound({last + kEpisodeGapSeconds, SIZE_MAX});
  for (int n = 0; n < kOverlappingMost && place != places.begin(); ++n) {
    --place;
    if (last - place->first > kEpisodeSeconds) break;
    if (is_near(open_[place->second].episode, first, last)) return place->second;
  }
  return SIZE_MAX;
}

void Episodes::remember(std::unordered_set<std::uint64_t>& values, std::string_view text) {
  if (text.empty() || remembered_ == kRememberedMost) return;
  remembered_ += values.insert(hash_of(text)).second;
}

void Episodes::add(const Finding& finding, bool time_known) { take_in(finding, time_known); }

void Episodes::add_probe(Finding finding, bool time_known) { add_scanner(std::move(finding), time_known, 0); }

// Apart from the same actor's probes that came to nothing: the size is part of the key.
void Episodes::add_scanner(Finding finding, bool time_known, std::uint64_t bytes) {
  const std::string kind = std::exchange(finding.rule, std::string(kScannerRule));
  finding.title = kScannerTitle;
  if (bytes != 0) {
    finding.level = Level::medium;
    finding.group = std::to_string(bytes);
  }
  Open* const open = take_in(finding, time_known);
  if (!open) return;
  remember(open->rules, kind);
  open->episode.same_answer_bytes = bytes;
}

void Episodes::add_answered_probe(Finding finding, bool time_known, std::uint64_t bytes) {
  auto found = answers_.find({finding.who.address, bytes});
  if (found == answers_.end()) {
    if (answers_.size() == kAnswersMost) return add(finding, time_known);
    found = answers_.try_emplace({finding.who.address, bytes}).first;
  }
  Answers& answers = found->second;
  if (answers.same) return add_scanner(std::move(finding), time_known, bytes);
  if (held_ == kAnswersMost) return add(finding, time_known);
  answers.kinds.insert(hash_of(finding.rule));
  if (finding.series != 0) waiting_.try_emplace(finding.series);
  answers.held.push_back({std::move(finding), time_known});
  ++answers.count;
  ++held_;
  if (answers.count < kSameAnswersLeast || answers.kinds.size() < kSameAnswerKindsLeast) {
    if (answers.held.size() == kSameAnswersHeld) release(answers);
    return;
  }
  answers.same = true;
  held_ -= answers.held.size();
  for (Answers::One& one : std::exchange(answers.held, {})) add_scanner(std::move(one.finding), one.time_known, bytes);
}

void Episodes::release(Answers& answers) {
  held_ -= answers.held.size();
  for (const Answers::One& one : std::exchange(answers.held, {})) add(one.finding, one.time_known);
}

Episodes::Open* Episodes::take_in(const Finding& finding, bool time_known) {
  const std::int64_t found = time_known ? finding.time : 0;
  const std::int64_t last = std::max(found, time_known ? finding.last_time : 0);
  const std::int64_t first = time_known && finding.first_time != 0 ? std::min(finding.first_time, found) : found;
  std::string key = actor_key(finding, time_known);
  const auto known = by_key_.find(key);
  std::size_t at = known == by_key_.end() ? SIZE_MAX : place_of(known->second, first, last);
  const bool is_new = at == SIZE_MAX;
  if (is_new) {
    if (open_.size() == kEpisodesMost) {
      ++left_out_;
      return nullptr;
    }
    at = open_.size();
    Open& made = open_.emplace_back();
    made.episode.rule = finding.rule;
    made.episode.level = finding.level;
    made.episode.site = finding.site;
    made.episode.time_known = time_known;
    made.episode.first_time = first;
    made.episode.last_time = last;
  }
  Open& open = open_[at];
  Episode& episode = open.episode;
  ++episode.findings;
  episode.hits += finding.hits;
  open.told += finding.hits;
  const bool is_part = finding.series != 0 && parts_ < kPartsMost;
  if (is_part) add_part(at, finding, found);
  episode.level = std::max(episode.level, finding.level);
  if (is_new) {
    by_key_[std::move(key)].emplace(first, at);
  } else if (first < episode.first_time) {
    known->second.erase({episode.first_time, at});
    known->second.emplace(first, at);
  }
  episode.first_time = std::min(episode.first_time, first);
  episode.last_time = std::max(episode.last_time, last);
  const bool further = reach(finding.who.outcome) > reach(episode.who.outcome);
  const Who::Outcome outcome = further ? finding.who.outcome : episode.who.outcome;
  const int status = further ? finding.who.status : episode.who.status;
  if (found >= open.newest) {
    open.newest = found;
    open.newest_told = finding.hits;
    open.newest_part = is_part ? open.parts.size() - 1 : SIZE_MAX;
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
  if (finding.accounts > open.accounts_stored) {
    open.accounts_stored = finding.accounts;
    open.mostly_stored = finding.mostly;
  }
  if (finding.who.address.empty() || !time_known) return &open;
  if (finding.who.outcome == Who::Outcome::login_failed) {
    if (!open.login_failed) {
      open.login_failed = true;
      open.fired = found;
      open.fired_line = finding.line;
      open.fired_of = finding.hits;
    }
    Address* const from = address(finding.who.address, last);
    if (!from) return &open;
    from->has_episode = true;
    if (finding.login_time != 0) add_login(finding.who.address, finding.login_time);
    // A rule that fires at every attempt counts by its findings.
    std::vector<std::size_t>& counting = from->counting;
    const bool counts = open.fired_of > 1 || !open.parts.empty();
    if (counts && std::find(counting.begin(), counting.end(), at) == counting.end()) {
      const auto earlier = std::find_if(counting.begin(), counting.end(),
                                        [&](std::size_t other) { return open_[other].episode.rule == finding.rule; });
      if (earlier == counting.end()) counting.push_back(at);
      else *earlier = at;
    }
  }
  if (finding.who.outcome == Who::Outcome::logged_in) add_login(finding.who.address, found);
  return &open;
}

// The last that was made no later; where there is none, the first.
Episodes::Part* Episodes::part_before(Open& open, std::int64_t time, std::uint64_t line) {
  if (open.parts.empty()) return nullptr;
  const auto made_later = [&](const std::pair<std::int64_t, std::uint64_t>& when, std::size_t part) {
    return when < std::pair(open.parts[part].time, open.parts[part].line);
  };
  const auto after = std::upper_bound(open.rising.begin(), open.rising.end(), std::pair(time, line), made_later);
  return &open.parts[after == open.rising.begin() ? 0 : *std::prev(after)];
}

void Episodes::add_part(std::size_t at, const Finding& finding, std::int64_t found) {
  Open& open = open_[at];
  ++parts_;
  const auto before = series_.find(finding.series);
  if (before != series_.end() && before->second.open == at) open.parts[before->second.part].until = found;
  series_[finding.series] = {at, open.parts.size()};
  const auto is_no_earlier = [&](const Part& other) {
    return std::pair(other.time, other.line) >= std::pair(found, finding.line);
  };
  while (!open.rising.empty() && is_no_earlier(open.parts[open.rising.back()])) open.rising.pop_back();
  open.rising.push_back(open.parts.size());
  Part& part = open.parts.emplace_back(Part{.key = {}, .time = found, .line = finding.line, .told = finding.hits});
  std::copy_n(finding.key.begin(), std::min(finding.key.size(), part.key.size()), part.key.begin());
  const auto waiting = waiting_.find(finding.series);
  if (waiting == waiting_.end()) return;
  part.further = waiting->second.hits;
  open.episode.hits += waiting->second.hits;
  if (open.episode.time_known) open.episode.last_time = std::max(open.episode.last_time, waiting->second.last);
  waiting_.erase(waiting);
}

void Episodes::add_further(const Finding& finding, bool time_known) {
  const std::int64_t last = time_known ? finding.time : 0;
  const std::int64_t first = time_known && finding.first_time != 0 ? std::min(finding.first_time, last) : last;
  if (const auto held = waiting_.find(finding.series); held != waiting_.end()) {
    held->second.hits += finding.hits;
    held->second.last = std::max(held->second.last, last);
    return;
  }
  Open* open = nullptr;
  Part* part = nullptr;
  if (const auto found = series_.find(finding.series); found != series_.end()) {
    open = &open_[found->second.open];
    part = &open->parts[found->second.part];
    if (!is_near(open->episode, first, last)) return;
  } else if (const auto known = by_key_.find(actor_key(finding, time_known)); known != by_key_.end()) {
    const std::size_t place = place_of(known->second, first, last);
    open = place != SIZE_MAX ? &open_[place] : nullptr;
  }
  if (!open) return;
  open->episode.hits += finding.hits;
  open->episode.last_time = std::max(open->episode.last_time, last);
  if (part) part->further += finding.hits;
  remember(open->accounts, finding.who.account);
}

// Those nothing was found of, whose attempts are over. All are looked at: where nearly none can go, not for every login that finds no room.
void Episodes::forget_addresses() {
  constexpr std::size_t kRefusedLeast = 200;
  if (newest_login_ < forget_after_) return;
  if (kept_ * 10 > by_address_.size() * 9 && ++refused_ < kRefusedLeast) return;
  kept_ = refused_ = 0;
  for (auto at = by_address_.begin(); at != by_address_.end();) {
    const Address& one = at->second;
    const bool stays = one.has_episode || one.guessed;
    const bool over = one.attempts.empty() || one.attempts.newest_time() < newest_login_ - kEpisodeSeconds;
    kept_ += stays;
    if (stays || !over) {
      ++at;
      continue;
    }
    logins_ -= one.logins.size();
    one.attempts.each([&](const Attempts& run) { remembered_ -= run.accounts.size(); });
    at = by_address_.erase(at);
  }
  forget_after_ = newest_login_ + kEpisodeGapSeconds;
}

Episodes::Address* Episodes::address(std::string_view address, std::int64_t time) {
  newest_login_ = std::max(newest_login_, time);
  std::string key(address);
  const auto found = by_address_.find(key);
  if (found != by_address_.end()) return &found->second;
  if (by_address_.size() == kAddressesMost) forget_addresses();
  if (by_address_.size() == kAddressesMost) return nullptr;
  return &by_address_[std::move(key)];
}

void Episodes::add_login(std::string_view from, std::int64_t time) {
  if (logins_ == kLoginsMost) forget_addresses();
  if (logins_ == kLoginsMost) return;
  Address* const one = address(from, time);
  if (!one || (!one->logins.empty() && one->logins.back() == time)) return;
  ++logins_;
  one->logins.push_back(time);
}

void Episodes::add_attempts(std::string_view from, std::string_view account, std::int64_t time, std::uint64_t line,
                            std::uint64_t count) {
  Address* const one = address(from, time);
  if (!one) return;
  for (const std::size_t place : one->counting) {
    Open& open = open_[place];
    Episode& episode = open.episode;
    // What came up to there is in the finding's own count.
    if (time < open.fired || (time == open.fired && line <= open.fired_line)) continue;
    if (time - episode.last_time > kEpisodeGapSeconds || time - episode.first_time > kEpisodeSeconds) continue;
    open.attempts += count;
    if (Part* const part = part_before(open, time, line)) part->attempts += count;
    episode.last_time = std::max(episode.last_time, time);
  }
  Attempts* const run = one->attempts.at(time, remembered_ < kRememberedMost,
                                         [&](Attempts& earlier, Attempts&& later) { join(earlier, std::move(later)); });
  if (!run) return;
  run->count += count;
  const std::uint64_t hash = hash_of(account);
  auto tried = run->accounts.find(hash);
  if (tried == run->accounts.end()) {
    if (remembered_ == kRememberedMost) return;
    ++remembered_;
    tried = run->accounts.emplace(hash, 0).first;
  }
  tried->second += count;
  if (tried->second <= run->most) return;
  run->most = tried->second;
  run->mostly = account;
}

// An account that has more than half of both together has more than half of one of them.
void Episodes::join(Attempts& one, Attempts&& later) {
  one.count += later.count;
  if (one.accounts.size() < later.accounts.size()) {
    std::swap(one.accounts, later.accounts);
    std::swap(one.mostly, later.mostly);
  }
  for (const auto& [account, count] : later.accounts) {
    const auto [tried, is_new] = one.accounts.try_emplace(account, 0);
    tried->second += count;
    remembered_ -= !is_new;
  }
  const auto tries_of = [&](const std::string& account) {
    const auto tried = one.accounts.find(hash_of(account));
    return tried == one.accounts.end() ? 0 : tried->second;
  };
  if (tries_of(later.mostly) > tries_of(one.mostly)) one.mostly = std::move(later.mostly);
  one.most = tries_of(one.mostly);
}

Episodes::Tried Episodes::tried_before(std::string_view from, std::int64_t time) const {
  Tried tried;
  const auto found = by_address_.find(std::string(from));
  if (found == by_address_.end()) return tried;
  found->second.attempts.within(time - kEpisodeSeconds, time, [&](std::int64_t first, std::int64_t, const Attempts& run) {
    tried.first = first;  // the earliest comes last
    tried.count += run.count;
  });
  return tried;
}

void Episodes::add_guessed(Finding finding) {
  Address* const one = address(finding.who.address, finding.time);
  if (one && !one->guessed) one->guessed = std::move(finding);
}

}  // namespace logystera::store
