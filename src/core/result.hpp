// A value or the reason there is none. Nothing in this project throws across a module boundary.
#pragma once

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace logystera {

/// What sort of thing went wrong, for whoever answers in their own way: an exit code, an HTTP status, a class of exception.
/// Nobody reads the message to find out.
enum class ErrorKind : std::uint8_t {
  failed,     // the machine or a library did not do it: I/O, no memory, no random bytes
  invalid,    // what the caller gave is wrong, and will be wrong again
  not_found,  // what the caller named is not there
  exists,     // what the caller wants to make is there already
  busy,       // somebody else is at it: the same call may succeed later
  denied,     // an owner, a mode or a state forbids it
  too_large,  // a limit, or the room left, is exceeded
  broken,     // what was stored is damaged, or of another version
};

/// What went wrong, written for the person who has to act on it: what, where, remedy.
struct Error {
  std::string message;
  ErrorKind kind = ErrorKind::failed;
};

/// The kind of what a system call reports in errno.
constexpr ErrorKind kind_of_errno(int error) noexcept {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return ErrorKind::not_found;
    case EEXIST:
    case ENOTEMPTY: return ErrorKind::exists;
    case EAGAIN:
    case EBUSY:
    case EINTR:
    case ETXTBSY: return ErrorKind::busy;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP: return ErrorKind::denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENAMETOOLONG: return ErrorKind::too_large;
    default: return ErrorKind::failed;
  }
}

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
