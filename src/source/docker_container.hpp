// A container's log: what the daemon answers in, records out. Its format is detected as a file's is; its records carry `container.name`,
// `container.id`, `container.image` and `stream`, and its name is their source. A record without a time of its own has the daemon's.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parse/line_records.hpp"
#include "parse/source_options.hpp"
#include "source/docker_api.hpp"
#include "source/docker_lines.hpp"
#include "source/docker_place.hpp"
#include "source/record_source.hpp"

namespace logystera::source {

/// What every container of a source shares; all of it outlives them.
struct DockerReading {
  DockerReading(const parse::Formats& its_formats, FieldNames& its_names, parse::SourceOptions its_options);

  const parse::Formats& formats;
  FieldNames& names;
  const parse::SourceOptions options;
  const FieldId name, id, image;
};

class DockerContainer {
 public:
  /// `once`: not followed. In its first answer nothing comes twice, whatever the daemon's clock did.
  DockerContainer(const Listed& listed, const DockerReading& reading, std::string_view key, bool once);

  /// Where its reading begins; before the first answer.
  void begin_at(std::int64_t time_ns) noexcept { place_.begin_at(time_ns); }
  Result<Done> resume(std::string_view position);

  /// An answer begins: the log from since_ns() on.
  void begin_answer(bool terminal);
  std::int64_t since_ns() const noexcept { return place_.since_ns(); }
  /// Takes what has come from the front of `bytes`, until it is full(). An error: this is no log of a container.
  Result<Done> take(std::string& bytes);
  /// The log has ended: a line whose end did not come is one.
  void end_answer();
  bool full() const noexcept { return pending_.size() >= kBatchBytes || waiting_.size() >= kWaitingLines; }

  /// Clears and fills `batch`; false: there is no record. `quiet`: nothing more is on its way now.
  bool hand_out(RecordBatch& batch, bool quiet);
  bool holds_lines() const noexcept { return !waiting_.empty(); }
  /// Nothing more comes: what is known of it is final.
  void finish();

  const std::string& name() const noexcept { return part_->name; }
  const std::shared_ptr<Part>& part() const noexcept { return part_; }
  /// Up to the last batch that was handed out, with at most so many digests a stream; no line end in it.
  std::string position(std::size_t digests) const;
  /// What a person has to know, since the last call.
  std::vector<std::string> notices() { return std::exchange(notices_, {}); }

 private:
  static constexpr std::size_t kBatchBytes = 256 * 1024, kWaitingLines = 32'768;

  struct LineMark {
    std::int64_t time_ns;
    bool error, truncated;
  };

  void keep(const DockerLine& line);
  bool detect(bool quiet);
  void dress(RecordBatch& batch);
  void say(std::string_view text);
  void say_passed_over();

  const DockerReading& reading_;
  const bool once_;
  std::shared_ptr<Part> part_;
  const std::string *id_, *image_;  // in the part: records point at them
  DockerPlace place_;
  std::optional<DockerLines> lines_;
  std::optional<parse::TimeContext> time_;
  std::unique_ptr<parse::LineRecords> records_;
  std::string pending_;            // lines that are no records yet
  std::deque<LineMark> waiting_;   // of them
  std::uint64_t first_line_ = 1;   // the number of the first of them
  std::uint64_t line_before_ = 0;  // what numbers begin behind
  bool first_of_answer_ = false;
  unsigned answers_ = 0;
  std::uint64_t older_say_ = 1, crowded_say_ = 1;  // when there are that many
  std::vector<std::string> notices_;
};

}  // namespace logystera::source
