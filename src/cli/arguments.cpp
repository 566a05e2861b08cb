#include "cli/arguments.hpp"

#include <CLI/CLI.hpp>
#include <utility>

namespace logystera::cli {

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
  option_.required();
  return this;
}

Option* Option::check(const Check& check) {
  option_.check(check.validator());
  return this;
}

Option* Option::transform(const std::function<std::string(std::string)>& rewrite) {
  option_.transform(rewrite);
  return this;
}

Option* Option::capture_default_str() {
  option_.capture_default_str();
  return this;
}

Option* Option::allow_extra_args(bool allow) {
  option_.allow_extra_args(allow);
  return this;
}

Command* Command::add_subcommand(const std::string& name, const std::string& help) {
  return subcommands_.emplace_back(std::make_unique<Command>(*app_.add_subcommand(name, help))).get();
}

template <OptionValue T>
Option* Command::add_option(const std::string& name, T& value, const std::string& help) {
  return options_.emplace_back(std::make_unique<Option>(*app_.add_option(name, value, help))).get();
}

Option* Command::add_flag(const std::string& name, bool& value, const std::string& help) {
  return options_.emplace_back(std::make_unique<Option>(*app_.add_flag(name, value, help))).get();
}

void Command::require_subcommand(int least) { app_.require_subcommand(least); }
void Command::footer(const std::string& text) { app_.footer(text); }
void Command::callback(std::function<void()> run) { app_.callback(std::move(run)); }
std::string Command::get_name() const { return app_.get_name(); }
std::size_t Command::count(const std::string& option) const { return app_.count(option); }

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

}  // namespace logystera::cli
