// Stored signals, and what the catalogue says of them.
#include "api/api.hpp"
#include "api/problem.hpp"
#include "core/catalogue.hpp"

namespace logystera::api {
namespace {

void put(JsonText& json, const query::Signal& signal) {
  json.begin_object().member("event_id", query::uuid_text(signal.event.id)).member("type", signal.event.type);
  json.member("severity", query::severity_of(signal)).count("sequence", signal.event.sequence);
  put_time(json, "created_at", signal.event.created_at);
  put_time(json, "received_at", signal.event.received_at);
  json.key("site").begin_object().member("token", signal.event.entity).member("name", signal.event.name).end_object();
  json.key("labels").begin_object();
  bool hidden = false;
  for (const query::SignalLabel& label : signal.labels) {
    json.key(label.name).raw(terminal_safe(label.json));
    hidden = hidden || label.hidden;
  }
  json.end_object().member("personal_data_hidden", hidden).end_object();
}

}  // namespace

using server::Answer;
using server::Request;

Answer Api::list_signals(const Request& request) {
  const auto asked = query::read_signals(request.query, defaults(request));
  if (!asked) return invalid_parameters(request, asked.faults);
  if (asked->personal) {
    if (auto noted = audit_.note(parts_.store, request, "personal_data.show", "signals"); !noted) {
      return failed(request, noted.error());
    }
  }
  auto list = query::signals(parts_.store.reading(), *asked.value, parts_.pseudonyms);
  if (!list) return failed(request, list.error());
  // Whoever goes on from a sequence has what comes later behind what he has.
  if (asked->ascending) std::swap(list->newer, list->older);
  JsonText json;
  json.begin_array();
  for (const query::Signal& signal : list->rows) put(json, signal);
  json.end_array();
  return list_answer(request, list.value(), json.take());
}

Answer Api::get_signal(const Request& request) {
  query::Parameters parameters(request.query);
  const bool personal = parameters.boolean("personal").value_or(false);
  if (personal && !who(request).may(web::Role::analyst)) {
    parameters.fault("personal", "personal data is shown to analysts and administrators");
  }
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::string id(request.parameter("event_id"));
  auto signal =
      query::signal(parts_.store.reading(), id, query::sites_of(who(request)), personal ? nullptr : &parts_.pseudonyms);
  if (!signal) return failed(request, signal.error());
  if (!signal.value()) return not_found(request, "there is no such signal");
  if (personal) {
    if (auto noted = audit_.note(parts_.store, request, "personal_data.show", id); !noted) {
      return failed(request, noted.error());
    }
  }
  JsonText json;
  put(json, *signal.value());
  return object_answer(request, json.take());
}

Answer Api::get_catalogue(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  JsonText json;
  json.begin_array();
  for (const SignalSpec& type : catalogue::all()) {
    json.begin_object().member("type", type.type).member("group", type.group).member("severity", type.severity);
    json.member("name", type.name)
        .member("summary", type.summary)
        .member("on_by_default", type.on_by_default)
        .key("labels")
        .begin_array();
    for (std::size_t i = 0; i < type.label_count; ++i) {
      const LabelSpec& label = type.labels[i];
      json.begin_object().member("name", label.name).member("kind", catalogue::name_of(label.kind));
      json.member("privacy", label.privacy).member("description", label.description).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
  return object_answer(request, json.take());
}

}  // namespace logystera::api
