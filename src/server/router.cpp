#include "server/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/json.hpp"

namespace logystera::server {
namespace {

constexpr std::string_view kOptions = "OPTIONS";
constexpr std::size_t kEscapeChars = 3;  // %XX

bool is_name_char(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

// What a literal segment may hold: characters nobody encodes (RFC 3986, 2.3).
bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing when an escape is none, or stands for what would end a segment or a text elsewhere.
std::optional<std::string> decoded(std::string_view segment) {
  std::string out;
  out.reserve(segment.size());
  for (std::size_t i = 0; i < segment.size(); ++i) {
    char c = segment[i];
    if (c == '%') {
      if (segment.size() - i < kEscapeChars) return std::nullopt;
      const int high = digit_of(segment[i + 1]), low = digit_of(segment[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high << 4 | low);
      i += kEscapeChars - 1;
      if (c == '/') return std::nullopt;
    }
    if (c == '\\' || static_cast<unsigned char>(c) < ' ' || c == 0x7f) return std::nullopt;
    out += c;
  }
  if (!json::is_utf8(out)) return std::nullopt;
  return out;
}

bool is_dots(std::string_view segment) noexcept { return segment == "." || segment == ".."; }

Answer bad_path(std::string_view words) { return problem(400, "bad_path", words); }

// The segment at the beginning of `rest`, which is cut off with its slash; `last`: nothing follows.
std::string_view next_segment(std::string_view& rest, bool& last) noexcept {
  const std::size_t slash = rest.find('/');
  last = slash == std::string_view::npos;
  const std::string_view segment = rest.substr(0, slash);
  rest.remove_prefix(last ? rest.size() : slash + 1);
  return segment;
}

Error about(const Route& route, std::string_view words) {
  return Error{fmt::format("route {} {}: {}", route.method, route.path, words)};
}

}  // namespace

struct Router::Node {
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;  // sorted
  std::unique_ptr<Node> parameter;
  std::vector<std::size_t> routes;  // that end here

  Node* literal(std::string_view segment) const {
    const auto at = std::lower_bound(literals.begin(), literals.end(), segment,
                                     [](const auto& one, std::string_view wanted) { return one.first < wanted; });
    return at != literals.end() && at->first == segment ? at->second.get() : nullptr;
  }
  Node& add_literal(std::string_view segment) {
    if (Node* const there = literal(segment)) return *there;
    const auto at = std::lower_bound(literals.begin(), literals.end(), segment,
                                     [](const auto& one, std::string_view wanted) { return one.first < wanted; });
    return *literals.emplace(at, std::string(segment), std::make_unique<Node>())->second;
  }
};

Router::Router() : root_(std::make_shared<Node>()) {}

std::optional<Answer> path_fault(std::string_view path) {
  if (path.size() > kPathBytes) return problem(414, "path_too_long", fmt::format("a path may have {} bytes", kPathBytes));
  if (!path.starts_with('/')) return bad_path("the path must begin with a slash");
  std::string_view rest = path.substr(1);
  for (bool last = false; !last;) {
    const auto segment = decoded(next_segment(rest, last));
    if (!segment) {
      return bad_path(
          "the path holds an escape that is none, an encoded slash, a backslash, a control character, or bytes that are "
          "not "
          "UTF-8");
    }
    if (is_dots(*segment)) return bad_path("the path holds a segment . or ..: send it resolved");
  }
  return std::nullopt;
}

Result<Done> Router::add(std::size_t number) {
  const Route& route = routes_[number];
  if (route.method.empty() ||
      !std::all_of(route.method.begin(), route.method.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return about(route, "a method is capital letters");
  }
  if (route.method == "HEAD" || route.method == kOptions)
    return about(route, "HEAD and OPTIONS are answered for every path");
  if (static_cast<bool>(route.handler) == static_cast<bool>(route.receiver)) {
    return about(route, "it needs a handler or a receiver, and not both");
  }
  if (path_fault(route.path)) return about(route, "this path is refused whoever asks for it");
  Node* node = root_.get();
  std::string_view rest = std::string_view(route.path).substr(1);
  for (bool last = rest.empty(); !last;) {
    const std::string_view segment = next_segment(rest, last);
    if (segment.size() > 2 && segment.front() == '{' && segment.back() == '}') {
      const std::string name(segment.substr(1, segment.size() - 2));
      auto& names = names_[number];
      if (!std::all_of(name.begin(), name.end(), is_name_char)) return about(route, "a parameter is {small_letters_1}");
      if (std::find(names.begin(), names.end(), name) != names.end()) return about(route, "a parameter stands there twice");
      names.push_back(name);
      if (!node->parameter) node->parameter = std::make_unique<Node>();
      node = node->parameter.get();
    } else {
      if (segment.empty()) return about(route, "a segment is empty");
      if (!std::all_of(segment.begin(), segment.end(), is_unreserved)) {
        return about(route, "a segment is letters, digits and - . _ ~, or one {parameter}");
      }
      node = &node->add_literal(segment);
    }
  }
  for (const std::size_t other : node->routes) {
    if (routes_[other].method == route.method) return about(route, fmt::format("it is {} already", routes_[other].path));
  }
  node->routes.push_back(number);
  return Done{};
}

Result<Router> Router::make(std::vector<Route> routes) {
  Router router;
  router.routes_ = std::move(routes);
  router.names_.resize(router.routes_.size());
  std::vector<std::string> methods{"HEAD", std::string(kOptions)};
  for (std::size_t i = 0; i < router.routes_.size(); ++i) {
    if (auto added = router.add(i); !added) return added.error();
    methods.push_back(router.routes_[i].method);
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  router.all_methods_ = fmt::format("{}", fmt::join(methods, ", "));
  return router;
}

// The node of the most specific path; its depth is the trie's at most, whatever the path is.
const Router::Node* Router::walk(const Node& node, std::string_view rest, std::vector<std::string_view>& values) const {
  bool last = false;
  const std::string_view segment = next_segment(rest, last);
  const auto go_on = [&](const Node& next) -> const Node* {
    if (!last) return walk(next, rest, values);
    return next.routes.empty() ? nullptr : &next;
  };
  if (const Node* const literal = node.literal(segment)) {
    if (const Node* const found = go_on(*literal)) return found;
  }
  if (!node.parameter || segment.empty()) return nullptr;
  values.push_back(segment);
  if (const Node* const found = go_on(*node.parameter)) return found;
  values.pop_back();
  return nullptr;
}

std::string Router::allowed_at(const Node& node) const {
  std::vector<std::string_view> methods{kOptions};
  for (const std::size_t number : node.routes) {
    methods.emplace_back(routes_[number].method);
    if (routes_[number].method == "GET") methods.emplace_back("HEAD");
  }
  std::sort(methods.begin(), methods.end());
  return fmt::format("{}", fmt::join(methods, ", "));
}

Router::Found Router::find(std::string_view method, std::string_view path) const {
  Found found;
  const auto allow = [&](const std::string& methods) { found.answer.headers.emplace_back("Allow", methods); };
  if (method == kOptions && path == "*") {
    allow(all_methods_);
    return found;
  }
  if (auto fault = path_fault(path)) {
    found.answer = std::move(*fault);
    return found;
  }
  std::vector<std::string_view> values;
  const Node* node = root_.get();
  if (path.size() > 1) node = walk(*root_, path.substr(1), values);
  if (!node || node->routes.empty()) {
    found.answer = problem(404, "not_found", "there is nothing at this path");
    return found;
  }
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (const std::size_t number : node->routes) {
    if (routes_[number].method != wanted) continue;
    found.route = &routes_[number];
    for (std::size_t i = 0; i < values.size(); ++i) {
      found.parameters.emplace_back(names_[number][i], decoded(values[i]).value_or(std::string()));
    }
    return found;
  }
  const std::string methods = allowed_at(*node);
  if (method != kOptions) found.answer = problem(405, "method_not_allowed", fmt::format("this path takes {}", methods));
  allow(methods);
  return found;
}

}  // namespace logystera::server
