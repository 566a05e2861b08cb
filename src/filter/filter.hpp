// Which records are asked for: since, until, from which source, with which text, under which condition. The same grammar wherever
// records or stored rows are shown.
//
// A filter looks at records before they are redacted, in memory, as rules do: an address that is known can be asked for. A value
// that looks like a pseudonym ("ip_8390373f") is compared with the pseudonym of what stands there, so what a report shows can be asked
// for as well. Rows that were redacted before they were stored are asked the other way round: values of the condition are redacted
// as the rows were.
//
// A test of a field the record has not is neither true nor false, as SQL's NULL: neither `status = 404` nor `not status = 404` takes a
// record without a status. A field that occurs more than once passes a test if one of its values does.
//
//   auto filter = Filter::make({.where = "status >= 500"}, terms);
//   Session session(*filter.value());                                       // one a thread
//   if (session.wants(record)) …
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "core/severity.hpp"
#include "filter/expression.hpp"
#include "filter/moment.hpp"
#include "redact/redactor.hpp"

namespace re2 {
class RE2;
}

namespace logystera::filter {

/// What a person asked for, as written. Empty: not asked.
struct Question {
  std::string since = {}, until = {};  // as parse_moment() takes them
  std::string source = {};             // a path, the name at the end of one, or a pattern of either with * and ?
  std::string grep = {};               // RE2, found anywhere in the raw line
  std::string where = {};              // filter/expression.hpp

  bool empty() const noexcept { return since.empty() && until.empty() && source.empty() && grep.empty() && where.empty(); }
};

/// What a record says about itself, beside its fields. These names win over fields of the same name, which are `fields.NAME`.
enum class Own : std::uint8_t { none, time, level, source, message, raw, host, format, kind, line };

/// "time", "level", …; the name of `Own::none` is empty.
std::string_view own_name(Own own) noexcept;
/// The one of that name (in any case; "severity" is the level), or Own::none.
Own own_from(std::string_view name) noexcept;
/// Stands before a name that is a field's, whatever else is called so.
inline constexpr std::string_view kFieldPrefix = "fields.";

/// What questions are about.
struct Terms {
  FieldNames& names;  // of the records; names in conditions are added. Outlives the filter
  Now now;
  redact::Options redaction;  // how records are redacted afterwards, or rows were before
  bool rows_redacted = false;
  /// Names of fields there can be, beside own ones. Empty: any (a log has what fields it likes).
  std::span<const std::string_view> fields = {};
  /// What `level` is called, from the mildest; empty names are none.
  std::array<std::string_view, kLevels> levels = {"debug", "info", "warning", "error", "critical"};
};

class Filter {
 public:
  /// Messages of errors begin with what the question calls its part ("where, column 8: …") and say what to write.
  static Result<std::shared_ptr<const Filter>> make(const Question& question, const Terms& terms);

  ~Filter();
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  /// The bounds of time, Unix nanoseconds: at or after, and before.
  std::optional<std::int64_t> since() const noexcept { return since_; }
  std::optional<std::int64_t> until() const noexcept { return until_; }

  /// One line for each field of the condition that no record had so far, with the name that may have been meant.
  std::vector<std::string> unseen_fields() const;

 private:
  friend class Session;
  friend class Compiler;
  struct Compiled;

  Filter();

  std::optional<std::int64_t> since_, until_;
  std::string source_;
  bool source_is_pattern_ = false;
  std::unique_ptr<const re2::RE2> grep_;
  bool grep_shown_ = false;  // it asks for what is shown in the place of personal data
  std::vector<Compiled> tests_;
  std::vector<Node> nodes_;  // as in Expression; empty: no condition
  bool shows_ = false;       // some test asks for pseudonyms
  redact::Options redaction_;
  FieldNames* names_ = nullptr;
};

/// A filter in use by one thread.
class Session {
 public:
  /// `filter` outlives it.
  explicit Session(const Filter& filter);
  ~Session();
  Session(Session&& other) noexcept;

  bool wants(const Record& record);

 private:
  enum class Truth : std::uint8_t { no, yes, unknown };
  struct Seen;

  bool of_source(std::string_view source);
  bool has_text(const Record& record);
  Truth truth_of(std::uint32_t node, const Record& record);
  Truth test(const Filter::Compiled& test, const Record& record);
  Truth compare(const Filter::Compiled& test, const Seen& seen);
  std::string_view shown(std::string_view text);

  const Filter& filter_;
  std::optional<redact::Redactor> redactor_;
  Arena arena_;  // what redaction makes; emptied with each record
  std::string_view source_;
  bool source_wanted_ = false;
};

/// Whether a path is meant by what --source takes.
bool is_source(std::string_view asked, std::string_view path);

}  // namespace logystera::filter
