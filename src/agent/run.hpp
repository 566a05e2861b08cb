// One run of the dispatcher, from taking the lock to letting go of it. Dispatcher::flush() makes one and throws it away.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/batch.hpp"
#include "agent/buffer.hpp"
#include "agent/checkpoint.hpp"
#include "agent/dispatch.hpp"
#include "agent/history.hpp"
#include "agent/transport.hpp"
#include "agent/verdict.hpp"

namespace logystera::agent {

class DispatchRun {
 public:
  /// All three must outlive the run.
  DispatchRun(Buffer& buffer, const Credentials& credentials, const DispatchOptions& options);
  FlushResult go();

 private:
  enum class Step : bool { stop, go_on };
  // What one request for some lines came to.
  enum class Outcome : std::uint8_t { accepted, refused, too_large, stopped };

  Step begin();
  void adopt_credentials() noexcept;
  bool may_try();
  Step drain(const Segment& segment);
  Step finish(const Segment& segment);

  Step deliver(const Batch& batch, std::size_t first, std::size_t last);
  Step find_refused(const Batch& batch, std::size_t first, std::size_t last, bool refused_itself);
  Step halve(const Batch& batch, std::size_t first, std::size_t last);
  Step dead_letter_event(const Batch& batch, std::size_t index);
  bool gateway_accepts_others(const Batch& batch, std::size_t index);
  std::optional<std::string> line_of_newest_segment();

  Outcome attempt(const Batch& batch, std::size_t first, std::size_t last);
  bool settle_rejections(const Batch& batch, std::size_t first, std::size_t last, const Verdict& verdict);
  Step advance(const Batch& batch, std::size_t last);

  Verdict post(std::string_view body, std::uint32_t events);
  struct Packed {
    std::string batch_id;
    std::string gzip;  // empty: the body is smaller as it is
  };
  Packed pack(std::string_view body);
  Verdict post_once(std::string_view body, const Packed& packed, std::uint32_t events);
  bool has_budget() const noexcept;

  void succeeded(const Verdict& verdict, std::uint64_t events);
  Step failed(const Verdict& verdict);
  Step give_up(FlushStatus status, std::string error);
  Step record(CheckpointFile::Durable durable);
  FlushResult conclude();

  Buffer& buffer_;
  const Credentials& credentials_;
  const DispatchOptions& options_;
  const std::chrono::steady_clock::time_point deadline_;

  Directory directory_;  // the dispatcher's own files are all in this one, whatever the path leads to meanwhile
  std::optional<CheckpointFile> slots_;
  Checkpoint checkpoint_;
  std::optional<HistoryFile> history_;
  std::optional<Transport> transport_;
  std::vector<Segment> segments_;
  std::optional<Verdict> last_;             // of the newest request
  std::uint32_t since_durable_ = 0;         // batches recorded since a checkpoint was last written through to the disk
  std::uint64_t durable_dead_letters_ = 0;  // of result_, when it was
  std::function<void()> meanwhile_;         // to do while an answer is waited for; of drain()
  Packed ready_;                            // of the body ready_for_, made while the batch before it was under way
  std::string_view ready_for_;
  Gzip gzip_;
  FlushResult result_;
  bool stopped_ = false;
};

}  // namespace logystera::agent
