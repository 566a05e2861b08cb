// The logs questions are put to: files that can be read as often as a question wants them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/program.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"
#include "source/paths.hpp"

namespace logystera::ask {

inline constexpr std::uint64_t kInputBytes = 64ull << 30;  // of standard input, which is copied first

class Logs {
 public:
  /// Files as source::find_sources() finds them. Standard input becomes a temporary file without a name, since a question may read it
  /// more than once; `stop` ends that. `program` is one without rules.
  static Result<Logs> open(std::vector<source::SourceSet> sets, std::shared_ptr<const analysis::Program> program,
                           const std::function<bool()>& stop);

  const std::vector<source::SourceSet>& sets() const noexcept { return sets_; }
  const analysis::Program& program() const noexcept { return *program_; }
  /// What a file's records say they are from: the path as given, "-" for standard input.
  std::string shown_name(const std::string& path) const { return path == input_path_ ? "-" : path; }
  /// A file's place among all of them; that behind the last for others.
  std::uint64_t number_of(const std::string& path) const;

 private:
  std::vector<source::SourceSet> sets_;
  std::shared_ptr<const analysis::Program> program_;
  std::shared_ptr<Fd> input_;  // what was standard input
  std::string input_path_;
  std::unordered_map<std::string, std::uint64_t> numbers_;  // of files, by path
};

}  // namespace logystera::ask
