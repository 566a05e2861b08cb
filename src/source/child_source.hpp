// What a program writes, read to its end as a log: its format is recognised, packed data are unpacked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "parse/source_options.hpp"
#include "source/child.hpp"
#include "source/record_source.hpp"

namespace logystera::source {

/// What is wrong when it ended so; nothing: that is how it ends.
using JudgeEnd = std::function<std::optional<Error>(const Child::End& end)>;

/// Has no position to go on from.
class ChildSource final : public RecordSource {
 public:
  /// Starts nothing yet. `name` is what the log is called, `formats` and `names` outlive the source and its parts.
  ChildSource(std::vector<std::string> arguments, std::string name, const parse::Formats& formats, FieldNames& names,
              parse::SourceOptions options, JudgeEnd judge);

  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override;
  Position position() const override { return {}; }
  std::vector<std::string> notices() override { return {}; }
  const std::string& label() const noexcept override { return name_; }

 private:
  struct Log;
  void open();
  void end(bool stopped);

  const std::vector<std::string> arguments_;
  const std::string name_;
  const parse::Formats& formats_;
  FieldNames& names_;
  const parse::SourceOptions options_;
  const JudgeEnd judge_;
  std::shared_ptr<Log> log_;
  std::optional<Child> child_;
};

}  // namespace logystera::source
