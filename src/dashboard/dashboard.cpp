#include "dashboard/dashboard.hpp"

#include <mutex>
#include <utility>

#include "dashboard/pages.hpp"

namespace logystera::dashboard {
namespace {

constexpr std::int64_t kSitesSeconds = 5;  // how old the header's list of sites may be

}  // namespace

struct Dashboard::Rooms {
  Context context;
  std::mutex mutex;
  std::vector<web::Shell::Site> sites;
  std::int64_t sites_at = -kSitesSeconds;
};

Dashboard::Dashboard(store::Store& store, gateway::Entities& entities, const analysis::CurrentProgram& program,
                     const web::Shell& shell, const query::Pseudonyms& pseudonyms, Options options)
    : rooms_(new Rooms{{store, entities, program, shell, pseudonyms, std::move(options)}, {}, {}}) {}

Dashboard::~Dashboard() = default;

std::vector<server::Route> Dashboard::routes(const std::shared_ptr<server::Workers>& workers) {
  Context& context = rooms_->context;
  context.workers = workers;
  Routes routes;
  add_overview(context, routes);
  add_alerts(context, routes);
  add_alert(context, routes);
  add_alert_actions(context, routes);
  add_switches(context, routes);
  add_snooze_links(context, routes);
  add_findings(context, routes);
  add_explanations(context, routes);
  add_dismissals(context, routes);
  add_errors(context, routes);
  add_events(context, routes);
  add_event(context, routes);
  add_sites(context, routes);
  add_rules(context, routes);
  add_trials(context, routes);
  add_fleet(context, routes);
  return routes;
}

std::vector<web::Shell::Site> Dashboard::sites() {
  const std::lock_guard lock(rooms_->mutex);
  const std::int64_t now = rooms_->context.now();
  if (now - rooms_->sites_at < kSitesSeconds && now >= rooms_->sites_at) return rooms_->sites;
  auto entities = rooms_->context.reading().entities().list();
  if (!entities) return rooms_->sites;  // the page itself says what is wrong
  rooms_->sites.clear();
  for (const store::Entity& entity : entities.value()) {
    if (entity.revoked_at == 0) rooms_->sites.push_back({entity.token, entity.name});
  }
  rooms_->sites_at = now;
  return rooms_->sites;
}

}  // namespace logystera::dashboard
