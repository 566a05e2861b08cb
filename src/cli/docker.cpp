// `logystera docker`: the logs of containers, asked of Docker's daemon, read once or followed.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/live.hpp"
#include "cli/scan_run.hpp"
#include "cli/span.hpp"
#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "source/docker.hpp"

namespace logystera::cli {
namespace {

constexpr const char* kHostVariable = "DOCKER_HOST";
constexpr const char* kVerifyVariable = "DOCKER_TLS_VERIFY";
constexpr const char* kCertsVariable = "DOCKER_CERT_PATH";

struct Wanted {
  std::string host;
  std::vector<std::string> names, labels;
};
struct Scan : ScanOptions {
  Wanted wanted;
  bool stopped = false;
  std::string since;
};
struct Tail : LiveOptions {
  Wanted wanted;
};

void add_wanted(Command& command, Wanted& wanted) {
  command.add_option("--name", wanted.names, "The container of this whole name alone; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("--label", wanted.labels, "Containers with this label alone, KEY or KEY=VALUE; with several: all of them")
      ->allow_extra_args(false);
  command.add_option("--host", wanted.host,
                     "The daemon: unix:///PATH or tcp://HOST:PORT; otherwise $DOCKER_HOST, or unix:///var/run/docker.sock");
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// As docker's own command takes it from the environment; a path is a socket.
std::string address_of(const Wanted& wanted) {
  const std::string address = wanted.host.empty() ? variable(kHostVariable) : wanted.host;
  return address.starts_with('/') ? "unix://" + address : address;
}

Result<net::Server> server_of(const std::string& address) {
  std::string certificates = variable(kCertsVariable);
  if (certificates.empty() && !variable(kVerifyVariable).empty()) certificates = variable("HOME") + "/.docker";
  auto server = source::docker_server(address, certificates);
  if (server) return server;
  return Error{server.error().message + " (--host, $DOCKER_HOST, $DOCKER_CERT_PATH)", server.error().kind};
}

std::optional<Error> wrong_with(const Wanted& wanted) {
  for (const std::string& name : wanted.names)
    if (name.empty() || name.starts_with('/'))
      return Error{"--name: write a container's name as 'docker ps' shows it", ErrorKind::invalid};
  for (const std::string& label : wanted.labels)
    if (label.empty() || label.starts_with('=')) return Error{"--label: write KEY or KEY=VALUE", ErrorKind::invalid};
  return std::nullopt;
}

source::DockerOptions asked_for(const Wanted& wanted, const analysis::Program& program) {
  source::DockerOptions docker;
  docker.names = wanted.names;
  docker.labels = wanted.labels;
  docker.key = bytes_of(hmac_sha256(program.pipeline().salt, "docker positions"));
  docker.source = program.pipeline().source;
  docker.source.input.stop = docker.stop = &interrupted();
  return docker;
}

// What a person can do about it.
Error with_remedy(Error error, const net::Server& server, bool scan) {
  const std::string& socket = server.options().socket;
  if (error.kind == ErrorKind::not_found && scan) {
    error.message += ": 'docker ps' lists what there is; --all reads stopped ones too";
  } else if (!socket.empty() && ::access(socket.c_str(), F_OK) != 0) {
    error.message = socket + ": there is no such socket: is Docker running? --host or $DOCKER_HOST names another one";
  } else if (!socket.empty() && ::access(socket.c_str(), R_OK | W_OK) != 0) {
    error.message = socket + ": this user may not ask Docker's daemon: the socket's group may, often docker, and root";
  } else if (error.kind == ErrorKind::busy) {
    error.message += ": is Docker's daemon running? --host or $DOCKER_HOST names another one";
  }
  return error;
}

int run_scan_command(const Globals& globals, const Scan& options) {
  return run_scan("docker scan", globals, options, [&](const Analysis& analysis) -> Result<Scanned> {
    if (auto wrong = wrong_with(options.wanted)) return *wrong;
    const analysis::Program& program = *analysis.program;
    source::DockerOptions docker = asked_for(options.wanted, program);
    docker.all = options.stopped;
    if (!options.since.empty()) {
      const auto since = parse_since("--since", options.since, wall_seconds());
      if (!since) return since.error();
      docker.since_ns = since.value() * kSecondNs;
    }
    auto server = server_of(address_of(options.wanted));
    if (!server) return server.error();
    // Asked before anything is stored or shown.
    auto opened = source::open_docker(server.value(), program.formats(), program.names(), std::move(docker));
    if (!opened) return with_remedy(opened.error(), server.value(), true);
    return scanned(analysis, [source = std::make_shared<std::unique_ptr<source::RecordSource>>(std::move(opened).value())] {
      return std::exchange(*source, nullptr);
    });
  });
}

int run_tail_command(const Globals& globals, const Tail& options) {
  const Wanted& wanted = options.wanted;
  if (auto wrong = wrong_with(wanted)) return fail("docker tail", *wrong);
  const std::string address = address_of(wanted);
  LiveSource live;
  live.command = "docker tail";
  live.names_sources = true;
  live.target = "docker:" + address;
  for (const std::string& name : wanted.names) live.target += ":name=" + name;
  for (const std::string& label : wanted.labels) live.target += ":label=" + label;
  live.open = [&](const Analysis& analysis, const Begin& begin) -> Result<std::unique_ptr<source::RecordSource>> {
    source::DockerOptions docker = asked_for(wanted, *analysis.program);
    docker.follow = true;
    docker.resume = begin.position;
    if (begin.from_start) docker.since_ns = 0;
    auto server = server_of(address);
    if (!server) return server.error();
    auto opened =
        source::open_docker(server.value(), analysis.program->formats(), analysis.program->names(), std::move(docker));
    if (opened || (opened.error().kind == ErrorKind::broken && begin.position)) return opened;
    return with_remedy(opened.error(), server.value(), false);
  };
  return run_live(globals, options, live);
}

}  // namespace

void add_docker(Program program) {
  auto* docker = program.app.add_subcommand("docker", "Analyse the logs of containers, asked of Docker's daemon");
  docker->require_subcommand(1);
  auto* scan = docker->add_subcommand("scan", "Read the logs of containers: recognise, redact, run rules, report");
  auto scanning = std::make_shared<Scan>();
  add_wanted(*scan, scanning->wanted);
  scan->add_flag("--all", scanning->stopped, "Stopped containers too");
  scan->add_option("--since", scanning->since, "Lines from then on: a span before now (1h, 7d), or unix seconds");
  scanning->all_option = "--all-events";
  scanning->names_sources = true;
  add_scanning(*scan, program.globals, *scanning);
  scan->footer(
      "Examples:\n"
      "  logystera docker scan\n"
      "  logystera docker scan --name my-service --track-errors\n"
      "  logystera docker scan --label app=web --all --since 24h\n\n"
      "Each container is a log of its own: its format is recognised, its name is its source. $DOCKER_HOST, "
      "$DOCKER_TLS_VERIFY and\n"
      "$DOCKER_CERT_PATH are those of docker's own command. Exit codes: 0 done, 1 a finding of --fail-on's severity, 2 an "
      "error.");
  scan->callback([program, scanning] { program.exit_code = run_scan_command(program.globals, *scanning); });
  auto* tail = docker->add_subcommand("tail", "Analyse what containers write as they write it, until interrupted");
  auto live = std::make_shared<Tail>();
  add_wanted(*tail, live->wanted);
  tail->add_flag("--from-start", live->from_start, "Begin with the oldest line instead of now");
  tail->add_flag("--resume", live->resume,
                 "Begin where the last --resume run with this daemon, these names and labels ended");
  add_live(*tail, program.globals, *live);
  tail->footer(
      "Examples:\n"
      "  logystera docker tail\n"
      "  logystera docker tail --name my-service --alert-webhook-file /etc/logystera/webhook\n"
      "  logystera docker tail --label app=web --resume --track-findings\n\n"
      "Containers that start later are read from their first line. With --resume each line is read once, across kills, "
      "rotation and\n"
      "restarts of the daemon; what the daemon has thrown away meanwhile is said. Exit codes: 0 interrupted by the user, 2 "
      "an error.");
  tail->callback([program, live] { program.exit_code = run_tail_command(program.globals, *live); });
}

}  // namespace logystera::cli
