// The store for one machine: a SQLite file in WAL mode with synchronous=FULL.
//
// Writing: callers hand batches to one writer thread. It takes everything that is waiting, up to a bound,
// into a single transaction and commits once, so the disk's flush is shared by all who wait for it: eight
// senders cost little more than one. Reading: each reader borrows a connection of its own; WAL lets it read
// beside the writer.
#pragma once

#include <memory>
#include <string>

#include "store/store.hpp"

namespace logystera::store {

struct SqliteOptions {
  /// How long an operation waits for another program's write lock, milliseconds.
  int busy_ms = 5000;
  /// Events' bytes that may wait for the writer before append() refuses.
  std::size_t waiting_bytes = 64 * 1024 * 1024;
  /// How long a batch id is remembered, seconds; events stay recognised by their own id for good.
  std::int64_t batch_memory_seconds = 30 * 24 * 3600;
  /// Event types that get a number of their own, in memory and in the database, so that a sender cannot fill
  /// either by inventing types. Events of further types are stored all the same and found by reading their lines.
  std::size_t types = 4096;
};

/// Opens `path`; with Access::create the file is made with mode 0600. SQLite's -wal and -shm files take the
/// same mode.
Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, Access access, SqliteOptions options = {});

}  // namespace logystera::store
