// The keyed hash of group keys and counted values.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/hmac.hpp"

namespace logystera::detect {

/// SipHash-1-3 (Aumasson and Bernstein, 2012, with the rounds that hash tables use): a keyed hash that takes ten nanoseconds
/// for a short text. Nobody who lacks the secret can choose texts that collide.
class SipHash {
 public:
  explicit SipHash(std::string_view secret) noexcept {
    const Digest digest = sha256(secret);
    std::memcpy(&k0_, digest.data(), sizeof k0_);
    std::memcpy(&k1_, digest.data() + sizeof k0_, sizeof k1_);
  }
  ~SipHash() {
    wipe(&k0_, sizeof k0_);
    wipe(&k1_, sizeof k1_);
  }

  std::uint64_t operator()(std::string_view text) const noexcept {
    State state = begin();
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + at, sizeof word);
      state.absorb(word);
    }
    std::uint64_t last = static_cast<std::uint64_t>(text.size()) << 56;
    for (unsigned shift = 0; at < text.size(); ++at, shift += 8)
      last |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[at])) << shift;
    return state.finish(last);
  }
  /// Of a number, as of a text of four bytes.
  std::uint64_t number(std::uint32_t number) const noexcept {
    State state = begin();
    return state.finish(std::uint64_t{sizeof number} << 56 | number);
  }

 private:
  struct State {
    std::uint64_t v0, v1, v2, v3;

    void round() noexcept {
      v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
      v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
    }
    void absorb(std::uint64_t word) noexcept {
      v3 ^= word;
      round();
      v0 ^= word;
    }
    std::uint64_t finish(std::uint64_t last) noexcept {
      absorb(last);
      v2 ^= 0xff;
      for (int i = 0; i < 3; ++i) round();
      return v0 ^ v1 ^ v2 ^ v3;
    }
  };
  State begin() const noexcept {
    return {k0_ ^ 0x736f6d6570736575, k1_ ^ 0x646f72616e646f6d, k0_ ^ 0x6c7967656e657261, k1_ ^ 0x7465646279746573};
  }

  std::uint64_t k0_, k1_;
};

}  // namespace logystera::detect
