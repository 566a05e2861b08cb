// Comparing the texts of records: wildcard patterns, numbers, dates, networks. case_fold.hpp is about case.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/record.hpp"
#include "detect/case_fold.hpp"
#include "detect/rule.hpp"

namespace logystera::detect {

/// Whether `pattern` matches the whole of `text`. Without regard to case if both are folded. Runs in O(text × pattern) at worst.
bool matches(const Pattern& pattern, std::string_view text) noexcept;

/// The number a value is or its text reads as (decimal, optional sign, fraction and exponent; nothing around it).
bool number_of(const Value& value, double& out) noexcept;
bool number_of(std::string_view text, double& out) noexcept;

/// "10.0.0.0/8", "2001:db8::/32", or a bare address.
bool parse_network(std::string_view text, Network& out) noexcept;
bool contains(const Network& network, const IpAddress& address) noexcept;

/// A civil date and time as `YYYY-MM-DD`, optionally followed by `T` or a space and `HH:MM[:SS…]`; zone and format conversion
/// are none of Sigma's business (modifier appendix, "Time Modifiers").
struct CivilTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
};
bool parse_civil(std::string_view text, CivilTime& out) noexcept;
CivilTime civil_of(std::int64_t time_ns) noexcept;             // UTC
int time_part(const CivilTime& time, TimePart part) noexcept;  // weeks are ISO 8601's

}  // namespace logystera::detect
