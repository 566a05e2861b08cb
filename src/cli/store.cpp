// `logystera store`: how large the store is, and what keeps it small and whole.
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/config_warnings.hpp"
#include "cli/gateway_store.hpp"
#include "cli/interrupt.hpp"
#include "cli/people.hpp"
#include "cli/render.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "store/retention.hpp"
#include "store/store.hpp"

namespace logystera::cli {
namespace {

struct Options {
  std::string path;
  std::optional<unsigned> events_days, bulk_events_days, findings_days;
  std::optional<std::uint64_t> most_mib;

  bool any_retention() const noexcept { return events_days || bulk_events_days || findings_days || most_mib; }
};

constexpr std::uint64_t kMib = 1024 * 1024;

std::string days_text(int days) { return days == 0 ? "for ever" : fmt::format("{} days", days); }

std::string date_text(std::int64_t seconds) { return seconds == 0 ? "-" : rfc3339(seconds * kSecondNs).substr(0, 10); }

Result<store::Retention> load_retention(const Globals& globals, store::Store& store) {
  auto config = load_config(globals.config);
  if (!config) return config.error();
  say_warnings("store", config.value());
  return store::Retention::load(store.settings(), configured_retention(config.value()));
}

int stats(const Globals& globals, const Options&) {
  auto opened = open_store(globals, store::Access::existing);
  if (!opened) return fail("store stats", opened.error());
  store::Maintenance& upkeep = opened.value()->maintenance();
  auto size = upkeep.size();
  if (!size) return fail("store stats", size.error());
  auto rows = upkeep.rows();
  if (!rows) return fail("store stats", rows.error());
  auto retention = load_retention(globals, *opened.value());
  if (!retention) return fail("store stats", retention.error());
  using store::Removal;
  const auto removed = [&](Removal why) { return size->removed[static_cast<std::size_t>(why)]; };
  if (globals.json) {
    JsonText json;
    json.begin_object().count("bytes", size->bytes).count("free_bytes", size->free_bytes);
    json.count("log_bytes", size->log_bytes).key("gives_back").boolean(size->gives_back);
    json.key("rows").begin_object().count("events", rows->events).count("batches", rows->batches);
    json.count("findings", rows->findings).count("error_groups", rows->error_groups);
    json.count("error_occurrences", rows->error_occurrences).count("entities", rows->entities);
    json.count("users", rows->users).end_object();
    json.key("removed").begin_object().count("events_age", removed(Removal::age));
    json.count("events_bulk_age", removed(Removal::bulk_age)).count("events_size", removed(Removal::size));
    json.count("findings_size", size->removed_findings).end_object();
    json.key("retention").begin_object();
    json.count("events_days", static_cast<std::uint64_t>(retention->events_days));
    json.count("bulk_events_days", static_cast<std::uint64_t>(retention->bulk_events_days));
    json.count("findings_days", static_cast<std::uint64_t>(retention->findings_days));
    json.count("max_db_bytes", retention->most_bytes).end_object().end_object();
    fmt::print("{}\n", json.text());
    return kExitDone;
  }
  fmt::print("Size      : {} ({} without content, {} in the log beside it)\n", bytes_text(size->bytes),
             bytes_text(size->free_bytes), bytes_text(size->log_bytes));
  fmt::print("Events    : {} from {} to {}, in {} batches\n", grouped(rows->events), date_text(size->oldest_event_at),
             date_text(size->newest_event_at), grouped(rows->batches));
  fmt::print("Findings  : {}\n", grouped(rows->findings));
  fmt::print("Errors    : {} groups, {} occurrences\n", grouped(rows->error_groups), grouped(rows->error_occurrences));
  fmt::print("Sites     : {}\nUsers     : {}\n", grouped(rows->entities), grouped(rows->users));
  fmt::print("Kept      : events {}, bulk events {}, findings {}, {}\n", days_text(retention->events_days),
             days_text(retention->bulk_events_days), days_text(retention->findings_days),
             retention->most_bytes == 0 ? "any size" : "at most " + bytes_text(retention->most_bytes));
  fmt::print("Removed   : {} events for their age, {} bulk events for theirs, {} for the size; {} findings for the size\n",
             grouped(removed(Removal::age)), grouped(removed(Removal::bulk_age)), grouped(removed(Removal::size)),
             grouped(size->removed_findings));
  if (!size->gives_back) fmt::print("It never gives room back; after `logystera store shrink` it does.\n");
  return kExitDone;
}

std::string retention_text(const store::Retention& retention) {
  return fmt::format("events {}, bulk events (http.request, api.access, email.sent, cache.flush) {}, findings {}, {}",
                     days_text(retention.events_days), days_text(retention.bulk_events_days),
                     days_text(retention.findings_days),
                     retention.most_bytes == 0 ? "any size" : "at most " + bytes_text(retention.most_bytes));
}

int retain(const Globals& globals, const Options& options) {
  auto opened = open_store(globals, store::Access::existing);
  if (!opened) return fail("store retention", opened.error());
  auto config = load_config(globals.config);
  if (!config) return fail("store retention", config.error());
  say_warnings("store retention", config.value());
  const store::ConfiguredRetention configured = configured_retention(config.value());
  // What is chosen is stored, whatever the configuration makes of it.
  auto retention = store::Retention::load(opened.value()->settings(), {.otherwise = configured.otherwise});
  if (!retention) return fail("store retention", retention.error());
  const std::string before = retention_text(retention.value());
  if (options.events_days) retention->events_days = static_cast<int>(*options.events_days);
  if (options.bulk_events_days) retention->bulk_events_days = static_cast<int>(*options.bulk_events_days);
  if (options.findings_days) retention->findings_days = static_cast<int>(*options.findings_days);
  if (options.most_mib) retention->most_bytes = *options.most_mib * kMib;
  const std::string after = retention_text(retention.value());
  if (options.any_retention()) {
    const auto change = [&](store::Stores& stores) { return retention->save(stores.settings()); };
    if (auto saved = change_noted(*opened.value(), change, "retention.change", "retention", before, after); !saved)
      return fail("store retention", saved.error());
  }
  fmt::print("{}\n", after);
  if (configured.any()) {
    auto in_force = store::Retention::load(opened.value()->settings(), configured);
    if (!in_force) return fail("store retention", in_force.error());
    fmt::print("With the section retention of the configuration: {}\n", retention_text(in_force.value()));
  }
  return kExitDone;
}

int prune(const Globals& globals, const Options&) {
  auto opened = open_store(globals, store::Access::existing);
  if (!opened) return fail("store prune", opened.error());
  auto retention = load_retention(globals, *opened.value());
  if (!retention) return fail("store prune", retention.error());
  std::stop_source stop;
  const auto idle = [&] {
    if (interrupted()) stop.request_stop();
    return true;
  };
  auto removed = store::remove_old(*opened.value(), retention.value(), wall_seconds(), idle, stop.get_token());
  if (!removed) return fail("store prune", removed.error());
  fmt::print("removed {} events, {} findings and {} occurrences of errors\n", grouped(removed->events),
             grouped(removed->findings), grouped(removed->occurrences));
  if (!removed->smaller_than_limit)
    return fail("store prune", Error{"nothing more may be removed, and it is larger than it may be: raise the limit with "
                                     "`logystera store retention --max-mib`"});
  return kExitDone;
}

int shrink(const Globals& globals, const Options&) {
  auto opened = open_store(globals, store::Access::existing);
  if (!opened) return fail("store shrink", opened.error());
  store::Maintenance& upkeep = opened.value()->maintenance();
  auto before = upkeep.size();
  if (!before) return fail("store shrink", before.error());
  if (auto done = upkeep.shrink(); !done) return fail("store shrink", done.error());
  auto after = upkeep.size();
  if (!after) return fail("store shrink", after.error());
  fmt::print("{} before, {} now\n", bytes_text(before->bytes + before->log_bytes),
             bytes_text(after->bytes + after->log_bytes));
  return kExitDone;
}

int check(const Globals& globals, const Options&) {
  auto opened = open_store(globals, store::Access::existing);
  if (!opened) return fail("store check", opened.error());
  auto lines = opened.value()->maintenance().check();
  if (!lines) return fail("store check", lines.error());
  for (const std::string& line : lines.value()) fmt::print("{}\n", printable(line));
  if (!lines->empty())
    return fail("store check", Error{"the store is damaged: put a copy made with `logystera store backup` in its place",
                                     ErrorKind::broken});
  fmt::print("nothing is wrong with it\n");
  return kExitDone;
}

int backup(const Globals& globals, const Options& options) {
  auto opened = open_store(globals, store::Access::existing);
  if (!opened) return fail("store backup", opened.error());
  if (auto done = opened.value()->maintenance().back_up(options.path); !done) return fail("store backup", done.error());
  auto key = key_path(globals);
  if (!key) return fail("store backup", key.error());
  fmt::print("{} is a copy of this moment. Sites' secrets in it are sealed with {}: keep a copy of that too, elsewhere.\n",
             printable(options.path), printable(key.value()));
  return kExitDone;
}

}  // namespace

void add_store_commands(Program program) {
  auto* store = program.app.add_subcommand("store", "Look after the store: its size, what is removed, checks, copies");
  store->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, int (*run)(const Globals&, const Options&)) {
    auto* sub = store->add_subcommand(name, help);
    add_store(*sub, program.globals);
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  add_json(*command("stats", "Print sizes, rows, how long they are kept, and what was removed", stats), program.globals,
           "One JSON object");
  auto* retention = command("retention", "Print or choose for how long things are kept; 0: for ever", retain);
  for (auto& [name, days, help] : {std::tuple{"--events-days", &options->events_days, "Days events are kept"},
                                   {"--bulk-events-days", &options->bulk_events_days, "Days events of bulk types are kept"},
                                   {"--findings-days", &options->findings_days, "Days findings and errors are kept"}})
    retention->add_option(name, *days, help)->check(Check::range(0, store::kRetentionDaysMost));
  retention
      ->add_option("--max-mib", options->most_mib, "MiB the database may have; beyond, the oldest go: bulk events first")
      ->check(Check::range(0, 1'000'000'000));
  command("prune", "Remove now what a running server removes by and by", prune);
  command("shrink", "Write the database anew without what is empty; nothing else may use it meanwhile", shrink);
  command("check", "Read all of it and say what is damaged", check);
  auto* copy = command("backup", "Copy it as it is at one moment, also while a server uses it", backup);
  copy->add_option("PATH", options->path, "The copy, which must not exist yet")->required();
  add_key_file(*copy, program.globals);
  store->footer(
      "Examples:\n"
      "  logystera store stats\n"
      "  logystera store retention --events-days 90 --bulk-events-days 14 --max-mib 20000\n"
      "  logystera store backup /backup/logystera-$(date +%F).db\n\n"
      "To restore a copy: end the server, put the copy in the database's place, remove the files that end in -wal and "
      "-shm,\n"
      "see that the key file is beside it, and start the server. `logystera store check` reads the copy whole before.");
}

}  // namespace logystera::cli
