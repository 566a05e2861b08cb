// The pages, one file each.
#pragma once

#include <vector>

#include "dashboard/page.hpp"
#include "server/router.hpp"

namespace logystera::dashboard {

using Routes = std::vector<server::Route>;

void add_overview(const Context& context, Routes& routes);
void add_alerts(const Context& context, Routes& routes);
void add_alert(const Context& context, Routes& routes);
void add_alert_actions(const Context& context, Routes& routes);
void add_switches(const Context& context, Routes& routes);
void add_snooze_links(const Context& context, Routes& routes);
void add_findings(const Context& context, Routes& routes);
/// Fills the partial `explain_card`: `may_explain` says whether it is shown. `action`: what its form is sent to.
void add_explaining(web::View& view, const Context& context, const server::Request& request, const std::string& action);
void add_explanations(const Context& context, Routes& routes);
void add_dismissals(const Context& context, Routes& routes);
void add_errors(const Context& context, Routes& routes);
void add_events(const Context& context, Routes& routes);
void add_event(const Context& context, Routes& routes);
void add_sites(const Context& context, Routes& routes);
void add_rules(const Context& context, Routes& routes);
void add_trials(const Context& context, Routes& routes);
void add_fleet(const Context& context, Routes& routes);
/// Fills the partial `fleet_filter` of a list whose address has a `target` and a `group`; nothing is shown where there is no fleet. What
/// was chosen stands among the choices, whether the file of targets still has it or not.
void add_fleet_filter(web::View& view, const Context& context, const server::Request& request, const web::Form& form);

}  // namespace logystera::dashboard
