// What comes of records that are followed, of one source or of many: findings, and events unless they are not wanted, printed, stored
// and posted as they come. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/baselines.hpp"
#include "analysis/stage.hpp"
#include "analysis/tracking.hpp"
#include "cli/analysis.hpp"
#include "cli/live.hpp"
#include "cli/render.hpp"
#include "cli/webhook.hpp"
#include "core/result.hpp"
#include "store/store.hpp"

namespace logystera::cli {

/// One source's way through the analysis: counts over time are its own.
class Lane {
 public:
  /// `analysis` outlives it. With a name, each line that is printed of it begins with it.
  explicit Lane(const Analysis& analysis);
  /// One of many: `first` is another of them, or null for the first.
  Lane(const Analysis& analysis, const Lane* first, std::string name, std::vector<std::string> groups);

 private:
  friend class Stream;
  const std::string name_;
  const std::vector<std::string> groups_;
  analysis::Stage stage_;
  analysis::Stage::Worker worker_;
  analysis::Turn turn_;
  std::uint64_t number_ = 0;  // of its last event
};

class Stream {
 public:
  /// Opens what the options ask for: the store, baselines, the webhook. All of what it is given outlives it.
  /// `names_sources`: text names the source of each event and finding.
  static Result<std::unique_ptr<Stream>> make(const Analysis& analysis, const LiveOptions& options, bool json,
                                              bool names_sources = false);

  /// What is stored of it is committed with `read`.
  Result<Done> take(Lane& lane, RecordBatch& batch, const std::string& source);
  Result<Done> commit(const std::optional<analysis::Tracker::ReadUpTo>& read);
  /// The log has ended for us: windows are judged.
  Result<Done> finish(Lane& lane, const std::string& source);
  /// All of them have.
  Result<Done> finish();

  /// Null: nothing is stored.
  analysis::Tracker* tracker() noexcept { return tracker_.get(); }
  std::uint64_t events() const noexcept { return events_; }
  std::uint64_t findings() const noexcept { return findings_; }
  /// The time of the newest event so far, Unix nanoseconds; 0: none told.
  std::int64_t newest_ns() const noexcept { return newest_ns_; }
  /// Ends the webhook (Webhook::finish()): how many findings could not be posted.
  std::uint64_t lost() { return webhook_ ? webhook_->finish() : 0; }

 private:
  Stream(const Analysis& analysis, const LiveOptions& options, bool json, bool names_sources);
  Result<Done> equip();
  Result<Done> report(const Lane& lane);
  void print(const Lane& lane, const analysis::Finding& finding);
  void print(const Lane& lane, const Record& record);

  const Analysis& analysis_;
  const LiveOptions& options_;
  const bool json_;
  const Style style_;
  analysis::CurrentDismissals dismissals_;
  std::unique_ptr<store::Store> baseline_store_;
  std::unique_ptr<analysis::Baselines> baselines_;
  std::unique_ptr<analysis::Tracker> tracker_;
  std::unique_ptr<Webhook> webhook_;
  detect::Level webhook_least_ = detect::Level::high;
  std::uint64_t events_ = 0, findings_ = 0;
  std::int64_t newest_ns_ = 0;
};

}  // namespace logystera::cli
