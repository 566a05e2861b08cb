// The sites that may send. Secrets arrive sealed; the store never sees them in the clear.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

struct Entity {
  std::string token;            // "ent_…", unique
  std::string name;             // for people
  std::int64_t created_at = 0;  // unix seconds
  bool disabled = false;
  std::string sealed_secret;
  std::string sealed_previous;  // empty: never rotated
  std::int64_t rotated_at = 0;  // unix seconds; the previous secret's grace starts here
  std::int64_t revoked_at = 0;  // unix seconds; 0: it may still send. A revoked entity has no secrets
  // Counted when batches are appended, read-only for callers.
  std::int64_t last_seen_at = 0;                // last batch; 0: none yet
  std::uint64_t accepted = 0;                   // events stored
  std::uint64_t duplicates = 0;                 // events (or events of batches) that were there already
  std::uint64_t rejected = 0;                   // lines refused for good
  std::string agent;                            // version of the last batch's sender; empty: not known
  std::optional<std::int64_t> clock_skew = {};  // of the last batch: its sender's clock less ours, seconds
};

/// What a site has sent within an hour, by the time it was received.
struct IngestHour {
  std::int64_t hour = 0;                                                // its first second, unix
  std::uint64_t batches = 0, events = 0, duplicates = 0, rejected = 0;  // as the entity's counters
};
inline constexpr std::int64_t kIngestHoursSeconds = 8 * 24 * 3600;  // hours before that are forgotten

class EntityStore {
 public:
  virtual ~EntityStore() = default;

  /// An error when there is one of that token.
  virtual Result<Done> add(const Entity& entity) = 0;
  virtual Result<std::optional<Entity>> find(std::string_view token) = 0;
  /// By age.
  virtual Result<std::vector<Entity>> list() = 0;
  /// Writes secrets, rotation time and the disabled flag of an entity; false when there is none, or it is revoked.
  virtual Result<bool> update(const Entity& entity) = 0;
  /// Erases both secrets of an entity and notes when; false when there is none, or it was revoked before.
  virtual Result<bool> revoke(std::string_view token, std::int64_t now) = 0;
  /// False when there is none.
  virtual Result<bool> rename(std::string_view token, std::string_view name) = 0;
  /// Hours at or after `since` in which a site sent something, the oldest first.
  virtual Result<std::vector<IngestHour>> hours(std::string_view token, std::int64_t since) = 0;
  /// What each site has sent at or after `since`, by its token: sites that sent nothing are left out. `hour` is the last.
  virtual Result<std::vector<std::pair<std::string, IngestHour>>> sent_since(std::int64_t since) = 0;
};

}  // namespace logystera::store
