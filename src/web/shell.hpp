// What stands around every page: navigation, header and footer, and the headers of web/headers.hpp.
//
//   web::View view;
//   view.text("name", site.name).number("events", site.accepted).time("seen", site.last_seen_at);
//   return shell.page(request, {.name = "site", .title = site.name, .view = std::move(view), .section = "/sites"});
//
// A page's template, web/templates/site.mustache, begins with {{> page_top}} and ends with {{> page_bottom}}, between which stands
// the content of <main>, the <h1> included ({{title}}; {{> head}} is one). One of somebody who is not signed in begins with
// {{> card_top}}, which has the <h1>, and ends with {{> card_bottom}}, and is made by plain_page(). Every template is given:
//
//   title                     of the page
//   csrf                      for the partial {{> csrf}} in each form that is posted; Shell::holds() is its check
//   signed_in, user, role     who asks; is_analyst, is_admin: what he may
//   path, here                of this page, without and with its query
//
// Of partials there are: head, time (in {{#NAME}}…{{/NAME}} of a View::time), ago (the same, as "3 min ago"), level (of a view's
// `level` and `level_word`), pager, empty. What makes a theme and a shorter page of an answer is finished(), once for all routes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "server/message.hpp"
#include "server/router.hpp"
#include "web/csrf.hpp"
#include "web/principal.hpp"
#include "web/view.hpp"

namespace logystera::web {

struct Page {
  std::string_view name;  // of the template
  std::string title;
  View view = {};
  std::string_view section = {};  // the navigation's entry it belongs to, by its path: "/findings"
  int status = 200;
  std::string form_action = "'self'";  // where its forms lead, see make_page()
};

/// A page without navigation, which depends on nothing of the request.
server::Answer plain_page(Page page);
/// One that says what is wrong and what to do.
server::Answer problem_page(int status, std::string_view title, std::string_view words);

/// Thread-safe once link() was called.
class Shell {
 public:
  struct Site {
    std::string token, name;
  };
  struct Options {
    /// Those the header's switch offers; of them a person gets those he may see.
    std::function<std::vector<Site>()> sites;
    /// What is wrong with the gateway itself, for those who see all of it.
    std::function<std::vector<std::string>()> hints = {};
  };

  /// `forms` must outlive it.
  explicit Shell(const FormTokens& forms);
  Shell(const FormTokens& forms, Options options);

  /// What the navigation leads to: of its entries those that have a route.
  void link(const std::vector<server::Route>& routes);

  server::Answer page(const server::Request& request, Page page) const;
  /// As problem_page(), with the navigation where somebody is signed in.
  server::Answer problem(const server::Request& request, int status, std::string_view title, std::string_view words) const;

  /// What a form that was refused is answered: what was given (400) or asked for (404) was wrong, else it is this server (503), and
  /// `log` is told why.
  server::Answer failure(const server::Request& request, const Error& error,
                         const std::function<void(std::string_view)>& log) const;

  /// Whether the form posted is one of this person's pages, by its field csrf.
  bool holds(const server::Request& request, std::string_view csrf) const;

  /// POST /theme: a cookie, which every page is made by, and `remember`, told what was chosen, for whoever is signed in. `workers`:
  /// where it runs.
  using Remember = std::function<void(const server::Request& request, std::string_view theme)>;
  server::Route theme_route(Remember remember = {}, std::shared_ptr<server::Workers> workers = {}) const;

 private:
  void add_navigation(const server::Request& request, const Page& page, View& view) const;
  void add_person(const server::Request& request, View& view) const;
  void add_hints(const server::Request& request, View& view) const;
  void add_sites(const server::Request& request, const Page& page, View& view) const;
  bool has(std::string_view path) const;

  const FormTokens& forms_;
  Options options_;
  std::vector<std::string> paths_;  // of entries that have a route
};

/// `route`, whose pages have the theme the reader chose, and are compressed for a client that takes it. `https`: whether the browser's
/// connection is encrypted; where it is, every answer says for a year that this host is to be reached in no other way
/// (Strict-Transport-Security, RFC 6797). Its subdomains are not this program's to speak for.
server::Route finished(server::Route route, std::function<bool(const server::Request& request)> https = {});

/// What the server itself refuses (server::Listener::refused), finished: a page for whoever asks for one, and for programs as it is.
server::Answer refused_page(const server::Request& request, server::Answer answer, bool https = false);

/// The line of Set-Cookie that makes pages light or dark; nothing where that is no theme.
std::optional<std::string> theme_cookie(std::string_view theme);

/// What forms of signed-in people's pages are made for, see FormTokens.
inline constexpr std::string_view kFormPurpose = "form";

/// Whether a redirect to `path` stays on this server.
bool is_local_path(std::string_view path);

}  // namespace logystera::web
