// Which alerts go where: an ordered list, each entry JSON of whoever reads it (notify/route.hpp). It is read and replaced whole.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

class RouteStore {
 public:
  virtual ~RouteStore() = default;

  static constexpr std::size_t kRoutesMost = 100;
  static constexpr std::size_t kRouteBytes = 16 * 1024;

  /// In their order.
  virtual Result<std::vector<std::string>> list() = 0;
  /// Error too_large: more, or longer, than the constants say; nothing is changed then.
  virtual Result<Done> replace(const std::vector<std::string>& routes) = 0;
};

}  // namespace logystera::store
