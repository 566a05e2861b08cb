// Files read once: a single one, a rotated set from its oldest part on, or standard input.
//
// A position is a hash of the first bytes of the file being read, unpacked, and how many of its records were handed out. So it
// holds whatever the file is renamed to, and when it is packed; going on reads the file once more up to there. Where standard
// input or a pipe is at, nobody can go on.
#pragma once

#include "source/paths.hpp"
#include "source/record_source.hpp"

namespace logystera::source {

struct FileSourceOptions {
  parse::SourceOptions source;
  std::optional<Position> resume;  // next() answers with an error (not_found, broken) where that is in none of the files
  bool resumable = false;          // positions are wanted: costs one more look at each file's beginning
};

class FileSource final : public RecordSource {
 public:
  /// Opens nothing yet. `set`, `formats` and `names` outlive the source and its parts.
  FileSource(const SourceSet& set, const parse::Formats& formats, FieldNames& names, FileSourceOptions options);

  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override;
  Position position() const override;
  std::vector<std::string> notices() override { return {}; }
  const std::string& label() const noexcept override { return set_.name; }

 private:
  struct File;
  struct Left;

  void open_next();
  State end_file();
  Result<Done> go_on_at_left();

  const SourceSet& set_;
  const parse::Formats& formats_;
  FieldNames& names_;
  FileSourceOptions options_;
  std::size_t file_at_ = 0;
  std::shared_ptr<File> file_;       // the last one that was opened
  bool open_ = false;                // it has not ended
  parse::TimeContext::Order order_;  // of the file read last
  std::uint64_t skip_ = 0;           // records of the open file that were handed out before the position that is resumed
};

}  // namespace logystera::source
