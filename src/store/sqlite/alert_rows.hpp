// Alerts as rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "alert/alert.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/finding_rows.hpp"

namespace logystera::store::sqlite {

#define LOGYSTERA_ALERT_COLUMNS                                                                                       \
  "id, key, rule, title, level, site, grp, grp_label, state, kind, opened_at, first_time, last_time, last_hit_at, "   \
  "cleared_at, hits, findings, suppressed, snoozed_until, snooze_at, snooze_by, snooze_reason, snooze_until_hits, "   \
  "snooze_until_level, snooze_hits, snooze_of_rule, assignee, parent, resolved_at, resolved_by, told_at, told_hits, " \
  "times_opened, for_s, quiet_s, repeat_s"
inline constexpr int kAlertColumns = 36;
inline constexpr std::int64_t kLateState = 4;

constexpr std::int64_t state_number(const alert::Alert& alert) noexcept {
  return alert.state == alert::State::resolved && alert.late ? kLateState : static_cast<std::int64_t>(alert.state);
}

/// Of a row that begins with LOGYSTERA_ALERT_COLUMNS.
inline alert::Alert read_alert(const Statement& row) {
  alert::Alert one;
  int at = 0;
  one.id = row.integer(at++);
  const std::string_view key = row.text(at++);
  std::copy_n(key.begin(), std::min(key.size(), one.key.size()), one.key.begin());
  one.rule = row.text(at++);
  one.title = row.text(at++);
  one.level = level_of(row.integer(at++));
  one.site = row.text(at++);
  one.group = row.text(at++);
  one.group_label = row.text(at++);
  const std::int64_t state = row.integer(at++);
  one.late = state == kLateState;
  one.state = static_cast<alert::State>(std::clamp<std::int64_t>(state, 0, 3));
  one.kind = static_cast<alert::Kind>(std::clamp<std::int64_t>(row.integer(at++), 0, 2));
  one.opened_at = row.integer(at++);
  one.first_time = row.integer(at++);
  one.last_time = row.integer(at++);
  one.last_hit_at = row.integer(at++);
  one.cleared_at = row.integer(at++);
  one.hits = row.count(at++);
  one.findings = row.count(at++);
  one.suppressed = row.count(at++);
  one.snooze.until = row.integer(at++);
  one.snooze.at = row.integer(at++);
  one.snooze.by = row.text(at++);
  one.snooze.reason = row.text(at++);
  one.snooze.until_hits = row.count(at++);
  if (!row.is_null(at)) one.snooze.until_level = level_of(row.integer(at));
  ++at;
  one.snooze.hits = row.count(at++);
  one.snooze.of_rule = row.integer(at++) != 0;
  one.assignee = row.text(at++);
  one.parent = row.integer(at++);
  one.resolved_at = row.integer(at++);
  one.resolved_by = row.text(at++);
  one.told_at = row.integer(at++);
  one.told_hits = row.count(at++);
  one.times_opened = row.count(at++);
  one.for_s = row.integer(at++);
  one.quiet_s = row.integer(at++);
  one.repeat_s = row.integer(at++);
  return one;
}

}  // namespace logystera::store::sqlite
