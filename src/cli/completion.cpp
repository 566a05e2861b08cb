// Shell completion and manual pages, made from the same command tree as --help.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "cli/command.hpp"
#include "core/user_directory.hpp"

namespace logystera::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
}

std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* sub : commands_of(app)) words.push_back(sub->get_name());
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

void add_cases(const CLI::App& app, const std::string& path, std::string& paths, std::string& cases) {
  cases += fmt::format("    '{}') words='{}' ;;\n", path, joined(words_of(app)));
  for (const CLI::App* sub : commands_of(app)) {
    const std::string below = path + "/" + sub->get_name();
    paths += (paths.empty() ? "" : "|") + below;
    add_cases(*sub, below, paths, cases);
  }
}

std::string bash_script(const CLI::App& app) {
  std::string paths, cases;
  add_cases(app, "", paths, cases);
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

void add_fish(const CLI::App& app, const std::string& condition, std::string& out) {
  for (const CLI::App* sub : commands_of(app))
    out += fmt::format("complete -c logystera -n {} -a {} -d {}\n", fish_quoted(condition), sub->get_name(),
                       fish_quoted(sub->get_description()));
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames())
      out += fmt::format("complete -c logystera -n {} -l {} -d {}\n", fish_quoted(condition), name,
                         fish_quoted(option->get_description()));
  for (const CLI::App* sub : commands_of(app)) add_fish(*sub, "__fish_seen_subcommand_from " + sub->get_name(), out);
}

std::string fish_script(const CLI::App& app) {
  std::string out;
  add_fish(app, "__fish_use_subcommand", out);
  return out;
}

std::string script_for(const CLI::App& app, const std::string& shell) {
  if (shell == "fish") return fish_script(app);
  if (shell == "zsh") return "#compdef logystera\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(app);
  return bash_script(app);
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

int install(const CLI::App& app, std::string shell) {
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
  std::ofstream file(path, std::ios::trunc);
  file << script_for(app, shell);
  file.close();
  if (!file)
    return fail("",
                Error{fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)), kind_of_errno(errno)});
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

void add_manual(const CLI::App& app, const std::string& name, std::string& out) {
  out += fmt::format(".SH {}\n{}\n", name.find(' ') == std::string::npos ? "DESCRIPTION" : troff("COMMAND " + name),
                     troff(app.get_description()));
  for (const CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_size() == 0 ? "" : " \\fI" + troff(option->get_type_name()) + "\\fR";
    const std::string shown = option->get_positional() ? option->get_name(true, false) : option->get_name(false, true);
    out += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", troff(shown), type, troff(option->get_description()));
    if (!option->get_default_str().empty()) out += fmt::format("Default: {}.\n", troff(option->get_default_str()));
  }
  if (!app.get_footer().empty()) out += fmt::format(".PP\n.nf\n{}\n.fi\n", troff(app.get_footer()));
  for (const CLI::App* sub : commands_of(app)) add_manual(*sub, name + " " + sub->get_name(), out);
}

std::string manual(const CLI::App& app) {
  std::string out = fmt::format(
      ".TH LOGYSTERA 1 \"\" \"logystera {}\" \"User Commands\"\n.SH NAME\nlogystera \\- {}\n.SH SYNOPSIS\n"
      ".B logystera\n[OPTIONS] COMMAND [OPTIONS]\n",
      LOGYSTERA_VERSION, troff("receives, stores and shows the signals of your sites, and analyses any log"));
  add_manual(app, "logystera", out);
  return out;
}

}  // namespace

void add_completion(Program program) {
  CLI::App& root = program.app.cli11();
  const CLI::App* app = &root;
  const auto shells = CLI::IsMember({"bash", "zsh", "fish"});
  root.add_option_function<std::string>(
          "--install-completion",
          [app](const std::string& shell) {
            const int code = install(*app, shell.empty() ? "auto" : shell);
            throw CLI::RuntimeError(code);
          },
          "Install completion for bash, zsh or fish [default: your shell], and exit")
      ->expected(0, 1)
      ->default_str("auto")
      ->check(CLI::IsMember({"auto", "bash", "zsh", "fish"}))
      ->trigger_on_parse();
  root.add_option_function<std::string>(
          "--show-completion",
          [app](const std::string& shell) {
            std::fputs(script_for(*app, shell).c_str(), stdout);
            throw CLI::Success();
          },
          "Print the completion script for bash, zsh or fish, and exit")
      ->check(shells)
      ->trigger_on_parse();
  root.add_flag_callback(
          "--manual",
          [app] {
            std::fputs(manual(*app).c_str(), stdout);
            throw CLI::Success();
          },
          "Print the manual page (troff: 'logystera --manual | man -l -'), and exit")
      ->trigger_on_parse();
}

}  // namespace logystera::cli
