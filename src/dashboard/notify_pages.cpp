#include "dashboard/notify_pages.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/hmac.hpp"
#include "core/printable.hpp"
#include "notify/message.hpp"
#include "notify/plan.hpp"
#include "web/headers.hpp"
#include "web/parts.hpp"
#include "web/principal.hpp"

namespace logystera::dashboard {
namespace {

using notify::ChannelKind;
using notify::ChannelOptions;
using store::Channel;
using store::OutboxState;
using web::View;

constexpr std::string_view kSection = "/settings";

template <typename Number>
Number number_in(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : Number{0};
}

std::string path_of(std::int64_t id) { return fmt::format("/settings/channels/{}", id); }

std::string_view kind_label(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::slack: return "Slack";
    case ChannelKind::teams: return "Microsoft Teams";
    case ChannelKind::email: return "E-mail";
    case ChannelKind::webhook: return "Webhook";
  }
  return "";
}

std::string_view done_words(std::string_view done) {
  if (done == "added") return "The channel is added. Send a test, and look whether it arrives.";
  if (done == "changed") return "It is changed. Send a test, and look whether it arrives.";
  if (done == "test") return "A test is on its way. Load this page again in a few seconds.";
  if (done == "arrived") return "Good: it is noted that the test arrived.";
  if (done == "lost")
    return "It is noted that the test did not arrive. The other side has taken it: look there for what became of it.";
  if (done == "on") return "The channel is switched on.";
  if (done == "off") return "The channel is switched off: nothing is sent to it.";
  if (done == "removed") return "The channel is removed.";
  if (done == "retried") return "The message is tried again.";
  if (done == "discarded") return "The message is discarded.";
  return {};
}

std::vector<View> options_of_select(std::initializer_list<std::pair<std::string_view, std::string_view>> all,
                                    std::string_view chosen) {
  std::vector<View> rows;
  for (const auto& [value, label] : all) {
    View row;
    row.text("value", value).text("label", label).flag("selected", value == chosen);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::optional<std::string> secret_in(const web::Form& form, std::string_view name) {
  if (form[name].empty()) return std::nullopt;
  return std::string(form[name]);
}

notify::ChannelWish wish_in(const web::Form& form, ChannelKind kind) {
  notify::ChannelWish wish;
  wish.name = form["name"];
  ChannelOptions& options = wish.options;
  options.kind = kind;
  options.allow_private = form["allow_private"] == "yes";
  options.links = form["links"] == "yes";
  options.zone = form["zone"];
  wish.url = secret_in(form, "url");
  wish.signing = secret_in(form, "signing");
  wish.password = secret_in(form, "password");
  if (kind != ChannelKind::email) return wish;
  options.host = form["host"];
  options.port = number_in<std::uint16_t>(form["port"]);
  options.tls = form["tls"] == "at_once"      ? notify::MailTls::at_once
                : form["tls"] == "if_offered" ? notify::MailTls::if_offered
                                              : notify::MailTls::starttls;
  options.user = form["user"];
  options.from = form["from"];
  std::string_view lines = form["receivers"];
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ') line.remove_suffix(1);
    while (!line.empty() && static_cast<unsigned char>(line.front()) <= ' ') line.remove_prefix(1);
    if (!line.empty()) options.receivers.push_back({std::string(line), {}});
  }
  return wish;
}

void add_form(View& view, const ChannelOptions& options, const Channel& channel, bool is_new) {
  view.text("kind", notify::kind_name(options.kind)).text("kind_label", kind_label(options.kind)).flag("is_new", is_new);
  view.flag("is_slack", options.kind == ChannelKind::slack).flag("is_teams", options.kind == ChannelKind::teams);
  view.flag("is_webhook", options.kind == ChannelKind::webhook).flag("is_email", options.kind == ChannelKind::email);
  view.flag("is_http", options.kind != ChannelKind::email);
  view.text("name", channel.name).text("shown", channel.shown).text("zone", options.zone);
  view.flag("allow_private", options.allow_private).flag("links", options.links);
  view.text("host", options.host)
      .text("port", std::to_string(options.port))
      .text("user", options.user)
      .text("from", options.from);
  const std::string_view tls = options.tls == notify::MailTls::at_once      ? "at_once"
                               : options.tls == notify::MailTls::if_offered ? "if_offered"
                                                                            : "starttls";
  view.rows("tls", options_of_select({{"starttls", "STARTTLS, or nothing is sent"},
                                      {"at_once", "TLS from the first byte"},
                                      {"if_offered", "STARTTLS if offered, else in plain text"}},
                                     tls));
  std::vector<View> lines, off;
  for (const notify::Receiver& receiver : options.receivers) {
    View line;
    line.text("line", receiver.address);
    lines.push_back(std::move(line));
    if (receiver.off.empty()) continue;
    View row;
    row.text("address", receiver.address).text("reason", receiver.off);
    off.push_back(std::move(row));
  }
  view.number("receivers_most", notify::kReceiversMost).rows("receiver_lines", std::move(lines));
  view.flag("has_off", !off.empty());
  view.rows("receivers_off", std::move(off));
}

void add_state(View& view, const Channel& channel, const store::OutboxCounts& counts, std::int64_t now) {
  const bool by_itself = !channel.off_reason.empty();
  switch (notify::state_of(channel, counts, now)) {
    case notify::ChannelState::off:
      web::add_badge(view, by_itself ? "high" : "", by_itself ? "high" : "hidden", "Off");
      break;
    case notify::ChannelState::failing: web::add_badge(view, "medium", "medium", "Failing"); break;
    case notify::ChannelState::on: web::add_badge(view, "good", "ok", "On"); break;
    case notify::ChannelState::not_tested: web::add_badge(view, "low", "low", "Not tested"); break;
  }
  view.text("reason", !channel.enabled ? channel.off_reason : channel.last_error);
  view.time("last_sent", channel.last_sent_at).number("waiting", counts.waiting).number("dead", counts.dead);
  view.flag("has_dead", counts.dead > 0);
}

std::vector<View> message_rows(const std::vector<store::OutboxRow>& rows) {
  std::vector<View> views;
  for (const store::OutboxRow& row : rows) {
    View view;
    auto news = notify::news_from(row.body);
    view.text("id", std::to_string(row.id))
        .text("message", news ? notify::title_words(news.value()) : std::string("(cannot be read)"));
    view.text("site", news ? news->site_name : std::string())
        .text("target", row.target)
        .text("state", store::outbox_state_name(row.state));
    view.text("error", row.error).number("attempts", static_cast<std::uint64_t>(row.attempts)).time("made", row.created_at);
    view.text("channel_id", std::to_string(row.channel)).flag("is_dead", row.state == OutboxState::dead);
    view.flag("is_open",
              row.state == OutboxState::dead || row.state == OutboxState::queued || row.state == OutboxState::failed);
    view.time("next", row.state == OutboxState::queued || row.state == OutboxState::failed ? row.next_at : 0);
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace

server::Route NotifyPages::get(std::string path, Handle handle, std::shared_ptr<server::Workers> workers) {
  const auto run = [this, handle](const Request& request, const server::Reply& reply) {
    auto form = Form::parse(request.query);
    if (!form) return reply(failed(request, form.error()));
    auto answer = (this->*handle)(request, form.value());
    reply(answer ? std::move(answer).value() : failed(request, answer.error()));
  };
  return {"GET", std::move(path), 0, run, std::move(workers), "admin"};
}

server::Route NotifyPages::post(std::string path, Handle handle, std::shared_ptr<server::Workers> workers) {
  const auto run = [this, handle](Request request, const server::Reply& reply) {
    auto form = Form::posted(request);
    wipe(request.body);  // a secret may be in it
    if (!form) return reply(failed(request, form.error()));
    if (!parts_.shell.holds(request, form.value()["csrf"])) {
      return reply(
          parts_.shell.problem(request, 403, "This form is no longer good",
                               "It was sent without the token of its page, or the page was too old. Nothing was done. "
                               "Go back, load the page again and repeat it."));
    }
    auto answer = (this->*handle)(request, form.value());
    reply(answer ? std::move(answer).value() : failed(request, answer.error()));
  };
  return {"POST", std::move(path), web::kFormBytes, run, std::move(workers), "admin"};
}

std::vector<server::Route> NotifyPages::routes(const std::shared_ptr<server::Workers>& workers) {
  using Pages = NotifyPages;
  return {
      get("/settings/channels", &Pages::list, workers),
      post("/settings/channels", &Pages::add, workers),
      get("/settings/channels/new", &Pages::fresh, workers),
      get("/settings/channels/{id}", &Pages::channel, workers),
      post("/settings/channels/{id}", &Pages::change, workers),
      post("/settings/channels/{id}/test", &Pages::test, workers),
      post("/settings/channels/{id}/confirm", &Pages::confirm, workers),
      post("/settings/channels/{id}/switch", &Pages::switch_it, workers),
      post("/settings/channels/{id}/remove", &Pages::remove, workers),
      post("/settings/outbox/{id}/retry", &Pages::retry, workers),
      post("/settings/outbox/{id}/discard", &Pages::discard, workers),
      get("/settings/routes", &Pages::route_list, workers),
      post("/settings/routes", &Pages::save_route, workers),
      get("/settings/routes/new", &Pages::fresh_route, workers),
      get("/settings/routes/{name}", &Pages::route, workers),
      post("/settings/routes/{name}/move", &Pages::move_route, workers),
      post("/settings/routes/{name}/remove", &Pages::remove_route, workers),
  };
}

notify::Note NotifyPages::note_of(const Request& request) const {
  return [this, &request](store::Stores& stores, std::string_view action, std::string_view object, std::string_view before,
                          std::string_view after) {
    return parts_.audit.note(stores, request, action, object, before, after);
  };
}

NotifyPages::Answer NotifyPages::page(const Request& request, std::string_view name, std::string title, View view) const {
  return parts_.shell.page(request,
                           {.name = name, .title = std::move(title), .view = std::move(view), .section = kSection});
}

NotifyPages::Answer NotifyPages::failed(const Request& request, const Error& error) const {
  return parts_.shell.failure(request, error, parts_.log);
}

Result<server::Answer> NotifyPages::list(const Request& request, const Form& form) {
  auto channels = parts_.store.reading().channels().list();
  if (!channels) return channels.error();
  auto counts = parts_.store.reading().outbox().counts(parts_.now());
  if (!counts) return counts.error();
  std::vector<View> rows;
  for (const Channel& channel : channels.value()) {
    View row;
    const auto kind = notify::channel_kind_from(channel.kind);
    row.text("href", path_of(channel.id))
        .text("name", channel.name)
        .text("kind", kind ? kind_label(*kind) : channel.kind)
        .text("shown", channel.shown);
    add_state(row, channel, notify::counts_of(counts.value(), channel.id), parts_.now());
    rows.push_back(std::move(row));
  }
  View view;
  view.text("done", done_words(form["done"])).flag("has_rows", !rows.empty());
  view.rows("rows", std::move(rows));
  return page(request, "channels", "Channels", std::move(view));
}

Result<server::Answer> NotifyPages::fresh(const Request& request, const Form& form) {
  const auto kind = notify::channel_kind_from(form["kind"]);
  if (!kind) return Error{"the kind of a channel is slack, teams, email or webhook", ErrorKind::not_found};
  View view;
  ChannelOptions options;
  options.kind = *kind;
  add_form(view, options, {}, true);
  view.text("action", "/settings/channels");
  return page(request, "channel_new", fmt::format("Add a channel: {}", kind_label(*kind)), std::move(view));
}

Result<server::Answer> NotifyPages::add(const Request& request, const Form& form) {
  const auto kind = notify::channel_kind_from(form["kind"]);
  if (!kind) return Error{"the kind of a channel is slack, teams, email or webhook", ErrorKind::invalid};
  auto id = parts_.desk.add(wish_in(form, *kind), note_of(request));
  if (!id) return id.error();
  return web::see_other(path_of(id.value()) + "?done=added");
}

Result<server::Answer> NotifyPages::channel(const Request& request, const Form& form) {
  const auto id = number_in<std::int64_t>(request.parameter("id"));
  store::Stores& stores = parts_.store.reading();
  auto found = stores.channels().find(id);
  if (!found) return found.error();
  if (!found.value()) return Error{"there is no channel of this number", ErrorKind::not_found};
  const Channel& channel = *found.value();
  auto options = notify::options_of(channel);
  if (!options) return options.error();
  auto counts = stores.outbox().counts(parts_.now());
  if (!counts) return counts.error();
  auto messages =
      stores.outbox().list({.channel = id,
                            .states = {OutboxState::dead, OutboxState::failed, OutboxState::queued, OutboxState::sending},
                            .limit = kOutboxRows});
  if (!messages) return messages.error();
  View view;
  add_form(view, options.value(), channel, false);
  add_state(view, channel, notify::counts_of(counts.value(), id), parts_.now());
  view.text("done", done_words(form["done"]))
      .text("action", path_of(id))
      .text("href", path_of(id))
      .flag("enabled", channel.enabled);
  view.time("tested", channel.tested_at)
      .time("confirmed", channel.confirmed_at)
      .flag("ask", channel.tested_at != 0 && channel.confirmed_at == 0);
  view.flag("has_messages", !messages->empty()).rows("messages", message_rows(messages.value()));
  return page(request, "channel", channel.name, std::move(view));
}

Result<server::Answer> NotifyPages::change(const Request& request, const Form& form) {
  const auto id = number_in<std::int64_t>(request.parameter("id"));
  auto found = parts_.store.channels().find(id);
  if (!found) return found.error();
  if (!found.value()) return Error{"there is no channel of this number", ErrorKind::not_found};
  const auto kind = notify::channel_kind_from(found.value()->kind);
  if (auto done = parts_.desk.change(id, wish_in(form, kind.value_or(ChannelKind::slack)), note_of(request)); !done)
    return done.error();
  return web::see_other(path_of(id) + "?done=changed");
}

Result<server::Answer> NotifyPages::test(const Request& request, const Form&) {
  const auto id = number_in<std::int64_t>(request.parameter("id"));
  const std::string who =
      request.principal && !request.principal->name.empty() ? request.principal->name : "an administrator";
  if (auto done = parts_.desk.test(id, who, note_of(request)); !done) return done.error();
  return web::see_other(path_of(id) + "?done=test");
}

Result<server::Answer> NotifyPages::confirm(const Request& request, const Form& form) {
  const auto id = number_in<std::int64_t>(request.parameter("id"));
  const bool arrived = form["arrived"] == "yes";
  if (auto done = parts_.desk.confirm(id, arrived, note_of(request)); !done) return done.error();
  return web::see_other(path_of(id) + (arrived ? "?done=arrived" : "?done=lost"));
}

Result<server::Answer> NotifyPages::switch_it(const Request& request, const Form& form) {
  const auto id = number_in<std::int64_t>(request.parameter("id"));
  const bool on = form["on"] == "yes";
  if (auto done = parts_.desk.enable(id, on, note_of(request)); !done) return done.error();
  return web::see_other(path_of(id) + (on ? "?done=on" : "?done=off"));
}

Result<server::Answer> NotifyPages::remove(const Request& request, const Form& form) {
  if (form["sure"] != "yes") return Error{"tick that you are sure", ErrorKind::invalid};
  if (auto done = parts_.desk.remove(number_in<std::int64_t>(request.parameter("id")), note_of(request)); !done)
    return done.error();
  return web::see_other("/settings/channels?done=removed");
}

Result<server::Answer> NotifyPages::retry(const Request& request, const Form& form) {
  if (auto done = parts_.desk.retry(number_in<std::int64_t>(request.parameter("id")), note_of(request)); !done)
    return done.error();
  return web::see_other(path_of(number_in<std::int64_t>(form["channel"])) + "?done=retried");
}

Result<server::Answer> NotifyPages::discard(const Request& request, const Form& form) {
  if (auto done = parts_.desk.discard(number_in<std::int64_t>(request.parameter("id")), note_of(request)); !done)
    return done.error();
  return web::see_other(path_of(number_in<std::int64_t>(form["channel"])) + "?done=discarded");
}

}  // namespace logystera::dashboard
