// The SQLite schema and how a database of an older version becomes one of this version.
#pragma once

#include "core/result.hpp"
#include "store/sqlite/connection.hpp"

namespace logystera::store::sqlite {

/// Brings the database to the newest schema, one transaction a step. Refuses a file that is another
/// program's, or that a newer version of this one has written.
Result<Done> migrate(Connection& connection);

}  // namespace logystera::store::sqlite
