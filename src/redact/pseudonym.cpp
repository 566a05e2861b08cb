#include "redact/pseudonym.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include <sys/mman.h>

namespace logystera::redact {
namespace {

constexpr std::string_view kIpPrefix = "ip_";
constexpr std::size_t kDigestBytesKept = 4;  // what the caches hold; longer pseudonyms are computed each time

void write_digits(const std::uint8_t* digest, unsigned digits, char* out) noexcept { write_hex(digest, digits / 2, out); }

std::uint32_t first_four(const Digest& digest) noexcept {
  std::uint32_t word;
  std::memcpy(&word, digest.data(), sizeof word);
  return word;
}

}  // namespace

void Pseudonyms::Release::operator()(Bucket* buckets) const noexcept { ::munmap(buckets, kBuckets * sizeof(Bucket)); }

void Pseudonyms::Free::operator()(SixEntry* entries) const noexcept { std::free(entries); }

Pseudonyms::Pseudonyms(std::string_view salt, unsigned digits)
    : key_(salt), digits_((std::clamp(digits, kPseudonymDigits, kPseudonymDigitsMax) + 1) & ~1u) {
  if (digits_ / 2 != kDigestBytesKept) return;
  // Addresses come in no order: on small pages nearly every look is a page the processor does not remember. The system's own
  // zeros come when they are first looked at, so a log without addresses does not pay for them.
  constexpr std::size_t kLargePage = std::size_t{2} << 20, kBytes = kBuckets * sizeof(Bucket);
  static_assert(kBytes % kLargePage == 0);
  void* const room = ::mmap(nullptr, kBytes + kLargePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return;  // slower, not wrong
  char* const from = static_cast<char*>(room);
  const std::size_t before = (kLargePage - reinterpret_cast<std::uintptr_t>(from) % kLargePage) % kLargePage;
  if (before > 0) ::munmap(from, before);
  if (before < kLargePage) ::munmap(from + before + kBytes, kLargePage - before);
  ::madvise(from + before, kBytes, MADV_HUGEPAGE);
  four_.reset(reinterpret_cast<Bucket*>(from + before), Release());
}

Pseudonyms::Pseudonyms(const Pseudonyms& other) : key_(other.key_), digits_(other.digits_), four_(other.four_) {}

void Pseudonyms::append(std::string_view prefix, std::string_view canonical, std::string& out) const {
  std::string message;
  message.reserve(prefix.size() + 1 + canonical.size());
  message.append(prefix).push_back('\0');
  message.append(canonical);
  const Digest digest = key_.digest(message);
  out.append(prefix).push_back('_');
  const std::size_t at = out.size();
  out.resize(at + digits_);
  write_digits(digest.data(), digits_, out.data() + at);
}

Digest Pseudonyms::digest_ip(const IpAddress& address) const noexcept {
  char message[kIpPrefix.size() + sizeof address.bytes] = {'i', 'p', '\0'};
  std::memcpy(message + kIpPrefix.size(), address.bytes, sizeof address.bytes);
  return key_.digest({message, sizeof message});
}

void Pseudonyms::prefetch_ipv4(std::uint32_t address) const noexcept {
  if (four_) __builtin_prefetch(four_.get() + bucket_of(address));
}

void Pseudonyms::write_ipv4(std::uint32_t address, char* out) {
  std::memcpy(out, kIpPrefix.data(), kIpPrefix.size());
  out += kIpPrefix.size();
  const auto compute = [&] {
    IpAddress whole{};
    whole.bytes[10] = whole.bytes[11] = 0xff;
    for (int i = 0; i < 4; ++i) whole.bytes[12 + i] = static_cast<std::uint8_t>(address >> (24 - 8 * i));
    return digest_ip(whole);
  };
  // An entry of zero is an empty one, so 0.0.0.0 is not remembered.
  if (!four_ || address == 0) {
    write_digits(compute().data(), digits_, out);
    return;
  }
  Bucket& bucket = four_.get()[bucket_of(address)];
  const auto entry = [&bucket](std::size_t way) { return std::atomic_ref(bucket.entries[way]); };
  std::uint64_t found = 0;
  std::size_t way = 0;
  while (way < kWays && (found = entry(way).load(std::memory_order_relaxed)) >> 32 != address && found != 0) ++way;
  std::uint32_t word;
  if (way < kWays && found != 0) {
    word = static_cast<std::uint32_t>(found);
  } else {
    word = first_four(compute());
    if (way == kWays) way = turn_++ % kWays;
    entry(way).store(std::uint64_t{address} << 32 | word, std::memory_order_relaxed);
  }
  write_hex(reinterpret_cast<const std::uint8_t*>(&word), sizeof word, out);
}

void Pseudonyms::write_ip(const IpAddress& address, char* out) {
  if (address.is_v4()) {
    const std::uint8_t* b = address.bytes + 12;
    return write_ipv4(std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3], out);
  }
  std::memcpy(out, kIpPrefix.data(), kIpPrefix.size());
  out += kIpPrefix.size();
  if (!six_ && four_) six_.reset(static_cast<SixEntry*>(std::calloc(kSixEntries, sizeof(SixEntry))));
  if (!six_) {
    write_digits(digest_ip(address).data(), digits_, out);
    return;
  }
  std::uint64_t halves[2];
  std::memcpy(halves, address.bytes, sizeof halves);
  SixEntry& entry = six_[((halves[0] ^ halves[1] * 0x9E3779B97F4A7C15u) * 0x9E3779B97F4A7C15u) >> 48 & (kSixEntries - 1)];
  if (!entry.used || std::memcmp(entry.address, address.bytes, sizeof entry.address) != 0) {
    std::memcpy(entry.address, address.bytes, sizeof entry.address);
    entry.digest = first_four(digest_ip(address));
    entry.used = true;
  }
  write_hex(reinterpret_cast<const std::uint8_t*>(&entry.digest), sizeof entry.digest, out);
}

}  // namespace logystera::redact
