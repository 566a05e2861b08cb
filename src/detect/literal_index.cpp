#include "detect/literal_index.hpp"

#include <algorithm>

namespace logystera::detect {
namespace {

std::uint32_t key_at(const char* at, unsigned bytes) noexcept {
  std::uint32_t key = 0;
  std::memcpy(&key, at, bytes);  // little endian or not, as long as scan() reads the same
  if (bytes == 2) {
    std::uint16_t two;
    std::memcpy(&two, at, 2);
    return two;
  }
  return bytes == 1 ? static_cast<unsigned char>(*at) : key;
}

}  // namespace

void LiteralIndex::add(std::string_view literal, Anchor anchor, std::uint32_t id) {
  entries_.push_back(
      {static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(literal.size()), 0, id, anchor});
  texts_ += literal;
}

void LiteralIndex::fill(Table& table, unsigned piece_bytes) {
  std::vector<Entry>& chosen = table.entries;
  for (const Entry& entry : entries_) {
    const unsigned wanted = entry.size >= 4 ? 4 : entry.size >= 2 ? 2 : 1;
    if (wanted == piece_bytes) chosen.push_back(entry);
  }
  if (chosen.empty()) return;
  // How many literals hold a piece stands in for how common it is in logs: ".exe" and "http" are in hundreds.
  std::unordered_map<std::uint32_t, std::uint32_t> common;
  for (const Entry& entry : chosen)
    for (std::uint32_t i = 0; i + piece_bytes <= entry.size; ++i)
      ++common[key_at(texts_.data() + entry.offset + i, piece_bytes)];
  const auto key_of = [&](const Entry& entry) { return key_at(texts_.data() + entry.offset + entry.piece, piece_bytes); };
  for (Entry& entry : chosen) {
    std::uint32_t best = ~0u;
    for (std::uint32_t i = 0; i + piece_bytes <= entry.size; ++i) {
      const std::uint32_t count = common[key_at(texts_.data() + entry.offset + i, piece_bytes)];
      if (count < best) {
        best = count;
        entry.piece = i;
      }
    }
  }
  std::sort(chosen.begin(), chosen.end(), [&](const Entry& a, const Entry& b) { return key_of(a) < key_of(b); });
  table.slots.resize(std::bit_ceil(chosen.size() * 2));
  table.mask = static_cast<std::uint32_t>(table.slots.size() - 1);
  for (std::uint32_t first = 0; first < chosen.size();) {
    const std::uint32_t key = key_of(chosen[first]);
    std::uint32_t end = first;
    while (end < chosen.size() && key_of(chosen[end]) == key) ++end;
    std::uint32_t i = (key * kMultiplier) >> 7 & table.mask;
    while (table.slots[i].count != 0) i = (i + 1) & table.mask;
    table.slots[i] = {key, first, end - first};
    if (piece_bytes == 2) {
      two_bitmap_.resize((std::size_t{1} << 16) / 64);
      two_bitmap_[key >> 6] |= std::uint64_t{1} << (key & 63);
    } else if (piece_bytes == 1) {
      one_bitmap_[key >> 6] |= std::uint64_t{1} << (key & 63);
    } else {
      const std::uint32_t slot = (key * kMultiplier) >> bitmap_shift_;
      bitmap_[slot >> 6] |= std::uint64_t{1} << (slot & 63);
    }
    first = end;
  }
}

void LiteralIndex::build() {
  const unsigned wanted = static_cast<unsigned>(std::bit_width(entries_.size() * 16));
  const unsigned bits = std::clamp(wanted, kBitmapBitsMin, kBitmapBitsMax);
  bitmap_shift_ = 32 - bits;
  bitmap_.assign((std::size_t{1} << bits) / 64, 0);
  fill(four_, 4);
  fill(two_, 2);
  fill(one_, 1);
}

}  // namespace logystera::detect
