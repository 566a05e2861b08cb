#include "api/once.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "api/problem.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;

constexpr std::string_view kHeader = "Idempotency-Key";

bool is_sent(const Request& request) { return !request.joined(kHeader).empty(); }

// The key in quotes (RFC 8941, 3.3.3) or, as many programs send it, without; nothing where it is neither, or there twice.
std::optional<std::string> key_of(const Request& request) {
  const auto sent = request.header(kHeader);
  if (!sent || sent->empty() || sent->size() > kIdempotencyKeyBytes) return std::nullopt;
  const auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != ',' && c != ';'; };
  if (sent->front() != '"')
    return std::all_of(sent->begin(), sent->end(), plain) ? std::optional<std::string>(*sent) : std::nullopt;
  std::string key;
  for (std::size_t i = 1; i + 1 < sent->size(); ++i) {
    char c = (*sent)[i];
    if (c == '"' || c < ' ' || c >= 0x7f) return std::nullopt;
    if (c == '\\') {
      c = (*sent)[++i];
      if (i + 1 == sent->size() || (c != '"' && c != '\\')) return std::nullopt;
    }
    key += c;
  }
  if (key.empty() || sent->back() != '"') return std::nullopt;
  return key;
}

// Two keys are the same for the same asker and the same operation alone.
Digest name_of(const Request& request, const std::string& key) {
  return sha256(request.method + '\0' + request.path + '\0' + key);
}

Digest fingerprint_of(const Request& request) { return sha256(request.query + '\0' + request.body); }

}  // namespace

Once::Claim::~Claim() {
  if (!once_) return;
  const std::lock_guard lock(once_->mutex_);
  once_->under_way_.erase(name_);
}

Result<Once::Begun> Once::begin(const Request& request, const std::string& asker) {
  Begun begun;
  if (!is_sent(request)) return begun;
  const auto key = key_of(request);
  if (!key) {
    begun.answer = refusal(
        request, 400, "idempotency_key_invalid",
        fmt::format("Idempotency-Key is one text of 1 to {} printable characters, in quotes", kIdempotencyKeyBytes));
    return begun;
  }
  const Digest whose = sha256(asker), name = name_of(request, *key);
  {
    std::string both = std::string(bytes_of(whose)) + std::string(bytes_of(name));
    const std::lock_guard lock(mutex_);
    if (!under_way_.insert(both).second) {
      begun.answer = refusal(request, 409, "idempotency_key_in_use",
                             "a request with this Idempotency-Key is being worked on: ask again in a moment");
      begun.answer->headers.emplace_back("Retry-After", "1");
      return begun;
    }
    begun.claim.once_ = this;
    begun.claim.name_ = std::move(both);
  }
  auto known = store_.reading().answers().find(whose, name, now_() - kAnswerSeconds);
  if (!known) return known.error();
  if (!known.value()) return begun;
  if (known.value()->request != fingerprint_of(request)) {
    begun.answer = refusal(request, 422, "idempotency_key_reused",
                           "this Idempotency-Key was sent with another request: send a new one with each");
    return begun;
  }
  begun.answer = server::json_answer(known.value()->status, std::move(known.value()->body));
  begun.answer->headers.emplace_back("Logystera-Replayed", "true");
  return begun;
}

Result<Done> Once::keep(store::Stores& stores, const Request& request, const std::string& asker, const Answer& answer) {
  const auto key = key_of(request);
  if (!key || answer.body.size() > kKnownAnswerBytes) return Done{};
  const std::int64_t now = now_();
  return stores.answers().put(
      {sha256(asker), name_of(request, *key), fingerprint_of(request), answer.status, answer.body, now},
      now - kAnswerSeconds);
}

}  // namespace logystera::api
