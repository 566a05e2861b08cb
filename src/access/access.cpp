#include "access/access.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>

#include "access/token.hpp"
#include "core/random.hpp"
#include "server/address.hpp"
#include "server/http.hpp"
#include "web/form.hpp"
#include "web/headers.hpp"
#include "web/problem.hpp"
#include "web/shell.hpp"

namespace logystera::access {
namespace {

using server::Answer;
using server::Request;
using web::Principal;
using web::Role;

constexpr std::size_t kSecretBytes = 32;
constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kRealm = "Bearer realm=\"logystera\"";

bool is_unsafe(const Request& request) {
  return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

// The token of an Authorization header, when there is one of that scheme. What a proxy in front demands for itself (Basic) is none of
// ours. Two lines, or two tokens in one, are a token nobody has.
std::optional<std::string> bearer_of(const Request& request) {
  const std::string value = request.joined("Authorization");
  if (value.size() < kBearer.size() || ::strncasecmp(value.data(), kBearer.data(), kBearer.size()) != 0)
    return std::nullopt;
  const std::size_t begin = value.find_first_not_of(' ', kBearer.size());
  return begin == std::string::npos ? std::string() : value.substr(begin);
}

// Of a request that a script makes, whose answer nobody looks at as a page.
bool by_a_script(const Request& request) {
  const std::string mode = request.joined("Sec-Fetch-Mode");
  return request.header("HX-Request").has_value() || (!mode.empty() && mode != "navigate");
}

Role lesser(Role a, Role b) { return std::min(a, b); }

void narrow(Principal& who, const store::SiteChoice& sites) {
  if (sites.all) return;
  if (who.all_sites) {
    who.all_sites = false;
    who.sites = sites.tokens;
    return;
  }
  std::erase_if(who.sites, [&](const std::string& site) {
    return std::find(sites.tokens.begin(), sites.tokens.end(), site) == sites.tokens.end();
  });
}

Answer unauthorized(std::string_view challenge, std::string_view detail) {
  Answer answer = web::api_problem(401, "unauthorized", "Unauthorized", detail);
  answer.headers.emplace_back("WWW-Authenticate", challenge);
  return answer;
}

Answer wrong_token() {
  return unauthorized(fmt::format("{}, error=\"invalid_token\"", kRealm),
                      "the bearer token does not hold: it is mistyped, has ended or was revoked");
}

Answer too_many(std::uint32_t seconds) {
  Answer answer = web::api_problem(429, "too_many_attempts", "Too many attempts",
                                   "too many wrong tokens came from this address: wait and try again");
  answer.headers.emplace_back("Retry-After", std::to_string(seconds));
  return answer;
}

std::shared_ptr<const Principal> unknown(std::string session, bool anybody) {
  auto who = std::make_shared<Principal>();
  who->kind = Principal::Kind::open;
  who->role = Role::admin;
  who->name = anybody ? "anybody" : "local";
  who->anybody = anybody;
  who->session = std::move(session);
  return who;
}

}  // namespace

Result<std::unique_ptr<Access>> Access::make(store::Store& store, web::Sessions& sessions, const web::Arrival& arrival,
                                             const web::FormTokens& forms, Options options) {
  auto secret = random_text(kSecretBytes);
  if (!secret) return secret.error();
  return std::unique_ptr<Access>(new Access(store, sessions, arrival, forms, std::move(options), secret.value()));
}

Access::Access(store::Store& store, web::Sessions& sessions, const web::Arrival& arrival, const web::FormTokens& forms,
               Options options, std::string_view secret)
    : store_(store),
      sessions_(sessions),
      arrival_(arrival),
      forms_(forms),
      options_(std::move(options)),
      open_session_(to_hex(hmac_sha256(secret, "open"))),
      wrong_tokens_(kWrongTokens, secret, options_.elapsed) {
  if (!options_.api_token.empty()) key_ = sha256(options_.api_token);
  wipe(options_.api_token);
}

bool Access::is_key(std::string_view text) const {
  return key_ && equal_constant_time(bytes_of(sha256(text)), bytes_of(*key_));
}

// Not the hash the token is compared by: what the database has must not be what somebody can compute from a token he guesses.
std::string Access::key_mark() const {
  return key_ ? std::string(bytes_of(hmac_sha256(bytes_of(*key_), "session"))) : std::string();
}

Result<Access::Mode> Access::mode() {
  if (options_.open) return Mode::opened;
  if (key_) return Mode::closed;
  auto users = store_.accounts().has_users();
  if (!users) return users.error();
  if (users.value()) return Mode::closed;
  return options_.reachable ? Mode::setup : Mode::open;
}

std::optional<Answer> Access::authorize(Request& request, std::string_view role) {
  // A route whose role is misspelt lets in nobody.
  const std::optional<Role> needed = web::role_of(role);
  if (!needed) {
    return failed(request,
                  Error{fmt::format("{} {} asks for a role there is not: {}", request.method, request.path, role)});
  }
  auto found = find(request);
  if (!found) return failed(request, found.error());
  if (!found->who) return std::move(found->refusal);
  if (!found->who->may(*needed)) return too_low(request, role);
  if (auto refusal = forged(request, *found->who)) return refusal;
  request.principal = std::move(found->who);
  return std::nullopt;
}

Result<Access::Found> Access::find(const Request& request) {
  auto mode = this->mode();
  if (!mode) return mode.error();
  const bool open = mode.value() == Mode::opened || mode.value() == Mode::open;
  if (const auto token = bearer_of(request)) {
    auto bearer = of_bearer(request, *token);
    // Where nothing is asked for, a token that says nothing is no reason to refuse.
    if (!bearer || bearer->who || !open) return bearer;
  } else {
    auto session = of_session(request);
    if (!session) return session.error();
    if (session.value()) return Found{std::move(session).value()};
  }
  const auto here = server::is_loopback(request.remote);
  const bool from_here = here && here.value() && !web::passed_by_a_proxy(request);
  if (mode.value() == Mode::opened) return Found{unknown(open_session_, true)};
  if (mode.value() == Mode::open && from_here) return Found{unknown(open_session_, false)};
  return Found{{}, sign_in_first(request, mode.value())};
}

// A token of ours cannot be guessed, so it is looked up whatever was tried before; the configured one may be short, and is not
// compared with what comes from an address that has guessed too often.
Result<Access::Found> Access::of_bearer(const Request& request, std::string_view token) {
  auto known = of_token(request, token);
  if (!known) return known.error();
  if (known.value()) return Found{std::move(known).value()};
  const std::string address = server::address_key(arrival_.client(request));
  if (const auto seconds = wrong_tokens_.wait(address)) return Found{{}, too_many(*seconds)};
  if (is_key(token)) {
    auto who = std::make_shared<Principal>();
    who->kind = Principal::Kind::key;
    who->role = Role::admin;
    who->name = "api_token";
    return Found{std::move(who)};
  }
  (void)wrong_tokens_.take(address);
  return Found{{}, wrong_token()};
}

Result<Access::Who> Access::of_token(const Request& request, std::string_view token) {
  if (!is_token(token)) return Who();
  auto found = store_.accounts().find_token(token_hash(token));
  if (!found) return found.error();
  if (!found.value()) return Who();
  const store::ApiToken& known = *found.value();
  const std::int64_t now = options_.now();
  if ((known.expires_at != 0 && known.expires_at <= now) || known.user_disabled) return Who();
  const auto role = web::role_of(known.role);
  const auto most = known.user == 0 ? std::optional(Role::admin) : web::role_of(known.user_role);
  if (!role || !most) return Who();
  auto who = std::make_shared<Principal>();
  who->kind = Principal::Kind::token;
  who->role = lesser(*role, *most);
  who->user = known.user;
  who->name = known.name;
  narrow(*who, known.sites);
  narrow(*who, known.user_sites);
  // A clock that was set back counts as time that has passed.
  if (now - known.last_used_at >= kTokenTouchSeconds || now < known.last_used_at) {
    // That it cannot be noted is no reason to refuse: a full disk must not lock out who comes to look at it.
    if (auto noted = store_.accounts().touch_token(known.id, now, arrival_.client(request)); !noted) {
      options_.log(noted.error().message);
    }
  }
  return Who(std::move(who));
}

Result<Access::Who> Access::of_session(const Request& request) {
  // Another site's page may not ask the API in the visitor's name, not even to read.
  if (web::is_api(request) && web::comes_from_elsewhere(request)) return Who();
  auto visitor = sessions_.visitor(request, arrival_.cookies(request), options_.now());
  if (!visitor) return visitor.error();
  if (!visitor->signed_in) return Who();
  const web::SignedIn& person = *visitor->signed_in;
  auto who = std::make_shared<Principal>();
  who->session = std::move(visitor->secret);
  if (person.user == 0) {
    // Of the token that is configured now, not of one there was.
    if (!key_ || !equal_constant_time(person.key, key_mark())) return Who();
    who->kind = Principal::Kind::key;
    who->role = Role::admin;
    who->name = "api_token";
    return Who(std::move(who));
  }
  who->kind = Principal::Kind::session;
  who->zone = person.zone;
  who->role = person.role;
  who->user = person.user;
  who->name = person.name;
  narrow(*who, person.sites);
  return Who(std::move(who));
}

// What changes something comes from a page of ours: cookies come along with anybody's request. A token is sent by nobody but who
// has it.
std::optional<Answer> Access::forged(const Request& request, const Principal& who) const {
  if (!is_unsafe(request) || who.session.empty()) return std::nullopt;
  const bool api = web::is_api(request);
  const auto refused = [&](std::string_view words) {
    return api ? web::api_problem(403, "csrf", "Not from a page of this server", words)
               : page(403, "This form is no longer good",
                      "It was sent without the token of its page, or the page was too old. Nothing was done. Go back, load "
                      "the "
                      "page again and repeat it.");
  };
  if (web::comes_from_elsewhere(request)) return refused("the browser says that another site's page has sent this");
  const auto token = request.header(kCsrfHeader);
  if (token && forms_.holds(*token, web::kFormPurpose, who.session)) return std::nullopt;
  if (token) return refused("X-CSRF-Token does not hold: load the page again");
  if (!api) {
    // A form carries its token in its body, which its handler looks at; whatever else comes must have it in the header.
    std::string type = request.joined("Content-Type");
    type = type.substr(0, type.find(';'));
    for (const std::string_view form :
         {std::string_view("application/x-www-form-urlencoded"), std::string_view("multipart/form-data")}) {
      if (type.size() == form.size() && ::strncasecmp(type.data(), form.data(), form.size()) == 0) return std::nullopt;
    }
    return refused("");
  }
  // A program on this machine needs no token where everything is open; a browser says where its request comes from.
  const bool open = who.kind == Principal::Kind::open;
  if (open && request.joined("Origin").empty() && request.joined("Sec-Fetch-Site").empty()) return std::nullopt;
  return refused("with a session, X-CSRF-Token must hold the token of a page; a program sends a bearer token");
}

Answer Access::sign_in_first(const Request& request, Mode mode) const {
  if (web::is_api(request)) {
    if (mode == Mode::open)
      return unauthorized(
          kRealm, fmt::format("a proxy has passed this on, and this server is open to this machine alone: its operator {}",
                              options_.proxy_remedy));
    return unauthorized(kRealm, "send a token: Authorization: Bearer TOKEN");
  }
  if (mode == Mode::open) {
    return page(
        403, "A proxy is in front of this server",
        fmt::format("Without an account it is open to this machine alone, and a proxy lets others in: its operator {}.",
                    options_.proxy_remedy));
  }
  const std::string where = mode == Mode::setup ? "/setup" : "/login";
  if (by_a_script(request)) {
    Answer answer = page(401, "You are not signed in", "Load the page again to sign in.");
    answer.headers.emplace_back("HX-Redirect", where);
    return answer;
  }
  if (mode == Mode::setup || is_unsafe(request) || request.path == "/") return web::see_other(where);
  const std::string target = request.path + (request.query.empty() ? "" : "?" + request.query);
  return web::see_other(where + "?next=" + web::percent_encoded(target));
}

Answer Access::too_low(const Request& request, std::string_view role) const {
  const std::string words = fmt::format("this takes the role {}: an administrator can give it to you", role);
  if (web::is_api(request)) return web::api_problem(403, "forbidden", "Forbidden", words);
  return page(403, "You may not see this", fmt::format("It takes the role {}. An administrator can give it to you.", role));
}

Answer Access::failed(const Request& request, const Error& error) const {
  options_.log(error.message);
  Answer answer = web::is_api(request)
                      ? web::api_problem(503, "unavailable", "Not available", "the store cannot be read: try again later")
                      : page(503, "Something is wrong with this server",
                             "Nothing was done. Try again later; its operator finds the cause in its log.");
  answer.headers.emplace_back("Retry-After", "30");
  return answer;
}

Answer Access::page(int status, std::string_view title, std::string_view words) const {
  if (options_.page) return options_.page(status, title, words);
  Answer answer;
  answer.status = status;
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = fmt::format("{}\n{}\n", title, words);
  web::forbid_sniffing(answer);
  return answer;
}

}  // namespace logystera::access
