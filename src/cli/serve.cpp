// `logystera serve`: the gateway.
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>

#include "analysis/current_program.hpp"
#include "app/application.hpp"
#include "app/telling.hpp"
#include "cli/analysis.hpp"
#include "cli/assistant.hpp"
#include "cli/command.hpp"
#include "cli/config.hpp"
#include "cli/gateway_store.hpp"
#include "cli/interrupt.hpp"
#include "cli/log.hpp"
#include "cli/open_files.hpp"
#include "cli/secret_option.hpp"
#include "cli/source_watch.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "core/secret.hpp"
#include "dashboard/dashboard.hpp"
#include "detect/known.hpp"
#include "gateway/freed_memory.hpp"
#include "gateway/web_address.hpp"
#include "server/http.hpp"
#include "web/hosts.hpp"

namespace logystera::cli {
namespace {

constexpr const char* kNoAuthVariable = "LOGYSTERA_NO_AUTH";
constexpr std::size_t kApiTokenCharsSafe = 20;

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string listen;  // ADDR:PORT
  bool behind_proxy = false;
  std::size_t proxies = 1;
  std::string public_url;
  std::vector<std::string> allow_hosts;
  bool no_auth = false, no_detect = false;
  server::TlsFiles tls;
  gateway::RateLimit rate;
  std::string min_agent_version;
  std::size_t connections = server::Limits{}.connections;
  std::optional<std::size_t> connections_per_address;
  unsigned threads = 0;
  AnalysisOptions analysis;
  bool reload = false;
  SecretOption api_token{{"", "--api-token-file", kApiTokenVariable, "API token", "choose another token"}};
};

// "127.0.0.1:9000" or "[::1]:9000".
Result<Done> read_address(std::string_view text, std::string& host, std::uint16_t& port) {
  const Error wrong{fmt::format("--listen {}: write ADDRESS:PORT, for example 127.0.0.1:9000 or [::1]:9000", text),
                    ErrorKind::invalid};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  std::string_view address = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  else if (address.find(':') != std::string_view::npos) return wrong;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || address.empty()) return wrong;
  host = address;
  return Done{};
}

// Signatures do not hide what is sent, so whatever leaves this machine is encrypted: by us or by a proxy in
// front.
Result<Done> check_exposure(const std::string& host, const Options& options) {
  auto loopback = server::is_loopback(host);
  if (!loopback) return loopback.error();
  if (loopback.value() || options.behind_proxy || !options.tls.certificate.empty()) return Done{};
  return Error{fmt::format("{} can be reached from other machines: give --tls-cert and --tls-key, or --behind-proxy when a "
                           "proxy in front of it does TLS",
                           host),
               ErrorKind::invalid};
}

// Whether $LOGYSTERA_NO_AUTH says what --no-auth says. Neither yes nor no is an error: a mistake must not open a server.
Result<bool> is_open_to_all(const Options& options) {
  const char* said = std::getenv(kNoAuthVariable);
  const std::string_view text = said ? said : "";
  if (text == "1" || text == "true") return true;
  if (text.empty() || text == "0" || text == "false") return options.no_auth;
  return Error{fmt::format("${}: must be 1 (open to everybody) or 0", kNoAuthVariable), ErrorKind::invalid};
}

// The token of the option's file, the environment or the configuration.
Result<std::string> api_token_of(const Options& options, const Config& config) {
  auto token = options.api_token.resolve();
  if (!token) return token;
  if (token->empty()) token = config.api_token;
  const bool can_be_sent = std::all_of(token->begin(), token->end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!can_be_sent) {
    return Error{"the API token (api_token): letters, digits and signs of ASCII alone, without blanks", ErrorKind::invalid};
  }
  if (!token->empty() && token->size() < kApiTokenCharsSafe) {
    log(fmt::format(
        "the API token has {} characters: whoever guesses it may do everything here. 'openssl rand -hex 32' makes a "
        "better one",
        token->size()));
  }
  return token;
}

// By which names it may be called: where it listens, what the operator says, and the host in --public-url.
Result<web::Hosts> hosts_of(const Options& options, const Config& config, const std::string& origin) {
  web::Hosts::Options known;
  known.remedy = "starts it with --allow-host and that name";
  known.bound.push_back(options.host);
  if (!options.listen.empty()) {
    std::uint16_t port = 0;
    if (auto read = read_address(options.listen, known.bound.emplace_back(), port); !read) return read.error();
  }
  known.names = config.allow_hosts;
  known.names.insert(known.names.end(), options.allow_hosts.begin(), options.allow_hosts.end());
  if (!origin.empty()) {
    std::string host = origin.substr(origin.find("://") + 3);
    host = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
    known.names.push_back(std::move(host));  // with any port: a proxy may leave it out, or have another
  }
  auto hosts = web::Hosts::make(known);
  if (!hosts) return Error{fmt::format("--allow-host {}", printable(hosts.error().message)), hosts.error().kind};
  return hosts;
}

Result<std::vector<server::Listener>> listeners_of(const Options& options, app::Application& application,
                                                   web::Hosts known) {
  const auto hosts = std::make_shared<const web::Hosts>(std::move(known));
  const auto add = [](server::Listener& listener, std::vector<server::Route> routes) {
    for (server::Route& route : routes) listener.routes.push_back(std::move(route));
  };
  std::vector<server::Listener> listeners(1);
  listeners[0] = {options.host, options.port, options.tls, application.pages()};
  add(listeners[0], application.health());
  if (!options.listen.empty()) {
    server::Listener own;
    if (auto read = read_address(options.listen, own.host, own.port); !read) return read.error();
    own.tls = options.tls;
    own.routes = application.health();
    listeners.push_back(std::move(own));
  }
  add(listeners.back(), application.ingest());
  for (server::Listener& listener : listeners) {
    listener.admit = [hosts](const server::Request& request) { return hosts->refusal(request); };
    listener.authorize = application.authorize();
    listener.refused = application.refused();
    if (auto fine = check_exposure(listener.host, options); !fine) return fine.error();
  }
  return listeners;
}

// The origin in --public-url; empty when it is not given.
Result<std::string> public_origin(const std::string& text) {
  if (text.empty()) return std::string();
  auto address = gateway::WebAddress::parse(text);
  if (!address)
    return Error{fmt::format("--public-url {}: {}", without_url_secrets(text), address.error().message),
                 address.error().kind};
  if (address->path != "/" || address->has_query) {
    return Error{fmt::format("--public-url {}: write scheme, host and port alone, as in https://gateway.example.org",
                             without_url_secrets(text)),
                 ErrorKind::invalid};
  }
  return address->origin();
}

// What browsers and sites are told: what the operator says, or else where it listens, unless that is every address at once, or
// a proxy stands before it.
gateway::PublicAddresses addresses_of(const std::string& origin, bool behind_proxy, const std::vector<std::string>& urls) {
  if (!origin.empty()) return {origin, origin};
  const auto reached = [](const std::string& url) {
    if (url.find("://0.0.0.0:") != std::string::npos || url.find("://[::]:") != std::string::npos) return std::string();
    auto address = gateway::WebAddress::parse(url);
    return address ? address->origin() : std::string();
  };
  gateway::PublicAddresses addresses{reached(urls.front()), reached(urls.back())};
  if (!behind_proxy && !addresses.issuer.empty() && !addresses.gateway.empty()) return addresses;
  log("sites cannot be connected in a browser: give this gateway's address with --public-url");
  return {};
}

// Whether and how one gets in, for whoever has just started it. The secret stands in a fragment, which browsers send to nobody.
Result<Done> tell_entry(app::Application& application, const std::string& origin, bool has_api_token) {
  using Mode = access::Access::Mode;
  auto entry = application.entry();
  if (!entry) return entry.error();
  switch (entry->mode) {
    case Mode::open:
      log("open to whoever uses this machine, as nobody has an account: 'logystera user add NAME --role admin' ends that");
      break;
    case Mode::opened:
      log("--no-auth: OPEN TO EVERYBODY who reaches it, as administrator; the network alone keeps others out");
      break;
    case Mode::setup:
      log(fmt::format("nobody has an account: make the first administrator within an hour at {}/setup#k={}", origin,
                      entry->setup_secret));
      wipe(entry->setup_secret);
      break;
    case Mode::closed:
      if (!has_api_token) log("the API takes tokens alone: 'logystera token add NAME' makes one");
      break;
  }
  return Done{};
}

// Connections must leave files for the database, or a full house answers every sender that nothing can be stored.
Result<server::Limits> limits_of(const Options& options, unsigned explaining_threads) {
  constexpr std::size_t kConnectionsLeast = 8, kFilesBeside = 24, kFilesOfAThread = 4;
  constexpr std::size_t kShareOfAddress = 8;  // an eighth of all
  server::Limits limits;
  limits.threads = options.threads != 0 ? options.threads : std::max(2u, std::thread::hardware_concurrency());
  limits.connections = options.connections;
  limits.connections_setting = "--connections";
  limits.per_address_setting = "--connections-per-address";
  const std::uint64_t most = open_files_most();
  const std::size_t others =
      kFilesBeside + kFilesOfAThread * (limits.threads + app::Application::threads() + explaining_threads);
  if (most < others + options.connections) {
    const std::size_t least = others + std::min(kConnectionsLeast, options.connections);
    if (most < least) {
      return Error{fmt::format("this process may open {} files at once, and needs {} at least: raise 'ulimit -n' "
                               "(LimitNOFILE= of the service)",
                               most, least),
                   ErrorKind::too_large};
    }
    limits.connections = most - others;
    log(
        fmt::format("--connections {}: this process may open {} files at once, so there are {}: raise 'ulimit -n' "
                    "(LimitNOFILE= of the service) to {}",
                    options.connections, most, limits.connections, others + options.connections));
  }
  const std::size_t share = std::max(kConnectionsLeast, limits.connections / kShareOfAddress);
  limits.connections_per_address =
      options.connections_per_address.value_or(options.behind_proxy ? limits.connections : share);
  return limits;
}

Result<std::shared_ptr<const analysis::Program>> load_program(const Globals& globals, const Options& options) {
  AnalysisOptions wanted = options.analysis;
  wanted.metrics = true;
  auto loaded = load_analysis("serve", globals, wanted);
  if (!loaded) return loaded.error();
  return std::move(loaded->program);
}

// Rules and settings as they are now; what is wrong with them is said, and those before stay.
void reload(const Globals& globals, const Options& options, analysis::CurrentProgram& program) {
  auto loaded = load_program(globals, options);
  if (!loaded) {
    program.refuse(loaded.error().message);
    return log(fmt::format("the rules stay as they were: {}", printable(loaded.error().message)));
  }
  const std::size_t rules = detect::count_known(loaded.value()->rules());
  if (const auto before = program.get())
    for (const std::string& note : before.value()->hook_notes()) log(printable(note));
  program.replace(std::move(loaded).value());
  log(fmt::format("configuration and {} rules are loaded again", rules));
}

// What a change of which starts a server with --reload again: the program, its configuration, and rules of the user's own.
std::vector<std::string> sources_of(const Globals& globals, const Options& options) {
  std::vector<std::string> paths{program_file()};
  const char* named = std::getenv(kConfigVariable);
  paths.push_back(!globals.config.empty() ? globals.config : named && *named ? named : kConfigFile);
  const auto add = [&](const std::vector<std::string>& more) { paths.insert(paths.end(), more.begin(), more.end()); };
  add(options.analysis.rules_dirs);
  add(options.analysis.sigma_dirs);
  if (!options.analysis.plugins_dir.empty()) paths.push_back(options.analysis.plugins_dir);
  if (auto config = load_config(globals.config)) {
    add(config->rules_dirs);
    add(config->sigma_dirs);
    add(config->metrics_dirs);
    for (const std::string& file :
         {config->placeholders, config->pii_rules_path, config->formats_dir, config->plugins.directory}) {
      if (!file.empty()) paths.push_back(file);
    }
  }
  return paths;
}

// Until it is to end; true: and to start again.
bool wait_for_end(const Globals& globals, const Options& options, const EndSignals& signals,
                  analysis::CurrentProgram& program) {
  std::optional<SourceWatch> sources;
  if (options.reload) sources.emplace(sources_of(globals, options));
  for (;;) {
    const auto came = sources ? signals.wait_for(std::chrono::seconds(1)) : signals.wait();
    if (came == EndSignals::On::end) return false;
    if (came == EndSignals::On::hangup) reload(globals, options, program);
    if (!sources) continue;
    if (const std::string path = sources->changed(); !path.empty()) {
      log(fmt::format("{} has changed: starting again", printable(path)));
      return true;
    }
  }
}

int start_again() {
  const std::string file = program_file();
  return_secret_variables();
  run_again(file);
  return fail("serve", Error{fmt::format("{}: cannot be started again: {}", file, std::strerror(errno))});
}

int run(const Globals& globals, const Options& options) {
  gateway::keep_freed_memory();
  if (options.tls.certificate.empty() != options.tls.key.empty()) {
    return fail("serve", Error{"--tls-cert and --tls-key belong together: give both", ErrorKind::invalid});
  }
  const EndSignals signals(true);

  auto gate = open_gateway_store(globals, store::Access::create);
  if (!gate) return fail("serve", gate.error());
  std::unique_ptr<server::Server> server;  // outlives the writer, whose last replies it still takes
  analysis::CurrentProgram program(load_program(globals, options));
  if (auto loaded = program.get(); !loaded) {
    log(fmt::format("logs cannot be looked at here, and uploads are refused: {}", printable(loaded.error().message)));
  }
  auto config = load_config(globals.config);
  if (!config) return fail("serve", config.error());
  auto api_token = api_token_of(options, config.value());
  if (!api_token) return fail("serve", api_token.error());
  auto open_to_all = is_open_to_all(options);
  if (!open_to_all) return fail("serve", open_to_all.error());
  if (open_to_all.value() && !api_token->empty()) {
    return fail("serve",
                Error{"--no-auth opens this server to everybody, and the API token says that it must not: give one of them",
                      ErrorKind::invalid});
  }
  const auto loopback = server::is_loopback(options.host);
  if (!loopback) return fail("serve", loopback.error());
  app::Options made{.now = wall_seconds,
                    .log = log,
                    .rate = options.rate,
                    .min_agent_version = options.min_agent_version,
                    .retention = configured_retention(config.value())};
  made.proxies = options.behind_proxy ? options.proxies : 0;
  made.tls = !options.tls.certificate.empty();
  const bool has_api_token = !api_token->empty();
  made.api_token = std::move(api_token).value();
  made.open_to_all = open_to_all.value();
  made.detect = !options.no_detect;
  made.fleet.path = config->fleet.targets;
  made.fleet.web_paths = config->fleet.web_paths;
  made.self_watch.limits = config->watch;
  if (auto path = store::sqlite_path(database_url(globals, config.value())); path)
    made.self_watch.disk = std::move(path).value();
  made.notify_ca_certs = config->notify.ca_certs;
  const auto rules = [&program] {
    auto loaded = program.get();
    return loaded ? std::move(loaded).value() : nullptr;
  };
  made.telling = app::telling(rules, wall_seconds);
  made.reachable = options.behind_proxy || !loopback.value();
  made.address_remedy = "starts it with --public-url";
  made.proxy_remedy = "starts it with --behind-proxy, and adds an administrator: logystera user add NAME --role admin";
  if (config->llm_configured) {
    auto explainer = dashboard::Explainer::make(llm_settings(config.value()));
    if (!explainer) return fail("serve", explainer.error());
    made.explainer = std::move(explainer).value();
    log(fmt::format("findings and errors can be explained by {}", made.explainer->words));
  }
  auto application = app::Application::make(*gate->store, *gate->entities, program, made);
  if (!application) return fail("serve", application.error());
  auto origin = public_origin(options.public_url);
  if (!origin) return fail("serve", origin.error());
  auto hosts = hosts_of(options, config.value(), origin.value());
  if (!hosts) return fail("serve", hosts.error());
  auto listeners = listeners_of(options, *application.value(), std::move(hosts).value());
  if (!listeners) return fail("serve", listeners.error());
  auto limits = limits_of(options, config->llm_configured ? dashboard::Explainer::kThreads : 0);
  if (!limits) return fail("serve", limits.error());
  auto started = server::Server::start(std::move(listeners).value(), limits.value(), log);
  if (!started) {
    return fail("serve", Error{started.error().message +
                                   " (--host and --port say where it listens, --tls-cert and --tls-key with what)",
                               started.error().kind});
  }
  server = std::move(started).value();
  application.value()->open(addresses_of(origin.value(), options.behind_proxy, server->urls()));
  fmt::print("listening on {}\n", server->urls().front());
  if (server->urls().size() > 1) fmt::print("ingest on {}\n", server->urls().back());
  std::fflush(stdout);
  if (auto told =
          tell_entry(*application.value(), origin->empty() ? server->urls().front() : origin.value(), has_api_token);
      !told) {
    return fail("serve", told.error());
  }

  const bool again = wait_for_end(globals, options, signals, program);
  log("stopping: finishing what is under way");
  server->stop();
  application.value()->finish();
  return again ? start_again() : kExitDone;
}

}  // namespace

void add_serve(Program program) {
  auto* serve = program.app.add_subcommand("serve", "Run the gateway: accept signed batches of events and store them");
  auto options = std::make_shared<Options>();
  serve->add_option("--host", options->host, "Address to listen on")->capture_default_str();
  serve->add_option("--port,-p", options->port, "Port to listen on; 0 takes any free one and prints it")
      ->capture_default_str();
  serve->add_option("--listen", options->listen,
                    "ADDRESS:PORT of its own for what sites send; --port then serves the rest");
  serve->add_flag("--behind-proxy", options->behind_proxy, "A proxy in front does TLS: allow a plain non-loopback address");
  serve
      ->add_option("--proxies", options->proxies,
                   "With --behind-proxy: proxies a request passes, one behind the other, each of which adds to\n"
                   "X-Forwarded-For")
      ->capture_default_str()
      ->check(Check::range(1, 16));
  serve->add_option("--public-url", options->public_url,
                    "Where browsers and sites reach this gateway, for connecting sites: https://HOST[:PORT]\n"
                    "[default: where it listens, unless behind a proxy]");
  serve->add_option("--allow-host", options->allow_hosts,
                    "A further name under which it may be called, with or without a port; again for each. Known are this\n"
                    "machine's own, where it listens, and the host in --public-url");
  options->api_token.add(*serve, "Bearer token with which one may do everything");
  serve->add_flag("--no-auth", options->no_auth,
                  "Nobody has to sign in, whoever reaches it, on purpose: where the network alone decides who does\n"
                  "[default: $LOGYSTERA_NO_AUTH]");
  serve->add_flag(
      "--no-detect", options->no_detect,
      "Store what sites send, and let no rule look at it; the next start without this looks at what came meanwhile");
  serve->add_option("--tls-cert", options->tls.certificate, "PEM certificate chain: serve HTTPS");
  serve->add_option("--tls-key", options->tls.key, "The certificate's PEM key");
  serve
      ->add_option("--rate-limit", options->rate.events_per_second,
                   "Events per second a site may send on average; 0: no limit")
      ->capture_default_str()
      ->check(Check::not_negative());
  serve->add_option("--rate-burst", options->rate.burst, "Events a site may send at once")
      ->capture_default_str()
      ->check(Check::range(1.0, 1e12));
  serve->add_option("--min-agent-version", options->min_agent_version,
                    "Refuse older agents (426) and tell them this version");
  serve
      ->add_option("--connections", options->connections,
                   "Most connections open at the same time. Above it, those without a request are closed first; the last\n"
                   "eighth is for addresses with a valid signature within the last hour")
      ->capture_default_str()
      ->check(Check::range(1, 100000));
  serve
      ->add_option("--connections-per-address", options->connections_per_address,
                   "Most of them from one address (IPv6: one /64) [default: an eighth, at least 8; no limit with\n"
                   "--behind-proxy: limit them at the proxy]")
      ->check(Check::range(1, 100000));
  serve->add_option("--threads", options->threads, "Threads that serve requests; 0: one per processor, at least two")
      ->capture_default_str()
      ->check(Check::range(0, 1024));
  serve->add_flag(
      "--reload", options->reload,
      "Start again when the program, its configuration or your own rules have changed (for whoever works on them)");
  add_rules(*serve, options->analysis);
  add_store(*serve, program.globals);
  add_key_file(*serve, program.globals);
  serve->footer(
      "Examples:\n"
      "  logystera serve                                       http://127.0.0.1:8080\n"
      "  logystera serve --store sqlite:/var/lib/logystera/logystera.db --port 0\n"
      "  logystera serve --host 0.0.0.0 --port 443 --tls-cert chain.pem --tls-key key.pem\n\n"
      "Takes POST /v1/ingest, /v1/ping, /v1/disconnect and /v1/support, signed, GET /health, and the pages\n"
      "on which somebody added with 'logystera user add' connects a site. SIGTERM finishes what is under way; SIGHUP "
      "reads\n"
      "configuration and rules again, and keeps those before when they are wrong.\n"
      "An address that other machines can reach needs TLS, by the gateway or by a proxy.");
  serve->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli
