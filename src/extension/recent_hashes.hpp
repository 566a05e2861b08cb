// Account hashes a process has made of late: an application asks for the same account several times in a request, and a
// worker serves the same people again and again.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "agent/request.hpp"

namespace logystera::extension {

/// The hashes of one key, in fixed memory. Ids of up to 20 bytes (any 64-bit number) are remembered, one for each slot their
/// last bytes choose; longer ones are hashed each time.
class RecentHashes {
 public:
  /// The hash of `id` under `key`: 64 hex digits, or nothing for the anonymous account. Valid until the next call.
  std::string_view of(const HmacKey& key, std::string_view id) noexcept {
    if (id.empty() || id.size() > kIdBytesMax) return {other_, agent::hash_uid(key, id, other_)};
    Entry& entry = entries_[slot_of(id)];
    if (entry.id_size != id.size() || std::memcmp(entry.id, id.data(), id.size()) != 0) {
      entry.id_size = static_cast<std::uint8_t>(id.size());
      std::memcpy(entry.id, id.data(), id.size());
      entry.hash_size = static_cast<std::uint8_t>(agent::hash_uid(key, id, entry.hash));
    }
    return {entry.hash, entry.hash_size};
  }
  /// When the key changes.
  void clear() noexcept { entries_ = {}; }

 private:
  static constexpr std::size_t kIdBytesMax = 20;
  static constexpr std::size_t kEntries = 16;
  struct Entry {
    std::uint8_t id_size = 0;
    std::uint8_t hash_size = 0;
    char id[kIdBytesMax];
    char hash[64];
  };

  static std::size_t slot_of(std::string_view id) noexcept {
    const auto last = static_cast<unsigned char>(id.back());
    const auto before = static_cast<unsigned char>(id[id.size() / 2]);
    return (last + 10u * before + id.size()) % kEntries;
  }

  std::array<Entry, kEntries> entries_{};
  char other_[64];
};

}  // namespace logystera::extension
