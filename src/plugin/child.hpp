// A child process that runs once, is fed a text, and is bounded: by time, by what it may use, and by what it may say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::plugin {

struct ChildLimits {
  std::int64_t time_ns = 10'000'000'000;
  std::uint64_t memory_bytes = 512ull << 20;  // address space
  std::size_t output_bytes = 1 << 20;         // of standard output; standard error is cut at 64 KiB
};

enum class ChildEnd : std::uint8_t { exited, killed, too_slow, too_much_output };

struct ChildResult {
  ChildEnd end = ChildEnd::exited;
  int status = 0;  // exit code, or the signal it was killed by
  std::string output, errors;
};

/// Runs `arguments` (a path first) with no environment, in `/`, in a session of its own, with `input` as its standard input. Its
/// whole process group is killed when it ends or is stopped. It makes no files, and no processes unless root runs it.
Result<ChildResult> run_child(const std::vector<std::string>& arguments, std::string_view input, const ChildLimits& limits);

}  // namespace logystera::plugin
