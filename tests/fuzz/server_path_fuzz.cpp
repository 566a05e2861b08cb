// What the router makes of a path: any bytes are refused or lead to one route, whose parameters are what was sent, decoded once.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/json.hpp"
#include "server/router.hpp"

namespace {

using namespace logystera;

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

server::Router routes() {
  std::vector<server::Route> routes;
  for (const char* path : {"/", "/a", "/{a}", "/a/b", "/a/{b}", "/{a}/b/{c}", "/a/{b}/c", "/{a}/{b}/{c}/{d}"})
    routes.push_back({"GET", path, 0, [](server::Request, const server::Reply&) {}});
  return std::move(server::Router::make(std::move(routes))).value();
}

std::size_t segments(std::string_view path) { return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const server::Router router = routes();
  const std::string_view path(reinterpret_cast<const char*>(data), size);
  const server::Router::Found found = router.find("GET", path);
  if (!found.route) {
    const int status = found.answer.status;
    must(status == 400 || status == 404 || status == 414, "a path that leads nowhere has a reason");
    must((status == 404) == !server::path_fault(path), "404 is for sound paths");
    return 0;
  }
  must(!server::path_fault(path), "a refused path has no route");
  must(segments(path) == segments(found.route->path), "a route has as many segments as the path");
  for (const auto& [name, value] : found.parameters) {
    must(!value.empty() && value.size() <= server::kPathBytes, "a parameter has a length");
    must(json::is_utf8(value), "a parameter is UTF-8");
    must(value != "." && value != "..", "a parameter is no dot segment");
    for (const char c : value)
      must(c != '/' && c != '\\' && static_cast<unsigned char>(c) >= ' ', "a parameter is one segment");
  }
  // Another method says what the path takes, and finds the same.
  must(router.find("PUT", path).answer.status == 405, "a path that has a route has no other method");
  must(router.find("HEAD", path).route == found.route, "HEAD goes where GET goes");
  return 0;
}
