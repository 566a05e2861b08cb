#include "gateway/pages.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "web/shell.hpp"

namespace logystera::gateway::pages {
namespace {

using server::Answer;
using web::View;

// Who is signed in, and the way out of it.
void add_leave(View& view, std::string_view user, std::string_view csrf) {
  view.flag("leave", !csrf.empty()).text("user", user).text("logout_csrf", csrf);
}

}  // namespace

Answer consent(const AuthorizationRequest& request, std::string_view user, const Hidden& consent,
               std::string_view sign_out_csrf) {
  const WebAddress& redirect = request.redirect;
  View view;
  view.text("host", redirect.host_and_port()).text("site_name", request.site_name);
  view.flag("international", redirect.is_international()).flag("loopback", redirect.loopback);
  view.text("csrf", consent.csrf).text("request", consent.next);
  add_leave(view, user, sign_out_csrf);
  // Browsers hold the redirect that answers a form to its page's form-action as well. The policy has no words for an IPv6
  // address: there the scheme alone has to do.
  const std::string target = redirect.host.starts_with('[') ? redirect.scheme + ":" : redirect.origin();
  return web::plain_page(
      {.name = "consent", .title = "Connect this site?", .view = std::move(view), .form_action = "'self' " + target});
}

Answer problem(int status, std::string_view title, std::string_view words) {
  return web::problem_page(status, title, words);
}

server::Workers::Options workers() {
  constexpr unsigned kFewest = 2, kMost = 4;  // one slow page holds up no other
  server::Workers::Options options;
  options.threads = std::clamp(std::thread::hardware_concurrency(), kFewest + 1, kMost + 1) - 1;
  options.gives_way = true;
  options.full = problem(503, "Too many pages are asked for at once", "Try again in a moment.");
  options.full.headers.emplace_back("Retry-After", "2");
  return options;
}

}  // namespace logystera::gateway::pages
