#include "access/login.hpp"

#include <fmt/core.h>

#include <charconv>
#include <utility>

#include "access/password.hpp"
#include "core/random.hpp"
#include "server/address.hpp"
#include "web/browser.hpp"
#include "web/headers.hpp"
#include "web/shell.hpp"

namespace logystera::access {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::string_view kFormCookie = "logystera_login";  // what a form's token is bound to; it confers nothing
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kLoginsWaiting = 16;
constexpr std::size_t kNextBytes = 2048;

Answer expired_form() {
  return web::problem_page(
      403, "This form is no longer good",
      "It was sent without the token of its page, or the page was too old. Nothing was done. Go back, load "
      "the page again and repeat it.");
}

// One thread: to check a password takes a tenth of a second and 64 MiB, which must not happen twice at the same time.
server::Workers::Options password_workers() {
  server::Workers::Options options;
  options.threads = 1;
  options.waiting = kLoginsWaiting;
  options.full = web::problem_page(503, "Too many people sign in at once", "Nothing was done. Try again in a few seconds.");
  options.full.headers.emplace_back("Retry-After", "5");
  return options;
}

std::string folded(std::string_view typed) {
  std::string name(typed.substr(0, kUserNameBytes));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return name;
}

std::int64_t number_in(std::string_view text) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find_first_of("?#")); }

}  // namespace

std::string safe_next(std::string_view next) {
  if (next.size() > kNextBytes || !web::is_local_path(next)) return "/";
  for (const std::string_view door : {"/login", "/logout", "/setup"}) {
    if (path_of(next).starts_with(door)) return "/";
  }
  return std::string(next);
}

Result<std::unique_ptr<Login>> Login::make(Parts parts) {
  auto secret = random_text(kKeyBytes);
  if (!secret) return secret.error();
  return std::unique_ptr<Login>(new Login(std::move(parts), secret.value()));
}

Login::Login(Parts parts, std::string_view secret)
    : parts_(std::move(parts)),
      sessions_(parts_.store.accounts()),
      logins_of_address_(kLoginsOfAddress, secret, parts_.elapsed),
      logins_for_name_(kLoginsForName, secret, parts_.elapsed),
      logins_for_name_of_all_(kLoginsForNameOfAll, secret, parts_.elapsed),
      codes_for_user_(kCodesForUser, secret, parts_.elapsed),
      passwords_(std::make_shared<server::Workers>(password_workers())) {}

server::Route Login::route(const char* method, const char* path, std::size_t body_bytes, Handle handle,
                           std::shared_ptr<server::Workers> workers) {
  const auto run = [this, handle](Request request, const server::Reply& reply) {
    Answer answer = (this->*handle)(request);
    wipe(request.body);  // a password may be in it, or a code
    reply(std::move(answer));
  };
  return {method, path, body_bytes, run, std::move(workers)};
}

std::vector<server::Route> Login::routes(const std::shared_ptr<server::Workers>& workers) {
  return {
      route("GET", "/login", 0, &Login::login_page, workers),
      route("POST", "/login", web::kFormBytes, &Login::log_in, passwords_),
      route("POST", "/login/code", web::kFormBytes, &Login::second_step, workers),
      route("POST", "/logout", web::kFormBytes, &Login::log_out, workers),
      route("GET", "/setup", 0, &Login::setup_page, workers),
      route("POST", "/setup", web::kFormBytes, &Login::set_up, passwords_),
  };
}

Answer Login::failed(const Error& error) const {
  parts_.log(error.message);
  Answer answer = web::problem_page(503, "Something is wrong with this server",
                                    "Nothing was done. Try again later; its operator finds the cause in its log.");
  answer.headers.emplace_back("Retry-After", "30");
  return answer;
}

Answer Login::later(Answer page, std::uint32_t seconds) const {
  page.status = 429;
  page.headers.emplace_back("Retry-After", std::to_string(seconds));
  return page;
}

// One for all the tabs of a browser.
Result<std::string> Login::form_cookie(const Request& request) const {
  std::string secret = parts_.arrival.cookies(request).secret_of(request, kFormCookie);
  if (!secret.empty()) return secret;
  return random_text(kKeyBytes);
}

Answer Login::with_form_cookie(const Request& request, std::string_view secret, Answer answer) const {
  parts_.arrival.cookies(request).set(answer, kFormCookie, secret);
  return answer;
}

Answer Login::ask(const Request& request, std::string_view next, std::string_view problem, std::string_view name) const {
  auto secret = form_cookie(request);
  if (!secret) return failed(secret.error());
  View view;
  view.text("csrf", parts_.forms.token("login", secret.value())).text("problem", problem).text("name", name);
  if (next != "/") view.text("next", next);
  const auto mode = parts_.access.mode();
  view.flag("nobody", mode && mode.value() == Access::Mode::open);
  view.flag("connects", next.starts_with("/oauth/authorize?")).flag("takes_key", parts_.access.has_key());
  return with_form_cookie(request, secret.value(),
                          web::plain_page({.name = "login", .title = "Sign in", .view = std::move(view)}));
}

Answer Login::login_page(const Request& request) {
  auto form = Form::parse(request.query);
  const std::string next = form ? safe_next(form.value()["next"]) : "/";
  auto mode = parts_.access.mode();
  if (!mode) return failed(mode.error());
  if (mode.value() == Access::Mode::setup) return web::see_other("/setup");
  auto visitor = sessions_.visitor(request, parts_.arrival.cookies(request), parts_.now());
  if (!visitor) return failed(visitor.error());
  const auto& person = visitor->signed_in;
  if (!person || (person->user == 0 && !equal_constant_time(person->key, parts_.access.key_mark()))) {
    return ask(request, next);
  }
  View view;
  view.text("user", person->user == 0 ? "the API token" : person->name).text("next", next).flag("leave", true);
  view.text("logout_csrf", parts_.forms.token("logout", visitor->secret));
  return web::plain_page({.name = "signed_in", .title = "You are signed in", .view = std::move(view)});
}

// The form, when it was sent from a page of ours; else `refusal`.
Result<Form> Login::form_of(const Request& request, std::string& secret, Answer& refusal) const {
  refusal = expired_form();
  if (web::comes_from_elsewhere(request)) return Error{"from elsewhere", ErrorKind::denied};
  auto form = Form::posted(request);
  if (!form) {
    refusal = web::problem_page(400, "This form cannot be read", "Nothing was done: " + form.error().message + ".");
    return form;
  }
  secret = parts_.arrival.cookies(request).secret_of(request, kFormCookie);
  if (secret.empty() || !parts_.forms.holds(form.value()["csrf"], "login", secret)) {
    return Error{"no token", ErrorKind::denied};
  }
  return form;
}

Answer Login::log_in(const Request& request) {
  std::string secret;
  Answer refusal;
  auto form = form_of(request, secret, refusal);
  if (!form) return refusal;
  const std::string client = parts_.arrival.client(request);
  const Attempt attempt{
      request, form.value(), secret, client, server::address_key(client), safe_next(form.value()["next"])};
  return form->has("token") ? with_key(attempt) : with_password(attempt);
}

Answer Login::with_password(const Attempt& attempt) {
  const std::string_view typed = attempt.form["name"];
  const std::string name = folded(typed);
  const std::int64_t now = parts_.now();
  const std::string here = name + '\n' + attempt.address;
  auto wait = logins_of_address_.take(attempt.address);
  if (!wait) {
    wait = logins_for_name_.take(here);
    if (!wait && (wait = logins_for_name_of_all_.take(name))) logins_for_name_.give_back(here);
    if (wait) logins_of_address_.give_back(attempt.address);
  }
  if (wait) {
    return later(ask(attempt.request, attempt.next, "Too many attempts. Wait a minute before the next.", typed), *wait);
  }
  auto user = parts_.users.check(typed, attempt.form["password"]);
  if (!user) return failed(user.error());
  if (!user.value()) {
    parts_.log(fmt::format("a login from {} was refused", attempt.client));
    return ask(attempt.request, attempt.next, "User name or password is wrong.", typed);
  }
  logins_of_address_.give_back(attempt.address);
  logins_for_name_.give_back(here);
  logins_for_name_of_all_.give_back(name);
  if (!user.value()->sealed_totp.empty()) return ask_for_code(attempt, *user.value(), now + kSecondStepSeconds);
  return begin_session(attempt, {.user = user.value()->id, .created_at = now}, user.value()->name);
}

Answer Login::with_key(const Attempt& attempt) {
  const std::int64_t now = parts_.now();
  if (const auto wait = logins_of_address_.take(attempt.address)) {
    return later(ask(attempt.request, attempt.next, "Too many attempts. Wait a minute before the next."), *wait);
  }
  if (!parts_.access.is_key(attempt.form["token"])) {
    parts_.log(fmt::format("a login from {} was refused", attempt.client));
    return ask(attempt.request, attempt.next, "This is not the API token.");
  }
  logins_of_address_.give_back(attempt.address);
  return begin_session(attempt, {.key = parts_.access.key_mark(), .created_at = now}, "api_token");
}

Answer Login::begin_session(const Attempt& attempt, const store::NewSession& session, std::string_view name) {
  store::NewSession made = session;
  made.agent = web::browser_family(attempt.request.joined("User-Agent"));
  auto transaction = parts_.store.begin();
  if (!transaction) return failed(transaction.error());
  store::Stores& stores = *transaction.value();
  web::Sessions sessions(stores.accounts());
  auto secret = sessions.sign_in(made);
  if (!secret) return failed(secret.error());
  const web::Cookies cookies = parts_.arrival.cookies(attempt.request);
  if (const std::string before = cookies.secret_of(attempt.request, web::kSessionCookie); !before.empty()) {
    if (auto ended = sessions.sign_out(before); !ended) return failed(ended.error());
  }
  if (auto noted = parts_.audit.note_of(name, stores, attempt.request, "session.begin", made.agent); !noted) {
    return failed(noted.error());
  }
  std::optional<std::string> theme;
  if (made.user != 0) {
    auto user = stores.accounts().find_user(made.user);
    if (!user) return failed(user.error());
    if (user.value()) theme = web::theme_cookie(user.value()->theme);
  }
  if (auto committed = transaction.value()->commit(); !committed) return failed(committed.error());
  Answer answer = web::see_other(attempt.next);
  cookies.set(answer, web::kSessionCookie, secret.value());
  if (theme) answer.headers.emplace_back("Set-Cookie", *theme);
  return answer;
}

// Who has shown his password, in this browser, until then; ended by another password and another second factor.
std::string Login::pending(const std::string& secret, const store::User& user, std::int64_t until) const {
  const std::string state = to_hex(sha256(user.password_hash + "\n" + user.sealed_totp));
  return fmt::format("{}\n{}\n{}\n{}", secret, user.id, until, state);
}

Answer Login::ask_for_code(const Attempt& attempt, const store::User& user, std::int64_t until,
                           std::string_view problem) const {
  View view;
  view.text("csrf", parts_.forms.token("login", attempt.secret)).text("problem", problem);
  if (attempt.next != "/") view.text("next", attempt.next);
  view.text("user_number", std::to_string(user.id)).text("until", std::to_string(until));
  view.text("pending", parts_.forms.token("second step", pending(attempt.secret, user, until)));
  return web::plain_page({.name = "second_factor", .title = "Second factor", .view = std::move(view)});
}

Answer Login::second_step(const Request& request) {
  std::string secret;
  Answer refusal;
  auto form = form_of(request, secret, refusal);
  if (!form) return refusal;
  const std::string client = parts_.arrival.client(request);
  const Attempt attempt{
      request, form.value(), secret, client, server::address_key(client), safe_next(form.value()["next"])};
  const std::int64_t now = parts_.now(), until = number_in(form.value()["until"]);
  auto user = parts_.store.accounts().find_user(number_in(form.value()["user"]));
  if (!user) return failed(user.error());
  const bool known = user.value() && !user.value()->disabled && !user.value()->sealed_totp.empty() &&
                     parts_.forms.holds(form.value()["pending"], "second step", pending(secret, *user.value(), until));
  if (!known || now > until || until - now > kSecondStepSeconds) {
    return ask(request, attempt.next, "That took too long. Sign in again.");
  }
  const std::string key = std::to_string(user.value()->id);
  auto wait = logins_of_address_.take(attempt.address);
  if (!wait) {
    wait = codes_for_user_.take(key);
    if (wait) logins_of_address_.give_back(attempt.address);
  }
  if (wait)
    return later(ask_for_code(attempt, *user.value(), until, "Too many attempts. Wait a minute before the next."), *wait);
  auto holds = parts_.second_factor.holds(*user.value(), form.value()["code"], now);
  if (!holds) return failed(holds.error());
  if (!holds.value()) {
    parts_.log(fmt::format("a second factor from {} was refused", client));
    return ask_for_code(attempt, *user.value(), until, "This code is wrong, or was used before.");
  }
  logins_of_address_.give_back(attempt.address);
  codes_for_user_.give_back(key);
  return begin_session(attempt, {.user = user.value()->id, .created_at = now}, user.value()->name);
}

Answer Login::log_out(const Request& request) {
  if (web::comes_from_elsewhere(request)) return expired_form();
  auto form = Form::posted(request);
  if (!form) return expired_form();
  const web::Cookies cookies = parts_.arrival.cookies(request);
  auto visitor = sessions_.visitor(request, cookies, parts_.now());
  if (!visitor) return failed(visitor.error());
  if (visitor->signed_in) {
    if (!parts_.forms.holds(form.value()["csrf"], "logout", visitor->secret)) return expired_form();
    auto transaction = parts_.store.begin();
    if (!transaction) return failed(transaction.error());
    store::Stores& stores = *transaction.value();
    if (auto ended = web::Sessions(stores.accounts()).sign_out(visitor->secret); !ended) return failed(ended.error());
    const std::string_view name = visitor->signed_in->user == 0 ? "api_token" : std::string_view(visitor->signed_in->name);
    if (auto noted = parts_.audit.note_of(name, stores, request, "session.end", name); !noted) return failed(noted.error());
    if (auto committed = transaction.value()->commit(); !committed) return failed(committed.error());
  }
  Answer answer = web::see_other("/login");
  cookies.end(answer, web::kSessionCookie);
  return answer;
}

Answer Login::ask_to_set_up(const Request& request, std::string_view problem, std::string_view name) const {
  auto secret = form_cookie(request);
  if (!secret) return failed(secret.error());
  View view;
  view.text("csrf", parts_.forms.token("login", secret.value())).text("problem", problem).text("name", name);
  view.number("characters", kPasswordCharsMin);
  return with_form_cookie(request, secret.value(),
                          web::plain_page({.name = "setup", .title = "Set up this server", .view = std::move(view)}));
}

Answer Login::setup_page(const Request& request) {
  auto mode = parts_.access.mode();
  if (!mode) return failed(mode.error());
  if (mode.value() != Access::Mode::setup) return web::see_other("/");
  return ask_to_set_up(request);
}

Answer Login::set_up(const Request& request) {
  auto mode = parts_.access.mode();
  if (!mode) return failed(mode.error());
  if (mode.value() != Access::Mode::setup) return web::see_other("/login");
  std::string secret;
  Answer refusal;
  auto form = form_of(request, secret, refusal);
  if (!form) return refusal;
  const std::string_view name = form.value()["name"], password = form.value()["password"];
  // The secret comes last: a password that will not do costs no try.
  if (auto good = check_password(password); !good) return ask_to_set_up(request, good.error().message, name);
  if (password != form.value()["again"]) return ask_to_set_up(request, "The two passwords differ.", name);
  switch (parts_.setup.check(form.value()["secret"], parts_.elapsed())) {
    case SetupSecret::Check::right: break;
    case SetupSecret::Check::wrong:
      parts_.log(fmt::format("a wrong setup secret came from {}", parts_.arrival.client(request)));
      return ask_to_set_up(request, "This is not the setup secret. After five wrong ones none is taken any more.", name);
    case SetupSecret::Check::ended:
      return ask_to_set_up(request, "The setup secret has ended: restart the server, which makes another.", name);
  }
  const std::int64_t now = parts_.now();
  const Note note = [&](store::Stores& stores, std::string_view action, std::string_view object, std::string_view before,
                        std::string_view after) {
    return parts_.audit.note_of("setup", stores, request, action, object, before, after);
  };
  if (auto added = parts_.users.add({name, password, web::Role::admin}, now, note, true); !added) {
    if (added.error().kind == ErrorKind::invalid) return ask_to_set_up(request, added.error().message, name);
    if (added.error().kind == ErrorKind::exists) return web::see_other("/login");
    return failed(added.error());
  }
  auto user = parts_.store.accounts().find_user(name);
  if (!user) return failed(user.error());
  if (!user.value()) return web::see_other("/login");
  parts_.log("the first administrator is made: the setup secret has ended");
  const std::string client = parts_.arrival.client(request);
  const Attempt attempt{request, form.value(), secret, client, server::address_key(client), "/"};
  return begin_session(attempt, {.user = user.value()->id, .created_at = now}, user.value()->name);
}

}  // namespace logystera::access
