// What the tests of messages share: a store with channels, a clock of the test's own, and news to tell.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"
#include "notify/channel.hpp"
#include "notify/plan.hpp"
#include "notify/route.hpp"
#include "scratch.hpp"
#include "store/store.hpp"

namespace logystera::testing {

inline constexpr std::int64_t kNow = 1'774'211'679;  // Sun 22 Mar 2026, 20:34:39 UTC

/// Turns bytes over and says whom they are for: what a vault does, without its key.
inline notify::Seal seal_for_tests() {
  return {[](std::string_view secret, std::string_view bound_to) -> Result<std::string> {
            return std::string(bound_to) + "\n" + std::string(secret.rbegin(), secret.rend());
          },
          [](std::string_view sealed, std::string_view bound_to) -> Result<std::string> {
            if (!sealed.starts_with(std::string(bound_to) + "\n")) return Error{"sealed for another"};
            const std::string_view secret = sealed.substr(bound_to.size() + 1);
            return std::string(secret.rbegin(), secret.rend());
          }};
}

inline notify::News news_of(std::int64_t alert, Level level = Level::high,
                            notify::News::Kind kind = notify::News::Kind::opened, const std::string& site = "ent_shop") {
  notify::News news;
  news.kind = kind;
  news.alert = alert;
  news.number = 1;
  news.rule = "SIGNAL_LOGIN_FAILURES";
  news.title = "Brute force of logins";
  news.level = level;
  news.state = "firing";
  news.site = site;
  news.site_name = "shop";
  news.tags = {"login"};
  news.first_time = news.opened_at = kNow - 60;
  news.last_time = kNow;
  news.hits = 214;
  news.new_hits = 12;
  news.group_label = "ip_8390373f";
  news.meaning = "Somebody guesses passwords.";
  news.remedy = "Block the address.\nLook for a login that worked.";
  news.evidence = {{"auth.login_failed", 214}};
  news.at = kNow;
  return news;
}

struct Telling {
  Scratch scratch;
  std::int64_t now = kNow;
  std::unique_ptr<store::Store> store;

  Telling() { store = std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value(); }

  std::int64_t channel(const std::string& name, notify::ChannelOptions options, const notify::Secrets& secrets = {}) {
    store::Channel made;
    made.name = name;
    made.kind = notify::kind_name(options.kind);
    made.options = notify::to_json(options);
    made.created_at = now;
    made.id = store->channels().add(made).value();
    made.sealed = notify::seal(seal_for_tests(), secrets, made.id).value();
    made.shown = notify::shown(options, secrets);
    REQUIRE(store->channels().update(made).value());
    return made.id;
  }
  std::int64_t chat(const std::string& name, const std::string& url = "https://hooks.example.org/services/T00/B00/secret") {
    notify::Secrets secrets;
    secrets.url = url;
    return channel(name, {.kind = notify::ChannelKind::slack}, secrets);
  }
  void routes(const std::vector<notify::Route>& all) {
    std::vector<std::string> texts;
    for (const notify::Route& one : all) texts.push_back(notify::to_json(one));
    REQUIRE(store->routes().replace(texts).ok());
  }
  std::size_t tell(const notify::News& news) { return notify::tell(*store, news, now).value(); }

  /// All rows, the oldest first: "CHANNEL KIND ALERT BUNDLE +SECONDS STATE".
  std::vector<std::string> rows() {
    std::vector<std::string> all;
    const auto found = store->outbox().list({.limit = 1000}).value();
    for (auto row = found.rbegin(); row != found.rend(); ++row) {
      all.push_back(std::to_string(row->channel) + " " + row->kind + " " + std::to_string(row->alert) + " " +
                    (row->bundle.empty() ? "-" : row->bundle) + " +" + std::to_string(row->next_at - now) + " " +
                    std::string(store::outbox_state_name(row->state)));
    }
    return all;
  }
  /// Takes and "sends" what is due on a channel; the alerts of each message, as "1,2".
  std::vector<std::string> send(std::int64_t channel) {
    std::vector<std::string> messages;
    for (;;) {
      auto batch = store->outbox().take(channel, "", now, 1000).value();
      if (!batch) return messages;
      std::string text;
      for (const store::OutboxRow& row : batch->rows) text += (text.empty() ? "" : ",") + std::to_string(row.alert);
      messages.push_back(text);
      REQUIRE(store->outbox().sent(batch->number, now).ok());
    }
  }
};

inline notify::Route route_of(const std::string& name, std::vector<std::int64_t> channels, Level least = Level::low) {
  notify::Route route;
  route.name = name;
  route.channels = std::move(channels);
  route.least = least;
  return route;
}

}  // namespace logystera::testing
