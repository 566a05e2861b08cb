// Episodes once all that happened has been added: how often, who was tried, who got in, and what rows of findings are told of it.
#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/episode.hpp"

namespace logystera::store {
namespace {

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

// Who was tried, where the episode has nearly all of the address's attempts: a rule may count some of them alone.
void Episodes::tell_attempts(Open& open, const Address& address) const {
  Episode& episode = open.episode;
  const Attempts* most = nullptr;
  address.attempts.within(episode.first_time, episode.last_time, [&](std::int64_t, std::int64_t, const Attempts& run) {
    if (!most || run.count >= most->count) most = &run;
  });
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
