// What an administrator has chosen in the pages, by name. What the configuration file says is not in here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::store {

class SettingStore {
 public:
  virtual ~SettingStore() = default;

  /// A JSON value, as it was put.
  virtual Result<std::optional<std::string>> find(std::string_view name) = 0;
  virtual Result<Done> put(std::string_view name, std::string_view value) = 0;
  virtual Result<Done> remove(std::string_view name) = 0;
};

}  // namespace logystera::store
