#include "agent/buffer_layout.hpp"

#include <sys/random.h>
#include <time.h>

#include <charconv>

#include "core/bounded_text.hpp"
#include "core/clock.hpp"

namespace logystera::agent::layout {
namespace {

constexpr std::string_view kPrefix = "buffer-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr std::string_view kDropsMark = "dropped0";
constexpr std::string_view kUnfinished = Directory::kUnfinished;
constexpr std::int64_t kUnfinishedSeconds = 2;  // nobody takes that long to make a file
constexpr std::size_t kSequenceDigits = 20;
constexpr std::size_t kMarkChars = 8;
constexpr std::size_t kSlotDigits = 2;

// With zeros in front, so that names sort as their numbers do.
void append_padded_number(BoundedWriter& name, std::uint64_t number, std::size_t digits) noexcept {
  std::size_t needed = 1;
  for (std::uint64_t rest = number; rest > 9; rest /= 10) ++needed;
  for (; needed < digits; ++needed) name.append('0');
  name.append_integer(number);
}

bool parse_number(std::string_view digits, std::uint64_t& value) noexcept {
  if (digits.empty()) return false;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return result.ec == std::errc() && result.ptr == digits.data() + digits.size();
}

}  // namespace

void write_segment_name(std::uint64_t sequence, std::int64_t now, bool drops, char (&out)[kNameBytes]) noexcept {
  BoundedWriter name(out, kNameBytes - 1);
  name.append(kPrefix);
  append_padded_number(name, sequence, kSequenceDigits);
  name.append('-');
  name.append_integer(now);
  name.append('-');
  if (drops) {
    name.append(kDropsMark);
  } else {
    std::uint32_t random = 0;
    if (::getrandom(&random, sizeof random, GRND_NONBLOCK) < 0) random = static_cast<std::uint32_t>(now);
    name.append_hex({reinterpret_cast<const char*>(&random), sizeof random});
  }
  name.append(kSuffix);
  out[name.size()] = '\0';
}

void write_slot_name(bool part, std::size_t slot, char (&out)[kNameBytes]) noexcept {
  BoundedWriter name(out, kNameBytes - 1);
  name.append(part ? std::string_view(".part-") : std::string_view("spill-"));
  append_padded_number(name, slot, kSlotDigits);
  out[name.size()] = '\0';
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

void remove_unfinished(const Directory& directory) noexcept {
  Fd again = directory.open_unchecked(".", O_RDONLY | O_DIRECTORY);
  DIR* dir = again ? ::fdopendir(again.get()) : nullptr;
  if (dir == nullptr) return;
  again.release();
  const std::int64_t now = wall_seconds();
  while (const dirent* entry = ::readdir(dir)) {
    struct stat st;
    const bool unfinished = std::string_view(entry->d_name).substr(0, kUnfinished.size()) == kUnfinished;
    if (!unfinished || !directory.look(entry->d_name, st) || !S_ISREG(st.st_mode)) continue;
    if (now - st.st_mtim.tv_sec >= kUnfinishedSeconds) directory.remove(entry->d_name);
  }
  ::closedir(dir);
}

std::uint64_t dead_letter_bytes(const Directory& directory, const FileRules& rules) noexcept {
  const Directory dead = directory.subdirectory(kDead, rules, Directory::Missing::leave);
  struct stat st;
  return dead && dead.look(kDeadLetters, st) && S_ISREG(st.st_mode) ? static_cast<std::uint64_t>(st.st_size) : 0;
}

std::uint64_t sent_bytes(const Directory& directory, const FileRules& rules) noexcept {
  const Directory sent = directory.subdirectory(kSent, rules, Directory::Missing::leave);
  std::uint64_t bytes = 0;
  if (sent) {
    walk(sent,
         [&](const char*, Kind, std::uint64_t, const struct stat& st) { bytes += static_cast<std::uint64_t>(st.st_size); });
  }
  return bytes;
}

}  // namespace logystera::agent::layout
