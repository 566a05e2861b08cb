// multipart/form-data (RFC 7578 over RFC 2046, 5.1) as browsers post a file: parsed strictly and within limits, since it comes from
// strangers. What does not parse is refused whole.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "server/message.hpp"

namespace logystera::web {

inline constexpr std::size_t kMultipartParts = 16;
inline constexpr std::size_t kPartHeaderBytes = 4096;
/// What a form may have besides its file: delimiters, headers and other fields.
inline constexpr std::size_t kMultipartOverheadBytes = 64 * 1024;

class Multipart {
 public:
  struct Part {
    std::string name;
    std::optional<std::string> file;  // what the browser calls the file; none: a field
    std::string_view value;           // bytes of the body
  };

  /// The boundary in a Content-Type; nothing when it is no multipart/form-data.
  static std::optional<std::string> boundary_of(std::string_view content_type);
  /// `body` must outlive it. The error says what does not parse and repeats nothing of it.
  static Result<Multipart> parse(std::string_view body, std::string_view boundary);

  /// The part of that name, when it is there; no name is there twice.
  const Part* find(std::string_view name) const noexcept;

 private:
  std::vector<Part> parts_;
};

}  // namespace logystera::web
