// The SQLite schema and how a database of an older version becomes one of this version.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/result.hpp"
#include "store/sqlite/connection.hpp"

namespace logystera::store::sqlite {

/// Brings the database to the newest schema, one transaction a step. Refuses a file that is another
/// program's, or that a newer version of this one has written. `most`: no further than to that version, as an older program.
Result<Done> migrate(Connection& connection, std::size_t most = SIZE_MAX);

}  // namespace logystera::store::sqlite
