#include "api/problem.hpp"

#include <rapidjson/document.h>

#include "core/json_text.hpp"
#include "web/headers.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;

struct Detail {
  std::string_view member, place, words;
};

Answer made(const Request& request, int status, std::string_view code, std::string_view detail,
            const std::vector<Detail>& errors = {}) {
  std::string type = "/api/docs#problem-" + std::string(code);
  for (char& c : type) c = c == '_' ? '-' : c;
  JsonText text;
  text.begin_object().member("type", type).member("title", title_of(status)).number("status", status);
  text.member("detail", detail).member("code", code).member("instance", request.path);
  if (!errors.empty()) {
    text.key("errors").begin_array();
    for (const Detail& one : errors) {
      text.begin_object().member(one.member, one.place).member("detail", one.words).end_object();
    }
    text.end_array();
  }
  text.end_object();
  Answer answer = server::json_answer(status, text.take());
  answer.content_type = "application/problem+json";
  web::forbid_sniffing(answer);
  return answer;
}

}  // namespace

std::string_view title_of(int status) noexcept {
  switch (status) {
    case 400: return "Bad request";
    case 401: return "Not signed in";
    case 403: return "Not allowed";
    case 404: return "Not found";
    case 405: return "Method not allowed";
    case 409: return "Conflict";
    case 412: return "Changed meanwhile";
    case 413: return "Too large";
    case 414: return "Path too long";
    case 415: return "Unsupported media type";
    case 417: return "Expectation failed";
    case 422: return "Cannot be followed";
    case 429: return "Too many requests";
    case 431: return "Header too large";
    case 503: return "Not available now";
    default: return status >= 500 ? "Something went wrong" : "Refused";
  }
}

Answer refusal(const Request& request, int status, std::string_view code, std::string_view detail) {
  return made(request, status, code, detail);
}

Answer invalid_parameters(const Request& request, const std::vector<query::Fault>& faults) {
  std::vector<Detail> errors;
  for (const query::Fault& fault : faults) errors.push_back({"parameter", fault.parameter, fault.detail});
  return made(request, 400, "invalid_parameter", faults.empty() ? "" : faults.front().detail, errors);
}

Answer invalid_body(const Request& request, std::string_view pointer, std::string_view detail, int status) {
  return made(request, status, "invalid_body", detail, {{"pointer", pointer, detail}});
}

Answer not_found(const Request& request, std::string_view detail) { return made(request, 404, "not_found", detail); }

Answer store_failed(const Request& request, const Error& error) {
  Answer answer = error.kind == ErrorKind::busy
                      ? made(request, 503, "too_slow",
                             "the question took too long, or the store is busy: narrow the filter, or ask again")
                      : made(request, 503, "store_failed", "the store cannot do it now: see the server's log");
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

Answer reworded(const Request& request, Answer answer) {
  if (!request.path.starts_with("/api/v1/") || answer.content_type != "application/json" || answer.status < 400)
    return answer;
  rapidjson::Document document;
  document.Parse(answer.body.data(), answer.body.size());
  if (document.HasParseError() || !document.IsObject()) return answer;
  const auto text = [&](const char* name) {
    const auto found = document.FindMember(name);
    return found != document.MemberEnd() && found->value.IsString() ? std::string(found->value.GetString()) : std::string();
  };
  Answer again = made(request, answer.status, text("error"), text("message"));
  for (auto& header : answer.headers) again.headers.push_back(std::move(header));
  return again;
}

}  // namespace logystera::api
