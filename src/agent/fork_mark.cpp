#include "agent/fork_mark.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace logystera::agent {
namespace {

std::size_t page_bytes() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

ForkMark::ForkMark() noexcept : pid_(static_cast<int>(::getpid())) {
#if defined(MADV_WIPEONFORK)
  void* page = ::mmap(nullptr, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  if (::madvise(page, page_bytes(), MADV_WIPEONFORK) != 0) {
    ::munmap(page, page_bytes());
    return;
  }
  page_ = static_cast<volatile char*>(page);
  *page_ = 1;
#endif
}

ForkMark::~ForkMark() {
  if (page_ != nullptr) ::munmap(const_cast<char*>(page_), page_bytes());
}

bool ForkMark::pid_changed() noexcept {
  const int now = static_cast<int>(::getpid());
  if (now == pid_) return false;
  pid_ = now;
  return true;
}

}  // namespace logystera::agent
