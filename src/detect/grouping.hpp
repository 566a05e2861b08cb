// Which errors are the same one: a fingerprint of a message with its variable parts taken out.
//
// The text is the redacted one (so nothing personal is hashed), and pseudonyms count as variable: "timeout from ip_8390373f
// after 31 s" and "… ip_2bcf3253 after 29 s" are one error, `timeout from <ip> after <n> s`.
#pragma once

#include <string>
#include <string_view>

#include "core/record.hpp"

namespace logystera::detect {

inline constexpr std::size_t kTemplateBytes = 512;     // of a message; what follows does not tell errors apart
inline constexpr std::size_t kFingerprintDigits = 16;  // hex digits of SHA-256

/// The message with its variable parts replaced: numbers and words with digits <n>, hex strings <hex>, quoted text <s>,
/// UUIDs <uuid>, pseudonyms and masks by their kind (<ip>), runs of white space by one space. File names keep their
/// letters. At most kTemplateBytes.
std::string message_template(std::string_view message);

/// What identifies an error: its record kind, program, module, error code and template. 16 hex digits, the same in every
/// run and on every machine.
std::string fingerprint(const Record& record);

/// Whether a record is an error to be grouped: severity error or worse.
inline bool is_error(const Record& record) noexcept { return record.severity >= Severity::error; }

}  // namespace logystera::detect
