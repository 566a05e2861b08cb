#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "detect/literal_sieve.cpp"
#include "simd/vectors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>

#include "detect/literal_sieve.hpp"

HWY_BEFORE_NAMESPACE();
namespace logystera::detect {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::CappedTag<std::uint8_t, LiteralSieve::kBlockBytes>;
using Vector = hn::Vec<Bytes>;

// `at` has a block and three bytes more.
HWY_INLINE std::uint64_t sieve_block(const std::uint8_t* at, const LiteralSieve::Tables& tables, Vector& seen) {
  const Bytes d;
  const std::size_t lanes = hn::Lanes(d);
  const Vector nibble = hn::Set(d, 15);
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < LiteralSieve::kBlockBytes; i += lanes) {
    Vector one = hn::Set(d, 255), two = one;
    for (std::size_t k = 0; k < LiteralSieve::kPieceBytes; ++k) {
      const Vector bytes = hn::LoadU(d, at + i + k);
      if (k == 0) seen = hn::Or(seen, bytes);
      const Vector low = hn::And(bytes, nibble), high = hn::ShiftRight<4>(bytes);
      const auto accepts = [&](std::size_t group) {
        return hn::And(hn::TableLookupBytes(hn::LoadDup128(d, tables.low[group][k]), low),
                       hn::TableLookupBytes(hn::LoadDup128(d, tables.high[group][k]), high));
      };
      one = hn::And(one, accepts(0));
      two = hn::And(two, accepts(1));
    }
    hn::StoreMaskBits(d, hn::Ne(hn::Or(one, two), hn::Zero(d)), reinterpret_cast<std::uint8_t*>(&mask) + i / 8);
  }
  return mask;
}

std::size_t sieve(const char* text, std::size_t size, const LiteralSieve::Tables& tables, std::size_t most,
                  std::uint64_t* blocks, bool& beyond_ascii) {
  const Bytes d;
  Vector seen = hn::Zero(d);
  constexpr std::size_t kBlock = LiteralSieve::kBlockBytes, kReach = kBlock + LiteralSieve::kPieceBytes - 1;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text);
  std::size_t n = 0, at = 0;
  for (; n < most && at + kReach <= size; ++n, at += kBlock) blocks[n] = sieve_block(bytes + at, tables, seen);
  // The rest is less than a block and what a piece reaches beyond it.
  for (; n < most && at < size; ++n, at += kBlock) {
    std::uint8_t padded[2 * kReach] = {};
    if (size >= kReach) {
      std::memcpy(padded, bytes + size - kReach, kReach);
      blocks[n] = sieve_block(padded + (at + kReach - size), tables, seen);
    } else {
      std::memcpy(padded, bytes, size);
      blocks[n] = sieve_block(padded + at, tables, seen);
    }
  }
  beyond_ascii = beyond_ascii || !hn::AllFalse(d, hn::Ne(hn::And(seen, hn::Set(d, 0x80)), hn::Zero(d)));
  return n;
}

}  // namespace HWY_NAMESPACE
}  // namespace logystera::detect
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace logystera::detect {

HWY_EXPORT(sieve);

namespace {

constexpr double kLetThroughMost = 0.12;  // share of a log's bytes; above, LiteralIndex does less work

// How often each byte stands in a log, roughly, as a share.
std::array<double, 256> make_frequencies() {
  struct Class {
    std::string_view bytes;
    double weight;  // of each of them
  };
  constexpr Class kClasses[] = {{" 0", 70},           {"/.1e", 45},           {"2otail5\"", 25}, {"scp3-:rm78n64", 16},
                                {"hgwMT9b", 11},      {"dykfuxzv;()[]_+", 5}, {"jq=%&?,", 2},    {"HGPEWSKLAC", 5},
                                {"BDFIJNOQRUVXYZ", 2}};
  std::array<double, 256> shares;
  shares.fill(0.3);
  for (const Class& same : kClasses)
    for (char c : same.bytes) shares[static_cast<unsigned char>(c)] = same.weight;
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares;
}

// What a bucket accepts: for each byte of a piece a set of low and of high nibbles.
struct Bucket {
  std::uint16_t low[LiteralSieve::kPieceBytes] = {}, high[LiteralSieve::kPieceBytes] = {};
  double share[LiteralSieve::kPieceBytes] = {};  // of a log's bytes that are accepted there
  double cost = 0;                               // share of a log's places that get through
  bool empty = true;

  // With a piece more; bytes it does not have may be any.
  Bucket with(std::string_view piece, const std::array<double, 256>& shares) const {
    Bucket out = *this;
    out.empty = false;
    out.cost = 1;
    for (std::size_t k = 0; k < LiteralSieve::kPieceBytes; ++k) {
      if (k < piece.size()) {
        out.accept(k, static_cast<unsigned char>(piece[k]), shares);
        if (piece[k] >= 'a' && piece[k] <= 'z') out.accept(k, static_cast<unsigned char>(piece[k] - 32), shares);
      } else {
        out.low[k] = out.high[k] = 0xFFFF;
        out.share[k] = 1;
      }
      out.cost *= out.share[k];
    }
    return out;
  }

 private:
  void accept(std::size_t k, unsigned char byte, const std::array<double, 256>& shares) {
    const unsigned l = byte & 15, h = byte >> 4;
    if ((low[k] >> l & 1) == 0)
      for (unsigned highs = high[k]; highs != 0; highs &= highs - 1)
        share[k] += shares[static_cast<unsigned>(std::countr_zero(highs)) * 16 + l];
    low[k] = static_cast<std::uint16_t>(low[k] | 1u << l);
    if ((high[k] >> h & 1) == 0)
      for (unsigned lows = low[k]; lows != 0; lows &= lows - 1)
        share[k] += shares[h * 16 + static_cast<unsigned>(std::countr_zero(lows))];
    high[k] = static_cast<std::uint16_t>(high[k] | 1u << h);
  }
};

}  // namespace

bool LiteralSieve::build(const std::vector<std::string_view>& literals) {
  if (literals.size() > kLiteralsMost) return false;
  static const std::array<double, 256> shares = make_frequencies();
  std::array<Bucket, kGroups * kBucketsOfGroup> buckets;

  for (std::uint32_t id = 0; id < literals.size(); ++id) {
    entries_.push_back({static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(literals[id].size()), 0, id});
    texts_ += literals[id];
  }
  const auto text_of = [&](const Entry& entry) { return std::string_view(texts_).substr(entry.offset, entry.size); };
  const auto commonness = [&](const Entry& entry) {
    double least = 1;
    for (std::uint32_t at = 0; at == 0 || at + kPieceBytes <= entry.size; ++at)
      least = std::min(least, Bucket().with(text_of(entry).substr(at, kPieceBytes), shares).cost);
    return least;
  };
  // The hardest first: whose rarest piece is common. Each goes, with one of its pieces, where it lets least more through.
  std::vector<double> common;
  for (const Entry& entry : entries_) common.push_back(commonness(entry));
  std::stable_sort(entries_.begin(), entries_.end(),
                   [&](const Entry& a, const Entry& b) { return common[a.id] > common[b.id]; });
  for (Entry& entry : entries_) {
    double least = 0;
    std::size_t chosen = buckets.size();
    Bucket grown;
    for (std::uint32_t at = 0; at == 0 || at + kPieceBytes <= entry.size; ++at)
      for (std::size_t b = 0; b < buckets.size() && (b == 0 || !buckets[b - 1].empty); ++b) {
        const Bucket with = buckets[b].with(text_of(entry).substr(at, kPieceBytes), shares);
        const double more = with.cost - buckets[b].cost;
        if (chosen < buckets.size() && more >= least) continue;
        least = more;
        chosen = b;
        grown = with;
        entry.piece = at;
      }
    buckets[chosen] = grown;
  }
  double through = 0;
  for (const Bucket& bucket : buckets) through += bucket.cost;
  if (through > kLetThroughMost) return false;

  for (std::size_t b = 0; b < buckets.size(); ++b) {
    const auto bit = static_cast<std::uint8_t>(1u << b % kBucketsOfGroup);
    for (std::size_t k = 0; k < kPieceBytes; ++k)
      for (unsigned nibble = 0; nibble < 16; ++nibble) {
        std::uint8_t& low = tables_.low[b / kBucketsOfGroup][k][nibble];
        std::uint8_t& high = tables_.high[b / kBucketsOfGroup][k][nibble];
        if (buckets[b].low[k] >> nibble & 1) low = static_cast<std::uint8_t>(low | bit);
        if (buckets[b].high[k] >> nibble & 1) high = static_cast<std::uint8_t>(high | bit);
      }
  }

  const auto longer =
      std::stable_partition(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.size >= kPieceBytes; });
  short_.assign(longer, entries_.end());
  entries_.erase(longer, entries_.end());
  const auto first_of = [&](const Entry& entry) { return loosely_folded(texts_[entry.offset]); };
  std::stable_sort(short_.begin(), short_.end(), [&](const Entry& a, const Entry& b) { return first_of(a) < first_of(b); });
  for (const Entry& entry : short_) ++short_from_[first_of(entry) + 1u];
  std::partial_sum(std::begin(short_from_), std::end(short_from_), std::begin(short_from_));

  const auto key_of = [&](const Entry& entry) {
    std::uint32_t key;
    std::memcpy(&key, texts_.data() + entry.offset + entry.piece, sizeof key);
    return loosely_folded(key);
  };
  std::stable_sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) { return key_of(a) < key_of(b); });
  slots_.resize(std::bit_ceil(entries_.size() * 2 + 1));
  mask_ = static_cast<std::uint32_t>(slots_.size() - 1);
  for (std::uint32_t first = 0; first < entries_.size();) {
    const std::uint32_t key = key_of(entries_[first]);
    std::uint32_t end = first;
    while (end < entries_.size() && key_of(entries_[end]) == key) ++end;
    std::uint32_t i = (key * kMultiplier) >> 7 & mask_;
    while (slots_[i].count != 0) i = (i + 1) & mask_;
    slots_[i] = {key, first, end - first};
    const std::uint32_t bit = bit_of(key);
    bitmap_[bit >> 6] |= std::uint64_t{1} << (bit & 63);
    first = end;
  }
  return true;
}

std::size_t LiteralSieve::find(std::string_view text, std::size_t from, std::size_t most, std::uint64_t* blocks,
                               bool& beyond_ascii) const noexcept {
  return HWY_DYNAMIC_DISPATCH(sieve)(text.data() + from, text.size() - from, tables_, most, blocks, beyond_ascii);
}

}  // namespace logystera::detect
#endif
