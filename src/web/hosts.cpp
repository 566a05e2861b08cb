#include "web/hosts.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>

#include "server/http.hpp"
#include "web/problem.hpp"
#include "web/shell.hpp"

namespace logystera::web {
namespace {

constexpr std::size_t kHostBytes = 253;  // RFC 1035, 2.3.4, as text
constexpr std::size_t kPortDigits = 5;
constexpr unsigned long kPortMost = 65535;

bool is_name_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > kPortDigits) return false;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  const unsigned long number = std::stoul(std::string(text));
  return number >= 1 && number <= kPortMost;
}

std::optional<std::string> written_as_the_system_does(const std::string& address) {
  in6_addr six;
  in_addr four;
  char text[INET6_ADDRSTRLEN];
  if (::inet_pton(AF_INET6, address.c_str(), &six) == 1) return ::inet_ntop(AF_INET6, &six, text, sizeof text);
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return ::inet_ntop(AF_INET, &four, text, sizeof text);
  return std::nullopt;
}

}  // namespace

std::optional<HostName> HostName::parse(std::string_view text) {
  HostName name;
  std::string_view host = text;
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : text.find(':');
  if (bracketed) {
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
  } else {
    host = text.substr(0, end);
    text.remove_prefix(host.size());
  }
  if (!text.empty()) {
    if (text.front() != ':' || !is_port(text.substr(1))) return std::nullopt;
    name.port = text.substr(1);
  }
  if (!bracketed && host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kHostBytes) return std::nullopt;
  name.host = host;
  for (char& c : name.host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  if (auto address = written_as_the_system_does(name.host)) {
    if (bracketed != (address->find(':') != std::string::npos)) return std::nullopt;
    name.host = std::move(*address);
    name.address = true;
    return name;
  }
  if (bracketed || !std::all_of(name.host.begin(), name.host.end(), is_name_char)) return std::nullopt;
  return name;
}

Result<Hosts> Hosts::make(const Options& options) {
  Hosts hosts;
  hosts.remedy_ = options.remedy;
  for (const std::string& address : options.bound) {
    const bool six = address.find(':') != std::string::npos;
    auto name = HostName::parse(six ? "[" + address + "]" : address);
    if (!name || !name->address) return Error{fmt::format("{}: is no address", address), ErrorKind::invalid};
    if (name->host == "0.0.0.0" || name->host == "::") hosts.every_address_ = true;
    hosts.names_.push_back(std::move(*name));
  }
  for (const std::string& text : options.names) {
    auto name = HostName::parse(text);
    if (!name) {
      return Error{
          fmt::format("{}: is no name of a host: write gateway.example.org, 192.0.2.1, [2001:db8::1], each with or "
                      "without :PORT",
                      text),
          ErrorKind::invalid};
    }
    hosts.names_.push_back(std::move(*name));
  }
  return hosts;
}

bool Hosts::knows(std::string_view text) const {
  const auto asked = HostName::parse(text);
  if (!asked) return false;
  if (asked->host == "localhost") return true;
  if (asked->address) {
    if (every_address_) return true;
    if (const auto own = server::is_loopback(asked->host); own && own.value()) return true;
  }
  return std::any_of(names_.begin(), names_.end(), [&](const HostName& name) {
    return name.host == asked->host && (name.port.empty() || name.port == asked->port);
  });
}

std::optional<server::Answer> Hosts::refusal(const server::Request& request) const {
  const auto host = request.header("Host");
  if (host && knows(*host)) return std::nullopt;
  const std::string shown = host && !host->empty() ? std::string(host->substr(0, kHostBytes)) : "a name that was not sent";
  const std::string words = fmt::format("This server is not known as {}: its operator {}.", shown, remedy_);
  if (is_api(request)) return api_problem(421, "misdirected_request", "Misdirected request", words);
  return problem_page(421, "This is not the server you asked for", words);
}

}  // namespace logystera::web
