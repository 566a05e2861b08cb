#include "gateway/site_requests.hpp"

#include <fmt/core.h>
#include <rapidjson/document.h>

#include <algorithm>

#include "core/json.hpp"
#include "core/json_text.hpp"
#include "core/random.hpp"
#include "core/utf8.hpp"
#include "core/wire.hpp"

namespace logystera::gateway {
namespace {

using rapidjson::Value;
using server::Answer;
using server::problem;
using server::Reply;

constexpr std::size_t kReferenceBytes = 9;  // 12 characters of base64url
constexpr double kSecondsAnHour = 3600;

std::string_view text_of(const Value& value) { return {value.GetString(), value.GetStringLength()}; }

Error malformed(std::string_view words) { return Error{std::string(words), ErrorKind::invalid}; }

Result<Done> read_message(const Value& value, store::SupportRequest& into) {
  if (!value.IsString() || text_of(value).find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return malformed("message: must be a string with something in it");
  }
  if (characters_of(text_of(value)) > limits::kSupportMessageChars) {
    return Error{fmt::format("message: may have {} characters: shorten it", limits::kSupportMessageChars),
                 ErrorKind::invalid};
  }
  into.message = text_of(value);
  return Done{};
}

Result<Done> read_email(const Value& value, store::SupportRequest& into) {
  if (value.IsNull()) return Done{};
  const std::string_view email = value.IsString() ? text_of(value) : std::string_view();
  const std::size_t at = email.find('@');
  const bool plausible =
      at != std::string_view::npos && at > 0 && at + 1 < email.size() && email.size() <= limits::kSupportEmailBytes &&
      std::none_of(email.begin(), email.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
  if (!plausible) {
    return Error{fmt::format("email: must be null or an address of at most {} bytes", limits::kSupportEmailBytes),
                 ErrorKind::invalid};
  }
  into.email = email;
  return Done{};
}

Result<Done> read_diagnostics(const Value& value, store::SupportRequest& into) {
  if (value.IsNull()) return Done{};
  if (!value.IsObject()) return malformed("diagnostics: must be null or an object");
  JsonText text(JsonText::Reader::program);
  JsonCopy copy(text);
  value.Accept(copy);
  into.diagnostics = text.take();
  return Done{};
}

// Everything of the body has a place in the store, or the request is refused: nothing a person wrote is dropped silently.
Result<store::SupportRequest> read_support(std::string_view body) {
  // Before it is parsed: writing a value out again recurses.
  if (json::depth(body) > limits::kSupportDepth) {
    return Error{fmt::format("the body is nested more than {} deep", limits::kSupportDepth), ErrorKind::too_large};
  }
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(body.data(), body.size());
  if (document.HasParseError() || !document.IsObject()) return malformed("the body must be one JSON object in UTF-8");
  store::SupportRequest request;
  bool has_message = false;
  for (const auto& member : document.GetObject()) {
    const std::string_view name = text_of(member.name);
    Result<Done> read = Error{"unknown member: a support request has message, email and diagnostics", ErrorKind::invalid};
    if (name == "message") {
      has_message = true;
      read = read_message(member.value, request);
    } else if (name == "email") {
      read = read_email(member.value, request);
    } else if (name == "diagnostics") {
      read = read_diagnostics(member.value, request);
    }
    if (!read) return read.error();
  }
  if (!has_message) return malformed("message: is missing");
  return request;
}

Answer json_object(int status, std::string_view key, std::string_view value) {
  JsonText text(JsonText::Reader::program);
  text.begin_object().member(key, value).end_object();
  return server::json_answer(status, text.take());
}

// These bodies are small: whoever compresses them has taken this for another route.
bool plain_and_whole(const SignedRequest& sent, Answer& refusal) {
  const Verified& verified = sent.verified;
  if (verified.encoding != "identity") {
    refusal = problem(415, "unsupported_encoding", "Content-Encoding must be identity here");
    return false;
  }
  if (verified.batch != wire::batch_id(verified.sender.token, sent.request.body)) {
    refusal = problem(400, "wrong_batch_id",
                      "Logystera-Batch must be the first 32 hex digits of SHA-256(entity, a zero byte, body)");
    return false;
  }
  return true;
}

}  // namespace

SiteRequests::SiteRequests(Entities& entities, store::Store& store, const web::Arrival& arrival,
                           SignatureCheck::Options options)
    : entities_(entities),
      store_(store),
      arrival_(arrival),
      options_(options),
      check_(entities, std::move(options)),
      support_limiter_({kSupportPerHour / kSecondsAnHour, kSupportBurst}) {}

// Secrets and audit are one transaction. False: another request of the same site was faster.
Result<bool> SiteRequests::revoke_noted(const SignedRequest& sent) {
  const std::string& token = sent.verified.sender.token;
  auto transaction = store_.begin();
  if (!transaction) return transaction.error();
  store::Stores& stores = *transaction.value();
  auto revoked = entities_.within(stores.entities()).revoke(token, options_.now());
  if (!revoked || !revoked.value()) return revoked;
  store::AuditRow row;
  row.at = options_.now();
  row.actor = "site";
  row.address = arrival_.client(sent.request);
  row.action = "site.disconnect";
  row.object = token;
  if (auto noted = stores.audit().add(row); !noted) return noted.error();
  if (auto done = transaction.value()->commit(); !done) return done.error();
  return true;
}

Answer SiteRequests::revoke(const SignedRequest& sent) {
  const Verified& verified = sent.verified;
  const auto revoked = revoke_noted(sent);
  if (!revoked) {
    options_.log(revoked.error().message);
    return unavailable();
  }
  // It is revoked either way.
  if (revoked.value()) options_.log(fmt::format("entity {}: disconnected by its site", verified.sender.token));
  return json_object(200, "status", "disconnected");
}

Answer SiteRequests::disconnect(const SignedRequest& sent) {
  Answer refusal;
  if (!plain_and_whole(sent, refusal)) return refusal;
  rapidjson::Document body;
  body.Parse<rapidjson::kParseIterativeFlag>(sent.request.body.data(), sent.request.body.size());
  const bool empty_object = !body.HasParseError() && body.IsObject() && body.ObjectEmpty();
  return empty_object ? revoke(sent) : problem(400, "malformed", "the body must be an empty JSON object: {}");
}

Answer SiteRequests::support(const SignedRequest& sent) {
  Answer refusal;
  if (!plain_and_whole(sent, refusal)) return refusal;
  const std::string& token = sent.verified.sender.token;
  if (const auto seconds = support_limiter_.wait(token, RateLimiter::Clock::now())) {
    return too_fast(*seconds, "support requests");
  }
  // Charged before it is read: what is refused was work too.
  support_limiter_.settle(token, 0, 1, RateLimiter::Clock::now());
  auto read = read_support(sent.request.body);
  if (!read) return problem(400, "malformed", read.error().message);
  auto random = random_text(kReferenceBytes);
  if (!random) {
    options_.log(random.error().message);
    return unavailable();
  }
  read->reference = "sup_" + random.value();
  read->entity = token;
  read->batch = sent.verified.batch;
  read->received_at = options_.now();
  const auto stored = store_.support().add(read.value());
  if (!stored) {
    options_.log(stored.error().message);
    return unavailable();
  }
  options_.log(fmt::format("entity {}: support request {}", token, stored.value()));
  return json_object(202, "reference", stored.value());
}

std::vector<server::Route> SiteRequests::routes(const std::shared_ptr<server::Workers>& workers) {
  return {signed_route(
              wire::kDisconnectPath, limits::kWireBytes, check_,
              [this](const auto& sent, const Reply& reply) { reply(disconnect(*sent)); }, workers),
          signed_route(
              wire::kSupportPath, limits::kSupportBytes, check_,
              [this](const auto& sent, const Reply& reply) { reply(support(*sent)); }, workers)};
}

}  // namespace logystera::gateway
