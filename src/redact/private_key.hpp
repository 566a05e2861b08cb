// A PEM private key whose lines come as records of their own: from the BEGIN line on they are secret, up to its END.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "redact/kind.hpp"

namespace logystera::redact {

class PrivateKeyLines {
 public:
  /// How many lines the key has been open for; 0: none is open.
  std::uint32_t open() const noexcept { return open_; }
  void set_open(std::uint32_t lines) noexcept { open_ = lines; }

  /// `hits` are the findings of `text`, the line a record has: a key that begins there and does not end is open from now on.
  void note(std::string_view text, std::span<const Hit> hits) noexcept;
  /// Whether the next line belongs to the open key. Its END line is the last that does; so is one before what cannot be a key.
  bool take(std::string_view line) noexcept;

 private:
  std::uint32_t open_ = 0;
};

}  // namespace logystera::redact
