#include "notify/message.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "notify/plan.hpp"
#include "notify/words.hpp"

namespace logystera::notify {
namespace {

std::string capital(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - ('a' - 'A'));
  return out;
}

std::string site_words(const News& news) { return !news.site_name.empty() ? news.site_name : news.site; }

// Of several news of one alert in a message the last says how it is; that it opened is not forgotten by it.
void put_together(std::vector<News>& alerts, News news) {
  if (news.alert != 0) {
    for (News& before : alerts) {
      if (before.alert != news.alert) continue;
      const bool opening = before.kind == News::Kind::opened || before.kind == News::Kind::reopened;
      if (opening) news.kind = before.kind;
      if (news.opened_at == 0) news.opened_at = before.opened_at;
      news.new_hits = std::max(news.new_hits, before.new_hits);
      before = std::move(news);
      return;
    }
  }
  alerts.push_back(std::move(news));
}

}  // namespace

std::string message_id(std::string_view key, const store::OutboxRow& first) {
  constexpr std::size_t kDigits = 32;
  return to_hex(hmac_sha256(key, fmt::format("message\n{}\n{}\n{}", first.channel, first.target, first.dedupe)))
      .substr(0, kDigits);
}

Result<Message> compose(const store::OutboxBatch& batch, std::string id, const store::Channel& channel,
                        const ChannelOptions& options, const Links& links, std::int64_t now) {
  Message message;
  message.id = std::move(id);
  message.channel = channel.id;
  message.channel_name = channel.name;
  message.now = now;
  message.links_snooze = options.links;
  message.links = links;
  if (auto zone = parse::Zone::named(options.zone); !options.zone.empty() && zone) message.zone = zone.value();
  std::vector<News> alerts;
  for (const store::OutboxRow& row : batch.rows) {
    auto news = news_from(row.body);
    if (!news) return news.error();
    message.bundle = row.bundle;
    put_together(alerts, std::move(news).value());
  }
  message.all = alerts.size();
  std::map<std::string, std::size_t> rules;
  for (const News& news : alerts) {
    const std::size_t count = ++rules[news.rule];
    if (count > message.of_most_rule) {
      message.of_most_rule = count;
      message.most_rule = news.rule;
    }
  }
  std::stable_sort(alerts.begin(), alerts.end(), [](const News& a, const News& b) { return a.level > b.level; });
  if (alerts.size() > kAlertsOfMessage) alerts.resize(kAlertsOfMessage);
  message.alerts = std::move(alerts);
  return message;
}

std::string title_words(const News& news) {
  const std::string level = capital(level_name(news.level));
  switch (news.kind) {
    case News::Kind::opened:
    case News::Kind::escalated:
    case News::Kind::late: break;
    case News::Kind::test: return fmt::format("Test: {}", news.title);
    case News::Kind::channel_off: return news.title;
    default: return fmt::format("{} ({}): {}", capital(kind_words(news.kind)), level, news.title);
  }
  if (news.kind == News::Kind::escalated) return fmt::format("Not acknowledged ({}): {}", level, news.title);
  return fmt::format("{}: {}", news.resolved_at != 0 ? "Resolved meanwhile (" + level + ")" : level, news.title);
}

std::string Message::headline() const {
  if (alerts.empty()) return "Logystera";
  const News& worst = alerts.front();
  const std::string site = site_words(worst);
  const std::string where = site.empty() ? std::string() : " on " + site;
  if (bundle == kStormBundle && all > 1)
    return fmt::format("Storm: {} alerts opened{}, {} of them {}", all, where, of_most_rule, most_rule);
  if (all == 1) return site.empty() ? title_words(worst) : fmt::format("{} - {}", title_words(worst), site);
  if (bundle == kDigestBundle) return fmt::format("Digest: {} alerts{}, the worst {}", all, where, level_name(worst.level));
  return fmt::format("{} alerts{}, the worst {}", all, where, level_name(worst.level));
}

std::vector<std::pair<std::string, std::string>> facts(const News& news, const Message& message) {
  std::vector<std::pair<std::string, std::string>> all;
  const auto add = [&](std::string_view label, std::string value) {
    if (!value.empty()) all.emplace_back(label, std::move(value));
  };
  if (news.alert == 0) {
    add("Note", news.note);
    return all;
  }
  add("Severity", std::string(level_name(news.level)));
  add("Site", site_words(news));
  add("About", news.group_label);
  if (news.resolved_at != 0 && news.opened_at != 0)
    add("When", fmt::format("opened {}, resolved {}", time_words(news.opened_at, *message.zone),
                            time_words(news.resolved_at, *message.zone)));
  if (news.first_time != 0) add("Since", time_words(news.first_time, *message.zone));
  if (news.last_time > news.first_time) add("Last", time_words(news.last_time, *message.zone));
  if (news.hits != 0)
    add("Hits", news.new_hits != 0 && news.new_hits != news.hits
                    ? fmt::format("{}, {} of them new", grouped(news.hits), grouped(news.new_hits))
                    : grouped(news.hits));
  std::string evidence;
  for (const auto& [type, count] : news.evidence)
    evidence += fmt::format("{}{} {}", evidence.empty() ? "" : ", ", grouped(count), type);
  add("Evidence", evidence);
  if (const std::string actor = store::actor_words(news.who); actor != news.group_label) add("Who", actor);
  add("Target", news.who.target);
  add("Outcome", store::outcome_words(news.who));
  add("Note", news.note);
  add("Rule", news.rule);
  add("Alert", std::to_string(news.alert));
  return all;
}

std::vector<std::pair<std::string, std::string>> actions(const News& news, const Message& message) {
  std::vector<std::pair<std::string, std::string>> all;
  if (message.links.base.empty() || news.alert == 0) return all;
  const std::string page = fmt::format("{}/alerts/{}", message.links.base, news.alert);
  all.emplace_back("Open", page);
  if (news.resolved_at != 0 || news.kind == News::Kind::resolved) return all;
  all.emplace_back("Acknowledge", page + "#acknowledge");
  if (!message.links_snooze || !message.links.snooze) return all;
  for (const auto& [label, duration] :
       {std::pair("Snooze 1 h", "1h"), std::pair("Snooze 4 h", "4h"), std::pair("Snooze 24 h", "24h")})
    all.emplace_back(label, message.links.base + message.links.snooze(news.alert, duration, message.channel, message.now));
  return all;
}

std::string webhook(const Message& message) {
  JsonText json(JsonText::Reader::program);
  const News news = message.alerts.empty() ? News() : message.alerts.front();
  const bool of_channel = news.alert == 0;
  json.begin_object().member("type", fmt::format("{}.{}", of_channel ? "channel" : "alert",
                                                 news.kind == News::Kind::channel_off ? "off" : kind_name(news.kind)));
  json.member("timestamp", rfc3339((news.at != 0 ? news.at : message.now) * kSecondNs)).key("data").begin_object();
  if (of_channel) {
    json.member("title", plain(news.title, kTitleBytes)).member("note", plain(news.note, kTextBytes));
    json.end_object().end_object();
    return json.take();
  }
  const auto time = [&](std::string_view name, std::int64_t seconds) {
    json.key(name);
    if (seconds == 0) json.null();
    else json.string(rfc3339(seconds * kSecondNs));
  };
  const auto text = [&](std::string_view name, const std::string& value, std::size_t most) {
    json.key(name);
    if (value.empty()) json.null();
    else json.string(plain_lines(value, most));
  };
  json.number("alert_id", news.alert)
      .member("rule_id", plain(news.rule, kTitleBytes))
      .member("title", plain(news.title, kTitleBytes));
  json.member("severity", level_name(news.level)).member("state", news.state).key("site");
  if (news.site.empty()) json.null();
  else json.begin_object().member("token", news.site).member("name", plain(news.site_name, kTitleBytes)).end_object();
  json.key("tags").begin_array();
  for (const std::string& tag : news.tags) json.string(plain(tag, kTitleBytes));
  json.end_array();
  text("group", news.group_label, kTitleBytes);
  store::Who who = news.who;
  for (std::string* of : {&who.address, &who.account, &who.target}) *of = plain(*of, kTitleBytes);
  store::append_who(json, who);
  time("first_timestamp", news.first_time);
  time("last_timestamp", news.last_time);
  json.count("hits", news.hits).count("new_hits", news.new_hits).key("evidence").begin_object();
  for (const auto& [type, count] : news.evidence) json.count(plain(type, kTitleBytes), count);
  json.end_object();
  time("opened_at", news.opened_at);
  time("resolved_at", news.resolved_at);
  text("meaning", news.meaning, kTextBytes);
  text("remedy", news.remedy, kTextBytes);
  text("note", news.note, kTextBytes);
  json.key("url");
  if (message.links.base.empty()) json.null();
  else json.string(fmt::format("{}/alerts/{}", message.links.base, news.alert));
  json.end_object().end_object();
  return json.take();
}

}  // namespace logystera::notify
