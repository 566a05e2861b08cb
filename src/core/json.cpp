#include "core/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace logystera::json {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Bytes that can be copied as they are: printable ASCII but for the quote and the backslash.
constexpr bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

#if defined(__SSE2__)
// Copies 1 to 15 bytes with two overlapping moves.
inline void copy_tail(char* to, const char* from, std::size_t size) {
  if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
  }
}

// How many of the first 16 bytes are plain before the first that is not. A signed compare finds both control characters and
// bytes of 0x80 and up, which are negative.
inline std::size_t plain_prefix(__m128i bytes) {
  const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  const int mask = _mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash)));
  return mask == 0 ? kBlock : static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(mask)));
}
#endif

void write_escape(unsigned char c, BoundedWriter& out) {
  const char letter = c == '"'    ? '"'
                      : c == '\\' ? '\\'
                      : c == '\n' ? 'n'
                      : c == '\r' ? 'r'
                      : c == '\t' ? 't'
                      : c == '\b' ? 'b'
                      : c == '\f' ? 'f'
                                  : '\0';
  out.append('\\');
  if (letter != '\0') {
    out.append(letter);
    return;
  }
  out.append("u00");
  out.append_hex({reinterpret_cast<const char*>(&c), 1});
}

}  // namespace

bool Output::string(std::string_view text, Bound bound) noexcept {
  const std::size_t budget = text.size() < bound.limit ? text.size() : bound.limit;
  // One reservation for the common case: all plain, quotes around it, and a block of slack for whole-block stores.
  // The blocks below begin at most `budget` bytes behind the first quote.
  char* const begin = room(budget + 2 + kBlock);
  if (begin == nullptr) {
    raw('"');
    return string_tail(text, bound.limit, bound.characters);
  }
  const char* in = text.data();
  char* out = begin;
  *out++ = '"';
  std::size_t done = 0;
#if defined(__SSE2__)
  bool plain = true;
  while (budget - done >= kBlock) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + done));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
    const std::size_t size = plain_prefix(bytes);
    done += size;
    out += size;
    if (size != kBlock) {
      plain = false;
      break;
    }
  }
  if (plain && done < budget) {
    // The tail is looked at where it was copied to: there a whole block may be read.
    copy_tail(out, in + done, budget - done);
    const std::size_t size = std::min(plain_prefix(_mm_loadu_si128(reinterpret_cast<const __m128i*>(out))), budget - done);
    done += size;
    out += size;
  }
#else
  while (done < budget && is_plain(static_cast<unsigned char>(in[done]))) *out++ = in[done++];
#endif
  if (done == budget) {
    *out++ = '"';
    take(static_cast<std::size_t>(out - begin));
    return text.size() > budget;
  }
  // Something to escape or repair: go on from here, character by character.
  take(static_cast<std::size_t>(out - begin));
  return string_tail(text.substr(done), bound.limit - done, bound.characters);
}

bool Output::string_tail(std::string_view text, std::size_t budget, bool characters) noexcept {
  bool shortened = false;
  while (!text.empty()) {
    std::size_t skip = 0;
    const std::size_t size = utf8_sequence(text, skip);
    const std::string_view sequence = size != 0 ? text.substr(0, size) : kReplacement;
    const std::size_t cost = characters ? 1 : sequence.size();
    if (cost > budget) {
      shortened = true;
      break;
    }
    budget -= cost;
    const auto first = static_cast<unsigned char>(sequence.front());
    if (size == 1 && !is_plain(first)) {
      write_escape(first, *this);
    } else {
      raw(sequence);
    }
    if (full()) return shortened;
    text.remove_prefix(size != 0 ? size : skip);
  }
  raw('"');
  return shortened;
}

void Output::number(double value) noexcept {
  if (!std::isfinite(value)) {
    raw("null");
    return;
  }
  char digits[40];
#if defined(__cpp_lib_to_chars) && __cpp_lib_to_chars >= 201611L
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  const std::string_view written(digits, static_cast<std::size_t>(end - digits));
#else
  // Older standard libraries: 17 significant digits always read back equal; the locale may have put a comma.
  const int size = std::snprintf(digits, sizeof digits, "%.17g", value);
  for (int i = 0; i < size; ++i) {
    if (digits[i] == ',') digits[i] = '.';
  }
  const std::string_view written(digits, static_cast<std::size_t>(size));
#endif
  raw(written);
  // A whole number keeps its fraction, so that a label is of one type in every event.
  if (written.find_first_of(".e") == std::string_view::npos) raw(".0");
}

std::size_t utf8_sequence(std::string_view text, std::size_t& skip) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  skip = 1;
  if (lead < 0x80) return 1;
  // Unicode table 3-7: the second byte's range depends on the lead, the others are 80..BF.
  std::size_t size;
  unsigned char low = 0x80, high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    size = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    size = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    size = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  for (std::size_t i = 1; i < size; ++i) {
    if (i >= text.size() || at(i) < low || at(i) > high) {
      skip = i;
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return size;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
#if defined(__SSE2__)
    while (text.size() >= kBlock &&
           _mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()))) == 0) {
      text.remove_prefix(kBlock);
    }
    if (text.empty()) break;
#endif
    std::size_t skip = 0;
    const std::size_t size = utf8_sequence(text, skip);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::size_t string_mark(std::string_view text, std::size_t from) noexcept {
#if defined(__SSE2__)
  for (; from < text.size() && text.size() - from >= kBlock; from += kBlock) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    if (const int mask = _mm_movemask_epi8(_mm_or_si128(quote, slash)); mask != 0)
      return from + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(mask)));
  }
#endif
  while (from < text.size() && text[from] != '"' && text[from] != '\\') ++from;
  return std::min(from, text.size());
}

std::size_t depth(std::string_view text) noexcept {
  std::size_t open = 0, deepest = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      for (i = string_mark(text, i + 1); i < text.size() && text[i] == '\\';) i = string_mark(text, i + 2);
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++open);
    } else if ((c == '}' || c == ']') && open > 0) {
      --open;
    }
  }
  return deepest;
}

}  // namespace logystera::json
