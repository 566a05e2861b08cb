#include "store/sqlite/walk.hpp"

#include <fmt/core.h>

namespace logystera::store::sqlite {
namespace {

std::string select(const ArmIndex& index, std::string_view where, bool backwards) {
  const bool tie_descends = index.ties_descend != backwards;
  return fmt::format(
      "SELECT {value}, {tie}{comma}{test} FROM {table}{by}{index} WHERE {equal}{also}{where} ORDER BY {value} {way}, {tie} "
      "{tie_way}",
      fmt::arg("value", index.value), fmt::arg("tie", index.tie), fmt::arg("table", index.table),
      fmt::arg("comma", index.test.empty() ? "" : ", "), fmt::arg("test", index.test),
      fmt::arg("by", index.index.empty() ? "" : " INDEXED BY "), fmt::arg("index", index.index),
      fmt::arg("equal", index.equal), fmt::arg("also", index.equal.empty() ? "" : " AND "), fmt::arg("where", where),
      fmt::arg("way", backwards ? "ASC" : "DESC"), fmt::arg("tie_way", tie_descends ? "DESC" : "ASC"));
}

}  // namespace

std::string range_sql(const ArmIndex& index, bool backwards) {
  return select(index, fmt::format("{0} >= ?1 AND {0} <= ?2", index.value), backwards);
}

std::string tie_sql(const ArmIndex& index, bool backwards) {
  const bool tie_descends = index.ties_descend != backwards;
  return select(index, fmt::format("{} = ?1 AND {} {} ?2", index.value, index.tie, tie_descends ? "<" : ">"), backwards);
}

std::string like_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

}  // namespace logystera::store::sqlite
