// What a whole run comes to, for whoever wants the answer first: what happened and who did it, which errors are loudest, what the machine
// itself suffers from. Fed in the order of the log with what comes out of a stage, so nothing personal is in it.
//
// A line that is no error costs a comparison of its time; an error's words are hashed without those that hold digits, and only what was
// not met before is taken apart (detect/error_groups.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/finding.hpp"
#include "core/record.hpp"
#include "core/severity.hpp"
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
  // Of the newest of them:
  std::string message, source;
  std::uint64_t line = 0;
};

struct Digest {
  std::optional<std::int64_t> first_ns, last_ns;  // of all records with a time
  std::vector<store::Episode> incidents;          // the most severe first
  std::vector<store::Episode> operations;         // of rules tagged `operations`, likewise
  std::uint64_t episodes_left_out = 0;            // findings beyond what is told apart
  std::vector<LoudError> errors;                  // the loudest first
  std::uint64_t error_events = 0;                 // all of them, those beyond what is told apart too
};

class DigestBuilder {
 public:
  static constexpr std::size_t kSkeletonsMost = 50'000;  // different errors that are remembered; what is beyond is counted

  /// The redactor's own patterns, whose pseudonyms are variable parts of errors.
  explicit DigestBuilder(const std::vector<redact::Pattern>& patterns);

  void add(const Finding& finding);
  /// A redacted record. Findings of the batch come before it.
  void add(const Record& record) {
    if (record.time_known) {
      if (record.time_ns < first_ns_) first_ns_ = record.time_ns;
      if (record.time_ns > last_ns_) last_ns_ = record.time_ns;
    }
    if (detect::is_error(record)) add_error(record);
    else if (record.kind == RecordKind::auth || record.kind == RecordKind::signal) add_login(record);
  }

  /// What there is. Nothing is left behind.
  Digest take();

 private:
  void add_error(const Record& record);
  void add_login(const Record& record);
  std::size_t group_of(const Record& record);
  std::size_t settled(std::size_t group) const;

  struct Group {
    LoudError error;
    std::int64_t newest_ns = INT64_MIN;
    std::size_t into;  // the group it went on into; itself
  };

  std::int64_t first_ns_ = INT64_MAX, last_ns_ = INT64_MIN;
  store::Episodes incidents_, operations_;
  detect::ErrorGroups learning_;
  std::vector<Group> groups_;
  std::unordered_map<std::string, std::size_t> by_fingerprint_;
  std::unordered_map<std::uint64_t, std::size_t>
      by_skeleton_;  // a hash of an error without its words with digits → its group
  std::uint64_t error_events_ = 0;
};

}  // namespace logystera::analysis
