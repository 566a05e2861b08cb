// The files of formats/, compiled into the program so that it needs nothing beside it. The build generates the table.
#pragma once

#include <string_view>
#include <vector>

namespace logystera::parse {

struct BuiltInFormat {
  std::string_view file;  // "formats/access_combined.json"
  std::string_view json;
};

const std::vector<BuiltInFormat>& built_in_formats();

}  // namespace logystera::parse
