#include "gateway/freed_memory.hpp"

#include <malloc.h>

namespace logystera::gateway {

void keep_freed_memory() noexcept {
  constexpr int kKeepBytes = 4 << 20, kGrowBytes = 1 << 20;
  ::mallopt(M_TRIM_THRESHOLD, kKeepBytes);
  ::mallopt(M_MMAP_THRESHOLD, kKeepBytes);
  ::mallopt(M_TOP_PAD, kGrowBytes);
}

}  // namespace logystera::gateway
