// Appending whole lines to a file whose last writer may have died within one.
#pragma once

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

#include "core/fd.hpp"

namespace logystera::agent {

/// Whether a file of `size` bytes ends within a line: its last writer died there.
inline bool ends_within_line(const Fd& file, std::uint64_t size) noexcept {
  char last = '\n';
  return size != 0 && ::pread(file.get(), &last, 1, static_cast<off_t>(size) - 1) == 1 && last != '\n';
}

/// One write of `lines`, behind a newline of its own to heal such a file. What the kernel took, or -1.
inline ssize_t write_lines(const Fd& file, bool heal, std::string_view lines) noexcept {
  char newline = '\n';
  struct iovec parts[2] = {{&newline, 1}, {const_cast<char*>(lines.data()), lines.size()}};
  ssize_t written;
  do {
    written = heal ? ::writev(file.get(), parts, 2) : ::write(file.get(), lines.data(), lines.size());
  } while (written < 0 && errno == EINTR);
  return written;
}

}  // namespace logystera::agent
