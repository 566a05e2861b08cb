// Sub-commands and options of the program. CLI11 stands behind this header; it is known to arguments.cpp, and to the two files
// that need the whole of it: main.cpp, which parses, and completion.cpp, which walks the tree of commands.
//
// Why: CLI11 2.1 is classes with virtual functions defined in headers, so that every file that adds an option compiled all of
// it again. That was more than four of the six seconds of processor time each of 29 files took (GCC 12, -O2 -g1).
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
  explicit Option(CLI::Option& option) noexcept : option_(option) {}

  Option* required();
  Option* check(const Check& check);
  /// Rewrites each text before it is read.
  Option* transform(const std::function<std::string(std::string)>& rewrite);
  /// --help shows the value the variable has now as the default.
  Option* capture_default_str();
  /// Whether one occurrence takes several texts, for options that hold a list.
  Option* allow_extra_args(bool allow = true);

 private:
  CLI::Option& option_;
};

/// A command of the program, or the program itself. It owns its sub-commands and options; pointers to them stay valid.
class Command {
 public:
  explicit Command(CLI::App& app) noexcept : app_(app) {}
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  Command* add_subcommand(const std::string& name, const std::string& help);
  /// The variable must live until the command has run.
  template <OptionValue T>
  Option* add_option(const std::string& name, T& value, const std::string& help);
  Option* add_flag(const std::string& name, bool& value, const std::string& help);

  void require_subcommand(int least);
  void footer(const std::string& text);
  /// Runs once the command line is read, if the command was given.
  void callback(std::function<void()> run);

  std::string get_name() const;
  /// How often an option of that name was given.
  std::size_t count(const std::string& option) const;

  CLI::App& cli11() const noexcept { return app_; }

 private:
  CLI::App& app_;
  std::vector<std::unique_ptr<Command>> subcommands_;
  std::vector<std::unique_ptr<Option>> options_;
};

}  // namespace logystera::cli
