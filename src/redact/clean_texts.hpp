// Texts in which nothing was found, by a hash: user agents and referrers repeat, and what they hold that could be something
// has to be looked at only once. Compared in full; a clash of hashes evicts the older text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "redact/kind.hpp"

namespace logystera::redact {

class CleanTexts {
 public:
  static constexpr std::size_t kBytes = 240;  // longest text remembered

  class Slot {
   public:
    bool has(std::string_view text, Context context) const noexcept {
      return size_ == text.size() && context_ == context && std::memcmp(bytes_, text.data(), text.size()) == 0;
    }
    void put(std::string_view text, Context context) noexcept {
      size_ = static_cast<std::uint32_t>(text.size());
      context_ = context;
      std::memcpy(bytes_, text.data(), text.size());
    }

   private:
    std::uint32_t size_ = 0;
    Context context_ = Context::text;
    char bytes_[kBytes];
  };

  /// The one place `text` (1 to kBytes bytes) can be remembered in.
  Slot& slot(std::string_view text) {
    if (slots_.empty()) slots_.resize(kSlots);
    std::uint64_t hash = text.size();
    std::size_t at = 0;
    for (; at + sizeof hash <= text.size(); at += sizeof hash) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + at, sizeof word);
      hash = (hash ^ word) * kMultiplier;
      hash ^= hash >> 32;
    }
    for (; at < text.size(); ++at) hash = (hash ^ static_cast<unsigned char>(text[at])) * kMultiplier;
    return slots_[hash >> (64 - kSlotBits)];
  }

 private:
  static constexpr unsigned kSlotBits = 9;
  static constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;
  static constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15u;

  std::vector<Slot> slots_;  // empty until the first
};

}  // namespace logystera::redact
