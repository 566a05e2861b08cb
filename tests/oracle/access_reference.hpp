// What an access line in combined format says, worked out the slow and obvious way: split by characters, no tables, no cursor
// tricks, std::string throughout. The fast parser must agree with it.
#pragma once

#include <cctype>
#include <map>
#include <optional>
#include <string>

namespace oracle {

using AccessFields = std::map<std::string, std::string>;

/// The fields of a combined (or, without the last two, common) line, or nothing when it is not one.
inline std::optional<AccessFields> read_access_line(const std::string& line, bool combined) {
  AccessFields fields;
  std::size_t at = 0;
  const auto until = [&](const std::string& mark) -> std::optional<std::string> {
    const std::size_t end = line.find(mark, at);
    if (end == std::string::npos) return std::nullopt;
    std::string text = line.substr(at, end - at);
    at = end + mark.size();
    return text;
  };
  // A quoted text ends at the first quote that no backslash escapes and that is followed by `next`; browsers send quotes.
  const auto quoted = [&](const std::string& next) -> std::optional<std::string> {
    std::string text;
    while (at < line.size()) {
      if (line[at] == '"' && line.compare(at + 1, next.size(), next) == 0) {
        at += 1 + next.size();
        return text;
      }
      if (line[at] == '\\' && at + 1 < line.size()) text += line[at++];
      text += line[at++];
    }
    return std::nullopt;
  };
  const auto put = [&](const std::string& name, const std::string& value) {
    if (!value.empty() && value != "-") fields[name] = value;
  };

  const auto host = until(" ");
  if (!host) return std::nullopt;
  put("client_ip", *host);
  const auto ident = until(" ");
  if (!ident) return std::nullopt;
  put("ident", *ident);
  // The user ends at the first " [" a digit follows.
  std::string user;
  for (;;) {
    const auto part = until(" [");
    if (!part) return std::nullopt;
    user += *part;
    if (at < line.size() && std::isdigit(static_cast<unsigned char>(line[at]))) break;
    user += " [";
  }
  put("remote_user", user);
  const auto time = until("] \"");
  if (!time || time->size() != 26) return std::nullopt;
  fields["time"] = *time;
  const auto request = quoted(" ");
  if (!request) return std::nullopt;
  const auto status = until(" ");
  if (!status || (*status != "-" && (status->size() != 3 || status->find_first_not_of("0123456789") != std::string::npos)))
    return std::nullopt;
  put("status", *status);
  if (combined) {
    const auto bytes = until(" \"");
    if (!bytes || bytes->find(' ') != std::string::npos) return std::nullopt;
    put("bytes", *bytes);
    const auto referer = quoted(" \"");
    if (!referer) return std::nullopt;
    put("referer", *referer);
    const auto agent = quoted("");
    if (!agent || at != line.size()) return std::nullopt;
    put("user_agent", *agent);
  } else {
    const std::string bytes = line.substr(at);
    if (bytes.find(' ') != std::string::npos) return std::nullopt;
    put("bytes", bytes);
  }
  if (*request == "-" || request->empty()) return fields;
  // METHOD TARGET [PROTOCOL]
  const std::size_t space = request->find(' ');
  bool method = space != std::string::npos && space > 0;
  for (std::size_t i = 0; method && i < space; ++i) {
    const char c = (*request)[i];
    method = std::isupper(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  }
  if (method) {
    std::string target = request->substr(space + 1), protocol;
    const std::size_t last = target.rfind(' ');
    if (last != std::string::npos && target.compare(last + 1, 5, "HTTP/") == 0) {
      protocol = target.substr(last + 1);
      target = target.substr(0, last);
    } else if (target.empty() || (target[0] != '/' && target != "*")) {
      method = false;
    }
    if (method) {
      fields["method"] = request->substr(0, space);
      fields["url"] = target;
      fields["path"] = target.substr(0, target.find('?'));
      if (target.find('?') != std::string::npos) fields["query"] = target.substr(target.find('?') + 1);
      if (!protocol.empty()) fields["protocol"] = protocol;
    }
  }
  if (!method) fields["request"] = *request;
  return fields;
}

}  // namespace oracle
