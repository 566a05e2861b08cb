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

  /// `hits` are the findings of `text`, a record's line: a key that begins in it and does not end there is open from then on.
  void note(std::string_view text, std::span<const Hit> hits) noexcept;
  /// Whether the next line belongs to the open key. The END line does and closes it; a line that cannot be a key's closes it, too,
  /// and does not.
  bool take(std::string_view line) noexcept;

 private:
  std::uint32_t open_ = 0;
};

}  // namespace logystera::redact
