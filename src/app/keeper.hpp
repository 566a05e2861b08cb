// The thread that removes what is too old or too much while a server runs.
#pragma once

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
  };

  /// The first round comes after a minute, the next ones every ten.
  static Result<std::unique_ptr<Keeper>> start(Options options);
  /// Ends after the slice that is being removed.
  virtual ~Keeper() = default;
};

}  // namespace logystera::app
