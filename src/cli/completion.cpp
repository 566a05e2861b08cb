// Shell completion and manual pages, made from the same command tree as --help.
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/whole_file.hpp"
#include "core/user_directory.hpp"

namespace logystera::cli {
namespace {

std::vector<std::string> words_of(const CommandHelp& command) {
  std::vector<std::string> words;
  for (const CommandHelp& sub : command.commands) words.push_back(sub.name);
  for (const OptionHelp& option : command.options)
    for (const std::string& name : option.long_names) words.push_back("--" + name);
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

void add_cases(const CommandHelp& command, const std::string& path, std::string& paths, std::string& cases) {
  cases += fmt::format("    '{}') words='{}' ;;\n", path, joined(words_of(command)));
  for (const CommandHelp& sub : command.commands) {
    const std::string below = path + "/" + sub.name;
    paths += (paths.empty() ? "" : "|") + below;
    add_cases(sub, below, paths, cases);
  }
}

std::string bash_script(const CommandHelp& command) {
  std::string paths, cases;
  add_cases(command, "", paths, cases);
  return fmt::format(
      "_logystera() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} path='' words='' i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case $path/${{COMP_WORDS[i]}} in\n"
      "      {}) path=$path/${{COMP_WORDS[i]}} ;;\n"
      "    esac\n"
      "  done\n"
      "  case $path in\n{}  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "  [[ $cur == -* || -z $path ]] || COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
      "}}\n"
      "complete -o filenames -F _logystera logystera\n",
      paths, cases);
}

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "'";
}

void add_fish(const CommandHelp& command, const std::string& condition, std::string& out) {
  for (const CommandHelp& sub : command.commands)
    out += fmt::format("complete -c logystera -n {} -a {} -d {}\n", fish_quoted(condition), sub.name,
                       fish_quoted(sub.description));
  for (const OptionHelp& option : command.options)
    for (const std::string& name : option.long_names)
      out += fmt::format("complete -c logystera -n {} -l {} -d {}\n", fish_quoted(condition), name,
                         fish_quoted(option.description));
  for (const CommandHelp& sub : command.commands) add_fish(sub, "__fish_seen_subcommand_from " + sub.name, out);
}

std::string fish_script(const CommandHelp& command) {
  std::string out;
  add_fish(command, "__fish_use_subcommand", out);
  return out;
}

std::string script_for(const CommandHelp& command, const std::string& shell) {
  if (shell == "fish") return fish_script(command);
  if (shell == "zsh") return "#compdef logystera\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(command);
  return bash_script(command);
}

// Where the shell looks for it by itself, or nearly so. Empty without a home.
std::filesystem::path place_for(const std::string& shell) {
  const auto below = [](UserDirectory which, const char* name) {
    const std::string directory = user_directory(which);
    return directory.empty() ? std::filesystem::path() : std::filesystem::path(directory) / name;
  };
  if (shell == "fish") return below(UserDirectory::config, "fish/completions/logystera.fish");
  if (shell == "zsh") return below(UserDirectory::data, "zsh/site-functions/_logystera");
  return below(UserDirectory::data, "bash-completion/completions/logystera");
}

int install(const CommandHelp& command, std::string shell) {
  if (shell == "auto") {
    const char* login = std::getenv("SHELL");
    shell = login ? std::filesystem::path(login).filename().string() : "";
    if (shell != "bash" && shell != "zsh" && shell != "fish")
      return fail("", Error{fmt::format("--install-completion: the shell '{}' is not known: name bash, zsh or fish", shell),
                            ErrorKind::invalid});
  }
  const std::filesystem::path path = place_for(shell);
  if (path.empty()) return fail("", Error{"--install-completion: there is no home directory: set HOME"});
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  if (auto written = write_whole_file(path.string(), script_for(command, shell)); !written)
    return fail("", written.error());
  fmt::print("{}\n", path.string());
  if (shell == "zsh") fmt::print("Add to ~/.zshrc, before compinit: fpath+=({})\n", path.parent_path().string());
  else fmt::print("It works in the next {} you start.\n", shell);
  return kExitDone;
}

// troff wants a backslash, a dot or quote that begins a line, and what is not ASCII said otherwise. The program's own help is
// valid UTF-8 with characters of two or three bytes.
std::string troff(std::string_view text) {
  std::string out;
  bool begins = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t more = byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 0;
    if (more > 0 && i + more < text.size()) {
      unsigned code = byte & (more == 2 ? 0x0Fu : 0x1Fu);
      for (std::size_t k = 0; k < more; ++k) code = code << 6 | (static_cast<unsigned char>(text[++i]) & 0x3Fu);
      out += fmt::format("\\[u{:04X}]", code);
      begins = false;
      continue;
    }
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') out += "\\e";
    else if (c == '-') out += "\\-";
    else out += c;
    begins = c == '\n';
  }
  return out;
}

void add_manual(const CommandHelp& command, const std::string& name, std::string& out) {
  out += fmt::format(".SH {}\n{}\n", name.find(' ') == std::string::npos ? "DESCRIPTION" : troff("COMMAND " + name),
                     troff(command.description));
  for (const OptionHelp& option : command.options) {
    const std::string type = option.type.empty() ? "" : " \\fI" + troff(option.type) + "\\fR";
    out += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", troff(option.names), type, troff(option.description));
    if (!option.default_value.empty()) out += fmt::format("Default: {}.\n", troff(option.default_value));
  }
  if (!command.footer.empty()) out += fmt::format(".PP\n.nf\n{}\n.fi\n", troff(command.footer));
  for (const CommandHelp& sub : command.commands) add_manual(sub, name + " " + sub.name, out);
}

std::string manual(const CommandHelp& command) {
  std::string out = fmt::format(
      ".TH LOGYSTERA 1 \"\" \"logystera {}\" \"User Commands\"\n.SH NAME\nlogystera \\- {}\n.SH SYNOPSIS\n"
      ".B logystera\n[OPTIONS] COMMAND [OPTIONS]\n",
      LOGYSTERA_VERSION, troff("receives, stores and shows the signals of your sites, and analyses any log"));
  add_manual(command, "logystera", out);
  return out;
}

}  // namespace

void add_completion(Program program) {
  Command& root = program.app;
  root.add_exit_option(
      "--install-completion", {"auto", "bash", "zsh", "fish"}, "auto",
      [&root](const std::string& shell) { return install(root.help(), shell); },
      "Install completion for bash, zsh or fish [default: your shell], and exit");
  root.add_exit_option(
      "--show-completion", {"bash", "zsh", "fish"}, "",
      [&root](const std::string& shell) {
        std::fputs(script_for(root.help(), shell).c_str(), stdout);
        return kExitDone;
      },
      "Print the completion script for bash, zsh or fish, and exit");
  root.add_exit_flag(
      "--manual",
      [&root] {
        std::fputs(manual(root.help()).c_str(), stdout);
        return kExitDone;
      },
      "Print the manual page (troff: 'logystera --manual | man -l -'), and exit");
}

}  // namespace logystera::cli
