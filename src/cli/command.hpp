// What the sub-commands share. Each lives in a file of its own and adds itself to the program; a command is
// argument handling and printing, the work is done in the rooms below.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "core/result.hpp"

namespace logystera::cli {

struct Config;

inline constexpr int kExitDone = 0;
inline constexpr int kExitFound = 1;  // done, and what was looked for with --fail-on (or is wrong with a rule) was found
inline constexpr int kExitError = 2;

inline constexpr const char* kOutputLost = "standard output cannot be written";

/// Options that may stand before or after the command's name.
struct Globals {
  bool json = false;
  std::string store;     // as given; empty: database_url() says which
  std::string key_file;  // as given; empty: the configuration's key_path, else the database's path with ".key" behind it
  std::string config;    // as given; empty: $LOGYSTERA_CONFIG, else config.yaml if it is there
};

/// A command sets `exit_code` when it runs.
struct Program {
  Command& app;
  Globals& globals;
  int& exit_code;
};

void add_serve(Program program);
void add_health(Program program);
void add_self_test(Program program);
void add_store_commands(Program program);
void add_entity(Program program);
void add_user(Program program);
void add_token(Program program);
void add_support(Program program);
void add_detect(Program program);
void add_events(Program program);
void add_agent(Program program);
void add_relay(Program program);
void add_scan(Program program);
void add_top(Program program);
void add_query(Program program);
void add_rules_commands(Program program);
void add_metrics(Program program);
void add_formats(Program program);
void add_plugin(Program program);
void add_alerts(Program program);
void add_channel(Program program);  // channel and route
void add_findings(Program program);
void add_errors(Program program);
void add_anomaly(Program program);
void add_export(Program program);
void add_tail(Program program);
void add_journald(Program program);
void add_ssh(Program program);
void add_fleet(Program program);
void add_docker(Program program);
void add_loki(Program program);
void add_graylog(Program program);
void add_opensearch(Program program);
void add_demo(Program program);
void add_llm(Program program);
void add_completion(Program program);

/// Adds --json, --config and --store to a command; --store comes with --config, which may name the store.
void add_json(Command& command, Globals& globals, const std::string& help);
void add_config(Command& command, Globals& globals);
void add_store(Command& command, Globals& globals);
/// Adds --key-file, for commands that seal or unseal secrets of entities.
void add_key_file(Command& command, Globals& globals);

inline constexpr std::uint64_t kListedMost = 1'000'000'000;  // what -n takes

/// Checks of an option's text that say what to write instead. CLI11's own take "-1" for an unsigned number, "nan" for a
/// positive one, and an empty text for 0.
Check whole_number(std::uint64_t least, std::uint64_t most);
Check positive_number();
Check any_of(std::vector<std::string> words);

inline constexpr const char* kDatabaseName = "logystera.db";

/// The store --store or the configuration names, else kDatabaseName among the program's own files (state_file(), whose directory is made),
/// or in the working directory where an earlier version left one, which is said on standard error once a process: "sqlite:PATH".
std::string database_url(const Globals& globals, const Config& config);
/// The same, with the configuration read for it.
Result<std::string> store_url(const Globals& globals);
/// The file with the key entities' secrets are sealed under. A store that is no file has no default.
Result<std::string> key_path(const Globals& globals);

/// Says what went wrong on standard error, as "logystera COMMAND: …", and gives the exit code.
int fail(std::string_view command, const Error& error);

/// Of a store that cannot be opened, with the option that names another.
Error store_failure(const Error& error);

}  // namespace logystera::cli
