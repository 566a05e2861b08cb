// How many files this process may have open.
#pragma once

#include <sys/resource.h>

#include <cstdint>

namespace logystera::cli {

/// After asking for as many as it may ask for.
inline std::uint64_t open_files_most() noexcept {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return UINT64_MAX;
  if (files.rlim_cur != files.rlim_max) {
    const rlimit all{files.rlim_max, files.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &all) == 0) files = all;
  }
  return files.rlim_cur == RLIM_INFINITY ? UINT64_MAX : files.rlim_cur;
}

}  // namespace logystera::cli
