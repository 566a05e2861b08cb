// `logystera channel` and `logystera route`: whom alerts are told to, and whether a message gets there.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>

#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/interrupt.hpp"
#include "cli/people.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "notify/channel.hpp"
#include "notify/desk.hpp"
#include "notify/route.hpp"

namespace logystera::cli {
namespace {

using store::Channel;
using store::OutboxRow;
using store::OutboxState;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kList = "channel list", kTest = "channel test", kRoutes = "route list";
constexpr auto kLook = std::chrono::milliseconds(100);
constexpr std::uint64_t kSecondsMost = 600;

struct Options {
  std::string name;
  std::uint64_t seconds = 30;
};

void put_time(JsonText& json, std::string_view name, std::int64_t seconds) {
  json.key(name);
  if (seconds <= 0 || seconds > INT64_MAX / kSecondNs) json.null();
  else json.string(rfc3339(seconds * kSecondNs));
}

std::string as_json(const Channel& channel, const store::OutboxCounts& counts, std::int64_t now) {
  JsonText json;
  json.begin_object().number("id", channel.id).member("name", channel.name).member("kind", channel.kind);
  json.member("state", notify::state_words(notify::state_of(channel, counts, now)));
  json.member("enabled", channel.enabled).member("off_reason", channel.off_reason).member("leads_to", channel.shown);
  put_time(json, "last_sent_at", channel.last_sent_at);
  put_time(json, "last_failed_at", channel.last_failed_at);
  json.member("last_error", channel.last_error);
  put_time(json, "tested_at", channel.tested_at);
  put_time(json, "confirmed_at", channel.confirmed_at);
  json.count("waiting", counts.waiting).count("dead", counts.dead).end_object();
  return json.take();
}

int list(const Globals& globals, const Options&) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail(kList, store.error());
  auto channels = store.value()->channels().list();
  if (!channels) return fail(kList, channels.error());
  const std::int64_t now = wall_seconds();
  auto counts = store.value()->outbox().counts(now);
  if (!counts) return fail(kList, counts.error());
  std::vector<std::vector<std::string>> rows{
      {"NAME", "KIND", "STATE", "LEADS TO", "LAST SENT", "WAITING", "NOT DELIVERED", "WHY"}};
  for (const Channel& channel : channels.value()) {
    const store::OutboxCounts its = notify::counts_of(counts.value(), channel.id);
    if (globals.json) {
      fmt::print("{}\n", as_json(channel, its, now));
      continue;
    }
    rows.push_back({printable(channel.name), printable(channel.kind),
                    std::string(notify::state_words(notify::state_of(channel, its, now))), printable(channel.shown),
                    channel.last_sent_at == 0 ? "never" : local_time(channel.last_sent_at), std::to_string(its.waiting),
                    std::to_string(its.dead), printable(channel.enabled ? channel.last_error : channel.off_reason)});
  }
  if (globals.json) return kExitDone;
  if (channels->empty()) fmt::print("No channels: an administrator adds them on the page Settings, or in the API.\n");
  else std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  return kExitDone;
}

bool is_over(const OutboxRow& row) { return row.state != OutboxState::queued && row.state != OutboxState::sending; }

/// A test on its way: its rows, one a receiver.
class Test {
 public:
  Test(store::Store& store, Channel channel)
      : store_(store), desk_(store, {wall_seconds, {}, {}}), channel_(std::move(channel)) {}

  /// Queued, and looked at until each row is over or `patience` is.
  Result<std::vector<OutboxRow>> run(std::chrono::seconds patience) {
    auto begin = desk_.test(channel_.id, name_of_command(), note_of_command());
    if (!begin) return begin.error();
    const auto until = Clock::now() + patience;
    for (;;) {
      auto rows = rows_of(begin.value());
      if (!rows) return rows;
      if (std::all_of(rows->begin(), rows->end(), is_over) || Clock::now() >= until || interrupted()) return rows;
      std::this_thread::sleep_for(kLook);
    }
  }

  /// So that nothing of it comes hours later, when nobody looks any more. What is just being sent cannot be taken back.
  void withdraw(const std::vector<OutboxRow>& rows) {
    for (const OutboxRow& row : rows)
      if (row.state == OutboxState::queued || row.state == OutboxState::failed)
        (void)desk_.discard(row.id, note_of_command());
  }

 private:
  Result<std::vector<OutboxRow>> rows_of(const std::string& begin) {
    constexpr std::size_t kRowsMost = 500;  // of the channel, the newest; a test has kReceiversMost
    store::OutboxFilter filter;
    filter.channel = channel_.id;
    filter.limit = kRowsMost;
    auto rows = store_.outbox().list(filter);
    if (rows) std::erase_if(rows.value(), [&](const OutboxRow& row) { return !row.dedupe.starts_with(begin); });
    return rows;
  }

  store::Store& store_;
  notify::Desk desk_;
  Channel channel_;
};

// What came back, for people.
std::string came_back(const OutboxRow& row, const Channel& channel, std::uint64_t seconds) {
  switch (row.state) {
    case OutboxState::sent: return "taken by " + printable(channel.shown);
    case OutboxState::queued:
      return fmt::format("nobody has sent it within {} s: is 'logystera serve' running with this database?", seconds);
    case OutboxState::sending:
      return fmt::format("no answer within {} s; 'channel list' will say what came of it", seconds);
    default: return "not delivered: " + printable(row.error.empty() ? "it was discarded by a person" : row.error);
  }
}

int test(const Globals& globals, const Options& options) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail(kTest, store.error());
  auto channel = store.value()->channels().find(options.name);
  if (!channel) return fail(kTest, channel.error());
  if (!channel.value())
    return fail(kTest,
                Error{fmt::format("there is no channel '{}': 'logystera channel list' has them", printable(options.name)),
                      ErrorKind::not_found});
  Test test(*store.value(), *channel.value());
  auto rows = test.run(std::chrono::seconds(options.seconds));
  if (!rows) return fail(kTest, rows.error());
  test.withdraw(rows.value());
  bool all = !rows->empty();
  for (const OutboxRow& row : rows.value()) {
    all = all && row.state == OutboxState::sent;
    const std::string words = came_back(row, *channel.value(), options.seconds);
    if (!globals.json) {
      fmt::print("{}{}\n", row.target.empty() ? "" : printable(row.target) + ": ", words);
      continue;
    }
    JsonText json;
    json.begin_object().member("channel", channel.value()->name).member("receiver", row.target);
    json.member("delivered", row.state == OutboxState::sent).member("state", store::outbox_state_name(row.state));
    json.member("error", row.error).member("words", words).end_object();
    fmt::print("{}\n", json.text());
  }
  if (all && !globals.json) fmt::print("That it was taken proves nothing yet: look whether it arrived.\n");
  return all ? kExitDone : kExitFound;
}

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + printable(one);
  return text;
}

int list_routes(const Globals& globals, const Options&) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail(kRoutes, store.error());
  auto stored = store.value()->routes().list();
  if (!stored) return fail(kRoutes, stored.error());
  auto routes = notify::load_routes(store.value()->routes());
  if (!routes) return fail(kRoutes, routes.error());
  auto channels = store.value()->channels().list();
  if (!channels) return fail(kRoutes, channels.error());
  std::vector<std::vector<std::string>> rows{{"", "NAME", "FROM", "SITES", "TAGS", "CHANNELS", "WHEN"}};
  for (const notify::Route& route : routes.value()) {
    if (globals.json) {
      fmt::print("{}\n", notify::to_json(route));
      continue;
    }
    rows.push_back({std::to_string(rows.size()), printable(route.name), std::string(level_name(route.least)),
                    sites_in_words(*store.value(), {route.sites.empty(), route.sites}), joined(route.tags),
                    printable(notify::whom_words(route, channels.value())),
                    printable(notify::when_words(route, channels.value()))});
  }
  if (globals.json) return kExitDone;
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  if (stored->empty()) fmt::print("No routes are saved: these hold until some are.\n");
  return kExitDone;
}

}  // namespace

void add_channel(Program program) {
  auto options = std::make_shared<Options>();
  const auto command = [&](Command& under, const char* name, const char* help, int (*run)(const Globals&, const Options&)) {
    auto* sub = under.add_subcommand(name, help);
    add_json(*sub, program.globals, "One JSON object a line");
    add_store(*sub, program.globals);
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  auto* channel = program.app.add_subcommand("channel", "List the channels alerts are told by, and test one");
  channel->require_subcommand(1);
  command(*channel, "list", "List channels and how it stands with them, without their secrets", list);
  auto* testing = command(*channel, "test", "Have the running server send a test message, and say what came of it", test);
  testing->add_option("NAME", options->name, "The channel's name")->required();
  testing->add_option("--timeout", options->seconds, "Seconds to wait for an answer")
      ->check(whole_number(1, kSecondsMost))
      ->capture_default_str();
  channel->footer(
      "Examples:\n"
      "  logystera channel list\n"
      "  logystera channel test ops && echo taken\n\n"
      "Exit codes of test: 0 the other side has taken it, for each receiver; 1 it was not delivered; 2 an error. A test "
      "that was\n"
      "not delivered is not tried again.");
  auto* route = program.app.add_subcommand("route", "List which alerts are told to which channels, and when");
  route->require_subcommand(1);
  command(*route, "list", "List routes in their order: the first that matches an alert decides", list_routes);
  route->footer("Examples:\n  logystera route list\n  logystera route list --json");
}

}  // namespace logystera::cli
