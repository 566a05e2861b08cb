// The records a question is about, read, selected and redacted by threads of their own while whoever asks takes them in order, a batch at
// a time. What waits is a few batches, however large the logs are.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "analysis/pipeline.hpp"
#include "ask/logs.hpp"
#include "core/record.hpp"
#include "core/result.hpp"

namespace logystera::ask {

/// What is to be read, beside what the program's filter wants.
struct Wanted {
  std::function<bool(const Record&)> record;   // null: every one. Called by several threads at once, before redaction
  std::optional<std::vector<FieldId>> fields;  // what alone is shown of records; none: all of them
  std::function<bool(const std::string& path)> source;  // null: every file
};

class Rows {
 public:
  /// Begins to read. `logs` outlives it.
  Rows(const Logs& logs, Wanted wanted);
  /// Stops reading.
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  /// The next batch, valid until the next call; null: there are no more, or `stop` said so, which is asked every tenth of a second.
  const RecordBatch* next(const std::function<bool()>& stop);

  /// A number the record of the last batch has in every reading of the logs, whatever else is wanted: that of its file and its place
  /// there. They grow as the records come.
  std::uint64_t number_of(const Record& record) const noexcept;

  /// What could not be read, once next() has given the last batch. Each names its file.
  std::vector<std::string> problems() const;
  /// Records read, those that were not wanted among them; likewise.
  std::uint64_t records_read() const;

 private:
  class Feed;

  void read();
  bool put(RecordBatch& batch, const std::string& source);

  const Logs& logs_;
  Wanted wanted_;
  std::vector<source::SourceSet> sets_;
  analysis::PipelineOptions options_;
  struct File {
    std::string name;  // records' source, which outlives the file
    std::uint64_t number = 0;
  };
  struct Waiting {
    RecordBatch batch;
    std::uint64_t file = 0;
  };
  std::unordered_map<std::string, std::unique_ptr<const File>> files_;  // by path

  mutable std::mutex mutex_;
  std::condition_variable filled_, emptied_;
  std::deque<Waiting> waiting_;
  std::vector<RecordBatch> spare_;
  bool ended_ = false;
  std::vector<std::string> problems_;
  std::uint64_t records_read_ = 0;
  std::exception_ptr failure_;  // what reading died of

  std::atomic<bool> stop_{false};
  Waiting current_;
  std::thread reader_;  // last: it uses all of the above
};

}  // namespace logystera::ask
