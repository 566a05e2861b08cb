// `logystera opensearch`: documents of an OpenSearch or Elasticsearch, asked for once or followed.
#include <fmt/core.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/remote.hpp"
#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "core/secret.hpp"
#include "net/http.hpp"
#include "source/opensearch.hpp"

namespace logystera::cli {
namespace {

constexpr const char* kProduct = "opensearch";

struct Wanted {
  std::string index, query, host;
  std::optional<unsigned> port;
  RemoteOptions remote;
};
struct Info {
  Wanted wanted;
};
struct Scan : ScanOptions {
  Wanted wanted;
};
struct Tail : LiveOptions {
  Wanted wanted;
};

void add_address(Command& command, Wanted& wanted) {
  command.add_option("--index", wanted.index,
                     "Which index, 'logs-*', or several with commas [default: opensearch.default_index, else logstash-*]");
  command.add_option("--host", wanted.host, "Where it is [default: opensearch.host of the configuration, else localhost]");
  command.add_option("--port", wanted.port, "[default: opensearch.port of the configuration, else 9200]")
      ->check(Check::range(1u, 65'535u));
}

void add_wanted(Command& command, Wanted& wanted, bool tail) {
  add_address(command, wanted);
  command.add_option("--query", wanted.query, "Which documents, as a query string: 'level:error AND host.name:web01'");
  add_remote(command, wanted.remote, tail);
}

std::string index_of(const Wanted& wanted, const Config& config) {
  return wanted.index.empty() ? config.opensearch.default_index : wanted.index;
}
std::string url_of(const Wanted& wanted, const Config& config) {
  return fmt::format("{}://{}:{}", config.opensearch.use_ssl ? "https" : "http",
                     wanted.host.empty() ? config.opensearch.host : wanted.host,
                     wanted.port ? *wanted.port : config.opensearch.port);
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

struct Opened {
  std::string name;
  std::unique_ptr<source::OpensearchStore> store;
};

Result<Opened> open_store(const std::string& command, const Wanted& wanted, const Config& config) {
  const OpensearchConfig& set = config.opensearch;
  net::ServerOptions options;
  options.insecure_http = wanted.remote.insecure_http;
  options.verify = set.verify_certs;
  options.ca_certs = variable("OPENSEARCH_CA_CERTS");
  options.client_cert = variable("OPENSEARCH_CLIENT_CERT");
  options.client_key = variable("OPENSEARCH_CLIENT_KEY");
  if (auto wrong = wrong_with_file("$OPENSEARCH_CA_CERTS", options.ca_certs)) return *wrong;
  if (auto wrong = wrong_with_file("$OPENSEARCH_CLIENT_CERT", options.client_cert)) return *wrong;
  if (auto wrong = wrong_with_file("$OPENSEARCH_CLIENT_KEY", options.client_key)) return *wrong;
  if (const std::string key = secret_variable(kOpensearchKeyVariable); !key.empty()) {
    add_api_key(options, key);
  } else {
    options.user = variable("OPENSEARCH_USERNAME");
    options.password = secret_variable(kOpensearchPasswordVariable);
  }
  const std::string index = index_of(wanted, config);
  if (auto wrong = source::wrong_with_index(index)) return *wrong;
  const std::string host = wanted.host.empty() ? set.host : wanted.host;
  if (host.find_first_of("/@?#\\") != host.npos)
    return Error{
        fmt::format("'{}' is no host: write a name or an address, and use_ssl: true in the configuration for https",
                    printable(host)),
        ErrorKind::invalid};
  auto server = net::Server::at(url_of(wanted, config), std::move(options));
  if (!server) return with_http_remedy(server.error());
  if (set.use_ssl && !set.verify_certs)
    fmt::print(stderr, "logystera {}: the server's certificate is not checked (opensearch.verify_certs)\n", command);
  Opened opened;
  opened.name = fmt::format("{}:{}", kProduct, server->host());
  opened.store = std::make_unique<source::OpensearchStore>(
      std::move(server).value(),
      source::OpensearchTarget{index, wanted.query, set.timestamp_field, set.message_field, set.severity_field,
                               set.source_name_field},
      &interrupted());
  return opened;
}

OpenStore opens(const std::string& command, const Wanted& wanted) {
  return [command, &wanted](const Config& config) -> Result<RemoteStore> {
    auto opened = open_store(command, wanted, config);
    if (!opened) return opened.error();
    return RemoteStore{std::move(opened->name), std::move(opened->store)};
  };
}

int run_info(const Globals& globals, const Info& options) {
  constexpr const char* kCommand = "opensearch info";
  auto setting = load_setting(kCommand, globals);
  if (!setting) return fail(kCommand, setting.error());
  auto opened = open_store(kCommand, options.wanted, setting->config);
  if (!opened) return fail(kCommand, opened.error());
  auto info = opened->store->info();
  if (!info) return fail(kCommand, info.error());
  const std::string url = url_of(options.wanted, setting->config);
  if (globals.json) {
    JsonText out;
    out.begin_object().member("url", url).member("distribution", info->distribution).member("version", info->version);
    out.member("name", info->name).member("cluster", info->cluster).key("health");
    if (info->health.empty()) out.null();
    else out.string(info->health);
    out.member("index", info->index).key("documents");
    if (info->documents < 0) out.null();
    else out.integer(info->documents);
    out.member("points_in_time", info->points_in_time).member("shard_doc", info->shard_doc).end_object();
    fmt::print("{}\n", out.text());
    return kExitDone;
  }
  const auto yes = [](bool value) { return value ? "yes" : "no"; };
  fmt::print("{:<13}: {}\n", "Address", printable(url));
  fmt::print("{:<13}: {} {}\n", "Server", info->distribution == "opensearch" ? "OpenSearch" : "Elasticsearch",
             printable(info->version));
  fmt::print("{:<13}: {} of {}\n", "Node", printable(info->name), printable(info->cluster));
  fmt::print("{:<13}: {}\n", "Health", info->health.empty() ? "may not be asked" : printable(info->health));
  fmt::print(
      "{:<13}: {}, {} documents\n", "Index", printable(info->index),
      info->documents < 0 ? std::string("an unknown number of") : grouped(static_cast<std::uint64_t>(info->documents)));
  fmt::print("{:<13}: {}\n{:<13}: {}\n", "Point in time", yes(info->points_in_time), "_shard_doc", yes(info->shard_doc));
  return kExitDone;
}

int run_tail_command(const Globals& globals, const Tail& options) {
  const Wanted& wanted = options.wanted;
  const auto config = remote_config(globals);
  if (!config) return fail("opensearch tail", config.error());
  const std::string target =
      fmt::format("{}:{}:{}:{}", kProduct, url_of(wanted, config.value()), index_of(wanted, config.value()), wanted.query);
  return run_remote_tail("opensearch tail", kProduct, globals, options, wanted.remote, target,
                         opens("opensearch tail", wanted));
}

constexpr const char* kCredentials =
    "Credentials: $OPENSEARCH_API_KEY (id:key, or as the header has it), or $OPENSEARCH_USERNAME and $OPENSEARCH_PASSWORD, "
    "or "
    "$OPENSEARCH_CLIENT_CERT\nand $OPENSEARCH_CLIENT_KEY; $OPENSEARCH_CA_CERTS names the certificates that are believed. ";

}  // namespace

void add_opensearch(Program program) {
  auto* opensearch = program.app.add_subcommand("opensearch", "Analyse documents of an OpenSearch or Elasticsearch");
  opensearch->require_subcommand(1);
  auto* info = opensearch->add_subcommand("info", "Ask the server what it is, and whether it may be asked");
  auto asking = std::make_shared<Info>();
  add_address(*info, asking->wanted);
  info->add_flag("--insecure-http", asking->wanted.remote.insecure_http,
                 "Send credentials to another machine over http:// as well");
  add_json(*info, program.globals, "One JSON object");
  add_config(*info, program.globals);
  info->footer(fmt::format(
      "Examples:\n  logystera opensearch info\n  logystera opensearch info --host logs.example --json\n\n{}Exit codes: "
      "0 it answers, 2 it does not.",
      kCredentials));
  info->callback([program, asking] { program.exit_code = run_info(program.globals, *asking); });
  auto* scan = opensearch->add_subcommand("scan", "Read what there is: recognise, redact, run rules, report");
  auto scanning = std::make_shared<Scan>();
  add_wanted(*scan, scanning->wanted, false);
  add_scanning(*scan, program.globals, *scanning);
  scan->footer(
      fmt::format("Examples:\n"
                  "  logystera opensearch scan --index 'logstash-*' --since 2h --track-errors\n"
                  "  logystera opensearch scan --query 'level:error' --findings-only\n\n"
                  "{}Exit codes: 0 done, 1 a finding of --fail-on's severity, 2 an error.",
                  kCredentials));
  scan->callback([program, scanning] {
    program.exit_code = run_remote_scan("opensearch scan", kProduct, program.globals, *scanning, scanning->wanted.remote,
                                        opens("opensearch scan", scanning->wanted));
  });
  auto* tail = opensearch->add_subcommand("tail", "Analyse documents as they come, until interrupted");
  auto live = std::make_shared<Tail>();
  live->poll_seconds = kRemotePollSeconds;
  add_wanted(*tail, live->wanted, true);
  tail->add_flag("--resume", live->resume, "Begin where the last --resume run with this address, index and query ended");
  add_live(*tail, program.globals, *live);
  tail->footer(fmt::format(
      "Examples:\n"
      "  logystera opensearch tail --index 'logs-*' --findings-only\n"
      "  logystera opensearch tail --index 'logs-*' --resume --track-findings\n\n"
      "{}Each document is read once, if it appears no later than --overlap behind newer ones: at least twice the "
      "index's\nrefresh_interval. Exit codes: 0 interrupted by the user, 2 an error.",
      kCredentials));
  tail->callback([program, live] { program.exit_code = run_tail_command(program.globals, *live); });
}

}  // namespace logystera::cli
