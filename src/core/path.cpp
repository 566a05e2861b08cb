#include "core/path.hpp"

#include "core/bounded_text.hpp"
#include "core/uuid.hpp"

namespace logystera {
namespace {

constexpr std::size_t kTokenChars = 20;
constexpr std::size_t kCapitalsOfWords = 3;  // at most every third letter
constexpr std::size_t kExtensionChars = 9;   // with its dot
// Hashes make a path longer than it was; what is beyond the bound is cut, at a character's end, which is why up to three bytes of
// one that crosses it are written, too.
constexpr std::size_t kOutputBytes = kPathBytesMax + 3;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// A segment without its percent-encoding, as the site's router sees it.
std::string_view decode(std::string_view segment, BoundedWriter& room) {
  if (segment.find('%') == std::string_view::npos) return segment;
  room.clear();
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] == '%' && i + 2 < segment.size()) {
      const int high = hex_value(segment[i + 1]), low = hex_value(segment[i + 2]);
      if (high >= 0 && low >= 0) {
        room.append(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    room.append(segment[i]);
  }
  return room.view();
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

bool is_number(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c)) return false;
  }
  return !text.empty();
}

bool is_uuid_shaped(std::string_view text) {
  if (text.size() != kUuidChars) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hex_value(text[i]) < 0) return false;
  }
  return true;
}

bool is_jwt(std::string_view text) {
  if (text.substr(0, 3) != "eyJ") return false;
  const std::size_t first = text.find('.');
  return first != std::string_view::npos && text.find('.', first + 1) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  if (text.size() < kTokenChars) return false;
  if (is_jwt(text)) return true;
  bool digits = false, lowers = false, dashes = false, hex = true;
  std::size_t uppers = 0;
  for (const char c : text) {
    if (is_digit(c)) digits = true;
    else if (is_lower(c)) lowers = true;
    else if (is_upper(c)) ++uppers;
    else if (c == '-' || c == '_') dashes = true;
    else if (c != '+' && c != '=') return false;
    hex = hex && hex_value(c) >= 0;
  }
  if (hex) return true;
  // Words that somebody wrote ("how-to-build-a-house-in-2024", "HowToBuildAHouse") have no digits among capitals and few
  // capitals; what was drawn at random has about as many capitals as small letters.
  if (digits) return dashes ? lowers && uppers != 0 : lowers || uppers != 0;
  return lowers && uppers * kCapitalsOfWords > text.size();
}

// A format behind an id, as in "42.json": short and plain, so that it identifies nobody by itself.
bool is_extension(std::string_view text) {
  if (text.size() < 2 || text[0] != '.' || text.size() > kExtensionChars) return false;
  for (const char c : text.substr(1)) {
    if (!is_lower(lower(c)) && !is_digit(c)) return false;
  }
  return !is_number(text.substr(1));
}

bool is_alphanumeric(char c) { return is_digit(c) || is_lower(lower(c)); }

// The account id a segment behind "user" begins with, also behind a sign or a space ("+42", "42;a=1", "42~"); empty: none.
std::string_view leading_id(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size() && !is_alphanumeric(text[begin])) ++begin;
  text.remove_prefix(begin);
  if (is_uuid_shaped(text.substr(0, kUuidChars))) {
    return text.size() == kUuidChars || !is_alphanumeric(text[kUuidChars]) ? text.substr(0, kUuidChars)
                                                                           : std::string_view();
  }
  std::size_t size = 0;
  while (size < text.size() && is_digit(text[size])) ++size;
  return size == text.size() || !is_alphanumeric(text[size]) ? text.substr(0, size) : std::string_view();
}

// The end of the first segment and the slash behind it, percent-encoded or not: routers decode a path before they match it.
struct Separator {
  std::size_t at;
  std::size_t size;  // 0: this is the last segment
};

Separator find_separator(std::string_view path) {
  for (std::size_t i = path.find_first_of("/%"); i != std::string_view::npos; i = path.find_first_of("/%", i + 1)) {
    if (path[i] == '/') return {i, 1};
    if (path.size() - i > 2 && path[i + 1] == '2' && lower(path[i + 2]) == 'f') return {i, 3};
  }
  return {path.size(), 0};
}

class PathWriter {
 public:
  PathWriter(const HmacKey& uid_key, BoundedWriter& out, BoundedWriter& decoded)
      : uid_key_(uid_key), out_(out), decoded_(decoded) {}

  void separator(std::string_view raw) { out_.append(raw); }
  // False once the rest of the path is to be left out.
  bool segment(std::string_view raw) {
    const std::string_view text = decode(raw, decoded_);
    const bool after_user = after_user_;
    if (!text.empty()) after_user_ = equals_ignoring_case(text, "user");
    if (after_user && equals_ignoring_case(text, "reset")) {
      out_.append(raw);
      out_.append("/*");
      return false;
    }
    const std::string_view id = after_user ? leading_id(text) : std::string_view();
    if (!id.empty()) {
      const Digest hash = uid_key_.digest(id);
      out_.append_hex(bytes_of(hash).substr(0, kPathHashDigits / 2));
      const std::string_view rest = text.substr(static_cast<std::size_t>(id.data() - text.data()) + id.size());
      if (!rest.empty())
        out_.append(is_extension(rest) ? rest : rest[0] == '.' ? std::string_view(".*") : std::string_view("*"));
      return true;
    }
    const std::size_t dot = text.rfind('.');
    const bool named = dot != std::string_view::npos && is_extension(text.substr(dot)) && is_token(text.substr(0, dot));
    if (named || is_token(text)) {
      out_.append("*");
      if (named) out_.append(text.substr(dot));
    } else {
      out_.append(raw);
    }
    return true;
  }

 private:
  const HmacKey& uid_key_;
  BoundedWriter& out_;
  BoundedWriter& decoded_;
  bool after_user_ = false;
};

// What a byte can mean to the rule; most mean nothing.
enum class Byte : std::uint8_t { plain, slash, percent, end };

struct ByteTable {
  Byte of[256];
  constexpr ByteTable() : of{} {
    of[static_cast<unsigned char>('/')] = Byte::slash;
    of[static_cast<unsigned char>('%')] = Byte::percent;
    of[static_cast<unsigned char>('?')] = of[static_cast<unsigned char>('#')] = Byte::end;
  }
};
constexpr ByteTable kBytes;

// Cuts query and fragment off, and says whether the rule could change what is left: it has a segment that may be a user's, an
// encoded one, or one long enough for a token. Most paths have none and are written as they are.
bool needs_rule(std::string_view& path) {
  std::size_t start = 0;
  bool needed = false;
  std::size_t i = 0;
  const auto close_segment = [&](std::size_t end) {
    const std::size_t size = end - start;
    needed |= size >= kTokenChars || (size == 4 && lower(path[start]) == 'u');
    start = end + 1;
  };
  for (; i < path.size(); ++i) {
    const Byte byte = kBytes.of[static_cast<unsigned char>(path[i])];
    if (byte == Byte::plain) continue;
    if (byte == Byte::end) break;
    if (byte == Byte::percent) needed = true;
    else close_segment(i);
  }
  close_segment(i);
  path = path.substr(0, i);
  return needed;
}

}  // namespace

bool looks_like_token(std::string_view text) noexcept { return is_token(text); }

bool write_path(json::Output& out, std::string_view path, const HmacKey& uid_key) noexcept {
  const bool needed = needs_rule(path);
  const bool cut = path.size() > kPathBytesMax;
  path = path.substr(0, kPathBytesMax);
  if (!needed) return out.string(path, {kPathBytesMax, false}) || cut;
  LOGYSTERA_UNINITIALIZED BoundedText<kOutputBytes> text;
  LOGYSTERA_UNINITIALIZED BoundedText<kPathBytesMax> decoded;
  PathWriter writer(uid_key, text, decoded);
  while (true) {
    const Separator end = find_separator(path);
    if (!writer.segment(path.substr(0, end.at)) || end.size == 0) break;
    writer.separator(path.substr(end.at, end.size));
    path.remove_prefix(end.at + end.size);
  }
  const bool shortened = out.string(text.view(), {kPathBytesMax, false});
  return shortened || cut || text.cut();
}

}  // namespace logystera
