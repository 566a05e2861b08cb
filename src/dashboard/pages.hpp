// The pages, one file each.
#pragma once

#include <vector>

#include "dashboard/page.hpp"
#include "server/router.hpp"

namespace logystera::dashboard {

using Routes = std::vector<server::Route>;

void add_overview(const Context& context, Routes& routes);
void add_findings(const Context& context, Routes& routes);
/// Fills the partial `explain_card`: `may_explain` says whether it is shown. `action`: what its form is sent to.
void add_explaining(web::View& view, const Context& context, const server::Request& request, const std::string& action);
void add_explanations(const Context& context, Routes& routes);
void add_dismissals(const Context& context, Routes& routes);
void add_errors(const Context& context, Routes& routes);
void add_events(const Context& context, Routes& routes);
void add_sites(const Context& context, Routes& routes);
void add_rules(const Context& context, Routes& routes);
void add_trials(const Context& context, Routes& routes);
void add_fleet(const Context& context, Routes& routes);

}  // namespace logystera::dashboard
