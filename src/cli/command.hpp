// What the sub-commands share. Each lives in a file of its own and adds itself to the program; a command is
// argument handling and printing, the work is done in the rooms below.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitError = 2;

/// Options that may stand before or after the command's name.
struct Globals {
  bool json = false;
  std::string store = "sqlite:logystera.db";
};

/// A command sets `exit_code` when it runs.
struct Program {
  CLI::App& app;
  Globals& globals;
  int& exit_code;
};

void add_serve(Program program);
void add_entity(Program program);
void add_events(Program program);
void add_agent(Program program);
void add_relay(Program program);

/// Adds --json and --store to a command.
void add_json(CLI::App& command, Globals& globals, const std::string& help);
void add_store(CLI::App& command, Globals& globals);

/// Says what went wrong on standard error, as "logystera COMMAND: …", and gives the exit code.
int fail(std::string_view command, const Error& error);

}  // namespace logystera::cli
