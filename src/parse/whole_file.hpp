// A small file at once: configuration, lists of values.
#pragma once

#include <string>

#include "core/result.hpp"

namespace logystera::parse {

/// The whole of `path`, unpacked if it is compressed. A file of more than `most` bytes is an error that names it and ends in
/// `hint`; so is whatever open_input() and its stream refuse.
Result<std::string> read_whole_file(const std::string& path, std::size_t most, const char* hint = "");

}  // namespace logystera::parse
