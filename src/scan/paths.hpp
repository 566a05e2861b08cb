// Which files a command line means: files, directories, patterns, rotated sets and standard input, in the order their
// lines were written.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"

namespace logystera::scan {

/// Files that are one log: a rotated set, oldest first, or a single file.
struct SourceSet {
  std::string name;  // the set's newest member, or the file
  std::vector<std::string> files;
};

struct PathOptions {
  bool rotated = false;  // a file brings its rotated siblings along
  std::size_t files_most = 100'000;
};

/// Expands `paths`; none at all means standard input. Directories are walked (hidden entries and links to directories are
/// left out), `*`, `?` and `[…]` are patterns where no file of that very name exists. Members of one rotated set become one
/// set whatever order they were named in. Errors: a path that does not exist, a pattern that fits nothing, no file at all.
Result<std::vector<SourceSet>> find_sources(const std::vector<std::string>& paths, const PathOptions& options = {});

/// The name a rotated file had when it was written: "access.log" for access.log.2.gz and access.log-20260101.
std::string rotation_base(const std::string& path);

/// What a source's baseline is kept under: the file name without rotation and extension ("syslog" for /var/log/syslog.1).
std::string source_key(const std::string& path);

}  // namespace logystera::scan
