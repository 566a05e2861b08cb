#include "store/episode.hpp"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

namespace logystera::store {
namespace {

constexpr char kSeparator = '\0';

std::uint64_t hash_of(std::string_view text) noexcept { return std::hash<std::string_view>{}(text); }

std::string actor_key(const Finding& finding) {
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

bool is_near(const Episode& one, std::int64_t first, std::int64_t last) noexcept {
  if (first - one.last_time > kEpisodeGapSeconds || one.first_time - last > kEpisodeGapSeconds) return false;
  return std::max(last, one.last_time) - std::min(first, one.first_time) <= kEpisodeSeconds;
}

// What the newest finding of an episode is told, but for its key.
Growth growth_of(const Episode& episode, std::uint64_t hits) {
  return {.key = {},
          .hits = hits,
          .until = episode.last_time,
          .login_time = episode.login_time,
          .accounts = episode.accounts_known ? episode.accounts : 0,
          .mostly = episode.mostly};
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

// The episode it continues; logs are mostly in order, so the newest is looked at first.
std::size_t* Episodes::place_of(std::vector<std::size_t>& places, std::int64_t first, std::int64_t last, bool time_known) {
  for (std::size_t n = places.size(); n-- > 0;) {
    std::size_t& place = places[n];
    const Episode& one = open_[place].episode;
    if (one.time_known != time_known) continue;
    if (!time_known) return &place;
    if (is_near(one, first, last)) return &place;
  }
  return nullptr;
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
  std::string key = actor_key(finding);
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
  open.told += finding.hits;
  const bool is_part = finding.series != 0 && parts_ < kPartsMost;
  if (is_part) add_part(at, finding, found);
  episode.level = std::max(episode.level, finding.level);
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

// The last that was made no later.
Episodes::Part* Episodes::part_before(Open& open, std::int64_t time, std::uint64_t line) {
  for (std::size_t n = open.parts.size(); n-- > 0;) {
    Part& part = open.parts[n];
    if (n == 0 || std::pair(part.time, part.line) <= std::pair(time, line)) return &part;
  }
  return nullptr;
}

void Episodes::add_part(std::size_t at, const Finding& finding, std::int64_t found) {
  Open& open = open_[at];
  ++parts_;
  const auto before = series_.find(finding.series);
  if (before != series_.end() && before->second.open == at) open.parts[before->second.part].until = found;
  series_[finding.series] = {at, open.parts.size()};
  Part& part = open.parts.emplace_back(Part{.key = {}, .time = found, .line = finding.line, .told = finding.hits});
  std::copy_n(finding.key.begin(), std::min(finding.key.size(), part.key.size()), part.key.begin());
  const auto waiting = waiting_.find(finding.series);
  if (waiting == waiting_.end()) return;
  part.further = waiting->second.hits;
  open.episode.hits += waiting->second.hits;
  open.episode.last_time = std::max(open.episode.last_time, waiting->second.last);
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
  } else if (const auto known = by_key_.find(actor_key(finding)); known != by_key_.end()) {
    const std::size_t* const place = place_of(known->second, first, last, time_known);
    open = place ? &open_[*place] : nullptr;
  }
  if (!open) return;
  open->episode.hits += finding.hits;
  open->episode.last_time = std::max(open->episode.last_time, last);
  if (part) part->further += finding.hits;
  remember(open->accounts, finding.who.account);
}

// Those nothing was found of, whose attempts are over.
void Episodes::forget_addresses() {
  if (newest_login_ < forget_after_) return;
  for (auto at = by_address_.begin(); at != by_address_.end();) {
    const Address& one = at->second;
    const bool over = one.attempts.empty() || one.attempts.back().last < newest_login_ - kEpisodeSeconds;
    if (one.has_episode || one.guessed || !over) {
      ++at;
      continue;
    }
    logins_ -= one.logins.size();
    for (const Attempts& run : one.attempts) remembered_ -= run.accounts.size();
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
  auto run = std::find_if(one->attempts.rbegin(), one->attempts.rend(), [&](const Attempts& other) {
    return time <= other.last + kEpisodeGapSeconds && time >= other.first - kEpisodeGapSeconds;
  });
  if (run == one->attempts.rend()) {
    if (remembered_ == kRememberedMost) return;
    one->attempts.push_back({.first = time, .last = time, .mostly = {}, .accounts = {}});
    run = one->attempts.rbegin();
  }
  run->first = std::min(run->first, time);
  run->last = std::max(run->last, time);
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

Episodes::Tried Episodes::tried_before(std::string_view from, std::int64_t time) const {
  Tried tried;
  const auto found = by_address_.find(std::string(from));
  if (found == by_address_.end()) return tried;
  for (const Attempts& run : found->second.attempts) {
    if (run.first > time || run.last < time - kEpisodeSeconds) continue;
    if (tried.count == 0 || run.first < tried.first) tried.first = run.first;
    tried.count += run.count;
  }
  return tried;
}

void Episodes::add_guessed(Finding finding) {
  Address* const one = address(finding.who.address, finding.time);
  if (one && !one->guessed) one->guessed = std::move(finding);
}

// Who was tried, where the episode has nearly all of the address's attempts: a rule may count some of them alone.
void Episodes::tell_attempts(Open& open, const Address& address) const {
  Episode& episode = open.episode;
  const Attempts* most = nullptr;
  for (const Attempts& run : address.attempts)
    if (run.first <= episode.last_time && run.last >= episode.first_time && (!most || run.count > most->count)) most = &run;
  if (!most || episode.hits * 10 < most->count * 9 || most->accounts.size() < episode.accounts) return;
  episode.accounts = most->accounts.size();
  episode.accounts_known = true;
  episode.mostly = most->most * 2 >= most->count ? most->mostly : std::string();
}

// What a rule has counted, and the failed logins there were, are two counts of the same; whichever is more is told, as a whole.
void Episodes::count_parts(Open& open) {
  Episode& episode = open.episode;
  const bool by_attempts = open.fired_of + open.attempts > episode.hits;
  for (Part& part : open.parts) part.hits = by_attempts ? part.attempts : part.told + part.further;
  if (!by_attempts) return;
  episode.hits = open.fired_of + open.attempts;
  if (open.parts.empty()) return;
  open.parts.front().hits += open.fired_of;
  // A row says no less than its finding did. The line it was made of may be of an attempt that counted before it.
  for (std::size_t n = open.parts.size(); n-- > 0;) {
    Part& part = open.parts[n];
    if (part.hits >= part.told) continue;
    const std::uint64_t lacking = part.told - part.hits;
    part.hits = part.told;
    if (n == 0) {
      episode.hits += lacking;
      break;
    }
    std::uint64_t& before = open.parts[n - 1].hits;
    if (lacking > before) episode.hits += lacking - before;
    before -= std::min(before, lacking);
  }
}

void Episodes::tell_growths(Open& open) {
  Episode& episode = open.episode;
  if (!episode.time_known || !episode.site.empty()) return;
  std::uint64_t told = open.told;
  for (const Part& part : open.parts) told += part.hits - part.told;
  // Of findings that are no parts; the newest is told the rest.
  Growth newest = growth_of(episode, open.newest_told + episode.hits - std::min(episode.hits, told));
  // Of parts all, those too that have no more than they had: an earlier reading may have said more of them.
  for (std::size_t i = 0; i < open.parts.size(); ++i) {
    const Part& part = open.parts[i];
    Growth growth{.key = {}, .hits = part.hits, .until = part.until != 0 ? part.until : episode.last_time};
    if (i == open.newest_part) {
      newest.hits += part.hits - part.told;
      growth = newest;
    }
    growth.key.assign(part.key.data(), part.key.size());
    episode.growths.push_back(std::move(growth));
  }
  if (open.newest_part < open.parts.size() || !open.rules.empty()) return;  // a scanner's findings are of other rules
  if (newest.hits == open.newest_told && episode.accounts <= 1 && episode.login_time == 0) return;
  newest.key = finding_key({.rule = episode.rule,
                            .title = {},
                            .source = episode.source,
                            .time = open.newest,
                            .line = episode.line,
                            .message = episode.message});
  episode.growths.push_back(std::move(newest));
}

std::vector<Episode> Episodes::take() {
  for (auto& [key, answers] : answers_) release(answers);
  std::vector<Episode> all;
  all.reserve(open_.size());
  for (Open& open : open_) {
    Episode& episode = open.episode;
    episode.targets = open.targets.size();
    episode.accounts = open.accounts.size();
    episode.accounts_known = episode.hits <= episode.findings;  // each of which names its own
    count_parts(open);
    if (open.accounts_stored > 0 && open.accounts_stored >= episode.accounts) {
      episode.accounts = open.accounts_stored;
      episode.accounts_known = true;
      episode.mostly = open.mostly_stored;
    }
    if (!open.rules.empty()) episode.rules = open.rules.size();
    const auto from = open.login_failed ? by_address_.find(episode.who.address) : by_address_.end();
    if (from != by_address_.end()) {
      tell_attempts(open, from->second);
      for (const std::int64_t time : from->second.logins) {
        if (time < episode.first_time || time > episode.last_time + kEpisodeSeconds) continue;
        if (!episode.logged_in_afterwards || time < episode.login_time) episode.login_time = time;
        episode.logged_in_afterwards = true;
      }
      // The first of them is the one soonest after the attempts, or among them.
      if (episode.logged_in_afterwards && episode.hits >= kGuessesLeast &&
          episode.login_time <= episode.last_time + kEpisodeGapSeconds) {
        episode.raised = episode.level < Level::critical;
        episode.level = Level::critical;
        from->second.guessed.reset();
      }
    }
    tell_growths(open);
    all.push_back(std::move(episode));
  }
  for (const auto& [address, one] : by_address_) {
    if (!one.guessed) continue;
    Open open;
    Episode& episode = open.episode;
    const Finding& finding = *one.guessed;
    episode = {.rule = finding.rule,
               .title = finding.title,
               .level = finding.level,
               .who = finding.who,
               .site = {},
               .source = finding.source,
               .line = finding.line,
               .message = finding.message,
               .findings = 1,
               .hits = finding.hits,
               .first_time = finding.first_time,
               .last_time = finding.time,
               .mostly = {},
               .logged_in_afterwards = true,
               .login_time = finding.time,
               .growths = {}};
    tell_attempts(open, one);
    episode.growths.push_back(growth_of(episode, episode.hits));
    episode.growths.back().key = finding_key(finding);
    all.push_back(std::move(episode));
  }
  std::stable_sort(all.begin(), all.end(), [](const Episode& a, const Episode& b) {
    const auto rank = [](const Episode& one) {
      return std::tuple(one.level, !one.raised, one.logged_in_afterwards, reach(one.who.outcome), one.last_time);
    };
    return rank(a) > rank(b);
  });
  *this = Episodes();
  return all;
}

}  // namespace logystera::store
