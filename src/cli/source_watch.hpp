// Files a running command was made of, watched by looking at them now and then: `serve --reload`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace logystera::cli {

class SourceWatch {
 public:
  static constexpr std::size_t kFilesMost = 20'000;

  /// Files, and directories with all below them. What is not there may come.
  explicit SourceWatch(std::vector<std::string> paths);

  /// The first file that has been changed, added or removed, once it has stayed the same between two calls: one that is still being
  /// written is waited for. Empty: none.
  std::string changed();

 private:
  using Marks = std::map<std::string, std::pair<std::int64_t, std::int64_t>>;  // path → size, time of change
  Marks look() const;

  const std::vector<std::string> paths_;
  Marks first_, last_;
};

/// The file this program is run from, also after it has been replaced.
std::string program_file();
/// Runs `file` in the place of this program, with the arguments it was started with. Returns only when it cannot; errno says why.
void run_again(const std::string& file);

}  // namespace logystera::cli
