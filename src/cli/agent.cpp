// `logystera agent`: a site's buffer directory, looked at and drained by hand.
#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>

#include "agent/buffer.hpp"
#include "agent/dispatch.hpp"
#include "agent/inspect.hpp"
#include "cli/command.hpp"
#include "cli/credentials_file.hpp"
#include "cli/shipping.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"

namespace logystera::cli {
namespace {

constexpr std::uint32_t kFlushSeconds = 600;
constexpr std::size_t kRequestsShown = 10;

void print(JsonText& json) { std::puts(json.end_object().text().c_str()); }

// Opening a buffer makes its directory: a mistyped name must not become one.
Result<Done> must_exist(const std::string& directory) {
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0) {
    return Error{
        fmt::format("buffer directory {}: {}: name the directory a site buffers in", directory, std::strerror(errno)),
        kind_of_errno(errno)};
  }
  return Done{};
}

std::string time_or_never(std::int64_t at) { return at ? local_time(at) : "never"; }

using History = std::vector<agent::HistoryEntry>;

void print_history(const History& history) {
  if (history.empty()) return;
  std::vector<std::vector<std::string>> rows{{"REQUEST", "EVENTS", "BYTES", "HTTP", "TIME", "ERROR"}};
  for (const agent::HistoryEntry& entry : history) {
    rows.push_back({local_time(entry.at), std::to_string(entry.events), std::to_string(entry.bytes),
                    entry.http_status ? std::to_string(entry.http_status) : "none", fmt::format("{} ms", entry.duration_ms),
                    printable(entry.error)});
  }
  std::fputs(("\n" + table(rows, colour_wanted())).c_str(), stdout);
}

void print_status(const agent::Survey& found, const agent::DispatchState& state, const History& history) {
  const agent::BufferStats& stats = found.stats;
  std::vector<std::vector<std::string>> rows{{"BUFFER", ""}};
  rows.push_back({"bytes", fmt::format("{} of {}", stats.bytes, stats.cap_bytes)});
  rows.push_back({"to be sent", fmt::format("{} bytes", stats.pending_bytes)});
  if (stats.sent_bytes != 0) rows.push_back({"sent, still there", fmt::format("{} bytes", stats.sent_bytes)});
  rows.push_back({"files", std::to_string(stats.files)});
  if (!found.counted)
    rows.push_back({"dropped", "unknown: buffer.drops and buffer.lock cannot be read; the next request rewrites them"});
  for (std::size_t i = 0; i < agent::kDropReasons; ++i) {
    const agent::DropCount& drop = stats.drops[i];
    if (drop.count == 0) continue;
    rows.push_back({fmt::format("dropped: {}", agent::name_of(static_cast<agent::Drop>(i))),
                    fmt::format("{}, last {}", drop.count, local_time(drop.last_at))});
  }
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  rows = {{"DISPATCH", ""}};
  rows.push_back({"last success", time_or_never(state.last_success)});
  rows.push_back({"last attempt", time_or_never(state.last_attempt)});
  rows.push_back({"next attempt", state.suspended      ? "suspended: correct the credentials, or run flush --resume"
                                  : state.next_attempt ? local_time(state.next_attempt)
                                                       : "with the next run"});
  if (state.trouble != agent::Trouble::none) {
    rows.push_back({"trouble", fmt::format("{}{}: {}", agent::name_of(state.trouble),
                                           state.http_status ? fmt::format(" (HTTP {})", state.http_status) : "",
                                           agent::remedy_for(state.trouble))});
    rows.push_back({"failures in a row", std::to_string(state.failures)});
  }
  rows.push_back({"events sent", std::to_string(state.events_sent)});
  rows.push_back({"batches sent", fmt::format("{} ({} duplicates)", state.batches_sent, state.duplicates)});
  rows.push_back({"dead letters", std::to_string(state.dead_lettered)});
  std::fputs(("\n" + table(rows, colour_wanted())).c_str(), stdout);
  print_history(history);
}

void write_history(JsonText& json, const History& history) {
  json.key("history").begin_array();
  for (const agent::HistoryEntry& entry : history) {
    json.begin_object();
    json.number("at", entry.at).count("events", entry.events).count("bytes", entry.bytes);
    json.number("http_status", entry.http_status).count("duration_ms", entry.duration_ms);
    json.member("acknowledged", entry.acknowledged).member("batch", entry.batch).member("error", entry.error).end_object();
  }
  json.end_array();
}

void print_status_json(const agent::Survey& found, const agent::DispatchState& state, const History& history) {
  const agent::BufferStats& stats = found.stats;
  JsonText json;
  json.begin_object().key("buffer").begin_object().count("bytes", stats.bytes).count("pending_bytes", stats.pending_bytes);
  json.count("sent_bytes", stats.sent_bytes);
  json.count("cap_bytes", stats.cap_bytes).count("files", stats.files).count("spilled", stats.spilled);
  json.count("healed", stats.healed).member("counted", found.counted).key("drops").begin_object();
  for (std::size_t i = 0; i < agent::kDropReasons; ++i) {
    if (stats.drops[i].count == 0) continue;
    json.count(agent::name_of(static_cast<agent::Drop>(i)), stats.drops[i].count);
  }
  json.end_object()
      .end_object()
      .key("dispatch")
      .begin_object()
      .member("suspended", state.suspended)
      .member("trouble", agent::name_of(state.trouble));
  json.number("http_status", state.http_status).number("last_attempt", state.last_attempt);
  json.number("last_success", state.last_success).number("next_attempt", state.next_attempt);
  json.count("failures", state.failures).count("auth_failures", state.auth_failures);
  json.count("events_sent", state.events_sent).count("batches_sent", state.batches_sent);
  json.count("duplicates", state.duplicates).count("dead_lettered", state.dead_lettered).end_object();
  write_history(json, history);
  print(json);
}

int status(const Globals& globals, const std::string& directory) {
  const auto found = agent::survey(directory);
  if (!found) return fail("agent status", found.error());
  const agent::DispatchState state = agent::read_dispatch_state(directory);
  const History history = agent::read_dispatch_history(directory, kRequestsShown);
  if (globals.json) print_status_json(found.value(), state, history);
  else print_status(found.value(), state, history);
  return kExitDone;
}

int verify(const Globals& globals, const std::string& directory) {
  auto inspected = agent::inspect(directory);
  if (!inspected) return fail("agent verify", inspected.error());
  const agent::Inspection& found = inspected.value();
  if (globals.json) {
    JsonText json;
    json.begin_object();
    json.count("files", found.files).count("bytes", found.bytes).count("events", found.events);
    json.count("dead_letters", found.dead_letters).key("by_type").begin_object();
    for (const auto& [type, count] : found.by_type) json.count(type, count);
    json.end_object().count("faults", found.faults).key("named").begin_array();
    for (const auto& fault : found.named) {
      json.begin_object();
      json.member("file", fault.file).count("line", fault.line).member("reason", fault.reason).end_object();
    }
    json.end_array();
    print(json);
  } else {
    std::vector<std::vector<std::string>> rows{{"EVENTS", "TYPE"}};
    for (const auto& [type, count] : found.by_type) rows.push_back({std::to_string(count), printable(type)});
    rows.push_back({std::to_string(found.events), fmt::format("in {} files, {} bytes", found.files, found.bytes)});
    if (found.dead_letters) rows.push_back({std::to_string(found.dead_letters), "dead letters beside them"});
    std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  }
  for (const auto& fault : found.named) {
    const std::string place = fault.line ? fmt::format("{}:{}", fault.file, fault.line) : fault.file;
    fmt::print(stderr, "{}/{}: {}\n", directory, place, fault.reason);
  }
  if (found.faults == 0) return kExitDone;
  return fail("agent verify",
              Error{fmt::format("{} faults in {}: the next flush moves these lines to dead/ and counts them", found.faults,
                                directory)});
}

struct Flush {
  std::string directory, credentials;
  agent::DispatchOptions options;
  bool resume = false;
};

int flush(const Globals& globals, const Flush& flush) {
  if (auto there = must_exist(flush.directory); !there) return fail("agent flush", there.error());
  auto access = read_access(flush.credentials);
  if (!access) return fail("agent flush", access.error());
  auto dispatcher =
      agent::Dispatcher::open(flush.directory, std::move(access->credentials), through(access->proxy, flush.options));
  if (!dispatcher) return fail("agent flush", dispatcher.error());
  if (flush.resume) {
    if (auto resumed = dispatcher->resume(); !resumed) return fail("agent flush", resumed.error());
  }
  const agent::FlushResult result = dispatcher->flush();
  if (globals.json) {
    JsonText json;
    json.begin_object();
    json.member("status", agent::name_of(result.status)).count("sent", result.sent).count("batches", result.batches);
    json.count("requests", result.requests).count("dead_lettered", result.dead_lettered);
    json.count("remaining_bytes", result.remaining_bytes).number("retry_at", result.retry_at).member("error", result.error);
    print(json);
  } else {
    fmt::print("{}: {} events in {} batches sent, {} dead letters, {} bytes remain\n", agent::name_of(result.status),
               result.sent, result.batches, result.dead_lettered, result.remaining_bytes);
  }
  switch (result.status) {
    case agent::FlushStatus::idle:
    case agent::FlushStatus::sent:
    case agent::FlushStatus::partial:
    case agent::FlushStatus::busy: return kExitDone;
    default: break;
  }
  const std::string again = result.retry_at ? fmt::format(" (next attempt {})", local_time(result.retry_at)) : "";
  return fail("agent flush", Error{result.error + again});
}

// What the command line did not say, from the section `agent` of the configuration.
Result<Done> fill_in(const std::string& name, const Globals& globals, const Command& command, Flush& out) {
  auto config = load_shipping(name, globals, &Config::agent);
  if (!config) return config.error();
  if (out.directory.empty()) {
    if (config->buffers.size() > 1)
      return Error{"the configuration's agent.buffer names several directories: name the one that is meant",
                   ErrorKind::invalid};
    if (config->buffers.empty())
      return Error{"BUFFERDIR is required: name the directory, or set agent.buffer in --config", ErrorKind::invalid};
    out.directory = config->buffers.front();
  }
  if (command.get_name() != "flush") return Done{};
  if (out.credentials.empty() && config->credentials.size() > 1)
    return Error{"the configuration's agent.credentials names several files: name the one that is meant",
                 ErrorKind::invalid};
  if (out.credentials.empty() && !config->credentials.empty()) out.credentials = config->credentials.front();
  fill_in(command, config.value(), out.options);
  return Done{};
}

}  // namespace

void add_agent(Program program) {
  auto* agent = program.app.add_subcommand("agent", "Inspect, check and send a site's buffer");
  agent->require_subcommand(1);
  agent->footer(
      "Examples:\n"
      "  logystera agent status /srv/shop/logystera\n"
      "  logystera agent verify /srv/shop/logystera          exit code 2 and FILE:LINE for every fault\n"
      "  logystera agent flush --credentials shop.credentials /srv/shop/logystera\n\n"
      "Run flush as the user the site runs as; status and verify only read.\n"
      "Credentials come from a file of mode 0600 with the lines LOGYSTERA_GATEWAY_URL=, LOGYSTERA_ENTITY_TOKEN=\n"
      "and LOGYSTERA_ENTITY_SECRET=, or from the environment under these names; never from arguments.\n"
      "LOGYSTERA_PROXY= beside them sets the proxy, with its password if it has one.\n"
      "The section 'agent' of the file --config or $LOGYSTERA_CONFIG names may have buffer, credentials, batch_size,\n"
      "sent_bytes, proxy, proxy_from_environment, ca_bundle, share_group and allow_network_fs; options win.");
  auto options = std::make_shared<Flush>();
  options->options.max_requests = 0;
  options->options.max_seconds = kFlushSeconds;
  options->options.user_agent = "logystera/" LOGYSTERA_VERSION " (flush)";
  const auto command = [&](const char* name, const char* help, const std::function<int()>& run) {
    auto* sub = agent->add_subcommand(name, help);
    add_named_config(*sub, program.globals);
    sub->callback([program, options, sub, run] {
      const std::string full = "agent " + sub->get_name();
      if (auto filled = fill_in(full, program.globals, *sub, *options); !filled)
        program.exit_code = fail(full, filled.error());
      else program.exit_code = run();
    });
    add_buffer_directory(*sub, options->directory, "The directory a site buffers in");
    add_json(*sub, program.globals, "Print JSON");
    return sub;
  };
  command("status", "Show the buffer, what was dropped and why, the state of sending, and the last 10 requests",
          [program, options] { return status(program.globals, options->directory); });
  command("verify", "Check every line, count events by type, report torn and invalid lines",
          [program, options] { return verify(program.globals, options->directory); });
  auto* send = command("flush", "Send everything the buffer holds now",
                       [program, options] { return flush(program.globals, *options); });
  send->add_option("--credentials", options->credentials, "File of mode 0600 with the site's credentials");
  send->add_flag("--resume", options->resume, "End a suspension or backoff first");
  send->add_option("--max-seconds", options->options.max_seconds, "Stop after this time")->capture_default_str();
  add_shipping(*send, options->options);
}

}  // namespace logystera::cli
