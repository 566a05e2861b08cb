// The index ranges pages are made of, for the four lists, and what charts are read by.
#pragma once

#include <array>

#include "store/sqlite/walk.hpp"

namespace logystera::store::sqlite {

inline constexpr ArmIndex kFindingsByTime{"findings", "findings_by_time", "", "time", "id"};
inline constexpr ArmIndex kFindingsByLevel{"findings", "findings_by_level", "level = ?3", "time", "id"};
inline constexpr ArmIndex kFindingsBySource{"findings", "findings_by_source", "source = ?4 AND level = ?3", "time", "id"};
inline constexpr ArmIndex kFindingsByRuleAndLevel{"findings", "findings_by_rule_and_level", "rule = ?3 AND level = ?4",
                                                  "time", "id"};
inline constexpr ArmIndex kFindingsBySite{"findings", "findings_by_site", "entity = ?4 AND level = ?3 AND entity <> 0",
                                          "time", "id"};
inline constexpr ArmIndex kFindingsByRule{"findings", "findings_by_rule", "rule = ?3 AND source = ?4", "time", "id"};

/// By store::ErrorSort.
inline constexpr std::array<ArmIndex, 3> kErrorsBy = {
    ArmIndex{"errors", "errors_by_last_seen", "severity = ?3", "last_seen", "fingerprint", false},
    ArmIndex{"errors", "errors_by_count", "severity = ?3", "count", "fingerprint", false},
    ArmIndex{"errors", "errors_by_first_seen", "severity = ?3", "first_seen", "fingerprint", false}};

/// The first source from ?1 on, and the first behind it.
inline constexpr const char* kFindingSourceFrom = "SELECT source FROM findings WHERE source >= ?1 ORDER BY source LIMIT 1";
inline constexpr const char* kFindingSourceBehind = "SELECT source FROM findings WHERE source > ?1 ORDER BY source LIMIT 1";
/// The first source of the group ?1 from ?2 on.
inline constexpr const char* kErrorSourceFrom =
    "SELECT source FROM error_sources WHERE fingerprint = ?1 AND source >= ?2 ORDER BY source LIMIT 1";

inline constexpr ArmIndex kEventsByKind{"events", "events_by_time", "entity = ?3 AND type = ?4", "created_at", "seq"};
inline constexpr ArmIndex kEventsByCreation{"events", "events_by_created_at", "", "created_at", "seq"};

inline constexpr ArmIndex kAlertsByTime{"alerts", "alerts_by_time", "", "last_time", "id"};
inline constexpr ArmIndex kAlertsByState{"alerts", "alerts_by_state", "state = ?3", "last_time", "id"};
inline constexpr ArmIndex kAlertsBySite{"alerts", "alerts_by_site", "site = ?3", "last_time", "id"};
inline constexpr ArmIndex kAlertsByRule{"alerts", "alerts_by_rule", "rule = ?3", "last_time", "id"};
inline constexpr ArmIndex kAlertsByParent{"alerts", "alerts_by_parent", "parent = ?3 AND parent <> 0", "last_time", "id"};

/// Points of the site ?4's metric ?5 whose series' numbers are ?6 to ?7, at each time of the step ?1 from ?2 on and before ?3 that there
/// is, ascending.
inline constexpr const char* kMetricPoints =
    "WITH RECURSIVE times (at) AS (SELECT (SELECT at FROM metric_points WHERE step = ?1 AND at >= ?2 AND at < ?3 ORDER BY "
    "at "
    "LIMIT 1) UNION ALL SELECT (SELECT p.at FROM metric_points p WHERE p.step = ?1 AND p.at > times.at AND p.at < ?3 ORDER "
    "BY p.at LIMIT 1) FROM times WHERE times.at IS NOT NULL) SELECT p.series, p.at, p.n, p.sum, p.least, p.most, p.last, "
    "p.last_at FROM times CROSS JOIN metric_points p ON p.step = ?1 AND p.at = times.at AND p.entity = (SELECT id FROM "
    "entities WHERE token = ?4) AND p.metric = ?5 AND p.series BETWEEN ?6 AND ?7";
/// The oldest ?3 rows of the step ?1 before ?2, and everything up to one of them.
inline constexpr const char* kOldestMetricPoints =
    "SELECT at, entity, metric, series FROM metric_points WHERE step = ?1 AND at < ?2 ORDER BY at, entity, metric, series "
    "LIMIT ?3";
inline constexpr const char* kRemoveMetricPoints =
    "DELETE FROM metric_points WHERE step = ?1 AND (at, entity, metric, series) <= (?2, ?3, ?4, ?5)";

}  // namespace logystera::store::sqlite
