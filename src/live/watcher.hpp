// The thread that looks for changes and tells the bus, as long as somebody hears it.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "core/result.hpp"
#include "live/bus.hpp"
#include "store/store.hpp"

namespace logystera::live {

class Watcher {
 public:
  /// `store` and `bus` must outlive it. `log` is told when the store cannot be looked at, once until it can again.
  static Result<std::unique_ptr<Watcher>> start(store::Store& store, Bus& bus, std::function<void(std::string_view)> log);
  virtual ~Watcher() = default;
};

}  // namespace logystera::live
