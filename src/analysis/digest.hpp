// What a whole run comes to, for whoever wants the answer first: what happened and who did it, which errors are new or loudest, what the
// machine itself suffers from. Fed in the order of the log with what comes out of a stage, so nothing personal is in it.
//
// New are errors that began in the last part of what was read: its last day where that is three days or more, else its last tenth, of ten
// minutes at least. Where errors of earlier runs are known, new is what none of those runs had.
//
// A line that is no error costs a comparison of its time; an error's words are hashed without those that hold digits, and only what was
// not met before is taken apart (detect/error_groups.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/finding.hpp"
#include "analysis/scans.hpp"
#include "core/record.hpp"
#include "core/severity.hpp"
#include "detect/attempts.hpp"
#include "detect/error_groups.hpp"
#include "detect/grouping.hpp"
#include "redact/patterns.hpp"
#include "store/episode.hpp"

namespace logystera::analysis {

/// Errors that are one but for their variable parts.
struct LoudError {
  std::string pattern;
  Severity severity = Severity::error;
  std::uint64_t count = 0;
  std::optional<std::int64_t> new_since_ns;  // the time of the first of them; none: not new, or without a time
  // Of the newest of them:
  std::string message, source;
  std::uint64_t line = 0;
};

struct Digest {
  std::optional<std::int64_t> first_ns, last_ns;  // of all records with a time
  std::vector<store::Episode> incidents;          // the most severe first
  std::vector<store::Episode> operations;         // of rules tagged `operations`, likewise
  std::uint64_t episodes_left_out = 0;            // findings beyond what is told apart
  std::vector<LoudError> errors;                  // new ones, then the others, each the loudest first
  std::uint64_t error_events = 0;                 // all of them, those beyond what is told apart too
};

class DigestBuilder {
 public:
  static constexpr std::size_t kSkeletonsMost = 50'000;  // different errors that are remembered; what is beyond is counted

  /// The redactor's own patterns, whose pseudonyms are variable parts of errors.
  explicit DigestBuilder(const std::vector<redact::Pattern>& patterns);

  void add(const Finding& finding);
  /// What a finding that was added before has gone on to (Stage::Worker::further). Before findings of later records.
  void add_further(const Finding& finding);
  /// A redacted record, behind the findings up to it and before later ones. `known`: an earlier run had errors of its group.
  void add(const Record& record, bool known = false) {
    if (record.time_known) {
      if (record.time_ns < first_ns_) first_ns_ = record.time_ns;
      if (record.time_ns > last_ns_) last_ns_ = record.time_ns;
    }
    if (detect::is_error(record)) add_error(record, known);
    else if (record.kind == RecordKind::auth || record.kind == RecordKind::signal) add_login(record);
    else if (record.kind == RecordKind::web_access) failed_requests_.add(record);
  }

  /// What there is. Nothing is left behind. `earlier`: earlier runs had errors, and add() was told which.
  Digest take(bool earlier = false);

 private:
  void add_error(const Record& record, bool known);
  void add_login(const Record& record);
  std::size_t group_of(const Record& record);
  std::size_t settled(std::size_t group) const;

  struct Group {
    LoudError error;
    std::int64_t newest_ns = INT64_MIN, oldest_ns = INT64_MAX;
    bool known = false;  // an earlier run had some of it
    std::size_t into;    // the group it went on into; itself
  };

  bool is_new(const Group& group, bool earlier) const noexcept;

  std::int64_t first_ns_ = INT64_MAX, last_ns_ = INT64_MIN;
  store::Episodes incidents_, operations_;
  std::set<std::string> scan_rules_;  // those that found something
  FailedRequests failed_requests_;
  detect::Attempts attempts_;
  detect::ErrorGroups learning_;
  std::vector<Group> groups_;
  std::unordered_map<std::string, std::size_t> by_fingerprint_;
  std::unordered_map<std::uint64_t, std::size_t>
      by_skeleton_;  // a hash of an error without its words with digits → its group
  std::uint64_t error_events_ = 0;
};

}  // namespace logystera::analysis
