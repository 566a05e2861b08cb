// Detection beside a running gateway: one thread that looks at what the writer has stored, and has the writer store what follows from
// it. Nobody who sends waits for it; what it has not looked at yet is its lag, which status() tells.
//
//   effects of a step, site windows and the position commit in one transaction, so a process that is killed anywhere goes on as if it
//   had not been; while that fails (a full disk) the same is offered again, and nothing further is looked at.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "analysis/current_program.hpp"
#include "core/result.hpp"
#include "processor/record.hpp"
#include "processor/ring.hpp"
#include "store/store.hpp"

namespace logystera::processor {

struct ServiceOptions {
  std::function<std::int64_t()> now;          // unix seconds
  std::function<void(std::string_view)> log;  // never secrets, bodies or labels
  std::string key;                            // of the hashes of groups
  OnFindings on_findings = {};                // may be null
  std::size_t ring_bytes = Ring::kBytes;
};

struct Status {
  bool running = false;              // it looks at events
  std::uint64_t position = 0;        // seq of the last event whose effects are stored
  std::int64_t lag_seconds = 0;      // since the oldest event arrived that it has not looked at
  std::uint64_t ring_overflows = 0;  // batches that had to be read back
  std::uint64_t late = 0, reevaluated = 0, windows_forgotten = 0;
  std::size_t sites = 0, sites_with_windows = 0;
  std::string problem;                                                     // why it stands still; empty: it does not
  std::vector<std::pair<std::string, std::string>> damaged_settings = {};  // as in DetectorStats
};

class Service {
 public:
  /// All it is given must outlive it. Tells the writer that it listens.
  static Result<std::unique_ptr<Service>> start(store::Store& store, store::BatchWriter& writer,
                                                const analysis::CurrentProgram& program, ServiceOptions options);
  /// Looks at nothing further; what is under way is stored, and so are the windows.
  ~Service();

  Status status() const;

 private:
  struct State;
  explicit Service(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace logystera::processor
