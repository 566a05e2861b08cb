#include "app/application.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "access/access.hpp"
#include "access/login.hpp"
#include "access/people_pages.hpp"
#include "access/second_factor.hpp"
#include "access/setup.hpp"
#include "access/users.hpp"
#include "alert/link.hpp"
#include "api/api.hpp"
#include "api/docs.hpp"
#include "api/problem.hpp"
#include "app/keeper.hpp"
#include "app/self_watch.hpp"
#include "app/telling.hpp"
#include "core/hmac.hpp"
#include "core/random.hpp"
#include "dashboard/dashboard.hpp"
#include "dashboard/notify_pages.hpp"
#include "gateway/authorization.hpp"
#include "gateway/ingest.hpp"
#include "gateway/pages.hpp"
#include "gateway/site_requests.hpp"
#include "live/bus.hpp"
#include "live/watcher.hpp"
#include "notify/desk.hpp"
#include "notify/sender.hpp"
#include "processor/alerting.hpp"
#include "processor/raise.hpp"
#include "processor/service.hpp"
#include "query/detection.hpp"
#include "query/signal.hpp"
#include "server/workers.hpp"
#include "upload/page.hpp"
#include "web/arrival.hpp"
#include "web/assets.hpp"
#include "web/attempt_limit.hpp"
#include "web/audit.hpp"
#include "web/csrf.hpp"
#include "web/sessions.hpp"
#include "web/shell.hpp"

namespace logystera::app {
namespace {

constexpr std::size_t kKeyBytes = 32, kEpochBytes = 6;

// Threads that may wait for the database, apart from those that serve connections: what a person looks at holds up neither what
// sites ask for nor what they send.
struct Pools {
  std::shared_ptr<server::Workers> pages = std::make_shared<server::Workers>(gateway::pages::workers());
  std::shared_ptr<server::Workers> api = std::make_shared<server::Workers>(api::Api::workers());
  std::shared_ptr<server::Workers> sites = std::make_shared<server::Workers>(server::Workers::Options{});
};

access::Seal seal_of(const gateway::Vault& vault) {
  return {[&vault](std::string_view secret, std::string_view bound_to) { return vault.seal(secret, bound_to); },
          [&vault](std::string_view sealed, std::string_view bound_to) { return vault.unseal(sealed, bound_to); }};
}

notify::Seal notify_seal_of(const gateway::Vault& vault) {
  return {[&vault](std::string_view secret, std::string_view bound_to) { return vault.seal(secret, bound_to); },
          [&vault](std::string_view sealed, std::string_view bound_to) { return vault.unseal(sealed, bound_to); }};
}

class Rooms final : public Application {
 public:
  Rooms(store::Store& store, gateway::Entities& entities, const analysis::CurrentProgram& program, const Options& options,
        std::unique_ptr<store::BatchWriter> writer)
      : store_(store),
        entities_(entities),
        program_(program),
        now_(options.now),
        elapsed_(options.elapsed),
        log_(options.log),
        writer_(std::move(writer)),
        ingest_(entities, *writer_, {options.rate, options.min_agent_version, options.now, options.log, clock_refused()}),
        site_requests_(entities, store, arrival_, {options.min_agent_version, options.now, options.log, clock_refused()}),
        users_(store),
        sessions_(store.accounts()),
        authorization_(store, entities, {options.now, options.log}),
        arrival_({options.proxies, options.tls}),
        audit_(arrival_, options.now),
        second_factor_(store, seal_of(entities.vault())),
        desk_(program),
        notify_(store, {options.now, notify_seal_of(entities.vault()), [this] { wake_sender(); }}),
        notify_ca_certs_(options.notify_ca_certs) {}

  Result<Done> make_access(const Options& options) {
    auto secret = random_text(kKeyBytes);
    if (!secret) return secret.error();
    forms_ = std::make_unique<web::FormTokens>(secret.value());
    shell_ = std::make_unique<web::Shell>(
        *forms_, web::Shell::Options{[this] { return dashboard_->sites(); }, [this] { return hints(); }});
    pseudonyms_ = std::make_unique<query::Pseudonyms>(pseudonym_key(secret.value()));
    dashboard_ = std::make_unique<dashboard::Dashboard>(store_, entities_, program_, *shell_, *pseudonyms_,
                                                        dashboard_options(options));
    api_ = std::make_unique<api::Api>(api::Parts{store_,
                                                 entities_,
                                                 program_,
                                                 arrival_,
                                                 *pseudonyms_,
                                                 desk_,
                                                 notify_,
                                                 options.now,
                                                 options.log,
                                                 {},
                                                 options.fleet.path,
                                                 options.telling,
                                                 [this] { return detection(); }});
    notify_pages_ = std::make_unique<dashboard::NotifyPages>(
        dashboard::NotifyPages::Parts{store_, notify_, *shell_, audit_, options.now, options.log});
    access::Access::Options wanted;
    wanted.now = options.now;
    wanted.elapsed = options.elapsed;
    wanted.log = options.log;
    wanted.api_token = options.api_token;
    wanted.reachable = options.reachable;
    wanted.open = options.open_to_all;
    wanted.proxy_remedy = options.proxy_remedy;
    wanted.page = web::problem_page;
    auto access = access::Access::make(store_, sessions_, arrival_, *forms_, std::move(wanted));
    if (!access) return access.error();
    access_ = std::move(access).value();
    auto login = access::Login::make({store_, users_, *access_, second_factor_, setup_, arrival_, *forms_, audit_,
                                      options.now, options.log, options.elapsed});
    if (!login) return login.error();
    login_ = std::move(login).value();
    auto people = access::PeoplePages::make({store_, users_, second_factor_, *shell_, audit_, arrival_, options.now,
                                             options.log, login_->passwords(), options.retention, options.elapsed});
    if (!people) return people.error();
    people_ = std::move(people).value();
    return Done{};
  }

  Result<Done> make_connect(const Options& options) {
    auto connect = gateway::Connect::make(authorization_, arrival_, *forms_,
                                          {options.now, options.log, options.address_remedy, options.elapsed});
    if (!connect) return connect.error();
    connect_ = std::move(connect).value();
    return Done{};
  }

  Result<Done> start_watcher(const Options& options) {
    auto epoch = random_text(kEpochBytes);
    if (!epoch) return epoch.error();
    bus_ = std::make_unique<live::Bus>(epoch.value());
    auto watcher = live::Watcher::start(store_, *bus_, options.log);
    if (!watcher) return watcher.error();
    watcher_ = std::move(watcher).value();
    return Done{};
  }

  // Once it is known where links lead.
  void start_sender() {
    const std::lock_guard lock(sender_mutex_);
    if (sender_) return;
    notify::SenderOptions wanted;
    wanted.now = now_;
    wanted.log = log_;
    wanted.seal = notify_seal_of(entities_.vault());
    wanted.ca_certs = notify_ca_certs_;
    wanted.links = [this, key = HmacKey(links_key())] {
      notify::Links links;
      if (const auto url = pages_url_.load()) links.base = *url;
      links.snooze = [key](std::int64_t alert, std::string_view duration, std::int64_t channel, std::int64_t now) {
        return alert::SnoozeLink{alert, std::string(duration), channel, now + alert::kLinkSeconds}.text(key);
      };
      return links;
    };
    auto sender = notify::Sender::start(store_, std::move(wanted));
    if (!sender) return log_(sender.error().message);
    sender_ = std::move(sender).value();
  }
  void stop_sender() noexcept {
    const std::lock_guard lock(sender_mutex_);
    sender_.reset();
  }
  void wake_sender() noexcept {
    const std::lock_guard lock(sender_mutex_);
    if (sender_) sender_->wake();
  }

  // With a salt, what stands for personal data is the same after a restart.
  std::string pseudonym_key(std::string_view secret) const {
    const auto program = program_.get();
    const std::string salt = program ? program.value()->pipeline().salt : std::string();
    return std::string(bytes_of(hmac_sha256(salt.empty() ? secret : salt, "signals/pseudonyms/v1")));
  }

  // What sites send is looked at behind their backs: nobody's answer waits for it.
  Result<Done> start_detection(const Options& options) {
    if (!options.detect) return Done{};
    auto follows = options.on_findings;
    if (!follows)
      follows = processor::alerting(program_, HmacKey(entities_.vault().derived("alerts/identity/v1")), options.now,
                                    options.telling);
    auto started = processor::Service::start(
        store_, *writer_, program_,
        {options.now, options.log, entities_.vault().derived("detect/groups/v1"), std::move(follows)});
    if (!started) return started.error();
    detection_ = std::move(started).value();
    return Done{};
  }

  query::Detection detection() const {
    if (!detection_) return {};
    processor::Status status = detection_->status();
    return {true,
            status.running,
            status.position,
            status.lag_seconds,
            status.ring_overflows,
            status.windows_forgotten,
            status.late,
            std::move(status.problem),
            std::move(status.damaged_settings)};
  }

  Result<Done> start_keeper(const Options& options) {
    auto keeper = Keeper::start({store_, options.now, [this] { return writer_->idle(); }, options.retention, options.log});
    if (!keeper) return keeper.error();
    keeper_ = std::move(keeper).value();
    return Done{};
  }

  // After all it looks at has started.
  Result<Done> start_self_watch(const Options& options) {
    if (!options.self_watch.on) return Done{};
    auto watch = SelfWatch::start({store_, program_, HmacKey(entities_.vault().derived("alerts/identity/v1")), options.now,
                                   options.log, options.telling, [this] { return detection(); },
                                   [this] { return ingest_.failures(); }, [this] { return keeper_->problem(); },
                                   options.self_watch});
    if (!watch) return watch.error();
    self_watch_ = std::move(watch).value();
    return Done{};
  }

  // Requests come once it has started, and until after it has ended.
  std::function<void(std::string_view, std::int64_t)> clock_refused() {
    return [this](std::string_view site, std::int64_t ahead) {
      const std::lock_guard lock(self_watch_mutex_);
      if (self_watch_) self_watch_->clock_refused(site, ahead);
    };
  }
  std::vector<std::string> hints() const {
    const std::lock_guard lock(self_watch_mutex_);
    return self_watch_ ? self_watch_->hints() : std::vector<std::string>();
  }
  void stop_self_watch() noexcept {
    std::unique_ptr<SelfWatch> ended;  // whose round may ask for what is locked
    const std::lock_guard lock(self_watch_mutex_);
    std::swap(ended, self_watch_);
  }

  dashboard::Options dashboard_options(const Options& options) {
    const auto note = [this](store::Stores& stores, const server::Request& request, std::string_view action,
                             std::string_view object, std::string_view before, std::string_view after) {
      return audit_.note(stores, request, action, object, before, after);
    };
    return {options.now,
            options.log,
            note,
            [this] {
              const auto url = gateway_url_.load();
              return url ? *url : std::string();
            },
            options.explainer,
            {options.fleet.path, options.fleet.read_only || !options.api_token.empty(), options.fleet.web_paths},
            options.telling,
            snooze_links(),
            [this] { return detection(); }};
  }

  std::string links_key() const { return entities_.vault().derived("alerts/links/v1"); }

  std::shared_ptr<const dashboard::SnoozeLinks> snooze_links() const {
    const std::string key = links_key();
    constexpr web::AttemptLimit::Rate kRate{.burst = 20, .per_minute = 20};
    return std::make_shared<const dashboard::SnoozeLinks>(
        dashboard::SnoozeLinks{HmacKey(key), [this](const server::Request& request) { return arrival_.client(request); },
                               std::make_shared<web::AttemptLimit>(kRate, key, elapsed_), name_of_channel});
  }

  Result<Done> start_alert_clock(const Options& options) {
    auto clock = processor::AlertClock::start(store_, options.now, options.telling, options.log);
    if (!clock) return clock.error();
    alert_clock_ = std::move(clock).value();
    return Done{};
  }

  // With the account of whoever is signed in, so that it is there in his next browser. Where it cannot be stored, this one has it.
  void remember_theme(const server::Request& request, std::string_view theme) {
    const auto visitor = sessions_.visitor(request, arrival_.cookies(request), now_());
    if (!visitor) return log_(visitor.error().message);
    if (!visitor->signed_in || visitor->signed_in->user == 0) return;
    auto transaction = store_.begin();
    if (!transaction) return log_(transaction.error().message);
    store::AccountStore& accounts = transaction.value()->accounts();
    auto user = accounts.find_user(visitor->signed_in->user);
    if (!user) return log_(user.error().message);
    if (!user.value() || user.value()->theme == theme) return;
    user.value()->theme = theme;
    if (auto set = accounts.set_preferences(*user.value()); !set) return log_(set.error().message);
    if (auto done = transaction.value()->commit(); !done) log_(done.error().message);
  }

  std::vector<server::Route> pages() override {
    std::vector<server::Route> routes = connect_->routes(pools_.pages);
    for (server::Route& route : login_->routes(pools_.pages)) routes.push_back(std::move(route));
    for (server::Route& route : people_->routes(pools_.pages)) routes.push_back(std::move(route));
    const auto remember = [this](const server::Request& request, std::string_view theme) {
      remember_theme(request, theme);
    };
    routes.push_back(shell_->theme_route(remember, pools_.pages));
    for (server::Route& route : upload::page_routes(desk_, *shell_, pools_.pages)) routes.push_back(std::move(route));
    for (server::Route& route : dashboard_->routes(pools_.pages)) routes.push_back(std::move(route));
    for (server::Route& route : notify_pages_->routes(pools_.pages)) routes.push_back(std::move(route));
    routes.push_back(api::docs_route(*shell_, pools_.pages));
    shell_->link(routes);
    const auto https = [this](const server::Request& request) { return arrival_.https(request); };
    for (server::Route& route : routes) route = web::finished(std::move(route), https);
    for (server::Route& route : web::asset_routes()) routes.push_back(std::move(route));
    routes.push_back({"GET", "/live", 0,
                      [this](const server::Request& request, const server::Reply& reply) {
                        reply(bus_->join(request.principal, request.header("Last-Event-ID").value_or(std::string_view())));
                      },
                      pools_.pages, "viewer"});
    for (server::Route& route : api_->routes(pools_.api)) routes.push_back(std::move(route));
    routes.push_back(api_->metrics_route(pools_.api));
    return routes;
  }

  std::vector<server::Route> ingest() override {
    std::vector<server::Route> routes = ingest_.routes();
    for (server::Route& route : site_requests_.routes(pools_.sites)) routes.push_back(std::move(route));
    return routes;
  }

  std::vector<server::Route> health() override {
    const auto handle = [this](const server::Request&, const server::Reply& reply) {
      if (auto found = store_.entities().find("ent_"); !found) {
        log_(found.error().message);
        return reply(server::problem(503, "store_failed", "the store cannot be read: see the gateway's log"));
      }
      reply(server::json_answer(200, R"({"status":"ok","version":")" LOGYSTERA_VERSION "\"}"));
    };
    server::Route route{"GET", "/health", 0, handle, pools_.sites};
    route.any_host = true;  // who looks after it calls it by whatever name it has there
    return {route};
  }

  Result<Entry> entry() override {
    auto mode = access_->mode();
    if (!mode) return mode.error();
    Entry entry{mode.value(), {}};
    if (mode.value() != access::Access::Mode::setup) return entry;
    auto secret = setup_.make(elapsed_());
    if (!secret) return secret.error();
    entry.setup_secret = std::move(secret).value();
    return entry;
  }

  decltype(server::Listener::authorize) authorize() override {
    return [this](server::Request& request, std::string_view role) { return access_->authorize(request, role); };
  }

  decltype(server::Listener::refused) refused() override {
    return [this](const server::Request& request, server::Answer answer) {
      return web::refused_page(request, api::reworded(request, std::move(answer)), arrival_.https(request));
    };
  }

  void open(gateway::PublicAddresses addresses) override {
    if (!addresses.issuer.empty()) arrival_.set_public(addresses.issuer.starts_with("https://"));
    if (!addresses.gateway.empty()) gateway_url_.store(std::make_shared<const std::string>(addresses.gateway));
    if (!addresses.issuer.empty()) pages_url_.store(std::make_shared<const std::string>(addresses.issuer));
    connect_->open(std::move(addresses));
    start_sender();
  }
  void finish() noexcept override {
    stop_sender();
    watcher_.reset();
    stop_self_watch();
    alert_clock_.reset();
    keeper_.reset();
    detection_.reset();
    writer_.reset();
  }

 private:
  store::Store& store_;
  gateway::Entities& entities_;
  const analysis::CurrentProgram& program_;
  std::function<std::int64_t()> now_;
  const web::Elapsed elapsed_;
  std::function<void(std::string_view)> log_;
  Pools pools_;
  std::unique_ptr<store::BatchWriter> writer_;
  gateway::Ingest ingest_;
  gateway::SiteRequests site_requests_;
  access::Users users_;
  web::Sessions sessions_;
  gateway::Authorization authorization_;
  web::Arrival arrival_;
  web::Audit audit_;
  access::SecondFactor second_factor_;
  access::SetupSecret setup_;
  std::atomic<std::shared_ptr<const std::string>> gateway_url_;
  std::unique_ptr<web::FormTokens> forms_;
  std::unique_ptr<access::Access> access_;
  std::unique_ptr<access::Login> login_;
  std::unique_ptr<access::PeoplePages> people_;
  std::unique_ptr<gateway::Connect> connect_;
  std::unique_ptr<web::Shell> shell_;
  std::unique_ptr<query::Pseudonyms> pseudonyms_;
  std::unique_ptr<dashboard::Dashboard> dashboard_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<live::Bus> bus_;
  std::unique_ptr<live::Watcher> watcher_;  // tells the bus
  std::unique_ptr<processor::AlertClock> alert_clock_;
  std::unique_ptr<Keeper> keeper_;                 // asks the writer
  std::unique_ptr<processor::Service> detection_;  // hears of what the writer has stored
  upload::Desk desk_;                              // its threads answer with what stands above
  std::atomic<std::shared_ptr<const std::string>> pages_url_;
  notify::Desk notify_;
  std::string notify_ca_certs_;
  std::unique_ptr<dashboard::NotifyPages> notify_pages_;
  std::mutex sender_mutex_;
  std::unique_ptr<notify::Sender> sender_;  // its thread reads what stands above
  mutable std::mutex self_watch_mutex_;
  std::unique_ptr<SelfWatch> self_watch_;  // so does its thread
};

}  // namespace

Result<std::unique_ptr<Application>> Application::make(store::Store& store, gateway::Entities& entities,
                                                       const analysis::CurrentProgram& program, const Options& options) {
  auto writer = store.start_batch_writer();
  if (!writer) return writer.error();
  auto rooms = std::make_unique<Rooms>(store, entities, program, options, std::move(writer).value());
  if (auto made = rooms->make_access(options); !made) return made.error();
  if (auto made = rooms->make_connect(options); !made) return made.error();
  if (auto started = rooms->start_watcher(options); !started) return started.error();
  if (auto started = rooms->start_alert_clock(options); !started) return started.error();
  if (auto started = rooms->start_detection(options); !started) return started.error();
  if (auto started = rooms->start_keeper(options); !started) return started.error();
  if (auto started = rooms->start_self_watch(options); !started) return started.error();
  return std::unique_ptr<Application>(std::move(rooms));
}

unsigned Application::threads() noexcept {
  return gateway::pages::workers().threads + api::Api::workers().threads + server::Workers::Options{}.threads;
}

}  // namespace logystera::app
