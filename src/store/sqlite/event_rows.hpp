// Events as rows.
#pragma once

#include <algorithm>
#include <string_view>

#include "store/event_store.hpp"
#include "store/sqlite/connection.hpp"

namespace logystera::store::sqlite {

/// The type all events share whose own type got no number. No event bears it: a type is never empty.
inline constexpr std::string_view kUnnumbered = "";

/// An event's type, of events e and types t: such an event's is told by its line.
#define LOGYSTERA_EVENT_TYPE \
  "CASE t.name WHEN '' THEN CASE WHEN json_valid(e.line) THEN json_extract(e.line, '$.event_type') END ELSE t.name END"

/// Of a row: seq, created_at, received_at, event_id, type, token and name of the entity, line.
inline EventRow read_event(const Statement& row) {
  EventRow event;
  event.sequence = row.count(0);
  event.created_at = row.integer(1);
  event.received_at = row.integer(2);
  const std::string_view id = row.text(3);
  std::copy_n(id.begin(), std::min(id.size(), event.id.size()), event.id.begin());
  event.type = row.text(4);
  event.entity = row.text(5);
  event.name = row.text(6);
  event.line = row.text(7);
  return event;
}

}  // namespace logystera::store::sqlite
