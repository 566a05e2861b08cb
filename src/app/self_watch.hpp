// The thread that looks after the gateway while it runs: it collects figures, and makes alerts of no site of what is wrong with them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/current_program.hpp"
#include "core/hmac.hpp"
#include "core/result.hpp"
#include "processor/self_watch.hpp"
#include "query/detection.hpp"
#include "store/store.hpp"

namespace logystera::app {

/// What the operator says of it.
struct SelfWatchOptions {
  bool on = true;
  processor::WatchLimits limits = {};
  std::string disk = {};  // a file or directory on the disk that is watched; empty: none
  std::chrono::milliseconds every = std::chrono::seconds(5);
};

class SelfWatch {
 public:
  /// Must outlive it.
  struct Parts {
    store::Store& store;
    const analysis::CurrentProgram& program;
    HmacKey identity;                   // gateway::Vault::derived("alerts/identity/v1")
    std::function<std::int64_t()> now;  // unix seconds
    std::function<void(std::string_view)> log;
    processor::Telling telling;
    std::function<query::Detection()> detection;
    std::function<std::uint64_t()> store_failures;
    std::function<std::string()> removal_problem;
    SelfWatchOptions options;
  };

  static Result<std::unique_ptr<SelfWatch>> start(Parts parts);
  /// Ends after the round it is in.
  virtual ~SelfWatch() = default;

  /// A known site's request was refused for its time, so many seconds ahead of ours. Thread-safe.
  virtual void clock_refused(std::string_view site, std::int64_t ahead) = 0;
  /// What holds now and is high or worse, in words for the head of a page. From memory: also when the store cannot be written.
  virtual std::vector<std::string> hints() const = 0;
};

}  // namespace logystera::app
