#include "cli/render.hpp"

#include <charconv>

#include <fmt/core.h>

#include <unordered_map>
#include <vector>

#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json.hpp"

namespace logystera::cli {
namespace {

constexpr std::string_view kEnd = "\x1b[0m";

// A number as the source wrote it, where that is the number: 18446744073709551615 and 1e400 have no exact double.
void append_real(JsonText& out, const Value& value) {
  const std::string_view text = value.text();
  double written = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), written);
  const bool same = end == text.data() + text.size() && json::is_number(text) &&
                    (error == std::errc::result_out_of_range || (error == std::errc() && written == value.as_real()));
  if (same) out.raw(text);
  else out.real(value.as_real());
}

void append_value(JsonText& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::null: out.null(); return;
    case Value::Kind::boolean: out.boolean(value.as_boolean()); return;
    case Value::Kind::integer: out.integer(value.as_integer()); return;
    case Value::Kind::real: append_real(out, value); return;
    case Value::Kind::list:
      out.begin_array();
      for (const Value& item : value.as_list()) append_value(out, item);
      out.end_array();
      return;
    case Value::Kind::string:
    case Value::Kind::ip: out.string(value.text()); return;
  }
}

// A name may occur more than once (a trace's frames, a query's keys), and two names may be one to the reader (by_ip.<ip>): a
// JSON object names it once, with a list of the values.
void append_fields(JsonText& out, const Record& record, const redact::FieldLabels& labels) {
  constexpr std::uint32_t kNone = 0xFFFF'FFFF;
  std::vector<std::uint32_t> next(record.field_count, kNone);  // the next field of the same name
  std::vector<bool> follows(record.field_count);
  std::unordered_map<FieldId, std::uint32_t> last;
  for (std::uint32_t i = 0; i < record.field_count; ++i) {
    const auto [before, is_first] = last.try_emplace(labels.label(record.fields[i].field).first, i);
    if (is_first) continue;
    follows[i] = true;
    next[before->second] = i;
    before->second = i;
  }
  for (std::uint32_t i = 0; i < record.field_count; ++i) {
    if (follows[i]) continue;
    out.key(labels.label(record.fields[i].field).text);
    if (next[i] == kNone) {
      append_value(out, record.fields[i]);
      continue;
    }
    out.begin_array();
    for (std::uint32_t at = i; at != kNone; at = next[at]) append_value(out, record.fields[at]);
    out.end_array();
  }
}

std::string shown(std::string_view text) {
  if (text.size() <= kShownBytes) return printable(text);
  return printable(text.substr(0, kShownBytes)) + "…";
}

}  // namespace

std::string_view colour_of(Severity severity, const Style& style) noexcept {
  if (!style.colour) return {};
  switch (severity) {
    case Severity::debug: return "\x1b[2m";
    case Severity::info: return "\x1b[36m";
    case Severity::warning: return "\x1b[33m";
    case Severity::error: return "\x1b[31m";
    case Severity::critical: return "\x1b[1;31m";
  }
  return {};
}

std::string_view colour_of(detect::Level level, const Style& style) noexcept {
  if (!style.colour) return {};
  switch (level) {
    case detect::Level::informational: return "\x1b[2m";
    case detect::Level::low: return "\x1b[36m";
    case detect::Level::medium: return "\x1b[33m";
    case detect::Level::high: return "\x1b[31m";
    case detect::Level::critical: return "\x1b[1;31m";
  }
  return {};
}

std::string_view colour_end(const Style& style) noexcept { return style.colour ? kEnd : std::string_view(); }

std::string bold(std::string_view text, const Style& style) {
  return style.colour ? fmt::format("\x1b[1m{}{}", text, kEnd) : std::string(text);
}

void append_event(std::string& out, std::uint64_t number, int digits, const Record& record, const Style& style) {
  const std::string_view message = record.message.empty() ? record.raw : record.message;
  out += fmt::format("[{:>{}}] {:<19} {}{:<8}{} {}{}{}\n", number, digits,
                     time_in(style.zone, record.time_known, record.time_ns), colour_of(record.severity, style),
                     severity_name(record.severity), colour_end(style),
                     style.sources ? printable(record.source) : std::string(), style.sources ? ": " : "", shown(message));
}

void append_event(JsonText& out, std::uint64_t number, const Record& record, const redact::FieldLabels& labels) {
  out.begin_object().count("number", number).key("time");
  if (record.time_known) out.string(rfc3339(record.time_ns));
  else out.null();
  out.member("severity", severity_name(record.severity));
  out.member("kind", record_kind_name(record.kind)).member("format", record.format);
  out.member("source", record.source).count("line", record.line);
  if (!record.host.empty()) out.member("host", record.host);
  out.key("parsed").boolean(record.parsed);
  if (record.truncated) out.key("truncated").boolean(true);
  out.member("message", record.message);
  out.key("fields").begin_object();
  append_fields(out, record, labels);
  out.end_object().end_object();
}

std::string finding_line(const analysis::Finding& finding, const Style& style, bool with_source) {
  std::string line = fmt::format("{}{:<10}{} {:<19} {} {}", colour_of(finding.level, style),
                                 "[" + upper(detect::level_name(finding.level)) + "]", colour_end(style),
                                 time_in(style.zone, finding.time_known, finding.time_ns), printable(finding.rule),
                                 bold(printable(finding.title), style));
  if (finding.window) line += fmt::format(" ({} events)", grouped(finding.hits));
  if (!finding.message.empty()) line += ": " + shown(finding.message);
  std::string beside = with_source ? finding_place(finding) : std::string();
  if (const std::string who = shown(store::words_beside(finding.message, finding.who)); !who.empty())
    beside += (beside.empty() ? "" : ", ") + who;
  if (!beside.empty()) line += "  (" + beside + ")";
  return line + "\n";
}

std::string finding_place(const analysis::Finding& finding) {
  return printable(finding.source) + (finding.line ? fmt::format(":{}", finding.line) : "");
}

void append_finding(JsonText& out, const analysis::Finding& finding) {
  out.begin_object().member("rule", finding.rule).member("title", finding.title);
  out.member("severity", detect::level_name(finding.level)).key("time");
  if (finding.time_known) out.string(rfc3339(finding.time_ns));
  else out.null();
  out.member("source", finding.source);
  if (finding.line) out.count("line", finding.line);
  out.member("message", finding.message);
  store::append_who(out, finding.who);
  if (finding.window) out.count("hits", finding.hits).key("measure").real(finding.measure);
  if (!finding.author.empty()) out.member("author", finding.author);
  out.end_object();
}

std::string anomaly_line(std::string_view source, const detect::Anomaly& anomaly, const Style& style) {
  const bool rate = anomaly.feature != detect::Feature::count;
  const auto number = [rate](double value) {
    return rate ? fmt::format("{:.1f} %", value * 100) : fmt::format("{:.0f}", value);
  };
  const std::string lasting =
      anomaly.buckets > 1 ? fmt::format(", until {}, {} unusual buckets",
                                        time_in(style.zone, true, anomaly.end * kSecondNs), grouped(anomaly.buckets))
                          : "";
  return fmt::format(
      "{}{:<10}{} {:<19} {} {}: {} where {} is usual ({:+.1f} deviations{})\n", colour_of(Severity::warning, style),
      "[ANOMALY]", colour_end(style), time_in(style.zone, true, anomaly.start * kSecondNs), printable(source),
      detect::feature_name(anomaly.feature), number(anomaly.value), number(anomaly.expected), anomaly.deviations, lasting);
}

void append_anomaly(JsonText& out, std::string_view source, const detect::Anomaly& anomaly) {
  out.begin_object().member("source", source).member("time", rfc3339(anomaly.start * kSecondNs));
  out.member("feature", detect::feature_name(anomaly.feature)).key("value").real(anomaly.value);
  out.key("expected").real(anomaly.expected).key("deviations").real(anomaly.deviations);
  out.member("end", rfc3339(anomaly.end * kSecondNs)).count("buckets", anomaly.buckets).end_object();
}

void append_redacted(JsonText& out, const std::array<std::uint64_t, redact::kKinds>& counts) {
  out.begin_object();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto kind = static_cast<redact::Kind>(i);
    if (kind == redact::Kind::ipv6) continue;
    std::uint64_t count = counts[i];
    if (kind == redact::Kind::ipv4) count += counts[static_cast<std::size_t>(redact::Kind::ipv6)];
    if (count > 0) out.count(redact::kind_prefix(kind), count);
  }
  out.end_object();
}

void append_source(JsonText& out, const analysis::SourceReport& report) {
  const parse::SourceCounts& counts = report.counts;
  out.begin_object().member("source", report.name).member("format", report.format).member("title", report.title);
  out.key("confidence").real(report.confidence);
  if (!report.compression.empty()) out.member("compression", report.compression);
  if (!report.encoding.empty()) out.member("encoding", report.encoding);
  if (!report.changes.empty()) {
    out.key("format_changes").begin_array();
    for (const parse::FormatChange& change : report.changes)
      out.begin_object().member("format", change.format->name).count("line", change.line).end_object();
    out.end_array();
  }
  out.count("events", counts.records).count("lines", counts.lines).count("bytes", counts.bytes);
  out.count("unparsed", counts.unparsed).count("truncated", counts.truncated).count("damaged", counts.damaged);
  if (counts.unfinished > 0) out.count("unfinished", counts.unfinished);
  if (counts.undecodable > 0) out.count("undecodable", counts.undecodable);
  if (counts.unnamed_fields > 0) out.count("unnamed_fields", counts.unnamed_fields);
  out.count("findings", report.findings).count("pii_hits", report.redacted_total());
  out.key("problem");
  if (report.problem) out.string(report.problem->message);
  else out.null();
  out.end_object();
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", size, kUnits[unit]);
}

}  // namespace logystera::cli
