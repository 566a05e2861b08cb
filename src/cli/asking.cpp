// See asking.hpp. A stored row is made a record, so that there is one place where conditions are evaluated.
#include "cli/asking.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <utility>

#include "cli/row_fields.hpp"
#include "core/clock.hpp"
#include "core/printable.hpp"
#include "parse/zone.hpp"
#include "redact/salt.hpp"
#include "store/text.hpp"

namespace logystera::cli {
namespace {

constexpr std::string_view kEventFormat = "logystera_events";

std::int64_t seconds_up(std::int64_t ns) noexcept { return ns / kSecondNs + (ns % kSecondNs > 0); }

// Rows were redacted with the salt of whoever stored them; as a rule that is ours.
Result<redact::Options> redaction_of(const Config& config) {
  redact::Options options;
  if (!redact::parse_mode(config.redact, options.mode) || options.mode == redact::Mode::dry_run)
    options.mode = redact::Mode::redact;
  options.digits = config.pii_digits;
  if (options.mode != redact::Mode::redact) return options;
  auto salt = redact::resolve_salt(config.pii_salt, redact::default_salt_file());
  if (!salt) return salt.error();
  options.salt = std::move(salt).value();
  return options;
}

void add_number(RecordBatch& batch, FieldId field, std::int64_t number) {
  batch.add_integer(field, batch.arena.copy(std::to_string(number)), number);
}

}  // namespace

void add_span(Command& command, filter::Question& question, const std::string& what) {
  Option* since = command.add_option(
      "--since", question.since, "Only " + what + " since then: 2h, 7d, yesterday, 'last night', 2026-05-18, unix seconds");
  if (!question.since.empty()) since->capture_default_str();
  command.add_option("--until", question.until, "Only " + what + " before then; of a day or a night its end counts");
}

void add_condition(Command& command, filter::Question& question, const std::string& what) {
  command.add_option("--source", question.source,
                     "Only " + what + " of this source: its path, the name at its end, or a pattern with * and ?");
  command.add_option("--grep", question.grep, "Only " + what + " whose line this expression (RE2) matches");
  command.add_option("--where", question.where,
                     "Only " + what + " that fulfil a condition: 'status >= 500 and method = POST'");
}

void add_question(Command& command, filter::Question& question, const std::string& what) {
  add_span(command, question, what);
  add_condition(command, question, what);
}

Error with_place_drawn(Error error) {
  std::fputs(filter::take_drawing(error).c_str(), stderr);
  return error;
}

Error as_option(const Error& error) {
  Error told = with_place_drawn(error);
  told.message.insert(0, "--");
  return told;
}

Error baseline_of_part() {
  return Error{
      "--detect-anomalies learns what is usual from all of a log: leave --since, --until, --source, --grep and --where out",
      ErrorKind::invalid};
}

void say_unseen_fields(std::string_view command, const filter::Filter* filter) {
  if (!filter) return;
  for (const std::string& line : filter->unseen_fields())
    fmt::print(stderr, "logystera {}: --{}\n", command, printable(line));
}

// What no record is wanted of need not be read.
Result<Done> choose_sources(std::vector<source::SourceSet>& sets, const std::string& asked) {
  if (asked.empty()) return Done{};
  std::size_t files = 0;
  for (source::SourceSet& set : sets) {
    files += set.files.size();
    std::erase_if(set.files, [&](const FilePath& file) { return !filter::is_source(asked, file.path); });
  }
  std::erase_if(sets, [](const source::SourceSet& set) { return set.files.empty(); });
  if (!sets.empty()) return Done{};
  return Error{
      fmt::format("--source {}: none of the {} files is called so: write a path, the name at its end, or a pattern "
                  "like '*.log'",
                  asked, files),
      ErrorKind::not_found};
}

Result<std::unique_ptr<RowFilter>> RowFilter::make(Rows rows, const filter::Question& question, const Config& config) {
  std::unique_ptr<RowFilter> made(new RowFilter);
  const filter::Now now{wall_seconds(), parse::Zone::local()};
  filter::Terms terms{.names = made->names_, .now = now, .redaction = {}};
  filter::Question span;
  span.since = question.since;
  span.until = question.until;
  auto bounds = filter::Filter::make(span, terms);
  if (!bounds) return as_option(bounds.error());
  if (bounds.value()->since()) made->since_ = seconds_up(*bounds.value()->since());
  if (bounds.value()->until()) made->until_ = seconds_up(*bounds.value()->until());
  filter::Question rest = question;
  rest.since.clear();
  rest.until.clear();
  if (rest.empty()) return made;
  if (rows != Rows::events) {
    auto redaction = redaction_of(config);
    if (!redaction) return redaction.error();
    terms.redaction = std::move(redaction).value();
    terms.rows_redacted = true;
    rest.source = store::storable(rest.source);  // as the rows have it
    terms.fields = rows == Rows::findings ? std::span<const std::string_view>(kFindingFields)
                   : rows == Rows::alerts ? std::span<const std::string_view>(kAlertFields)
                                          : std::span<const std::string_view>(kErrorFields);
  }
  if (rows == Rows::findings || rows == Rows::alerts)
    for (std::size_t i = 0; i < kLevels; ++i) terms.levels[i] = level_name(static_cast<Level>(i));
  if (rows == Rows::events) {
    auto formats = parse::Formats::built_in();
    if (!formats) return formats.error();
    made->formats_.emplace(std::move(formats).value());
    const parse::Format* format = made->formats_->find(kEventFormat);
    auto parser = parse::make_parser(*format, {made->names_, parse::TimeContext(now.seconds * kSecondNs, now.zone)});
    if (!parser) return parser.error();
    made->parser_ = std::move(parser).value();
    for (const char* name : {"type", "site", "entity", "event_type"}) made->names_.add(name);
  }
  auto filter = filter::Filter::make(rest, terms);
  if (!filter) return as_option(filter.error());
  made->filter_ = std::move(filter).value();
  made->session_.emplace(*made->filter_);
  return made;
}

bool RowFilter::wants(const store::Finding& finding) {
  if (since_ && finding.time < *since_) return false;
  if (until_ && finding.time >= *until_) return false;
  if (!session_) return true;
  batch_.clear();
  Record record;
  record.time_known = true;
  record.time_ns = finding.time * kSecondNs;
  record.severity = static_cast<Severity>(finding.level);  // the n-th of either; Terms::levels has their names
  record.source = finding.source;
  record.line = finding.line;
  record.raw = record.message = finding.message.empty() ? finding.title : finding.message;
  batch_.begin_fields();
  batch_.add_text(names_.add("rule"), finding.rule);
  batch_.add_text(names_.add("title"), finding.title);
  if (!finding.site.empty()) batch_.add_text(names_.add("site"), finding.source);
  if (!finding.group_label.empty()) batch_.add_text(names_.add("group"), finding.group_label);
  add_number(batch_, names_.add("hits"), static_cast<std::int64_t>(finding.hits));
  add_number(batch_, names_.add("demo"), finding.demo);
  const store::Who& who = finding.who;
  for (const auto& [name, text] : {std::pair<std::string_view, std::string_view>{"address", who.address},
                                   {"account", who.account},
                                   {"target", who.target},
                                   {"outcome", store::outcome_name(who.outcome)}})
    if (!text.empty()) batch_.add_text(names_.add(name), text);
  if (who.status != 0) add_number(batch_, names_.add("status"), who.status);
  batch_.end_fields(record);
  return asked(record);
}

bool RowFilter::wants(const alert::Alert& alert, std::string_view site) {
  if (since_ && alert.last_time < *since_) return false;
  if (until_ && alert.last_time >= *until_) return false;
  if (!session_) return true;
  batch_.clear();
  Record record;
  record.time_known = true;
  record.time_ns = alert.last_time * kSecondNs;
  record.severity = static_cast<Severity>(alert.level);
  record.source = site;
  record.raw = record.message = alert.title.empty() ? alert.rule : alert.title;
  batch_.begin_fields();
  for (const auto& [name, text] : {std::pair<std::string_view, std::string_view>{"rule", alert.rule},
                                   {"title", alert.title},
                                   {"site", site},
                                   {"group", alert.group_label},
                                   {"state", alert::state_name(alert.state)},
                                   {"assignee", alert.assignee}})
    if (!text.empty()) batch_.add_text(names_.add(name), text);
  add_number(batch_, names_.add("hits"), static_cast<std::int64_t>(alert.hits));
  batch_.end_fields(record);
  return asked(record);
}

bool RowFilter::wants(const store::ErrorGroup& group) {
  if (since_ && group.last_seen < *since_) return false;
  if (until_ && group.first_seen >= *until_) return false;
  if (!session_) return true;
  batch_.clear();
  Record record;
  record.time_known = true;
  record.time_ns = group.last_seen * kSecondNs;
  record.severity = group.severity;
  record.source = group.source;
  record.raw = record.message = group.pattern;
  batch_.begin_fields();
  batch_.add_text(names_.add("fingerprint"), group.fingerprint);
  add_number(batch_, names_.add("count"), static_cast<std::int64_t>(group.count));
  batch_.end_fields(record);
  return asked(record);
}

bool RowFilter::wants(const store::StoredEvent& event) {
  if (since_ && event.created_at < *since_) return false;
  if (until_ && event.created_at >= *until_) return false;
  if (!session_) return true;
  batch_.clear();
  Record record;
  record.raw = event.line;
  batch_.begin_fields();
  if (parser_->read(event.line, batch_, record) != parse::LineRead::record) batch_.drop_fields();
  batch_.add_text(names_.add("type"), event.type);
  batch_.add_text(names_.add("site"), event.name);
  batch_.add_text(names_.add("entity"), event.entity);
  batch_.end_fields(record);
  record.time_known = true;
  record.time_ns = event.created_at * kSecondNs;
  record.source = event.name;
  return asked(record);
}

}  // namespace logystera::cli
