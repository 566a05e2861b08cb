#include "core/catalogue.hpp"

#include <algorithm>
#include <iterator>

#include "core/catalogue_table.hpp"

namespace logystera::catalogue {

Range all() noexcept { return {std::begin(table::kSignals), std::end(table::kSignals)}; }

const SignalSpec* find(std::string_view type) noexcept {
  // kByType lists the entries' places in the order of their names.
  const auto place =
      std::lower_bound(std::begin(table::kByType), std::end(table::kByType), type,
                       [](std::uint8_t index, std::string_view wanted) { return table::kSignals[index].type < wanted; });
  if (place == std::end(table::kByType) || table::kSignals[*place].type != type) return nullptr;
  return &table::kSignals[*place];
}

std::string_view name_of(LabelKind kind) noexcept {
  switch (kind) {
    case LabelKind::string: return "string";
    case LabelKind::integer: return "integer";
    case LabelKind::number: return "number";
    case LabelKind::boolean: return "boolean";
    case LabelKind::list: return "list";
    case LabelKind::uid: return "uid";
    case LabelKind::path: return "path";
    case LabelKind::ip: return "ip";
    case LabelKind::message: return "message";
    case LabelKind::sql: return "sql";
  }
  return "unknown";
}

}  // namespace logystera::catalogue
