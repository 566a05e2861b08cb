// What `top` and `query` share: files in, without rules, personal data replaced unless it is asked for.
#pragma once

#include <string>
#include <vector>

#include "ask/logs.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "core/result.hpp"

namespace logystera::cli {

struct AskedLogs {
  AnalysisOptions analysis;
  bool rotated = false, show_pii = false;
};

/// Options for reading, selecting and showing.
void add_asked_logs(Command& command, AskedLogs& options);

/// `command` is whom messages are from.
Result<ask::Logs> open_logs(const std::string& command, const Globals& globals, const AskedLogs& options,
                            const std::vector<std::string>& paths);

/// Says what could not be read, and which fields of --where no record had. The exit code that follows from it.
int say_problems(const std::string& command, const ask::Logs& logs, const std::vector<std::string>& problems,
                 std::uint64_t records);

}  // namespace logystera::cli
