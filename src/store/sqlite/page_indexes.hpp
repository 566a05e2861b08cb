// The index ranges pages are made of, for the three lists.
#pragma once

#include <array>

#include "store/sqlite/walk.hpp"

namespace logystera::store::sqlite {

inline constexpr ArmIndex kFindingsByTime{"findings", "findings_by_time", "", "time", "id"};
inline constexpr ArmIndex kFindingsByLevel{"findings", "findings_by_level", "level = ?3", "time", "id"};
inline constexpr ArmIndex kFindingsBySource{"findings", "findings_by_source", "source = ?4 AND level = ?3", "time", "id"};
inline constexpr ArmIndex kFindingsByRuleAndLevel{"findings", "findings_by_rule_and_level", "rule = ?3 AND level = ?4",
                                                  "time", "id"};
inline constexpr ArmIndex kFindingsByRule{"findings", "findings_by_rule", "rule = ?3 AND source = ?4", "time", "id"};

/// By store::ErrorSort.
inline constexpr std::array<ArmIndex, 3> kErrorsBy = {
    ArmIndex{"errors", "errors_by_last_seen", "severity = ?3", "last_seen", "fingerprint", false},
    ArmIndex{"errors", "errors_by_count", "severity = ?3", "count", "fingerprint", false},
    ArmIndex{"errors", "errors_by_first_seen", "severity = ?3", "first_seen", "fingerprint", false}};

inline constexpr ArmIndex kEventsByKind{"events", "events_by_time", "entity = ?3 AND type = ?4", "created_at", "seq"};
inline constexpr ArmIndex kEventsByCreation{"events", "events_by_created_at", "", "created_at", "seq"};

}  // namespace logystera::store::sqlite
