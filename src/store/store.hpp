// Where the gateway keeps entities and events. Everything a caller may rely on is said here; sqlite.hpp is
// the implementation for one machine.
//
// Promise: append() reports success only when the batch and its events are on stable storage, and an event is
// stored once however often it is appended, recognised by (entity, event_id).
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

namespace logystera::store {

/// The 16 bytes of a UUID; upper and lower case spellings are the same event.
using EventId = std::array<std::uint8_t, 16>;

/// Reads the 8-4-4-4-12 form; `text` must already have been checked to be a UUID.
EventId event_id_of(std::string_view text) noexcept;

/// A site that may send. Secrets arrive sealed; the store never sees them in the clear.
struct Entity {
  std::string token;            // "ent_…", unique
  std::string name;             // for people
  std::int64_t created_at = 0;  // unix seconds
  bool disabled = false;
  std::string sealed_secret;
  std::string sealed_previous;  // empty: never rotated
  std::int64_t rotated_at = 0;  // unix seconds; the previous secret's grace starts here
  std::int64_t revoked_at = 0;  // unix seconds; 0: it may still send. A revoked entity has no secrets
  // Kept by append(), read-only for callers.
  std::int64_t last_seen_at = 0;  // last batch; 0: none yet
  std::uint64_t accepted = 0;     // events stored
  std::uint64_t duplicates = 0;   // events (or events of batches) that were there already
  std::uint64_t rejected = 0;     // lines refused for good
};

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
};

/// What became of a batch. accepted + duplicates equal the events handed in.
struct Appended {
  std::uint32_t accepted = 0;
  std::uint32_t duplicates = 0;
  std::uint32_t unnumbered = 0;  // of the batch's events: those of types beyond what the store numbers
  bool batch_known = false;      // this very batch was stored before; nothing was written
};

/// A message a site has sent to whoever runs the gateway.
struct SupportRequest {
  std::string reference;  // "sup_…", unique
  std::string entity;     // token of an entity that exists
  std::string batch;      // wire::batch_id of the request: the same text again is the same request
  std::int64_t received_at = 0;
  std::string message;
  std::string email;        // empty: none
  std::string diagnostics;  // a JSON object; empty: none
  // Read-only for callers.
  std::string entity_name;
};

struct EventQuery {
  std::string type;                     // empty: all
  std::string entity;                   // token or name; empty: all
  std::optional<std::int64_t> since;    // created_at at or after, unix seconds
  std::uint64_t after = 0;              // only events with a higher sequence
  std::optional<std::uint64_t> newest;  // only the last so many
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

class Store {
 public:
  virtual ~Store() = default;

  using AppendDone = std::function<void(Result<Appended>)>;
  /// Stores a batch; returns at once. `done` is called exactly once, from a thread of the store, after the
  /// commit is durable or with the reason it is not. What the batch's views point at must live until then.
  /// May refuse at once (from the caller's thread) when more is waiting than the store is willing to hold.
  virtual void append(Batch batch, AppendDone done) = 0;

  virtual Result<Done> add_entity(const Entity& entity) = 0;
  virtual Result<std::optional<Entity>> find_entity(std::string_view token) = 0;
  /// By age.
  virtual Result<std::vector<Entity>> entities() = 0;
  /// Writes secrets, rotation time and the disabled flag of an entity; false when there is none, or it is revoked.
  virtual Result<bool> update_entity(const Entity& entity) = 0;
  /// Erases both secrets of an entity and notes when, durably; false when there is none, or it was revoked before.
  virtual Result<bool> revoke_entity(std::string_view token, std::int64_t now) = 0;

  /// Stores a request durably and gives its reference: the one it was first stored under when it is a repeat.
  virtual Result<std::string> add_support(const SupportRequest& request) = 0;
  /// The newest `limit`, oldest first; messages and diagnostics are left out.
  virtual Result<std::vector<SupportRequest>> support_requests(std::uint64_t limit) = 0;
  virtual Result<std::optional<SupportRequest>> find_support(std::string_view reference) = 0;

  /// Calls `each` for every match, oldest arrival first, until it returns false.
  virtual Result<Done> events(const EventQuery& query, const std::function<bool(const StoredEvent&)>& each) = 0;
};

enum class Access : std::uint8_t {
  create,    // make the store when there is none
  existing,  // it must be there already
};

/// Opens `sqlite:PATH`. The error names the place and the remedy.
Result<std::unique_ptr<Store>> open(std::string_view url, Access access);

/// The file path in `sqlite:PATH`.
Result<std::string> sqlite_path(std::string_view url);

}  // namespace logystera::store
