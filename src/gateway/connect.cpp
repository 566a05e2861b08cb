#include "gateway/connect.hpp"

#include <fmt/core.h>

#include "core/json_text.hpp"
#include "core/random.hpp"
#include "server/address.hpp"
#include "web/cookies.hpp"
#include "web/form.hpp"
#include "web/headers.hpp"

namespace logystera::gateway {
namespace {

using server::Answer;
using server::Reply;
using server::Request;
using web::comes_from_elsewhere;
using web::Cookies;
using web::Form;
using web::kFormBytes;
using web::kSessionCookie;
using web::percent_encoded;
using web::see_other;

constexpr std::string_view kLoginCookie = "logystera_login";  // what a login form's token is bound to; it confers nothing
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kLoginsWaiting = 16;

constexpr std::string_view kBeginAgain =
    " Begin again in the site's own settings; if it happens once more, the site's software is at fault.";

Cookies cookies_of(const PublicAddresses& addresses) { return Cookies(addresses.issuer.starts_with("https://")); }

Answer expired_form() {
  return pages::problem(
      403, "This form is no longer good",
      "It was sent without the token of its page, or the page was too old. Nothing was done. Go back, load "
      "the page again and repeat it.");
}

Answer bad_form(const Error& error) {
  return pages::problem(400, "This form cannot be read", "Nothing was done: " + error.message + ".");
}

Answer bad_request(const Error& error) {
  return pages::problem(400, "This request to connect is faulty", error.message + "." + std::string(kBeginAgain));
}

Answer only_administrators() {
  return pages::problem(
      403, "You may not connect sites",
      "It takes the role admin. Nothing was done. Ask an administrator of this gateway to connect the site.");
}

void list(JsonText& text, std::string_view key, std::string_view only) {
  text.key(key).begin_array().string(only).end_array();
}

Answer uncached(int status, JsonText& text) {
  Answer answer = server::json_answer(status, text.take());
  answer.headers.emplace_back("Pragma", "no-cache");  // RFC 6749 §5.1; Cache-Control is every answer's
  web::forbid_sniffing(answer);
  return answer;
}

Answer token_refusal(int status, std::string_view code, std::string_view description) {
  JsonText text(JsonText::Reader::program);
  text.begin_object().member("error", code).member("error_description", description).end_object();
  return uncached(status, text);
}

// One thread: to check a password takes a tenth of a second and 64 MiB, which must not happen twice at the same time.
server::Workers::Options password_workers() {
  server::Workers::Options options;
  options.threads = 1;
  options.waiting = kLoginsWaiting;
  options.full = pages::problem(503, "Too many people sign in at once", "Nothing was done. Try again in a few seconds.");
  options.full.headers.emplace_back("Retry-After", "5");
  return options;
}

Answer not_yet(const PublicAddresses* addresses, std::string_view remedy) {
  Answer answer = pages::problem(
      503, "Not available",
      addresses ? fmt::format("This gateway does not know under which address it is reached: its operator {}.", remedy)
                : "The gateway is just starting. Try again in a moment.");
  answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

}  // namespace

Result<std::unique_ptr<Connect>> Connect::make(access::Users& users, web::Sessions& sessions, Authorization& authorization,
                                               ConnectOptions options) {
  auto secret = random_text(kKeyBytes);
  if (!secret) return secret.error();
  return std::unique_ptr<Connect>(new Connect(users, sessions, authorization, std::move(options), secret.value()));
}

Connect::Connect(access::Users& users, web::Sessions& sessions, Authorization& authorization, ConnectOptions options,
                 std::string_view secret)
    : users_(users),
      sessions_(sessions),
      authorization_(authorization),
      options_(std::move(options)),
      form_tokens_(secret),
      logins_of_address_(kLoginsOfAddress, secret),
      logins_for_name_(kLoginsForName, secret),
      token_requests_(kTokenRequests, secret),
      passwords_(std::make_shared<server::Workers>(password_workers())) {}

void Connect::open(PublicAddresses addresses) {
  addresses_.store(std::make_shared<const PublicAddresses>(std::move(addresses)));
}

server::Route Connect::route(const char* method, const char* path, std::size_t body_bytes, Handle handle,
                             std::shared_ptr<server::Workers> workers) {
  const auto run = [this, handle](Request request, const Reply& reply) {
    const auto addresses = addresses_.load();
    Answer answer = !addresses || addresses->issuer.empty() ? not_yet(addresses.get(), options_.address_remedy)
                                                            : (this->*handle)(request, *addresses);
    wipe(request.body);  // a password may be in it, or a code
    reply(std::move(answer));
  };
  return {method, path, body_bytes, run, std::move(workers)};
}

std::vector<server::Route> Connect::routes(const std::shared_ptr<server::Workers>& workers) {
  return {
      route("GET", "/.well-known/oauth-authorization-server", 0, &Connect::metadata, nullptr),
      route("GET", "/oauth/authorize", 0, &Connect::authorize, workers),
      route("POST", "/oauth/authorize", kFormBytes, &Connect::decide, workers),
      route("POST", "/oauth/token", kFormBytes, &Connect::token, workers),
      route("GET", "/login", 0, &Connect::login_page, workers),
      route("POST", "/login", kFormBytes, &Connect::log_in, passwords_),
      route("POST", "/logout", kFormBytes, &Connect::log_out, workers),
  };
}

Answer Connect::failed(const Error& error) const {
  options_.log(error.message);
  Answer answer = pages::problem(503, "Something is wrong with this gateway",
                                 "Nothing was done. Try again later; its operator finds the cause in its log.");
  answer.headers.emplace_back("Retry-After", "30");
  return answer;
}

// The header may come as several lines: a proxy that adds one of its own leaves the client's before it.
std::string Connect::client_address(const Request& request) const {
  if (options_.proxies == 0) return request.remote;
  return server::forwarded_client(request.joined("X-Forwarded-For"), options_.proxies).value_or(request.remote);
}

Result<web::Visitor> Connect::visitor_of(const Request& request, const PublicAddresses& addresses) {
  return sessions_.visitor(request, cookies_of(addresses), options_.now());
}

// The form's token is bound to a cookie made for it: nobody can make a stranger's browser sign in as somebody else.
Answer Connect::ask_to_log_in(const Request& request, const PublicAddresses& addresses, std::string_view next,
                              std::string_view problem, std::string_view name) const {
  // One for all the tabs of a browser.
  Result<std::string> secret = cookies_of(addresses).secret_of(request, kLoginCookie);
  if (secret.value().empty()) secret = random_text(kKeyBytes);
  if (!secret) return failed(secret.error());
  const std::string csrf = form_tokens_.token("login", secret.value());
  Answer answer = pages::login({csrf, next}, problem, name);
  cookies_of(addresses).set(answer, kLoginCookie, secret.value());
  return answer;
}

Answer Connect::metadata(const Request&, const PublicAddresses& addresses) {
  JsonText text(JsonText::Reader::program);
  text.begin_object();
  text.member("issuer", addresses.issuer);
  text.member("authorization_endpoint", addresses.issuer + "/oauth/authorize");
  text.member("token_endpoint", addresses.issuer + "/oauth/token");
  list(text, "response_types_supported", "code");
  list(text, "response_modes_supported", "query");
  list(text, "grant_types_supported", "authorization_code");
  list(text, "code_challenge_methods_supported", "S256");
  list(text, "token_endpoint_auth_methods_supported", "none");
  text.member("authorization_response_iss_parameter_supported", true).end_object();
  return uncached(200, text);
}

Answer Connect::authorize(const Request& request, const PublicAddresses& addresses) {
  auto form = Form::parse(request.query);
  if (!form) return bad_request(form.error());
  auto asked = AuthorizationRequest::read(form.value());
  if (!asked) return bad_request(asked.error());
  auto visitor = visitor_of(request, addresses);
  if (!visitor) return failed(visitor.error());
  const std::string query = asked->query();
  if (!visitor->signed_in) return ask_to_log_in(request, addresses, query);
  if (visitor->signed_in->role != web::Role::admin) return only_administrators();
  const std::string csrf = form_tokens_.token("consent", visitor->secret + "\n" + query);
  return pages::consent(asked.value(), visitor->signed_in->name, {csrf, query},
                        form_tokens_.token("logout", visitor->secret));
}

Answer Connect::decide(const Request& request, const PublicAddresses& addresses) {
  if (comes_from_elsewhere(request)) return expired_form();
  auto form = Form::posted(request);
  if (!form) return bad_form(form.error());
  auto asked_form = Form::parse(form.value()["request"]);
  if (!asked_form) return bad_form(asked_form.error());
  auto asked = AuthorizationRequest::read(asked_form.value());
  if (!asked) return bad_request(asked.error());
  auto visitor = visitor_of(request, addresses);
  if (!visitor) return failed(visitor.error());
  const std::string query = asked->query();
  if (!visitor->signed_in)
    return ask_to_log_in(request, addresses, query, "You are no longer signed in. Nothing was decided.");
  if (visitor->signed_in->role != web::Role::admin) return only_administrators();
  // Bound to the session and to the very request that was shown: what is allowed is what was read.
  if (!form_tokens_.holds(form.value()["csrf"], "consent", visitor->secret + "\n" + query)) return expired_form();
  const std::string_view decision = form.value()["decision"];
  const std::string rest = "state=" + percent_encoded(asked->state) + "&iss=" + percent_encoded(addresses.issuer);
  if (decision == "deny") return see_other(asked->back_with("error=access_denied&" + rest));
  if (decision != "allow") return bad_form(Error{"the decision must be allow or deny", ErrorKind::invalid});
  auto code = authorization_.issue(asked.value(), visitor->signed_in->user);
  if (!code) return failed(code.error());
  options_.log(fmt::format("user {} allows {} to connect", visitor->signed_in->name, asked->client.origin()));
  return see_other(asked->back_with("code=" + code.value() + "&" + rest));
}

Answer Connect::login_page(const Request& request, const PublicAddresses& addresses) {
  auto visitor = visitor_of(request, addresses);
  if (!visitor) return failed(visitor.error());
  if (!visitor->signed_in) return ask_to_log_in(request, addresses, {});
  return pages::account(visitor->signed_in->name, form_tokens_.token("logout", visitor->secret));
}

Answer Connect::log_in(const Request& request, const PublicAddresses& addresses) {
  if (comes_from_elsewhere(request)) return expired_form();
  auto form = Form::posted(request);
  if (!form) return bad_form(form.error());
  const std::string secret = cookies_of(addresses).secret_of(request, kLoginCookie);
  if (secret.empty() || !form_tokens_.holds(form.value()["csrf"], "login", secret)) {
    return expired_form();
  }
  std::string next;
  if (const std::string_view wanted = form.value()["next"]; !wanted.empty()) {
    auto next_form = Form::parse(wanted);
    auto asked =
        next_form ? AuthorizationRequest::read(next_form.value()) : Result<AuthorizationRequest>(next_form.error());
    if (!asked) return bad_request(asked.error());
    next = asked->query();
  }
  const std::string_view typed = form.value()["name"];
  std::string name(typed.substr(0, access::kUserNameBytes));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  const std::string client = client_address(request), address = server::address_key(client);
  const auto now = options_.now();
  auto wait = logins_of_address_.take(address, now);
  if (!wait) {
    wait = logins_for_name_.take(name, now);
    if (wait) logins_of_address_.give_back(address);
  }
  if (wait) {
    Answer answer = ask_to_log_in(request, addresses, next, "Too many attempts. Wait a minute before the next.", typed);
    answer.status = 429;
    answer.headers.emplace_back("Retry-After", std::to_string(*wait));
    return answer;
  }
  auto user = users_.check(typed, form.value()["password"]);
  if (!user) return failed(user.error());
  if (!user.value()) {
    options_.log(fmt::format("a login from {} was refused", client));
    return ask_to_log_in(request, addresses, next, "User name or password is wrong.", typed);
  }
  logins_of_address_.give_back(address);
  logins_for_name_.give_back(name);
  // A session of its own, always new: one that was there before, or was planted, gains nothing.
  auto session = sessions_.sign_in(user.value()->id, options_.now());
  if (!session) return failed(session.error());
  if (const std::string before = cookies_of(addresses).secret_of(request, kSessionCookie); !before.empty()) {
    if (auto ended = sessions_.sign_out(before); !ended) return failed(ended.error());
  }
  Answer answer = see_other(next.empty() ? std::string("/login") : "/oauth/authorize?" + next);
  cookies_of(addresses).set(answer, kSessionCookie, session.value());
  return answer;
}

Answer Connect::log_out(const Request& request, const PublicAddresses& addresses) {
  if (comes_from_elsewhere(request)) return expired_form();
  auto form = Form::posted(request);
  if (!form) return bad_form(form.error());
  auto visitor = visitor_of(request, addresses);
  if (!visitor) return failed(visitor.error());
  if (visitor->signed_in) {
    if (!form_tokens_.holds(form.value()["csrf"], "logout", visitor->secret)) return expired_form();
    if (auto ended = sessions_.sign_out(visitor->secret); !ended) return failed(ended.error());
  }
  Answer answer = see_other("/login");
  cookies_of(addresses).end(answer, kSessionCookie);
  return answer;
}

Answer Connect::token(const Request& request, const PublicAddresses& addresses) {
  if (const auto seconds = token_requests_.take(server::address_key(client_address(request)), options_.now())) {
    Answer answer =
        token_refusal(429, "temporarily_unavailable", "too many requests from this address: wait and try again");
    answer.headers.emplace_back("Retry-After", std::to_string(*seconds));
    return answer;
  }
  auto form = Form::posted(request);
  if (!form) return token_refusal(400, "invalid_request", form.error().message);
  IssuedEntity issued;
  TokenError refusal;
  auto redeemed = authorization_.redeem(form.value(), issued, refusal);
  if (!redeemed) {
    options_.log(redeemed.error().message);
    Answer answer =
        token_refusal(503, "temporarily_unavailable", "the gateway cannot do it at the moment: connect again later");
    answer.headers.emplace_back("Retry-After", "30");
    return answer;
  }
  if (!redeemed.value()) return token_refusal(400, refusal.code, refusal.description);
  JsonText text(JsonText::Reader::program);
  text.begin_object();
  text.member("token_type", "entity");
  text.member("entity_token", issued.secret.token);
  text.member("entity_secret", issued.secret.secret);
  text.member("gateway_url", addresses.gateway);
  text.member("entity_name", issued.name);
  text.end_object();
  wipe(issued.secret.secret);
  return uncached(200, text);
}

}  // namespace logystera::gateway
