// The contract as a page, /api/docs: to be read, and to be tried where scripts run.
#pragma once

#include <memory>

#include "server/router.hpp"
#include "server/workers.hpp"
#include "web/shell.hpp"

namespace logystera::api {

/// `shell` must outlive it.
server::Route docs_route(const web::Shell& shell, std::shared_ptr<server::Workers> workers);

}  // namespace logystera::api
