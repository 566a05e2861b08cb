// Whom to tell of alerts, and what could not be delivered. Secrets come in and never out.
#include <fmt/core.h>

#include <charconv>

#include "api/api.hpp"
#include "api/body.hpp"
#include "api/problem.hpp"
#include "notify/desk.hpp"
#include "notify/news.hpp"

namespace logystera::api {
namespace {

using notify::ChannelKind;
using server::Answer;
using server::Request;
using store::Channel;
using store::OutboxRow;
using store::OutboxState;

constexpr std::string_view kTls[] = {"starttls", "tls", "allow_plain"};

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

Result<std::string> json_of(const Channel& channel, const std::vector<store::OutboxCounts>& counts) {
  auto options = notify::options_of(channel);
  if (!options) return options.error();
  JsonText json(JsonText::Reader::program);
  json.begin_object()
      .number("id", channel.id)
      .member("name", channel.name)
      .member("kind", channel.kind)
      .member("enabled", channel.enabled);
  put_text(json, "off_reason", channel.off_reason);
  json.member("leads_to", channel.shown).member("allow_private", options->allow_private).member("links", options->links);
  put_text(json, "zone", options->zone);
  json.key("mail");
  if (options->kind != ChannelKind::email) {
    json.null();
  } else {
    json.begin_object()
        .member("host", options->host)
        .number("port", options->port)
        .member("tls", kTls[static_cast<std::size_t>(options->tls)]);
    put_text(json, "user", options->user);
    json.member("from", options->from).key("receivers").begin_array();
    for (const notify::Receiver& receiver : options->receivers) {
      json.begin_object().member("address", receiver.address);
      put_text(json, "off_reason", receiver.off);
      json.end_object();
    }
    json.end_array().end_object();
  }
  put_time(json, "created_at", channel.created_at);
  put_time(json, "last_sent_at", channel.last_sent_at);
  put_time(json, "last_failed_at", channel.last_failed_at);
  put_text(json, "last_error", channel.last_error);
  put_time(json, "tested_at", channel.tested_at);
  put_time(json, "confirmed_at", channel.confirmed_at);
  const store::OutboxCounts its = notify::counts_of(counts, channel.id);
  json.count("waiting", its.waiting).count("dead", its.dead).end_object();
  return json.take();
}

std::string json_of(const OutboxRow& row) {
  JsonText json(JsonText::Reader::program);
  auto news = notify::news_from(row.body);
  json.begin_object().number("id", row.id).number("channel_id", row.channel);
  put_text(json, "receiver", row.target);
  json.key("alert_id");
  if (row.alert == 0) json.null();
  else json.integer(row.alert);
  put_text(json, "site", row.site);
  put_text(json, "route", row.route);
  json.member("kind", row.kind);
  put_text(json, "title", news ? news->title : std::string());
  json.member("state", store::outbox_state_name(row.state)).number("attempts", row.attempts);
  put_time(json, "next_at", row.state == OutboxState::queued || row.state == OutboxState::failed ? row.next_at : 0);
  put_time(json, "created_at", row.created_at);
  put_time(json, "sent_at", row.sent_at);
  put_text(json, "error", row.error);
  json.end_object();
  return json.take();
}

/// A channel as the body wants it; what is wrong is said in `body`.
notify::ChannelWish wish_in(Body& body, ChannelKind kind) {
  notify::ChannelWish wish;
  const rapidjson::Value& whole = body.whole();
  wish.name = body.text(whole, "", "name", notify::kNameBytes).value_or("");
  wish.options.kind = kind;
  wish.options.allow_private = body.boolean(whole, "", "allow_private").value_or(false);
  wish.options.links = body.boolean(whole, "", "links").value_or(true);
  wish.options.zone = body.text(whole, "", "zone", notify::kNameBytes).value_or("");
  wish.url = body.text(whole, "", "url", notify::kUrlBytes);
  wish.signing = body.text(whole, "", "signing_secret", notify::kSecretBytes);
  wish.password = body.text(whole, "", "password", notify::kSecretBytes);
  const auto mail = whole.FindMember("mail");
  const bool has_mail = mail != whole.MemberEnd() && !mail->value.IsNull();
  if (kind != ChannelKind::email || !has_mail) {
    if (has_mail) body.say("/mail", "mail is of channels of the kind email alone");
    return wish;
  }
  const rapidjson::Value& its = mail->value;
  if (!body.is_object(its, "/mail", {"host", "port", "tls", "user", "from", "receivers"})) return wish;
  wish.options.host = body.text(its, "/mail", "host", notify::kHostBytes).value_or("");
  if (const auto port = its.FindMember("port"); port != its.MemberEnd()) {
    if (port->value.IsUint() && port->value.GetUint() >= 1 && port->value.GetUint() <= 65'535)
      wish.options.port = static_cast<std::uint16_t>(port->value.GetUint());
    else body.say("/mail/port", "port must be 1 to 65535");
  }
  const std::string tls = body.text(its, "/mail", "tls", notify::kNameBytes).value_or("starttls");
  const auto found = std::find(std::begin(kTls), std::end(kTls), tls);
  if (found == std::end(kTls)) body.say("/mail/tls", "tls must be starttls, tls or allow_plain");
  else wish.options.tls = static_cast<notify::MailTls>(found - std::begin(kTls));
  wish.options.user = body.text(its, "/mail", "user", notify::kSecretBytes).value_or("");
  wish.options.from = body.text(its, "/mail", "from", notify::kSecretBytes).value_or("");
  const auto receivers = its.FindMember("receivers");
  const bool listed =
      receivers != its.MemberEnd() && receivers->value.IsArray() && receivers->value.Size() <= notify::kReceiversMost;
  if (!listed)
    body.say("/mail/receivers", fmt::format("receivers must be a list of 1 to {} addresses", notify::kReceiversMost));
  else
    for (const rapidjson::Value& one : receivers->value.GetArray()) {
      if (one.IsString()) wish.options.receivers.push_back({std::string(one.GetString(), one.GetStringLength()), {}});
      else body.say("/mail/receivers", "a receiver must be a text");
    }
  return wish;
}

Answer changed_meanwhile(const Request& request) {
  return refusal(request, 412, "changed_meanwhile", "somebody has changed it since it was read: read it again");
}

}  // namespace

notify::Note Api::note_of(const Request& request) const {
  return [this, &request](store::Stores& stores, std::string_view action, std::string_view object, std::string_view before,
                          std::string_view after) { return audit_.note(stores, request, action, object, before, after); };
}

Answer Api::desk_refused(const Request& request, const Error& error) const {
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::exists:
    case ErrorKind::too_large: return invalid_body(request, "", error.message, 422);
    case ErrorKind::not_found: return not_found(request, error.message);
    default: return failed(request, error);
  }
}

Answer Api::list_channels(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  store::Stores& stores = parts_.store.reading();
  auto channels = stores.channels().list();
  if (!channels) return failed(request, channels.error());
  auto counts = stores.outbox().counts(parts_.now());
  if (!counts) return failed(request, counts.error());
  JsonText json(JsonText::Reader::program);
  json.begin_array();
  for (const Channel& channel : channels.value()) {
    auto one = json_of(channel, counts.value());
    if (!one) return failed(request, one.error());
    json.raw(one.value());
  }
  json.end_array();
  return list_answer_of(request, "", "", store::Count{channels->size(), false}, false, json.take());
}

Result<std::optional<std::string>> Api::channel_json(std::int64_t id) const {
  auto channel = parts_.store.channels().find(id);
  if (!channel) return channel.error();
  if (!channel.value()) return std::optional<std::string>();
  auto counts = parts_.store.outbox().counts(parts_.now());
  if (!counts) return counts.error();
  auto json = json_of(*channel.value(), counts.value());
  if (!json) return json.error();
  return std::optional<std::string>(std::move(json).value());
}

Answer Api::channel_answer(const Request& request, std::int64_t id, int status) {
  auto json = channel_json(id);
  if (!json) return failed(request, json.error());
  auto channel = parts_.store.channels().find(id);
  if (!channel) return failed(request, channel.error());
  if (!json.value() || !channel.value()) return not_found(request, "there is no channel of this number");
  Answer answer = object_answer(request, std::move(*json.value()), notify::described(*channel.value()));
  if (answer.status == 200) answer.status = status;
  return answer;
}

Answer Api::get_channel(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  return channel_answer(request, number_of(request.parameter("id")));
}

Answer Api::add_channel(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  Body body(request.body);
  if (!body.sound() ||
      !body.is_object(body.whole(), "",
                      {"name", "kind", "url", "signing_secret", "password", "allow_private", "links", "zone", "mail"}))
    return invalid(request, body);
  const auto kind = notify::channel_kind_from(body.text(body.whole(), "", "kind", notify::kNameBytes).value_or(""));
  if (!kind) body.say("/kind", "kind must be slack, teams, email or webhook");
  const notify::ChannelWish wish = wish_in(body, kind.value_or(ChannelKind::slack));
  if (!body.sound()) return invalid(request, body);
  auto id = parts_.notify.add(wish, note_of(request));
  if (!id) return desk_refused(request, id.error());
  return channel_answer(request, id.value(), 201);
}

Answer Api::change_channel(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::int64_t id = number_of(request.parameter("id"));
  auto channel = parts_.store.channels().find(id);
  if (!channel) return failed(request, channel.error());
  if (!channel.value()) return not_found(request, "there is no channel of this number");
  if (!as_it_was_read(request, notify::described(*channel.value()))) return changed_meanwhile(request);
  Body body(request.body);
  if (!body.sound() ||
      !body.is_object(body.whole(), "",
                      {"name", "enabled", "url", "signing_secret", "password", "allow_private", "links", "zone", "mail"}))
    return invalid(request, body);
  const auto enabled = body.boolean(body.whole(), "", "enabled");
  const auto kind = notify::channel_kind_from(channel.value()->kind);
  const notify::ChannelWish wish = wish_in(body, kind.value_or(ChannelKind::slack));
  if (!body.sound()) return invalid(request, body);
  if (auto done = parts_.notify.change(id, wish, note_of(request)); !done) return desk_refused(request, done.error());
  if (enabled && *enabled != channel.value()->enabled)
    if (auto done = parts_.notify.enable(id, *enabled, note_of(request)); !done) return desk_refused(request, done.error());
  return channel_answer(request, id);
}

Answer Api::remove_channel(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::int64_t id = number_of(request.parameter("id"));
  auto json = channel_json(id);
  if (!json) return failed(request, json.error());
  if (!json.value()) return not_found(request, "there is no channel of this number");
  if (auto done = parts_.notify.remove(id, note_of(request)); !done) return desk_refused(request, done.error());
  return server::json_answer(200, std::move(*json.value()));
}

Answer Api::test_channel(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::int64_t id = number_of(request.parameter("id"));
  if (auto done =
          parts_.notify.test(id, who(request).name.empty() ? "an administrator" : who(request).name, note_of(request));
      !done)
    return desk_refused(request, done.error());
  return channel_answer(request, id, 202);
}

Answer Api::confirm_channel(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  Body body(request.body);
  if (!body.sound() || !body.is_object(body.whole(), "", {"arrived"})) return invalid(request, body);
  const auto arrived = body.boolean(body.whole(), "", "arrived");
  if (!arrived) body.say("/arrived", "arrived must be true or false");
  if (!body.sound()) return invalid(request, body);
  const std::int64_t id = number_of(request.parameter("id"));
  if (auto done = parts_.notify.confirm(id, *arrived, note_of(request)); !done) return desk_refused(request, done.error());
  return channel_answer(request, id);
}

Answer Api::list_outbox(const Request& request) {
  query::Parameters parameters(request.query);
  store::OutboxFilter filter;
  filter.limit = static_cast<std::size_t>(
                     parameters.integer("limit", 1, static_cast<std::int64_t>(query::kLimitMost)).value_or(kPageRows)) +
                 1;
  filter.before_id = parameters.integer("before", 1, INT64_MAX).value_or(0);
  const auto channel = parameters.integer("channel", 1, INT64_MAX), alert = parameters.integer("alert", 1, INT64_MAX);
  const auto state = parameters.word("state", {"queued", "sending", "sent", "failed", "dead", "discarded"});
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  filter.channel = channel;
  filter.alert = alert;
  if (state) filter.states = {static_cast<OutboxState>(*state)};
  auto rows = parts_.store.reading().outbox().list(filter);
  if (!rows) return failed(request, rows.error());
  std::string older;
  if (rows->size() == filter.limit) {
    rows->pop_back();
    query::QueryText next;
    if (channel) next.number("channel", *channel);
    if (alert) next.number("alert", *alert);
    if (state) next.add("state", store::outbox_state_name(filter.states.front()));
    older = next.number("limit", static_cast<std::int64_t>(filter.limit - 1)).number("before", rows->back().id).text();
  }
  JsonText json(JsonText::Reader::program);
  json.begin_array();
  for (const OutboxRow& row : rows.value()) json.raw(json_of(row));
  json.end_array();
  return list_answer_of(request, "", older, std::nullopt, false, json.take());
}

Answer Api::message_answer(const Request& request, std::int64_t id) {
  auto row = parts_.store.outbox().find(id);
  if (!row) return failed(request, row.error());
  if (!row.value()) return not_found(request, "there is no message of this number");
  return server::json_answer(200, json_of(*row.value()));
}

Answer Api::retry_message(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::int64_t id = number_of(request.parameter("id"));
  if (auto done = parts_.notify.retry(id, note_of(request)); !done) return desk_refused(request, done.error());
  return message_answer(request, id);
}

Answer Api::discard_message(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::int64_t id = number_of(request.parameter("id"));
  if (auto done = parts_.notify.discard(id, note_of(request)); !done) return desk_refused(request, done.error());
  return message_answer(request, id);
}

namespace {

Result<std::string> routes_json(store::RouteStore& store) {
  auto stored = store.list();
  if (!stored) return stored.error();
  auto routes = notify::load_routes(store);
  if (!routes) return routes.error();
  JsonText json(JsonText::Reader::program);
  json.begin_object().member("default", stored->empty()).key("routes").begin_array();
  for (const notify::Route& route : routes.value()) json.raw(notify::to_json(route));
  json.end_array().end_object();
  return json.take();
}

}  // namespace

Answer Api::get_routes(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  auto json = routes_json(parts_.store.reading().routes());
  if (!json) return failed(request, json.error());
  return object_answer(request, json.value(), json.value());
}

Answer Api::set_routes(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  // Whoever names no state replaces routes that cannot be read, too.
  if (!request.joined("If-Match").empty()) {
    auto before = routes_json(parts_.store.routes());
    if (!before) return failed(request, before.error());
    if (!as_it_was_read(request, before.value())) return changed_meanwhile(request);
  }
  Body body(request.body);
  if (!body.sound() || !body.is_object(body.whole(), "", {"routes"})) return invalid(request, body);
  const auto list = body.whole().FindMember("routes");
  if (list == body.whole().MemberEnd() || !list->value.IsArray() || list->value.Size() > store::RouteStore::kRoutesMost) {
    body.say("/routes", fmt::format("routes must be a list of at most {}", store::RouteStore::kRoutesMost));
    return invalid(request, body);
  }
  std::vector<notify::Route> routes;
  for (const rapidjson::Value& one : list->value.GetArray()) {
    JsonText text(JsonText::Reader::program);
    JsonCopy copy(text);
    one.Accept(copy);
    auto route = notify::route_from(text.text());
    if (!route) return invalid_body(request, fmt::format("/routes/{}", routes.size()), route.error().message);
    routes.push_back(std::move(route).value());
  }
  if (auto done = parts_.notify.set_routes(routes, note_of(request)); !done) return desk_refused(request, done.error());
  auto json = routes_json(parts_.store.routes());
  if (!json) return failed(request, json.error());
  return object_answer(request, json.value(), json.value());
}

}  // namespace logystera::api
