// The readers formats are built from, one file each. `format.cpp` chooses among them; nothing outside this room includes this.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/format.hpp"
#include "parse/severity.hpp"

namespace logystera::parse {

/// access.cpp: compiles `format.nginx` or `format.apache`.
Result<std::unique_ptr<LineParser>> make_access_parser(const Format& format, const ParserContext& context);
/// web_error.cpp
std::unique_ptr<LineParser> make_nginx_error_parser(const ParserContext& context);
std::unique_ptr<LineParser> make_apache_error_parser(const ParserContext& context);
std::unique_ptr<LineParser> make_php_error_parser(const ParserContext& context);
/// web_error.cpp: what nginx and Apache send to syslog instead, without the time in front or with it; false if it is no such text.
bool read_web_error(std::string_view service, std::string_view message, bool severity_given, RecordBatch& batch,
                    Record& record);
/// syslog.cpp: RFC 3164 and 5424, with what sshd, sudo, PAM and Drupal put inside.
std::unique_ptr<LineParser> make_syslog_parser(const Format& format, const ParserContext& context);
/// What precedes each line of the logs of large clusters: "- 1117838570 2005.06.03 R02-M1-N0 ", an alert's category or "-", the
/// time, its date, and the node. Moves `text` behind it.
bool take_alert_preamble(std::string_view& text, std::int64_t& ns, std::string_view& node) noexcept;
/// json_lines.cpp
Result<std::unique_ptr<LineParser>> make_json_parser(const Format& format, const ParserContext& context);
/// logfmt.cpp
std::unique_ptr<LineParser> make_logfmt_parser(const Format& format, const ParserContext& context);
/// w3c.cpp
std::unique_ptr<LineParser> make_w3c_parser(const ParserContext& context);
/// container.cpp: what Kubernetes' runtimes write (CRI).
std::unique_ptr<LineParser> make_cri_parser(const ParserContext& context);
/// container.cpp: where the text of a JSON line's string `key` is, and of "stream"; false if there is none.
bool json_part(std::string_view line, std::string_view key, RecordPart& part) noexcept;
/// container.cpp: the same of the journal's MESSAGE, by the fields that say whether it goes on.
bool json_journal_part(std::string_view line, RecordPart& part) noexcept;
/// container.cpp: appends what is inside of a JSON list of bytes to `out` as it would stand between quotes; false if it is none.
bool json_text_of_bytes(std::string_view list, std::string& out);
/// line_pattern.cpp: by `format.line_pattern`.
std::unique_ptr<LineParser> make_pattern_parser(const Format& format, const ParserContext& context);
/// plaintext.cpp
std::unique_ptr<LineParser> make_plaintext_parser(const ParserContext& context);

/// messages.cpp: what a syslog or journal message says by itself. `program` is the tag; sets kind, repeated, message, severity
/// (unless the envelope gave one) and adds fields.
void read_program_message(std::string_view program, std::string_view message, bool severity_given, RecordBatch& batch,
                          Record& record);
/// Whether a program's messages are of kind auth: sshd, sudo, su, login, useradd, …
bool is_auth_program(std::string_view program) noexcept;

/// Splits an HTTP request line into method, url, path, query, protocol; whatever is no request line becomes `request`.
void add_request(std::string_view request, RecordBatch& batch);
/// Adds url, path and query of a request target, and url_plain.
void add_target(std::string_view target, RecordBatch& batch);
/// Adds url_plain if the target has a plain form (plain_target.hpp).
void add_plain_target(std::string_view target, RecordBatch& batch);

/// severity.cpp: the letter logcat, glog and others write for a level.
bool severity_of_letter(char letter, Severity& severity) noexcept;

/// Where in a line a word stands that may be a level.
enum class LevelPlace : std::uint8_t {
  first,   // begins the text: "error: x"
  column,  // set off from the text: by a comma in front, more than one blank behind
  within,  // among the first words
};
/// Whether the word is a level as logs write it: in capitals, in brackets, behind "level=", and where the place shows it.
bool level_of_token(std::string_view token, LevelPlace place, Severity& severity) noexcept;
/// What a text says of its severity when the source gives no level: the level it begins with, else what its wording suggests,
/// by words of failure in the first 256 bytes. No word alone makes it critical.
Severity severity_of_wording(std::string_view message) noexcept;

inline std::string_view trim_left(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}
inline std::string_view trim_right(std::string_view text) noexcept {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}
inline bool starts_with(std::string_view text, std::string_view prefix) noexcept {
  return text.substr(0, prefix.size()) == prefix;
}
/// Moves `text` behind `prefix` if it starts with it.
inline bool skip(std::string_view& text, std::string_view prefix) noexcept {
  if (!starts_with(text, prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace logystera::parse
