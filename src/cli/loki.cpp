// `logystera loki`: log lines of a Grafana Loki, asked for once or followed.
#include <fmt/core.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/remote.hpp"
#include "cli/secret_option.hpp"
#include "net/http.hpp"
#include "source/loki.hpp"

namespace logystera::cli {
namespace {

constexpr const char* kProduct = "loki";

struct Wanted {
  std::string url, query, tenant;
  SecretOption token{{"--token", "--token-file", kLokiTokenVariable, "Loki token", "have another token made"}};
  RemoteOptions remote;
};
struct Scan : ScanOptions {
  Wanted wanted;
};
struct Tail : LiveOptions {
  Wanted wanted;
};

void add_wanted(Command& command, Wanted& wanted, bool tail) {
  command.add_option("--url", wanted.url,
                     "Where Loki is [default: loki.url of the configuration, else http://localhost:3100]");
  command.add_option("--query", wanted.query, "Which lines, in LogQL: '{job=\"nginx\"}'")->required();
  wanted.token.add(command, "Bearer token");
  command.add_option("--org-id", wanted.tenant, "Tenant, or several: a|b [default: loki.org_id of the configuration]");
  add_remote(command, wanted.remote, tail);
}

std::string url_of(const Wanted& wanted, const Config& config) { return wanted.url.empty() ? config.loki.url : wanted.url; }
std::string tenant_of(const Wanted& wanted, const Config& config) {
  return wanted.tenant.empty() ? config.loki.org_id : wanted.tenant;
}

OpenStore open_store(const Wanted& wanted) {
  return [&wanted](const Config& config) -> Result<RemoteStore> {
    const auto token = wanted.token.resolve();
    if (!token) return token.error();
    net::ServerOptions options;
    options.ca_certs = config.loki.ca_certs;
    options.insecure_http = wanted.remote.insecure_http;
    if (auto wrong = wrong_with_file("loki.ca_certs", options.ca_certs)) return *wrong;
    if (!token->empty()) {
      options.authorization = "Bearer " + token.value();
    } else if (const char* user = std::getenv("LOKI_USERNAME")) {
      options.user = user;
      options.password = secret_variable(kLokiPasswordVariable);
    }
    auto server = net::Server::at(url_of(wanted, config), std::move(options));
    if (!server) return with_http_remedy(server.error());
    const std::string tenant = tenant_of(wanted, config);
    if (tenant.find_first_of("\r\n") != tenant.npos) return Error{"the tenant holds a line end", ErrorKind::invalid};
    RemoteStore store;
    store.name = fmt::format("{}:{}", kProduct, server->host());
    store.store = std::make_unique<source::LokiStore>(std::move(server).value(), source::LokiTarget{wanted.query, tenant},
                                                      &interrupted());
    return store;
  };
}

int run_tail_command(const Globals& globals, const Tail& options) {
  const Wanted& wanted = options.wanted;
  const auto config = remote_config(globals);
  if (!config) return fail("loki tail", config.error());
  const std::string target =
      fmt::format("{}:{}:{}:{}", kProduct, url_of(wanted, config.value()), tenant_of(wanted, config.value()), wanted.query);
  return run_remote_tail("loki tail", kProduct, globals, options, wanted.remote, target, open_store(wanted));
}

}  // namespace

void add_loki(Program program) {
  auto* loki = program.app.add_subcommand("loki", "Analyse log lines of a Grafana Loki");
  loki->require_subcommand(1);
  auto* scan = loki->add_subcommand("scan", "Read what there is: recognise, redact, run rules, report");
  auto scanning = std::make_shared<Scan>();
  add_wanted(*scan, scanning->wanted, false);
  add_scanning(*scan, program.globals, *scanning);
  scan->footer(
      "Examples:\n"
      "  logystera loki scan --url https://loki.example --query '{job=\"nginx\"}' --since 1h\n"
      "  logystera loki scan --query '{namespace=\"prod\"}' --token-file /etc/logystera/loki --org-id team-a\n\n"
      "Each line is read in the format its stream has. Credentials: $LOKI_TOKEN, or $LOKI_USERNAME and $LOKI_PASSWORD. "
      "Exit codes: "
      "0 done, 1 a\n"
      "finding of --fail-on's severity, 2 an error.");
  scan->callback([program, scanning] {
    program.exit_code = run_remote_scan("loki scan", kProduct, program.globals, *scanning, scanning->wanted.remote,
                                        open_store(scanning->wanted));
  });
  auto* tail = loki->add_subcommand("tail", "Analyse lines as they come, until interrupted");
  auto live = std::make_shared<Tail>();
  live->poll_seconds = kRemotePollSeconds;
  add_wanted(*tail, live->wanted, true);
  tail->add_flag("--resume", live->resume, "Begin where the last --resume run with this address, tenant and query ended");
  add_live(*tail, program.globals, *live);
  tail->footer(
      "Examples:\n"
      "  logystera loki tail --query '{job=\"app\"}' --alert-webhook-file /etc/logystera/webhook\n"
      "  logystera loki tail --query '{job=\"app\"}' --resume --track-findings\n\n"
      "Each entry is read once, if it appears no later than --overlap behind newer ones. Exit codes: 0 interrupted by the "
      "user, 2 "
      "an error.");
  tail->callback([program, live] { program.exit_code = run_tail_command(program.globals, *live); });
}

}  // namespace logystera::cli
