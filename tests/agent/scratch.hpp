// A directory for one test, removed afterwards, and lines to fill buffers with.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "agent/buffer.hpp"
#include "core/event.hpp"
#include "core/uuid.hpp"

namespace logystera::test {

class Scratch {
 public:
  Scratch() {
    char name[] = "/tmp/logystera-test-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path(const std::string& name = "buffer") const { return root_ + "/" + name; }

 private:
  std::string root_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  ::chmod(path.c_str(), 0600);
}

/// A valid event line, newline included, of exactly `bytes` bytes (at least 200).
inline std::string event_line(std::size_t bytes = 300, const std::string& id = {}) {
  static UuidSource uuids;
  std::string line = R"({"event_type":"config.save","created_at":1774211679,"timestamp":1774211679,"event_id":")" +
                     (id.empty() ? uuids.next() : id) + R"(","labels":{"config_name":")";
  const std::string end = "\"}}\n";
  if (line.size() + end.size() < bytes) line.append(bytes - line.size() - end.size(), 'x');
  return line + end;
}

/// Every line of every file of the buffer, in the order a dispatcher would send them.
inline std::vector<std::string> buffered_lines(const agent::Buffer& buffer) {
  std::vector<std::string> lines;
  const auto files = buffer.files();
  for (const agent::Segment& file : files.value()) {
    std::istringstream text(read_file(buffer.path_of(file.name)));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
  }
  return lines;
}

inline std::uint64_t bytes_on_disk(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat st;
    if (::lstat(entry.path().c_str(), &st) == 0) bytes += static_cast<std::uint64_t>(st.st_size);
  }
  return bytes;
}

/// A spill slot is full with one event_line().
inline agent::BufferOptions slots_of_one_line() {
  agent::BufferOptions options;
  options.spill_bytes = event_line().size();
  return options;
}

/// Limits made small, so that every boundary is crossed in a test of a second.
inline agent::BufferOptions small_limits(std::uint64_t segment, std::uint64_t total) {
  agent::BufferOptions options;
  options.segment_bytes = segment;
  options.total_bytes = total;
  options.housekeeping_bytes = 0;
  options.spill_bytes = 1024;
  options.dead_letter_bytes = total / 4;
  return options;
}

}  // namespace logystera::test
