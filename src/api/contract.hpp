// web/openapi.yaml as JSON, put into the program when it is built.
#pragma once

#include <string_view>

namespace logystera::api {

std::string_view contract() noexcept;

}  // namespace logystera::api
