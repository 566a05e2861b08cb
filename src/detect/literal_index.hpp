// Finds which of thousands of literals occur in a short text: the first, coarse step of matching a record.
//
// Every literal is filed under one of its own four-byte pieces, the one fewest other literals share. A scan looks at each
// four bytes of the text, asks a bitmap that fits the first-level cache whether any literal is filed under them, and only then
// compares. The work is about a nanosecond a byte and hardly grows with the number of literals; building takes milliseconds.
// Literals of two or three bytes are filed under two, single bytes under one, in tables that are skipped when empty.
//
// A few hundred literals are rare enough by three bytes. Then each is filed under two pieces that begin at neighbouring bytes,
// of which one stands at an even place of the text wherever the literal does: a scan looks at every second byte only. And a
// few dozen short literals are found with BytePairs, 64 bytes at a time.
//
// Why not Vectorscan here: fields are short (60-200 bytes), and its call alone costs as much as this scan, while compiling
// the literals of the public Sigma set takes most of a second at every start (./dev bench detect compares both).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/bounded_text.hpp"
#include "detect/byte_pairs.hpp"

namespace logystera::detect {

class LiteralIndex {
 public:
  enum class Anchor : std::uint8_t { anywhere, start, end, whole };

  /// Files `literal` (folded, not empty) under `id`; the same pair may be added twice. Only before build().
  void add(std::string_view literal, Anchor anchor, std::uint32_t id);
  void build();
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }

  /// Calls `hit(id, place)` for each occurrence in the folded `text`; the same id may be reported more than once.
  template <typename Hit>
  void scan(std::string_view text, Hit&& hit) const {
    const char* const begin = text.data();
    const std::size_t size = text.size();
    if (!three_.empty() && size >= 4) {
      const std::uint64_t* const bitmap = bitmap_.data();
      const auto possible = [bitmap, mask = bitmap_mask_](std::uint32_t key) {
        const std::uint32_t slot = slot_of(key, mask);
        return (bitmap[slot >> 6] >> (slot & 63) & 1) != 0;
      };
      std::size_t at = 0;
      for (; at + 10 <= size; at += 8) {
        const std::uint32_t a = three_at(begin + at), b = three_at(begin + at + 2), c = three_at(begin + at + 4),
                            d = three_at(begin + at + 6);
        if (possible(a)) report(three_, a, text, at, hit);
        if (possible(b)) report(three_, b, text, at + 2, hit);
        if (possible(c)) report(three_, c, text, at + 4, hit);
        if (possible(d)) report(three_, d, text, at + 6, hit);
      }
      for (; at + 4 <= size; at += 2) {
        const std::uint32_t key = three_at(begin + at);
        if (possible(key)) report(three_, key, text, at, hit);
      }
      if (at + 3 == size) {
        char last[4] = {begin[at], begin[at + 1], begin[at + 2]};
        report(three_, three_at(last), text, at, hit);
      }
    }
    if (!four_.empty() && size >= 4) {
      for (std::size_t at = 0; at + 4 <= size; ++at) {
        std::uint32_t key;
        std::memcpy(&key, begin + at, 4);
        const std::uint32_t slot = slot_of(key, bitmap_mask_);
        if ((bitmap_[slot >> 6] >> (slot & 63) & 1) == 0) continue;
        report(four_, key, text, at, hit);
      }
    }
    if (!few_.empty()) {
      constexpr std::size_t kBlocks = 16;
      LOGYSTERA_UNINITIALIZED std::uint64_t blocks[kBlocks];
      for (std::size_t from = 0; from < size; from += kBlocks * BytePairs::kBlockBytes) {
        // One byte more than is asked about, for a pair across the edge.
        const std::size_t part = std::min(size - from, kBlocks * BytePairs::kBlockBytes);
        pairs_.find(text.substr(from, part), blocks);
        if (from + part < size) blocks[kBlocks - 1] |= std::uint64_t{1} << 63;
        for (std::size_t n = 0; n * BytePairs::kBlockBytes < part; ++n)
          for (std::uint64_t bits = blocks[n]; bits != 0; bits &= bits - 1) {
            const std::size_t at = from + n * BytePairs::kBlockBytes + static_cast<std::size_t>(std::countr_zero(bits));
            const auto first = static_cast<unsigned char>(begin[at]);
            for (std::uint32_t e = few_from_[first]; e < few_from_[first + 1u]; ++e)
              if (stands(few_[e], text, at)) hit(few_[e].id, at);
          }
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
  // Up to this many literals of four bytes and more are filed by three.
  static constexpr std::size_t kByThreeMost = 1024;
  static constexpr std::size_t kPairsMost = 48;  // short literals found with BytePairs
  // The bitmap has 16 bits or more for each literal, 128 by three, between 64 bytes and 8 KiB.
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

  static std::uint32_t slot_of(std::uint32_t key, std::uint32_t mask) noexcept { return (key * kMultiplier) >> 16 & mask; }
  // Three bytes as a number, of four that can be read.
  static std::uint32_t three_at(const char* at) noexcept {
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    return std::endian::native == std::endian::little ? word & 0xFFFFFF : word >> 8;
  }

  unsigned char first_of(const Entry& entry) const noexcept { return static_cast<unsigned char>(texts_[entry.offset]); }
  // Whether the literal stands there, anchors included.
  bool stands(const Entry& entry, std::string_view text, std::size_t start) const noexcept {
    if (start + entry.size > text.size()) return false;
    if (entry.anchor != Anchor::anywhere) {
      if (entry.anchor != Anchor::end && start != 0) return false;
      if (entry.anchor != Anchor::start && start + entry.size != text.size()) return false;
    }
    // Usually it is something else, and then a few bytes tell.
    const char* const there = text.data() + start;
    const char* const wanted = texts_.data() + entry.offset;
    for (std::uint32_t i = 0; i < entry.size && i < 8; ++i)
      if (there[i] != wanted[i]) return false;
    return entry.size <= 8 || std::memcmp(there + 8, wanted + 8, entry.size - 8) == 0;
  }

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
        if (stands(entry, text, start)) hit(entry.id, start);
      }
      return;
    }
  }

  void fill(Table& table, unsigned piece_bytes);
  void fill_by_three();
  void fill_pairs();
  void file(Table& table, unsigned piece_bytes);

  std::string texts_;
  std::vector<Entry> entries_;
  Table four_, three_, two_, one_;       // four_ or three_
  std::vector<Entry> few_;               // instead of two_ and one_: by their first byte
  std::vector<std::uint32_t> few_from_;  // first byte → where its entries begin; they end where the next byte's begin
  BytePairs pairs_;
  std::vector<std::uint64_t> bitmap_;
  std::vector<std::uint64_t> two_bitmap_;  // one bit for each two bytes; empty with two_
  std::uint64_t one_bitmap_[4] = {};
  std::uint32_t bitmap_mask_ = 0;
};

}  // namespace logystera::detect
