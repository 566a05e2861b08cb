// A value or the reason there is none. Nothing in this project throws across a module boundary.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace logystera {

/// What went wrong, written for the person who has to act on it: what, where, remedy.
struct Error {
  std::string message;
};

/// Either a T or an Error. `value()` on an error, and `error()` on a value, are programming errors.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// The same for operations that return nothing: `Result<Done>`.
struct Done {};

}  // namespace logystera
