// Directories and files reached by descriptors. The races that need two users are in buffer_race_test.cpp; here each is tried once,
// at the very moment that matters.
#include "agent/directory.hpp"

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <functional>

#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

FileRules own_rules(bool share_group = false) {
  FileRules rules;
  rules.owner = ::geteuid();
  rules.group = ::getegid();
  rules.share_group = share_group;
  return rules;
}

mode_t mode_of(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 ? st.st_mode & 07777 : 0;
}

bool sets_a_mode(std::uint64_t call) {
  return call == SYS_fchmod || call == SYS_fchmodat
#if defined(SYS_chmod)
         || call == SYS_chmod
#endif
      ;
}

// Runs `work` in another process and `interfere` here when that process is about to set a mode, again at each time. How often that
// was; -1 where a process may not be traced.
int before_a_mode_is_set(const std::function<void()>& work, const std::function<void()>& interfere) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
    ::raise(SIGSTOP);
    work();
    ::_exit(0);
  }
  int status = 0, times = 0;
  if (::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return -1;
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (int signal = 0;;) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, signal);
    if (::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return times;
    signal = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
    if (signal != 0) continue;
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) <= 0) continue;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !sets_a_mode(info.entry.nr)) continue;
    ++times;
    interfere();
  }
}

}  // namespace

TEST_CASE("a_directory_is_not_opened_through_a_link_whoever_owns_what_it_leads_to") {
  Scratch scratch;
  const std::string real = scratch.path("real"), link = scratch.path("link");
  REQUIRE(::mkdir(real.c_str(), 0700) == 0);
  REQUIRE(::symlink("real", link.c_str()) == 0);
  CHECK(Directory::open(real));
  CHECK_FALSE(Directory::open(link));
  CHECK(errno == ELOOP);
  const Directory above = Directory::open(scratch.path(""));
  REQUIRE(above);
  CHECK(above.subdirectory("real", own_rules(), Directory::Missing::leave));
  CHECK_FALSE(above.subdirectory("link", own_rules(), Directory::Missing::make));
  CHECK(errno == ELOOP);
}

TEST_CASE("a_file_is_not_opened_through_a_link_whoever_owns_what_it_leads_to") {
  Scratch scratch;
  write_file(scratch.path("real"), "text");
  REQUIRE(::symlink("real", scratch.path("link").c_str()) == 0);
  REQUIRE(::symlink("nothing", scratch.path("lost").c_str()) == 0);
  const Directory directory = Directory::open(scratch.path(""));
  REQUIRE(directory);
  CHECK(directory.open_unchecked("real", O_RDONLY));
  struct stat st {};
  for (const char* name : {"link", "lost"}) {
    CHECK_FALSE(directory.open_unchecked(name, O_RDONLY));
    CHECK(errno == ELOOP);
    CHECK_FALSE(directory.open_file(name, O_RDWR | O_CREAT, own_rules(), st));
  }
  CHECK(::access(scratch.path("nothing").c_str(), F_OK) != 0);
}

TEST_CASE("a_directory_exchanged_for_a_link_just_before_its_mode_is_set_leaves_what_the_link_leads_to_alone") {
  Scratch scratch;
  const std::string made = scratch.path("made"), aside = scratch.path("aside"), target = scratch.path("target");
  REQUIRE(::mkdir(target.c_str(), 0755) == 0);
  REQUIRE(::chmod(target.c_str(), 0755) == 0);
  // A shared directory's mode is always set: mkdir gives none like it.
  const int times = before_a_mode_is_set([&] { Directory::open_or_make(made, own_rules(true)); },
                                         [&] {
                                           ::rename(made.c_str(), aside.c_str());
                                           REQUIRE(::symlink(target.c_str(), made.c_str()) == 0);
                                         });
  if (times < 0) {
    std::printf("skipped: a_directory_exchanged_just_before_its_mode_is_set needs a process it may trace\n");
    return;
  }
  CHECK(times == 1);
  CHECK(mode_of(target) == 0755);
  CHECK(mode_of(aside) == 02770);
}
