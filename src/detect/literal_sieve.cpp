#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "detect/literal_sieve.cpp"
#include "simd/vectors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
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

using Frequencies = std::array<double, 256>;

// How often each byte stands in a log, roughly, as a share.
Frequencies make_frequencies() {
  struct Class {
    std::string_view bytes;
    double weight;  // of each of them
  };
  constexpr Class kClasses[] = {{" 0", 70},           {"/.1e", 45},           {"2otail5\"", 25}, {"scp3-:rm78n64", 16},
                                {"hgwMT9b", 11},      {"dykfuxzv;()[]_+", 5}, {"jq=%&?,", 2},    {"HGPEWSKLAC", 5},
                                {"BDFIJNOQRUVXYZ", 2}};
  Frequencies shares;
  shares.fill(0.3);
  for (const Class& same : kClasses)
    for (char c : same.bytes) shares[static_cast<unsigned char>(c)] = same.weight;
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares;
}

// Which places of an ordinary log have which nibble: bytes do not follow each other by chance, "ttps" least of all.
class Places {
 public:
  static constexpr std::size_t kWords = 32;
  static constexpr double kCount = 64 * kWords;
  using Set = std::array<std::uint64_t, kWords>;

  static const Places& get() {
    static const Places places;
    return places;
  }
  /// The places whose byte `k` further on has that nibble.
  const Set& low(std::size_t k, unsigned nibble) const noexcept { return low_[k][nibble]; }
  const Set& high(std::size_t k, unsigned nibble) const noexcept { return high_[k][nibble]; }

 private:
  Places() {
    constexpr std::string_view kLines =
        "203.0.113.7 - - [14/Oct/2025:09:31:42 +0200] \"GET /sites/default/files/2025-09/photo_1.jpg HTTP/1.1\" 200 48213 "
        "\"https://www.example.com/node/512\" \"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Chrome/139.0.0.0 Safari/537.36\"\n"
        "198.51.100.20 - - [14/Oct/2025:23:05:17 +0000] \"POST /index.php?page=2&sort=date HTTP/2.0\" 302 - \"-\" "
        "\"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 "
        "Mobile/15E148 Safari/604.1\"\n"
        "2001:db8:4::9 - maria [03/Jan/2026:06:48:50 +0100] \"GET /themes/custom/css/style.css?v=8.x HTTP/1.1\" 304 0 "
        "\"http://example.org/en/products/search?q=shoes\" \"Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 "
        "Firefox/142.0\"\n"
        "192.0.2.66 - - [21/Feb/2026:11:12:13 +0000] \"GET /robots.txt HTTP/1.1\" 404 564 \"-\" \"Mozilla/5.0 (compatible; "
        "Googlebot/2.1; +http://www.google.com/bot.html)\"\n"
        "192.0.2.8 - - [02/Aug/2025:17:20:39 +0000] \"GET /blog/archive/events/team.html HTTP/1.1\" 200 9157 "
        "\"https://example.com/contact/about\" \"Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0.0.0 Mobile\"\n"
        "192.0.2.9 - - [30/Dec/2025:04:02:58 +0000] \"HEAD /user/cart/images/logo.png HTTP/1.1\" 200 0 "
        "\"https://shop.example.net/article/news/98431\" \"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)\"\n"
        "Nov 28 07:45:01 web1 sshd[21873]: Accepted publickey for deploy from 10.0.0.12 port 50122 ssh2\n"
        "Mar  3 19:06:33 db2 systemd[1]: Started session-4127.scope - Session 4127 of user root.\n"
        "{\"time\":\"2026-05-11T08:59:26.318Z\",\"level\":\"info\",\"msg\":\"request completed\",\"status\":200,"
        "\"path\":\"/api/v1/items\",\"duration_ms\":37}\n"
        "2026/04/19 13:30:04 [error] 812#812: *9 open() \"/var/www/html/favicon.ico\" failed (2: No such file or "
        "directory), "
        "client: 198.51.100.3, server: example.com, request: \"GET / HTTP/1.1\", host: \"example.com\"\n"
        "198.51.100.41 - - [09/Jul/2026:20:11:55 +0200] \"GET /de/veranstaltungen/kalender/2026-07 HTTP/2.0\" 200 20931 "
        "\"https://www.example.de/de/aktuelles\" \"Mozilla/5.0 (Linux; Android 14; SM-A546B) AppleWebKit/537.36 (KHTML, "
        "like "
        "Gecko) Chrome/138.0.0.0 Mobile Safari/537.36\"\n";
    static_assert(kLines.size() >= static_cast<std::size_t>(kCount) + LiteralSieve::kPieceBytes);
    for (std::size_t place = 0; place < static_cast<std::size_t>(kCount); ++place)
      for (std::size_t k = 0; k < LiteralSieve::kPieceBytes; ++k) {
        const auto byte = static_cast<unsigned char>(kLines[place + k]);
        low_[k][byte & 15][place / 64] |= std::uint64_t{1} << place % 64;
        high_[k][byte >> 4][place / 64] |= std::uint64_t{1} << place % 64;
      }
  }

  Set low_[LiteralSieve::kPieceBytes][16] = {}, high_[LiteralSieve::kPieceBytes][16] = {};
};

// What a bucket accepts: for each byte of a piece a set of low and of high nibbles.
class Bucket {
 public:
  bool empty() const noexcept { return empty_; }
  /// The share of a log's places that get through: as counted in an ordinary log, and by chance.
  double cost() const noexcept { return places_ / Places::kCount + chance_; }
  bool accepts_low(std::size_t k, unsigned nibble) const noexcept { return nibbles_.low[k] >> nibble & 1; }
  bool accepts_high(std::size_t k, unsigned nibble) const noexcept { return nibbles_.high[k] >> nibble & 1; }

  /// What a piece more would cost, as a share of a log's places; `limit` or more if that is as much as it cares to know.
  double more_with(std::string_view piece, double limit, const Frequencies& shares) const {
    Nibbles with = nibbles_;
    const double chance = accept(with, piece, shares) - chance_;
    if (chance >= limit) return chance;
    Places::Set through;
    through.fill(~std::uint64_t{0});
    for (std::size_t k = 0; k < std::min(piece.size(), LiteralSieve::kPieceBytes); ++k)
      narrow(through, k, static_cast<unsigned char>(piece[k]));
    return chance + (count(through) - places_) / Places::kCount;
  }

  /// Bytes the piece does not have may be any.
  void add(std::string_view piece, const Frequencies& shares) {
    empty_ = false;
    chance_ = accept(nibbles_, piece, shares);
    Places::Set through;
    through.fill(~std::uint64_t{0});
    for (std::size_t k = 0; k < LiteralSieve::kPieceBytes; ++k) {
      if (k >= piece.size()) {
        low_places_[k].fill(~std::uint64_t{0});
        high_places_[k].fill(~std::uint64_t{0});
        continue;
      }
      const auto byte = static_cast<unsigned char>(piece[k]);
      const Places& places = Places::get();
      unite(low_places_[k], places.low(k, byte & 15));
      unite(high_places_[k], places.high(k, byte >> 4));
      if (is_lower(piece[k])) unite(high_places_[k], places.high(k, byte >> 4 & ~2u));
      narrow(through, k, byte);
    }
    places_ = count(through);
  }

 private:
  struct Nibbles {
    std::uint16_t low[LiteralSieve::kPieceBytes] = {}, high[LiteralSieve::kPieceBytes] = {};
    double share[LiteralSieve::kPieceBytes] = {};  // of a log's bytes that are accepted there
  };

  static bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
  static void unite(Places::Set& set, const Places::Set& other) noexcept {
    for (std::size_t w = 0; w < Places::kWords; ++w) set[w] |= other[w];
  }
  static int count(const Places::Set& set) noexcept {
    return std::accumulate(set.begin(), set.end(), 0,
                           [](int sum, std::uint64_t word) { return sum + std::popcount(word); });
  }

  // Takes from `through` the places whose byte `k` further on is not accepted, `byte` counted among those that are. An upper
  // case letter has the nibbles of the lower but for one bit of the high one.
  void narrow(Places::Set& through, std::size_t k, unsigned char byte) const noexcept {
    const Places& places = Places::get();
    const Places::Set& low = places.low(k, byte & 15);
    const Places::Set& high = places.high(k, byte >> 4);
    const Places::Set& upper = is_lower(static_cast<char>(byte)) ? places.high(k, byte >> 4 & ~2u) : high;
    for (std::size_t w = 0; w < Places::kWords; ++w)
      through[w] &= (low_places_[k][w] | low[w]) & (high_places_[k][w] | high[w] | upper[w]);
  }

  // The share of places that get through if bytes follow each other by chance.
  static double accept(Nibbles& into, std::string_view piece, const Frequencies& shares) {
    double chance = 1;
    for (std::size_t k = 0; k < LiteralSieve::kPieceBytes; ++k) {
      if (k < piece.size()) {
        accept(into, k, static_cast<unsigned char>(piece[k]), shares);
        if (is_lower(piece[k])) accept(into, k, static_cast<unsigned char>(piece[k] - 32), shares);
      } else {
        into.low[k] = into.high[k] = 0xFFFF;
        into.share[k] = 1;
      }
      chance *= into.share[k];
    }
    return chance;
  }
  static void accept(Nibbles& into, std::size_t k, unsigned char byte, const Frequencies& shares) {
    const unsigned l = byte & 15, h = byte >> 4;
    if ((into.low[k] >> l & 1) == 0)
      for (unsigned highs = into.high[k]; highs != 0; highs &= highs - 1)
        into.share[k] += shares[static_cast<unsigned>(std::countr_zero(highs)) * 16 + l];
    into.low[k] = static_cast<std::uint16_t>(into.low[k] | 1u << l);
    if ((into.high[k] >> h & 1) == 0)
      for (unsigned lows = into.low[k]; lows != 0; lows &= lows - 1)
        into.share[k] += shares[h * 16 + static_cast<unsigned>(std::countr_zero(lows))];
    into.high[k] = static_cast<std::uint16_t>(into.high[k] | 1u << h);
  }

  Nibbles nibbles_;
  Places::Set low_places_[LiteralSieve::kPieceBytes] = {}, high_places_[LiteralSieve::kPieceBytes] = {};
  double chance_ = 0;
  int places_ = 0;
  bool empty_ = true;
};

}  // namespace

bool LiteralSieve::build(const std::vector<std::string_view>& literals) {
  if (literals.size() > kLiteralsMost) return false;
  static const Frequencies shares = make_frequencies();
  std::array<Bucket, kGroups * kBucketsOfGroup> buckets;

  for (std::uint32_t id = 0; id < literals.size(); ++id) {
    Entry entry = {static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(literals[id].size()), 0, id};
    char word[sizeof entry.word] = {}, letters[sizeof word] = {}, mask[sizeof word] = {};
    for (std::size_t i = 0; i < std::min(literals[id].size(), sizeof word); ++i) {
      word[i] = literals[id][i];
      letters[i] = word[i] >= 'a' && word[i] <= 'z' ? 0x20 : 0;
      mask[i] = static_cast<char>(0xFF);
    }
    std::memcpy(&entry.word, word, sizeof word);
    std::memcpy(&entry.letters, letters, sizeof word);
    std::memcpy(&entry.mask, mask, sizeof word);
    entries_.push_back(entry);
    texts_ += literals[id];
  }
  const auto text_of = [&](const Entry& entry) { return std::string_view(texts_).substr(entry.offset, entry.size); };
  const auto commonness = [&](const Entry& entry) {
    double least = 1;
    for (std::uint32_t at = 0; at == 0 || at + kPieceBytes <= entry.size; ++at)
      least = std::min(least, Bucket().more_with(text_of(entry).substr(at, kPieceBytes), least, shares));
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
    for (std::uint32_t at = 0; at == 0 || at + kPieceBytes <= entry.size; ++at)
      for (std::size_t b = 0; b < buckets.size() && (b == 0 || !buckets[b - 1].empty()); ++b) {
        const double limit = chosen < buckets.size() ? least : std::numeric_limits<double>::max();
        const double more = buckets[b].more_with(text_of(entry).substr(at, kPieceBytes), limit, shares);
        if (chosen < buckets.size() && more >= least) continue;
        least = more;
        chosen = b;
        entry.piece = at;
      }
    buckets[chosen].add(text_of(entry).substr(entry.piece, kPieceBytes), shares);
  }
  double through = 0;
  for (const Bucket& bucket : buckets) through += bucket.cost();
  if (through > kLetThroughMost) return false;

  for (std::size_t b = 0; b < buckets.size(); ++b) {
    const auto bit = static_cast<std::uint8_t>(1u << b % kBucketsOfGroup);
    for (std::size_t k = 0; k < kPieceBytes; ++k)
      for (unsigned nibble = 0; nibble < 16; ++nibble) {
        std::uint8_t& low = tables_.low[b / kBucketsOfGroup][k][nibble];
        std::uint8_t& high = tables_.high[b / kBucketsOfGroup][k][nibble];
        if (buckets[b].accepts_low(k, nibble)) low = static_cast<std::uint8_t>(low | bit);
        if (buckets[b].accepts_high(k, nibble)) high = static_cast<std::uint8_t>(high | bit);
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
