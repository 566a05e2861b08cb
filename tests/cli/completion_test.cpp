// Completion in four shells: each is given the same words. bash is asked itself; PowerShell's script is read as PowerShell would.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "cli/program.hpp"

using namespace logystera::testing;

namespace {

struct House {
  Scratch scratch;
  const Running::Setting setting{
      {{"LOGYSTERA_PII_SALT", "salt"}, {"XDG_STATE_HOME", scratch.file("state")}}, RLIM_INFINITY, 0};
};

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

using Table = std::map<std::string, std::vector<std::string>>;  // path of commands → words

// The script's strings in single quotes, in which '' is a quote; `rest` is what stands around them.
std::vector<std::string> strings_of(const std::string& script, std::string& rest) {
  std::vector<std::string> strings;
  for (std::size_t at = 0; at < script.size(); ++at) {
    if (script[at] != '\'') {
      rest += script[at];
      continue;
    }
    std::string text;
    for (++at; at < script.size(); ++at) {
      if (script[at] != '\'') text += script[at];
      else if (script.compare(at, 2, "''") == 0) text += script[at++];
      else break;
    }
    REQUIRE(at < script.size());  // it ends
    strings.push_back(text);
    rest += '\'';
  }
  return strings;
}

Table powershell_table(const std::string& script) {
  const std::string begin = "  $words = @{\n", end = "\n  }\n";
  const std::size_t from = script.find(begin);
  REQUIRE(from != std::string::npos);
  const std::string inside = script.substr(from + begin.size(), script.find(end, from) + 1 - from - begin.size());
  Table table;
  std::vector<std::string>* words = nullptr;
  std::istringstream lines(inside);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    std::string rest;
    const auto strings = strings_of(line, rest);
    if (rest == "    ' = @(") {
      words = &table[strings.at(0)];
    } else if (rest == "    )") {
      words = nullptr;
    } else {
      REQUIRE(words);
      REQUIRE(rest == "      ', '");
      CHECK_FALSE(strings.at(0).empty());  // CompletionResult refuses both
      CHECK_FALSE(strings.at(1).empty());
      words->push_back(strings.at(0));
    }
  }
  return table;
}

Table bash_table(const std::string& script) {
  Table table;
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    std::string rest;
    if (line.find("') words='") == std::string::npos) continue;
    const auto strings = strings_of(line, rest);
    std::istringstream words(strings.at(1));
    auto& all = table[strings.at(0)];
    for (std::string word; words >> word;) all.push_back(word);
  }
  return table;
}

// As the script block goes through a command line whose cursor stands at its end.
std::vector<std::string> completed(const Table& table, const std::vector<std::string>& before, const std::string& word) {
  std::string path;
  for (const std::string& one : before)
    if (table.contains(path + "/" + one)) path += "/" + one;
  std::vector<std::string> found;
  for (const std::string& one : table.at(path))
    if (one.starts_with(word)) found.push_back(one);
  return found;
}

}  // namespace

TEST_CASE("powershell_is_given_the_words_of_bash_for_the_same_command_line") {
  const House house;
  const Finished bash = run({"--show-completion", "bash"}, house.setting),
                 powershell = run({"--show-completion", "powershell"}, house.setting);
  REQUIRE(bash.code == 0);
  REQUIRE(powershell.code == 0);
  const Table table = powershell_table(powershell.out);
  CHECK(table == bash_table(bash.out));
  CHECK(table.size() > 50);
  write(house.scratch.file("c.bash"), bash.out);
  std::filesystem::create_directory(house.scratch.file("empty"));
  const auto asked = [&](const std::vector<std::string>& before, const std::string& word) {
    std::string line = "logystera";
    for (const std::string& one : before) line += " " + one;
    // bash adds names of files; where it finds none, it has the words alone.
    const std::string command = "cd " + house.scratch.file("empty") + " && bash -c 'source " +
                                house.scratch.file("c.bash") + "; COMP_WORDS=(" + line + " \"" + word +
                                "\"); COMP_CWORD=" + std::to_string(before.size() + 1) +
                                "; _logystera; printf \"%s\\n\" \"${COMPREPLY[@]}\"'";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe);
    std::string out(16384, '\0');
    out.resize(std::fread(out.data(), 1, out.size(), pipe));
    CHECK(::pclose(pipe) == 0);
    std::vector<std::string> words;
    std::istringstream all(out);
    for (std::string one; all >> one;) words.push_back(one);
    return words;
  };
  using Words = std::vector<std::string>;
  for (const auto& [before, word] : std::vector<std::pair<Words, std::string>>{{{}, ""},
                                                                               {{}, "sc"},
                                                                               {{}, "--"},
                                                                               {{"scan"}, "--re"},
                                                                               {{"--config", "x", "fleet"}, "t"},
                                                                               {{"fleet", "tail"}, "--h"}}) {
    const Words found = completed(table, before, word);
    CHECK_FALSE(found.empty());
    CHECK(found == asked(before, word));
  }
  // The script has no quotes of another kind, which would need another reading, and its brackets match.
  std::string rest;
  (void)strings_of(powershell.out, rest);
  CHECK(rest.find_first_of("\"`") == std::string::npos);
  std::string open;
  for (const char c : rest) {
    if (c == '(' || c == '{' || c == '[') open += c;
    if (c == ')' || c == '}' || c == ']') {
      REQUIRE_FALSE(open.empty());
      CHECK(std::string{open.back(), c}.find_first_of(c == ')' ? "(" : c == '}' ? "{" : "[") == 0);
      open.pop_back();
    }
  }
  CHECK(open.empty());
  CHECK(
      powershell.out.starts_with("Register-ArgumentCompleter -Native -CommandName logystera -ScriptBlock {\n"
                                 "  param($wordToComplete, $commandAst, $cursorPosition)\n"));
  CHECK(powershell.out.ends_with("\n}\n"));
}

TEST_CASE("fish_and_zsh_are_given_the_words_of_bash") {
  const House house;
  const Table table = bash_table(run({"--show-completion", "bash"}, house.setting).out);
  CHECK(bash_table(run({"--show-completion", "zsh"}, house.setting).out) == table);
  const std::string fish = run({"--show-completion", "fish"}, house.setting).out;
  for (const auto& [path, words] : table)
    for (const std::string& word : words) {
      INFO(path + " " + word);
      const std::string as = word.starts_with("--") ? " -l " + word.substr(2) + " -d " : " -a " + word + " -d ";
      CHECK(fish.find(as) != std::string::npos);
    }
}

TEST_CASE("powershells_completion_is_installed_and_its_profile_is_told") {
  const House house;
  Running::Setting home = house.setting;
  home.environment["XDG_CONFIG_HOME"] = house.scratch.file("it's");
  const Finished installed = run({"--install-completion", "powershell"}, home);
  CHECK(installed.code == 0);
  const std::string file = house.scratch.file("it's/powershell/logystera-completion.ps1");
  CHECK(read_whole(file) == run({"--show-completion", "powershell"}, house.setting).out);
  CHECK(installed.out.find("$PROFILE names: . '" + house.scratch.file("it''s") + "/powershell/") != std::string::npos);
  home.environment["SHELL"] = "/opt/microsoft/powershell/7/pwsh";
  std::filesystem::remove(file);
  CHECK(run({"--install-completion"}, home).code == 0);
  CHECK(std::filesystem::exists(file));
  home.environment["SHELL"] = "/bin/tcsh";
  const Finished unknown = run({"--install-completion"}, home);
  CHECK(unknown.code == 2);
  CHECK(unknown.err.find("bash, zsh, fish or powershell") != std::string::npos);
}
