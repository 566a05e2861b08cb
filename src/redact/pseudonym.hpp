// Pseudonyms: `ip_8390373f`. The first hex digits of HMAC-SHA256 under the salt, over the kind's prefix, a NUL and the
// canonical form: the same value has the same pseudonym in every file, run and machine with that salt, and without the salt
// a guess at a value cannot be checked.
//
// Eight digits tell 2^32 values apart; among 9,000 values of a kind the odds that any two share one are 1 %, among 77,000
// one in two. Where more must stay apart, configure more digits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/hmac.hpp"
#include "core/record.hpp"

namespace logystera::redact {

inline constexpr unsigned kPseudonymDigits = 8;
inline constexpr unsigned kPseudonymDigitsMax = 64;

class Pseudonyms {
 public:
  /// `digits` is 8-64 hex digits and rounded up to an even number.
  Pseudonyms(std::string_view salt, unsigned digits);
  /// The same pseudonyms for another thread. Both remember IPv4 addresses in one place, and use it at once.
  Pseudonyms(const Pseudonyms& other);
  Pseudonyms& operator=(const Pseudonyms&) = delete;

  /// Appends `prefix`, '_' and the digits for the canonical form.
  void append(std::string_view prefix, std::string_view canonical, std::string& out) const;
  /// The same for addresses, remembered: a log repeats its addresses. Writes "ip_" and the digits to `out`, which has room
  /// for 3 + digits() bytes.
  void write_ip(const IpAddress& address, char* out);
  void write_ipv4(std::uint32_t address, char* out);
  unsigned digits() const noexcept { return digits_; }

  /// Asks the processor to fetch where `address` is remembered; for callers that know what comes next.
  void prefetch_ipv4(std::uint32_t address) const noexcept;

 private:
  // Set-associative: a bucket is one cache line of eight (address, first four digest bytes) pairs. A full bucket replaces
  // in turn. 1,048,576 entries, 8 MiB, touched only as far as used: 500,000 distinct addresses fit. Entries are read and
  // written whole, so threads that share them find a pair, another one, or none.
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kBuckets = std::size_t{1} << 17;
  struct alignas(64) Bucket {
    std::uint64_t entries[kWays];
  };
  struct Release {
    void operator()(Bucket* buckets) const noexcept;
  };
  struct SixEntry {
    std::uint8_t address[16];
    std::uint32_t digest;
    bool used;
  };
  struct Free {
    void operator()(SixEntry* entries) const noexcept;
  };
  static constexpr std::size_t kSixEntries = std::size_t{1} << 16;

  Digest digest_ip(const IpAddress& address) const noexcept;
  std::size_t bucket_of(std::uint32_t address) const noexcept {
    return (address * 0x9E3779B97F4A7C15u) >> 47 & (kBuckets - 1);
  }

  HmacKey key_;
  unsigned digits_;
  std::shared_ptr<Bucket[]> four_;
  std::unique_ptr<SixEntry[], Free> six_;  // made for the first of them
  std::uint32_t turn_ = 0;
};

}  // namespace logystera::redact
