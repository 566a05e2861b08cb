// `logystera demo`: every feature on made-up logs, and made-up rows for whatever reads the database.
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/history.hpp"
#include "cli/render.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "core/record.hpp"

namespace logystera::cli {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr int kSeededFindings = 25, kSeededDays = 14;

// A directory that is gone when the demonstration ends.
class Stage {
 public:
  Stage() {
    std::error_code error;
    std::string pattern = (std::filesystem::temp_directory_path(error) / "logystera-demo-XXXXXX").string();
    if (!error && ::mkdtemp(pattern.data())) path_ = pattern;
  }
  ~Stage() {
    std::error_code ignored;
    if (ready()) std::filesystem::remove_all(path_, ignored);
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  bool ready() const { return !path_.empty(); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string clock_text(int seconds) {
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

// All addresses are of the documentation ranges (RFC 5737), all names of example domains (RFC 2606).
bool write_logs(const std::string& directory) {
  std::ofstream auth(directory + "/auth.log");
  auth << "May 18 10:00:01 web1 sshd[1201]: Accepted publickey for admin from 203.0.113.50 port 52341 ssh2\n";
  for (int i = 0; i < 8; ++i)
    auth << "May 18 " << clock_text(36'010 + 3 * i) << " web1 sshd[1202]: Failed password for root from 198.51.100.23 port "
         << 40'000 + i << " ssh2\n";
  auth << "May 18 10:00:40 web1 sshd[1203]: Accepted password for root from 198.51.100.23 port 40100 ssh2\n";
  auth << "May 18 10:01:00 web1 sudo:    admin : TTY=pts/0 ; PWD=/home/admin ; USER=root ; COMMAND=/bin/systemctl restart "
          "nginx\n";
  std::ofstream app(directory + "/app.log");
  app << "2026-05-18 10:00:00 INFO mail to jane.doe@example.com queued for 203.0.113.50, card 4111 1111 1111 1111\n"
         "2026-05-18 10:00:05 INFO order 7d8f5a6e-1c1b-4f4e-9a3e-2b1c0d9e8f7a paid from GB33BUKB20201555555555\n"
         "2026-05-18 10:00:09 ERROR timeout after 31 s from 198.51.100.23\n"
         "2026-05-18 10:00:19 ERROR timeout after 29 s from 198.51.100.77\n"
         "2026-05-18 10:00:31 ERROR cannot open file '/srv/cache/9f31': permission denied\n";
  std::ofstream access(directory + "/access.log");
  const auto request = [&access](int second, int address, const char* target, int status) {
    access << "203.0.113." << address << " - - [18/May/2026:" << clock_text(second) << " +0000] \"GET " << target
           << " HTTP/1.1\" " << status << " 512 \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Chrome/124.0.0.0\"\n";
  };
  for (int second = 36'000; second < 36'900; second += 3) request(second, second % 40, "/articles/autumn", 200);
  for (int i = 0; i < 30; ++i) request(36'900 + i, 99, "/wp-login.php", 404);
  request(36'940, 98, "/index.php?id=1%27%20union%20select%20password%20from%20users", 200);
  std::ofstream quiet(directory + "/usual.log"), burst(directory + "/today.log");
  for (int minute = 0; minute < 60; ++minute)
    for (int i = 0; i < 10 + minute % 3; ++i)
      quiet << "2026-05-17 " << clock_text(36'000 + minute * 60 + i * 4) << " INFO request served\n";
  for (int minute = 0; minute < 10; ++minute)
    for (int i = 0; i < (minute == 6 ? 55 : 11); ++i)
      burst << "2026-05-18 " << clock_text(36'000 + minute * 60 + i)
            << (minute == 6 ? " ERROR request refused\n" : " INFO request served\n");
  std::ofstream config(directory + "/config.yaml");
  config << "db_path: " << directory
         << "/demo.db\nfindings_retention_days: 36500\npii_salt: demonstration\ntimezone: UTC\n";
  for (std::ofstream* file : {&auth, &app, &access, &quiet, &burst, &config}) {
    file->close();
    if (!*file) return false;
  }
  return true;
}

// Runs this very program in the stage's directory, after saying with which words.
bool perform(const Stage& stage, const std::vector<std::string>& words) {
  std::string line = "$ logystera";
  for (const std::string& word : words) line += " " + word;
  fmt::print("{}\n", bold(line, {{}, colour_wanted()}));
  std::fflush(stdout);
  std::vector<std::string> all{"logystera"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> argv;
  argv.reserve(all.size() + 1);
  for (std::string& word : all) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addchdir_np(&actions, stage.path().c_str());
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failed != 0 || ::waitpid(child, &status, 0) != child) return false;
  fmt::print("\n");
  return WIFEXITED(status) && WEXITSTATUS(status) == kExitDone;
}

struct Section {
  const char* title;
  std::vector<std::vector<std::string>> commands;
};

int show(bool pause) {
  const Stage stage;
  if (!stage.ready() || !write_logs(stage.path()))
    return fail("demo run", Error{"the made-up logs cannot be written to the temporary directory: set TMPDIR"});
  ::unsetenv(kConfigVariable);  // the stage has a configuration of its own
  const std::vector<Section> sections = {
      {"What happened, and who did it", {{"scan", "auth.log", "access.log", "app.log", "--summary"}}},
      {"Reading any log", {{"scan", "auth.log", "--format-only"}, {"scan", "access.log", "--format-only"}}},
      {"Personal data",
       {{"scan", "app.log", "--no-rules"}, {"scan", "app.log", "--no-rules", "--redact", "mask", "-n", "2"}}},
      {"Rules", {{"scan", "auth.log", "access.log", "--findings-only"}, {"rules", "list", "--severity", "critical"}}},
      {"Errors", {{"scan", "app.log", "--findings-only", "--track-errors"}, {"errors", "list"}}},
      {"Findings",
       {{"scan", "auth.log", "access.log", "--findings-only", "--track-errors"},
        {"findings", "summary"},
        {"findings", "dismiss", "WEB_SQL_INJECTION", "--reason", "our own test"},
        {"scan", "access.log", "--summary"},
        {"export", "report", "--since", "520w", "-o", "-", "--title", "Demonstration"}}},
      {"Unusual activity",
       {{"anomaly", "learn", "usual.log", "--source", "shop"},
        {"scan", "today.log", "--findings-only", "--detect-anomalies", "--anomaly-source", "shop"}}},
      // What a model would be asked: the demonstration asks none.
      {"A model that never sees personal data",
       {{"llm", "index"}, {"llm", "ask", "Who from 203.0.113.99 tried to log in?", "--show-prompt"}}},
  };
  // Nobody presses a key where nobody looks.
  const bool waits = pause && ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
  std::size_t number = 0;
  for (const Section& section : sections) {
    fmt::print("{}\n\n", bold(fmt::format("{}/{}  {}", ++number, sections.size(), section.title), {{}, colour_wanted()}));
    for (const std::vector<std::string>& command : section.commands)
      if (!perform(stage, command))
        return fail("demo run", Error{"a step of the demonstration failed; its message is above"});
    if (!waits || number == sections.size()) continue;
    fmt::print("Press Enter to go on, Ctrl-C to stop. ");
    std::fflush(stdout);
    for (int c = std::getchar(); c != '\n'; c = std::getchar())
      if (c == EOF) return kExitDone;
  }
  return kExitDone;
}

int seed(const Globals& globals) {
  auto opened = open_history("demo seed", globals, store::Access::create);
  if (!opened) return fail("demo seed", opened.error());
  store::Store& database = *opened->store;
  using Outcome = store::Who::Outcome;
  static const struct {
    const char *rule, *title, *message;
    Level level;
    store::Who who;
  } kFindings[] = {
      {"SSH_BRUTE_FORCE",
       "SSH Brute Force",
       "Failed password for root from ip_8390373f port 22 ssh2",
       Level::high,
       {"ip_8390373f", "root", "", 0, Outcome::login_failed}},
      {"WEB_SQL_INJECTION",
       "SQL Injection Attempt",
       "GET /index.php?id=1%27%20union%20select HTTP/1.1",
       Level::high,
       {"ip_2bcf3253", "", "/index.php", 200, Outcome::answered}},
      {"AUTH_NEW_UID0",
       "New Account With UID 0",
       "new user: name=backup2, UID=0, GID=0",
       Level::critical,
       {"", "", "backup2", 0, Outcome::unknown}},
      {"NGINX_5XX_SPIKE",
       "Server Error Spike",
       "GET /checkout HTTP/1.1",
       Level::high,
       {"", "", "/checkout", 502, Outcome::failed}},
      {"WIN_LOG_CLEARED",
       "Windows Log Cleared",
       "Microsoft-Windows-Eventlog 1102",
       Level::high,
       {"", "CORP\\admin", "Security", 0, Outcome::unknown}},
  };
  static constexpr const char* kErrors[] = {"timeout after 31 s from ip_2bcf3253",
                                            "cannot open file '/srv/cache/9f31': permission denied", "database is locked",
                                            "Undefined array key \"title\"", "out of memory: 134217728 bytes"};
  const std::int64_t now = wall_seconds();
  if (auto cleared = store::clear_demo(database); !cleared)
    return fail("demo seed", cleared.error());  // seeded twice, there once
  auto transaction = database.begin();
  if (!transaction) return fail("demo seed", transaction.error());
  std::uint64_t added = 0;
  for (int i = 0; i < kSeededFindings; ++i) {
    const auto& kind = kFindings[static_cast<std::size_t>(i) % std::size(kFindings)];
    store::Finding finding;
    finding.rule = kind.rule;
    finding.title = kind.title;
    finding.level = kind.level;
    finding.source = "demo.log";
    finding.time = now - i * kSeededDays * kDay / kSeededFindings;
    finding.line = static_cast<std::uint64_t>(i) + 1;
    finding.message = kind.message;
    finding.who = kind.who;
    finding.demo = true;
    auto done = transaction.value()->findings().add(finding);
    if (!done) return fail("demo seed", done.error());
    added += done.value();
  }
  std::vector<store::ErrorOccurrence> errors;
  for (std::size_t i = 0; i < std::size(kErrors); ++i) {
    store::ErrorOccurrence error;
    error.fingerprint = to_hex(sha256(std::string("demo ") + kErrors[i])).substr(0, 16);
    error.pattern = error.message = kErrors[i];
    error.severity = Severity::error;
    error.source = "demo.log";
    error.time = now - static_cast<std::int64_t>(i) * kDay;
    error.line = i + 1;
    error.demo = true;
    errors.push_back(std::move(error));
  }
  if (auto done = transaction.value()->errors().add(errors); !done) return fail("demo seed", done.error());
  if (auto committed = transaction.value()->commit(); !committed) return fail("demo seed", committed.error());
  if (!globals.json)
    fmt::print("{} findings over {} days and {} errors; 'logystera demo clear' removes them.\n", added, kSeededDays,
               std::size(kErrors));
  return kExitDone;
}

int clear(const Globals& globals) {
  auto opened = open_history("demo clear", globals);
  if (!opened) return fail("demo clear", opened.error());
  auto removed = store::clear_demo(*opened->store);
  if (!removed) return fail("demo clear", removed.error());
  if (!globals.json) fmt::print("{} made-up rows removed.\n", removed.value());
  return kExitDone;
}

}  // namespace

void add_demo(Program program) {
  auto* demo = program.app.add_subcommand("demo", "Show every feature on made-up logs; fill a database with made-up rows");
  demo->require_subcommand(1);
  auto at_once = std::make_shared<bool>(false);
  auto* running =
      demo->add_subcommand("run", "Walk through the features; needs no log, no database, no network and no configuration");
  running->add_flag("--no-pause", *at_once, "Do not wait after each section");
  add_config(*running, program.globals);
  running->callback([program, at_once] { program.exit_code = show(!*at_once); });
  const auto command = [&](const char* name, const char* help, int (*run)(const Globals&)) {
    auto* sub = demo->add_subcommand(name, help);
    add_json(*sub, program.globals, "Print nothing");
    add_store(*sub, program.globals);
    sub->callback([program, run] { program.exit_code = run(program.globals); });
  };
  command("seed", "Store 25 made-up findings over 14 days and 5 errors", seed);
  command("clear", "Remove what 'demo seed' stored, and nothing else", clear);
}

}  // namespace logystera::cli
