// Text in memory of a fixed size: the one way core, agent and extension write into it. What does not fit is left out and
// known to be, so no caller needs an argument that its output cannot be longer than its input. Such an argument was wrong
// once, with a visitor's bytes.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// -ftrivial-auto-var-init=zero would clear a BoundedText of kilobytes before each use, although only bytes that were written
// are ever read. The attribute belongs to the variable, not to its type.
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define LOGYSTERA_UNINITIALIZED __attribute__((uninitialized))
#endif
#endif
#ifndef LOGYSTERA_UNINITIALIZED
#define LOGYSTERA_UNINITIALIZED
#endif

namespace logystera {

/// A cursor over memory somebody else owns, which outlives it. What is there after a cut is a prefix of what was appended:
/// a piece that does not fit fills what is left, so nothing fits behind it.
class BoundedWriter {
 public:
  BoundedWriter(char* begin, std::size_t capacity) noexcept : begin_(begin), at_(begin), end_(begin + capacity) {}

  // Each says whether all of it fitted.
  bool append(std::string_view text) noexcept {
    if (text.size() > left()) return fill(text);
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return true;
  }
  /// The same for a literal, whose length the compiler knows.
  template <std::size_t Size>
  bool append(const char (&literal)[Size]) noexcept {
    return append(std::string_view(literal, Size - 1));
  }
  bool append(char c) noexcept {
    if (at_ == end_) {
      cut_ = true;
      return false;
    }
    *at_++ = c;
    return true;
  }
  /// Decimal digits.
  template <typename Integer>
  bool append_integer(Integer value) noexcept {
    constexpr std::size_t kDigitsMost = 24;
    if (left() >= kDigitsMost) {
      at_ = std::to_chars(at_, end_, value).ptr;
      return true;
    }
    char digits[kDigitsMost];
    return append(std::string_view(
        digits, static_cast<std::size_t>(std::to_chars(digits, digits + kDigitsMost, value).ptr - digits)));
  }
  /// Two lower-case hex digits a byte.
  bool append_hex(std::string_view bytes) noexcept {
    static constexpr char kDigits[] = "0123456789abcdef";
    if (bytes.size() <= left() / 2) {
      for (const char byte : bytes) {
        *at_++ = kDigits[static_cast<unsigned char>(byte) >> 4];
        *at_++ = kDigits[static_cast<unsigned char>(byte) & 15];
      }
      return true;
    }
    for (const char byte : bytes) {
      append(kDigits[static_cast<unsigned char>(byte) >> 4]);
      append(kDigits[static_cast<unsigned char>(byte) & 15]);
    }
    return false;
  }
  /// Text that has at least kPadding readable bytes: one block copy instead of a call.
  bool append_padded(const char* text, std::size_t size) noexcept {
    if (size > kPadding || left() < kPadding) return append(std::string_view(text, size));
    std::memcpy(at_, text, kPadding);
    at_ += size;
    return true;
  }
  static constexpr std::size_t kPadding = 32;

  /// `size` bytes at the end to be written by whole blocks, or nullptr; `take` says afterwards how many of them count.
  char* room(std::size_t size) noexcept { return size <= left() ? at_ : nullptr; }
  void take(std::size_t size) noexcept { at_ += size <= left() ? size : left(); }

  /// Whether something was left out since the beginning or `clear`.
  bool cut() const noexcept { return cut_; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  std::string_view view() const noexcept { return {begin_, size()}; }
  void clear() noexcept {
    at_ = begin_;
    cut_ = false;
  }

 private:
  bool fill(std::string_view text) noexcept {
    if (left() != 0) std::memcpy(at_, text.data(), left());  // memory of no bytes may be no memory
    at_ = end_;
    cut_ = true;
    return false;
  }

  char* begin_;
  char* at_;
  char* end_;
  bool cut_ = false;
};

/// The same with memory of its own.
template <std::size_t Capacity>
class BoundedText : public BoundedWriter {
 public:
  BoundedText() noexcept : BoundedWriter(bytes_, Capacity) {}
  BoundedText(const BoundedText&) = delete;
  BoundedText& operator=(const BoundedText&) = delete;

  /// With a zero behind it, for which there is always room.
  const char* c_str() noexcept {
    bytes_[size()] = '\0';
    return bytes_;
  }

 private:
  char bytes_[Capacity + 1];
};

}  // namespace logystera
