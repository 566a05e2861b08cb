#include "cli/start.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "cli/terminal.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kLogsShown = 3;
constexpr std::size_t kCommandColumns = 42;

bool readable(const char* path) { return ::access(path, R_OK) == 0; }

void add(std::string& text, const std::string& command, std::string_view what) {
  const std::size_t columns = columns_of(command);
  text += "  " + command;
  if (columns + 2 > kCommandColumns) text += "\n  " + std::string(kCommandColumns, ' ');
  else text.append(kCommandColumns - columns, ' ');
  text.append(what) += '\n';
}

}  // namespace

StartFacts start_facts() {
  StartFacts facts;
  for (const char* const path : {"/var/log/auth.log", "/var/log/secure", "/var/log/syslog", "/var/log/messages",
                                 "/var/log/nginx/access.log", "/var/log/apache2/access.log", "/var/log/httpd/access_log"})
    if (facts.logs.size() < kLogsShown && readable(path)) facts.logs.emplace_back(path);
  const bool journalctl = ::access("/usr/bin/journalctl", X_OK) == 0 || ::access("/bin/journalctl", X_OK) == 0;
  facts.journal = journalctl && (readable("/var/log/journal") || readable("/run/log/journal"));
  facts.docker = ::access("/var/run/docker.sock", R_OK | W_OK) == 0;
  return facts;
}

std::string start_text(const StartFacts& facts) {
  std::string text =
      "logystera " LOGYSTERA_VERSION ": the signals of your sites, and what any log has to say\n\nWhat you can do now:\n";
  if (facts.logs.empty()) {
    add(text, "logystera scan LOG", "what happened in a log");
    add(text, "logystera tail LOG", "the same, while it is written");
  } else {
    add(text, "logystera scan /var/log", "what happened on this machine");
    for (const std::string& log : facts.logs) add(text, "logystera scan " + log, "what happened in this log");
    add(text, "logystera tail " + facts.logs.front(), "the same, while it is written");
  }
  if (facts.journal) add(text, "logystera journald scan --since 24h", "what the journal has to say");
  if (facts.docker) add(text, "logystera docker scan --all", "what containers print");
  add(text, "logystera serve", "a server with pages for your browser");
  add(text, "logystera demo run", "every feature on made-up logs");
  add(text, "logystera --help", "all commands");
  return text;
}

}  // namespace logystera::cli
