// What analysis remembers from run to run, in the same SQLite file as the gateway's events: findings, dismissals, error
// groups, baselines. Everything handed in is redacted already; nothing here sees raw personal data.
//
// Bounded: findings and occurrences older than the retention go when `prune` runs, and beyond the row limits the oldest go
// first. A log scanned twice is stored once: every finding and occurrence has a key made of what identifies it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "store/sqlite/connection.hpp"

namespace logystera::store {

/// Of a finding; order is meaning.
enum class Level : std::uint8_t { low, medium, high, critical };
inline constexpr std::size_t kLevels = 4;
std::string_view level_name(Level level) noexcept;
bool parse_level(std::string_view name, Level& out) noexcept;

inline constexpr int kRetentionDays = 30;
inline constexpr std::size_t kFindingRows = 200'000;  // beyond: the oldest go
inline constexpr std::size_t kOccurrenceRows = 1'000'000;
inline constexpr std::size_t kOccurrencesShown = 20;
inline constexpr std::int64_t kSilenceSeconds = 24 * 3600;  // after which an error that returns is a regression
inline constexpr std::size_t kStoredMessageBytes = 4096;    // longer messages are cut

/// Text as it is stored. STRICT tables refuse malformed text, and logs and file names hold anything: bad bytes become
/// U+FFFD, the end is cut at a character.
std::string storable(std::string_view text);

struct Finding {
  std::int64_t id = 0;
  std::string rule;  // its id
  std::string title;
  Level level = Level::low;
  std::string source;
  std::int64_t time = 0;   // unix seconds
  std::uint64_t line = 0;  // in the source; 0: unknown
  std::string message;     // redacted
  bool demo = false;
};

struct FindingQuery {
  std::optional<Level> at_least;
  std::string rule, source;           // empty: all
  std::optional<std::int64_t> since;  // unix seconds
  std::size_t limit = 100;
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
};

struct ErrorOccurrence {
  std::string fingerprint;
  std::string pattern;  // the message's template
  std::uint8_t severity = 0;
  std::string source;
  std::int64_t time = 0;  // unix seconds
  std::uint64_t line = 0;
  std::string message;  // redacted
  bool demo = false;
  // What the group was learnt from; empty where it was not (demo).
  std::string scope, template_key;
  bool learnt = false;
};

/// A group as the next run takes it up.
struct ErrorTemplate {
  std::string fingerprint, pattern, scope, template_key;
  bool learnt = false;
};

/// What was new of the occurrences handed in; those the database had already are in neither.
struct ErrorsAdded {
  std::uint64_t occurrences = 0;
  std::vector<std::string> groups;  // their fingerprints
};

struct ErrorGroup {
  std::string fingerprint, pattern, source;  // source of the newest occurrence
  std::uint8_t severity = 0;                 // the worst seen
  std::int64_t first_seen = 0, last_seen = 0;
  std::uint64_t count = 0;
  std::int64_t silent_seconds = 0;  // longest silence that ended within the query's window; regressions only
  std::int64_t returned_at = 0;
};

enum class ErrorSort : std::uint8_t { last_seen, count, first_seen };

/// One connection; used by one thread at a time.
class FindingsStore {
 public:
  /// Opens the database file, making it (0600) and its tables where they are missing.
  static Result<FindingsStore> open(const std::string& path);
  /// The same to look at what is stored: where there is no file none is made, and an empty store in memory answers.
  static Result<FindingsStore> open_to_read(const std::string& path);

  /// Everything between begin and commit is one transaction; without it every call is one of its own.
  Result<Done> begin() { return connection_.run("BEGIN IMMEDIATE"); }
  Result<Done> commit() { return connection_.run("COMMIT"); }
  Result<Done> rollback() { return connection_.run("ROLLBACK"); }

  /// True if it is new; false if the same finding (rule, source, time, line, message) was there.
  Result<bool> add_finding(const Finding& finding);
  /// Newest first.
  Result<std::vector<Finding>> findings(const FindingQuery& query);
  Result<FindingSummary> summary();

  /// Dismissing again replaces the reason.
  Result<Done> dismiss(const Dismissal& dismissal);
  /// Takes back the dismissal of exactly that source, or, with an empty source, every one of the rule. How many.
  Result<std::uint64_t> undismiss(std::string_view rule, std::string_view source);
  Result<std::vector<Dismissal>> dismissals();
  /// Whether findings of the rule in that source are hidden.
  Result<bool> dismissed(std::string_view rule, std::string_view source);
  Result<DismissalPreview> preview(std::string_view rule, std::string_view source);
  /// Changes whenever a dismissal does, by whichever process: `tail` asks it instead of the list.
  Result<std::int64_t> dismissals_version();

  /// Stores them, all or none: every occurrence that was not there, and what they change of each group once. The result is that
  /// of adding them one after the other. Within a transaction of the caller's a failure leaves some stored: roll back.
  Result<ErrorsAdded> add_errors(const std::vector<ErrorOccurrence>& occurrences);
  /// Every occurrence of `from` becomes one of `into`, which is made where it is missing. False: there was no `from`.
  Result<bool> merge_errors(std::string_view from, const ErrorTemplate& into);
  /// The groups seen last, at most `limit`, those with a learnt template first, then in the order of their fingerprints.
  Result<std::vector<ErrorTemplate>> error_templates(std::size_t limit);
  Result<std::vector<ErrorGroup>> errors(ErrorSort sort, std::optional<std::uint8_t> at_least, std::size_t limit);
  Result<std::optional<ErrorGroup>> error(std::string_view fingerprint);
  /// Newest first.
  Result<std::vector<ErrorOccurrence>> occurrences(std::string_view fingerprint, std::size_t limit = kOccurrencesShown);
  /// Groups first seen at or after `since`.
  Result<std::vector<ErrorGroup>> new_errors(std::int64_t since, std::size_t limit);
  /// Groups that came back after at least `silence` seconds without an occurrence; the latest return first.
  Result<std::vector<ErrorGroup>> regressions(std::int64_t silence, std::size_t limit);

  struct StoredBaseline {
    std::string source, model;
    std::uint32_t bucket_seconds = 0;
    std::uint64_t observations = 0;
    std::int64_t updated_at = 0;
    std::string state;  // detect::Baseline's bytes
  };
  Result<Done> put_baseline(const StoredBaseline& baseline);
  Result<std::optional<StoredBaseline>> baseline(std::string_view source, std::string_view model);
  /// Without their states.
  Result<std::vector<StoredBaseline>> baselines();
  /// Of one source, or, with an empty one, all. How many.
  Result<std::uint64_t> reset_baselines(std::string_view source);

  /// Removes what is older than `retention_days` before `now` or beyond the row limits. How many rows.
  Result<std::uint64_t> prune(std::int64_t now, int retention_days);
  /// Removes what was stored with `demo` set, and nothing else.
  Result<std::uint64_t> clear_demo();

 private:
  explicit FindingsStore(Connection connection) : connection_(std::move(connection)) {}
  /// The statement for `sql`, prepared once; `sql` is a literal.
  Result<Statement*> prepared(std::string_view sql);
  Result<std::uint64_t> remove(std::string_view sql, std::int64_t number);
  static Result<FindingsStore> set_up(Result<Connection> connection);

  struct GroupChange;
  Result<ErrorsAdded> insert_errors(const std::vector<ErrorOccurrence>& occurrences);
  Result<bool> insert_occurrence(const ErrorOccurrence& occurrence, const std::string& fingerprint,
                                 const std::string& source);
  Result<bool> change_group(const std::string& fingerprint, const GroupChange& change);

  Connection connection_;
  std::unordered_map<std::string_view, Statement> statements_;
};

}  // namespace logystera::store
