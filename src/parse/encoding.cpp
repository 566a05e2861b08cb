#include "parse/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/utf8.hpp"

namespace logystera::parse {
namespace {

bool is_surrogate(std::uint32_t unit) noexcept { return unit >= 0xD800 && unit < 0xE000; }

// Characters a line of a log may be made of, among the first 256.
bool is_text(std::uint32_t code) noexcept {
  return (code >= 0x20 && code < 0x7F) || code == '\t' || code == '\n' || code == '\r' || code == 0x1B || code == '\f' ||
         code >= 0xA0;
}

// Units of two bytes that can only be text: every second byte of most of them is NUL, and none is NUL or a control character.
bool looks_like_utf16(std::string_view head, bool little) noexcept {
  constexpr std::size_t kUnitsLeast = 8;
  const std::size_t units = head.size() / 2;
  if (units < kUnitsLeast) return false;
  const auto printable = [](unsigned char byte) { return byte >= 0x20 && byte < 0x7F; };
  std::size_t ascii = 0, two_letters = 0, high_halves = 0, low_halves = 0;
  for (std::size_t i = 0; i < units; ++i) {
    const auto first = static_cast<unsigned char>(head[2 * i]), second = static_cast<unsigned char>(head[2 * i + 1]);
    const std::uint32_t unit = little ? first | second << 8 : second | first << 8;
    if (unit < 0x100 && !is_text(unit)) return false;
    if (unit >= 0xFFFE) return false;
    if (i == 0 && printable(first) && printable(second)) return false;  // bytes, with something else behind them
    ascii += unit < 0x80;
    two_letters += printable(first) && printable(second);
    high_halves += unit >= 0xD800 && unit < 0xDC00;
    low_halves += unit >= 0xDC00 && unit < 0xE000;
  }
  // Times, levels and addresses are ASCII in every language's logs.
  return ascii * 4 >= units && two_letters * 2 <= ascii && high_halves * 20 <= units && low_halves * 20 <= units;
}

struct Magic {
  std::size_t at;
  std::string_view bytes;
  std::string_view what;
};

using namespace std::string_view_literals;

constexpr std::string_view kUnpack = "packed in a way that is not read here: unpack it first";
constexpr std::string_view kImage = "an image, not a log";
constexpr std::string_view kProgram = "a program or library, not a log";

constexpr Magic kMagics[] = {
    {0, "PK\x03\x04"sv, "a zip archive: unpack it first"},
    {0, "PK\x05\x06"sv, "a zip archive: unpack it first"},
    {0, "7z\xBC\xAF\x27\x1C"sv, "a 7z archive: unpack it first"},
    {0, "Rar!\x1A\x07"sv, "a rar archive: unpack it first"},
    {0,
     "\xFD"
     "7zXZ\0"sv,
     "packed by xz: unpack it first (xz -dc FILE | logystera scan -)"},
    {4, "1AY&SY"sv, "packed by bzip2: unpack it first (bzip2 -dc FILE | logystera scan -)"},
    {0, "\x04\x22\x4D\x18"sv, "packed by lz4: unpack it first (lz4 -dc FILE | logystera scan -)"},
    {0, "\x1F\x9D"sv, kUnpack},
    {0, "\x1F\xA0"sv, kUnpack},
    {257, "ustar"sv, "a tar archive: unpack it first (tar -xOf FILE | logystera scan -)"},
    {0, "LPKSHHRH"sv, "a systemd journal: journalctl --file FILE -o export | logystera scan -"},
    {0, "SQLite format 3\0"sv, "an SQLite database, not a log"},
    {0,
     "\x7F"
     "ELF"sv,
     kProgram},
    {0, "MZ\x90\0"sv, kProgram},
    {0, "\xCA\xFE\xBA\xBE"sv, kProgram},
    {0, "\xCF\xFA\xED\xFE"sv, kProgram},
    {0, "\x89PNG\r\n\x1A\n"sv, kImage},
    {0, "\xFF\xD8\xFF"sv, kImage},
    {0, "GIF87a"sv, kImage},
    {0, "GIF89a"sv, kImage},
    {8, "WEBPVP8"sv, kImage},
    {0, "%PDF-"sv, "a PDF document, not a log"},
    {0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "an Office or event document (OLE), not a log"},
    {0, "LfLe"sv, "a Windows event log of before Vista (EVT): convert it to EVTX (wevtutil export-log) first"},
    {4, "LfLe"sv, "a Windows event log of before Vista (EVT): convert it to EVTX (wevtutil export-log) first"},
    {0, "\xD4\xC3\xB2\xA1"sv, "a capture of packets, not a log"},
    {0, "\xA1\xB2\xC3\xD4"sv, "a capture of packets, not a log"},
    {8, "\x4D\x3C\x2B\x1A"sv, "a capture of packets, not a log"},
};

}  // namespace

std::string_view encoding_name(Encoding encoding) noexcept {
  constexpr std::string_view names[] = {"", "utf-8", "utf-16le", "utf-16be", "utf-32le", "utf-32be"};
  return names[static_cast<std::size_t>(encoding)];
}

RecognisedEncoding recognise_encoding(std::string_view head) noexcept {
  head = head.substr(0, kEncodingSample);
  const auto starts = [head](std::string_view mark) { return head.substr(0, mark.size()) == mark; };
  if (starts("\xEF\xBB\xBF"sv)) return {Encoding::utf8, 3};
  if (starts("\xFF\xFE\0\0"sv)) return {Encoding::utf32_le, 4};
  if (starts("\0\0\xFE\xFF"sv)) return {Encoding::utf32_be, 4};
  if (starts("\xFF\xFE"sv)) return {Encoding::utf16_le, 2};
  if (starts("\xFE\xFF"sv)) return {Encoding::utf16_be, 2};
  if (head.empty() || std::memchr(head.data(), '\0', head.size()) == nullptr) return {};
  if (looks_like_utf16(head, true)) return {Encoding::utf16_le, 0};
  if (looks_like_utf16(head, false)) return {Encoding::utf16_be, 0};
  return {};
}

void TextDecoder::put(std::uint32_t code, std::string& out) {
  char bytes[kUtf8BytesMost];
  out.append(bytes, put_utf8(code, bytes));
}

void TextDecoder::unit(std::uint32_t unit, std::string& out) {
  constexpr std::uint32_t kReplacement = 0xFFFD, kMost = 0x10FFFF;
  if (high_ != 0) {
    const std::uint32_t high = std::exchange(high_, 0);
    if (unit >= 0xDC00 && unit < 0xE000) return put(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00), out);
    ++replaced_;
    put(kReplacement, out);
  }
  const bool pairs = encoding_ == Encoding::utf16_le || encoding_ == Encoding::utf16_be;
  if (pairs && unit >= 0xD800 && unit < 0xDC00) {
    high_ = unit;
  } else if (is_surrogate(unit) || unit > kMost) {
    ++replaced_;
    put(kReplacement, out);
  } else if (unit != 0xFEFF) {  // a mark within: files put one behind the other
    put(unit, out);
  }
}

void TextDecoder::decode(std::string_view bytes, std::string& out) {
  if (encoding_ == Encoding::bytes || encoding_ == Encoding::utf8) {
    out += bytes;
    return;
  }
  const bool wide = encoding_ == Encoding::utf32_le || encoding_ == Encoding::utf32_be;
  const bool little = encoding_ == Encoding::utf32_le || encoding_ == Encoding::utf16_le;
  const std::size_t size = wide ? 4 : 2;
  for (char byte : bytes) {
    held_[held_size_++] = static_cast<unsigned char>(byte);
    if (held_size_ < size) continue;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | held_[little ? size - 1 - i : i];
    held_size_ = 0;
    unit(value, out);
  }
}

void TextDecoder::finish(std::string& out) {
  const bool half = held_size_ > 0;
  held_size_ = 0;
  for (bool broken : {std::exchange(high_, 0) != 0, half}) {
    if (!broken) continue;
    ++replaced_;
    put(0xFFFD, out);
  }
}

std::size_t encoded_size(Encoding encoding, std::string_view bytes, std::size_t text_size) {
  if (!is_wide(encoding)) return std::min(bytes.size(), text_size);
  const std::size_t unit = unit_bytes(encoding);
  TextDecoder decoder(encoding);
  std::string piece;
  std::size_t at = 0, size = 0, whole = 0;
  while (size < text_size && at + unit <= bytes.size()) {
    piece.clear();
    decoder.decode(bytes.substr(at, unit), piece);
    at += unit;
    size += piece.size();
    if (!piece.empty()) whole = at;
  }
  return whole;
}

std::string_view without_spacing_nuls(std::string_view line, RecordBatch& batch) {
  constexpr std::size_t kUnitsLeast = 3, kGapMost = 3;
  char* out = nullptr;
  std::size_t size = 0, copied = 0;
  for (std::size_t at = 0; at < line.size();) {
    const auto* nul = static_cast<const char*>(std::memchr(line.data() + at, '\0', line.size() - at));
    if (!nul) break;
    const auto first_nul = static_cast<std::size_t>(nul - line.data());
    std::size_t gap = 0;
    while (first_nul + gap < line.size() && line[first_nul + gap] == '\0') ++gap;
    at = first_nul + gap;
    if (first_nul == 0 || gap > kGapMost) continue;
    // Units of one byte and `gap` NULs, the last perhaps cut by the line's end.
    std::size_t units = 0, end = first_nul - 1;
    while (end < line.size() && line[end] != '\0') {
      std::size_t nuls = 0;
      while (nuls <= gap && end + 1 + nuls < line.size() && line[end + 1 + nuls] == '\0') ++nuls;
      const bool cut = end + 1 + nuls == line.size();
      if (nuls != gap && !cut) break;
      ++units;
      end = std::min(line.size(), end + 1 + nuls);
    }
    if (units < kUnitsLeast) continue;
    if (!out) out = batch.arena.allocate(line.size());
    std::memcpy(out + size, line.data() + copied, first_nul - 1 - copied);
    size += first_nul - 1 - copied;
    for (std::size_t i = first_nul - 1; i < end; ++i)
      if (line[i] != '\0') out[size++] = line[i];
    at = copied = end;
  }
  if (!out) return line;
  std::memcpy(out + size, line.data() + copied, line.size() - copied);
  return {out, size + line.size() - copied};
}

// Whether these are records of who logged in (wtmp, btmp, utmp of Linux): 384 bytes each, which begin with a small number and end
// in 20 that are not used.
static bool is_logins(std::string_view text) noexcept {
  constexpr std::size_t kRecord = 384, kUnused = 20, kTypeMost = 9;
  if (text.size() < kRecord) return false;
  for (; text.size() >= kRecord; text.remove_prefix(kRecord)) {
    const std::string_view record = text.substr(0, kRecord);
    if (static_cast<unsigned char>(record[0]) > kTypeMost || record.substr(1, 3) != "\0\0\0"sv) return false;
    if (record.substr(kRecord - kUnused).find_first_not_of('\0') != std::string_view::npos) return false;
  }
  return true;
}

std::string_view known_binary(std::string_view head) noexcept {
  if (is_logins(head)) return "a record of logins (wtmp, btmp or utmp), not a log: 'last -f FILE' shows it";
  for (const Magic& magic : kMagics)
    if (head.size() >= magic.at + magic.bytes.size() && head.substr(magic.at, magic.bytes.size()) == magic.bytes)
      return magic.what;
  return {};
}

bool is_binary(std::string_view sample) noexcept {
  constexpr std::size_t kBytesLeast = 64, kOneIn = 20;
  static constexpr auto kControl = [] {
    std::array<bool, 256> control{};
    for (std::size_t i = 1; i < 0x20; ++i) control[i] = true;
    for (char usual : {'\t', '\n', '\v', '\f', '\r', '\b', '\a', '\x1b'})
      control[static_cast<unsigned char>(usual)] = false;
    control[0x7F] = true;
    return control;
  }();
  std::size_t controls = 0, nuls = 0;
  for (char c : sample) {
    controls += kControl[static_cast<unsigned char>(c)];
    nuls += c == '\0';
  }
  if (sample.size() >= kBytesLeast && nuls * 2 > sample.size() && sample.find('\n') == std::string_view::npos) return true;
  return sample.size() - nuls >= kBytesLeast && controls * kOneIn > sample.size() - nuls;
}

}  // namespace logystera::parse
