#include "web/assets.hpp"

#include <fmt/core.h>

#include <memory>

#include "web/compression.hpp"
#include "web/embedded.hpp"
#include "web/headers.hpp"

namespace logystera::web {
namespace {

std::string path_of(const embedded::File& file) {
  const std::size_t dot = file.name.rfind('.');
  return fmt::format("/assets/{}.{}{}", file.name.substr(0, dot), file.hash, file.name.substr(dot));
}

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return "image/svg+xml";
}

// Whoever asks for a name of an older or newer program gets 404 from the router, which nobody remembers.
server::Answer answer_of(const embedded::File& file) {
  server::Answer answer;
  answer.content_type = type_of(file.name);
  answer.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
  answer.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (file.name.ends_with(".svg")) answer.headers.emplace_back("Content-Security-Policy", "default-src 'none'");
  forbid_sniffing(answer);
  return answer;
}

}  // namespace

std::string asset_path(std::string_view name) {
  for (const embedded::File& file : embedded::assets()) {
    if (file.name == name) return path_of(file);
  }
  return {};
}

std::vector<server::Route> asset_routes() {
  std::vector<server::Route> routes;
  for (const embedded::File& file : embedded::assets()) {
    const auto packed = std::make_shared<const std::string>(gzip(file.bytes));
    routes.push_back({"GET", path_of(file), 0, [&file, packed](const server::Request& request, const server::Reply& reply) {
                        server::Answer answer = answer_of(file);
                        answer.headers.emplace_back("Vary", "Accept-Encoding");
                        const bool small = !packed->empty() && accepts_gzip(request);
                        answer.body = small ? *packed : std::string(file.bytes);
                        if (small) answer.headers.emplace_back("Content-Encoding", "gzip");
                        reply(std::move(answer));
                      }});
  }
  return routes;
}

std::size_t assets_bytes() {
  std::size_t bytes = 0;
  for (const embedded::File& file : embedded::assets()) bytes += gzip(file.bytes).size();
  return bytes;
}

}  // namespace logystera::web
