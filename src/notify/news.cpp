#include "notify/news.hpp"

#include <algorithm>
#include <array>

#include "core/json_text.hpp"
#include "notify/json.hpp"
#include "notify/words.hpp"

namespace logystera::notify {
namespace {

constexpr std::array<std::string_view, 10> kKinds = {"opened",       "reopened",  "level_rose", "repeated",    "resolved",
                                                     "snooze_ended", "escalated", "late",       "channel_off", "test"};

constexpr std::int64_t kStatusMost = 999;  // of HTTP

}  // namespace

std::string_view kind_name(News::Kind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<News::Kind> kind_from(std::string_view name) noexcept {
  const auto found = std::find(kKinds.begin(), kKinds.end(), name);
  if (found == kKinds.end()) return std::nullopt;
  return static_cast<News::Kind>(found - kKinds.begin());
}

std::string to_json(const News& news) {
  JsonText json(JsonText::Reader::program);
  json.begin_object().member("kind", kind_name(news.kind)).number("alert", news.alert).number("number", news.number);
  json.member("rule", cut(news.rule, kTitleBytes)).member("title", cut(news.title, kTitleBytes));
  json.member("level", level_name(news.level)).member("state", news.state);
  json.member("site", news.site).member("site_name", cut(news.site_name, kTitleBytes));
  json.key("tags").begin_array();
  for (std::size_t i = 0; i < std::min(news.tags.size(), kTags); ++i) json.string(cut(news.tags[i], kTitleBytes));
  json.end_array().number("first", news.first_time).number("last", news.last_time);
  json.count("hits", std::min<std::uint64_t>(news.hits, INT64_MAX))
      .count("new_hits", std::min<std::uint64_t>(news.new_hits, INT64_MAX));
  json.member("address", cut(news.who.address, kTitleBytes)).member("account", cut(news.who.account, kTitleBytes));
  json.member("target", cut(news.who.target, kTitleBytes)).number("status", news.who.status);
  json.number("outcome", static_cast<std::int64_t>(news.who.outcome));
  json.member("group", cut(news.group_label, kTitleBytes)).member("meaning", cut(news.meaning, kTextBytes));
  json.member("remedy", cut(news.remedy, kTextBytes)).key("evidence").begin_array();
  for (std::size_t i = 0; i < std::min(news.evidence.size(), kEvidenceTypes); ++i)
    json.begin_array().string(cut(news.evidence[i].first, kTitleBytes)).natural(news.evidence[i].second).end_array();
  json.end_array().member("condition", news.condition).number("at", news.at).number("opened_at", news.opened_at);
  json.number("resolved_at", news.resolved_at).member("note", cut(news.note, kTextBytes)).end_object();
  return json.take();
}

Result<News> news_from(std::string_view text) {
  rapidjson::Document json;
  const Error damaged{"the text of a message is damaged: discard it", ErrorKind::broken};
  if (!json_in::parse(json, text)) return damaged;
  News news;
  const auto kind = kind_from(json_in::text(json, "kind"));
  if (!kind) return damaged;
  news.kind = *kind;
  news.alert = json_in::number(json, "alert");
  news.number = json_in::number(json, "number");
  news.rule = json_in::text(json, "rule");
  news.title = json_in::text(json, "title");
  news.level = level_from(json_in::text(json, "level")).value_or(Level::low);
  news.state = json_in::text(json, "state");
  news.site = json_in::text(json, "site");
  news.site_name = json_in::text(json, "site_name");
  news.tags = json_in::texts(json, "tags");
  news.first_time = json_in::number(json, "first");
  news.last_time = json_in::number(json, "last");
  news.hits = static_cast<std::uint64_t>(json_in::number(json, "hits"));
  news.new_hits = static_cast<std::uint64_t>(json_in::number(json, "new_hits"));
  news.group_label = json_in::text(json, "group");
  news.who.address = json_in::text(json, "address");
  news.who.account = json_in::text(json, "account");
  news.who.target = json_in::text(json, "target");
  news.who.status = static_cast<int>(std::clamp<std::int64_t>(json_in::number(json, "status"), 0, kStatusMost));
  news.who.outcome = store::outcome_from(json_in::number(json, "outcome"));
  news.meaning = json_in::text(json, "meaning");
  news.remedy = json_in::text(json, "remedy");
  if (const auto evidence = json.FindMember("evidence"); evidence != json.MemberEnd() && evidence->value.IsArray()) {
    for (const rapidjson::Value& one : evidence->value.GetArray())
      if (one.IsArray() && one.Size() == 2 && one[0].IsString() && one[1].IsUint64())
        news.evidence.emplace_back(one[0].GetString(), one[1].GetUint64());
  }
  news.condition = json_in::flag(json, "condition");
  news.at = json_in::number(json, "at");
  news.opened_at = json_in::number(json, "opened_at");
  news.resolved_at = json_in::number(json, "resolved_at");
  news.note = json_in::text(json, "note");
  return news;
}

}  // namespace logystera::notify
