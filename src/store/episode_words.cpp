// How an episode is told: in words, in JSON, and as a finding.
#include "core/clock.hpp"
#include "core/printable.hpp"
#include "store/episode.hpp"

namespace logystera::store {

std::string outcome_words(const Episode& episode) {
  if (episode.same_answer_bytes != 0)
    return outcome_words(episode.who) + " with the same " + std::to_string(episode.same_answer_bytes) +
           " bytes whatever was asked";
  const bool failed = reach(episode.who.outcome) < reach(Who::Outcome::logged_in);
  return episode.logged_in_afterwards && failed ? "logged in afterwards" : outcome_words(episode.who);
}

std::string actor_words(const Episode& episode) {
  if (episode.who.address.empty() || episode.accounts <= 1) return actor_words(episode.who);
  std::string words = episode.who.address + ", ";
  if (!episode.accounts_known) return words + "several accounts";
  words += grouped(episode.accounts) + " accounts";
  return episode.mostly.empty() ? words : words + ", mostly " + episode.mostly;
}

std::uint64_t times_of(const Episode& episode) noexcept {
  return episode.who.outcome == Who::Outcome::logged_in ? episode.findings : episode.hits;
}

Finding guessed_finding_of(const Episode& episode) {
  Finding finding;
  finding.rule = episode.rule;
  finding.title = episode.title;
  finding.level = episode.level;
  finding.source = episode.source;
  finding.time = episode.login_time;
  finding.line = episode.line;
  finding.message = episode.message;
  finding.who = episode.who;
  finding.hits = episode.hits;
  finding.first_time = episode.first_time;
  return finding;
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
  json.key("same_answer_bytes");
  if (episode.same_answer_bytes != 0) json.natural(episode.same_answer_bytes);
  else json.null();
  json.count("findings", episode.findings).count("hits", episode.hits);
  time("first_timestamp", episode.first_time);
  time("last_timestamp", episode.last_time);
  json.count("targets", episode.targets).count("accounts", episode.accounts);
  json.key("mostly");
  if (episode.mostly.empty()) json.null();
  else json.string(episode.mostly);
  json.count("rules", episode.rules).member("source", episode.source);
  json.count("line", episode.line).member("message", episode.message).end_object();
}

}  // namespace logystera::store
