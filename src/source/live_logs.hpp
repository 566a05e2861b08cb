// Which logs a command line means that is about following: files that are named, and those that lie in directories or fit a pattern.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/walk.hpp"

namespace logystera::source {

struct LiveLog {
  FilePath file;
  std::string whole;            // its path from the root: the same log from whatever directory
  std::size_t argument = 0;     // which of the paths means it
  std::vector<FilePath> older;  // of a set that is named by dates: the plain parts before it, oldest first
};

/// A path that means no log now.
struct NoLogs {
  std::size_t argument = 0;
  Error why;
};

/// As an absolute path without ".", ".." and a slash at its end.
std::string whole_path(const std::string& path);

/// The logs `paths` mean now, each once, in the order of the paths. One that is named need not be there. What scan would take of a
/// directory or a pattern is one log a rotated set; rotated parts belong to the log they are of, and those whose log is not there are
/// left out, but for the newest of a set that is named by dates (rotatelogs). Directories that cannot be listed, and what holds no log,
/// go to `problems`.
std::vector<LiveLog> live_logs(const std::vector<std::string>& paths, bool follow_links, PassedOver& passed,
                               std::vector<NoLogs>& problems);

}  // namespace logystera::source
