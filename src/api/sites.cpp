// The sites that send, how they are, and what administrators do with them.
#include <fmt/core.h>

#include <map>

#include "api/api.hpp"
#include "api/body.hpp"
#include "api/problem.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;

constexpr std::int64_t kHour = 3600, kDay = 24 * kHour;
constexpr std::int64_t kHoursMost = store::kIngestHoursSeconds / kHour;
constexpr std::size_t kNameBytes = 100;

using Sent = std::map<std::string, store::IngestHour>;

std::string_view state_of(const store::Entity& entity) {
  return entity.revoked_at != 0 ? "disconnected" : entity.disabled ? "disabled" : "active";
}

void put_counts(JsonText& json, const store::IngestHour& hour) {
  json.count("batches", hour.batches).count("events", hour.events);
  json.count("duplicates", hour.duplicates).count("rejected", hour.rejected);
}

void put(JsonText& json, const store::Entity& entity, const Sent& day) {
  json.begin_object().member("token", entity.token).member("name", entity.name).member("state", state_of(entity));
  put_time(json, "created_at", entity.created_at);
  put_time(json, "last_batch_at", entity.last_seen_at);
  put_time(json, "secret_rotated_at", entity.rotated_at);
  put_text(json, "agent_version", entity.agent);
  json.key("clock_skew_seconds");
  if (entity.clock_skew) json.integer(*entity.clock_skew);
  else json.null();
  json.count("events", entity.accepted).count("duplicates", entity.duplicates).count("rejected", entity.rejected);
  json.key("last_24_hours").begin_object();
  const auto found = day.find(entity.token);
  put_counts(json, found == day.end() ? store::IngestHour{} : found->second);
  json.end_object().end_object();
}

Result<Sent> sent_since(store::Stores& stores, std::int64_t since) {
  auto sent = stores.entities().sent_since(since);
  if (!sent) return sent.error();
  return Sent(sent->begin(), sent->end());
}

std::int64_t hour_of(std::int64_t time) { return time - time % kHour; }

/// A site as it is shown, and what of it can be changed.
struct Shown {
  std::string json, state;
};

std::string changeable(const store::Entity& entity) {
  JsonText json;
  json.begin_object().member("name", entity.name).member("state", state_of(entity));
  put_time(json, "secret_rotated_at", entity.rotated_at);
  json.end_object();
  return json.take();
}

// Nothing where there is no such site.
Result<std::optional<Shown>> shown_site(store::Stores& stores, const std::string& token, std::int64_t now) {
  auto entity = stores.entities().find(token);
  if (!entity) return entity.error();
  if (!entity.value()) return std::optional<Shown>();
  auto sent = sent_since(stores, hour_of(now - kDay) + kHour);
  if (!sent) return sent.error();
  JsonText json;
  put(json, *entity.value(), sent.value());
  return std::optional(Shown{json.take(), changeable(*entity.value())});
}

}  // namespace

Answer Api::list_sites(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  store::Stores& stores = parts_.store.reading();
  auto entities = stores.entities().list();
  if (!entities) return failed(request, entities.error());
  auto sent = sent_since(stores, hour_of(parts_.now() - kDay) + kHour);
  if (!sent) return failed(request, sent.error());
  JsonText json;
  json.begin_array();
  std::uint64_t count = 0;
  for (const store::Entity& entity : entities.value()) {
    if (!who(request).sees(entity.token)) continue;
    put(json, entity, sent.value());
    ++count;
  }
  json.end_array();
  return list_answer_of(request, "", "", store::Count{count, false}, false, json.take());
}

Answer Api::site_answer(const Request& request, const std::string& token) {
  if (!who(request).sees(token)) return not_found(request, "there is no site with this token");
  auto shown = shown_site(parts_.store.reading(), token, parts_.now());
  if (!shown) return failed(request, shown.error());
  if (!shown.value()) return not_found(request, "there is no site with this token");
  return object_answer(request, std::move(shown.value()->json), shown.value()->state);
}

Answer Api::get_site(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  return site_answer(request, std::string(request.parameter("token")));
}

Answer Api::get_ingest(const Request& request) {
  query::Parameters parameters(request.query);
  const std::int64_t hours = parameters.integer("since_hours", 1, kHoursMost).value_or(24);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::string token(request.parameter("token"));
  store::Stores& stores = parts_.store.reading();
  auto entity = stores.entities().find(token);
  if (!entity) return failed(request, entity.error());
  if (!entity.value() || !who(request).sees(token)) return not_found(request, "there is no site with this token");
  auto found = stores.entities().hours(token, hour_of(parts_.now() - hours * kHour) + kHour);
  if (!found) return failed(request, found.error());
  JsonText json;
  json.begin_array();
  for (const store::IngestHour& hour : found.value()) {
    json.begin_object();
    put_time(json, "hour", hour.hour);
    put_counts(json, hour);
    json.end_object();
  }
  json.end_array();
  return server::json_answer(200, json.take());
}

namespace {

struct Metric {
  std::string_view name;
  std::uint64_t store::IngestHour::*count;
};
constexpr Metric kMetrics[] = {{"batches", &store::IngestHour::batches},
                               {"events", &store::IngestHour::events},
                               {"duplicates", &store::IngestHour::duplicates},
                               {"rejected", &store::IngestHour::rejected}};

}  // namespace

// Every step of the period, those without anything included; the last one is still being counted.
Answer Api::get_metrics(const Request& request) {
  query::Parameters parameters(request.query);
  const std::int64_t now = parts_.now();
  const Metric& metric = kMetrics[parameters.word("name", {"batches", "events", "duplicates", "rejected"}).value_or(1)];
  const bool days = parameters.word("step", {"hour", "day"}).value_or(0) == 1;
  const std::int64_t step = days ? kDay : kHour;
  const std::int64_t to = parameters.time("to").value_or(now);
  const std::int64_t from = parameters.time("from").value_or(to - kDay);
  if (from >= to) parameters.fault("from", "from must be before to");
  else if (from < now - store::kIngestHoursSeconds)
    parameters.fault("from", fmt::format("from must be within the last {} days: what was before is forgotten",
                                         store::kIngestHoursSeconds / kDay));
  else if (to > now + kDay) parameters.fault("to", "to must not be in the future");
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::string token(request.parameter("token"));
  store::Stores& stores = parts_.store.reading();
  auto entity = stores.entities().find(token);
  if (!entity) return failed(request, entity.error());
  if (!entity.value() || !who(request).sees(token)) return not_found(request, "there is no site with this token");
  const std::int64_t first = from - from % step;
  auto hours = stores.entities().hours(token, first);
  if (!hours) return failed(request, hours.error());
  std::map<std::int64_t, std::uint64_t> counted;
  for (const store::IngestHour& hour : hours.value()) counted[hour.hour - hour.hour % step] += hour.*metric.count;
  JsonText json;
  json.begin_object().member("name", metric.name).member("step", days ? "day" : "hour").key("points").begin_array();
  for (std::int64_t at = first; at < to; at += step) {
    const auto found = counted.find(at);
    json.begin_object();
    put_time(json, "at", at);
    json.count("value", found == counted.end() ? 0 : found->second).end_object();
  }
  json.end_array().end_object();
  return server::json_answer(200, json.take());
}

namespace {

std::string state_json(const store::Entity& entity) {
  JsonText json;
  json.begin_object().member("name", entity.name).member("disabled", entity.disabled).end_object();
  return json.take();
}

}  // namespace

// Change and audit are one transaction; what is noted is what was there and what is there now.
Answer Api::change_site(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  Body body(request.body);
  if (!body.sound() || !body.is_object(body.whole(), "", {"name", "disabled"})) return invalid(request, body);
  const auto name = body.text(body.whole(), "", "name", kNameBytes);
  const auto disabled = body.boolean(body.whole(), "", "disabled");
  if (!body.sound()) return invalid(request, body);
  if (!name && !disabled) return invalid_body(request, "", "name or disabled says what is to change");
  const std::string token(request.parameter("token"));
  auto transaction = parts_.store.begin();
  if (!transaction) return failed(request, transaction.error());
  store::Stores& stores = *transaction.value();
  auto before = stores.entities().find(token);
  if (!before) return failed(request, before.error());
  if (!before.value() || !who(request).sees(token)) return not_found(request, "there is no site with this token");
  // Within the transaction: nobody changes it between this look and the change.
  if (!as_it_was_read(request, changeable(*before.value()))) {
    return refusal(request, 412, "changed_meanwhile", "the site is not what If-Match names any more: read it again");
  }
  gateway::Entities entities = parts_.entities.within(stores.entities());
  if (name) {
    if (auto done = entities.rename(token, *name); !done) {
      if (done.error().kind == ErrorKind::invalid) return invalid_body(request, "/name", done.error().message);
      return failed(request, done.error());
    }
  }
  if (disabled) {
    if (auto done = entities.set_disabled(token, *disabled); !done) {
      if (done.error().kind == ErrorKind::denied) return refusal(request, 409, "disconnected", done.error().message);
      return failed(request, done.error());
    }
  }
  auto after = stores.entities().find(token);
  if (!after) return failed(request, after.error());
  if (auto noted =
          audit_.note(stores, request, "site.change", token, state_json(*before.value()), state_json(*after.value()));
      !noted) {
    return failed(request, noted.error());
  }
  if (auto done = transaction.value()->commit(); !done) return failed(request, done.error());
  Request plain = request;
  std::erase_if(plain.headers, [](const auto&) { return true; });
  return site_answer(plain, token);
}

Answer Api::rotate_site(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::string token(request.parameter("token"));
  auto transaction = parts_.store.begin();
  if (!transaction) return failed(request, transaction.error());
  store::Stores& stores = *transaction.value();
  if (!who(request).sees(token)) return not_found(request, "there is no site with this token");
  auto issued = parts_.entities.within(stores.entities()).rotate(token, parts_.now());
  if (!issued) {
    if (issued.error().kind == ErrorKind::not_found) return not_found(request, "there is no site with this token");
    if (issued.error().kind == ErrorKind::denied) return refusal(request, 409, "disconnected", issued.error().message);
    return failed(request, issued.error());
  }
  if (auto noted = audit_.note(stores, request, "site.rotate", token); !noted) return failed(request, noted.error());
  if (auto done = transaction.value()->commit(); !done) return failed(request, done.error());
  JsonText json;
  json.begin_object().member("token", issued->token).member("secret", issued->secret).end_object();
  return server::json_answer(200, json.take());
}

Answer Api::disable_site(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  Request change = request;
  change.body = R"({"disabled":true})";
  return change_site(change);
}

}  // namespace logystera::api
