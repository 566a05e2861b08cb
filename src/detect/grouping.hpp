// Which errors are the same one: a message with its variable parts taken out.
//
// The text is the redacted one (so nothing personal is hashed). Numbers, identifiers, paths, addresses, dates, durations,
// pseudonyms and values of key=value are variable by their form, and become <n>, <id>, <path>, …: "timeout from ip_8390373f after
// 31 s" and "… ip_2bcf3253 after 29 s" are one error, `timeout from <ip> after <n>`. Words that vary have no form of their own;
// which they are is learnt from how often they do (detect/error_groups.hpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"

namespace logystera::detect {

inline constexpr std::size_t kTemplateBytes = 512;     // of a message; what follows does not tell errors apart
inline constexpr std::size_t kFingerprintDigits = 16;  // hex digits of SHA-256
inline constexpr std::string_view kVariable = "<*>";

/// A message without its variable parts, in words. Words are compared with each other's `key`; `shown` says what was taken out.
struct Template {
  struct Word {
    std::string key;    // every variable part is <*>
    std::string shown;  // <n>, <hex>, <id>, <uuid>, <path>, <url>, <date>, <value>, or a pseudonym's kind
  };
  std::vector<Word> words;  // at most kTemplateBytes together, blanks included

  std::string key() const;
  std::string shown() const;
};

/// `kinds`: what pseudonyms begin with, before `_` and hexadecimal digits. A word of that form with another beginning
/// (blk_38865049064139660) is an identifier.
Template message_template(std::string_view message, const std::vector<std::string>& kinds);

/// What tells the same message apart: record kind, program, module and error code, with kScopeSeparator between them.
std::string error_scope(const Record& record);
inline constexpr char kScopeSeparator = '\x1f';

/// What identifies an error. 16 hex digits, the same in every run and on every machine.
std::string fingerprint(std::string_view scope, std::string_view template_key);

/// Whether a record is an error to be grouped: severity error or worse.
inline bool is_error(const Record& record) noexcept { return record.severity >= Severity::error; }

}  // namespace logystera::detect
