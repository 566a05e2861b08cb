// What `cmake --install` puts beside the program.
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"

using namespace logystera::testing;

namespace {

// Exit code of a shell command.
int shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool there(const std::string& program) { return shell("command -v " + program + " >/dev/null 2>&1") == 0; }

// `cmake --install` of this build, with that prefix.
void install(const std::string& root, const std::string& log) {
  const int installed =
      shell("'" LOGYSTERA_CMAKE "' --install '" LOGYSTERA_BUILD "' --prefix '" + root + "' >'" + log + "' 2>&1");
  INFO(read_whole(log));
  REQUIRE(installed == 0);
}

}  // namespace

TEST_CASE("what_is_installed_names_the_places_of_this_installation_and_leaves_a_configuration_as_it_is") {
  const Scratch scratch;
  const std::string log = scratch.file("log"), root = scratch.file("root");
  install(root, log);
  CHECK(std::filesystem::file_size(root + "/bin/logystera") <= std::filesystem::file_size(LOGYSTERA_BINARY));
  CHECK(shell("'" + root + "/bin/logystera' --version >/dev/null") == 0);
  for (const char* name : {"gateway", "relay", "tail"}) {
    const std::string unit = read_whole(root + "/lib/systemd/system/logystera-" + name + ".service");
    CHECK(unit.find("ExecStart=" + root + "/bin/logystera ") != std::string::npos);
    CHECK(unit.find("/usr/bin/logystera") == std::string::npos);
    CHECK(unit.find(root + "/etc/logystera/") != std::string::npos);
    CHECK(unit.find("=/etc/logystera") == std::string::npos);
  }
  CHECK(read_whole(root + "/etc/logystera/config.yaml") == read_whole("config.yaml.example"));
  CHECK(read_whole(root + "/etc/logystera/targets.yaml") == read_whole("packaging/targets.yaml"));
  for (const char* file :
       {"LICENSE", "notices.txt", "README.md", "docs/install.md", "examples/config.yaml.example", "examples/site.conf"})
    CHECK(std::filesystem::exists(root + "/share/doc/logystera/" + file));

  std::ofstream(root + "/etc/logystera/config.yaml") << "timezone: UTC\n";
  install(root, log);
  CHECK(read_whole(root + "/etc/logystera/config.yaml") == "timezone: UTC\n");
}

TEST_CASE("the_installed_manual_page_and_completions_are_the_programs_own_and_render_without_a_warning") {
  const Scratch scratch;
  const std::string log = scratch.file("log"), root = scratch.file("root");
  install(root, log);
  CHECK(std::filesystem::exists(root + "/bin/logystera"));
  const std::string page = root + "/share/man/man1/logystera.1";
  CHECK(read_whole(page) == run({"--manual"}).out);
  for (const auto& [name, file] : {std::pair("bash", "/share/bash-completion/completions/logystera"),
                                   std::pair("zsh", "/share/zsh/site-functions/_logystera"),
                                   std::pair("fish", "/share/fish/vendor_completions.d/logystera.fish")})
    CHECK(read_whole(root + file) == run({"--show-completion", name}).out);
  if (there("bash")) CHECK(shell("bash -n '" + root + "/share/bash-completion/completions/logystera'") == 0);

  const std::string shown = scratch.file("shown"), warned = scratch.file("warned");
  const auto renders = [&](const std::string& how) {
    CHECK(shell(how + " '" + page + "' >'" + shown + "' 2>'" + warned + "'") == 0);
    CHECK(read_whole(warned).empty());
    const std::string text = read_whole(shown);
    for (const char* said : {"NAME", "logystera", "--no-rule-cache", "rules validate", "\xE2\x80\xA6"})
      CHECK(text.find(said) != std::string::npos);
  };
  // All of groff's warnings; and as a reader's `man` shows it.
  if (there("groff")) renders("GROFF_NO_SGR=1 groff -man -Tutf8 -ww -P-cbou");
  else WARN("skipped: rendering with groff, which is not installed");
  if (there("man") && there("groff")) renders("LC_ALL=C.UTF-8 MAN_KEEP_FORMATTING= MANPAGER=cat man --warnings -l");
  else WARN("skipped: rendering with man, which is not installed");
  if (there("mandoc")) CHECK(shell("mandoc -T lint -W error '" + page + "' >'" + shown + "' 2>&1") == 0);
}
