// Findings as rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/severity.hpp"
#include "store/finding_store.hpp"
#include "store/sqlite/connection.hpp"

namespace logystera::store::sqlite {

#define LOGYSTERA_FINDING_COLUMNS                                                                                 \
  "id, rule, title, level, source, time, line, message, demo, grp, grp_label, hits, coalesce(first_time, time), " \
  "stored_at, "                                                                                                   \
  "CASE entity WHEN 0 THEN '' ELSE (SELECT token FROM entities WHERE entities.id = entity) END"
inline constexpr int kFindingColumns = 15;

// Levels are stored as their distance from low.
constexpr std::int64_t number_of(Level level) noexcept {
  return static_cast<std::int64_t>(level) - static_cast<std::int64_t>(Level::low);
}

inline Level level_of(std::int64_t number) noexcept {
  return static_cast<Level>(std::clamp<std::int64_t>(number + static_cast<std::int64_t>(Level::low), 0, kLevels - 1));
}

/// Of a row that begins with LOGYSTERA_FINDING_COLUMNS.
inline Finding read_finding(const Statement& row) {
  Finding finding;
  finding.id = row.integer(0);
  finding.rule = row.text(1);
  finding.title = row.text(2);
  finding.level = level_of(row.integer(3));
  finding.source = row.text(4);
  finding.time = row.integer(5);
  finding.line = row.count(6);
  finding.message = row.text(7);
  finding.demo = row.integer(8) != 0;
  finding.group = row.text(9);
  finding.group_label = row.text(10);
  finding.hits = row.count(11);
  finding.first_time = row.integer(12);
  finding.stored_at = row.integer(13);
  finding.site = row.text(14);
  return finding;
}

}  // namespace logystera::store::sqlite
