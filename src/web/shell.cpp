#include "web/shell.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "web/compression.hpp"
#include "web/form.hpp"
#include "web/headers.hpp"
#include "web/templates.hpp"

namespace logystera::web {
namespace {

using server::Answer;
using server::Request;

constexpr std::string_view kThemeCookie = "logystera_theme";
constexpr std::string_view kThemes[] = {"system", "light", "dark"};
constexpr std::string_view kThemeMark = "data-theme=\"system\"";  // in page_top and card_top, once each

struct Entry {
  std::string_view path, label, icon;
  Role role = Role::viewer;
};
constexpr Entry kEntries[] = {
    {"/", "Overview", "overview"},         {"/alerts", "Alerts", "alerts"},
    {"/findings", "Findings", "findings"}, {"/errors", "Errors", "errors"},
    {"/events", "Events", "events"},       {"/sites", "Sites", "sites"},
    {"/rules", "Rules", "rules"},          {"/upload", "Upload", "upload", Role::analyst},
    {"/fleet", "Fleet", "fleet"},          {"/settings", "Settings", "settings", Role::admin},
};
// Paths the header leads to where they are.
constexpr std::string_view kHeaderPaths[] = {"/account", "/logout", "/login", "/findings", "/settings/users"};

std::string here_of(const Request& request) {
  return request.query.empty() ? request.path : request.path + "?" + request.query;
}

// The value of the cookie, when it is a theme.
std::string_view theme_of(std::string_view cookies) {
  while (!cookies.empty()) {
    std::string_view pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(cookies.size(), pair.size() + 1));
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    if (!pair.starts_with(kThemeCookie) || pair.size() <= kThemeCookie.size() || pair[kThemeCookie.size()] != '=') continue;
    const std::string_view value = pair.substr(kThemeCookie.size() + 1);
    for (const std::string_view theme : kThemes) {
      if (theme == value) return theme;
    }
  }
  return kThemes[0];
}

void set_theme(const Request& request, Answer& answer) {
  const std::string cookies = request.joined("Cookie");
  const std::string_view theme = theme_of(cookies);
  const std::size_t at = answer.body.find(kThemeMark);
  if (theme == kThemes[0] || at == std::string::npos) return;
  answer.body.replace(at, kThemeMark.size(), fmt::format("data-theme=\"{}\"", theme));
}

Answer html(const Page& page) {
  Answer answer;
  answer.status = page.status;
  answer.body = Templates::all().render(page.name, page.view);
  make_page(answer, page.form_action);
  return answer;
}

bool is_named(std::string_view name, std::string_view wanted) {
  return name.size() == wanted.size() && ::strncasecmp(name.data(), wanted.data(), name.size()) == 0;
}

// A handler may take the request apart before it answers.
Request what_finishing_needs(const Request& request) {
  Request asked;
  for (const auto& [name, value] : request.headers) {
    if (is_named(name, "Cookie") || is_named(name, "Accept-Encoding")) asked.headers.emplace_back(name, value);
  }
  return asked;
}

void finish(const Request& asked, bool https, Answer& answer) {
  if (https) answer.headers.emplace_back("Strict-Transport-Security", "max-age=31536000");
  if (!answer.content_type.starts_with("text/html") || answer.streamed) return;
  set_theme(asked, answer);
  compress(asked, answer);
}

server::Reply finishing_reply(const Request& request, bool https, const server::Reply& reply) {
  return [asked = what_finishing_needs(request), https, reply](Answer answer) {
    finish(asked, https, answer);
    reply(std::move(answer));
  };
}

// What the server itself refuses, as a person reads it.
struct Refused {
  int status;
  std::string_view title, words;
};
constexpr Refused kRefused[] = {
    {400, "This address cannot be read", "Check the address: it is written in a way that browsers do not send."},
    {404, "There is no such page", "Check the address, or begin anew."},
    {405, "This page cannot do that", "Nothing was done. Go back and load the page again."},
    {413, "This is too large", "Nothing was done: more was sent than this page takes."},
    {414, "This address is too long", "Shorten the address, or begin anew."},
    {500, "Something went wrong", "The server could not answer. Its operator finds the cause in its log; try again later."},
    {503, "This server is being stopped", "Try again in a moment."},
};

class FinishingReader final : public server::BodyReader {
 public:
  FinishingReader(std::unique_ptr<server::BodyReader> reader, Request asked, bool https)
      : reader_(std::move(reader)), asked_(std::move(asked)), https_(https) {}
  bool take(std::string_view bytes) override { return reader_->take(bytes); }
  void finish(bool whole, server::Reply reply) override { reader_->finish(whole, finishing_reply(asked_, https_, reply)); }

 private:
  std::unique_ptr<server::BodyReader> reader_;
  Request asked_;
  const bool https_;
};

std::string_view role_words(const Principal& principal) {
  if (principal.kind == Principal::Kind::open) return principal.anybody ? "Open to everybody" : "Open to this machine";
  return principal.role == Role::admin ? "Administrator" : principal.role == Role::analyst ? "Analyst" : "Viewer";
}

}  // namespace

bool is_local_path(std::string_view path) {
  if (path.empty() || path[0] != '/' || (path.size() > 1 && (path[1] == '/' || path[1] == '\\'))) return false;
  return std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f && c != '\\' && c != '"'; });
}

Answer plain_page(Page page) {
  page.view.text("title", page.title).text("version", LOGYSTERA_VERSION);
  return html(page);
}

Answer problem_page(int status, std::string_view title, std::string_view words) {
  View view;
  view.text("words", words);
  return plain_page({.name = "problem", .title = std::string(title), .view = std::move(view), .status = status});
}

Shell::Shell(const FormTokens& forms) : Shell(forms, Options()) {}
Shell::Shell(const FormTokens& forms, Options options) : forms_(forms), options_(std::move(options)) {}

void Shell::link(const std::vector<server::Route>& routes) {
  paths_.clear();
  for (const server::Route& route : routes) {
    const auto same = [&](std::string_view path) { return path == route.path; };
    const bool entry = route.method == "GET" && std::any_of(std::begin(kEntries), std::end(kEntries),
                                                            [&](const Entry& each) { return same(each.path); });
    if (entry || std::any_of(std::begin(kHeaderPaths), std::end(kHeaderPaths), same)) paths_.push_back(route.path);
  }
}

bool Shell::has(std::string_view path) const { return std::find(paths_.begin(), paths_.end(), path) != paths_.end(); }

void Shell::add_navigation(const Request& request, const Page& page, View& view) const {
  std::vector<View> entries;
  for (const Entry& entry : kEntries) {
    if (!has(entry.path) || !request.principal->may(entry.role)) continue;
    View row;
    row.text("path", entry.path).text("label", entry.label).text("icon", entry.icon);
    row.flag("current", entry.path == page.section);
    entries.push_back(std::move(row));
  }
  view.rows("entries", std::move(entries));
  view.flag("searches", has("/findings"));
}

void Shell::add_person(const Request& request, View& view) const {
  const Principal& who = *request.principal;
  view.text("user", who.name.empty() ? "This machine" : who.name).text("role", role_words(who));
  view.flag("is_analyst", who.may(Role::analyst)).flag("is_admin", who.may(Role::admin));
  view.flag("is_open", who.kind == Principal::Kind::open && !who.anybody).flag("is_open_to_all", who.anybody);
  view.flag("has_settings", has("/settings/users")).text("reader_zone", who.zone);
  view.flag("account", who.user != 0 && has("/account"));
  view.flag("signs_out", !who.session.empty() && who.kind != Principal::Kind::open && has("/logout"));
  view.text("csrf", forms_.token(kFormPurpose, who.session));
  view.text("logout_csrf", forms_.token("logout", who.session));
}

void Shell::add_hints(const Request& request, View& view) const {
  std::vector<std::string> hints;
  if (options_.hints && request.principal->all_sites) hints = options_.hints();
  view.flag("has_hints", !hints.empty()).flag("hints_lead", has("/alerts"));
  std::vector<View> rows;
  for (const std::string& hint : hints) {
    View row;
    row.text("words", hint);
    rows.push_back(std::move(row));
  }
  view.rows("hints", std::move(rows));
}

// On pages that have a site in their filter the switch changes it; elsewhere it leads to the site.
void Shell::add_sites(const Request& request, const Page& page, View& view) const {
  if (!options_.sites || !has("/sites")) return;
  const bool filters = page.section == "/events";
  std::string chosen;
  if (auto query = Form::parse(request.query); filters && query) chosen = query.value()["site"];
  std::string_view name;
  std::vector<View> rows;
  const std::vector<Site> sites = options_.sites();
  for (const Site& site : sites) {
    if (!request.principal->sees(site.token)) continue;
    View row;
    row.text("name", site.name);
    row.text("target", filters ? "/events?site=" + percent_encoded(site.token) : "/sites/" + percent_encoded(site.token));
    row.flag("current", site.token == chosen);
    if (site.token == chosen) name = site.name;
    rows.push_back(std::move(row));
  }
  view.flag("has_sites", !rows.empty());
  view.rows("sites_switch", std::move(rows));
  view.text("site_chosen", name).text("site_all", filters ? "/events" : "/sites");
}

Answer Shell::page(const Request& request, Page page) const {
  if (!request.principal) return plain_page(std::move(page));
  View& view = page.view;
  const std::string cookies = request.joined("Cookie");
  view.text("title", page.title).text("version", LOGYSTERA_VERSION);
  view.text("path", request.path).text("here", here_of(request)).flag("signed_in", true);
  for (const std::string_view theme : kThemes) {
    view.flag(fmt::format("theme_{}", theme), theme == theme_of(cookies));
  }
  add_navigation(request, page, view);
  add_person(request, view);
  add_sites(request, page, view);
  add_hints(request, view);
  return html(page);
}

Answer Shell::problem(const Request& request, int status, std::string_view title, std::string_view words) const {
  if (!request.principal) return problem_page(status, title, words);
  View view;
  view.text("words", words);
  return page(request, {.name = "trouble", .title = std::string(title), .view = std::move(view), .status = status});
}

Answer Shell::failure(const Request& request, const Error& error, const std::function<void(std::string_view)>& log) const {
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::too_large:
    case ErrorKind::exists: return problem(request, 400, "Nothing was done", error.message + ".");
    case ErrorKind::not_found: return problem(request, 404, "It is not there", error.message + ".");
    default: break;
  }
  log(error.message);
  Answer answer = problem(request, 503, "Something is wrong with this server",
                          "Nothing was done. Try again later; its operator finds the cause in its log.");
  answer.headers.emplace_back("Retry-After", "30");
  return answer;
}

bool Shell::holds(const Request& request, std::string_view csrf) const {
  return request.principal && !comes_from_elsewhere(request) &&
         forms_.holds(csrf, kFormPurpose, request.principal->session);
}

std::optional<std::string> theme_cookie(std::string_view theme) {
  if (std::find(std::begin(kThemes), std::end(kThemes), theme) == std::end(kThemes)) return std::nullopt;
  return fmt::format("{}={}; Path=/; Max-Age=31536000; SameSite=Lax", kThemeCookie, theme);
}

server::Route Shell::theme_route(Remember remember, std::shared_ptr<server::Workers> workers) const {
  const auto handle = [remember = std::move(remember)](const Request& request, const server::Reply& reply) {
    auto form = Form::posted(request);
    if (!form)
      return reply(problem_page(400, "This form cannot be read", "Nothing was done: " + form.error().message + "."));
    const std::string_view wanted = form.value()["theme"], back = form.value()["back"];
    const auto cookie = theme_cookie(wanted);
    if (comes_from_elsewhere(request) || !cookie) {
      return reply(problem_page(400, "There is no such theme", "Choose light, dark, or as the machine has it."));
    }
    Answer answer = see_other(is_local_path(back) ? std::string(back) : "/");
    answer.headers.emplace_back("Set-Cookie", *cookie);
    if (remember) remember(request, wanted);
    reply(std::move(answer));
  };
  return {"POST", "/theme", kFormBytes, handle, std::move(workers)};
}

Answer refused_page(const Request& request, Answer answer, bool https) {
  const bool of_pages = request.joined("Accept").find("text/html") != std::string::npos;
  const auto* const known = std::find_if(std::begin(kRefused), std::end(kRefused),
                                         [&](const Refused& one) { return one.status == answer.status; });
  if (answer.content_type == "application/json" && of_pages && known != std::end(kRefused)) {
    View view;
    view.text("words", known->words).flag("home", true);
    Answer page = plain_page(
        {.name = "problem", .title = std::string(known->title), .view = std::move(view), .status = answer.status});
    for (auto& header : answer.headers) page.headers.push_back(std::move(header));
    answer = std::move(page);
  }
  constexpr int kMisdirected = 421;  // the host asked for is not this program's to speak for
  finish(request, https && answer.status != kMisdirected, answer);
  return answer;
}

server::Route finished(server::Route route, std::function<bool(const Request& request)> https) {
  const auto encrypted = [https = std::move(https)](const Request& request) { return https && https(request); };
  if (route.handler) {
    route.handler = [handler = std::move(route.handler), encrypted](Request request, const server::Reply& reply) {
      server::Reply finishing = finishing_reply(request, encrypted(request), reply);
      handler(std::move(request), std::move(finishing));
    };
  }
  if (route.receiver) {
    route.receiver = [receiver = std::move(route.receiver),
                      encrypted](Request request) -> std::unique_ptr<server::BodyReader> {
      Request asked = what_finishing_needs(request);
      const bool is_https = encrypted(request);
      return std::make_unique<FinishingReader>(receiver(std::move(request)), std::move(asked), is_https);
    };
  }
  return route;
}

}  // namespace logystera::web
