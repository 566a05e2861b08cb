#include "web/headers.hpp"

#include <fmt/core.h>

#include <utility>

namespace logystera::web {

void make_page(server::Answer& answer, std::string_view form_action) {
  answer.content_type = "text/html; charset=utf-8";
  answer.headers.emplace_back(
      "Content-Security-Policy",
      fmt::format(
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
          "frame-ancestors 'none'; form-action {}",
          form_action));
  answer.headers.emplace_back("X-Frame-Options", "DENY");
  answer.headers.emplace_back("Referrer-Policy", "no-referrer");
  forbid_sniffing(answer);
  answer.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  answer.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  answer.headers.emplace_back("Permissions-Policy",
                              "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()");
}

void forbid_sniffing(server::Answer& answer) { answer.headers.emplace_back("X-Content-Type-Options", "nosniff"); }

server::Answer see_other(std::string target) {
  server::Answer answer;
  answer.status = 303;
  answer.content_type = "text/plain; charset=utf-8";
  answer.headers.emplace_back("Location", std::move(target));
  answer.headers.emplace_back("Referrer-Policy", "no-referrer");
  return answer;
}

}  // namespace logystera::web
