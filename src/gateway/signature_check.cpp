#include "gateway/signature_check.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/json_text.hpp"
#include "core/limits.hpp"
#include "core/wire.hpp"

namespace logystera::gateway {
namespace {

using server::Answer;
using server::json_answer;
using server::problem;
using server::Request;

constexpr std::size_t kVersionParts = 3;

// One answer for a token that does not exist, a signature that does not hold and headers that are missing:
// nobody learns from it which tokens exist.
Answer unauthorized() {
  return problem(401, "unauthorized",
                 "unknown entity or wrong signature: check the entity's token and secret, and that Logystera-Entity, "
                 "-Timestamp, -Batch and -Signature are sent once each and reach the gateway unchanged");
}

std::array<std::uint32_t, kVersionParts> version_parts(std::string_view version, bool& valid) noexcept {
  std::array<std::uint32_t, kVersionParts> parts{};
  const char* at = version.data();
  const char* const end = at + version.size();
  valid = false;
  for (std::uint32_t& part : parts) {
    const auto [next, error] = std::from_chars(at, end, part);
    if (error != std::errc()) break;
    valid = true;
    if (next == end || *next != '.') break;
    at = next + 1;
  }
  return parts;
}

}  // namespace

Answer unavailable() {
  Answer answer =
      problem(503, "store_failed", "the gateway cannot store anything at the moment: send the same again later");
  answer.headers.emplace_back("Retry-After", "30");
  return answer;
}

Answer too_fast(std::uint32_t seconds, std::string_view what) {
  Answer answer =
      problem(429, "rate_limited", fmt::format("too many {} from this entity: send again in {} s", what, seconds));
  answer.headers.emplace_back("Retry-After", std::to_string(seconds));
  return answer;
}

bool older_version(std::string_view a, std::string_view b) noexcept {
  bool a_valid, b_valid;
  const auto a_parts = version_parts(a, a_valid);
  const auto b_parts = version_parts(b, b_valid);
  return a_valid && b_valid && a_parts < b_parts;
}

std::string_view agent_version(std::string_view user_agent) noexcept {
  constexpr std::string_view kProduct = "logystera/";
  const std::size_t at = user_agent.find(kProduct);
  if (at == std::string_view::npos) return {};
  user_agent.remove_prefix(at + kProduct.size());
  return user_agent.substr(0, user_agent.find_first_not_of("0123456789."));
}

void Verified::acknowledge(Answer& answer) const {
  answer.headers.emplace_back(
      wire::kAckHeader, std::string(wire::kSchemePrefix) + wire::acknowledge(secret, answer.status, batch, answer.body));
  answer.to_proven = true;
}

bool SignatureCheck::verify(const Request& request, Verified& verified, Answer& refusal) const {
  const std::string_view token = request.header(wire::kEntityHeader).value_or("");
  const std::string_view stamp = request.header(wire::kTimestampHeader).value_or("");
  const std::string_view signature = request.header(wire::kSignatureHeader).value_or("");
  verified.batch = request.header(wire::kBatchHeader).value_or("");
  // Sent twice it is a list, which no signature was made over; it must not pass for absent.
  verified.encoding = request.joined("Content-Encoding");
  if (verified.encoding.empty()) verified.encoding = "identity";
  const auto [end, error] = std::from_chars(stamp.data(), stamp.data() + stamp.size(), verified.timestamp);
  const bool well_formed = error == std::errc() && end == stamp.data() + stamp.size() && wire::is_token(verified.batch);

  auto sender = entities_.sender(token, options_.now());
  if (!sender) {
    options_.log(sender.error().message);
    refusal = unavailable();
    return false;
  }
  verified.sender = std::move(sender).value();
  const wire::SignedRequest claimed{request.method, request.path,      token,       verified.timestamp,
                                    verified.batch, verified.encoding, request.body};
  // Both secrets are always tried, for a stand-in too: time tells nothing about which tokens exist.
  const bool by_secret = wire::carries(signature, wire::sign(verified.sender.secret, claimed));
  const bool by_previous = wire::carries(signature, wire::sign(verified.sender.previous, claimed));
  if (!verified.sender.known || !well_formed || !(by_secret || by_previous)) {
    refusal = unauthorized();
    return false;
  }
  verified.secret = by_secret ? verified.sender.secret : verified.sender.previous;
  return true;
}

bool SignatureCheck::admit(const Request& request, const Verified& verified, Answer& refusal) const {
  const std::int64_t now = options_.now();
  // Compared without subtracting: a signed timestamp may be any 64-bit number.
  if (verified.timestamp < now - limits::kClockSkewSeconds || verified.timestamp > now + limits::kClockSkewSeconds) {
    if (options_.clock_refused) {
      constexpr std::int64_t kMost = std::int64_t{1} << 40;
      options_.clock_refused(verified.sender.token, std::clamp(verified.timestamp, now - kMost, now + kMost) - now);
    }
    JsonText text(JsonText::Reader::program);
    text.begin_object().member("error", "clock_skew").number("server_time", now);
    text.member("message", fmt::format("the request's timestamp is more than {} s off: set the sender's clock",
                                       limits::kClockSkewSeconds));
    text.end_object();
    refusal = json_answer(401, text.take());
    return false;
  }
  if (verified.sender.disabled) {
    refusal =
        problem(403, "disabled", "this entity is disabled: its operator can enable it with 'logystera entity enable'");
    return false;
  }
  const std::string user_agent = request.joined("User-Agent");
  const std::string_view version = agent_version(user_agent);
  if (older_version(version, options_.min_agent_version)) {
    JsonText text(JsonText::Reader::program);
    text.begin_object().member("error", "version_too_old").member("min_version", options_.min_agent_version);
    text.member("message",
                fmt::format("this gateway takes agents from version {} on: update the agent", options_.min_agent_version));
    text.end_object();
    refusal = json_answer(426, text.take());
    refusal.headers.emplace_back("Upgrade", "logystera/" + options_.min_agent_version);
    return false;
  }
  return true;
}

}  // namespace logystera::gateway
