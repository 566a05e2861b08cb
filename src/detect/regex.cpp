#include "detect/regex.hpp"

#include <algorithm>

namespace logystera::detect {

std::unique_ptr<const re2::RE2> compile_regex(std::string_view regex) {
  const bool ascii = std::all_of(regex.begin(), regex.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexBytes);
  options.set_encoding(ascii ? re2::RE2::Options::EncodingLatin1 : re2::RE2::Options::EncodingUTF8);
  return std::make_unique<const re2::RE2>(re2::StringPiece(regex.data(), regex.size()), options);
}

}  // namespace logystera::detect
