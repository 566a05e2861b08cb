// The readers formats are built from, one file each. `format.cpp` chooses among them; nothing else includes this.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/format.hpp"

namespace logystera::parse {

/// access.cpp: compiles `format.nginx` or `format.apache`.
Result<std::unique_ptr<LineParser>> make_access_parser(const Format& format, const ParserContext& context);
/// web_error.cpp
std::unique_ptr<LineParser> make_nginx_error_parser(const ParserContext& context);
std::unique_ptr<LineParser> make_apache_error_parser(const ParserContext& context);
std::unique_ptr<LineParser> make_php_error_parser(const ParserContext& context);
/// syslog.cpp: RFC 3164 and 5424, with what sshd, sudo, PAM and Drupal put inside.
std::unique_ptr<LineParser> make_syslog_parser(const Format& format, const ParserContext& context);
/// json_lines.cpp
Result<std::unique_ptr<LineParser>> make_json_parser(const Format& format, const ParserContext& context);
/// logfmt.cpp
std::unique_ptr<LineParser> make_logfmt_parser(const Format& format, const ParserContext& context);
/// w3c.cpp
std::unique_ptr<LineParser> make_w3c_parser(const ParserContext& context);
/// plaintext.cpp
std::unique_ptr<LineParser> make_plaintext_parser(const ParserContext& context);

/// messages.cpp: what a syslog or journal message says by itself. `program` is the tag; sets kind, severity (unless the
/// envelope gave one) and adds fields.
void read_program_message(std::string_view program, std::string_view message, bool severity_given, RecordBatch& batch,
                          Record& record);
/// Whether a program's messages are of kind auth: sshd, sudo, su, login, useradd, …
bool is_auth_program(std::string_view program) noexcept;

/// Splits an HTTP request line into method, url, path, query, protocol; whatever is no request line becomes `request`.
void add_request(std::string_view request, RecordBatch& batch);
/// Adds url, path and query of a request target.
void add_target(std::string_view target, RecordBatch& batch);

/// severity.cpp: a level word in any case ("warn", "ERR", "Fatal"), syslog's or a logger's. False if it is none.
bool severity_of_word(std::string_view word, Severity& severity) noexcept;
/// Syslog's 0-7.
Severity severity_of_priority(unsigned priority) noexcept;
/// What the wording suggests when the source gives no level: looks at the first 256 bytes for words of failure.
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
