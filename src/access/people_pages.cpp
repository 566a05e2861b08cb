#include "access/people_pages.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/random.hpp"

namespace logystera::access {
namespace {

constexpr std::size_t kKeyBytes = 32;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

Result<std::unique_ptr<PeoplePages>> PeoplePages::make(Parts parts) {
  auto secret = random_text(kKeyBytes);
  if (!secret) return secret.error();
  return std::unique_ptr<PeoplePages>(new PeoplePages(std::move(parts), secret.value()));
}

PeoplePages::PeoplePages(Parts parts, std::string_view secret)
    : parts_(std::move(parts)), tokens_(parts_.store), passwords_of_user_(kPasswordsOfUser, secret, parts_.elapsed) {}

server::Route PeoplePages::get(std::string path, Handle handle, std::string role,
                               std::shared_ptr<server::Workers> workers) {
  const auto run = [this, handle](const Request& request, const server::Reply& reply) {
    auto form = Form::parse(request.query);
    if (!form) return reply(failed(request, form.error()));
    auto answer = (this->*handle)(request, form.value());
    reply(answer ? std::move(answer).value() : failed(request, answer.error()));
  };
  return {"GET", std::move(path), 0, run, std::move(workers), std::move(role)};
}

server::Route PeoplePages::post(std::string path, Handle handle, std::string role,
                                std::shared_ptr<server::Workers> workers) {
  const auto run = [this, handle](Request request, const server::Reply& reply) {
    auto form = Form::posted(request);
    wipe(request.body);  // a password may be in it
    if (!form) return reply(failed(request, form.error()));
    if (!parts_.shell.holds(request, form.value()["csrf"])) {
      return reply(
          parts_.shell.problem(request, 403, "This form is no longer good",
                               "It was sent without the token of its page, or the page was too old. Nothing was done. "
                               "Go back, load the page again and repeat it."));
    }
    auto answer = (this->*handle)(request, form.value());
    reply(answer ? std::move(answer).value() : failed(request, answer.error()));
  };
  return {"POST", std::move(path), web::kFormBytes, run, std::move(workers), std::move(role)};
}

std::vector<server::Route> PeoplePages::routes(const std::shared_ptr<server::Workers>& workers) {
  using Pages = PeoplePages;
  const auto& passwords = parts_.passwords;
  return {
      get("/account", &Pages::account, "viewer", workers),
      post("/account/zone", &Pages::set_zone, "viewer", workers),
      post("/account/password", &Pages::change_password, "viewer", passwords),
      post("/account/second-factor/begin", &Pages::begin_second_factor, "viewer", workers),
      post("/account/second-factor/on", &Pages::turn_on_second_factor, "viewer", workers),
      post("/account/second-factor/off", &Pages::turn_off_second_factor, "viewer", passwords),
      post("/account/tokens", &Pages::add_own_token, "viewer", workers),
      post("/account/tokens/revoke", &Pages::revoke_own_token, "viewer", workers),
      post("/account/sessions/end", &Pages::end_session, "viewer", workers),
      get("/settings", &Pages::settings, "admin", workers),
      get("/settings/users", &Pages::user_list, "admin", workers),
      post("/settings/users", &Pages::add_user, "admin", passwords),
      get("/settings/users/{name}", &Pages::user_page, "admin", workers),
      post("/settings/users/{name}", &Pages::change_user, "admin", workers),
      post("/settings/users/{name}/password", &Pages::set_user_password, "admin", passwords),
      post("/settings/users/{name}/second-factor-off", &Pages::end_user_second_factor, "admin", workers),
      post("/settings/users/{name}/remove", &Pages::remove_user, "admin", workers),
      get("/settings/tokens", &Pages::token_list, "admin", workers),
      post("/settings/tokens", &Pages::add_token, "admin", workers),
      post("/settings/tokens/revoke", &Pages::revoke_token, "admin", workers),
      get("/settings/audit", &Pages::audit_list, "admin", workers),
      get("/settings/retention", &Pages::retention, "admin", workers),
      post("/settings/retention", &Pages::set_retention, "admin", workers),
      get("/settings/about", &Pages::about, "admin", workers),
  };
}

Note PeoplePages::note_of(const Request& request) const {
  return [this, &request](store::Stores& stores, std::string_view action, std::string_view object, std::string_view before,
                          std::string_view after) {
    return parts_.audit.note(stores, request, action, object, before, after);
  };
}

PeoplePages::Answer PeoplePages::page(const Request& request, std::string_view name, std::string title,
                                      std::string_view section, web::View view) const {
  return parts_.shell.page(request, {.name = name, .title = std::move(title), .view = std::move(view), .section = section});
}

PeoplePages::Answer PeoplePages::failed(const Request& request, const Error& error) const {
  if (error.kind == ErrorKind::denied) return parts_.shell.problem(request, 403, "Nothing was done", error.message + ".");
  return parts_.shell.failure(request, error, parts_.log);
}

Result<store::User> PeoplePages::myself(const Request& request) const {
  const web::Principal& who = *request.principal;
  if (who.kind != web::Principal::Kind::session || who.user == 0) {
    return Error{"this is for people who are signed in with an account of their own", ErrorKind::not_found};
  }
  auto user = parts_.store.accounts().find_user(who.user);
  if (!user) return user.error();
  if (!user.value()) return Error{"this account is not there any more", ErrorKind::not_found};
  return *user.value();
}

Result<std::string> PeoplePages::wrong_password(const store::User& user, std::string_view password) {
  const std::string key = std::to_string(user.id);
  if (passwords_of_user_.take(key)) return std::string("Too many attempts. Wait a minute before the next.");
  auto checked = parts_.users.check(user.name, password);
  if (!checked) return checked.error();
  if (!checked.value()) return std::string("The password is wrong.");
  passwords_of_user_.give_back(key);
  return std::string();
}

// A token or a name a line; nothing: all of them.
Result<store::SiteChoice> PeoplePages::sites_in(std::string_view lines) const {
  store::SiteChoice sites;
  auto all = parts_.store.entities().list();
  if (!all) return all.error();
  while (!lines.empty()) {
    const std::string_view line = trimmed(lines.substr(0, lines.find('\n')));
    lines.remove_prefix(
        std::min(lines.size(), lines.find('\n') == std::string_view::npos ? lines.size() : lines.find('\n') + 1));
    if (line.empty()) continue;
    sites.all = false;
    bool found = false;
    for (const store::Entity& entity : all.value()) {
      if (entity.token != line && entity.name != line) continue;
      found = true;
      const bool there = std::find(sites.tokens.begin(), sites.tokens.end(), entity.token) != sites.tokens.end();
      if (!there) sites.tokens.push_back(entity.token);
    }
    if (!found) return Error{fmt::format("there is no site of the token or name {}", line), ErrorKind::invalid};
  }
  return sites;
}

std::string PeoplePages::site_words(const store::SiteChoice& sites) {
  std::string words;
  for (const std::string& token : sites.tokens) words += (words.empty() ? "" : ", ") + token;
  return words;
}

Result<NewToken> PeoplePages::token_in(const Form& form) const {
  NewToken token;
  token.name = form["name"];
  const auto role = web::role_of(form["role"]);
  if (!role) return Error{"the role must be viewer, analyst or admin", ErrorKind::invalid};
  token.role = *role;
  const std::string_view days = form["days"];
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(days.data(), days.data() + days.size(), number);
  if (error != std::errc() || end != days.data() + days.size()) {
    return Error{"how long the token lasts must be a number of days", ErrorKind::invalid};
  }
  token.days = number;
  auto sites = sites_in(form["sites"]);
  if (!sites) return sites.error();
  token.sites = std::move(sites).value();
  return token;
}

std::vector<web::View> PeoplePages::token_rows(const std::vector<store::ApiToken>& tokens) const {
  std::vector<web::View> rows;
  for (const store::ApiToken& token : tokens) {
    web::View row;
    row.text("id", std::to_string(token.id))
        .text("name", token.name)
        .text("prefix", token.prefix)
        .text("token_role", token.role);
    row.text("owner", token.user_name).flag("all_sites", token.sites.all).text("sites", site_words(token.sites));
    row.time("made", token.created_at).time("used", token.last_used_at).text("used_from", token.last_address);
    row.time("ends", token.expires_at).flag("ended", token.expires_at != 0 && token.expires_at <= parts_.now());
    rows.push_back(std::move(row));
  }
  return rows;
}

PeoplePages::Answer PeoplePages::shown_once(const Request& request, MadeToken made, std::string_view back,
                                            std::string_view back_label) const {
  web::View view, command;
  command.text("line", made.token);
  view.text("back", back).text("back_label", back_label).view("command", std::move(command));
  view.time("ends", made.expires_at);
  return page(request, "token_made", "The new token", back, std::move(view));
}

}  // namespace logystera::access
