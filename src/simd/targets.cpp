// Which instruction sets Highway's dispatch may choose here.
//
// Highway itself is used for its headers alone. Its library answers the same question, but measures the processor's clock
// whenever a program that is linked with it starts, which is four milliseconds, used or not: a tenth of a start with
// thousands of rules. Sets it would tell apart further (Zen 4, Sapphire Rapids) run as the one below them.
#include <hwy/highway.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#if HWY_ARCH_X86
#include <cpuid.h>
#endif

namespace hwy {
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the state of Highway, whose library is not linked
ChosenTarget chosen_target;

#if HWY_ARCH_X86
// What compilers have no name for in __builtin_cpu_supports. The sets it belongs to are asked for beside it, and they tell
// whether the system saves the wide registers.
bool counts_and_halves() noexcept {
  constexpr unsigned kHalves = 1u << 29, kCounts = 1u << 5;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kHalves) == 0) return false;
  return __get_cpuid(0x80000001, &a, &b, &c, &d) != 0 && (c & kCounts) != 0;
}

std::int64_t found() noexcept {
  std::int64_t targets = 0;
#ifdef HWY_SSE2  // Debian 12's has none
  targets |= HWY_SSE2;
#endif
  if (!__builtin_cpu_supports("ssse3")) return targets;
  targets |= HWY_SSSE3;
  if (!__builtin_cpu_supports("sse4.1") || !__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("aes") ||
      !__builtin_cpu_supports("pclmul"))
    return targets;
  targets |= HWY_SSE4;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi") ||
      !__builtin_cpu_supports("bmi2") || !counts_and_halves())
    return targets;
  targets |= HWY_AVX2;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512cd"))
    return targets;
  targets |= HWY_AVX3;
  if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("vpclmulqdq") &&
      __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
      __builtin_cpu_supports("avx512bitalg") && __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("gfni"))
    targets |= HWY_AVX3_DL;
  return targets;
}
#endif

}  // namespace

// Declared by Highway's headers.
std::int64_t SupportedTargets() {
#if HWY_ARCH_X86
  return found() | HWY_STATIC_TARGET;
#else
  return HWY_STATIC_TARGET;  // what the program was compiled for
#endif
}

ChosenTarget& GetChosenTarget() { return chosen_target; }

// What Highway's own checks call; they are compiled in beside sanitizers only.
HWY_NORETURN void Abort(const char* file, int line, const char* format, ...) {
  std::fprintf(stderr, "%s:%d: ", file, line);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
  std::abort();
}

}  // namespace hwy
