// How severe a record is, by the word or the number its source gives.
#pragma once

#include <string_view>

#include "core/severity.hpp"

namespace logystera::parse {

/// A level word in any case ("warn", "ERR", "Fatal"), syslog's or a logger's. False if it is none.
bool severity_of_word(std::string_view word, Severity& severity) noexcept;
/// Syslog's 0-7.
Severity severity_of_priority(unsigned priority) noexcept;

}  // namespace logystera::parse
