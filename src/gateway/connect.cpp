#include "gateway/connect.hpp"

#include <fmt/core.h>

#include "core/json_text.hpp"
#include "core/random.hpp"
#include "server/address.hpp"
#include "web/form.hpp"
#include "web/headers.hpp"

namespace logystera::gateway {
namespace {

using server::Answer;
using server::Reply;
using server::Request;
using web::comes_from_elsewhere;
using web::Form;
using web::kFormBytes;
using web::percent_encoded;
using web::see_other;

constexpr std::size_t kKeyBytes = 32;

constexpr std::string_view kBeginAgain =
    " Begin again in the site's own settings; if it happens once more, the site's software is at fault.";

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

Answer not_yet(const PublicAddresses* addresses, std::string_view remedy) {
  Answer answer = pages::problem(
      503, "Not available",
      addresses ? fmt::format("This gateway does not know under which address it is reached: its operator {}.", remedy)
                : "The gateway is just starting. Try again in a moment.");
  answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

}  // namespace

Result<std::unique_ptr<Connect>> Connect::make(Authorization& authorization, const web::Arrival& arrival,
                                               const web::FormTokens& forms, ConnectOptions options) {
  auto secret = random_text(kKeyBytes);
  if (!secret) return secret.error();
  return std::unique_ptr<Connect>(new Connect(authorization, arrival, forms, std::move(options), secret.value()));
}

Connect::Connect(Authorization& authorization, const web::Arrival& arrival, const web::FormTokens& forms,
                 ConnectOptions options, std::string_view secret)
    : authorization_(authorization),
      arrival_(arrival),
      form_tokens_(forms),
      options_(std::move(options)),
      token_requests_(kTokenRequests, secret, options_.elapsed) {}

void Connect::open(PublicAddresses addresses) {
  addresses_.store(std::make_shared<const PublicAddresses>(std::move(addresses)));
}

server::Route Connect::route(const char* method, const char* path, std::size_t body_bytes, Handle handle,
                             std::shared_ptr<server::Workers> workers, std::string role) {
  const auto run = [this, handle](Request request, const Reply& reply) {
    const auto addresses = addresses_.load();
    Answer answer = !addresses || addresses->issuer.empty() ? not_yet(addresses.get(), options_.address_remedy)
                                                            : (this->*handle)(request, *addresses);
    wipe(request.body);  // a password may be in it, or a code
    reply(std::move(answer));
  };
  return {method, path, body_bytes, run, std::move(workers), std::move(role)};
}

std::vector<server::Route> Connect::routes(const std::shared_ptr<server::Workers>& workers) {
  return {
      route("GET", "/.well-known/oauth-authorization-server", 0, &Connect::metadata, nullptr),
      route("GET", "/oauth/authorize", 0, &Connect::authorize, workers, "admin"),
      route("POST", "/oauth/authorize", kFormBytes, &Connect::decide, workers, "admin"),
      route("POST", "/oauth/token", kFormBytes, &Connect::token, workers),
  };
}

Answer Connect::failed(const Error& error) const {
  options_.log(error.message);
  Answer answer = pages::problem(503, "Something is wrong with this gateway",
                                 "Nothing was done. Try again later; its operator finds the cause in its log.");
  answer.headers.emplace_back("Retry-After", "30");
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

Answer Connect::authorize(const Request& request, const PublicAddresses&) {
  auto form = Form::parse(request.query);
  if (!form) return bad_request(form.error());
  auto asked = AuthorizationRequest::read(form.value());
  if (!asked) return bad_request(asked.error());
  const web::Principal& who = *request.principal;
  const std::string query = asked->query();
  const std::string csrf = form_tokens_.token("consent", who.session + "\n" + query);
  const bool leaves = who.kind != web::Principal::Kind::open;
  return pages::consent(asked.value(), who.name, {csrf, query},
                        leaves ? form_tokens_.token("logout", who.session) : std::string());
}

Answer Connect::decide(const Request& request, const PublicAddresses& addresses) {
  if (comes_from_elsewhere(request)) return expired_form();
  auto form = Form::posted(request);
  if (!form) return bad_form(form.error());
  auto asked_form = Form::parse(form.value()["request"]);
  if (!asked_form) return bad_form(asked_form.error());
  auto asked = AuthorizationRequest::read(asked_form.value());
  if (!asked) return bad_request(asked.error());
  const web::Principal& who = *request.principal;
  const std::string query = asked->query();
  // Bound to the session and to the very request that was shown: what is allowed is what was read.
  if (!form_tokens_.holds(form.value()["csrf"], "consent", who.session + "\n" + query)) return expired_form();
  const std::string_view decision = form.value()["decision"];
  const std::string rest = "state=" + percent_encoded(asked->state) + "&iss=" + percent_encoded(addresses.issuer);
  if (decision == "deny") return see_other(asked->back_with("error=access_denied&" + rest));
  if (decision != "allow") return bad_form(Error{"the decision must be allow or deny", ErrorKind::invalid});
  auto code = authorization_.issue(asked.value(), who.user);
  if (!code) return failed(code.error());
  options_.log(fmt::format("user {} allows {} to connect", who.name, asked->client.origin()));
  return see_other(asked->back_with("code=" + code.value() + "&" + rest));
}

Answer Connect::token(const Request& request, const PublicAddresses& addresses) {
  if (const auto seconds = token_requests_.take(server::address_key(arrival_.client(request)))) {
    Answer answer =
        token_refusal(429, "temporarily_unavailable", "too many requests from this address: wait and try again");
    answer.headers.emplace_back("Retry-After", std::to_string(*seconds));
    return answer;
  }
  auto form = Form::posted(request);
  if (!form) return token_refusal(400, "invalid_request", form.error().message);
  IssuedEntity issued;
  TokenError refusal;
  auto redeemed = authorization_.redeem(form.value(), issued, refusal, arrival_.client(request));
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
