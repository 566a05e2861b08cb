// Whose database a file is, told before SQLite may write to it.
//
// Opening is not harmless: SQLite rolls a journal back that another program has left, folds a write-ahead log in when the last
// connection closes, makes -wal and -shm files beside it, and `PRAGMA journal_mode=WAL` changes the file for good. So the first
// page is read as bytes: nothing is locked, written or made, whatever the answer.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.hpp"

namespace logystera::store::sqlite {

/// In every database of this program, at the place SQLite has for it, so that file(1) and we can tell whose it is.
inline constexpr std::uint32_t kApplicationId = 0x4c4f4759;  // "LOGY"

/// Done for a database of this program, an empty one nobody has claimed, and a file of no bytes. An error that names the file and
/// the remedy for everything else: another program's database, a file that is none, what is no regular file, no file at all.
///
/// Another program may be writing meanwhile. Its first tables may then stand in the write-ahead log alone, which is looked at too.
Result<Done> check_ownership(const std::string& path);

}  // namespace logystera::store::sqlite
