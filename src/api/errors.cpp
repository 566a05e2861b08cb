// Errors of logs, in groups.
#include "api/api.hpp"
#include "api/problem.hpp"
#include "core/clock.hpp"

namespace logystera::api {
namespace {

constexpr std::size_t kSourcesShown = 20;

// What kind of error it is: "TypeError" of "TypeError: x is not a function", else how bad it is.
std::string_view type_of(const store::ErrorGroup& group) {
  const std::string_view pattern = group.pattern;
  std::size_t end = 0;
  const auto of_a_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '\\';
  };
  while (end < pattern.size() && of_a_name(pattern[end])) ++end;
  const std::string_view name = pattern.substr(0, end);
  const bool named = pattern.substr(end).starts_with(": ") &&
                     (name.ends_with("Error") || name.ends_with("Exception") || name.ends_with("Warning"));
  return named ? name : severity_name(group.severity);
}

Result<Done> put(JsonText& json, const store::ErrorGroup& group, store::Stores& stores) {
  auto sources = stores.errors().sources(group.fingerprint, kSourcesShown);
  if (!sources) return sources.error();
  json.begin_object().member("fingerprint", group.fingerprint).member("error_type", type_of(group));
  json.member("normalized_msg", group.pattern).member("severity", severity_name(group.severity));
  json.count("count", group.count);
  put_time(json, "first_seen", group.first_seen);
  put_time(json, "last_seen", group.last_seen);
  json.key("sources").begin_array();
  for (const std::string& source : sources.value()) json.string(source);
  json.end_array();
  put_time(json, "regressed_at", group.returned_at);
  json.key("silent_seconds");
  if (group.returned_at == 0) json.null();
  else json.integer(group.silent_seconds);
  json.end_object();
  return Done{};
}

}  // namespace

using server::Answer;
using server::Request;

Answer Api::list_errors(const Request& request) {
  const auto asked = query::read_errors(request.query, defaults(request));
  if (!asked) return invalid_parameters(request, asked.faults);
  store::Stores& stores = parts_.store.reading();
  auto list = query::errors(stores, *asked.value);
  if (!list) return failed(request, list.error());
  JsonText json;
  json.begin_array();
  for (const store::ErrorGroup& group : list->rows) {
    if (auto done = put(json, group, stores); !done) return failed(request, done.error());
  }
  json.end_array();
  return list_answer(request, list.value(), json.take());
}

Answer Api::get_error(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::string_view fingerprint = request.parameter("fingerprint");
  store::Stores& stores = parts_.store.reading();
  auto group = stores.errors().find(fingerprint);
  if (!group) return failed(request, group.error());
  if (!group.value() || !who(request).all_sites)
    return not_found(request, "there is no group of errors with this fingerprint");
  auto occurrences = stores.errors().occurrences(fingerprint);
  if (!occurrences) return failed(request, occurrences.error());
  JsonText json;
  json.begin_object().key("error");
  if (auto done = put(json, *group.value(), stores); !done) return failed(request, done.error());
  json.key("occurrences").begin_array();
  for (const store::ErrorOccurrence& one : occurrences.value()) {
    json.begin_object();
    put_time(json, "timestamp", one.time);
    json.member("source", one.source).key("line");
    if (one.line == 0) json.null();
    else json.natural(one.line);
    json.member("message", one.message).end_object();
  }
  json.end_array().end_object();
  return object_answer(request, json.take());
}

}  // namespace logystera::api
