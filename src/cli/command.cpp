#include "cli/command.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "cli/config.hpp"
#include "cli/config_warnings.hpp"
#include "cli/terminal.hpp"
#include "core/shell_word.hpp"
#include "core/user_directory.hpp"
#include "store/store.hpp"

namespace logystera::cli {

void add_json(Command& command, Globals& globals, const std::string& help) {
  command.add_flag("--json", globals.json, help);
}

void add_config(Command& command, Globals& globals) {
  command.add_option("--config,-c", globals.config,
                     "Configuration file [default: $LOGYSTERA_CONFIG, else config.yaml if it is there]");
}

void add_store(Command& command, Globals& globals) {
  command.add_option("--store", globals.store,
                     "The database: sqlite:PATH [default: the configuration's db_path, else logystera.db in\n"
                     "$XDG_STATE_HOME/logystera or ~/.local/state/logystera, of a service in its state directory]");
  add_config(command, globals);
}

void add_key_file(Command& command, Globals& globals) {
  command.add_option("--key-file", globals.key_file,
                     "The file with the key entities' secrets are sealed under\n"
                     "[default: the configuration's key_path, else the database's path with '.key' behind it]");
}

Check whole_number(std::uint64_t least, std::uint64_t most) {
  return Check([least, most](std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && stopped == end && number >= least && number <= most) return std::string();
    return fmt::format("{}: write a whole number from {} to {}", text, least, most);
  });
}

Check positive_number() {
  return Check([](std::string& text) {
    char* stopped = nullptr;
    const double number = std::strtod(text.c_str(), &stopped);
    if (!text.empty() && *stopped == 0 && std::isfinite(number) && number > 0) return std::string();
    return fmt::format("{}: write a number greater than 0, like 3 or 2.5", text);
  });
}

Check any_of(std::vector<std::string> words) {
  return Check([words = std::move(words)](std::string& text) {
    if (std::find(words.begin(), words.end(), text) != words.end()) return std::string();
    std::string list = words.front();
    for (std::size_t i = 1; i < words.size(); ++i) list += (i + 1 < words.size() ? ", " : " or ") + words[i];
    return fmt::format("{}: write {}", text, list);
  });
}

namespace {

// Where the database is unless somebody names one. Earlier versions had it in the working directory: one that is there goes on to
// be used, and that is said once a process. A service's working directory is an accident, so nothing is looked for there.
std::string default_database() {
  std::string path = state_file(kDatabaseName);
  if (path.empty()) return kDatabaseName;
  std::error_code ignored;
  if (!service_directory().empty() || !std::filesystem::is_regular_file(kDatabaseName, ignored) ||
      std::filesystem::equivalent(kDatabaseName, path, ignored)) {
    (void)make_parents(path);  // whoever makes the database says why it cannot be made
    return path;
  }
  static std::once_flag said;
  std::call_once(said, [&path] {
    const std::string directory = path.substr(0, path.rfind('/'));
    fmt::print(stderr,
               "logystera: using ./{0}, where earlier versions kept it; now it is {1}. To move it while nothing uses it: "
               "mkdir -p {2} && mv -n {0}* {2}/\n",
               kDatabaseName, printable(path), printable(shell_word(directory)));
  });
  return kDatabaseName;
}

}  // namespace

std::string database_url(const Globals& globals, const Config& config) {
  if (!globals.store.empty()) return globals.store;
  return "sqlite:" + (config.db_path.empty() ? default_database() : config.db_path);
}

Result<std::string> store_url(const Globals& globals) {
  if (!globals.store.empty()) return globals.store;
  auto config = load_config(globals.config);
  if (!config) return config.error();
  say_warnings("", config.value());
  return database_url(globals, config.value());
}

Result<std::string> key_path(const Globals& globals) {
  if (!globals.key_file.empty()) return globals.key_file;
  // Whoever names the store means that one, not whatever a configuration in the working directory is about.
  auto config = globals.store.empty() ? load_config(globals.config) : load_named_config(globals.config);
  if (!config) return config.error();
  say_warnings("", config.value());
  if (!config->key_path.empty()) return config->key_path;
  auto database = store::sqlite_path(database_url(globals, config.value()));
  if (!database) return store_failure(database.error());
  return database.value() + ".key";
}

Error store_failure(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::not_found:
    case ErrorKind::denied:
    case ErrorKind::broken: return {error.message + " (--store sqlite:PATH names one)", error.kind};
    default: return error;  // naming another is no remedy
  }
}

int fail(std::string_view command, const Error& error) {
  // Names of files are in it, and those come from strangers.
  std::fprintf(stderr, "logystera%s%.*s: %s\n", command.empty() ? "" : " ", static_cast<int>(command.size()),
               command.data(), printable(error.message).c_str());
  return kExitError;
}

}  // namespace logystera::cli
