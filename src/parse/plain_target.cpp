#include "parse/plain_target.hpp"

#include <algorithm>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/utf8.hpp"

namespace logystera::parse {
namespace {

constexpr bool is_mark(char c) noexcept { return c == '%' || c == '$' || c == '*' || c == ';' || c == '\\'; }

// Whether a target has a character that any change starts with. Most have none, so this is what plain_target costs.
bool has_mark(std::string_view text) noexcept {
#if defined(__SSE2__)
  constexpr std::size_t kWidth = 16;
  if (text.size() >= kWidth) {
    const auto marks_at = [text](std::size_t at) {
      const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
      const auto is = [here](char c) { return _mm_cmpeq_epi8(here, _mm_set1_epi8(c)); };
      const __m128i any =
          _mm_or_si128(_mm_or_si128(_mm_or_si128(is('%'), is('$')), _mm_or_si128(is('*'), is(';'))), is('\\'));
      return _mm_movemask_epi8(any) != 0;
    };
    for (std::size_t at = 0; at + kWidth <= text.size(); at += kWidth)
      if (marks_at(at)) return true;
    return marks_at(text.size() - kWidth);  // the last bytes, some of them once more
  }
#endif
  return std::any_of(text.begin(), text.end(), is_mark);
}

int hex(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// The number of `digits` hex digits at `at`, or -1.
int hex_number(std::string_view text, std::size_t at, int digits) noexcept {
  if (at + static_cast<std::size_t>(digits) > text.size()) return -1;
  int number = 0;
  for (int i = 0; i < digits; ++i) {
    const int digit = hex(text[at + static_cast<std::size_t>(i)]);
    if (digit < 0) return -1;
    number = number * 16 + digit;
  }
  return number;
}

// Text being rewritten in place: what is written never overtakes what is read, since nothing here grows.
struct Rewriter {
  char* begin;
  std::size_t size;

  std::string_view text() const noexcept { return {begin, size}; }
};

// The ASCII character that full-width forms and look-alike slashes and dots stand for, or the character itself.
int plain_character(int code) noexcept {
  if (code >= 0xFF01 && code <= 0xFF5E) return code - 0xFF01 + '!';
  if (code == 0x2215 || code == 0x2044) return '/';
  if (code == 0x2216) return '\\';
  if (code == 0x2024) return '.';
  return code;
}

// One round of decoding; false if there was nothing to decode. In the first, '+' behind '?' is a blank, and the log's own
// escapes ("\x22") are undone.
bool decode(Rewriter& now, bool first) noexcept {
  const std::string_view text = now.text();
  char* out = now.begin;
  bool changed = false, query = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '%' || (first && c == '\\')) {
      const bool log_escape = c == '\\';
      const bool wide = !log_escape && at + 1 < text.size() && (text[at + 1] | 0x20) == 'u';
      int code = -1;
      std::size_t used = 0;
      if (wide) {
        code = hex_number(text, at + 2, 4);
        used = 6;
      } else if (log_escape) {
        code = at + 1 < text.size() && text[at + 1] == 'x' ? hex_number(text, at + 2, 2) : -1;
        used = 4;
      } else {
        code = hex_number(text, at + 1, 2);
        used = 3;
      }
      if (code >= 0) {
        if (wide) out += put_utf8(static_cast<std::uint32_t>(plain_character(code)), out);
        else *out++ = static_cast<char>(code);
        at += used;
        changed = true;
        continue;
      }
    }
    query = query || c == '?';
    *out++ = first && query && c == '+' ? ' ' : c;
    ++at;
  }
  now.size = static_cast<std::size_t>(out - now.begin);
  return changed;
}

// An ASCII character in two to four bytes of UTF-8, or something else in them that decoders without checks take for one.
// Returns how many bytes it is, 0 if it is none.
std::size_t overlong(std::string_view text, char& character) noexcept {
  const auto byte = [text](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0xFFu; };
  const unsigned lead = byte(0);
  if (text.size() >= 2 && (lead == 0xC0 || lead == 0xC1)) {
    character = static_cast<char>((lead & 1) << 6 | (byte(1) & 0x3F));
    return 2;
  }
  if (text.size() >= 3 && lead == 0xE0 && (byte(1) & 0x3F) < 2 && byte(1) < 0xC0) {
    character = static_cast<char>((byte(1) & 1) << 6 | (byte(2) & 0x3F));
    return 3;
  }
  if (text.size() >= 4 && lead == 0xF0 && byte(1) == 0x80 && (byte(2) & 0x3F) < 2 && byte(2) < 0xC0) {
    character = static_cast<char>((byte(2) & 1) << 6 | (byte(3) & 0x3F));
    return 4;
  }
  return 0;
}

void undo_overlong(Rewriter& now) noexcept {
  const std::string_view text = now.text();
  char* out = now.begin;
  for (std::size_t at = 0; at < text.size();) {
    char character = text[at];
    const std::size_t used = static_cast<unsigned char>(character) >= 0xC0 ? overlong(text.substr(at), character) : 0;
    *out++ = character;
    at += used == 0 ? 1 : used;
  }
  now.size = static_cast<std::size_t>(out - now.begin);
}

// The next place of a mark that closes something. A place found holds until it is passed, so that a target full of openings
// is not searched to its end for each.
class NextPlace {
 public:
  NextPlace(std::string_view text, std::string_view mark) noexcept : text_(text), mark_(mark) {}
  std::size_t from(std::size_t at) noexcept {
    if (!known_ || (place_ != std::string_view::npos && place_ < at)) {
      place_ = text_.find(mark_, at);
      known_ = true;
    }
    return place_;
  }

 private:
  std::string_view text_, mark_;
  std::size_t place_ = 0;
  bool known_ = false;
};

class Simplifier {
 public:
  explicit Simplifier(Rewriter& now) noexcept : now_(now), text_(now.text()) {}

  void run() noexcept {
    for (std::size_t at = 0; at < text_.size();) {
      if (const std::size_t blank = blank_run(at); blank > 0) {
        if (out_ == 0 || now_.begin[out_ - 1] != ' ') put(' ');
        at += blank;
      } else {
        at += path_piece(at);
      }
    }
    now_.size = out_;
  }

 private:
  // What is read lies ahead of what is written: blanks and pieces never grow. The places are of text still to be read.
  void put(char c) noexcept { now_.begin[out_++] = c; }
  bool word(std::size_t at, std::string_view word) const noexcept { return text_.substr(at, word.size()) == word; }

  // How many bytes from `at` on a shell or a database reads as a blank; 0 if they are none.
  std::size_t blank_run(std::size_t at) noexcept {
    const char c = text_[at];
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F) return 1;
    if (c == '$') return shell_blank(at);
    if (word(at, "/*")) return sql_comment(at);
    if (word(at, "*/")) return 2;
    if (c == '#' || word(at, "--")) {  // a comment up to the end of the line
      const std::size_t end = line_.from(at);
      return end == std::string_view::npos ? 0 : end + 1 - at;
    }
    return 0;
  }

  // ${IFS}, ${IFS%??}, $IFS, $IFS$9
  std::size_t shell_blank(std::size_t at) noexcept {
    if (word(at, "${IFS")) {
      const std::size_t close = brace_.from(at);
      return close == std::string_view::npos ? 0 : close + 1 - at;
    }
    if (!word(at, "$IFS")) return 0;
    const std::size_t behind = at + 4;
    const bool empty =
        behind + 1 < text_.size() && text_[behind] == '$' && text_[behind + 1] >= '1' && text_[behind + 1] <= '9';
    return empty ? 6 : 4;
  }

  std::size_t sql_comment(std::size_t at) noexcept {
    const std::size_t close = comment_.from(at + 2);
    if (close == std::string_view::npos) return 0;
    std::size_t inside = at + 2;
    if (text_[inside] != '!') return close + 2 - at;
    ++inside;  // "/*!50000union*/" runs in MySQL
    while (inside < close && text_[inside] >= '0' && text_[inside] <= '9') ++inside;
    return inside - at;
  }

  // Writes the character at `at` unless it changes nothing in a path; how many bytes were read.
  std::size_t path_piece(std::size_t at) noexcept {
    const char c = text_[at] == '\\' ? '/' : text_[at];
    const bool behind_slash = out_ > 0 && now_.begin[out_ - 1] == '/';
    if (c == '/' && behind_slash && !(out_ > 1 && now_.begin[out_ - 2] == ':')) return 1;
    if (c == '.' && behind_slash) {
      const char next = at + 1 < text_.size() ? text_[at + 1] : ' ';
      if (next == '/' || next == '\\') return 2;
      if (next == '.' && at + 2 < text_.size() && text_[at + 2] == ';') {  // "..;name=value/"
        put('.');
        put('.');
        return std::min(text_.find_first_of("/\\?", at), text_.size()) - at;
      }
    }
    put(c);
    return 1;
  }

  Rewriter& now_;
  std::string_view text_;
  std::size_t out_ = 0;
  NextPlace comment_{text_, "*/"}, line_{text_, "\n"}, brace_{text_, "}"};
};

}  // namespace

std::string_view plain_target(std::string_view target, Arena& arena) {
  if (!has_mark(target)) return {};
  const std::string_view copy = arena.copy(target);
  Rewriter now{const_cast<char*>(copy.data()), copy.size()};
  for (int round = 0; round < kDecodeRounds; ++round) {
    if (!decode(now, round == 0)) break;
  }
  undo_overlong(now);
  Simplifier(now).run();
  return now.text() == target ? std::string_view() : now.text();
}

}  // namespace logystera::parse
