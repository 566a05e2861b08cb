// Text in other encodings than UTF-8. Windows writes logs as UTF-16, with a byte-order mark or without; redaction and rules work
// on bytes and would be blind to them. So what is read is decoded first. Single-byte encodings (Latin-1, cp1252) are read as they
// are: what is looked for is ASCII in them, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/record.hpp"

namespace logystera::parse {

enum class Encoding : std::uint8_t { bytes, utf8, utf16_le, utf16_be, utf32_le, utf32_be };

/// "", "utf-8" (with a byte-order mark), "utf-16le", …
std::string_view encoding_name(Encoding encoding) noexcept;

inline constexpr std::size_t kEncodingSample = 4096;

struct RecognisedEncoding {
  Encoding encoding = Encoding::bytes;  // utf8 only if there is a mark
  std::size_t mark_bytes = 0;           // of the byte-order mark, to be left out
};

/// By the first bytes of a text, `kEncodingSample` of them if there are so many. UTF-16 without a mark is recognised where no
/// other reading makes sense: whole units, nearly all of them text, many of them ASCII.
RecognisedEncoding recognise_encoding(std::string_view head) noexcept;

/// Decodes to UTF-8 piece by piece.
class TextDecoder {
 public:
  explicit TextDecoder(Encoding encoding) noexcept : encoding_(encoding) {}

  /// Appends what `bytes` say to `out`. A unit or a pair that is not complete waits for the next piece.
  void decode(std::string_view bytes, std::string& out);
  /// The text ends here; what is not complete becomes U+FFFD.
  void finish(std::string& out);
  /// Units that mean nothing (lone surrogates, half units, numbers beyond Unicode), given as U+FFFD.
  std::uint64_t replaced() const noexcept { return replaced_; }

 private:
  void put(std::uint32_t code, std::string& out);
  void unit(std::uint32_t unit, std::string& out);

  Encoding encoding_;
  unsigned char held_[4] = {};
  std::size_t held_size_ = 0;
  std::uint32_t high_ = 0;  // the first half of a surrogate pair
  std::uint64_t replaced_ = 0;
};

/// Whether a text in that encoding has to be decoded: its characters are units of two or four bytes.
inline bool is_wide(Encoding encoding) noexcept { return encoding > Encoding::utf8; }
/// Bytes of a unit.
inline std::size_t unit_bytes(Encoding encoding) noexcept {
  return !is_wide(encoding) ? 1 : encoding == Encoding::utf32_le || encoding == Encoding::utf32_be ? 4 : 2;
}
/// How many of `bytes` the first `text_size` bytes of what they are decoded to come from; nothing of a unit that is incomplete.
std::size_t encoded_size(Encoding encoding, std::string_view bytes, std::size_t text_size);

/// A line of bytes with letters that have NULs between them (UTF-16 or UTF-32 written into a log of bytes) without these NULs,
/// in the batch's arena; `line` itself if there are none.
std::string_view without_spacing_nuls(std::string_view line, RecordBatch& batch);

/// What a file is that is no log, by its first bytes, with what to do about it ("a zip archive: unpack it first"); empty: nothing
/// known. `head`: at least 512 bytes if there are so many, without leading NULs.
std::string_view known_binary(std::string_view head) noexcept;
/// Whether `sample` is no text at all: more than one in twenty of its bytes is a control character no log has (NULs do not
/// count), or most of it is NULs and it has no line.
bool is_binary(std::string_view sample) noexcept;

}  // namespace logystera::parse
