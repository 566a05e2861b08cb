// What rules have found, and which findings nobody wants to see again. Everything handed in is redacted already; nothing here
// sees raw personal data.
//
// A log scanned twice is stored once: every finding has a key made of what identifies it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "core/severity.hpp"
#include "store/paging.hpp"
#include "store/who.hpp"

namespace logystera::store {

inline constexpr int kRetentionDays = 30;
inline constexpr std::size_t kFindingRows = 200'000;  // beyond: the oldest go
inline constexpr std::size_t kGroupBytes = 16;
inline constexpr std::size_t kEvidence = 20;                // events of a finding: the first half and the last
inline constexpr std::int64_t kEpisodeSeconds = 24 * 3600;  // an episode that goes on for longer is told anew

struct Finding {
  std::int64_t id = 0;
  std::string rule;  // its id
  std::string title;
  Level level = Level::low;
  std::string source;
  std::int64_t time = 0;   // unix seconds
  std::uint64_t line = 0;  // in the source; 0: unknown
  std::string message;     // redacted
  Who who = {};            // who did it, to what, and how that ended
  bool demo = false;
  // Of what was found in the signals of a site.
  std::string site = {};         // its token; empty: found in a log. `source` is the site's name then
  std::string group = {};        // of a window: which, at most kGroupBytes raw bytes; empty: of a single event
  std::string group_label = {};  // redacted, for a person
  std::uint64_t hits = 1;        // that firings have counted
  std::int64_t first_time = 0;   // unix seconds, of the oldest hit; `time` is the newest's
  /// What it is recognised by, 16 raw bytes: of what is found in a log, finding_key(). Not read back.
  std::string key = {};
  std::uint64_t series = 0;  // in a log, of a rule that counts: which group of which rule, within one run; not stored
  // What the episode it is the newest of came to, as far as a scan saw (grow()).
  std::int64_t last_time = 0;                // unix seconds, of the last event it counts; 0: `time`
  std::int64_t login_time = 0;               // when its address, whose logins failed, got in; 0: it did not
  std::uint64_t accounts = 0;                // that were tried; 0: unknown
  std::string mostly = {};                   // the account at least half of the attempts were for
  std::vector<std::uint64_t> evidence = {};  // sequences of events, ascending; told by get() alone
  std::int64_t stored_at = 0;                // unix seconds; 0: now, and of a row by a program that did not note it
  // Read-only for callers.
  bool dismissed = false;  // by a dismissal there is now; told by page() and get()
};

/// What makes a finding in a log the same as another: rule, source, time, line and message, as they are stored.
std::string finding_key(const Finding& finding);

/// What became of a finding in a log.
struct Growth {
  std::string key;         // finding_key()
  std::uint64_t hits = 0;  // it stands for: its own, and those up to the next finding of its episode
  std::int64_t until = 0;  // unix seconds, of the last of them; as Finding::last_time
  // Of its episode, where it is the newest of it; as in Finding.
  std::int64_t login_time = 0;
  std::uint64_t accounts = 0;
  std::string mostly = {};
};

struct FindingQuery {
  std::optional<Level> at_least = {};
  std::string rule = {}, source = {};      // empty: all. A source is a path or the name at the end of one
  std::optional<std::int64_t> since = {};  // unix seconds
  std::size_t limit = 100;
};

/// What became of something found in signals.
struct Recorded {
  enum class As : std::uint8_t {
    added,     // a finding of its own
    extended,  // an episode that goes on
    known,     // it was there, or says nothing an episode does not have
  };
  As as = As::known;
  Finding finding;  // as it is stored now
};

/// What is found in a log belongs to no site: whoever is restricted to some sees none of it.
struct FindingFilter {
  std::optional<Level> at_least = {}, exactly = {};
  std::string rule = {}, source = {};  // empty: all. A source is a path or the name at the end of one
  SourcePrefixes of_sources = {};
  std::optional<std::int64_t> since = {}, until = {};  // unix seconds: at or after, and before
  std::string text = {};                               // in message, title, rule or source, in any (ASCII) case
  std::optional<bool> dismissed = {};                  // only those that are, or that are not
  std::string site = {};                               // token or name of one; empty: all, and logs
  SiteScope sites = {};
};
using FindingPage = Page<Finding, TimeKey>;

/// Findings of one day (UTC), by level.
struct FindingDay {
  std::int64_t day = 0;  // since 1970-01-01
  std::array<std::uint64_t, kLevels> by_level{};
};

struct RuleHits {
  std::string rule;
  std::uint64_t findings = 0;
  std::int64_t last = 0;  // the newest's time
};

struct Dismissal {
  std::string rule;
  std::string source;  // empty: everywhere
  std::string reason;
  std::int64_t at = 0;  // unix seconds
};

/// What a dismissal would hide, of what is stored.
struct DismissalPreview {
  std::uint64_t findings = 0;
  std::vector<std::pair<std::string, std::uint64_t>> by_source;  // most first, at most ten
  std::vector<Finding> newest;                                   // at most five
};

struct RuleCount {
  std::string rule;
  std::uint64_t findings = 0;
};
struct FindingSummary {
  std::array<std::uint64_t, kLevels> by_level{};
  std::vector<RuleCount> top;  // ten

  std::uint64_t& of(Level level) noexcept { return by_level[static_cast<std::size_t>(level)]; }
  std::uint64_t of(Level level) const noexcept { return by_level[static_cast<std::size_t>(level)]; }
};

class FindingStore {
 public:
  virtual ~FindingStore() = default;

  /// True if it is new; false if the same finding (rule, source, time, line, message) was there.
  virtual Result<bool> add(const Finding& finding) = 0;
  /// Times and accounts grow, never shrink. Hits do as well, but where the `whole` log was read, no less far than before: then what it says
  /// now is what there is, and other findings say what this one no longer does. Nothing where there is no such finding.
  virtual Result<Done> grow(const Growth& growth, bool whole) = 0;
  /// Something found in the signals of `finding.site`, which must exist; `finding.key` must be set. With `within` seconds it is of an
  /// episode: where one of the same rule, site and group is no further away than that, and both together are no longer than
  /// kEpisodeSeconds, that one grows. `again`: found by looking once more, so that its hits may be among the episode's already.
  virtual Result<Recorded> record(const Finding& finding, std::optional<std::int64_t> within, bool again = false) = 0;
  /// The last finding of each group of each window rule in the site's signals, not older than `since` (unix seconds).
  virtual Result<std::vector<Finding>> last_of_groups(std::string_view site, std::int64_t since) = 0;
  /// Newest first.
  virtual Result<std::vector<Finding>> list(const FindingQuery& query) = 0;
  /// Of those not older than `since` (unix seconds), or of all.
  virtual Result<FindingSummary> summary(const SiteScope& sites = {}, std::optional<std::int64_t> since = {}) = 0;

  /// By time, the newest first.
  virtual Result<FindingPage> page(const FindingFilter& filter, const PageRequest<TimeKey>& request) = 0;
  virtual Result<Count> count(const FindingFilter& filter, std::size_t most = kCounted,
                              std::chrono::milliseconds patience = kPatience) = 0;
  virtual Result<std::optional<Finding>> get(std::int64_t id, const SiteScope& sites = {}) = 0;
  /// Each day from `first` to `last`, those without findings too; at most 400.
  virtual Result<std::vector<FindingDay>> days(std::int64_t first, std::int64_t last, const SiteScope& sites = {}) = 0;
  /// Rules with findings on days (UTC) from `first` on, most first.
  virtual Result<std::vector<RuleHits>> rule_hits(std::int64_t first, std::size_t limit, const SiteScope& sites = {}) = 0;
  /// Their sources, by name.
  virtual Result<std::vector<std::string>> sources(std::size_t limit, const SiteScope& sites = {}) = 0;

  /// Dismissing again replaces the reason.
  virtual Result<Done> dismiss(const Dismissal& dismissal) = 0;
  /// Takes back the dismissal of exactly that source, or, with an empty source, every one of the rule. How many.
  virtual Result<std::uint64_t> undismiss(std::string_view rule, std::string_view source) = 0;
  /// By rule and source.
  virtual Result<std::vector<Dismissal>> dismissals() = 0;
  /// Whether findings of the rule in that source are hidden.
  virtual Result<bool> dismissed(std::string_view rule, std::string_view source) = 0;
  virtual Result<DismissalPreview> preview(std::string_view rule, std::string_view source) = 0;
  /// Changes whenever a dismissal does, by whichever process: whoever follows a log asks it instead of the list.
  virtual Result<std::int64_t> dismissals_version() = 0;

  /// Removes what happened and was stored before `oldest` (unix seconds), or is beyond the row limit. How many rows.
  virtual Result<std::uint64_t> prune(std::int64_t oldest) = 0;
  /// Removes what was stored with `demo` set, and nothing else. How many rows.
  virtual Result<std::uint64_t> clear_demo() = 0;
};

}  // namespace logystera::store
