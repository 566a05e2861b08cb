// A buffer directory of its own for a test, filled with real event lines, and a clock the test sets.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "agent/buffer.hpp"
#include "agent/dispatch.hpp"
#include "core/uuid.hpp"

namespace logystera::test {

inline std::string event_line(const std::string& id, const std::string& type = "cache.flush", std::size_t padding = 0) {
  return "{\"event_type\":\"" + type + "\",\"created_at\":1774211679,\"timestamp\":1774211679,\"event_id\":\"" + id +
         "\",\"labels\":{\"actor_uid\":\"" + std::string(padding, 'a') + "\"}}\n";
}

/// What the dispatcher takes for the time.
struct Clock {
  static inline std::int64_t wall = 0;
  static inline std::int64_t boot = 0;
  static inline std::uint64_t boot_id = 0;
  static agent::Moment read() noexcept { return {wall, boot, boot_id}; }
  static void reset() {
    const agent::Moment real = agent::now();
    wall = real.wall;
    boot = 1'000'000;
    boot_id = 7;
  }
  static void pass(std::int64_t seconds) {
    wall += seconds;
    boot += seconds;
  }
};

class Site {
 public:
  Site() {
    char name[] = "/tmp/logystera-test-XXXXXX";
    root_ = ::mkdtemp(name);
    directory_ = root_ + "/buffer";
    Clock::reset();
  }
  ~Site() { std::filesystem::remove_all(root_); }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  const std::string& directory() const { return directory_; }
  const std::string& root() const { return root_; }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  agent::Buffer buffer() const { return agent::Buffer::open(directory_).value(); }

  /// Appends events as a request does; returns their ids.
  std::vector<std::string> record(std::size_t events, std::size_t padding = 0) {
    agent::Buffer buffer = this->buffer();
    std::vector<std::string> ids;
    std::string lines;
    std::uint32_t pending = 0;
    const auto commit = [&] {
      const agent::CommitResult result = buffer.commit(lines, pending);
      if (result.committed != pending) throw std::runtime_error("the test's events did not fit");
      lines.clear();
      pending = 0;
    };
    for (std::size_t i = 0; i < events; ++i) {
      ids.push_back(uuids_.next());
      lines += event_line(ids.back(), "cache.flush", padding);
      if (++pending == 200 || lines.size() > 900'000) commit();
    }
    if (pending != 0) commit();
    return ids;
  }

  /// Appends bytes as they are, which no request does.
  void append_raw(const std::string& bytes) { buffer().commit(bytes, 1); }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) names.push_back(entry.path().filename());
    return names;
  }
  std::size_t segments() const { return buffer().files().value().size(); }

  std::string slurp(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  void spew(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << bytes;
  }
  /// All dead letters, one JSON object a line.
  std::vector<std::string> dead_letters() const {
    std::vector<std::string> letters;
    if (!std::filesystem::exists(path("dead"))) return letters;
    for (const auto& entry : std::filesystem::directory_iterator(path("dead"))) {
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) letters.push_back(line);
    }
    return letters;
  }

 private:
  std::string root_, directory_;
  UuidSource uuids_;
};

inline agent::DispatchOptions options() {
  agent::DispatchOptions options;
  options.clock = [](/* the test's */) noexcept { return Clock::read(); };
  return options;
}

}  // namespace logystera::test
