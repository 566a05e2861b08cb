// Which plugins run, and what they may take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace logystera::plugin {

inline constexpr std::size_t kMemoryMibByDefault = 16, kMemoryMibLeast = 1, kMemoryMibMost = 1024;
inline constexpr std::uint64_t kInstructionsByDefault = 20'000'000, kInstructionsLeast = 10'000,
                               kInstructionsMost = 10'000'000'000;

enum class Language : std::uint8_t { lua, python };

struct Options {
  std::string directory;                                // empty: none
  std::vector<std::string> files;                       // besides those of the directory, whatever their names end in
  std::size_t memory_mib = kMemoryMibByDefault;         // of each Lua state
  std::uint64_t instructions = kInstructionsByDefault;  // while a Lua plugin registers
  bool python = true;                                   // false: *.py files are skipped, with a warning

  bool none() const noexcept { return directory.empty() && files.empty(); }
};

}  // namespace logystera::plugin
