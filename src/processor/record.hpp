// Findings on their way into the store, in the transaction of whoever calls, and what is to follow from them there.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "processor/detector.hpp"
#include "store/store.hpp"

namespace logystera::processor {

/// A finding as it is stored now, after something was added to it.
struct StoredFinding {
  store::Finding finding;
  std::vector<std::string> tags;  // the rule's
  std::uint64_t new_hits = 0;     // of the finding's
  bool extends = false;           // it was there before
  bool late = false;              // found in events that were late, or long after they came
  bool clears = false;            // not a finding: the condition of its rule, site and group is over
};

/// What follows from findings, in the transaction that stores them: the place where they become alerts. An error undoes all of it, and
/// the same is offered again.
using OnFindings = std::function<Result<Done>(store::Stores& stores, std::span<const StoredFinding> findings)>;

/// Stores effects and tells of the findings that are new or have grown; with `position`, it is the store's from then on.
Result<Done> store_effects(store::Stores& stores, const Effects& effects, const OnFindings& on_findings);

/// How far detection has come, as it is stored.
struct Position {
  std::uint64_t seq = 0;   // of the last event whose effects are stored
  std::uint64_t warm = 0;  // windows that are not saved have seen events from here on
};
Result<std::optional<Position>> stored_position(store::Stores& stores);
Result<Done> put_position(store::Stores& stores, const Position& position, std::int64_t now);

/// The last event whose metrics are stored. It is behind detection's position: counts are gathered in memory, and counted again after a
/// restart.
Result<std::optional<std::uint64_t>> metrics_position(store::Stores& stores);
Result<Done> put_metrics_position(store::Stores& stores, std::uint64_t seq, std::int64_t now);
/// Goes on behind `through`, with the series that are stored, of which there are `stored`. `stores` must outlive it.
MeteringOptions metering_of(store::Stores& stores, std::uint64_t through, std::uint64_t stored,
                            std::function<std::int64_t()> now);

/// Likewise for what is usual of sites' metrics.
Anomalies::Options anomalies_of(store::Stores& stores, std::uint64_t through);

/// Looks at what is stored since a time once more, and records what it finds; nothing of the running detection is touched. How many
/// findings are new or have grown.
struct BackfillReport {
  std::uint64_t events = 0, added = 0, extended = 0;
};
Result<BackfillReport> backfill(store::Store& store, const std::shared_ptr<const analysis::Program>& program,
                                const std::string& key, std::int64_t since, const OnFindings& on_findings);

/// For DetectorOptions::may_not_send.
Result<SitesAway> sites_that_may_not_send(store::Stores& stores);

/// Reads a site's events for DetectorOptions::read.
decltype(DetectorOptions::read) reader_of(store::Stores& stores);

}  // namespace logystera::processor
