// JSON that is no line: objects over many lines, one behind the other or in one array, and arrays of records within a wrapper
// ({"Records":[{…},{…}]}, as cloud services write their logs). Each object is one record; brackets, commas and what a wrapper
// says besides are passed over.
//
// A line of a log of lines looks different: it is one object, and ends with its brace. A line that was torn looks like the first
// one of an object; whatever follows it then cannot follow there, and it is a line again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace logystera::parse {

/// Finds the end of one JSON value. Keeps its state, so that a value may be looked at in pieces.
class JsonExtent {
 public:
  enum class End : std::uint8_t {
    found,
    more,    // not in this text
    broken,  // no JSON: a line end within a string, a value where a key must be
  };

  /// Looks on from `at`, which moves behind the value, to the end of the text, or to what is broken.
  End find(std::string_view text, std::size_t& at) noexcept;
  /// Starts anew, behind the opening brackets of `depth` objects.
  void reset(std::size_t depth = 0) noexcept;

 private:
  static constexpr std::size_t kDepth = 64;

  std::size_t depth_ = 0;
  std::uint64_t objects_ = 0;  // a bit a level: an object, not a list
  char before_ = '\0';         // the last character that is no blank, outside strings
  bool in_string_ = false, escaped_ = false;
};

/// Takes text apart into records.
class JsonFrames {
 public:
  struct Frame {
    enum class Kind : std::uint8_t {
      record,  // [begin, end) is an object
      passed,  // brackets, commas, blanks, the rest of a wrapper
      line,    // no JSON: a line of text, without its end
      more,    // nothing whole is left
    };
    Kind kind;
    std::size_t begin, end;
    bool wrapper = false;  // passed: the rest of one
  };

  /// Whether what begins at `text`, the start of a line, is no single line. `line` is its first line. `needs_more`: cannot be said
  /// yet.
  bool starts(std::string_view text, std::string_view line, bool final, bool& needs_more) noexcept;
  /// Whether a line that is no record is several objects, one behind the other.
  static bool several(std::string_view line) noexcept;
  /// The first records of a text that is no JSON lines but JSON; empty if it is not.
  static std::vector<std::string_view> sample(std::string_view text, std::size_t most);
  /// Whether lines are frames until further notice.
  bool inside() const noexcept { return nest_ != Nest::none; }
  void begin() noexcept { nest_ = Nest::begin; }

  /// The next frame from `at` on.
  Frame next(std::string_view text, std::size_t at, bool final) noexcept;
  /// So many bytes have been taken: what was looked through in vain counts less.
  void taken(std::size_t bytes) noexcept;

 private:
  bool may_look() const noexcept;

  enum class Nest : std::uint8_t {
    none,
    begin,    // in front of the first value
    array,    // among the records of an array
    wrapped,  // the same, the array being a wrapper's
    tail,     // behind a wrapper's array
  };

  Nest nest_ = Nest::none;
  // Bytes that were looked through for the end of an object that has none. Lines that only look like the first of one would each be
  // looked through to the end of the text.
  std::size_t in_vain_ = 0;
};

}  // namespace logystera::parse
