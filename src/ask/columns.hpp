// What a log's records have: what each says about itself, and the fields of its formats, with the types their values have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ask/logs.hpp"
#include "core/record.hpp"
#include "filter/filter.hpp"

namespace logystera::ask {

enum class Type : std::uint8_t { text, integer, real };

struct Column {
  std::string name;  // as it may be shown; unique in any case of its letters
  filter::Own own = filter::Own::none;
  FieldId field = field::none;  // where `own` is none
  bool all_fields = false;      // every field of a record, as a JSON object
  Type type = Type::text;
  bool hidden = false;    // not among those of `*`
  bool redacted = false;  // of a field whose values are redacted whatever their type: phone, password

  /// Whether it shows text of the line itself.
  bool is_of_line() const noexcept {
    return all_fields || own == filter::Own::message || own == filter::Own::raw || own == filter::Own::host;
  }
};

inline constexpr std::size_t kColumnsMost = 400;
inline constexpr std::size_t kSourcesSampled = 64;     // the first
inline constexpr std::size_t kRecordsSampled = 2'000;  // of each, at most

/// The columns: time, level, source, line, host, the fields of the first records of each source in the order they are met, message; and
/// hidden raw, format, kind, fields. A field that is called as one of these is "fields.NAME"; one with a NUL in its name is no column.
/// `mentioned` are names that a question has: known fields among them are columns whether they were met or not.
std::vector<Column> columns_of(const Logs& logs, const std::vector<std::string>& mentioned = {});

/// One of that name, in any case; null: none.
const Column* find_column(const std::vector<Column>& columns, std::string_view name);

/// Fields as people call them: addresses, paths, users, programs, …; the name itself where it is none of these.
std::string_view field_of_friendly(std::string_view name) noexcept;
/// The usual ones of those names, for messages.
std::string friendly_names();
/// All of them, and what a record says of itself: names that a misspelt one may have meant.
std::vector<std::string_view> names_to_count();

}  // namespace logystera::ask
