// The events sites have sent, as their lines stood. An event is stored once however often it is appended, recognised by
// (entity, event_id).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "store/paging.hpp"

namespace logystera::store {

/// The 16 bytes of a UUID; upper and lower case spellings are the same event.
using EventId = std::array<std::uint8_t, 16>;

/// Reads the 8-4-4-4-12 form; `text` must already have been checked to be a UUID.
EventId event_id_of(std::string_view text) noexcept;

/// One event to store. Views live as long as the batch's owner keeps them.
struct NewEvent {
  std::string_view line;  // verbatim, without its newline
  std::string_view type;
  EventId id;
  std::int64_t created_at = 0;  // unix seconds, as the sender said
};

struct Batch {
  std::string_view entity;  // token of an entity that exists
  std::string_view id;      // wire::batch_id
  std::int64_t received_at = 0;
  std::uint32_t rejected = 0;  // lines the gateway refused, for the entity's counter
  std::vector<NewEvent> events;
  std::string_view agent = {};            // its sender's version; empty: not told
  std::optional<std::int64_t> sent = {};  // when, by the sender's clock, unix seconds
  std::shared_ptr<const void> owner =
      {};  // of what the views point at, for whoever looks at it after it was stored; may be null
};

/// What became of a batch. accepted + duplicates equal the events handed in.
struct Appended {
  std::uint32_t accepted = 0;
  std::uint32_t duplicates = 0;
  std::uint32_t unnumbered = 0;  // of the batch's events: those of types beyond what the store numbers
  bool batch_known = false;      // this very batch was stored before; nothing was written
};

struct EventQuery {
  std::string type;                        // empty: all
  std::string entity;                      // token or name; empty: all
  std::optional<std::int64_t> since;       // created_at at or after, unix seconds
  std::optional<std::int64_t> until = {};  // and before
  std::uint64_t after = 0;                 // only events with a higher sequence
  std::optional<std::uint64_t> newest;     // only the last so many
};

struct StoredEvent {
  std::uint64_t sequence = 0;  // order of arrival
  std::int64_t created_at = 0;
  std::int64_t received_at = 0;
  std::string_view type;
  std::string_view entity;  // token
  std::string_view name;    // the entity's name
  std::string_view line;    // verbatim
};

/// One that outlives the call it came from.
struct EventRow {
  std::uint64_t sequence = 0;
  std::int64_t created_at = 0, received_at = 0;
  EventId id{};
  std::string type, entity, name, line;  // as in StoredEvent
};

struct EventFilter {
  enum class Order : std::uint8_t {
    time,     // created_at; of equal ones, the one that arrived later comes first
    arrival,  // sequence alone: what arrives late stands where it arrived. TimeKey::time is of no account
  };
  Order order = Order::time;
  std::vector<std::string> types = {};                 // any of them; empty: all
  std::string site = {};                               // token or name; empty: all
  std::optional<std::int64_t> since = {}, until = {};  // created_at at or after, and before
  SiteScope sites = {};
  std::function<bool(const EventRow&)> matches = {};  // asked last; must not use the store
};
using EventPage = Page<EventRow, TimeKey>;

class EventStore {
 public:
  virtual ~EventStore() = default;

  /// Stores a batch, with what it changes of its entity's counters. Nothing of it when it fails.
  virtual Result<Appended> append(const Batch& batch) = 0;
  /// Calls `each` for every match, oldest arrival first, until it returns false. `each` may use the store.
  virtual Result<Done> read(const EventQuery& query, const std::function<bool(const StoredEvent&)>& each) = 0;

  /// The newest first, in the order the filter names.
  virtual Result<EventPage> page(const EventFilter& filter, const PageRequest<TimeKey>& request) = 0;
  virtual Result<Count> count(const EventFilter& filter, std::size_t most = kCounted,
                              std::chrono::milliseconds patience = kPatience) = 0;
  /// Of several sites' with that id, the one that arrived last.
  virtual Result<std::optional<EventRow>> find(const EventId& id, const SiteScope& sites = {}) = 0;
  /// The highest sequence given out; 0: none.
  virtual Result<std::uint64_t> newest() = 0;
};

/// A batch that has just become durable, to be looked at without reading it back.
struct StoredBatch {
  Batch batch;                           // its `owner` is set
  std::vector<std::uint64_t> sequences;  // of its events, one each; 0: it was there before
};

class Stores;

/// Appends what many senders hand in at the same time in one transaction, so that they share the wait for the disk.
class BatchWriter {
 public:
  /// Stores what is still waiting first.
  virtual ~BatchWriter() = default;

  using AppendDone = std::function<void(Result<Appended>)>;
  /// Stores a batch; returns at once. `done` is called exactly once, from a thread of the writer, after the
  /// commit is durable or with the reason it is not. What the batch's views point at must live until then.
  /// May refuse at once (from the caller's thread) when more is waiting than the store is willing to hold.
  virtual void append(Batch batch, AppendDone done) = 0;

  using Work = std::function<Result<Done>(Stores&)>;
  using WorkDone = std::function<void(Result<Done>)>;
  static constexpr std::size_t kWorksWaiting = 64;
  /// Runs `work` inside the next group commit, after its batches, on the transaction's stores; returns at once. It is behind a
  /// savepoint of its own: if it fails, or a call of the stores fails in it, it alone is undone. `done` is called exactly once, from a
  /// thread of the writer, after the commit is durable or with the reason it is not. May refuse at once (from the caller's thread) when
  /// kWorksWaiting are waiting. Neither may use the writer, and `work` nothing of the store but what it is given.
  virtual void run(Work work, WorkDone done) = 0;

  /// Told of every batch that has an owner after its `done`, in the order of sequences, from the writer's thread, which it must not hold
  /// up; null: nobody, and nobody is when this returns.
  virtual void on_stored(std::function<void(StoredBatch)> told) = 0;

  /// Whether nothing waits and nothing is being written.
  virtual bool idle() const = 0;
};

}  // namespace logystera::store
