// --since, --until, --source, --grep and --where: the same words and the same grammar wherever records or stored rows are shown.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.hpp"
#include "cli/command.hpp"
#include "cli/config.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "filter/filter.hpp"
#include "parse/format.hpp"
#include "source/paths.hpp"
#include "store/error_store.hpp"
#include "store/event_store.hpp"
#include "store/finding_store.hpp"

namespace logystera::cli {

/// --since and --until; a default stands in `question`. `what` is listed: "records", "findings".
void add_span(Command& command, filter::Question& question, const std::string& what);
/// --source, --grep and --where.
void add_condition(Command& command, filter::Question& question, const std::string& what);
/// All five.
void add_question(Command& command, filter::Question& question, const std::string& what);

/// What --help says of conditions.
inline constexpr const char* kConditionHelp =
    "Times: 2h, 7d, today, yesterday, monday, 'last night' (18:00 to 06:00), 2026-05-18, '2026-05-18 10:00', 02:15;\n"
    "of a day or a night --since takes the beginning and --until the end. Conditions:\n"
    "  --where 'status >= 500 and path contains \"/checkout\"'\n"
    "  --where 'level >= warning and not program in (sshd, sudo) and message matches /time[d ]* ?out/'\n"
    "with =, !=, <, <=, >, >=, contains, starts with, ends with, matches /RE2/, in (…), exists, and, or, not and "
    "parentheses.";

/// Draws on standard error where in a text the mistake is, if the error says it; it is told afterwards.
Error with_place_drawn(Error error);
/// The same of an error of filter::Filter, as the command line calls its options.
Error as_option(const Error& error);

/// Why --detect-anomalies does not go with them.
Error baseline_of_part();

/// Says on standard error which fields of the condition no record had.
void say_unseen_fields(std::string_view command, const filter::Filter* filter);

/// Takes out the files --source does not mean: what no record is wanted of need not be read. An error where that is all of them.
Result<Done> choose_sources(std::vector<source::SourceSet>& sets, const std::string& asked);

/// Stored rows, asked as records are.
class RowFilter {
 public:
  enum class Rows { findings, errors, events, alerts };

  /// What `question` says of findings, errors, events or alerts; times are of this machine's zone.
  static Result<std::unique_ptr<RowFilter>> make(Rows rows, const filter::Question& question, const Config& config);

  /// Unix seconds: at or after, and before.
  std::optional<std::int64_t> since() const noexcept { return since_; }
  std::optional<std::int64_t> until() const noexcept { return until_; }
  /// Whether there is more to it than a span of time.
  bool asks() const noexcept { return session_.has_value(); }

  bool wants(const store::Finding& finding);
  /// Its time is when it was seen last.
  bool wants(const store::ErrorGroup& group);
  bool wants(const store::StoredEvent& event);
  /// Its time is when it was hit last. `site`: the name of its site, which is its source; empty: it is of none.
  bool wants(const alert::Alert& alert, std::string_view site);

 private:
  RowFilter() = default;
  bool asked(const Record& record) { return session_->wants(record); }

  FieldNames names_;
  std::optional<std::int64_t> since_, until_;
  std::shared_ptr<const filter::Filter> filter_;
  std::optional<filter::Session> session_;  // none: a span of time is all that is asked for
  std::optional<parse::Formats> formats_;   // of events
  std::unique_ptr<parse::LineParser> parser_;
  RecordBatch batch_;
};

}  // namespace logystera::cli
