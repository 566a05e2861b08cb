// application/x-www-form-urlencoded (WHATWG URL §5), as a query or a body: parsed strictly and within limits, since it comes
// from strangers. What does not parse is refused whole, a name that comes twice too (RFC 6749 §3.1).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "server/message.hpp"

namespace logystera::web {

inline constexpr std::size_t kFormBytes = 16 * 1024;
inline constexpr std::size_t kFormFields = 32;
inline constexpr std::size_t kFormNameBytes = 64;
inline constexpr std::size_t kFormValueBytes = 4096;

class Form {
 public:
  struct Limits {
    std::size_t bytes = kFormBytes;  // of the form as it is sent
    std::size_t value_bytes = kFormValueBytes;
    std::size_t fields = kFormFields;
  };

  /// The error names the limit or what does not parse; it never repeats a value.
  static Result<Form> parse(std::string_view text) { return parse(text, Limits()); }
  static Result<Form> parse(std::string_view text, Limits limits);
  /// A request's body, which must say that it is a form.
  static Result<Form> posted(const server::Request& request) { return posted(request, Limits()); }
  static Result<Form> posted(const server::Request& request, Limits limits);

  /// Overwrites the values: a password may be among them.
  ~Form();
  Form(Form&&) noexcept = default;
  Form& operator=(Form&&) noexcept = default;

  /// The value, decoded: UTF-8 without NUL. Empty when the field is missing.
  std::string_view operator[](std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept;
  /// Names and values, in their order.
  const std::vector<std::pair<std::string, std::string>>& fields() const noexcept { return fields_; }

 private:
  Form() = default;
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// `text` so that it can stand as a value in a query or a form: everything but unreserved characters as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace logystera::web
