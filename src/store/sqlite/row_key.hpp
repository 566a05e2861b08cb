// What makes a row the same as another: the hash of everything that identifies it.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/hmac.hpp"

namespace logystera::store::sqlite {

inline constexpr std::size_t kKeyBytes = 16;  // of the hash, as they are stored

/// Lengths keep neighbours apart.
class RowKey {
 public:
  RowKey& text(std::string_view part) {
    number(static_cast<std::int64_t>(part.size()));
    hash_.update(part);
    return *this;
  }
  RowKey& number(std::int64_t value) {
    hash_.update({reinterpret_cast<const char*>(&value), sizeof value});
    return *this;
  }
  Digest finish() { return hash_.finish(); }

 private:
  Sha256 hash_;
};

}  // namespace logystera::store::sqlite
