// What an access line in combined format says, worked out the slow and obvious way: split by characters, no tables, no cursor
// tricks, std::string throughout. The fast parser must agree with it.
#pragma once

#include <cctype>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "parse/timestamp.hpp"

namespace oracle {

using AccessFields = std::map<std::string, std::string>;

/// One reading of a line, in which the user ends at `user_end`. `strict`: a quote within a quoted text has a backslash in front,
/// and a number is one.
inline std::optional<AccessFields> read_with_user_until(const std::string& line, bool combined, std::size_t user_end,
                                                        bool strict) {
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
      if (line[at] == '"' && strict) return std::nullopt;
      if (line[at] == '\\' && at + 1 < line.size()) text += line[at++];
      text += line[at++];
    }
    return std::nullopt;
  };
  const auto number = [&](const std::string& text) {
    return strict ? text.find_first_not_of("0123456789.-") == std::string::npos : text.find(' ') == std::string::npos;
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
  if (user_end < at) return std::nullopt;
  put("remote_user", line.substr(at, user_end - at));
  at = user_end + 2;
  const auto time = until("] \"");
  std::int64_t ns;
  if (!time || logystera::parse::read_clf_time(*time, ns) != 26 || time->size() != 26) return std::nullopt;
  fields["time"] = *time;
  const auto request = quoted(" ");
  if (!request) return std::nullopt;
  const auto status = until(" ");
  if (!status || (*status != "-" && (status->size() != 3 || status->find_first_not_of("0123456789") != std::string::npos)))
    return std::nullopt;
  put("status", *status);
  if (combined) {
    const auto bytes = until(" \"");
    if (!bytes || !number(*bytes)) return std::nullopt;
    put("bytes", *bytes);
    const auto referer = quoted(" \"");
    if (!referer) return std::nullopt;
    put("referer", *referer);
    const auto agent = quoted("");
    if (!agent || at != line.size()) return std::nullopt;
    put("user_agent", *agent);
  } else {
    const std::string bytes = line.substr(at);
    if (!number(bytes)) return std::nullopt;
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

/// Whether `text` holds a quote no backslash escapes.
inline bool bare_quote(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    else if (text[i] == '"') return true;
  }
  return false;
}

/// The fields of a combined (or, without the last two, common) line, or nothing when it is not one. The user ends at the first
/// " [" a digit follows, if the rest then adds up; else at the last at which it does, quotes escaped, and better without a bare
/// quote in the name.
inline std::optional<AccessFields> read_access_line(const std::string& line, bool combined) {
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; (at = line.find(" [", at)) != std::string::npos; ++at) {
    const std::size_t blank = line.find(' '), second = line.find(' ', blank + 1);
    if (second != std::string::npos && at > second && at + 2 < line.size() &&
        std::isdigit(static_cast<unsigned char>(line[at + 2])))
      ends.push_back(at);
  }
  if (ends.empty()) return std::nullopt;
  if (auto first = read_with_user_until(line, combined, ends.front(), false)) return first;
  for (const bool quotes : {false, true}) {
    for (auto end = ends.rbegin(); end != ends.rend(); ++end) {
      if (!quotes && bare_quote(line.substr(0, *end))) continue;
      if (auto fields = read_with_user_until(line, combined, *end, true)) return fields;
    }
  }
  return std::nullopt;
}

}  // namespace oracle
