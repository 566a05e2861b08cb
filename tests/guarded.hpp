// Memory between two pages that nobody may touch: a write or read beyond either end ends the process, also without a sanitizer.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace logystera::test {

class Guarded {
 public:
  explicit Guarded(std::size_t bytes) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t pages = (bytes + page - 1) / page * page;
    mapped_bytes_ = pages + 2 * page;
    void* mapped = ::mmap(nullptr, mapped_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) std::abort();
    mapped_ = static_cast<char*>(mapped);
    begin_ = mapped_ + page;
    end_ = begin_ + pages;
    if (::mprotect(begin_, pages, PROT_READ | PROT_WRITE) != 0) std::abort();
  }
  ~Guarded() { ::munmap(mapped_, mapped_bytes_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  /// The first byte, right behind a page.
  char* first() const { return begin_; }
  /// The last `bytes` before a page.
  char* last(std::size_t bytes) const { return end_ - bytes; }

  /// A copy of `text` that begins, or ends, at a page.
  std::string_view copy_first(std::string_view text) const { return copy(begin_, text); }
  std::string_view copy_last(std::string_view text) const { return copy(last(text.size()), text); }

 private:
  static std::string_view copy(char* to, std::string_view text) {
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  char* mapped_;
  char* begin_;
  char* end_;
  std::size_t mapped_bytes_;
};

}  // namespace logystera::test
