// UUID version 4 (RFC 9562 §5.4) from the kernel's random source.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/bounded_text.hpp"

namespace logystera {

inline constexpr std::size_t kUuidChars = 36;

/// Draws random bytes in pages of 4 KiB, so that a UUID costs no system call of its own. One per thread; `discard()`
/// after a fork, or parent and child hand out the same ids.
class UuidSource {
 public:
  ~UuidSource();
  /// Appends 36 characters (lowercase, version 4, RFC variant). False if they do not fit or the kernel gives no randomness.
  bool write(BoundedWriter& out) noexcept;
  std::string next();
  void discard() noexcept { left_ = 0; }

 private:
  static constexpr std::size_t kPoolBytes = 4096;
  std::array<std::uint8_t, kPoolBytes> pool_;
  std::size_t left_ = 0;
};

/// Whether `text` is a lowercase or uppercase UUID of version 4 and RFC variant, in the 8-4-4-4-12 form.
bool is_uuid_v4(std::string_view text) noexcept;

}  // namespace logystera
