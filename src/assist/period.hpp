// "How many critical findings were there in the past week?": the period a question names.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace logystera::assist {

/// Unix seconds; `until` does not belong to it.
struct Period {
  std::int64_t since = 0, until = 0;
  friend bool operator==(const Period&, const Period&) = default;
};

/// "today", "yesterday", "this week", "past week", "last 24 hours", "last 3 days", "past month" and their like, in English, in days of
/// UTC; nothing where none is named.
std::optional<Period> period_in(std::string_view question, std::int64_t now);

}  // namespace logystera::assist
