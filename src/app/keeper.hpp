// The thread that removes what is too old or too much while a server runs, and tidies up after self-tests that were killed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/result.hpp"
#include "store/retention.hpp"
#include "store/store.hpp"

namespace logystera::app {

class Keeper {
 public:
  /// Must outlive it. `now`: unix seconds. `idle`: whether nobody waits to write. `log` is told what was removed, once a round in which
  /// something was, and what went wrong.
  struct Options {
    store::Store& store;
    std::function<std::int64_t()> now;
    std::function<bool()> idle;
    store::ConfiguredRetention configured;
    std::function<void(std::string_view)> log;
    std::chrono::milliseconds first = std::chrono::minutes(1), next = std::chrono::minutes(10);  // until a round
  };

  static Result<std::unique_ptr<Keeper>> start(Options options);
  /// Ends after the slice that is being removed.
  virtual ~Keeper() = default;
  /// Why old events cannot be removed, or too few; empty: they can.
  virtual std::string problem() const = 0;
};

}  // namespace logystera::app
