// How a change of accounts is noted in the audit: by whoever knows who makes it (a request, or a command on this machine), in the
// transaction of the change.
#pragma once

#include <functional>
#include <string_view>

#include "core/result.hpp"
#include "store/store.hpp"

namespace logystera::access {

/// `before` and `after` are JSON, or nothing; see web/audit.hpp.
using Note = std::function<Result<Done>(store::Stores& stores, std::string_view action, std::string_view object,
                                        std::string_view before, std::string_view after)>;

/// Notes nothing.
inline Note unnoted() {
  return [](store::Stores&, std::string_view, std::string_view, std::string_view, std::string_view) -> Result<Done> {
    return Done{};
  };
}

}  // namespace logystera::access
