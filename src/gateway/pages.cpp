#include "gateway/pages.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "web/headers.hpp"
#include "web/html.hpp"

namespace logystera::gateway::pages {
namespace {

using server::Answer;
using web::escaped;

// Contrast is at least 4.5:1 in both schemes (WCAG 2.1 AA); nothing is wider than a 320 px screen.
constexpr std::string_view kStyle = R"css(:root {
  color-scheme: light dark;
  --ink: #1b1f24;
  --ground: #f6f7f9;
  --card: #ffffff;
  --line: #6b7280;
  --accent: #0b5cad;
  --on-accent: #ffffff;
  --alert: #a01010;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8eaed;
    --ground: #15181c;
    --card: #1e2227;
    --line: #9aa3af;
    --accent: #8ab8f0;
    --on-accent: #0d1520;
    --alert: #ff9d94;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0;
  padding: 1rem;
  background: var(--ground);
  color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif;
}
header, main { max-width: 32rem; margin: 0 auto; }
header { padding: 0.5rem 0; font-weight: 600; }
main { padding: 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.25; }
.host { font-size: 1.25rem; font-weight: 700; overflow-wrap: anywhere; }
.name, dd { overflow-wrap: anywhere; }
.note { padding-inline-start: 0.75rem; border-inline-start: 0.25rem solid var(--line); }
.alert { color: var(--alert); font-weight: 600; }
label { display: block; margin-top: 0.75rem; font-weight: 600; }
input { width: 100%; padding: 0.5rem; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: 0.25rem; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.25rem; }
button { padding: 0.5rem 1.25rem; font: inherit; font-weight: 600; color: var(--ink); background: var(--card); border: 2px solid var(--accent); border-radius: 0.25rem; cursor: pointer; }
button.primary { color: var(--on-accent); background: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
footer { max-width: 32rem; margin: 1rem auto 0; }
footer form { display: inline; }
footer button { padding: 0.25rem 0.75rem; border-width: 1px; }
)css";

struct Page {
  std::string_view title;
  std::string body;         // of <main>, HTML
  std::string footer = "";  // HTML
  std::string form_action = "'self'";
};

Answer html(int status, const Page& page) {
  Answer answer;
  answer.status = status;
  answer.body = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0} – Logystera gateway</title>\n"
      "<link rel=\"stylesheet\" href=\"{1}\">\n</head>\n<body>\n<header>Logystera gateway</header>\n<main>\n<h1>{0}</h1>\n"
      "{2}</main>\n{3}</body>\n</html>\n",
      escaped(page.title), kStylePath, page.body, page.footer);
  web::make_page(answer, page.form_action);
  return answer;
}

std::string hidden_field(std::string_view name, std::string_view value) {
  return fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", name, escaped(value));
}

std::string signed_in_as(std::string_view user, std::string_view csrf) {
  return fmt::format(
      "<footer>\n<form method=\"post\" action=\"/logout\">\n{}Signed in as <b>{}</b>. <button>Sign out</button>\n</form>\n"
      "</footer>\n",
      hidden_field("csrf", csrf), escaped(user));
}

}  // namespace

Answer login(const Hidden& hidden, std::string_view problem, std::string_view name) {
  std::string body;
  if (!problem.empty()) body += fmt::format("<p class=\"alert\" role=\"alert\">{}</p>\n", escaped(problem));
  if (!hidden.next.empty()) body += "<p>A site asks to be connected to this gateway. Sign in to decide.</p>\n";
  body += "<form method=\"post\" action=\"/login\">\n" + hidden_field("csrf", hidden.csrf);
  if (!hidden.next.empty()) body += hidden_field("next", hidden.next);
  body += fmt::format(
      "<label for=\"name\">User name</label>\n"
      "<input id=\"name\" name=\"name\" value=\"{}\" autocomplete=\"username\" autocapitalize=\"none\" "
      "spellcheck=\"false\" "
      "maxlength=\"64\" required>\n"
      "<label for=\"password\">Password</label>\n"
      "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" maxlength=\"1024\" "
      "required>\n"
      "<p class=\"actions\"><button class=\"primary\">Sign in</button></p>\n</form>\n",
      escaped(name));
  return html(200, {"Sign in", body});
}

Answer account(std::string_view user, std::string_view csrf) {
  return html(200, {"Signed in", "<p>There is nothing to decide here. To connect a site, begin in its own settings.</p>\n",
                    signed_in_as(user, csrf)});
}

Answer consent(const AuthorizationRequest& request, std::string_view user, const Hidden& consent,
               std::string_view sign_out_csrf) {
  const WebAddress& redirect = request.redirect;
  std::string body = fmt::format("<p>This site asks to send its events to this gateway:</p>\n<p class=\"host\">{}</p>\n",
                                 escaped(redirect.host_and_port()));
  if (!request.site_name.empty()) {
    body += fmt::format(
        "<p class=\"name\">It calls itself “<bdi>{}</bdi>”. Anybody can choose a name; go by the address.</p>\n",
        escaped(request.site_name));
  }
  if (redirect.is_international()) {
    body +=
        "<p class=\"note\">The address is shown as machines read it (xn--…), because letters of other alphabets can look "
        "like those of a name you know.</p>\n";
  }
  if (redirect.loopback) {
    body +=
        "<p class=\"note\">This address means the computer your browser runs on. Allow it only if the site runs there and "
        "you have just begun this yourself.</p>\n";
  }
  body +=
      "<p>If you allow it, the site gets credentials of its own. It can send events, write to you, and disconnect itself; "
      "it "
      "cannot read anything.</p>\n<form method=\"post\" action=\"/oauth/authorize\">\n" +
      hidden_field("csrf", consent.csrf) + hidden_field("request", consent.next) +
      "<p class=\"actions\"><button class=\"primary\" name=\"decision\" value=\"allow\">Allow</button>\n"
      "<button name=\"decision\" value=\"deny\">Deny</button></p>\n</form>\n";
  // Browsers hold the redirect that answers a form to its page's form-action as well. The policy has no words for an IPv6
  // address: there the scheme alone has to do.
  const std::string target = redirect.host.starts_with('[') ? redirect.scheme + ":" : redirect.origin();
  return html(200, {"Connect this site?", body, signed_in_as(user, sign_out_csrf), "'self' " + target});
}

Answer problem(int status, std::string_view title, std::string_view words) {
  return html(status, {title, fmt::format("<p>{}</p>\n", escaped(words))});
}

Answer stylesheet() {
  Answer answer;
  answer.content_type = "text/css; charset=utf-8";
  answer.body = kStyle;
  web::forbid_sniffing(answer);
  answer.headers.emplace_back("Cache-Control", "public, max-age=3600");
  return answer;
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
