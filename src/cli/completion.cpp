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

constexpr std::string_view kShells = "bash, zsh, fish or powershell";

/// What may stand behind a command: its own commands, then its options.
struct Word {
  std::string text;         // "scan", "--redact"
  std::string description;  // one line
  bool is_option = false;
};

std::string one_line(std::string text) {
  for (char& c : text) c = c == '\n' || c == '\t' ? ' ' : c;
  return text;
}

// What every shell is given.
std::vector<Word> words_of(const CommandHelp& command) {
  std::vector<Word> words;
  for (const CommandHelp& sub : command.commands) words.push_back({sub.name, one_line(sub.description), false});
  for (const OptionHelp& option : command.options)
    for (const std::string& name : option.long_names) words.push_back({"--" + name, one_line(option.description), true});
  return words;
}

std::string joined(const std::vector<Word>& words) {
  std::string out;
  for (const Word& word : words) out += (out.empty() ? "" : " ") + word.text;
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
    out += c;
  }
  return out + "'";
}

void add_fish(const CommandHelp& command, const std::string& condition, std::string& out) {
  for (const Word& word : words_of(command))
    out += fmt::format("complete -c logystera -n {} {} {} -d {}\n", fish_quoted(condition), word.is_option ? "-l" : "-a",
                       word.is_option ? word.text.substr(2) : word.text, fish_quoted(word.description));
  for (const CommandHelp& sub : command.commands) add_fish(sub, "__fish_seen_subcommand_from " + sub.name, out);
}

std::string fish_script(const CommandHelp& command) {
  std::string out;
  add_fish(command, "__fish_use_subcommand", out);
  return out;
}

// In single quotes nothing but the quote itself means anything; PowerShell takes the typographic ones for quotes too.
std::string powershell_quoted(std::string_view text) {
  constexpr std::string_view kQuotes[] = {"'", "\u2018", "\u2019", "\u201a", "\u201b"};
  std::string out = "'";
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size = 1;
    for (const std::string_view quote : kQuotes)
      if (text.substr(at).starts_with(quote)) out += text.substr(at, size = quote.size());
    out += text.substr(at, size);
    at += size;
  }
  return out + "'";
}

// A path's words stand in pairs: the word, and what is said of it.
void add_powershell(const CommandHelp& command, const std::string& path, std::string& out) {
  out += fmt::format("    {} = @(\n", powershell_quoted(path));
  for (const Word& word : words_of(command))
    out += fmt::format("      {}, {}\n", powershell_quoted(word.text),
                       powershell_quoted(word.description.empty() ? word.text : word.description));
  out += "    )\n";
  for (const CommandHelp& sub : command.commands) add_powershell(sub, path + "/" + sub.name, out);
}

// A completer that answers nothing leaves PowerShell to complete names of files.
std::string powershell_script(const CommandHelp& command) {
  std::string table;
  add_powershell(command, "", table);
  return "Register-ArgumentCompleter -Native -CommandName logystera -ScriptBlock {\n"
         "  param($wordToComplete, $commandAst, $cursorPosition)\n"
         "  $words = @{\n" +
         table +
         "  }\n"
         "  $path = ''\n"
         "  foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {\n"
         "    if ($element.Extent.EndOffset -ge $cursorPosition) { break }\n"
         "    $below = $path + '/' + $element.Extent.Text\n"
         "    if ($words.Keys -ccontains $below) { $path = $below }\n"
         "  }\n"
         "  $pairs = $words[$path]\n"
         "  for ($i = 0; $i -lt $pairs.Count; $i += 2) {\n"
         "    if (-not $pairs[$i].StartsWith($wordToComplete, [System.StringComparison]::Ordinal)) { continue }\n"
         "    $type = if ($pairs[$i].StartsWith('-')) { 'ParameterName' } else { 'ParameterValue' }\n"
         "    [System.Management.Automation.CompletionResult]::new($pairs[$i], $pairs[$i], $type, $pairs[$i + 1])\n"
         "  }\n"
         "}\n";
}

std::string script_for(const CommandHelp& command, const std::string& shell) {
  if (shell == "fish") return fish_script(command);
  if (shell == "powershell") return powershell_script(command);
  if (shell == "zsh") return "#compdef logystera\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(command);
  return bash_script(command);
}

// Where the shell looks for it by itself, or nearly so; PowerShell looks nowhere. Empty without a home.
std::filesystem::path place_for(const std::string& shell) {
  const auto below = [](UserDirectory which, const char* name) {
    const std::string directory = user_directory(which);
    return directory.empty() ? std::filesystem::path() : std::filesystem::path(directory) / name;
  };
  if (shell == "fish") return below(UserDirectory::config, "fish/completions/logystera.fish");
  if (shell == "powershell") return below(UserDirectory::config, "powershell/logystera-completion.ps1");
  if (shell == "zsh") return below(UserDirectory::data, "zsh/site-functions/_logystera");
  return below(UserDirectory::data, "bash-completion/completions/logystera");
}

int install(const CommandHelp& command, std::string shell) {
  if (shell == "auto") {
    const char* login = std::getenv("SHELL");
    shell = login ? std::filesystem::path(login).filename().string() : "";
    if (shell == "pwsh") shell = "powershell";
    if (shell != "bash" && shell != "zsh" && shell != "fish" && shell != "powershell")
      return fail("", Error{fmt::format("--install-completion: the shell '{}' is not known: name {}", shell, kShells),
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
  else if (shell == "powershell") fmt::print("Add to the file $PROFILE names: . {}\n", powershell_quoted(path.string()));
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
      "--install-completion", {"auto", "bash", "zsh", "fish", "powershell"}, "auto",
      [&root](const std::string& shell) { return install(root.help(), shell); },
      fmt::format("Install completion for {} [default: your shell], and exit", kShells));
  root.add_exit_option(
      "--show-completion", {"bash", "zsh", "fish", "powershell"}, "",
      [&root](const std::string& shell) {
        std::fputs(script_for(root.help(), shell).c_str(), stdout);
        return kExitDone;
      },
      fmt::format("Print the completion script for {}, and exit", kShells));
  root.add_exit_flag(
      "--manual",
      [&root] {
        std::fputs(manual(root.help()).c_str(), stdout);
        return kExitDone;
      },
      "Print the manual page (troff: 'logystera --manual | man -l -'), and exit");
}

}  // namespace logystera::cli
