// Errors of logs, in groups of one template each. Everything handed in is redacted already.
//
// A log scanned twice is stored once: every occurrence has a key made of what identifies it. Regressions are read from the gaps
// between occurrences, whatever order the logs were scanned in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/severity.hpp"
#include "store/paging.hpp"

namespace logystera::store {

inline constexpr std::size_t kOccurrenceRows = 1'000'000;  // beyond: the oldest go
inline constexpr std::size_t kOccurrencesShown = 20;
inline constexpr std::int64_t kSilenceSeconds = 24 * 3600;  // after which an error that returns is a regression

struct ErrorOccurrence {
  std::string fingerprint;
  std::string pattern;  // the message's template
  Severity severity = Severity::debug;
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

/// What was new of the occurrences handed in; those that were there already are in neither.
struct ErrorsAdded {
  std::uint64_t occurrences = 0;
  std::vector<std::string> groups;  // their fingerprints
};

struct ErrorGroup {
  std::string fingerprint, pattern, source;  // source of the newest occurrence
  Severity severity = Severity::debug;       // the worst seen
  std::int64_t first_seen = 0, last_seen = 0;
  std::uint64_t count = 0;
  /// The last silence of kSilenceSeconds or more, and when it ended; 0: there was none. From regressions(): of the length asked for.
  std::int64_t silent_seconds = 0;
  std::int64_t returned_at = 0;
};

enum class ErrorSort : std::uint8_t { last_seen, count, first_seen };

/// What is found in a log belongs to no site: whoever is restricted to some sees none of it.
struct ErrorFilter {
  ErrorSort sort = ErrorSort::last_seen;
  std::optional<Severity> at_least = {};
  std::optional<std::int64_t> since = {};           // seen last at or after, unix seconds
  std::optional<std::int64_t> new_since = {};       // seen first at or after
  std::optional<std::int64_t> returned_since = {};  // the last silence ended at or after
  std::string text = {};                            // in the pattern, in any (ASCII) case
  SourcePrefixes of_sources = {};                   // of an occurrence
  SiteScope sites = {};
};
/// Where a group stands in a list: what it is sorted by, of which the largest comes first, then its fingerprint.
struct ErrorKey {
  std::int64_t value = 0;
  std::string fingerprint;
  bool operator==(const ErrorKey&) const = default;
};
using ErrorPage = Page<ErrorGroup, ErrorKey>;

constexpr std::int64_t value_of(const ErrorGroup& group, ErrorSort sort) noexcept {
  return sort == ErrorSort::count        ? static_cast<std::int64_t>(group.count)
         : sort == ErrorSort::first_seen ? group.first_seen
                                         : group.last_seen;
}

struct ErrorSummary {
  std::uint64_t groups = 0, occurrences = 0;
};

class ErrorStore {
 public:
  virtual ~ErrorStore() = default;

  /// Stores them, all or none: every occurrence that was not there, and what they change of each group once. The result is that
  /// of adding them one after the other.
  virtual Result<ErrorsAdded> add(const std::vector<ErrorOccurrence>& occurrences) = 0;
  /// Every occurrence of `from` becomes one of `into`, which is made where it is missing. False: there was no `from`.
  virtual Result<bool> merge(std::string_view from, const ErrorTemplate& into) = 0;
  /// The groups seen last, at most `limit`, those with a learnt template first, then in the order of their fingerprints.
  virtual Result<std::vector<ErrorTemplate>> templates(std::size_t limit) = 0;
  /// The largest of what `sort` names first.
  virtual Result<std::vector<ErrorGroup>> list(ErrorSort sort, std::optional<Severity> at_least, std::size_t limit) = 0;
  virtual Result<std::optional<ErrorGroup>> find(std::string_view fingerprint) = 0;
  /// Newest first.
  virtual Result<std::vector<ErrorOccurrence>> occurrences(std::string_view fingerprint,
                                                           std::size_t limit = kOccurrencesShown) = 0;
  /// Groups first seen at or after `since`.
  virtual Result<std::vector<ErrorGroup>> first_seen_since(std::int64_t since, std::size_t limit) = 0;
  /// Groups that came back after at least `silence` seconds without an occurrence; the latest return first.
  virtual Result<std::vector<ErrorGroup>> regressions(std::int64_t silence, std::size_t limit) = 0;

  virtual Result<ErrorPage> page(const ErrorFilter& filter, const PageRequest<ErrorKey>& request) = 0;
  virtual Result<Count> count(const ErrorFilter& filter, std::size_t most = kCounted,
                              std::chrono::milliseconds patience = kPatience) = 0;
  virtual Result<ErrorSummary> summary() = 0;
  /// Where a group was seen, the source it was seen in last first.
  virtual Result<std::vector<std::string>> sources(std::string_view fingerprint, std::size_t limit) = 0;

  /// Removes occurrences older than `oldest` (unix seconds), but for each group's newest, or beyond the row limit. How many.
  virtual Result<std::uint64_t> prune(std::int64_t oldest) = 0;
  /// Removes groups that have nothing but occurrences with `demo` set, and nothing else. How many groups.
  virtual Result<std::uint64_t> clear_demo() = 0;
};

}  // namespace logystera::store
