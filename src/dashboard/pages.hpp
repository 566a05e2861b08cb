// The pages, one file each.
#pragma once

#include <vector>

#include "dashboard/page.hpp"
#include "server/router.hpp"

namespace logystera::dashboard {

using Routes = std::vector<server::Route>;

void add_overview(const Context& context, Routes& routes);
void add_findings(const Context& context, Routes& routes);
void add_dismissals(const Context& context, Routes& routes);
void add_errors(const Context& context, Routes& routes);
void add_events(const Context& context, Routes& routes);
void add_sites(const Context& context, Routes& routes);
void add_rules(const Context& context, Routes& routes);

}  // namespace logystera::dashboard
