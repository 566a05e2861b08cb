// The thread that writes batches. It takes everything that is waiting, up to a bound, into a single transaction and commits
// once, so the disk's flush is shared by all who wait for it: eight senders cost little more than one.
#pragma once

#include <memory>

#include "core/result.hpp"
#include "store/event_store.hpp"
#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

namespace logystera::store::sqlite {

/// `connection` becomes the writer's own.
Result<std::unique_ptr<BatchWriter>> start_batch_writer(Connection connection, const OpenOptions& options);

}  // namespace logystera::store::sqlite
