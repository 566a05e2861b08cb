#include "notify/desk.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/json_text.hpp"
#include "core/random.hpp"
#include "notify/json.hpp"
#include "notify/plan.hpp"

namespace logystera::notify {
namespace {

using store::Channel;
using store::Stores;

Error none(std::int64_t id) { return {fmt::format("there is no channel {}", id), ErrorKind::not_found}; }

Result<Channel> find(Stores& stores, std::int64_t id) {
  auto channel = stores.channels().find(id);
  if (!channel) return channel.error();
  if (!channel.value()) return none(id);
  return std::move(*channel.value());
}

std::string all_as_json(const std::vector<Route>& routes) {
  JsonText json(JsonText::Reader::program);
  json.begin_array();
  for (const Route& route : routes) json.raw(to_json(route));
  json.end_array();
  return json.take();
}

}  // namespace

std::string described(const Channel& channel) {
  JsonText json(JsonText::Reader::program);
  json.begin_object().member("name", channel.name).member("kind", channel.kind).member("enabled", channel.enabled);
  json.member("leads_to", channel.shown).key("options").raw(channel.options).end_object();
  return json.take();
}

Result<Done> Desk::finish(std::unique_ptr<store::Transaction> transaction) const {
  if (auto done = transaction->commit(); !done) return done;
  if (options_.wake) options_.wake();
  return Done{};
}

Result<std::int64_t> Desk::add(const ChannelWish& wish, const Note& note) {
  if (auto good = check_name(wish.name); !good) return good.error();
  Secrets secrets;
  secrets.url = wish.url.value_or("");
  secrets.signing = wish.signing.value_or("");
  secrets.password = wish.password.value_or("");
  if (auto good = check(wish.options, secrets); !good) return good.error();
  auto transaction = store_->begin();
  if (!transaction) return transaction.error();
  Stores& stores = *transaction.value();
  Channel channel;
  channel.name = wish.name;
  channel.kind = kind_name(wish.options.kind);
  channel.options = to_json(wish.options);
  channel.shown = shown(wish.options, secrets);
  channel.created_at = options_.now();
  auto id = stores.channels().add(channel);
  if (!id) return id;
  channel.id = id.value();
  auto sealed = seal(options_.seal, secrets, channel.id);
  if (!sealed) return sealed.error();
  channel.sealed = std::move(sealed).value();
  if (auto updated = stores.channels().update(channel); !updated) return updated.error();
  if (auto noted = note(stores, "channel.add", channel.name, "", described(channel)); !noted) return noted.error();
  if (auto done = finish(std::move(transaction).value()); !done) return done.error();
  return channel.id;
}

Result<Done> Desk::change(std::int64_t id, const ChannelWish& wish, const Note& note) {
  if (auto good = check_name(wish.name); !good) return good;
  auto transaction = store_->begin();
  if (!transaction) return transaction.error();
  Stores& stores = *transaction.value();
  auto found = find(stores, id);
  if (!found) return found.error();
  Channel& channel = found.value();
  auto before = options_of(channel);
  if (!before) return before.error();
  ChannelOptions options = wish.options;
  options.kind = before->kind;
  Secrets secrets;
  // Whoever gives all its secrets anew needs none of those before, which may not open any more.
  const bool all_anew = options.kind == ChannelKind::email
                            ? wish.password.has_value()
                            : wish.url && (options.kind != ChannelKind::webhook || wish.signing);
  if (!all_anew) {
    auto opened = unseal(options_.seal, channel);
    if (!opened) return opened.error();
    secrets = std::move(opened).value();
  }
  if (wish.url) secrets.url = *wish.url;
  if (wish.signing) secrets.signing = *wish.signing;
  if (wish.password) secrets.password = *wish.password;
  if (options.kind == ChannelKind::email) {
    const bool elsewhere = options.host != before->host || options.port != before->port || options.user != before->user ||
                           options.tls != before->tls;
    if (elsewhere && !wish.password && !secrets.password.empty())
      return Error{"password: enter it again: it was given for another mail server, user or kind of encryption",
                   ErrorKind::invalid};
    // Who is off stays off, until he is taken out and put in again.
    for (Receiver& receiver : options.receivers)
      for (const Receiver& old : before->receivers)
        if (old.address == receiver.address && receiver.off.empty()) receiver.off = old.off;
  }
  if (auto good = check(options, secrets); !good) return good;
  const std::string was = described(channel);
  channel.name = wish.name;
  channel.options = to_json(options);
  channel.shown = shown(options, secrets);
  auto sealed = seal(options_.seal, secrets, channel.id);
  if (!sealed) return sealed.error();
  channel.sealed = std::move(sealed).value();
  auto updated = stores.channels().update(channel);
  if (!updated) return updated.error();
  if (!updated.value()) return none(id);
  if (auto noted = note(stores, "channel.change", channel.name, was, described(channel)); !noted) return noted;
  return finish(std::move(transaction).value());
}

Result<Done> Desk::enable(std::int64_t id, bool enabled, const Note& note) {
  auto transaction = store_->begin();
  if (!transaction) return transaction.error();
  Stores& stores = *transaction.value();
  auto channel = find(stores, id);
  if (!channel) return channel.error();
  const std::string was = described(channel.value());
  channel->enabled = enabled;
  channel->off_reason.clear();
  if (auto updated = stores.channels().update(channel.value()); !updated) return updated.error();
  if (auto noted =
          note(stores, enabled ? "channel.enable" : "channel.disable", channel->name, was, described(channel.value()));
      !noted)
    return noted;
  return finish(std::move(transaction).value());
}

Result<Done> Desk::remove(std::int64_t id, const Note& note) {
  auto transaction = store_->begin();
  if (!transaction) return transaction.error();
  Stores& stores = *transaction.value();
  auto channel = find(stores, id);
  if (!channel) return channel.error();
  auto routes = load_routes(stores.routes());
  if (!routes) return routes.error();
  for (const Route& route : routes.value()) {
    const auto names = [id](const std::vector<std::int64_t>& all) {
      return std::find(all.begin(), all.end(), id) != all.end();
    };
    if (names(route.channels) ||
        std::any_of(route.steps.begin(), route.steps.end(), [&](const Step& step) { return names(step.channels); }))
      return Error{fmt::format("the route '{}' names this channel: take it out of the route first", route.name),
                   ErrorKind::invalid};
  }
  if (auto removed = stores.channels().remove(id); !removed) return removed.error();
  if (auto noted = note(stores, "channel.remove", channel->name, described(channel.value()), ""); !noted) return noted;
  return finish(std::move(transaction).value());
}

Result<std::string> Desk::test(std::int64_t id, std::string_view who, const Note& note) {
  constexpr std::size_t kMarkBytes = 6;
  auto mark = random_text(kMarkBytes);
  if (!mark) return mark.error();
  auto transaction = store_->begin();
  if (!transaction) return transaction.error();
  Stores& stores = *transaction.value();
  auto channel = find(stores, id);
  if (!channel) return channel.error();
  if (!channel->enabled) return Error{"the channel is switched off: switch it on, then test it", ErrorKind::invalid};
  auto all = addressees({channel.value()});
  if (!all) return all.error();
  if (all->empty())
    return Error{"the channel has no receiver left that mail may go to: change its receivers", ErrorKind::invalid};
  News news;
  news.kind = News::Kind::test;
  news.title = fmt::format("this is a test of channel '{}'", channel->name);
  news.note = fmt::format("Sent by {}. Nothing has happened. Mark: {}", who, mark.value());
  news.at = options_.now();
  const std::string begin = fmt::format("test:{}:{}:", id, mark.value());
  for (const std::string& target : all->front().targets) {
    store::OutboxRow row;
    row.channel = id;
    row.target = target;
    row.kind = kind_name(news.kind);
    row.bundle = "test";
    row.dedupe = begin + target;
    row.body = to_json(news);
    row.next_at = row.created_at = options_.now();
    if (auto added = stores.outbox().add(row); !added) return added.error();
  }
  if (auto noted = note(stores, "channel.test", channel->name, "", ""); !noted) return noted.error();
  if (auto done = finish(std::move(transaction).value()); !done) return done.error();
  return begin;
}

Result<Done> Desk::confirm(std::int64_t id, bool arrived, const Note& note) {
  auto transaction = store_->begin();
  if (!transaction) return transaction.error();
  Stores& stores = *transaction.value();
  auto channel = find(stores, id);
  if (!channel) return channel.error();
  if (channel->tested_at == 0) return Error{"no test was taken by the other side yet", ErrorKind::invalid};
  channel->confirmed_at = arrived ? options_.now() : 0;
  if (auto updated = stores.channels().update(channel.value()); !updated) return updated.error();
  if (!arrived)
    if (auto noted = stores.channels().note(id, options_.now(), "a test was taken by the other side and did not arrive");
        !noted)
      return noted;
  if (auto noted = note(stores, "channel.confirm", channel->name, "", arrived ? "arrived" : "did not arrive"); !noted)
    return noted;
  return finish(std::move(transaction).value());
}

Result<Done> Desk::set_routes(const std::vector<Route>& routes, const Note& note) {
  auto transaction = store_->begin();
  if (!transaction) return transaction.error();
  Stores& stores = *transaction.value();
  auto channels = stores.channels().list();
  if (!channels) return channels.error();
  std::vector<std::int64_t> ids;
  for (const Channel& channel : channels.value()) ids.push_back(channel.id);
  auto before = load_routes(stores.routes());
  if (auto good = check(routes, ids, before ? before.value() : std::vector<Route>()); !good) return good;
  std::vector<std::string> texts;
  texts.reserve(routes.size());
  for (const Route& route : routes) texts.push_back(to_json(route));
  if (auto replaced = stores.routes().replace(texts); !replaced) return replaced;
  if (auto noted = note(stores, "routes.change", "routes", before ? all_as_json(before.value()) : std::string(),
                        all_as_json(routes));
      !noted)
    return noted;
  return finish(std::move(transaction).value());
}

Result<Done> Desk::retry(std::int64_t row, const Note& note) {
  return change(row, note, "outbox.retry", "the message is not dead: it was sent, is discarded, or waits anyway",
                [&](store::OutboxStore& outbox) { return outbox.retry(row, options_.now()); });
}

Result<Done> Desk::discard(std::int64_t row, const Note& note) {
  return change(row, note, "outbox.discard", "the message is over already, or is being sent right now",
                [&](store::OutboxStore& outbox) { return outbox.discard(row, "discarded by a person"); });
}

Result<Done> Desk::change(std::int64_t row, const Note& note, std::string_view action, std::string_view refusal,
                          const std::function<Result<bool>(store::OutboxStore& outbox)>& done) {
  auto transaction = store_->begin();
  if (!transaction) return transaction.error();
  Stores& stores = *transaction.value();
  auto found = stores.outbox().find(row);
  if (!found) return found.error();
  if (!found.value()) return Error{fmt::format("there is no message {}", row), ErrorKind::not_found};
  auto changed = done(stores.outbox());
  if (!changed) return changed.error();
  if (!changed.value()) return Error{std::string(refusal), ErrorKind::invalid};
  if (auto noted = note(stores, action, std::to_string(row), "", ""); !noted) return noted;
  return finish(std::move(transaction).value());
}

}  // namespace logystera::notify
