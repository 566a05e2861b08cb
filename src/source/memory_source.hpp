// One log that is held in memory: what somebody has uploaded.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "parse/source_options.hpp"
#include "source/record_source.hpp"

namespace logystera::source {

/// Has no position to go on from.
class MemorySource final : public RecordSource {
 public:
  /// `bytes`, `formats` and `names` outlive the source and its parts. `name` is what the log is called.
  MemorySource(std::string_view bytes, std::string name, const parse::Formats& formats, FieldNames& names,
               parse::SourceOptions options);

  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override;
  Position position() const override { return {}; }
  std::vector<std::string> notices() override { return {}; }
  const std::string& label() const noexcept override { return name_; }

 private:
  struct Log;
  void open();
  void end();

  std::string_view bytes_;
  const std::string name_;
  const parse::Formats& formats_;
  FieldNames& names_;
  parse::SourceOptions options_;
  std::shared_ptr<Log> log_;  // null: not opened yet
};

}  // namespace logystera::source
