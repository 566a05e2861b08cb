#include "source/overlap.hpp"

#include <fmt/core.h>
#include <sodium/crypto_shorthash_siphash24.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/hmac.hpp"

namespace logystera::source {
namespace {

constexpr std::int64_t kBucketNs = 1'000'000;
constexpr std::size_t kRecent = 65'536;
constexpr std::string_view kVersion = "overlap2";

std::int64_t bucket_of(std::int64_t time_ns) noexcept { return time_ns / kBucketNs - (time_ns % kBucketNs < 0 ? 1 : 0); }

// What times in a text are written behind.
std::int64_t base_of(std::int64_t watermark) noexcept { return std::max<std::int64_t>(watermark, 0); }

bool take_number(std::string_view& text, std::int64_t& number, int base = 10) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_hex(std::string_view& text, std::uint64_t& number) noexcept {
  constexpr std::size_t kDigits = 16;
  if (text.size() < kDigits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + kDigits, number, 16);
  if (error != std::errc() || end != text.data() + kDigits) return false;
  text.remove_prefix(kDigits);
  return true;
}

bool take(std::string_view& text, char c) noexcept {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

// SipHash-2-4 with 128 bits of result: one key for all of a run.
struct Overlap::Keyed {
  std::array<unsigned char, crypto_shorthash_siphashx24_KEYBYTES> key{};
  std::string text;  // that is hashed: time and identity, one behind the other
};

Overlap::Overlap(Options options, std::string_view key) : options_(options), keyed_(std::make_unique<Keyed>()) {
  const auto derived = hmac_sha256(key, "overlap");
  std::memcpy(keyed_->key.data(), bytes_of(derived).data(), keyed_->key.size());
}
Overlap::~Overlap() = default;
Overlap::Overlap(Overlap&&) noexcept = default;
Overlap& Overlap::operator=(Overlap&&) noexcept = default;

Overlap::Digest Overlap::digest_of(std::int64_t time_ns, std::string_view identity) const {
  std::string& text = keyed_->text;
  text.assign(reinterpret_cast<const char*>(&time_ns), sizeof time_ns);
  text += identity;
  unsigned char bytes[crypto_shorthash_siphashx24_BYTES];
  ::crypto_shorthash_siphashx24(bytes, reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                keyed_->key.data());
  Digest digest{};
  std::memcpy(&digest.high, bytes, sizeof digest.high);
  std::memcpy(&digest.low, bytes + sizeof digest.high, sizeof digest.low);
  return digest;
}

bool Overlap::fresh(std::int64_t time_ns, std::string_view identity) {
  if (time_ns < watermark_) {
    ++older_;
    return false;
  }
  const Digest digest = digest_of(time_ns, identity);
  const auto [found, added] = entries_.try_emplace(digest, Entry{time_ns});
  Entry& entry = found->second;
  if (added) by_time_[bucket_of(time_ns)].push_back(digest);
  if (entry.answer != answer_) {
    entry.answer = answer_;
    entry.seen = 0;
  }
  ++entry.seen;
  newest_ = std::max(newest_, time_ns);
  if (entry.seen <= entry.held || (!options_.counted && entry.held > 0)) return false;
  ++entry.held;
  recent_.emplace_back(time_ns, digest);
  if (recent_.size() > kRecent) recent_.pop_front();
  while (entries_.size() > options_.most) {  // the oldest millisecond, and with it what may still appear late there
    ++crowded_;
    drop_before((by_time_.begin()->first + 1) * kBucketNs);
  }
  return true;
}

void Overlap::drop_before(std::int64_t time_ns) {
  watermark_ = std::max(watermark_, time_ns);
  const std::int64_t first = bucket_of(watermark_);
  while (!by_time_.empty() && by_time_.begin()->first < first) {
    for (const Digest& digest : by_time_.begin()->second) entries_.erase(digest);
    by_time_.erase(by_time_.begin());
  }
}

void Overlap::advance(std::int64_t now_ns, std::int64_t floor_ns) {
  if (newest_ == INT64_MIN) return;
  drop_before(std::min(std::min(newest_, now_ns) - options_.overlap_ns, floor_ns));
}

std::string Overlap::text(std::size_t waiting, std::size_t most) const {
  std::unordered_map<Digest, std::uint32_t, Hash> left_out;
  std::int64_t oldest_waiting = INT64_MAX;
  waiting = std::min(waiting, recent_.size());
  for (auto it = recent_.end() - static_cast<std::ptrdiff_t>(waiting); it != recent_.end(); ++it) {
    ++left_out[it->second];
    oldest_waiting = std::min(oldest_waiting, it->first);
  }
  struct Kept {
    std::int64_t time;
    std::uint32_t held;
    Digest digest;
  };
  std::vector<Kept> kept;
  for (auto bucket = by_time_.rbegin(); bucket != by_time_.rend() && kept.size() <= most; ++bucket)
    for (const Digest& digest : bucket->second) {
      const auto found = entries_.find(digest);
      if (found == entries_.end() || found->second.time < watermark_) continue;
      const auto waits = left_out.find(digest);
      const std::uint32_t held =
          found->second.held - (waits == left_out.end() ? 0 : std::min(waits->second, found->second.held));
      if (held > 0) kept.push_back({found->second.time, held, digest});
    }
  std::stable_sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.time > b.time; });
  std::int64_t watermark = watermark_;
  if (kept.size() > most) {  // whole instants, so that the watermark parts them
    const std::int64_t left = kept[most].time;
    std::size_t size = most;
    while (size > 0 && kept[size - 1].time == left) --size;
    kept.resize(size);
    watermark = left + 1;
  }
  watermark = std::min(watermark, oldest_waiting);
  const std::int64_t newest = !kept.empty() ? kept.front().time : waiting > 0 ? INT64_MIN : newest_;
  std::string out = fmt::format("{} {:016x} {} {}", kVersion, digest_of(0, "key").high, watermark, newest);
  for (const Kept& one : kept)
    fmt::format_to(std::back_inserter(out), " {:016x}{:016x}{:x}.{:x}", one.digest.high, one.digest.low,
                   one.time - base_of(watermark), one.held);
  return out;
}

Result<Done> Overlap::resume(std::string_view text) {
  const Error broken{"what is stored of how far it was read is damaged, or was stored with another salt",
                     ErrorKind::broken};
  const Digest check = digest_of(0, "key");
  std::uint64_t stored = 0;
  std::int64_t watermark = 0, newest = 0;
  if (!text.starts_with(kVersion)) return broken;
  text.remove_prefix(kVersion.size());
  if (!take(text, ' ') || !take_hex(text, stored) || stored != check.high || !take(text, ' ') ||
      !take_number(text, watermark) || !take(text, ' ') || !take_number(text, newest))
    return broken;
  std::unordered_map<Digest, Entry, Hash> entries;
  std::map<std::int64_t, std::vector<Digest>> by_time;
  while (!text.empty()) {
    Digest digest{};
    std::int64_t behind = 0, held = 0;
    const bool good = take(text, ' ') && take_hex(text, digest.high) && take_hex(text, digest.low) &&
                      take_number(text, behind, 16) && take(text, '.') && take_number(text, held, 16) && held > 0 &&
                      held <= UINT32_MAX && entries.size() < options_.most;
    std::int64_t time = 0;
    if (!good || __builtin_add_overflow(base_of(watermark), behind, &time)) return broken;
    if (entries.try_emplace(digest, Entry{time, static_cast<std::uint32_t>(held), 0, 0}).second)
      by_time[bucket_of(time)].push_back(digest);
  }
  entries_ = std::move(entries);
  by_time_ = std::move(by_time);
  recent_.clear();
  watermark_ = watermark;
  newest_ = newest;
  answer_ = 1;
  return Done{};
}

}  // namespace logystera::source
