#include "agent/moment.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

#include "agent/file.hpp"
#include "core/clock.hpp"

namespace logystera::agent {
namespace {

// The first 16 hex digits of the kernel's boot id; 0 where /proc does not show it (chroot, jail).
std::uint64_t boot_id() noexcept {
  char text[20] = {};
  const Fd file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  if (!file || ::read(file.get(), text, sizeof text - 1) != sizeof text - 1) return 0;
  std::uint64_t id = 0;
  int digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0 || ++digits > 16) break;
    id = (id << 4) | static_cast<std::uint64_t>(value);
  }
  return id;
}

}  // namespace

Moment now() noexcept { return {time_of(CLOCK_REALTIME).tv_sec, time_of(CLOCK_BOOTTIME).tv_sec, boot_id()}; }

std::int64_t seconds_between(const Moment& from, const Moment& to) noexcept {
  const bool same_boot = from.boot != 0 && from.boot == to.boot && to.since_boot >= from.since_boot;
  return same_boot ? to.since_boot - from.since_boot : to.wall - from.wall;
}

}  // namespace logystera::agent
