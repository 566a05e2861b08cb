// The function has_text(TEXT, …) of SQL: whether one of the further texts has the first in it, in any (ASCII) case. The first is folded
// already.
//
// It is a function and not LIKE, and is asked in the statement that walks an index: a row that does not have the text, as most do not,
// costs one step of that statement and no look-up of its own, and its texts are compared where they lie.
#pragma once

#include <sqlite3.h>

#include <string>

namespace logystera::store::sqlite {

/// Small letters for A to Z; nothing else changes.
void fold(std::string& text) noexcept;

/// For one connection. SQLite's code.
int add_text_search(sqlite3* handle) noexcept;

}  // namespace logystera::store::sqlite
