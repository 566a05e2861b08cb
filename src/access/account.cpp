// A person's own account.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "access/password.hpp"
#include "access/people_pages.hpp"
#include "web/headers.hpp"

namespace logystera::access {
namespace {

using web::View;

constexpr std::string_view kPath = "/account";
constexpr std::size_t kZoneBytes = 64;
constexpr std::string_view kIssuer = "Logystera";

std::int64_t number_in(std::string_view text) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

std::string done_words(std::string_view done) {
  if (done == "revoked") return "The token is revoked.";
  if (done == "ended") return "The session has ended.";
  if (done == "zone") return "Times are in this zone from now on.";
  if (done == "off") return "The second factor is off.";
  return {};
}

Error words(std::string text) {
  if (!text.empty() && text.back() == '.') text.pop_back();  // failed() ends the sentence
  return Error{std::move(text), ErrorKind::denied};
}

}  // namespace

Result<server::Answer> PeoplePages::account(const Request& request, const Form& form) {
  auto user = myself(request);
  if (!user) return user.error();
  auto tokens = tokens_.list(user->id);
  if (!tokens) return tokens.error();
  auto sessions = parts_.store.accounts().sessions_of(user->id);
  if (!sessions) return sessions.error();
  auto codes = parts_.store.accounts().recovery_codes(user->id);
  if (!codes) return codes.error();
  auto here = web::Sessions(parts_.store.accounts()).find(request.principal->session, parts_.now());
  if (!here) return here.error();
  View view;
  view.text("chosen_zone", user->zone);
  view.text("name", user->name).text("user_role", user->role).text("sites", site_words(user->sites));
  view.flag("all_sites", user->sites.all).time("last_login", user->last_login_at).text("done", done_words(form["done"]));
  view.flag("second_factor", !user->sealed_totp.empty()).number("codes", codes.value());
  view.number("characters", kPasswordCharsMin).number("days", kTokenDays).number("days_most", kTokenDaysMost);
  std::vector<View> rows;
  for (const store::Session& session : sessions.value()) {
    View row;
    row.text("id", std::to_string(session.id)).text("agent", session.agent.empty() ? "Another program" : session.agent);
    row.time("begun", session.created_at).time("seen", session.seen_at);
    row.flag("here", here->has_value() && here->value().session == session.id);
    rows.push_back(std::move(row));
  }
  view.rows("sessions", std::move(rows)).flag("has_tokens", !tokens->empty()).rows("tokens", token_rows(tokens.value()));
  return page(request, "account", "Account", kPath, std::move(view));
}

// Which zones there are is the browser's knowledge; one it does not know it passes over.
Result<server::Answer> PeoplePages::set_zone(const Request& request, const Form& form) {
  auto user = myself(request);
  if (!user) return user.error();
  const std::string_view zone = form["zone"];
  const bool written_as_one = std::all_of(zone.begin(), zone.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' ||
           c == '+';
  });
  if (!written_as_one || zone.size() > kZoneBytes) {
    return Error{"a time zone is written like Europe/Zurich or UTC", ErrorKind::invalid};
  }
  const std::string before = std::exchange(user->zone, std::string(zone));
  auto transaction = parts_.store.begin();
  if (!transaction) return transaction.error();
  store::Stores& stores = *transaction.value();
  if (auto set = stores.accounts().set_preferences(user.value()); !set) return set.error();
  if (auto noted = parts_.audit.note(stores, request, "user.zone", user->name, before, zone); !noted) return noted.error();
  if (auto committed = transaction.value()->commit(); !committed) return committed.error();
  return web::see_other("/account?done=zone");
}

Result<server::Answer> PeoplePages::change_password(const Request& request, const Form& form) {
  auto user = myself(request);
  if (!user) return user.error();
  if (form["password"] != form["again"]) return Error{"the two new passwords differ", ErrorKind::invalid};
  if (auto good = check_password(form["password"]); !good) return good.error();
  auto wrong = wrong_password(user.value(), form["current"]);
  if (!wrong) return wrong.error();
  if (!wrong->empty()) return words(wrong.value());
  if (auto set = parts_.users.set_password(user->name, form["password"], note_of(request)); !set) return set.error();
  return web::see_other("/login");  // every session has ended, this one too
}

Result<server::Answer> PeoplePages::begin_second_factor(const Request& request, const Form&) {
  auto user = myself(request);
  if (!user) return user.error();
  if (!user->sealed_totp.empty()) return Error{"the second factor is on already", ErrorKind::invalid};
  auto begun = parts_.second_factor.begin(user.value(), kIssuer, request.principal->session);
  if (!begun) return begun.error();
  auto picture = qr_path(begun->uri);
  if (!picture) return picture.error();
  View view;
  view.text("key", begun->key).text("uri", begun->uri).text("sealed", begun->sealed).text("picture", picture->path);
  view.number("side", picture->side);
  Answer answer = page(request, "second_factor_begin", "Set up the second factor", kPath, std::move(view));
  wipe(begun->key);
  wipe(begun->uri);
  return answer;
}

Result<server::Answer> PeoplePages::turn_on_second_factor(const Request& request, const Form& form) {
  auto user = myself(request);
  if (!user) return user.error();
  if (!user->sealed_totp.empty()) return Error{"the second factor is on already", ErrorKind::invalid};
  auto codes = parts_.second_factor.turn_on(user.value(), form["sealed"], request.principal->session, form["code"],
                                            parts_.now(), note_of(request));
  if (!codes) return codes.error();
  std::vector<View> rows;
  for (std::string& code : codes.value()) {
    View row;
    row.text("code", code);
    rows.push_back(std::move(row));
    wipe(code);
  }
  View view;
  view.rows("rows", std::move(rows));
  return page(request, "recovery_codes", "The second factor is on", kPath, std::move(view));
}

Result<server::Answer> PeoplePages::turn_off_second_factor(const Request& request, const Form& form) {
  auto user = myself(request);
  if (!user) return user.error();
  if (user->sealed_totp.empty()) return Error{"the second factor is off already", ErrorKind::invalid};
  auto wrong = wrong_password(user.value(), form["current"]);
  if (!wrong) return wrong.error();
  if (!wrong->empty()) return words(wrong.value());
  const std::string key = std::to_string(user->id);
  if (passwords_of_user_.take(key)) return words("Too many attempts. Wait a minute before the next.");
  auto holds = parts_.second_factor.holds(user.value(), form["code"], parts_.now());
  if (!holds) return holds.error();
  if (!holds.value()) return words("This code is wrong, or was used before.");
  passwords_of_user_.give_back(key);
  if (auto off = parts_.second_factor.turn_off(user.value(), note_of(request)); !off) return off.error();
  return web::see_other("/account?done=off");
}

Result<server::Answer> PeoplePages::add_own_token(const Request& request, const Form& form) {
  auto user = myself(request);
  if (!user) return user.error();
  auto token = token_in(form);
  if (!token) return token.error();
  token->user = user->id;
  if (!request.principal->all_sites && token->sites.all) token->sites = {false, request.principal->sites};
  if (auto may = may_make(*request.principal, token.value()); !may) return may.error();
  auto made = tokens_.add(token.value(), parts_.now(), note_of(request));
  if (!made) return made.error();
  return shown_once(request, std::move(made).value(), kPath, "Account");
}

Result<server::Answer> PeoplePages::revoke_own_token(const Request& request, const Form& form) {
  auto user = myself(request);
  if (!user) return user.error();
  if (auto revoked = tokens_.revoke(number_in(form["id"]), user->id, note_of(request)); !revoked) return revoked.error();
  return web::see_other("/account?done=revoked");
}

Result<server::Answer> PeoplePages::end_session(const Request& request, const Form& form) {
  auto user = myself(request);
  if (!user) return user.error();
  auto transaction = parts_.store.begin();
  if (!transaction) return transaction.error();
  auto ended = transaction.value()->accounts().end_session_of(user->id, number_in(form["id"]));
  if (!ended) return ended.error();
  if (!ended.value()) return Error{"there is no such session any more", ErrorKind::not_found};
  if (auto noted = parts_.audit.note(*transaction.value(), request, "session.end", user->name); !noted)
    return noted.error();
  if (auto committed = transaction.value()->commit(); !committed) return committed.error();
  return web::see_other("/account?done=ended");
}

}  // namespace logystera::access
