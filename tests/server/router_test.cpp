#include "server/router.hpp"

#include <random>

#include "catch.hpp"
#include "core/json.hpp"

using namespace logystera;
using namespace logystera::server;

namespace {

Route route(const char* method, const char* path) {
  return {method, path, 0, [](Request, const Reply&) {}};
}

Router router_of(std::vector<Route> routes) {
  auto made = Router::make(std::move(routes));
  if (!made) FAIL(made.error().message);
  return std::move(made).value();
}

std::string why_not(std::vector<Route> routes) {
  const auto made = Router::make(std::move(routes));
  return made ? std::string() : made.error().message;
}

std::string allow_of(const Router::Found& found) {
  for (const auto& [name, value] : found.answer.headers) {
    if (name == "Allow") return value;
  }
  return {};
}

Router some() {
  return router_of({route("GET", "/"), route("GET", "/login"), route("POST", "/login"),
                    route("GET", "/errors/{fingerprint}"), route("DELETE", "/errors/{fingerprint}"),
                    route("GET", "/errors/new"), route("GET", "/sites/{site}/errors/{fingerprint}/raw"),
                    route("POST", "/sites/all/errors"), route("GET", "/.well-known/oauth-authorization-server")});
}

int status_of(const Router& router, std::string_view path, std::string_view method = "GET") {
  const Router::Found found = router.find(method, path);
  return found.route ? 0 : found.answer.status;
}

}  // namespace

TEST_CASE("a_path_leads_to_its_route_and_gives_its_parameters") {
  const Router router = some();
  const auto path_of = [&](std::string_view method, std::string_view path) {
    const Router::Found found = router.find(method, path);
    return found.route ? found.route->path : std::string();
  };
  CHECK(path_of("GET", "/") == "/");
  CHECK(path_of("GET", "/login") == "/login");
  CHECK(path_of("GET", "/.well-known/oauth-authorization-server") == "/.well-known/oauth-authorization-server");
  CHECK(path_of("GET", "/errors/new") == "/errors/new");
  CHECK(path_of("GET", "/errors/newer") == "/errors/{fingerprint}");
  const Router::Found found = router.find("GET", "/sites/shop%20%C3%A4/errors/a%25b+c;d=1/raw");
  REQUIRE(found.route);
  CHECK(found.parameters == Parameters{{"site", "shop \xc3\xa4"}, {"fingerprint", "a%b+c;d=1"}});
  Request request;
  request.parameters = found.parameters;
  CHECK(request.parameter("fingerprint") == "a%b+c;d=1");
  CHECK(request.parameter("other").empty());
}

TEST_CASE("a_literal_is_tried_before_a_parameter_and_the_parameter_where_the_literal_leads_nowhere") {
  const Router router = some();
  CHECK(router.find("GET", "/sites/all/errors/x/raw").parameters == Parameters{{"site", "all"}, {"fingerprint", "x"}});
  CHECK(router.find("POST", "/sites/all/errors").route);
  // The methods are those of the path that was found.
  CHECK(status_of(router, "/errors/new", "DELETE") == 405);
}

TEST_CASE("head_goes_where_get_goes_and_options_says_what_a_path_takes") {
  const Router router = some();
  REQUIRE(router.find("HEAD", "/login").route);
  CHECK(router.find("HEAD", "/login").route->method == "GET");
  CHECK(status_of(router, "/sites/all/errors", "HEAD") == 405);
  CHECK(status_of(router, "/login", "OPTIONS") == 200);
  CHECK(allow_of(router.find("OPTIONS", "/login")) == "GET, HEAD, OPTIONS, POST");
  CHECK(allow_of(router.find("OPTIONS", "/errors/x")) == "DELETE, GET, HEAD, OPTIONS");
  CHECK(allow_of(router.find("OPTIONS", "*")) == "DELETE, GET, HEAD, OPTIONS, POST");
  CHECK(status_of(router, "/none", "OPTIONS") == 404);
  CHECK(status_of(router, "/login", "PUT") == 405);
  CHECK(status_of(router, "/login", "get") == 405);
  CHECK(allow_of(router.find("PUT", "/login")) == "GET, HEAD, OPTIONS, POST");
}

TEST_CASE("a_path_is_taken_as_it_was_sent_and_nothing_of_it_is_repaired") {
  const Router router = some();
  for (const char* path : {"/Login", "/login/", "//login", "/login//", "//", "/errors/", "/errors//raw", "/%6Cogin",
                           "/log%69n", "/login;a=1", "/login%20", "/errors/x/", "/sites//errors/x/raw", "/none"}) {
    INFO(path);
    CHECK(status_of(router, path) == 404);
  }
}

TEST_CASE("what_two_readers_may_resolve_differently_is_refused") {
  const Router router = some();
  for (const std::string path : {"",
                                 "*",
                                 "login",
                                 "/errors/a%2Fb",
                                 "/errors/a%2fb",
                                 "/errors/a\\b",
                                 "/errors/a%5Cb",
                                 "/errors/..",
                                 "/errors/.",
                                 "/./login",
                                 "/../login",
                                 "/errors/%2e",
                                 "/errors/%2E%2e",
                                 "/errors/.%2e",
                                 "/errors/%2e./x",
                                 "/errors/%00",
                                 "/errors/a%00b",
                                 "/errors/%0d%0aX",
                                 "/errors/%7f",
                                 "/errors/%1b",
                                 "/errors/%",
                                 "/errors/%2",
                                 "/errors/%zz",
                                 "/errors/%ff",
                                 "/errors/%c3",
                                 "/errors/%c0%af",
                                 "/errors/\xff",
                                 "/none/../login",
                                 "/errors/%u002e"}) {
    INFO(path);
    CHECK(status_of(router, path) == 400);
  }
  CHECK(status_of(router, std::string("/errors/a\0b", 11)) == 400);
  CHECK(status_of(router, "/errors/%252e%252e") == 0);  // decoded once
  CHECK(router.find("GET", "/errors/%252e").parameters == Parameters{{"fingerprint", "%2e"}});
  CHECK(status_of(router, "/errors/...") == 0);
}

TEST_CASE("a_path_has_a_length") {
  const Router router = some();
  const std::string longest = "/errors/" + std::string(kPathBytes - 8, 'a');
  CHECK(status_of(router, longest) == 0);
  CHECK(status_of(router, longest + "a") == 414);
  CHECK(status_of(router, std::string(kPathBytes, '/')) == 404);
  CHECK(status_of(router, std::string(1'000'000, '/')) == 414);
}

TEST_CASE("routes_that_cannot_be_are_an_error_that_names_them") {
  CHECK(why_not({route("GET", "/a"), route("POST", "/a")}).empty());
  for (const char* path : {"", "a", "/a/", "//a", "/a//b", "/a b", "/a%20b", "/..", "/a/./b", "/{}", "/{A}", "/a{b}",
                           "/{a}b", "/{a", "/a}", "/{a-b}", "/a?b", "/{a}/{a}", "/\xc3\xa4"}) {
    INFO(path);
    CHECK(why_not({route("GET", path)}).find("route GET " + std::string(path)) == 0);
  }
  CHECK(why_not({route("GET", "/a"), route("GET", "/a")}).find("already") != std::string::npos);
  CHECK(why_not({route("GET", "/{a}"), route("GET", "/{b}")}).find("it is /{a} already") != std::string::npos);
  CHECK(why_not({route("GET", "/{a}"), route("POST", "/{b}")}).empty());
  for (const char* method : {"", "get", "G T", "HEAD", "OPTIONS"}) CHECK(!why_not({route(method, "/a")}).empty());
  CHECK(why_not({{"GET", "/a", 0, nullptr}}).find("needs a handler") != std::string::npos);
}

TEST_CASE("any_bytes_are_a_path_that_is_found_or_refused") {
  const Router router = some();
  std::mt19937 random(20261128);
  constexpr std::string_view kAlphabet = "//errorssites%%2e2fF0Cc3a4..{}\\;+\xc3\xa4\xff\0";
  std::size_t found = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string path = random() % 3 == 0 ? "/errors/" : "/";
    for (std::size_t i = random() % 24; i > 0; --i) path += kAlphabet[random() % kAlphabet.size()];
    const Router::Found one = router.find("GET", path);
    if (!one.route) {
      CHECK((one.answer.status == 400 || one.answer.status == 404));
      continue;
    }
    ++found;
    for (const auto& [name, value] : one.parameters) {
      CHECK(!value.empty());
      CHECK(json::is_utf8(value));
      CHECK(value.find_first_of(std::string_view("/\\\0\n", 4)) == std::string::npos);
      CHECK((value != "." && value != ".."));
    }
  }
  CHECK(found > 1000);
}
