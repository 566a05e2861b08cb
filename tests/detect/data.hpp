// Where the shared test data is, and records made by hand.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace logystera::test {

/// The shared data's folder, or empty if it is not at hand: LOGYSTERA_DATA, else ../shared/data beside the project.
inline std::string data_directory() {
  if (const char* named = std::getenv("LOGYSTERA_DATA")) return named;
  const std::string beside = "../shared/data";
  return std::filesystem::is_directory(beside) ? beside : std::string();
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace logystera::test
