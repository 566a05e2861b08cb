#include "cli/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <utility>

#include "core/secret.hpp"
#include "core/suggest.hpp"

namespace logystera::cli {
namespace {

// What an option throws that ends the program: CLI11 passes on what is not its own.
struct Ended {
  int exit_code;
};

std::vector<const CLI::App*> listed(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

OptionHelp help_of(const CLI::Option& option) {
  OptionHelp out;
  out.long_names = option.get_lnames();
  out.names = option.get_positional() ? option.get_name(true, false) : option.get_name(false, true);
  if (option.get_type_size() != 0) out.type = option.get_type_name();
  out.description = option.get_description();
  out.default_value = option.get_default_str();
  return out;
}

CommandHelp help_of(const CLI::App& app) {
  CommandHelp out{app.get_name(), app.get_description(), app.get_footer(), {}, {}};
  for (const CLI::Option* option : app.get_options()) out.options.push_back(help_of(*option));
  for (const CLI::App* command : listed(app)) out.commands.push_back(help_of(*command));
  return out;
}

std::string suggestion(std::string_view written, const std::vector<std::string>& names) {
  const std::string_view near = nearest_name(written, {names.begin(), names.end()});
  return near.empty() ? std::string() : ": did you mean '" + std::string(near) + "'?";
}

// The option that was most likely meant by the first argument nobody took.
std::string suggested_option(const CLI::App& root, const CLI::App& command) {
  const std::vector<std::string> unknown = root.remaining(true);
  const auto at = std::find_if(unknown.begin(), unknown.end(), [](const auto& one) { return one.rfind("--", 0) == 0; });
  if (at == unknown.end()) return {};
  std::vector<std::string> names;
  for (const CLI::App* app = &command; app; app = app->get_parent())
    for (const CLI::Option* option : app->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return suggestion(std::string_view(*at).substr(0, at->find('=')), names);
}

// CLI11 has exit codes of its own for every kind of mistake; this program has one.
int say_mistake(const CLI::App& app, const CLI::ParseError& error, int exit_error) {
  // Arguments are in the message, and one that was misplaced or misspelt may be a secret.
  const std::string what = without_url_secrets(error.what());
  const CLI::App* command = &app;
  std::string name = app.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  // A command that is misspelt is the mistake to name, not that none was given.
  const std::vector<std::string> unknown = command->remaining();
  if (!command->get_subcommands({}).empty() && !unknown.empty() && unknown.front().rfind('-', 0) != 0) {
    std::vector<std::string> names;
    for (const CLI::App* one : listed(*command)) names.push_back(one->get_name());
    std::fprintf(stderr, "%s: there is no command '%s'%s\nSee '%s --help'.\n", name.c_str(),
                 without_url_secrets(unknown.front()).c_str(), suggestion(unknown.front(), names).c_str(), name.c_str());
    return exit_error;
  }
  std::fprintf(stderr, "%s: %s%s\nSee '%s --help'.\n", name.c_str(), what.c_str(), suggested_option(app, *command).c_str(),
               name.c_str());
  return exit_error;
}

}  // namespace

Check::Check(std::function<std::string(std::string&)> run)
    : validator_(std::make_shared<const CLI::Validator>(std::move(run), "")) {}

Check Check::range(int least, int most) { return Check(std::make_shared<const CLI::Range>(least, most)); }
Check Check::range(unsigned least, unsigned most) { return Check(std::make_shared<const CLI::Range>(least, most)); }
Check Check::range(double least, double most) { return Check(std::make_shared<const CLI::Range>(least, most)); }
Check Check::not_negative() { return Check(std::make_shared<const CLI::Validator>(CLI::NonNegativeNumber)); }
Check Check::one_of(std::initializer_list<const char*> words) {
  return Check(std::make_shared<const CLI::IsMember>(words));
}

Option* Option::required() {
  if (option_) option_->required();
  return this;
}

Option* Option::check(const Check& check) {
  if (option_) option_->check(check.validator());
  return this;
}

Option* Option::transform(const std::function<std::string(std::string)>& rewrite) {
  if (option_) option_->transform(rewrite);
  return this;
}

Option* Option::capture_default_str() {
  if (option_) option_->capture_default_str();
  return this;
}

Option* Option::allow_extra_args(bool allow) {
  if (option_) option_->allow_extra_args(allow);
  return this;
}

Command* Command::add_subcommand(const std::string& name, const std::string& help) {
  const bool needed = needed_ && (!only_ || *only_ == name);
  return subcommands_.emplace_back(std::make_unique<Command>(*app_.add_subcommand(name, help), needed)).get();
}

template <OptionValue T>
Option* Command::add_option(const std::string& name, T& value, const std::string& help) {
  return options_.emplace_back(std::make_unique<Option>(needed_ ? app_.add_option(name, value, help) : nullptr)).get();
}

Option* Command::add_flag(const std::string& name, bool& value, const std::string& help) {
  return options_.emplace_back(std::make_unique<Option>(needed_ ? app_.add_flag(name, value, help) : nullptr)).get();
}

void Command::add_exit_option(const std::string& name, std::initializer_list<const char*> words,
                              const std::string& default_word, std::function<int(const std::string&)> run,
                              const std::string& help) {
  if (!needed_) return;
  CLI::Option* option = app_.add_option_function<std::string>(
      name,
      [run = std::move(run), default_word](const std::string& word) {
        throw Ended{run(word.empty() ? default_word : word)};
      },
      help);
  if (!default_word.empty()) option->expected(0, 1)->default_str(default_word);
  option->check(CLI::IsMember(words))->trigger_on_parse();
}

void Command::add_exit_flag(const std::string& name, std::function<int()> run, const std::string& help) {
  if (!needed_) return;
  app_.add_flag_callback(
          name, [run = std::move(run)] { throw Ended{run()}; }, help)
      ->trigger_on_parse();
}

void Command::require_subcommand(int least) { app_.require_subcommand(least); }
void Command::footer(const std::string& text) {
  if (needed_) app_.footer(text);
}
void Command::callback(std::function<void()> run) { app_.callback(std::move(run)); }
std::string Command::get_name() const { return app_.get_name(); }
std::size_t Command::count(const std::string& option) const { return app_.count(option); }
CommandHelp Command::help() const { return help_of(app_); }

template Option* Command::add_option(const std::string&, std::string&, const std::string&);
template Option* Command::add_option(const std::string&, std::vector<std::string>&, const std::string&);
template Option* Command::add_option(const std::string&, double&, const std::string&);
template Option* Command::add_option(const std::string&, std::int64_t&, const std::string&);
template Option* Command::add_option(const std::string&, std::uint64_t&, const std::string&);
template Option* Command::add_option(const std::string&, unsigned&, const std::string&);
template Option* Command::add_option(const std::string&, int&, const std::string&);
template Option* Command::add_option(const std::string&, std::uint16_t&, const std::string&);
template Option* Command::add_option(const std::string&, std::optional<unsigned>&, const std::string&);
template Option* Command::add_option(const std::string&, std::optional<std::uint64_t>&, const std::string&);

CommandLine::CommandLine(const std::string& name, const std::string& description, const std::string& version,
                         std::vector<std::string> arguments)
    : arguments_(std::move(arguments)),
      app_(std::make_unique<CLI::App>(description, name)),
      root_(std::make_unique<Command>(*app_)) {
  if (!arguments_.empty() && arguments_.front().rfind('-', 0) != 0) root_->only_ = arguments_.front();
  app_->set_version_flag("--version,-V", version, "Print the version and exit");
  app_->set_help_flag("--help,-h", "Print this help and exit");
  app_->require_subcommand(1);
}

CommandLine::~CommandLine() = default;

std::optional<int> CommandLine::run(int exit_error) try {
  std::vector<std::string> reversed(arguments_.rbegin(), arguments_.rend());  // as CLI11 wants them
  app_->parse(std::move(reversed));
  return std::nullopt;
} catch (const Ended& ended) {
  return ended.exit_code;
} catch (const CLI::ParseError& error) {
  return error.get_exit_code() == 0 ? app_->exit(error) : say_mistake(*app_, error, exit_error);
}

}  // namespace logystera::cli
