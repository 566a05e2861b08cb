// What pages load: one stylesheet, one script, one sprite of icons. They are in the program, and their names change with what they
// hold, so that browsers ask for each once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/router.hpp"

namespace logystera::web {

/// Where browsers get the file of web/dist of that name, "app.css" for example; empty when there is none.
std::string asset_path(std::string_view name);

/// A route for each, for everybody.
std::vector<server::Route> asset_routes();

/// Bytes of all of them as they are sent, compressed.
std::size_t assets_bytes();

}  // namespace logystera::web
