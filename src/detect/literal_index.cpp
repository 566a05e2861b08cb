#include "detect/literal_index.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>

namespace logystera::detect {
namespace {

std::uint32_t key_at(const char* at, unsigned bytes) noexcept {
  std::uint32_t key = 0;
  std::memcpy(&key, at, bytes);  // little endian or not, as long as scan() reads the same
  if (bytes == 3) return std::endian::native == std::endian::little ? key : key >> 8;
  if (bytes == 2) {
    std::uint16_t two;
    std::memcpy(&two, at, 2);
    return two;
  }
  return bytes == 1 ? static_cast<unsigned char>(*at) : key;
}

// Counts pieces. Those that share a place are counted together: it is about what is common, not about how many exactly.
class Counter {
 public:
  explicit Counter(std::size_t pieces)
      : shift_(32 - std::clamp(static_cast<unsigned>(std::bit_width(pieces * 2)), kLeastBits, kMostBits)),
        counts_(std::size_t{1} << (32 - shift_)) {}
  std::uint32_t& operator[](std::uint32_t piece) noexcept { return counts_[(piece * 0x9E3779B1u) >> shift_]; }

 private:
  static constexpr unsigned kLeastBits = 6, kMostBits = 18;
  unsigned shift_;
  std::vector<std::uint32_t> counts_;
};

// How common a byte is in logs, roughly and relative to the others.
double byte_frequency(char c) noexcept {
  if (std::string_view("eatoinrsl").find(c) != std::string_view::npos) return 8;
  if (c >= 'a' && c <= 'z') return 3;
  if ((c >= '0' && c <= '9') || std::string_view("/. -").find(c) != std::string_view::npos) return 5;
  return std::string_view(":;,_()%=\"").find(c) != std::string_view::npos ? 1 : 0.3;
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
  Counter common(texts_.size());
  for (const Entry& entry : chosen)
    for (std::uint32_t i = 0; i + piece_bytes <= entry.size; ++i)
      ++common[key_at(texts_.data() + entry.offset + i, piece_bytes)];
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
  file(table, piece_bytes);
}

// The two neighbouring pieces that logs, and the other literals, have least.
void LiteralIndex::fill_by_three() {
  Counter common(texts_.size());
  const auto piece = [&](const Entry& entry, std::uint32_t at) { return key_at(texts_.data() + entry.offset + at, 3); };
  for (const Entry& entry : entries_)
    for (std::uint32_t i = 0; entry.size >= 4 && i + 3 <= entry.size; ++i) ++common[piece(entry, i)];
  const auto frequency = [&](const Entry& entry, std::uint32_t at) {
    double product = common[piece(entry, at)];
    for (std::uint32_t i = 0; i < 3; ++i) product *= byte_frequency(texts_[entry.offset + at + i]);
    return product;
  };
  for (Entry entry : entries_) {
    if (entry.size < 4) continue;
    double least = 0;
    for (std::uint32_t i = 0; i + 4 <= entry.size; ++i) {
      const double both = frequency(entry, i) + frequency(entry, i + 1);
      if (i > 0 && both >= least) continue;
      least = both;
      entry.piece = i;
    }
    three_.entries.push_back(entry);
    ++entry.piece;
    three_.entries.push_back(entry);
  }
  if (!three_.empty()) file(three_, 3);
}

// Neighbours in order share a bucket, and so do all that begin with the same byte.
void LiteralIndex::fill_pairs() {
  std::copy_if(entries_.begin(), entries_.end(), std::back_inserter(few_),
               [](const Entry& entry) { return entry.size < 4; });
  std::stable_sort(few_.begin(), few_.end(), [&](const Entry& a, const Entry& b) { return first_of(a) < first_of(b); });
  few_from_.assign(257, 0);
  for (const Entry& entry : few_) ++few_from_[first_of(entry) + 1u];
  std::partial_sum(few_from_.begin(), few_from_.end(), few_from_.begin());
  std::size_t firsts = 0;
  for (std::size_t i = 0; i < few_.size(); ++i) firsts += i == 0 || first_of(few_[i]) != first_of(few_[i - 1]);
  std::size_t met = 0;
  for (std::uint32_t i = 0; i < few_.size(); ++i) {
    const unsigned char first = first_of(few_[i]);
    met += i == 0 || first != first_of(few_[i - 1]);
    const std::size_t bucket = (met - 1) * BytePairs::kBuckets / firsts;
    if (few_[i].size == 1) pairs_.add(bucket, first);
    else pairs_.add(bucket, first, static_cast<unsigned char>(texts_[few_[i].offset + 1]));
  }
}

// Sorts a table's entries by their pieces and makes its slots and the bitmap's bits.
void LiteralIndex::file(Table& table, unsigned piece_bytes) {
  std::vector<Entry>& chosen = table.entries;
  const auto key_of = [&](const Entry& entry) { return key_at(texts_.data() + entry.offset + entry.piece, piece_bytes); };
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
      const std::uint32_t slot = slot_of(key, bitmap_mask_);
      bitmap_[slot >> 6] |= std::uint64_t{1} << (slot & 63);
    }
    first = end;
  }
}

void LiteralIndex::build() {
  const auto longer = std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.size >= 4; });
  const bool by_three = longer > 0 && static_cast<std::size_t>(longer) <= kByThreeMost;
  const auto wanted = static_cast<unsigned>(std::bit_width(entries_.size() * (by_three ? 128 : 16)));
  const unsigned bits = std::clamp(wanted, kBitmapBitsMin, kBitmapBitsMax);
  bitmap_mask_ = (std::uint32_t{1} << bits) - 1;
  bitmap_.assign((std::size_t{1} << bits) / 64, 0);
  if (by_three) fill_by_three();
  else fill(four_, 4);
  const auto shorter = entries_.size() - static_cast<std::size_t>(longer);
  if (shorter > 0 && shorter <= kPairsMost) {
    fill_pairs();
  } else {
    fill(two_, 2);
    fill(one_, 1);
  }
}

}  // namespace logystera::detect
