// The page on which a log is handed over, and its report (seed: "Log file upload").
#pragma once

#include <memory>
#include <vector>

#include "server/router.hpp"
#include "upload/desk.hpp"
#include "web/shell.hpp"

namespace logystera::upload {

/// GET /upload, POST /upload (a form, answered by a page) and PUT /upload/scan (the page's script, answered by what goes into it), for
/// analysts. `desk` and `shell` must outlive them; handlers run on `workers`.
std::vector<server::Route> page_routes(Desk& desk, const web::Shell& shell,
                                       const std::shared_ptr<server::Workers>& workers);

}  // namespace logystera::upload
