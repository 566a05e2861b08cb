// Where the shared test data lie: LOGYSTERA_DATA, or ../shared/data beside the repository. Tests that need them skip by name.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// The directory, or empty when there is none.
inline std::string shared_data() {
  namespace fs = std::filesystem;
  if (const char* named = std::getenv("LOGYSTERA_DATA")) return fs::is_directory(named) ? named : "";
  for (const char* beside : {"../shared/data", "../../shared/data"}) {
    if (fs::is_directory(beside)) return beside;
  }
  return "";
}

/// Every file below `directory` with that extension (all, if empty), in name order.
inline std::vector<std::string> files_below(const std::string& directory, const std::string& extension = "") {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file() && (extension.empty() || at->path().extension() == extension))
      files.push_back(at->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

inline std::string file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
