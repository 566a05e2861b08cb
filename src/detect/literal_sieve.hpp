// Finds which of a few hundred literals occur in a line, whatever the case of its letters: 64 bytes at a time.
//
// Of every literal one piece of up to four bytes is chosen, and the pieces are dealt out to sixteen buckets so that a bucket's
// pieces are alike. A bucket accepts every byte one of its pieces has at that place, told by two nibble tables (Hyperscan's
// Teddy works that way), so what gets through is a superset, one byte in 25 of an access log with the built-in rules; a
// table of the pieces then says which literals to compare. Where the pieces are so many or so common that too much would get
// through, build() says no, and LiteralIndex is the better choice.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/bounded_text.hpp"

namespace logystera::detect {

class LiteralSieve {
 public:
  static constexpr std::size_t kPieceBytes = 4, kGroups = 2, kBucketsOfGroup = 8, kBlockBytes = 64;
  static constexpr std::size_t kLiteralsMost = 512;

  /// Nibble tables: a bit for each bucket of a group.
  struct Tables {
    alignas(64) std::uint8_t low[kGroups][kPieceBytes][16] = {};
    alignas(64) std::uint8_t high[kGroups][kPieceBytes][16] = {};
  };

  /// Takes folded literals, none of them empty; hits name them by their place in the list. False if the sieve would let too
  /// much through; then it must not be used.
  bool build(const std::vector<std::string_view>& literals);

  /// Calls `hit(id, place)` for each occurrence in `text`, folded or not; in no particular order of ids. Of letters beyond ASCII
  /// in another case it knows nothing; it returns whether there are any bytes beyond ASCII, which it sees in passing.
  template <typename Hit>
  bool scan(std::string_view text, Hit&& hit) const {
    constexpr std::size_t kBlocks = 16;
    bool beyond_ascii = false;
    LOGYSTERA_UNINITIALIZED std::uint64_t blocks[kBlocks];
    for (std::size_t from = 0; from < text.size(); from += kBlocks * kBlockBytes) {
      const std::size_t count = find(text, from, kBlocks, blocks, beyond_ascii);
      for (std::size_t n = 0; n < count; ++n)
        for (std::uint64_t bits = blocks[n]; bits != 0; bits &= bits - 1)
          look(text, from + n * kBlockBytes + static_cast<std::size_t>(__builtin_ctzll(bits)), hit);
    }
    return beyond_ascii;
  }

 private:
  struct Entry {
    std::uint32_t offset;  // of the literal in texts_
    std::uint32_t size;
    std::uint32_t piece;  // where in the literal its piece stands
    std::uint32_t id;
    // Its first eight bytes: `(text | letters) & mask == word` holds for them in any case, and for nothing else.
    std::uint64_t word = 0, letters = 0, mask = 0;
  };
  struct Slot {
    std::uint32_t key = 0;
    std::uint32_t first = 0, count = 0;  // entries; count 0: free
  };

  static constexpr std::uint32_t kMultiplier = 0x9E3779B1u;  // 2^32 / golden ratio: spreads neighbouring keys
  static constexpr unsigned kBitmapBits = 13;                // 1 KiB

  /// Bit i of `blocks[n]` says that a piece may begin at byte `from` + n * kBlockBytes + i. Fills `most` blocks at most. Sets
  /// `beyond_ascii` if a byte of them is.
  std::size_t find(std::string_view text, std::size_t from, std::size_t most, std::uint64_t* blocks,
                   bool& beyond_ascii) const noexcept;

  static char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
  // Lower case, and what else differs in that bit alone ('[' and '{') made alike; stands() tells them apart.
  static std::uint32_t loosely_folded(std::uint32_t word) noexcept { return word | 0x20202020; }
  static unsigned char loosely_folded(char c) noexcept { return static_cast<unsigned char>(c) | 0x20; }
  static std::uint32_t bit_of(std::uint32_t key) noexcept { return (key * kMultiplier) >> (32 - kBitmapBits); }

  bool stands(const Entry& entry, std::string_view text, std::size_t start) const noexcept {
    if (start + entry.size > text.size()) return false;
    const char* const there = text.data() + start;
    const char* const wanted = texts_.data() + entry.offset;
    std::uint32_t i = 0;
    if (start + sizeof entry.word <= text.size()) {
      std::uint64_t word;
      std::memcpy(&word, there, sizeof word);
      if (((word | entry.letters) & entry.mask) != entry.word) return false;
      i = sizeof word;
    }
    for (; i < entry.size; ++i)
      if (lower(there[i]) != wanted[i]) return false;
    return true;
  }

  template <typename Hit>
  void look(std::string_view text, std::size_t at, Hit& hit) const {
    if (at >= text.size()) return;
    if (at + kPieceBytes <= text.size()) {
      std::uint32_t key;
      std::memcpy(&key, text.data() + at, sizeof key);
      key = loosely_folded(key);
      const std::uint32_t bit = bit_of(key);
      if (bitmap_[bit >> 6] >> (bit & 63) & 1) {
        for (std::uint32_t i = (key * kMultiplier) >> 7 & mask_;; i = (i + 1) & mask_) {
          const Slot& slot = slots_[i];
          if (slot.count == 0) break;
          if (slot.key != key) continue;
          for (std::uint32_t e = slot.first; e < slot.first + slot.count; ++e)
            if (at >= entries_[e].piece && stands(entries_[e], text, at - entries_[e].piece))
              hit(entries_[e].id, at - entries_[e].piece);
          break;
        }
      }
    }
    const unsigned first = loosely_folded(text[at]);
    for (std::uint32_t e = short_from_[first]; e < short_from_[first + 1]; ++e)
      if (stands(short_[e], text, at)) hit(short_[e].id, at);
  }

  Tables tables_;
  std::string texts_;
  std::vector<Entry> entries_;  // of four bytes and more, those of one piece together
  std::vector<Slot> slots_;     // by piece, loosely folded; open addressing
  std::uint32_t mask_ = 0;
  std::uint64_t bitmap_[(std::size_t{1} << kBitmapBits) / 64] = {};
  std::vector<Entry> short_;            // shorter ones, by their first byte, loosely folded
  std::uint32_t short_from_[257] = {};  // first byte → where its literals begin; they end where the next byte's begin
};

}  // namespace logystera::detect
