#include "detect/sigma/value.hpp"

#include <algorithm>

#include "core/json.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void add_text(Pattern& pattern, std::string_view text) {
  if (text.empty()) return;
  if (!pattern.empty() && pattern.back().kind == PatternPiece::Kind::text) pattern.back().text += text;
  else pattern.push_back({PatternPiece::Kind::text, std::string(text)});
}

void add_wildcard(Pattern& pattern, char c) {
  if (c == '?') pattern.push_back({PatternPiece::Kind::any_one, {}});
  else if (pattern.empty() || pattern.back().kind != PatternPiece::Kind::any_run)
    pattern.push_back({PatternPiece::Kind::any_run, {}});
}

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

Pattern parse_pattern(std::string_view written) {
  Pattern pattern;
  for (std::size_t i = 0; i < written.size(); ++i) {
    const char c = written[i];
    if (c == '\\' && i + 1 < written.size() && (written[i + 1] == '*' || written[i + 1] == '?' || written[i + 1] == '\\')) {
      add_text(pattern, written.substr(++i, 1));
    } else if (c == '*' || c == '?') {
      add_wildcard(pattern, c);
    } else {
      add_text(pattern, written.substr(i, 1));
    }
  }
  return pattern;
}

Pattern literal_pattern(std::string_view text) {
  Pattern pattern;
  add_text(pattern, text);
  return pattern;
}

bool plain_text(const Pattern& pattern, std::string& out) {
  out.clear();
  for (const PatternPiece& piece : pattern) {
    if (piece.kind != PatternPiece::Kind::text) return false;
    out += piece.text;
  }
  return true;
}

void wrap(Pattern& pattern, bool before, bool after) {
  const PatternPiece run{PatternPiece::Kind::any_run, {}};
  if (before && (pattern.empty() || pattern.front().kind != PatternPiece::Kind::any_run))
    pattern.insert(pattern.begin(), run);
  if (after && (pattern.empty() || pattern.back().kind != PatternPiece::Kind::any_run)) pattern.push_back(run);
}

void fold_pattern(Pattern& pattern) {
  for (PatternPiece& piece : pattern) piece.text = folded(piece.text);
}

std::string base64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t block = 0;
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) block = block << 8 | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= have ? kBase64[block >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::vector<std::string> base64_offsets(std::string_view bytes) {
  // Behind `shift` foreign bytes, the first characters mix theirs with ours; so do the last ones with what follows.
  constexpr std::size_t kHead[] = {0, 2, 3};
  std::vector<std::string> forms;
  for (std::size_t shift = 0; shift < 3; ++shift) {
    const std::string encoded = base64(std::string(shift, ' ') + std::string(bytes));
    const std::size_t tail_bytes = (bytes.size() + shift) % 3;
    const std::size_t cut = tail_bytes == 0 ? 0 : tail_bytes == 1 ? 3 : 2;
    const std::size_t end = encoded.size() - cut;
    forms.push_back(end > kHead[shift] ? encoded.substr(kHead[shift], end - kHead[shift]) : std::string());
  }
  return forms;
}

bool to_utf16(std::string_view text, Utf16 form, std::string& out) {
  out.clear();
  const auto unit = [&](std::uint32_t code) {
    const char low = static_cast<char>(code & 0xFF), high = static_cast<char>(code >> 8 & 0xFF);
    out += form == Utf16::big ? high : low;
    out += form == Utf16::big ? low : high;
  };
  if (form == Utf16::marked) unit(0xFEFF);
  while (!text.empty()) {
    std::size_t skip = 0;
    const std::size_t size = json::utf8_sequence(text, skip);
    if (size == 0) return false;
    constexpr unsigned kLeadMask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    std::uint32_t code = static_cast<unsigned char>(text[0]) & kLeadMask[size];
    for (std::size_t i = 1; i < size; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
    if (code >= 0x10000) {
      unit(0xD800 + ((code - 0x10000) >> 10));
      unit(0xDC00 + ((code - 0x10000) & 0x3FF));
    } else {
      unit(code);
    }
    text.remove_prefix(size);
  }
  return true;
}

std::vector<Pattern> dash_variants(const Pattern& pattern) {
  constexpr std::string_view kDashes[] = {"-", "/", "\u2013", "\u2014", "\u2015"};
  std::vector<Pattern> variants(1);
  for (const PatternPiece& piece : pattern) {
    if (piece.kind != PatternPiece::Kind::text) {
      for (Pattern& variant : variants) variant.push_back(piece);
      continue;
    }
    const std::string& text = piece.text;
    std::size_t done = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '-' && text[i] != '/') continue;
      if (i > 0 && is_word(text[i - 1])) continue;
      if (i + 1 >= text.size() || !is_word(text[i + 1])) continue;
      std::vector<Pattern> next;
      if (variants.size() * std::size(kDashes) > kDashVariants) return {};
      for (const Pattern& variant : variants)
        for (std::string_view dash : kDashes) {
          next.push_back(variant);
          add_text(next.back(), std::string_view(text).substr(done, i - done));
          add_text(next.back(), dash);
        }
      variants = std::move(next);
      done = i + 1;
    }
    for (Pattern& variant : variants) add_text(variant, std::string_view(text).substr(done));
  }
  return variants;
}

void normalize(Pattern& pattern) {
  Pattern out;
  for (PatternPiece& piece : pattern) {
    if (piece.kind == PatternPiece::Kind::text) add_text(out, piece.text);
    else add_wildcard(out, piece.kind == PatternPiece::Kind::any_one ? '?' : '*');
  }
  pattern = std::move(out);
}

std::vector<Pattern> expand_placeholders(std::string_view written, const PlaceholderValues& values, std::string& missing,
                                         bool& found) {
  // Split into text and %name% first: each text part is then read as a pattern of its own.
  std::vector<Pattern> variants(1);
  std::string plain;
  const auto flush = [&] {
    const Pattern parsed = parse_pattern(plain);
    for (Pattern& variant : variants) variant.insert(variant.end(), parsed.begin(), parsed.end());
    plain.clear();
  };
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] == '\\' && i + 1 < written.size() && written[i + 1] == '%') {
      plain += written[++i];
      continue;
    }
    const std::size_t end = written[i] == '%' ? written.find('%', i + 1) : std::string_view::npos;
    const std::string_view name = end == std::string_view::npos ? std::string_view() : written.substr(i + 1, end - i - 1);
    if (name.empty() || name.find_first_of(" \t\\") != std::string_view::npos) {
      plain += written[i];
      continue;
    }
    found = true;
    flush();
    const auto entry = values.find(name);
    if (entry == values.end()) {
      missing = std::string(name);
      return {};
    }
    std::vector<Pattern> next;
    for (const Pattern& variant : variants)
      for (const std::string& value : entry->second) {
        next.push_back(variant);
        const Pattern parsed = parse_pattern(value);
        next.back().insert(next.back().end(), parsed.begin(), parsed.end());
      }
    variants = std::move(next);
    i = end;
  }
  flush();
  return variants;
}

}  // namespace logystera::detect
