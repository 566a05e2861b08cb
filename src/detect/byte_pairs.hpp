// Where in a text one of a few pairs of bytes stands: 64 bytes at a time, for literals too short to be filed by their pieces.
//
// A bucket accepts every byte some of its pairs begin with and every byte some of them end with, told by two nibble tables
// each (Hyperscan's Teddy works that way), so what is found is a superset; whoever asks compares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace logystera::detect {

class BytePairs {
 public:
  static constexpr std::size_t kBuckets = 8;
  static constexpr std::size_t kBlockBytes = 64;

  /// Pairs of one bucket should be alike. Without a second byte any will do, the end of the text too.
  void add(std::size_t bucket, unsigned char first) noexcept;
  void add(std::size_t bucket, unsigned char first, unsigned char second) noexcept;

  /// Bit i of `blocks[n]` says that a pair may begin at byte n * kBlockBytes + i. `blocks` has room for all of `text`.
  void find(std::string_view text, std::uint64_t* blocks) const noexcept;

 private:
  struct Nibbles {
    alignas(16) std::uint8_t low[16] = {};
    alignas(16) std::uint8_t high[16] = {};
  };
  static void enter(Nibbles& nibbles, unsigned char byte, std::uint8_t bit) noexcept;

  Nibbles first_, second_;
};

}  // namespace logystera::detect
