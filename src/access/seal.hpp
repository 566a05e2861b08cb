// How secrets that must be read again are kept: sealed under the key of the store, by whoever has it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::access {

/// `bound_to` must be given again to unseal: what was sealed for one user does not open for another.
struct Seal {
  std::function<Result<std::string>(std::string_view secret, std::string_view bound_to)> seal;
  std::function<Result<std::string>(std::string_view sealed, std::string_view bound_to)> unseal;
};

}  // namespace logystera::access
