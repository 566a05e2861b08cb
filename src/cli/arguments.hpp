// Sub-commands and options of the program. CLI11 stands behind this header, known to arguments.cpp alone.
//
// Why: CLI11 2.1 is classes with virtual functions defined in headers, so that every file that includes it compiles all of it.
// That was more than four of the six seconds of processor time each of 29 files took (GCC 12, -O2 -g1).
//
// The names are CLI11's own and mean what they mean there.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace logystera::cli {

/// What an option's text must be. `run` gets the text and says what is wrong with it, or nothing.
class Check {
 public:
  explicit Check(std::function<std::string(std::string&)> run);

  /// These say in --help what they take.
  static Check range(int least, int most);
  static Check range(unsigned least, unsigned most);
  static Check range(double least, double most);
  static Check not_negative();
  static Check one_of(std::initializer_list<const char*> words);

  const CLI::Validator& validator() const noexcept { return *validator_; }

 private:
  explicit Check(std::shared_ptr<const CLI::Validator> validator) noexcept : validator_(std::move(validator)) {}
  std::shared_ptr<const CLI::Validator> validator_;
};

/// Types an option may be read into; another one is added here and at the end of arguments.cpp.
template <typename T>
concept OptionValue = std::same_as<T, std::string> || std::same_as<T, std::vector<std::string>> ||
    std::same_as<T, double> || std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t> ||
    std::same_as<T, unsigned> || std::same_as<T, int> || std::same_as<T, std::uint16_t> ||
    std::same_as<T, std::optional<unsigned>> || std::same_as<T, std::optional<std::uint64_t>>;

/// An option of a command. It belongs to the command, and lives as long.
class Option {
 public:
  /// Null: of a command that is not run (Command), and nothing comes of it.
  explicit Option(CLI::Option* option) noexcept : option_(option) {}

  Option* required();
  Option* check(const Check& check);
  /// Rewrites each text before it is read.
  Option* transform(const std::function<std::string(std::string)>& rewrite);
  /// --help shows the value the variable has now as the default.
  Option* capture_default_str();
  /// Whether one occurrence takes several texts, for options that hold a list.
  Option* allow_extra_args(bool allow = true);

 private:
  CLI::Option* option_;
};

/// An option as --help shows it.
struct OptionHelp {
  std::vector<std::string> long_names;  // without "--"
  std::string names;                    // "--output,-o", or a positional argument's name
  std::string type;                     // what it takes; empty: a flag
  std::string description, default_value;
};

/// A command as --help shows it, with those below it that --help lists.
struct CommandHelp {
  std::string name, description, footer;
  std::vector<OptionHelp> options;
  std::vector<CommandHelp> commands;
};

/// A command of the program, or the program itself. It owns its sub-commands and options; pointers to them stay valid.
///
/// Of a command that this run does not need there is its name and its description alone: to lay out every option of every one took a third
/// of a start.
class Command {
 public:
  explicit Command(CLI::App& app, bool needed = true) noexcept : app_(app), needed_(needed) {}
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  Command* add_subcommand(const std::string& name, const std::string& help);
  /// The variable must live until the command has run.
  template <OptionValue T>
  Option* add_option(const std::string& name, T& value, const std::string& help);
  Option* add_flag(const std::string& name, bool& value, const std::string& help);

  /// An option that does its work as soon as it is read, and ends the program with the exit code `run` returns. It takes one of
  /// `words`, or nothing where `default_word` is not empty, which `run` gets then.
  void add_exit_option(const std::string& name, std::initializer_list<const char*> words, const std::string& default_word,
                       std::function<int(const std::string&)> run, const std::string& help);
  void add_exit_flag(const std::string& name, std::function<int()> run, const std::string& help);

  void require_subcommand(int least);
  void footer(const std::string& text);
  /// Runs once the command line is read, if the command was given.
  void callback(std::function<void()> run);

  std::string get_name() const;
  /// How often an option of that name was given.
  std::size_t count(const std::string& option) const;

  CommandHelp help() const;

 private:
  friend class CommandLine;

  CLI::App& app_;
  const bool needed_;
  std::optional<std::string> only_;  // of the commands below it none but that one is needed
  std::vector<std::unique_ptr<Command>> subcommands_;
  std::vector<std::unique_ptr<Option>> options_;
};

/// The whole command line.
class CommandLine {
 public:
  /// `arguments` come without the program's name. Where the first is no option, it names the command that is needed; else all are.
  CommandLine(const std::string& name, const std::string& description, const std::string& version,
              std::vector<std::string> arguments);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Command& root() noexcept { return *root_; }
  /// Reads the arguments and runs the command they name, once. The exit code where that did not happen: 0 after --help and the like,
  /// `exit_error` after a mistake, which standard error names without what may be secret.
  std::optional<int> run(int exit_error);

 private:
  std::vector<std::string> arguments_;
  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<Command> root_;
};

}  // namespace logystera::cli
