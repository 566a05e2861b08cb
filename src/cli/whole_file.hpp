// A file of the user's that is written at once.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::cli {

/// Makes `text` the content of the file, which keeps its owner, mode and links. Until all of it is on the disk the file is what it was:
/// a full disk or a kill leaves no half of one. What is no ordinary file (a pipe, a device), or stands in a directory nothing can be
/// made in, is written as it is. Errors: with the path and the reason.
Result<Done> write_whole_file(const std::string& path, std::string_view text);

}  // namespace logystera::cli
