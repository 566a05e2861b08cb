// The store for one machine: a SQLite file in WAL mode.
//
// Reading: each call borrows a connection of its own; WAL lets it read beside the writer. Writing: SQLite has one writer at a
// time; calls and transactions wait for it. Batches of many senders are written by one thread (batch_writer.hpp).
#pragma once

#include <memory>
#include <string>

#include "store/store.hpp"

namespace logystera::store::sqlite {

/// Opens `path`; with Access::create the file is made with mode 0600. SQLite's -wal and -shm files take the
/// same mode.
Result<std::unique_ptr<Store>> open(const std::string& path, const OpenOptions& options);

}  // namespace logystera::store::sqlite
