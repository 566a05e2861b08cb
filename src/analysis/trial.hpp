// Lines tried against one rule: does it fire, what was read of them and, where it does not, why. Nothing of it is stored, and
// everything that comes out is redacted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/finding.hpp"
#include "analysis/program.hpp"
#include "core/result.hpp"
#include "detect/engine.hpp"
#include "detect/sample.hpp"

namespace logystera::analysis {

inline constexpr std::size_t kTrialBytes = 64 * 1024;            // of lines
inline constexpr const char* kEventFormat = "logystera_events";  // of what sites send
inline constexpr std::size_t kTrialRecordsShown = 20;
inline constexpr std::size_t kTrialFindingsShown = 20;
inline constexpr std::size_t kDraftBytes = 64 * 1024;  // of rules

/// A part of a rule's condition, and whether it holds for a record.
struct TriedCondition {
  unsigned depth = 0;
  std::string words;  // "any of", `method equals "GET"`: made of the rule's texts
  bool holds = false;
};

struct TriedRecord {
  std::uint64_t line = 0;
  bool parsed = false;  // of the format; else plain text
  bool time_known = false;
  std::int64_t time_ns = 0;  // UTC
  std::string kind, severity, message;
  struct Field {
    std::string name, value;
  };
  std::vector<Field> fields;
  bool looked_at = false;  // the rule looks at such records
  bool hit = false;        // its condition holds, or that of one it counts
  std::string detection;   // whose condition it is, of a rule that counts others
  std::vector<TriedCondition> conditions;
};

struct Trial {
  bool fires = false;
  std::string why;                 // it does not fire; empty: it does
  std::vector<std::string> scope;  // what it looks at
  std::string counts;              // what it counts over time; empty: it counts nothing
  std::string format;              // what the lines were taken for, for a person
  std::uint64_t records = 0, looked_at = 0, hits = 0, findings_total = 0;
  std::vector<Finding> findings;     // the first ones
  std::vector<TriedRecord> sampled;  // the first records
};

/// `rule` is an index in the program's rules. `format` empty: recognised. Errors: not_found for a format there is not, invalid for
/// lines that are too long or no log.
Result<Trial> try_rule(const Program& program, std::uint32_t rule, std::string_view lines, const std::string& format);

/// Of a trial on one record whose personal data whoever asks may not see: shows these fields and this message instead of what was read
/// of it, and of findings their titles. What redaction finds in texts by itself is not all a record's fields are known to hold.
void show_instead(Trial& trial, std::string_view message, const std::vector<TriedRecord::Field>& fields);

/// The rules that look at one of these lines, or count others that do, and make findings of their own: indices, in their order. Errors
/// as those of try_rule().
Result<std::vector<std::uint32_t>> rules_looking_at(const Program& program, std::string_view lines,
                                                    const std::string& format);

/// Rules somebody has written and not put anywhere yet.
struct Draft {
  std::vector<detect::DocumentReport> documents;
  std::string problem;  // of all of them together; empty: none
  std::size_t samples = 0;
  std::vector<detect::SampleFailure> failures;
  std::string samples_problem;  // why they could not be run; empty: they were
  struct Tried {
    std::string rule, title;
    Trial trial;
  };
  std::vector<Tried> tried;  // where there are lines: each rule that makes findings of its own

  /// Every document was loaded, and each sample does what it says.
  bool sound() const noexcept;
};

/// Loads the rules of `text`, native or Sigma, runs their samples, and tries them on `lines` where there are some. Errors as those of
/// try_rule(); what is wrong with the rules is none.
Result<Draft> check_draft(const Program& program, std::string_view text, std::string_view lines, const std::string& format);

}  // namespace logystera::analysis
