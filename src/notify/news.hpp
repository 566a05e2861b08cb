// One piece of news about an alert, as messages speak of it. It is a value: what the alert was when it happened, whatever it is by the
// time somebody is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "core/severity.hpp"
#include "store/who.hpp"

namespace logystera::notify {

inline constexpr std::size_t kTitleBytes = 300, kTextBytes = 2000, kTags = 16, kEvidenceTypes = 16;

struct News {
  enum class Kind : std::uint8_t {
    opened,
    reopened,
    level_rose,
    repeated,  // it goes on, and nobody has acknowledged it
    resolved,
    snooze_ended,
    escalated,    // nobody has acknowledged it: planned with the opening, withdrawn when somebody does
    late,         // of the past when it was first heard of: one line of a digest
    channel_off,  // of the server itself: a channel was switched off
    test,
  };
  Kind kind = Kind::opened;
  std::int64_t alert = 0;   // 0: about none
  std::int64_t number = 0;  // of what happened to the alert, so that each is told once
  std::string rule, title;
  Level level = Level::low;
  std::string state;            // "firing", "acknowledged", "resolved"
  std::string site, site_name;  // token and name; empty: of no site
  std::vector<std::string> tags = {};
  std::int64_t first_time = 0, last_time = 0;                        // unix seconds
  std::uint64_t hits = 0, new_hits = 0;                              // in all; since the last message
  std::string group_label = {};                                      // a pseudonym: "ip_8390373f"
  std::string meaning = {}, remedy = {};                             // of the rule's explanation: what it means, what to do
  std::vector<std::pair<std::string, std::uint64_t>> evidence = {};  // signals by their type
  store::Who who = {};                                               // of the newest finding that says one
  bool condition = false;                                            // something is so, rather than something has happened
  std::int64_t at = 0;                                               // when it came to this
  std::int64_t opened_at = 0, resolved_at = 0;
  std::string note = {};  // "snooze by anna (1 h, 'deploy') ended"
};

/// "opened", "level_rose", …: as it stands in the outbox.
std::string_view kind_name(News::Kind kind) noexcept;
std::optional<News::Kind> kind_from(std::string_view name) noexcept;

/// JSON, with texts cut to what their constants say.
std::string to_json(const News& news);
/// Of what to_json() has written, by this version or an older one.
Result<News> news_from(std::string_view json);

}  // namespace logystera::notify
