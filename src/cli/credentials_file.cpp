#include "cli/credentials_file.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>

#include "core/hmac.hpp"
#include "core/secret.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kFileBytes = 4096;
enum Name : std::size_t { url, token, secret, proxy, names };
constexpr std::size_t kDemanded = proxy;  // the names before it
constexpr std::array<const char*, names> kNames = {"LOGYSTERA_GATEWAY_URL", kTokenVariable, kEntitySecretVariable,
                                                   kProxyVariable};

using Values = std::array<std::string_view, kNames.size()>;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string_view unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

Result<Values> parse(const std::string& path, std::string_view text) {
  Values values;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    bool known = false;
    for (std::size_t i = 0; i < kNames.size() && equals != std::string_view::npos; ++i) {
      if (name != kNames[i]) continue;
      values[i] = unquoted(trimmed(line.substr(equals + 1)));
      known = true;
    }
    // The line is not repeated: it may be the secret under a misspelt name.
    if (!known) {
      return Error{fmt::format("{}:{}: not one of {}=", path, number, fmt::join(kNames, "=, ")), ErrorKind::invalid};
    }
  }
  return values;
}

Result<Access> make(const Values& values, const std::string& place) {
  for (std::size_t i = 0; i < kDemanded; ++i) {
    if (values[i].empty()) return Error{fmt::format("{}: {} is missing", place, kNames[i]), ErrorKind::invalid};
  }
  auto made = agent::Credentials::make(values[url], values[token], values[secret]);
  if (!made) return Error{fmt::format("{}: {}", place, made.error().message), made.error().kind};
  agent::DispatchOptions options;
  options.proxy = values[proxy];
  if (auto good = agent::validate(options); !good) {
    return Error{fmt::format("{}: {}: {}", place, kNames[proxy], good.error().message), good.error().kind};
  }
  return Access{std::move(made).value(), std::move(options.proxy)};
}

Result<Access> from_environment() {
  std::array<std::string, names> texts;
  Values values;
  for (std::size_t i = 0; i < kNames.size(); ++i) values[i] = texts[i] = secret_variable(kNames[i]);
  auto made = make(values, "environment (or give --credentials FILE)");
  for (std::string& text : texts) wipe(text);
  return made;
}

}  // namespace

Result<Access> read_access(const std::string& path) {
  if (path.empty()) return from_environment();
  SecretFile wanted;
  wanted.noun = "credentials file";
  wanted.after_exposure = "rotate the secret";
  wanted.bytes_max = kFileBytes;
  auto text = read_secret_file(path, wanted);
  if (!text) return text.error();
  auto values = parse(path, text.value());
  std::string otherwise;
  if (values && values.value()[proxy].empty()) values.value()[proxy] = otherwise = secret_variable(kNames[proxy]);
  auto made = values ? make(values.value(), path) : Result<Access>(values.error());
  wipe(text.value());
  wipe(otherwise);
  return made;
}

agent::DispatchOptions through(const std::string& proxy, agent::DispatchOptions options) {
  if (options.proxy.empty()) options.proxy = proxy;
  return options;
}

}  // namespace logystera::cli
