// Where the shared test data is, and reading it. Tests that need it skip by name without it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace logystera::test {

/// $LOGYSTERA_DATA, or ../shared/data beside the repository; nothing if `below` is not there.
inline std::optional<std::filesystem::path> shared_data(const std::string& below) {
  const char* set = std::getenv("LOGYSTERA_DATA");
  const std::filesystem::path path = std::filesystem::path(set && *set ? set : "../shared/data") / below;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  return path;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace logystera::test
