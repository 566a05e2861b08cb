#include "cli/secret_option.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "core/secret.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kSecretBytes = 4096;

}  // namespace

void SecretOption::add(Command& command, const std::string& help) {
  const bool direct = *names_.option != '\0';
  if (direct)
    command.add_option(names_.option, value_,
                       fmt::format("{}. Others can see it in the list of processes (ps): give a secret one by {} or ${}",
                                   help, names_.file_option, names_.variable));
  command.add_option(
      names_.file_option, file_,
      direct ? fmt::format("The same from the first line of a file of mode 0600 [default: ${}]", names_.variable)
             : fmt::format("{}: the first line of a file of mode 0600 [default: ${}]", help, names_.variable));
}

Result<std::string> SecretOption::resolve() const {
  if (!value_.empty() && !file_.empty())
    return Error{fmt::format("{} and {} exclude each other: give one of them", names_.option, names_.file_option)};
  std::string place = value_.empty() ? fmt::format("${}", names_.variable) : names_.option;
  std::string secret = value_;
  if (!file_.empty()) {
    place = fmt::format("{} file {}", names_.noun, file_);
    SecretFile wanted;
    wanted.noun = fmt::format("{} file", names_.noun);
    wanted.after_exposure = names_.after_exposure;
    wanted.bytes_max = kSecretBytes;
    wanted.first_line = true;
    auto read = read_secret_file(file_, wanted);
    if (!read) return read;
    if (read->empty())
      return Error{fmt::format("{}: its first line is empty: write the secret there", place), ErrorKind::invalid};
    secret = std::move(read).value();
  } else if (value_.empty()) {
    secret = secret_variable(names_.variable);
  }
  if (secret.size() > kSecretBytes)
    return Error{fmt::format("{}: at most {} bytes", place, kSecretBytes), ErrorKind::too_large};
  const auto control = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
  if (std::any_of(secret.begin(), secret.end(), control))
    return Error{fmt::format("{}: holds blanks or control characters: write it as it was given to you", place),
                 ErrorKind::invalid};
  return secret;
}

std::vector<std::string> take_arguments(int argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  constexpr std::string_view kToken = "--token";
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    std::string shown = without_url_secrets(arguments[i]);
    const bool inside = shown.starts_with(kToken) && shown.substr(kToken.size(), 1) == "=";
    if (arguments[i - 1] == kToken) shown.assign(shown.size(), '*');
    else if (inside) std::fill(shown.begin() + kToken.size() + 1, shown.end(), '*');
    std::memcpy(argv[i], shown.data(), arguments[i].size());
  }
  return arguments;
}

}  // namespace logystera::cli
