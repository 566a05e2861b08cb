// `logystera top`: what there is most of.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "ask/columns.hpp"
#include "ask/rows.hpp"
#include "ask/top.hpp"
#include "cli/asked_logs.hpp"
#include "cli/asking.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/render.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"
#include "core/suggest.hpp"
#include "dashboard/export.hpp"

namespace logystera::cli {
namespace {

constexpr const char* kCommand = "top";
constexpr char kBetween = '\x1f';  // values of a group; in a value it becomes a blank
constexpr std::string_view kAbsent = "-";
constexpr std::size_t kFieldsMost = 8;
constexpr std::uint64_t kRowsDefault = 20;
constexpr std::size_t kColumnsDefault = 100;  // when the output is no terminal
constexpr std::size_t kBarLeast = 6, kBarMost = 24;

struct Options {
  AskedLogs logs;
  std::vector<std::string> words;
  std::uint64_t limit = kRowsDefault, groups = ask::kGroupsDefault;
  bool csv = false;
};

struct Counted {
  std::string name;  // as it was asked for
  filter::Own own = filter::Own::none;
  FieldId field = field::none;
};

// What is counted, and of which files: words are fields while they name some, and paths from there on.
struct Asked {
  std::vector<std::string> fields, paths;
};

bool names_field(std::string_view word, const FieldNames& known) {
  if (word.starts_with(filter::kFieldPrefix)) return word.size() > filter::kFieldPrefix.size();
  const std::string_view name = ask::field_of_friendly(word);
  return filter::own_from(name) != filter::Own::none || known.find(name) != field::none;
}

Result<Asked> take_apart(const std::vector<std::string>& words) {
  const FieldNames known;
  Asked asked;
  for (const std::string& word : words) {
    std::error_code ignored;
    const bool first = asked.fields.empty();
    const bool named = names_field(word, known);
    if (first && !named && (word.find('/') != std::string::npos || std::filesystem::exists(word, ignored)))
      return Error{
          fmt::format("{}: say what to count before the path: {}, or the name of any field", word, ask::friendly_names()),
          ErrorKind::invalid};
    if (asked.paths.empty() && (first || named)) asked.fields.push_back(word);
    else asked.paths.push_back(word);
  }
  if (asked.fields.size() > kFieldsMost)
    return Error{fmt::format("at most {} fields are counted together", kFieldsMost), ErrorKind::too_large};
  return asked;
}

std::vector<Counted> counted_fields(const std::vector<std::string>& fields, FieldNames& names) {
  std::vector<Counted> counted;
  for (const std::string& word : fields) {
    Counted one;
    one.name = word;
    std::string_view name = ask::field_of_friendly(word);
    if (name.starts_with(filter::kFieldPrefix)) name.remove_prefix(filter::kFieldPrefix.size());
    else one.own = filter::own_from(name);
    if (one.own == filter::Own::none) one.field = names.add(name);
    counted.push_back(std::move(one));
  }
  return counted;
}

// A value of a record as it is counted; empty: there is none.
std::string_view value_of(const Counted& counted, const Record& record, const Zone& zone, std::string& scratch) {
  switch (counted.own) {
    case filter::Own::none: return record.text(counted.field);
    case filter::Own::time: return scratch = record.time_known ? time_in(zone, true, record.time_ns) : std::string();
    case filter::Own::level: return severity_name(record.severity);
    case filter::Own::source: return record.source;
    case filter::Own::message: return record.message.empty() ? record.raw : record.message;
    case filter::Own::raw: return record.raw;
    case filter::Own::host: return record.host;
    case filter::Own::format: return record.format;
    case filter::Own::kind: return record_kind_name(record.kind);
    case filter::Own::line: return scratch = std::to_string(record.line);
  }
  return {};
}

class Counter {
 public:
  Counter(std::vector<Counted> fields, std::size_t groups, Zone zone)
      : fields_(std::move(fields)), seen_(fields_.size()), hitters_(groups), zone_(std::move(zone)) {}

  void add(const Record& record) {
    key_.clear();
    bool any = false;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const std::string_view value = value_of(fields_[i], record, zone_, scratch_);
      if (i > 0) key_ += kBetween;
      const std::size_t from = key_.size();
      key_ += value.empty() ? kAbsent : value;
      std::replace(key_.begin() + static_cast<std::ptrdiff_t>(from), key_.end(), kBetween, ' ');
      seen_[i] = seen_[i] || !value.empty();
      any = any || !value.empty();
    }
    const Value* bytes = record.find(field::bytes);
    const std::uint64_t size = bytes && bytes->kind == Value::Kind::integer && bytes->as_integer() > 0
                                   ? static_cast<std::uint64_t>(bytes->as_integer())
                                   : 0;
    if (any) hitters_.add(key_, record.repeated, size);
    else without_ += record.repeated;
  }

  const std::vector<Counted>& fields() const noexcept { return fields_; }
  const ask::HeavyHitters& hitters() const noexcept { return hitters_; }
  std::uint64_t without() const noexcept { return without_; }
  bool seen(std::size_t field) const { return seen_[field]; }

  std::vector<std::string> values_of(const std::string& key) const {
    std::vector<std::string> values(1);
    for (const char c : key)
      if (c == kBetween && values.size() < fields_.size()) values.emplace_back();
      else values.back() += c;
    values.resize(fields_.size());
    return values;
  }

 private:
  const std::vector<Counted> fields_;
  std::vector<bool> seen_;
  ask::HeavyHitters hitters_;
  const Zone zone_;
  std::uint64_t without_ = 0;
  std::string key_, scratch_;
};

struct Rest {
  std::uint64_t count = 0, bytes = 0, groups = 0;
};

// Counts beyond the shown rows; where counts are upper bounds, so is what is subtracted.
Rest rest_of(const Counter& counter, const std::vector<ask::HeavyHitters::Group>& rows) {
  Rest rest{counter.hitters().total(), counter.hitters().total_bytes(), counter.hitters().groups() - rows.size()};
  for (const auto& row : rows) {
    rest.count -= std::min(rest.count, row.count);
    rest.bytes -= std::min(rest.bytes, row.bytes);
  }
  return rest;
}

double share_of(std::uint64_t count, const Counter& counter) {
  const auto total = static_cast<double>(std::max<std::uint64_t>(counter.hitters().total(), 1));
  return std::min(1.0, static_cast<double>(count) / total);
}

// Eighths of a column, the largest count being all of it.
std::string bar(double share, std::size_t columns) {
  static constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(std::lround(share * static_cast<double>(columns * 8)));
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  out += kEighths[eighths % 8];
  return out + std::string(columns - std::min(columns, eighths / 8 + (eighths % 8 > 0)), ' ');
}

std::string upper_name(const std::string& name) {
  return upper(name.starts_with(filter::kFieldPrefix) ? name.substr(filter::kFieldPrefix.size()) : name);
}

void print_text(const Counter& counter, const std::vector<ask::HeavyHitters::Group>& rows, std::uint64_t groups) {
  const ask::HeavyHitters& hitters = counter.hitters();
  const bool bytes = hitters.total_bytes() > 0;
  const std::size_t terminal = terminal_columns(0);
  const std::size_t columns = terminal > 0 ? terminal : kColumnsDefault;
  const std::size_t bar_columns = std::clamp(columns / 5, kBarLeast, kBarMost);
  const Rest rest = rest_of(counter, rows);
  std::vector<std::string> head{"COUNT", "SHARE"};
  if (bytes) head.emplace_back("BYTES");
  head.emplace_back("");
  for (const Counted& field : counter.fields()) head.push_back(printable(upper_name(field.name)));
  std::vector<std::vector<std::string>> table_rows{head};
  const auto number = [&](std::uint64_t count, std::uint64_t sum, double filled) {
    std::vector<std::string> row{grouped(count), fmt::format("{:.1f} %", share_of(count, counter) * 100)};
    if (bytes) row.push_back(bytes_text(sum));
    row.push_back(bar(filled, bar_columns));
    return row;
  };
  for (const auto& one : rows) {
    table_rows.push_back(
        number(one.count, one.bytes, static_cast<double>(one.count) / static_cast<double>(rows.front().count)));
    for (const std::string& value : counter.values_of(one.key)) table_rows.back().push_back(printable(value));
  }
  const std::size_t numbers = bytes ? 3 : 2;
  if (rest.count > 0) {
    table_rows.push_back(number(rest.count, rest.bytes, 0));
    table_rows.back().push_back(hitters.error() > 0 ? "others" : fmt::format("{} others", grouped(rest.groups)));
  }
  std::vector<std::size_t> widths(head.size());
  for (const auto& row : table_rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  for (std::size_t r = 0; r < table_rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < table_rows[r].size(); ++i) {
      const std::string& cell = table_rows[r][i];
      const std::string room(widths[i] - columns_of(cell), ' ');
      line += (i > 0 ? "  " : "") + (i < numbers ? room + cell : cell + room);
    }
    if (terminal > 0 && columns_of(line) > terminal) line = fitted(line, terminal);
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", r == 0 && colour_wanted() ? "\x1b[1m" + line + "\x1b[0m" : line);
  }
  std::string note = fmt::format("{} records", grouped(hitters.total()));
  if (counter.without() > 0) note += fmt::format(", {} more without any of these", grouped(counter.without()));
  fmt::print("{}{}.\n", rows.empty() ? "" : "\n", note);
  if (hitters.error() > 0)
    fmt::print(
        "Counts are approximate: each may be {} too high, and bytes too low, since there are more than {} different ones "
        "(--groups).\n",
        grouped(hitters.error()), grouped(groups));
}

void print_json(const Counter& counter, const std::vector<ask::HeavyHitters::Group>& rows) {
  const ask::HeavyHitters& hitters = counter.hitters();
  const Rest rest = rest_of(counter, rows);
  JsonText json;
  json.begin_object().key("fields").begin_array();
  for (const Counted& field : counter.fields()) json.string(field.name);
  json.end_array()
      .count("records", hitters.total())
      .count("without", counter.without())
      .count("bytes", hitters.total_bytes());
  json.key("approximate").boolean(hitters.error() > 0).count("too_high_at_most", hitters.error());
  json.key("rows").begin_array();
  for (const auto& row : rows) {
    json.begin_object().count("count", row.count).count("bytes", row.bytes).key("share").real(share_of(row.count, counter));
    json.key("values").begin_array();
    for (const std::string& value : counter.values_of(row.key)) json.string(value);
    json.end_array().end_object();
  }
  json.end_array().key("others").begin_object().count("count", rest.count).count("bytes", rest.bytes);
  if (hitters.error() == 0) json.count("groups", rest.groups);
  json.end_object().end_object();
  fmt::print("{}\n", json.text());
}

void print_csv(const Counter& counter, const std::vector<ask::HeavyHitters::Group>& rows) {
  std::string line = "count,share,bytes";
  for (const Counted& field : counter.fields()) line += "," + dashboard::csv_cell(field.name);
  fmt::print("{}\r\n", line);
  for (const auto& row : rows) {
    line = fmt::format("{},{:.6f},{}", row.count, share_of(row.count, counter), row.bytes);
    for (const std::string& value : counter.values_of(row.key)) line += "," + dashboard::csv_cell(value);
    fmt::print("{}\r\n", line);
  }
}

// Of a field that no record had, with the name that may have been meant.
std::optional<Error> unknown_field(const Counter& counter, const FieldNames& names) {
  for (std::size_t i = 0; i < counter.fields().size(); ++i) {
    const Counted& field = counter.fields()[i];
    if (counter.seen(i) || field.own != filter::Own::none || field.field < field::known_count_) continue;
    std::vector<std::string_view> known = ask::names_to_count();
    for (std::size_t id = 1; id < names.size(); ++id)
      if (id != field.field) known.push_back(names.name(static_cast<FieldId>(id)));
    const std::string_view near = nearest_name(field.name, known);
    return Error{fmt::format("no record has a field {}{}", field.name,
                             near.empty() ? fmt::format(": count {}, or the name of any field", ask::friendly_names())
                                          : fmt::format(": did you mean {}?", near)),
                 ErrorKind::not_found};
  }
  return std::nullopt;
}

int run(const Globals& globals, const Options& options) {
  auto asked = take_apart(options.words);
  if (!asked) return fail(kCommand, asked.error());
  if (globals.json && options.csv)
    return fail(kCommand, Error{"--csv and --json: leave one of both out", ErrorKind::invalid});
  auto opened = open_logs(kCommand, globals, options.logs, asked->paths);
  if (!opened) return fail(kCommand, opened.error());
  const ask::Logs& logs = opened.value();
  Counter counter(counted_fields(asked->fields, logs.program().names()), options.groups, logs.program().zone());

  ask::Wanted wanted;
  std::vector<FieldId> shown{field::bytes};
  bool of_line = false;
  for (const Counted& field : counter.fields()) {
    if (field.field != field::none) shown.push_back(field.field);
    of_line =
        of_line || field.own == filter::Own::message || field.own == filter::Own::raw || field.own == filter::Own::host;
  }
  if (!of_line) wanted.fields = std::move(shown);
  ask::Rows rows(logs, std::move(wanted));
  const auto stop = [] { return interrupted().load(); };
  while (const RecordBatch* batch = rows.next(stop))
    for (const Record& record : batch->records) counter.add(record);
  if (stop()) return fail(kCommand, Error{"interrupted before the end"});

  const auto largest = counter.hitters().largest(options.limit);
  if (rows.records_read() > 0)
    if (const auto unknown = unknown_field(counter, logs.program().names())) return fail(kCommand, *unknown);
  if (globals.json) print_json(counter, largest);
  else if (options.csv) print_csv(counter, largest);
  else print_text(counter, largest, options.groups);
  return say_problems(kCommand, logs, rows.problems(), rows.records_read());
}

}  // namespace

void add_top(Program program) {
  auto* top = program.app.add_subcommand("top", "Count the records of a log by the values of fields, most first");
  auto options = std::make_shared<Options>();
  top->add_option("FIELD", options->words,
                  "What to count (" + ask::friendly_names() +
                      ", or any field), several of them together; then files, directories or patterns")
      ->required();
  top->add_option("--limit,-n", options->limit, "Show at most this many rows")
      ->check(whole_number(1, kListedMost))
      ->capture_default_str();
  top->add_option("--groups", options->groups, "Different values counted exactly; beyond, counts become approximate")
      ->check(whole_number(ask::kGroupsLeast, ask::kGroupsMost))
      ->capture_default_str();
  top->add_flag("--csv", options->csv, "Print CSV");
  add_json(*top, program.globals, "One JSON document");
  add_config(*top, program.globals);
  add_asked_logs(*top, options->logs);
  top->footer(
      "Examples:\n"
      "  logystera top addresses /var/log/nginx/access.log\n"
      "  logystera top status path /var/log/nginx/access.log --where 'status >= 500' --since yesterday\n"
      "  logystera top users programs /var/log/auth.log --where 'action = failed'\n"
      "  logystera top levels programs /var/log --csv > loudest.csv\n\n"
      "The first word is a field; words behind it are fields while they name one of those above, a known field or "
      "fields.NAME,\n"
      "and paths from there on. No path: standard input. Personal data are shown as pseudonyms unless --show-pii is "
      "given.\n\n" +
      std::string(kConditionHelp));
  top->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli
