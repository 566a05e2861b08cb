#include "analysis/baselines.hpp"

#include <fmt/core.h>

#include "core/clock.hpp"
#include "source/paths.hpp"

namespace logystera::analysis {

Result<std::unique_ptr<Baselines>> Baselines::make(store::BaselineStore& store, AnomalyOptions options, Report report) {
  detect::AnomalyModel model;
  if (!detect::parse_anomaly_model(options.model, model))
    return Error{fmt::format("{}: write zscore or adaptive", options.model), ErrorKind::invalid};
  return std::unique_ptr<Baselines>(new Baselines(store, std::move(options), model, std::move(report)));
}

Result<Done> Baselines::begin(const std::string& set) {
  set_ = set;
  key_ = options_.source.empty() ? source::source_key(set) : options_.source;
  auto stored = store_.find(key_, detect::anomaly_model_name(model_));
  if (!stored) return stored.error();
  baseline_.emplace(model_, options_.bucket_seconds);
  if (stored.value()) {
    const std::string reset =
        options_.reset_command.empty() ? std::string() : fmt::format("'{} {}'", options_.reset_command, key_);
    auto known = detect::Baseline::decode(stored.value()->state);
    if (!known)
      return Error{fmt::format("the baseline of '{}': {}: {}", key_, known.error().message,
                               reset.empty() ? "remove it" : reset + " removes it"),
                   ErrorKind::broken};
    if (known->bucket_seconds() != options_.bucket_seconds)
      return Error{fmt::format("the baseline of '{}' was learnt with buckets of {} s: use {} {}, or {} first", key_,
                               known->bucket_seconds(), options_.bucket_option, known->bucket_seconds(),
                               reset.empty() ? "remove it" : reset),
                   ErrorKind::invalid};
    baseline_.emplace(std::move(known).value());
  }
  detector_.emplace(*baseline_, options_.threshold, options_.detect);
  return Done{};
}

void Baselines::pass_on() {
  for (const detect::Anomaly& anomaly : detector_->take_begun()) report_(key_, anomaly, Stage::begun);
  for (const detect::Anomaly& anomaly : detector_->take()) report_(key_, anomaly, Stage::over);
}

Result<Done> Baselines::add(const std::string& set, const RecordBatch& batch) {
  if (!detector_ || set != set_) {
    if (auto finished = finish(); !finished) return finished;
    if (auto begun = begin(set); !begun) return begun;
  }
  for (const Record& record : batch.records) detector_->add(record);
  pass_on();
  return Done{};
}

Result<Done> Baselines::finish() {
  if (!detector_) return Done{};
  detector_->finish();
  pass_on();
  store::StoredBaseline row;
  row.source = key_;
  row.model = detect::anomaly_model_name(model_);
  row.bucket_seconds = options_.bucket_seconds;
  row.observations = baseline_->observations();
  row.updated_at = wall_seconds();
  row.state = baseline_->encode();
  detector_.reset();
  return store_.put(row);
}

}  // namespace logystera::analysis
