#include "cli/interrupt.hpp"

namespace logystera::cli {
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): what a signal handler may write to
std::atomic<bool> caught{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

}  // namespace

const std::atomic<bool>& interrupted() {
  static const bool installed = [] {
    struct sigaction action {};
    action.sa_handler = [](int) { caught.store(true); };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    return true;
  }();
  (void)installed;
  return caught;
}

EndSignals::EndSignals(bool hangup) noexcept {
  ::sigemptyset(&signals_);
  ::sigaddset(&signals_, SIGTERM);
  ::sigaddset(&signals_, SIGINT);
  if (hangup) ::sigaddset(&signals_, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

EndSignals::On EndSignals::wait() const noexcept {
  int number = 0;
  ::sigwait(&signals_, &number);
  return number == SIGHUP ? On::hangup : On::end;
}

EndSignals::On EndSignals::wait_for(std::chrono::seconds time) const noexcept {
  const timespec patience{time.count(), 0};
  const int number = ::sigtimedwait(&signals_, nullptr, &patience);
  return number < 0 ? On::nothing : number == SIGHUP ? On::hangup : On::end;
}

}  // namespace logystera::cli
