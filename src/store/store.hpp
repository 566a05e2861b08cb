// Where a gateway and runs of analysis keep what must outlast them. One interface a kind of thing (the headers beside this one),
// all of them on one database; what implements them is chosen by address and nobody above knows which it is. tests/store/contract
// holds every promise made in these headers against every implementation.
//
//   store->entities().find(token)                 by itself: a write is a transaction of its own
//   auto transaction = store->begin();            together: all of it or nothing
//   transaction->entities().add(entity);
//   transaction->accounts().use_code(hash, now, entity.token);
//   transaction->commit();
//
// Durability: with Durability::full a call that succeeds is on stable storage; so is everything of a transaction whose commit()
// succeeds. With Durability::process it survives the death of the process, and what a power loss takes is whole transactions
// from the end.
//
// Threads: a Store and what it hands out may be used by several threads at a time, a Transaction by one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "store/account_store.hpp"
#include "store/alert_store.hpp"
#include "store/answer_store.hpp"
#include "store/audit_store.hpp"
#include "store/baseline_store.hpp"
#include "store/channel_store.hpp"
#include "store/entity_store.hpp"
#include "store/error_store.hpp"
#include "store/event_store.hpp"
#include "store/finding_store.hpp"
#include "store/maintenance.hpp"
#include "store/metric_store.hpp"
#include "store/outbox_store.hpp"
#include "store/passage_store.hpp"
#include "store/position_store.hpp"
#include "store/route_store.hpp"
#include "store/seen_store.hpp"
#include "store/setting_store.hpp"
#include "store/site_window_store.hpp"
#include "store/support_store.hpp"
#include "store/watch.hpp"

namespace logystera::store {

/// One store of each kind.
class Stores {
 public:
  virtual ~Stores() = default;

  virtual EventStore& events() noexcept = 0;
  virtual EntityStore& entities() noexcept = 0;
  virtual SupportStore& support() noexcept = 0;
  virtual AccountStore& accounts() noexcept = 0;
  virtual AuditStore& audit() noexcept = 0;
  virtual FindingStore& findings() noexcept = 0;
  virtual ErrorStore& errors() noexcept = 0;
  virtual BaselineStore& baselines() noexcept = 0;
  virtual SettingStore& settings() noexcept = 0;
  virtual PositionStore& positions() noexcept = 0;
  virtual PassageStore& passages() noexcept = 0;
  virtual AnswerStore& answers() noexcept = 0;
  virtual AlertStore& alerts() noexcept = 0;
  virtual SiteWindowStore& site_windows() noexcept = 0;
  virtual SeenStore& seen() noexcept = 0;
  virtual ChannelStore& channels() noexcept = 0;
  virtual RouteStore& routes() noexcept = 0;
  virtual OutboxStore& outbox() noexcept = 0;
  virtual MetricStore& metrics() noexcept = 0;
};

/// What is written through it is stored by commit(), all of it, or not at all: leaving it without is a rollback, and after a call
/// of it has failed commit() refuses. What is read through it is as its own writes have left it. It excludes other transactions
/// and writes until it ends, so it should be short, and nothing of the store outside it may be written meanwhile by its thread.
class Transaction : public Stores {
 public:
  /// Once, and the last call.
  virtual Result<Done> commit() = 0;
};

class Store : public Stores {
 public:
  /// The same stores for whoever only looks: what writes through them fails, and a call that takes longer than OpenOptions::query_ms
  /// allows ends with an error of kind busy.
  virtual Stores& reading() noexcept = 0;
  /// Waits for others' writes for as long as the options say. Must not outlive the store.
  virtual Result<std::unique_ptr<Transaction>> begin() = 0;
  /// Starts a thread that appends batches. Must not outlive the store.
  virtual Result<std::unique_ptr<BatchWriter>> start_batch_writer() = 0;
  /// On a connection of its own. Must not outlive the store.
  virtual Result<std::unique_ptr<Watch>> start_watch() = 0;
  /// Nothing of it belongs to a transaction.
  virtual Maintenance& maintenance() noexcept = 0;
};

enum class Access : std::uint8_t {
  create,    // make the store when there is none
  existing,  // it must be there already
  look,      // as `existing`, but where there is none an empty one answers, and none is made
};

enum class Durability : std::uint8_t {
  full,     // what others rely on: a gateway's events, entities and accounts
  process,  // what can be made again from a log
};

struct OpenOptions {
  Access access = Access::existing;
  Durability durability = Durability::full;
  /// How long an operation waits for another one's write lock, milliseconds.
  int busy_ms = 5000;
  /// How much processor time a call of Store::reading() may take, milliseconds; waiting counts beyond five times of it.
  int query_ms = 2000;
  /// Events' bytes that may wait for a batch writer before append() refuses.
  std::size_t waiting_bytes = 64 * 1024 * 1024;
  /// How long a batch id is remembered, seconds; events stay recognised by their own id for good.
  std::int64_t batch_memory_seconds = 30 * 24 * 3600;
  /// Event types that get a number of their own, in memory and in the database, so that a sender cannot fill
  /// either by inventing types. Events of further types are stored all the same and found by reading their lines.
  std::size_t types = 4096;
};

/// Opens `sqlite:PATH`. The error names the place and the remedy. What is not a store of this program is left as it is.
Result<std::unique_ptr<Store>> open(std::string_view url, const OpenOptions& options = {});

/// Whether there is something to open; an error when no store has such an address.
Result<bool> exists(std::string_view url);

/// The file path in `sqlite:PATH`.
Result<std::string> sqlite_path(std::string_view url);

/// What was before that time (unix seconds) is older than the retention.
constexpr std::int64_t oldest_retained(std::int64_t now, int retention_days) noexcept {
  return now - std::int64_t{retention_days} * 24 * 3600;
}

/// Removes findings and errors older than `retention_days` before `now` or beyond the row limits. How many rows.
Result<std::uint64_t> prune(Stores& stores, std::int64_t now, int retention_days);
/// Removes what was stored with `demo` set, and nothing else. How many findings and groups of errors.
Result<std::uint64_t> clear_demo(Stores& stores);

}  // namespace logystera::store
