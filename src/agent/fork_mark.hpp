// Tells a process that it is a forked child, at the price of one memory read.
#pragma once

namespace logystera::agent {

/// A page the kernel wipes in every child (MADV_WIPEONFORK). No atfork handler, which would outlive an unloaded library, and
/// no getpid per event. Where the kernel lacks it, the process id is compared instead.
class ForkMark {
 public:
  ForkMark() noexcept;
  ~ForkMark();
  ForkMark(const ForkMark&) = delete;
  ForkMark& operator=(const ForkMark&) = delete;

  /// True once in each child: what was inherited belongs to the parent.
  bool just_forked() noexcept {
    if (page_ != nullptr) {
      if (*page_ != 0) return false;
      *page_ = 1;
      return true;
    }
    return pid_changed();
  }

 private:
  bool pid_changed() noexcept;

  volatile char* page_ = nullptr;
  int pid_ = 0;
};

}  // namespace logystera::agent
