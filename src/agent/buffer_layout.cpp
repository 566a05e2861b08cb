#include "agent/buffer_layout.hpp"

#include <sys/random.h>

#include <charconv>
#include <cstdio>
#include <cstring>

namespace logystera::agent::layout {
namespace {

constexpr std::string_view kPrefix = "buffer-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr std::string_view kDropsMark = "dropped0";
constexpr std::size_t kSequenceDigits = 20;
constexpr std::size_t kMarkChars = 8;

bool parse_number(std::string_view digits, std::uint64_t& value) noexcept {
  if (digits.empty()) return false;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return result.ec == std::errc() && result.ptr == digits.data() + digits.size();
}

}  // namespace

void write_segment_name(std::uint64_t sequence, std::int64_t now, bool drops, char* out) noexcept {
  char mark[kMarkChars + 1];
  std::memcpy(mark, kDropsMark.data(), kMarkChars);
  if (!drops) {
    std::uint32_t random = 0;
    if (::getrandom(&random, sizeof random, GRND_NONBLOCK) < 0) random = static_cast<std::uint32_t>(now);
    std::snprintf(mark, sizeof mark, "%08x", random);
  }
  mark[kMarkChars] = '\0';
  std::snprintf(out, kNameBytes, "buffer-%020llu-%lld-%s.jsonl", static_cast<unsigned long long>(sequence),
                static_cast<long long>(now), mark);
}

void write_slot_name(bool part, std::size_t slot, char* out) noexcept {
  std::snprintf(out, kNameBytes, "%s-%02u", part ? ".part" : "spill", static_cast<unsigned>(slot));
}

Kind parse_name(std::string_view name, std::uint64_t& sequence) noexcept {
  if (name == kCurrent) return Kind::current;
  if (name.size() == 8 && name.substr(0, 6) == "spill-" && parse_number(name.substr(6), sequence)) return Kind::spill;
  if (name.size() == 8 && name.substr(0, 6) == ".part-" && parse_number(name.substr(6), sequence)) return Kind::part;
  if (name.size() <= kPrefix.size() + kSequenceDigits + kMarkChars + kSuffix.size() + 2) return Kind::other;
  if (name.substr(0, kPrefix.size()) != kPrefix || name.substr(name.size() - kSuffix.size()) != kSuffix) return Kind::other;
  name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  const std::string_view mark = name.substr(name.size() - kMarkChars);
  if (name[kSequenceDigits] != '-' || name[name.size() - kMarkChars - 1] != '-') return Kind::other;
  for (const char c : mark) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))) return Kind::other;
  }
  std::uint64_t epoch = 0;
  if (!parse_number(name.substr(0, kSequenceDigits), sequence)) return Kind::other;
  if (!parse_number(name.substr(kSequenceDigits + 1, name.size() - kSequenceDigits - kMarkChars - 2), epoch))
    return Kind::other;
  return mark == kDropsMark ? Kind::drops_segment : Kind::segment;
}

std::uint64_t dead_letter_bytes(const Directory& directory, const FileRules& rules) noexcept {
  const Directory dead = directory.subdirectory(kDead, rules, Directory::Missing::leave);
  struct stat st;
  return dead && dead.look(kDeadLetters, st) && S_ISREG(st.st_mode) ? static_cast<std::uint64_t>(st.st_size) : 0;
}

}  // namespace logystera::agent::layout
