// What administrators look after: users, tokens, the audit, and what this server is.
#include <fmt/core.h>

#include <charconv>

#include "access/password.hpp"
#include "access/people_pages.hpp"
#include "web/headers.hpp"

namespace logystera::access {
namespace {

using web::View;

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

std::string path_of(const store::User& user) { return "/settings/users/" + web::percent_encoded(user.name); }

Result<web::Role> role_in(const web::Form& form) {
  const auto role = web::role_of(form["role"]);
  if (!role) return Error{"the role must be viewer, analyst or admin", ErrorKind::invalid};
  return *role;
}

std::vector<View> roles(std::string_view chosen) {
  std::vector<View> rows;
  for (const web::Role role : {web::Role::viewer, web::Role::analyst, web::Role::admin}) {
    View row;
    row.text("value", name_of(role)).text("label", name_of(role)).flag("selected", name_of(role) == chosen);
    rows.push_back(std::move(row));
  }
  return rows;
}

void add_user_facts(View& view, const store::User& user, const std::string& sites) {
  view.text("name", user.name).text("href", path_of(user)).text("user_role", user.role).text("sites", sites);
  view.flag("all_sites", user.sites.all).flag("disabled", user.disabled).flag("second_factor", !user.sealed_totp.empty());
  view.time("made", user.created_at).time("last_login", user.last_login_at);
}

std::string done_words(std::string_view done) {
  if (done == "added") return "The user can sign in now.";
  if (done == "changed") return "It is changed; the user's sessions have ended.";
  if (done == "removed") return "The user is removed.";
  if (done == "revoked") return "The token is revoked.";
  return {};
}

struct Library {
  std::string_view name, licence, use;
};
// As ARCHITECTURE.md has them; what is in the program a reader of this page runs.
constexpr Library kLibraries[] = {
    {"Boost.Asio, Boost.Beast", "BSL-1.0", "HTTP"},
    {"OpenSSL", "Apache-2.0", "TLS, HMAC, AES"},
    {"SQLite", "public domain", "the store"},
    {"libsodium", "ISC", "passwords"},
    {"libqrencode", "LGPL-2.1-or-later", "QR codes"},
    {"libcurl", "curl", "sending"},
    {"zlib", "zlib", "compression"},
    {"libdeflate", "MIT", "compression"},
    {"zstd", "BSD-3-Clause", "compressed logs"},
    {"fmt", "MIT", "text"},
    {"CLI11", "BSD-3-Clause", "the command line"},
    {"RapidJSON", "MIT", "JSON"},
    {"simdjson", "Apache-2.0 or MIT", "JSON logs"},
    {"libfyaml", "MIT", "YAML"},
    {"RE2", "BSD-3-Clause", "regular expressions"},
    {"utf8proc", "MIT, Unicode", "case folding"},
    {"Highway", "Apache-2.0 or BSD-3-Clause", "vectors"},
    {"Mustache (kainjow)", "BSL-1.0", "templates"},
};

}  // namespace

Result<server::Answer> PeoplePages::settings(const Request& request, const Form&) {
  return page(request, "settings", "Settings", kSettingsSection, View());
}

Result<server::Answer> PeoplePages::user_list(const Request& request, const Form& form) {
  auto users = parts_.users.list();
  if (!users) return users.error();
  std::vector<View> rows;
  for (const store::User& user : users.value()) {
    View row;
    add_user_facts(row, user, site_words(user.sites));
    rows.push_back(std::move(row));
  }
  View view;
  view.text("done", done_words(form["done"])).number("characters", kPasswordCharsMin);
  view.flag("has_rows", !rows.empty())
      .rows("rows", std::move(rows))
      .rows("roles", roles(users->empty() ? "admin" : "viewer"));
  return page(request, "users", "Users", kSettingsSection, std::move(view));
}

Result<server::Answer> PeoplePages::add_user(const Request& request, const Form& form) {
  auto role = role_in(form);
  if (!role) return role.error();
  auto sites = sites_in(form["sites"]);
  if (!sites) return sites.error();
  const NewUser user{form["name"], form["password"], role.value(), std::move(sites).value()};
  if (form["password"] != form["again"]) return Error{"the two passwords differ", ErrorKind::invalid};
  if (user.role != web::Role::admin) {
    // The first one ends that everything is open, and somebody has to be able to go on from there.
    auto any = parts_.store.accounts().has_users();
    if (!any) return any.error();
    if (!any.value()) return Error{"the first user must be an administrator", ErrorKind::invalid};
  }
  if (auto added = parts_.users.add(user, parts_.now(), note_of(request)); !added) return added.error();
  return web::see_other("/settings/users?done=added");
}

Result<server::Answer> PeoplePages::user_page(const Request& request, const Form& form) {
  auto user = parts_.store.accounts().find_user(request.parameter("name"));
  if (!user) return user.error();
  if (!user.value()) return Error{"there is no user of this name", ErrorKind::not_found};
  View view;
  add_user_facts(view, *user.value(), site_words(user.value()->sites));
  std::vector<View> lines;
  for (const std::string& token : user.value()->sites.tokens) {
    View line;
    line.text("line", token);
    lines.push_back(std::move(line));
  }
  // Nobody who saves the page gives somebody all sites whose own are gone.
  view.flag("no_sites", !user.value()->sites.all && lines.empty());
  view.rows("site_lines", std::move(lines));
  view.rows("roles", roles(user.value()->role))
      .text("done", done_words(form["done"]))
      .number("characters", kPasswordCharsMin);
  return page(request, "user", user.value()->name, kSettingsSection, std::move(view));
}

Result<server::Answer> PeoplePages::change_user(const Request& request, const Form& form) {
  auto role = role_in(form);
  if (!role) return role.error();
  auto sites = sites_in(form["sites"]);
  if (!sites) return sites.error();
  if (form["no_sites"] == "yes") {
    if (!sites->all) return Error{"name the sites, or tick that the user sees none: one of them", ErrorKind::invalid};
    sites->all = false;
  }
  const AccessChange change{role.value(), form["disabled"] == "yes", std::move(sites).value()};
  const std::string_view name = request.parameter("name");
  if (auto changed = parts_.users.change(name, change, note_of(request)); !changed) return changed.error();
  return web::see_other("/settings/users/" + web::percent_encoded(name) + "?done=changed");
}

Result<server::Answer> PeoplePages::set_user_password(const Request& request, const Form& form) {
  if (form["password"] != form["again"]) return Error{"the two passwords differ", ErrorKind::invalid};
  const std::string_view name = request.parameter("name");
  if (auto set = parts_.users.set_password(name, form["password"], note_of(request)); !set) return set.error();
  return web::see_other("/settings/users/" + web::percent_encoded(name) + "?done=changed");
}

Result<server::Answer> PeoplePages::end_user_second_factor(const Request& request, const Form&) {
  auto user = parts_.store.accounts().find_user(request.parameter("name"));
  if (!user) return user.error();
  if (!user.value()) return Error{"there is no user of this name", ErrorKind::not_found};
  if (auto off = parts_.second_factor.turn_off(*user.value(), note_of(request)); !off) return off.error();
  return web::see_other(path_of(*user.value()) + "?done=changed");
}

Result<server::Answer> PeoplePages::remove_user(const Request& request, const Form& form) {
  const std::string_view name = request.parameter("name");
  if (form["sure"] != "yes") return Error{"tick that you are sure", ErrorKind::invalid};
  if (auto removed = parts_.users.remove(name, note_of(request)); !removed) return removed.error();
  return web::see_other("/settings/users?done=removed");
}

Result<server::Answer> PeoplePages::token_list(const Request& request, const Form& form) {
  auto tokens = tokens_.list();
  if (!tokens) return tokens.error();
  View view;
  view.text("done", done_words(form["done"])).number("days", kTokenDays).number("days_most", kTokenDaysMost);
  view.flag("has_rows", !tokens->empty()).rows("tokens", token_rows(tokens.value())).rows("roles", roles("viewer"));
  return page(request, "tokens", "API tokens", kSettingsSection, std::move(view));
}

Result<server::Answer> PeoplePages::add_token(const Request& request, const Form& form) {
  auto token = token_in(form);
  if (!token) return token.error();
  if (auto may = may_make(*request.principal, token.value()); !may) return may.error();
  auto made = tokens_.add(token.value(), parts_.now(), note_of(request));
  if (!made) return made.error();
  return shown_once(request, std::move(made).value(), "/settings/tokens", "API tokens");
}

Result<server::Answer> PeoplePages::revoke_token(const Request& request, const Form& form) {
  if (auto revoked = tokens_.revoke(number_in(form["id"]), {}, note_of(request)); !revoked) return revoked.error();
  return web::see_other("/settings/tokens?done=revoked");
}

Result<server::Answer> PeoplePages::audit_list(const Request& request, const Form& form) {
  store::AuditQuery query;
  query.actor = form["actor"];
  query.action = form["action"];
  query.before_id = number_in(form["before"]);
  query.limit = kAuditRows + 1;
  auto found = parts_.store.reading().audit().list(query);
  if (!found) return found.error();
  const bool more = found->size() > kAuditRows;
  if (more) found->pop_back();
  std::string filter;
  for (const std::string_view name : {"actor", "action"}) {
    if (!form[name].empty()) filter += fmt::format("&{}={}", name, web::percent_encoded(form[name]));
  }
  std::vector<View> rows;
  for (const store::AuditRow& entry : found.value()) {
    View row;
    row.time("at", entry.at).text("actor", entry.actor).text("address", entry.address).text("action", entry.action);
    row.text("object", entry.object).text("before", entry.before).text("after", entry.after);
    rows.push_back(std::move(row));
  }
  View view;
  view.text("actor", query.actor).text("action", query.action);
  view.text("older", more ? fmt::format("/settings/audit?before={}{}", found->back().id, filter) : std::string());
  view.text("newest",
            query.before_id > 0 ? "/settings/audit?" + (filter.empty() ? filter : filter.substr(1)) : std::string());
  view.flag("has_rows", !rows.empty()).rows("rows", std::move(rows));
  return page(request, "audit", "Audit", kSettingsSection, std::move(view));
}

Result<server::Answer> PeoplePages::about(const Request& request, const Form&) {
  constexpr double kMebibyte = 1024.0 * 1024.0;
  auto size = parts_.store.maintenance().size();
  if (!size) return size.error();
  View view;
  view.text("program_version", LOGYSTERA_VERSION);
  view.text("file_size", fmt::format("{:.1f} MiB", static_cast<double>(size->bytes) / kMebibyte));
  view.text("log_size", fmt::format("{:.1f} MiB", static_cast<double>(size->log_bytes) / kMebibyte));
  view.number("events", size->events_at_most).time("oldest", size->oldest_event_at);
  std::vector<View> libraries;
  for (const Library& library : kLibraries) {
    View row;
    row.text("name", library.name).text("licence", library.licence).text("use", library.use);
    libraries.push_back(std::move(row));
  }
  view.rows("libraries", std::move(libraries));
  return page(request, "about", "About this server", kSettingsSection, std::move(view));
}

}  // namespace logystera::access
