// How a row of the outbox is read.
#pragma once

#include <string_view>

#include "store/outbox_store.hpp"
#include "store/sqlite/connection.hpp"

namespace logystera::store::sqlite {

inline constexpr std::string_view kOutboxSelect =
    "SELECT id, channel, target, alert, site, route, kind, bundle, dedupe, body, state, attempts, batch, next_at, since, "
    "created_at, "
    "sent_at, error FROM outbox ";

OutboxRow outbox_row_of(const Statement& row);

}  // namespace logystera::store::sqlite
