// How long what is stored is kept, and the work of removing it: in slices, between what others write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "core/result.hpp"
#include "store/store.hpp"

namespace logystera::store {

inline constexpr int kRetentionDaysMost = 36'500;

struct ConfiguredRetention;

/// Days; 0: for ever.
struct Retention {
  int events_days = 0;
  int bulk_events_days = 0;  // of types of which there are many (bulk_types())
  int findings_days = kRetentionDays;
  std::uint64_t most_bytes = 0;  // of the database; 0: no limit. Beyond it bulk events go first, then others, then findings

  /// As it is configured; what is not, as it was chosen; what was not chosen either, as in `otherwise`. A value nobody can have
  /// chosen is an error.
  static Result<Retention> load(SettingStore& settings, const ConfiguredRetention& configured);
  /// Errors: days beyond kRetentionDaysMost.
  Result<Done> save(SettingStore& settings) const;
};

/// What an operator's configuration says of it. What it names wins over what was chosen in the store.
struct ConfiguredRetention {
  Retention otherwise = {};
  std::optional<int> events_days = {}, bulk_events_days = {}, findings_days = {};
  std::optional<std::uint64_t> most_bytes = {};

  bool any() const noexcept { return events_days || bulk_events_days || findings_days || most_bytes; }
};

/// http.request, api.access, email.sent, cache.flush.
const BulkTypes& bulk_types();

/// How long the audit is kept, whatever else is.
inline constexpr int kAuditDays = 365;

/// What a round has removed.
struct Removed {
  std::uint64_t events = 0, findings = 0, occurrences = 0, audit = 0, alerts = 0, metrics = 0;
  bool smaller_than_limit = true;  // false: there is nothing more that may be removed, and it is too large still
};

/// Removes what `now` (unix seconds) is too old, and then what is too much. Each slice waits for `idle` to say that nobody
/// waits to write, for a second at most; a database beyond its size does not wait. Ends early, without an error, when `stop` is asked for.
Result<Removed> remove_old(Store& store, const Retention& retention, std::int64_t now, const std::function<bool()>& idle,
                           const std::stop_token& stop);

}  // namespace logystera::store
