// Text that is collected now and printed later, however much it becomes: in memory at first, then in a temporary file that
// has no name.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::cli {

class Spool {
 public:
  static constexpr std::size_t kMemoryBytes = 4 * 1024 * 1024;

  /// Errors: the temporary file cannot be made or written. They stay: later calls say the same.
  Result<Done> append(std::string_view text);
  /// Copies everything to `out`.
  Result<Done> print(std::FILE* out);

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::string memory_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace logystera::cli
