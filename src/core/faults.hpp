// Named kill points for the crash tests. Built with -DLOGYSTERA_FAULTS, a process dies by SIGKILL where
// LOGYSTERA_KILL_AT=name or name:nth says; otherwise the macro is nothing at all.
#pragma once

#if defined(LOGYSTERA_FAULTS)
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace logystera::faults {

inline void kill_point(const char* name) noexcept {
  static int passed = 0;
  const char* wanted = std::getenv("LOGYSTERA_KILL_AT");
  if (wanted == nullptr) return;
  const std::size_t size = std::strlen(name);
  if (std::strncmp(wanted, name, size) != 0 || (wanted[size] != '\0' && wanted[size] != ':')) return;
  const int nth = wanted[size] == ':' ? std::atoi(wanted + size + 1) : 1;
  if (++passed >= nth) std::raise(SIGKILL);
}

}  // namespace logystera::faults
#define LOGYSTERA_KILL_POINT(name) ::logystera::faults::kill_point(name)
#else
#define LOGYSTERA_KILL_POINT(name) ((void)0)
#endif
