// A condition as it is evaluated: what filter.cpp makes of a text, and session.cpp asks of records.
#pragma once

#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "filter/filter.hpp"

namespace logystera::filter {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline bool same_letters(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

struct Number {
  bool is_integer = false;
  std::int64_t integer = 0;
  double real = 0;
};

/// The number a text is, in its whole length.
inline std::optional<Number> number_of(std::string_view text) noexcept {
  constexpr std::size_t kNumberBytes = 40;  // no number of 64 bits is longer
  if (text.empty() || text == "-" || text.size() > kNumberBytes) return std::nullopt;
  const char* const end = text.data() + text.size();
  Number number;
  if (const auto read = std::from_chars(text.data(), end, number.integer); read.ec == std::errc() && read.ptr == end) {
    number.is_integer = true;
    number.real = static_cast<double>(number.integer);
    return number;
  }
  const char first = text[text[0] == '-' ? 1 : 0];
  if (first < '0' || first > '9') return std::nullopt;  // "inf" and "nan" are words
  if (const auto read = std::from_chars(text.data(), end, number.real); read.ec == std::errc() && read.ptr == end)
    return number;
  return std::nullopt;
}

// One value of a condition, as it is compared.
struct Wanted {
  std::string text;              // contains, starts with, ends with: of lower case
  std::optional<Number> number;  // it reads as one
  bool quoted = false;
  std::int64_t begin = 0, end = 0;  // of time
  int level = 0;
};

struct Filter::Compiled {
  std::string name;  // as written
  Own own = Own::none;
  FieldId field = field::none;
  Comparison comparison = Comparison::equal;
  std::vector<Wanted> values;
  std::unique_ptr<const re2::RE2> regex;
  bool shown = false;  // compares with what is shown in the place of personal data
  mutable std::atomic<bool> seen{false};

  Compiled() = default;
  Compiled(Compiled&& other) noexcept
      : name(std::move(other.name)),
        own(other.own),
        field(other.field),
        comparison(other.comparison),
        values(std::move(other.values)),
        regex(std::move(other.regex)),
        shown(other.shown) {}
};

}  // namespace logystera::filter
