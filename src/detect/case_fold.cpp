#include "detect/case_fold.hpp"

#include <utf8proc.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/json.hpp"

namespace logystera::detect {
namespace {

constexpr char32_t kDottedI = 0x130;  // İ: only Turkic folding makes an i of it; its lower case is one all the same
constexpr char32_t kEnd = 0x20000;    // no letter with a case lies beyond the first two planes
constexpr unsigned kPageBits = 8;
constexpr std::size_t kPage = std::size_t{1} << kPageBits;

// utf8proc knows full folding ("ß" is "ss"). Where that is one character, simple folding is the same; where it is several,
// simple folding is the lower case.
char32_t simple_fold(char32_t character) noexcept {
  const auto code = static_cast<utf8proc_int32_t>(character);
  if (utf8proc_get_property(code)->casefold_seqindex == UINT16_MAX) return character;
  utf8proc_int32_t full[8];
  int boundary = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(code, full, 8, UTF8PROC_CASEFOLD, &boundary);
  if (count == 1) return static_cast<char32_t>(full[0]);
  if (count < 1 || character == kDottedI) return character;
  return static_cast<char32_t>(utf8proc_tolower(code));
}

std::size_t encode(char32_t character, char* out) noexcept {
  return static_cast<std::size_t>(
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), reinterpret_cast<utf8proc_uint8_t*>(out)));
}

// Asking utf8proc takes 20 times as long, and most letters have no other case.
class Table {
 public:
  Table() {
    pages_.emplace_back();  // of characters that stay
    for (char32_t first = 0; first < kEnd; first += kPage) {
      std::array<std::int32_t, kPage> page{};
      bool any = false;
      for (char32_t i = 0; i < kPage; ++i) {
        const char32_t character = first + i, folded = simple_fold(character);
        if (character < 0x80 || folded == character) continue;
        page[i] = static_cast<std::int32_t>(folded) - static_cast<std::int32_t>(character);
        any = true;
        char bytes[4];
        encode(character, bytes);
        leads_[static_cast<unsigned char>(bytes[0])] = 1;
      }
      if (!any) continue;
      page_of_[first >> kPageBits] = static_cast<std::uint8_t>(pages_.size());
      pages_.push_back(page);
    }
  }

  char32_t fold(char32_t character) const noexcept {
    if (character >= kEnd) return character;
    const std::int32_t by = pages_[page_of_[character >> kPageBits]][character & (kPage - 1)];
    return static_cast<char32_t>(static_cast<std::int32_t>(character) + by);
  }
  /// Whether a character that begins with this byte may fold to another; never of ASCII, nor of bytes within a character.
  bool leads(char byte) const noexcept { return leads_[static_cast<unsigned char>(byte)] != 0; }

 private:
  std::array<std::uint8_t, (kEnd >> kPageBits)> page_of_{};
  std::array<std::uint8_t, 256> leads_{};
  std::vector<std::array<std::int32_t, kPage>> pages_;
};

const Table& table() {
  static const Table made;
  return made;
}

// The character at `at`, which its well-formed bytes say, and how many they are; 0: no well-formed character begins here.
std::size_t decode(std::string_view text, std::size_t at, char32_t& character) noexcept {
  std::size_t skip = 0;
  const std::size_t size = json::utf8_sequence(text.substr(at), skip);
  if (size == 0) return 0;
  constexpr unsigned char kLeadMask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  character = static_cast<unsigned char>(text[at]) & kLeadMask[size];
  for (std::size_t i = 1; i < size; ++i) character = character << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  return size;
}

// Where the next byte beyond ASCII is.
std::size_t skip_ascii(std::string_view text, std::size_t at) noexcept {
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  for (std::uint64_t word; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & kHigh) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

// One step of a comparison: a character, folded, or a byte that is none, told apart by numbers no character has.
char32_t next_folded(std::string_view text, std::size_t& at) noexcept {
  constexpr char32_t kBytes = 0x110000;
  const char byte = text[at];
  char32_t character = 0;
  if (static_cast<unsigned char>(byte) < 0x80) {
    ++at;
    return static_cast<unsigned char>(fold_ascii(byte));
  }
  const std::size_t size = decode(text, at, character);
  at += size == 0 ? 1 : size;
  return size == 0 ? kBytes + static_cast<unsigned char>(byte) : table().fold(character);
}

}  // namespace

char32_t fold(char32_t character) noexcept {
  return character < 0x80 ? static_cast<unsigned char>(fold_ascii(static_cast<char>(character))) : table().fold(character);
}

bool folds_beyond_ascii(std::string_view text) noexcept {
  std::size_t at = skip_ascii(text, 0);
  if (at == text.size()) return false;
  const Table& known = table();
  while (at < text.size()) {
    if (!known.leads(text[at])) {
      ++at;
      continue;
    }
    char32_t character = 0;
    const std::size_t size = decode(text, at, character);
    if (size > 0 && known.fold(character) != character) return true;
    at += size == 0 ? 1 : size;
  }
  return false;
}

char* fold_into(std::string_view text, char* out) noexcept {
  const Table& known = table();
  for (std::size_t at = 0; at < text.size();) {
    char32_t character = 0;
    const std::size_t size = known.leads(text[at]) ? decode(text, at, character) : 0;
    if (size == 0) {
      *out++ = fold_ascii(text[at++]);
      continue;
    }
    out += encode(known.fold(character), out);
    at += size;
  }
  return out;
}

std::string folded(std::string_view text) {
  if (skip_ascii(text, 0) == text.size()) {
    std::string out(text);
    for (char& c : out) c = fold_ascii(c);
    return out;
  }
  std::string out(folded_room(text.size()), '\0');
  out.resize(static_cast<std::size_t>(fold_into(text, out.data()) - out.data()));
  return out;
}

char* fold_lookalikes_into(std::string_view text, char* out) noexcept {
  // A lead byte is never within a character, so these bytes are the characters wherever they stand.
  constexpr std::string_view kKelvin = "\u212A", kLongS = "\u017F";
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const bool kelvin = rest.substr(0, kKelvin.size()) == kKelvin, long_s = rest.substr(0, kLongS.size()) == kLongS;
    *out++ = kelvin ? 'k' : long_s ? 's' : text[at];
    at += kelvin ? kKelvin.size() : long_s ? kLongS.size() : 1;
  }
  return out;
}

bool equal_folded(std::string_view a, std::string_view b) noexcept {
  std::size_t i = 0, k = 0;
  while (i < a.size() && k < b.size())
    if (next_folded(a, i) != next_folded(b, k)) return false;
  return i == a.size() && k == b.size();
}

}  // namespace logystera::detect
