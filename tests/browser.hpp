// A person's browser as the tests of pages have one: cookies, forms, and nothing followed by itself.
#pragma once

#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "socket_client.hpp"
#include "web/form.hpp"

namespace logystera::testing {

inline const std::string kPassword = "correct horse battery staple";

/// Fields of a form or query, to be spoilt one at a time; an empty value leaves the field out.
struct Fields {
  std::vector<std::pair<std::string, std::string>> all;

  Fields& set(const std::string& name, const std::string& value) {
    for (auto& [key, held] : all) {
      if (key != name) continue;
      held = value;
      return *this;
    }
    all.emplace_back(name, value);
    return *this;
  }
  std::string encoded() const {
    std::string text;
    for (const auto& [key, value] : all) {
      if (value.empty()) continue;
      text += (text.empty() ? "" : "&") + key + "=" + web::percent_encoded(value);
    }
    return text;
  }
  web::Form form() const { return std::move(web::Form::parse(encoded())).value(); }
};

struct Answered {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::string header(const std::string& name) const {
    std::string joined;
    for (const auto& [key, value] : headers) {
      if (key == name) joined += (joined.empty() ? "" : " | ") + value;
    }
    return joined;
  }
  bool shows(std::string_view text) const { return body.find(text) != std::string::npos; }
  /// The value of a hidden field, the first in the page's content.
  std::string field(const std::string& name) const {
    std::smatch match;
    const std::regex pattern("name=\"" + name + "\" value=\"([^\"]*)\"");
    const std::string content = body.substr(std::min(body.find("<main"), body.size()));
    if (!std::regex_search(content, match, pattern)) return {};
    std::string value = match[1];
    for (std::size_t at; (at = value.find("&amp;")) != std::string::npos;) value.replace(at, 5, "&");
    return value;
  }
};

/// Keeps cookies and follows nothing by itself.
class Browser {
 public:
  explicit Browser(std::string url) : url_(std::move(url)) {}
  template <typename Web>
  requires requires(const Web& web) { web.url; }
  explicit Browser(const Web& web) : url_(web.url) {}

  std::map<std::string, std::string> cookies;
  std::vector<std::string> further;  // header lines of every request

  Answered get(const std::string& target) { return ask("GET", target, ""); }
  Answered post(const std::string& target, const Fields& fields) { return post(target, fields.encoded()); }
  Answered post(const std::string& target, const std::string& body,
                const std::string& type = "application/x-www-form-urlencoded") {
    return ask("POST", target, body, type);
  }

  Answered sign_in(const std::string& name = "anna", const std::string& password = kPassword,
                   const std::string& at = "/login") {
    Answered page = get(at);
    if (page.status == 303) page = get(page.header("Location"));
    return post(
        "/login",
        Fields{{{"csrf", page.field("csrf")}, {"next", page.field("next")}, {"name", name}, {"password", password}}});
  }

 private:
  Answered ask(const std::string& method, const std::string& target, const std::string& body,
               const std::string& type = "") {
    std::string request = method + " " + target + " HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n";
    if (method == "POST")
      request += "Content-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    std::string jar;
    for (const auto& [name, value] : cookies) jar += (jar.empty() ? "" : "; ") + name + "=" + value;
    if (!jar.empty()) request += "Cookie: " + jar + "\r\n";
    for (const std::string& line : further) request += line + "\r\n";
    SocketClient client(url_);
    client.send(request + "\r\n" + body);
    const std::string raw = client.receive_all();
    Answered answered;
    const std::size_t end = raw.find("\r\n\r\n");
    REQUIRE(end != std::string::npos);
    answered.status = std::stoi(raw.substr(9, 3));
    answered.body = raw.substr(end + 4);
    std::size_t at = raw.find("\r\n") + 2;
    while (at < end) {
      const std::size_t line_end = raw.find("\r\n", at);
      const std::string line = raw.substr(at, line_end - at);
      const std::size_t colon = line.find(": ");
      answered.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
      at = line_end + 2;
      if (answered.headers.back().first == "Set-Cookie") keep(answered.headers.back().second);
    }
    return answered;
  }
  void keep(const std::string& cookie) {
    const std::size_t equals = cookie.find('='), end = cookie.find(';');
    if (cookie.find("Max-Age=0") != std::string::npos) cookies.erase(cookie.substr(0, equals));
    else cookies[cookie.substr(0, equals)] = cookie.substr(equals + 1, end - equals - 1);
  }

  std::string url_;
};

}  // namespace logystera::testing
