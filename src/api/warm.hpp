// Lines that programs hand in one at a time, looked at with the server's rules (POST /api/v1/events). Rules that count over time count
// over the calls of the same sender about the same source; nothing is stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/current_program.hpp"
#include "analysis/finding.hpp"
#include "core/result.hpp"

namespace logystera::api {

struct Looked {
  bool parsed = false;  // the line is of a format, the named one or one that was recognised
  std::vector<analysis::Finding> findings;
};

/// Thread-safe.
class Warm {
 public:
  struct Limits {
    std::size_t sources = 256;        // that are counted at a time; the one used longest ago goes
    std::size_t window_cells = 4096;  // of each
  };

  /// `program` must outlive it.
  explicit Warm(const analysis::CurrentProgram& program) : Warm(program, Limits()) {}
  Warm(const analysis::CurrentProgram& program, Limits limits) : program_(program), limits_(limits) {}
  ~Warm();

  /// `sender` and `source` say whose windows count; `format` empty: recognised. Errors: not_found for a format there is not, broken
  /// when there are no rules to look with.
  Result<Looked> look(const std::string& sender, const std::string& source, std::string_view line,
                      const std::string& format);

  std::size_t sources() const;

 private:
  struct Line;
  std::shared_ptr<Line> line_of(const std::string& key, const std::shared_ptr<const analysis::Program>& program);

  const analysis::CurrentProgram& program_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<Line>>> used_;  // the one used last in front
  std::unordered_map<std::string, decltype(used_)::iterator> found_;
};

}  // namespace logystera::api
