// Baselines of sources between runs: taken from the database, fed with records in log order, put back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/anomaly.hpp"
#include "store/baseline_store.hpp"

namespace logystera::analysis {

struct AnomalyOptions {
  std::string source;  // key of the baseline; empty: the file's stem
  double threshold = detect::kAnomalyThreshold;
  std::string model = "zscore";
  std::uint32_t bucket_seconds = detect::kBucketSeconds;
  bool detect = true;  // false: learn only

  // What a person is told to do about a stored baseline that does not fit. Behind the first stands its key, behind the second the
  // seconds it needs.
  std::string reset_command;  // empty: "remove it"
  std::string bucket_option = "bucket_seconds";
};

class Baselines {
 public:
  /// What is known of an episode: that it began, with its first bucket, or all of it.
  enum class Stage { begun, over };
  /// `report` is given each episode with its source's key: as it begins, and when it is over.
  using Report = std::function<void(const std::string& key, const detect::Anomaly&, Stage)>;

  /// Errors: a model this program does not know; the message begins with its name.
  static Result<std::unique_ptr<Baselines>> make(store::BaselineStore& store, AnomalyOptions options, Report report);

  /// Records of one log, in its order; `set` names the log.
  Result<Done> add(const std::string& set, const RecordBatch& batch);
  /// Ends the log at hand and stores its baseline.
  Result<Done> finish();

  const std::string& key() const noexcept { return key_; }
  std::uint64_t observations() const noexcept { return baseline_ ? baseline_->observations() : 0; }
  bool trained() const noexcept { return baseline_ && baseline_->trained(); }
  std::uint64_t buckets() const noexcept { return detector_ ? detector_->buckets() : 0; }
  std::uint64_t without_time() const noexcept { return detector_ ? detector_->without_time() : 0; }

 private:
  Baselines(store::BaselineStore& store, AnomalyOptions options, detect::AnomalyModel model, Report report)
      : store_(store), options_(std::move(options)), model_(model), report_(std::move(report)) {}
  Result<Done> begin(const std::string& set);
  void pass_on();

  store::BaselineStore& store_;
  AnomalyOptions options_;
  detect::AnomalyModel model_;
  Report report_;
  std::string set_, key_;
  std::optional<detect::Baseline> baseline_;
  std::optional<detect::AnomalyDetector> detector_;
};

}  // namespace logystera::analysis
