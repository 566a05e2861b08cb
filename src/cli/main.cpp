// The `logystera` program.
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "cli/command.hpp"
#include "cli/secret_option.hpp"
#include "cli/start.hpp"
#include "core/secret.hpp"

namespace {

// Started without one of the three standard streams, a program opens its first file in their place, and writes messages
// into it. What stands there instead cannot be read (standard input) or written (the others), which is then said.
void fill_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

// The address space the process may have in KiB; 0: there is no limit.
std::uint64_t address_space_kib() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur / 1024 : 0;
}

// For every thread glibc reserves 64 MiB of address space. Where that is refused each allocation becomes a mapping of its own,
// page and two system calls, and the program crawls. With little address space all threads allocate from one arena.
void share_arena_if_limited() {
#if defined(__GLIBC__)
  constexpr std::uint64_t kRoomForArenasKib = 8 * 1024 * 1024;
  if (const std::uint64_t kib = address_space_kib(); kib != 0 && kib < kRoomForArenasKib) ::mallopt(M_ARENA_MAX, 1);
#endif
}

std::string remedy_for_memory() {
  const std::uint64_t kib = address_space_kib();
  return (kib != 0 ? "'ulimit -v' allows " + std::to_string(kib) + " KiB; allow more"
                   : "give the machine or container more") +
         ", or use fewer threads where the command has --threads";
}

// A command that printed into a full disk has failed, whatever it was.
int with_output_written(int exit_code) {
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.flush().good();
  if (written || exit_code == logystera::cli::kExitError) return exit_code;
  return logystera::cli::fail("", logystera::Error{logystera::cli::kOutputLost});
}

}  // namespace

int main(int argc, char** argv) {
  using namespace logystera::cli;
  fill_standard_streams();
  ::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error with words, as a full disk is
  share_arena_if_limited();
  logystera::take_secret_variables();
  std::vector<std::string> arguments = take_arguments(argc, argv);
  Globals globals;
  int exit_code = kExitDone;
  if (!arguments.empty()) arguments.erase(arguments.begin());  // the program's name
  const bool alone = arguments.empty();
  CommandLine line("logystera", "Receives, stores and shows the signals of your sites, and analyses any log.",
                   "logystera " LOGYSTERA_VERSION, std::move(arguments));
  Command& root = line.root();
  add_json(root, globals, "Print JSON instead of text, where the command has both");
  add_store(root, globals);
  const Program program{root, globals, exit_code};
  add_scan(program);
  add_top(program);
  add_query(program);
  add_tail(program);
  add_journald(program);
  add_ssh(program);
  add_fleet(program);
  add_docker(program);
  add_loki(program);
  add_graylog(program);
  add_opensearch(program);
  add_alerts(program);
  add_channel(program);
  add_findings(program);
  add_errors(program);
  add_anomaly(program);
  add_export(program);
  add_llm(program);
  add_rules_commands(program);
  add_metrics(program);
  add_formats(program);
  add_plugin(program);
  add_demo(program);
  add_serve(program);
  add_health(program);
  add_self_test(program);
  add_store_commands(program);
  add_entity(program);
  add_user(program);
  add_token(program);
  add_support(program);
  add_detect(program);
  add_events(program);
  add_agent(program);
  add_relay(program);
  add_completion(program);
  root.footer(
      "'logystera COMMAND --help' explains each command, with examples.\n"
      "Exit codes: 0 done; 1 done, and something was found that was asked about (scan --fail-on, rules validate,\n"
      "rules test); 2 an error (on standard error, with the remedy; what was done before it stays done).");
  try {
    if (alone) {
      std::fputs(start_text(start_facts()).c_str(), stdout);
      return with_output_written(kExitDone);
    }
    if (const std::optional<int> ended = line.run(kExitError)) return with_output_written(*ended);
  } catch (const std::bad_alloc&) {
    return fail("", logystera::Error{"out of memory: " + remedy_for_memory()});
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again) return fail("", logystera::Error{error.what()});
    return fail("", logystera::Error{"a thread cannot be started: raise 'ulimit -u'; " + remedy_for_memory()});
  } catch (const std::exception& error) {
    return fail("", logystera::Error{error.what()});
  }
  return with_output_written(exit_code);
}
