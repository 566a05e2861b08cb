// Errors: the kind that goes with a message, and what errno stands for.
#include "core/result.hpp"

#include <cerrno>

#include "catch.hpp"

using logystera::Error;
using logystera::ErrorKind;
using logystera::kind_of_errno;

TEST_CASE("an error that names no kind is a failure of the machine") { CHECK(Error{"x"}.kind == ErrorKind::failed); }

TEST_CASE("errno says what sort of fault a system call met") {
  CHECK(kind_of_errno(ENOENT) == ErrorKind::not_found);
  CHECK(kind_of_errno(ENOTDIR) == ErrorKind::not_found);
  CHECK(kind_of_errno(EEXIST) == ErrorKind::exists);
  CHECK(kind_of_errno(EAGAIN) == ErrorKind::busy);
  CHECK(kind_of_errno(EACCES) == ErrorKind::denied);
  CHECK(kind_of_errno(ELOOP) == ErrorKind::denied);
  CHECK(kind_of_errno(ENOSPC) == ErrorKind::too_large);
  CHECK(kind_of_errno(EMFILE) == ErrorKind::too_large);
  CHECK(kind_of_errno(EIO) == ErrorKind::failed);
  CHECK(kind_of_errno(0) == ErrorKind::failed);
}
