// Records, findings and sources as text for people and as JSON, the same in every command.
#pragma once

#include <string>
#include <string_view>

#include "analysis/pipeline.hpp"
#include "cli/analysis.hpp"
#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "core/record.hpp"
#include "detect/anomaly.hpp"
#include "redact/labels.hpp"

namespace logystera::cli {

/// How text for people is written.
struct Style {
  Zone zone;
  bool colour = false;
  bool sources = false;  // an event names its source: several are read as one
};

inline constexpr std::size_t kShownBytes = 4096;  // of a message for people; longer ones are cut

/// "\x1b[…m" for that severity or level, or nothing without colour.
std::string_view colour_of(Severity severity, const Style& style) noexcept;
std::string_view colour_of(detect::Level level, const Style& style) noexcept;
std::string_view colour_end(const Style& style) noexcept;
std::string bold(std::string_view text, const Style& style);

/// "[   1] 2026-05-18 10:00:01 INFO     Accepted publickey for …", a line with its end; with its source "web: " in front of the
/// message. Redacted text only.
void append_event(std::string& out, std::uint64_t number, int digits, const Record& record, const Style& style);
/// Of two fields that are shown by the same name, both values stand in one list.
void append_event(JsonText& out, std::uint64_t number, const Record& record, const redact::FieldLabels& labels);

/// "auth.log:17".
std::string finding_place(const analysis::Finding& finding);
/// "[LOW]      2026-05-18 10:01:00 SUDO_COMMAND Sudo Command to Root: admin : TTY=…", and behind it in parentheses its place, who it was
/// and how it ended, as far as the message does not say so.
std::string finding_line(const analysis::Finding& finding, const Style& style, bool with_source);
void append_finding(JsonText& out, const analysis::Finding& finding);

/// An episode on one line; how long it lasted where that is more than one bucket.
std::string anomaly_line(std::string_view source, const detect::Anomaly& anomaly, const Style& style);
void append_anomaly(JsonText& out, std::string_view source, const detect::Anomaly& anomaly);

void append_source(JsonText& out, const analysis::SourceReport& report);
/// {"email":2,"ip":5}: kinds with hits, both address families as one.
void append_redacted(JsonText& out, const std::array<std::uint64_t, redact::kKinds>& counts);

/// "HIGH".
std::string upper(std::string_view text);
/// "1.5 GiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace logystera::cli
