#include "cli/command.hpp"

#include <cstdio>

#include "cli/config.hpp"

namespace logystera::cli {

void add_json(CLI::App& command, Globals& globals, const std::string& help) {
  command.add_flag("--json", globals.json, help);
}

void add_config(CLI::App& command, Globals& globals) {
  command.add_option("--config,-c", globals.config,
                     "Configuration file [default: $LOGYSTERA_CONFIG, else config.yaml if it is there]");
}

void add_store(CLI::App& command, Globals& globals) {
  command.add_option("--store", globals.store,
                     "The database: sqlite:PATH [default: the configuration's db_path, else sqlite:logystera.db]");
  add_config(command, globals);
}

Result<std::string> store_url(const Globals& globals) {
  if (!globals.store.empty()) return globals.store;
  auto config = load_config(globals.config);
  if (!config) return config.error();
  return "sqlite:" + config->db_path;
}

int fail(std::string_view command, const Error& error) {
  std::fprintf(stderr, "logystera%s%.*s: %s\n", command.empty() ? "" : " ", static_cast<int>(command.size()),
               command.data(), error.message.c_str());
  return kExitError;
}

}  // namespace logystera::cli
