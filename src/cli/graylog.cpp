// `logystera graylog`: messages of a Graylog, asked for once or followed.
#include <fmt/core.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/remote.hpp"
#include "cli/secret_option.hpp"
#include "core/secret.hpp"
#include "net/http.hpp"
#include "source/graylog.hpp"

namespace logystera::cli {
namespace {

constexpr const char* kProduct = "graylog";

struct Wanted {
  std::string url, query = "*", streams;
  SecretOption token{{"--token", "--token-file", kGraylogTokenVariable, "Graylog token", "have another token made"}};
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
                     "Where Graylog is [default: graylog.url of the configuration, else http://localhost:9000]");
  command.add_option("--query", wanted.query, "Which messages, as its search bar takes it: 'source:web01 AND level:<=3'")
      ->capture_default_str();
  command.add_option("--streams", wanted.streams, "Of these streams alone: ids, with commas between");
  wanted.token.add(command, "Access token");
  add_remote(command, wanted.remote, tail);
}

std::string url_of(const Wanted& wanted, const Config& config) {
  return wanted.url.empty() ? config.graylog.url : wanted.url;
}

Result<std::vector<std::string>> streams_of(const std::string& text) {
  std::vector<std::string> ids;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    ids.emplace_back(rest.substr(0, comma));
    if (auto wrong = source::wrong_with_stream(ids.back()))
      return Error{fmt::format("--streams: {}", wrong->message), wrong->kind};
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return ids;
}

OpenStore open_store(const Wanted& wanted) {
  return [&wanted](const Config& config) -> Result<RemoteStore> {
    const auto token = wanted.token.resolve();
    if (!token) return token.error();
    auto streams = streams_of(wanted.streams);
    if (!streams) return streams.error();
    net::ServerOptions options;
    options.ca_certs = config.graylog.ca_certs;
    options.insecure_http = wanted.remote.insecure_http;
    if (auto wrong = wrong_with_file("graylog.ca_certs", options.ca_certs)) return *wrong;
    if (!token->empty()) {
      add_graylog_token(options, token.value());
    } else if (const char* user = std::getenv("GRAYLOG_USERNAME")) {
      options.user = user;
      options.password = secret_variable(kGraylogPasswordVariable);
    }
    auto server = net::Server::at(url_of(wanted, config), std::move(options));
    if (!server) return with_http_remedy(server.error());
    RemoteStore store;
    store.name = fmt::format("{}:{}", kProduct, server->host());
    store.store = std::make_unique<source::GraylogStore>(
        std::move(server).value(), source::GraylogTarget{wanted.query, std::move(streams).value()}, &interrupted());
    return store;
  };
}

int run_tail_command(const Globals& globals, const Tail& options) {
  const Wanted& wanted = options.wanted;
  const auto config = remote_config(globals);
  if (!config) return fail("graylog tail", config.error());
  const std::string target =
      fmt::format("{}:{}:{}:{}", kProduct, url_of(wanted, config.value()), wanted.streams, wanted.query);
  return run_remote_tail("graylog tail", kProduct, globals, options, wanted.remote, target, open_store(wanted));
}

}  // namespace

void add_graylog(Program program) {
  auto* graylog = program.app.add_subcommand("graylog", "Analyse messages of a Graylog");
  graylog->require_subcommand(1);
  auto* scan = graylog->add_subcommand("scan", "Read what there is: recognise, redact, run rules, report");
  auto scanning = std::make_shared<Scan>();
  add_wanted(*scan, scanning->wanted, false);
  add_scanning(*scan, program.globals, *scanning);
  scan->footer(
      "Examples:\n"
      "  logystera graylog scan --url https://graylog.example --token-file /etc/logystera/graylog --since 1h\n"
      "  logystera graylog scan --query 'source:web01 AND level:<=3' --track-errors\n\n"
      "Credentials: $GRAYLOG_TOKEN, or $GRAYLOG_USERNAME and $GRAYLOG_PASSWORD. Exit codes: 0 done, 1 a finding of "
      "--fail-on's\n"
      "severity, 2 an error.");
  scan->callback([program, scanning] {
    program.exit_code = run_remote_scan("graylog scan", kProduct, program.globals, *scanning, scanning->wanted.remote,
                                        open_store(scanning->wanted));
  });
  auto* tail = graylog->add_subcommand("tail", "Analyse messages as they come, until interrupted");
  auto live = std::make_shared<Tail>();
  live->poll_seconds = kRemotePollSeconds;
  add_wanted(*tail, live->wanted, true);
  tail->add_flag("--resume", live->resume, "Begin where the last --resume run with this address, streams and query ended");
  add_live(*tail, program.globals, *live);
  tail->footer(
      "Examples:\n"
      "  logystera graylog tail --alert-webhook-file /etc/logystera/webhook\n"
      "  logystera graylog tail --query 'level:<=3' --resume --track-findings\n\n"
      "Each message is read once, if it appears no later than --overlap behind newer ones. Exit codes: 0 interrupted by "
      "the user, 2\n"
      "an error.");
  tail->callback([program, live] { program.exit_code = run_tail_command(program.globals, *live); });
}

}  // namespace logystera::cli
