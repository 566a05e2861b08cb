// A source whose records say that they are of something bigger: one target of a fleet. "fleet:web01:" stands before what its records
// are of, so that what is stored of two machines with the same log is told apart, and is found again by its target.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/record_source.hpp"

namespace logystera::source {

class Renamed final : public RecordSource {
 public:
  /// `prefix` is put in front of what the source and its records are called.
  Renamed(std::unique_ptr<RecordSource> source, std::string prefix);

  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  bool finish(RecordBatch& batch) override;
  /// Holds the names of records too.
  std::shared_ptr<const Part> part() const override { return part_; }
  Position position() const override { return source_->position(); }
  std::vector<std::string> notices() override { return source_->notices(); }
  std::string trouble() const override { return source_->trouble(); }
  const std::string& label() const noexcept override { return label_; }

 private:
  using Names = std::unordered_map<std::string, std::string>;

  void hold_part();
  void rename(RecordBatch& batch);

  const std::unique_ptr<RecordSource> source_;
  const std::string prefix_, label_;
  const std::shared_ptr<Names> names_ = std::make_shared<Names>();  // nothing is moved when it grows
  std::shared_ptr<const Part> part_;
};

}  // namespace logystera::source
