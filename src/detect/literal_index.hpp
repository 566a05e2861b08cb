// Finds which of thousands of literals occur in a short text: the first, coarse step of matching a record.
//
// Every literal is filed under one of its own four-byte pieces, the one fewest other literals share. A scan looks at each
// four bytes of the text, asks a bitmap that fits the first-level cache whether any literal is filed under them, and only then
// compares. The work is about a nanosecond a byte and hardly grows with the number of literals; building takes milliseconds.
// Literals of two or three bytes are filed under two, single bytes under one, in tables that are skipped when empty.
//
// Why not Vectorscan here: fields are short (60-200 bytes), and its call alone costs as much as this scan, while compiling
// the literals of the public Sigma set takes most of a second at every start (./dev bench detect compares both).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace logystera::detect {

class LiteralIndex {
 public:
  enum class Anchor : std::uint8_t { anywhere, start, end, whole };

  /// Files `literal` (folded, not empty) under `id`; the same pair may be added twice. Only before build().
  void add(std::string_view literal, Anchor anchor, std::uint32_t id);
  void build();
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }

  /// Calls `hit(id)` for each occurrence in the folded `text`; the same id may be reported more than once.
  template <typename Hit>
  void scan(std::string_view text, Hit&& hit) const {
    const char* const begin = text.data();
    const std::size_t size = text.size();
    if (!four_.empty() && size >= 4) {
      for (std::size_t at = 0; at + 4 <= size; ++at) {
        std::uint32_t key;
        std::memcpy(&key, begin + at, 4);
        const std::uint32_t slot = (key * kMultiplier) >> bitmap_shift_;
        if ((bitmap_[slot >> 6] >> (slot & 63) & 1) == 0) continue;
        report(four_, key, text, at, hit);
      }
    }
    if (!two_.empty() && size >= 2) {
      for (std::size_t at = 0; at + 2 <= size; ++at) {
        std::uint16_t key;
        std::memcpy(&key, begin + at, 2);
        if ((two_bitmap_[key >> 6] >> (key & 63) & 1) == 0) continue;
        report(two_, key, text, at, hit);
      }
    }
    if (!one_.empty())
      for (std::size_t at = 0; at < size; ++at) {
        const auto key = static_cast<unsigned char>(begin[at]);
        if (one_bitmap_[key >> 6] >> (key & 63) & 1) report(one_, key, text, at, hit);
      }
  }

 private:
  // The bitmap has 16 bits or more for each literal, between 64 bytes and 8 KiB.
  static constexpr unsigned kBitmapBitsMin = 9, kBitmapBitsMax = 16;
  static constexpr std::uint32_t kMultiplier = 0x9E3779B1u;  // 2^32 / golden ratio: spreads neighbouring keys

  struct Entry {
    std::uint32_t offset;  // of the literal in texts_
    std::uint32_t size;
    std::uint32_t piece;  // where in the literal its filing piece stands
    std::uint32_t id;
    Anchor anchor;
  };
  // Open addressing, a power of two of slots; entries of one key lie together.
  struct Table {
    struct Slot {
      std::uint32_t key = 0;
      std::uint32_t first = 0;
      std::uint32_t count = 0;  // 0: free
    };
    std::vector<Slot> slots;
    std::uint32_t mask = 0;
    std::vector<Entry> entries;

    bool empty() const noexcept { return entries.empty(); }
  };

  template <typename Hit>
  void report(const Table& table, std::uint32_t key, std::string_view text, std::size_t at, Hit& hit) const {
    for (std::uint32_t i = (key * kMultiplier) >> 7 & table.mask;; i = (i + 1) & table.mask) {
      const Table::Slot& slot = table.slots[i];
      if (slot.count == 0) return;
      if (slot.key != key) continue;
      for (std::uint32_t e = slot.first; e < slot.first + slot.count; ++e) {
        const Entry& entry = table.entries[e];
        if (at < entry.piece) continue;
        const std::size_t start = at - entry.piece;
        if (start + entry.size > text.size()) continue;
        if (entry.anchor != Anchor::anywhere) {
          if (entry.anchor != Anchor::end && start != 0) continue;
          if (entry.anchor != Anchor::start && start + entry.size != text.size()) continue;
        }
        if (std::memcmp(text.data() + start, texts_.data() + entry.offset, entry.size) == 0) hit(entry.id);
      }
      return;
    }
  }

  void fill(Table& table, unsigned piece_bytes);

  std::string texts_;
  std::vector<Entry> entries_;
  Table four_, two_, one_;
  std::vector<std::uint64_t> bitmap_;
  std::vector<std::uint64_t> two_bitmap_;  // one bit for each two bytes; empty with two_
  std::uint64_t one_bitmap_[4] = {};
  unsigned bitmap_shift_ = 32 - kBitmapBitsMin;
};

}  // namespace logystera::detect
