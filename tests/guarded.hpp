// Memory with a page behind it that nobody may touch: a write beyond the end ends the process, also without a sanitizer.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

namespace logystera::test {

class Guarded {
 public:
  explicit Guarded(std::size_t bytes) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t pages = (bytes + page - 1) / page * page;
    mapped_bytes_ = pages + page;
    void* mapped = ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) std::abort();
    mapped_ = static_cast<char*>(mapped);
    end_ = mapped_ + pages;
    if (::mprotect(end_, page, PROT_NONE) != 0) std::abort();
  }
  ~Guarded() { ::munmap(mapped_, mapped_bytes_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  /// The last `bytes` before the page.
  char* last(std::size_t bytes) const { return end_ - bytes; }

 private:
  char* mapped_;
  char* end_;
  std::size_t mapped_bytes_;
};

}  // namespace logystera::test
