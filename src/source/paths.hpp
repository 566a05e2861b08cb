// Which files a command line means: files, directories, patterns, rotated sets and standard input, in the order their
// lines were written.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/walk.hpp"
#include "parse/input.hpp"

namespace logystera::source {

/// Files that are one log: a rotated set, oldest first, or a single file.
struct SourceSet {
  std::string name;  // the set's newest member, or the file
  std::vector<FilePath> files;
};

struct PathOptions {
  bool rotated = false;       // a file brings its rotated siblings along
  bool follow_links = false;  // symbolic links that are met, not named
  std::size_t files_most = 100'000;
};

/// Expands `paths`; none at all means standard input. Directories are walked (hidden entries are left out), `*`, `?` and `[…]`
/// are patterns where no file of that very name exists. What is met and not named is read only if it is a regular file, and
/// links lead nowhere unless they are followed (core/walk.hpp); the rest goes to `passed`. Members of one rotated set become
/// one set whatever order they were named in, and a file with several names is read once. Errors: a path that does not exist, a
/// pattern that fits nothing, no file at all.
Result<std::vector<SourceSet>> find_sources(const std::vector<std::string>& paths, const PathOptions& options = {},
                                            PassedOver* passed = nullptr);

/// Opens one of them: what was named as it is (a pipe, a link), what was found as open_found() does.
Result<parse::Input> open_source(const FilePath& file, const parse::InputLimits& limits = {});

/// What a source's baseline is kept under: the file name without rotation and extension ("syslog" for /var/log/syslog.1).
std::string source_key(const std::string& path);

}  // namespace logystera::source
