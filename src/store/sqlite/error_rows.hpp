// Groups of errors as rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/severity.hpp"
#include "store/error_store.hpp"
#include "store/sqlite/connection.hpp"

namespace logystera::store::sqlite {

#define LOGYSTERA_GROUP_COLUMNS "fingerprint, pattern, source, severity, first_seen, last_seen, count"

inline Severity severity_of(std::int64_t number) noexcept {
  return static_cast<Severity>(std::clamp<std::int64_t>(number, 0, static_cast<std::int64_t>(Severity::critical)));
}

/// Of a row of LOGYSTERA_GROUP_COLUMNS, then the length of a silence and when it ended.
inline ErrorGroup read_group(const Statement& row) {
  ErrorGroup group;
  group.fingerprint = row.text(0);
  group.pattern = row.text(1);
  group.source = row.text(2);
  group.severity = severity_of(row.integer(3));
  group.first_seen = row.integer(4);
  group.last_seen = row.integer(5);
  group.count = row.count(6);
  group.silent_seconds = row.integer(7);
  group.returned_at = row.integer(8);
  return group;
}

}  // namespace logystera::store::sqlite
