#include "agent/verdict.hpp"

#include <rapidjson/document.h>

#include <algorithm>

#include "agent/backoff.hpp"
#include "core/wire.hpp"

namespace logystera::agent {
namespace {

constexpr std::size_t kReasonBytes = 200;
// A server time outside of these years is a fault of the gateway, not of our clock.
constexpr std::int64_t kYear2000 = 946'684'800;
constexpr std::int64_t kYear2200 = 7'258'118'400;

// What an answer with this status means when nothing in it says more.
struct Rule {
  int first, last;  // statuses, inclusive
  Trouble trouble;
  bool at_cap;
};
constexpr Rule kRules[] = {
    {100, 299, Trouble::unacknowledged, false}, {300, 399, Trouble::redirected, false},
    {400, 400, Trouble::unacknowledged, true},  {401, 401, Trouble::unauthorized, false},
    {403, 403, Trouble::forbidden, false},      {404, 405, Trouble::address, true},
    {407, 407, Trouble::proxy, false},          {408, 408, Trouble::gateway, false},
    {409, 409, Trouble::gateway, false},        {410, 410, Trouble::address, true},
    {413, 413, Trouble::too_large, true},       {415, 415, Trouble::address, true},
    {422, 422, Trouble::unacknowledged, true},  {425, 425, Trouble::gateway, false},
    {426, 426, Trouble::version, true},         {429, 429, Trouble::throttled, false},
    {400, 499, Trouble::address, true},         {501, 501, Trouble::address, true},
    {500, 599, Trouble::gateway, false},
};

const Rule& rule_for(int status) noexcept {
  static constexpr Rule kUnheardOf{0, 0, Trouble::unacknowledged, false};
  for (const Rule& rule : kRules) {
    if (status >= rule.first && status <= rule.last) return rule;
  }
  return kUnheardOf;
}

std::string text_of(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) return {};
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsString()) return {};
  return std::string(member->value.GetString(), member->value.GetStringLength());
}

bool flag_of(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  return member != object.MemberEnd() && member->value.IsBool() && member->value.GetBool();
}

std::vector<Rejection> rejections_of(const rapidjson::Value& object) {
  std::vector<Rejection> out;
  const auto list = object.FindMember("rejected");
  if (list == object.MemberEnd() || !list->value.IsArray()) return out;
  for (const rapidjson::Value& item : list->value.GetArray()) {
    if (!item.IsObject() || out.size() == limits::kBatchEventsMax) continue;
    Rejection one;
    const auto line = item.FindMember("line");
    if (line != item.MemberEnd() && line->value.IsUint()) one.line = line->value.GetUint();
    one.event_id = text_of(item, "event_id");
    one.reason = text_of(item, "reason").substr(0, kReasonBytes);
    one.retryable = flag_of(item, "retryable");
    out.push_back(std::move(one));
  }
  return out;
}

Verdict no_answer(const HttpAnswer& answer) {
  Verdict verdict;
  verdict.message = answer.error;
  switch (answer.failure) {
    case Failure::tls:
      verdict.trouble = Trouble::tls;
      verdict.at_cap = true;
      break;
    case Failure::proxy: verdict.trouble = Trouble::proxy; break;
    case Failure::oversize:
    case Failure::malformed: verdict.trouble = Trouble::unacknowledged; break;
    default: verdict.trouble = Trouble::network; break;
  }
  return verdict;
}

// Of the gateway's own error codes these speak of the batch's form, which no splitting mends.
bool is_about_the_form(std::string_view error) noexcept {
  return error == "bad_gzip" || error == "wrong_batch_id" || error == "unsupported_encoding";
}

void judge_acknowledged(int status, const rapidjson::Document& body, Verdict& verdict) {
  const bool object = !body.HasParseError() && body.IsObject();
  const std::string error = object ? text_of(body, "error") : std::string();
  if (object) {
    const std::string said = text_of(body, "message");
    if (!said.empty()) verdict.message += ": " + said.substr(0, kReasonBytes);
  }
  switch (status) {
    case 200:
    case 201:
    case 202:
    case 204:
    case 207:
      verdict.decision = Decision::accept;
      verdict.trouble = Trouble::none;
      verdict.message.clear();
      if (object) {
        verdict.duplicate = flag_of(body, "duplicate");
        verdict.rejected = rejections_of(body);
      }
      return;
    case 400:
    case 422:
      if (is_about_the_form(error)) {
        verdict.trouble = Trouble::refused_all;
        return;
      }
      verdict.decision = Decision::split;
      return;
    case 401: {
      if (error != "clock_skew") return;
      verdict.trouble = Trouble::clock;
      verdict.counts_as_auth_failure = false;
      const auto time = body.FindMember("server_time");
      if (time == body.MemberEnd() || !time->value.IsInt64()) return;
      verdict.server_time = time->value.GetInt64();
      if (verdict.server_time > kYear2000 && verdict.server_time < kYear2200) verdict.decision = Decision::retime;
      return;
    }
    default: return;
  }
}

}  // namespace

Verdict judge(const HttpAnswer& answer, std::string_view secret, std::string_view batch_id, std::int64_t wall) {
  if (answer.failure != Failure::none) return no_answer(answer);
  Verdict verdict;
  const Rule& rule = rule_for(answer.status);
  verdict.trouble = rule.trouble;
  verdict.at_cap = rule.at_cap;
  verdict.counts_as_auth_failure = answer.status == 401 || answer.status == 403;
  if (answer.status == 429 || answer.status >= 500) verdict.retry_after = parse_retry_after(answer.retry_after, wall);
  verdict.acknowledged = wire::carries(answer.ack, wire::acknowledge(secret, answer.status, batch_id, answer.body));
  verdict.message = "HTTP " + std::to_string(answer.status);
  // A web server before the gateway may have the smaller limit and knows no secret; sending less at once loses nothing.
  if (answer.status == 413) verdict.decision = Decision::shrink;
  if (verdict.acknowledged) {
    rapidjson::Document body;
    body.Parse<rapidjson::kParseIterativeFlag>(answer.body.data(), answer.body.size());
    judge_acknowledged(answer.status, body, verdict);
  } else {
    verdict.message += answer.ack.empty() ? " without Logystera-Ack" : " with a Logystera-Ack that does not hold";
  }
  return verdict;
}

}  // namespace logystera::agent
