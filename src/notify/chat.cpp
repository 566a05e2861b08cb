// Messages of chats. Strangers' texts stand in elements that know no markup: Slack's plain_text, and TextRuns of an Adaptive Card,
// where a TextBlock would read Markdown.
#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "core/json_text.hpp"
#include "notify/message.hpp"
#include "notify/words.hpp"

namespace logystera::notify {
namespace {

// Of Block Kit, in characters; bytes are never fewer.
constexpr std::size_t kHeaderChars = 150, kFieldChars = 2000, kSectionChars = 3000, kFieldsMost = 10;
constexpr std::size_t kFactBytes = 500;

std::string summary(const News& news, const Message& message) {
  std::string line = calm(title_words(news), kTitleBytes);
  std::string more;
  for (const auto& [label, value] : facts(news, message)) {
    static constexpr std::string_view kShort[] = {"About", "Who", "Outcome", "Since", "Hits", "When", "Note"};
    if (std::find(std::begin(kShort), std::end(kShort), label) == std::end(kShort)) continue;
    more += fmt::format("{}{}: {}", more.empty() ? "\n" : "  ·  ", label, calm(value, kFactBytes));
  }
  return line + more;
}

std::string more_words(const Message& message) {
  return message.all > message.alerts.size() ? fmt::format("and {} more", message.all - message.alerts.size())
                                             : std::string();
}

void plain_text(JsonText& json, std::string_view text) {
  json.begin_object().member("type", "plain_text").member("text", text).member("emoji", false).end_object();
}

void button(JsonText& json, std::string_view label, std::string_view url) {
  json.begin_object().member("type", "button").key("text");
  plain_text(json, label);
  json.member("url", url).end_object();
}

void slack_alert(JsonText& json, const News& news, const Message& message) {
  const auto known = facts(news, message);
  for (std::size_t at = 0; at < known.size(); at += kFieldsMost) {
    json.begin_object().member("type", "section").key("fields").begin_array();
    for (std::size_t i = at; i < std::min(known.size(), at + kFieldsMost); ++i)
      plain_text(json, calm(fmt::format("{}: {}", known[i].first, known[i].second), std::min(kFactBytes, kFieldChars)));
    json.end_array().end_object();
  }
  const auto paragraph = [&](std::string_view label, const std::string& text) {
    if (text.empty()) return;
    json.begin_object().member("type", "section").key("text");
    plain_text(json, cut(fmt::format("{}\n{}", label, calm_lines(text, kTextBytes)), kSectionChars));
    json.end_object();
  };
  paragraph("What it means", news.meaning);
  paragraph("What to do", news.remedy);
  const auto can = actions(news, message);
  if (can.empty()) return;
  json.begin_object().member("type", "actions").key("elements").begin_array();
  for (const auto& [label, url] : can) button(json, label, url);
  json.end_array().end_object();
}

void run(JsonText& json, std::string_view text, bool bold) {
  json.begin_object().member("type", "TextRun").member("text", text);
  if (bold) json.member("weight", "Bolder");
  json.end_object();
}

void rich(JsonText& json, std::string_view label, std::string_view text, bool apart = false) {
  json.begin_object().member("type", "RichTextBlock");
  if (apart) json.member("separator", true).member("spacing", "Medium");
  json.key("inlines").begin_array();
  if (!label.empty()) run(json, label, true);
  if (!text.empty()) run(json, text, false);
  json.end_array().end_object();
}

void teams_alert(JsonText& json, const News& news, const Message& message, std::size_t text_bytes) {
  for (const auto& [label, value] : facts(news, message))
    rich(json, label + ": ", calm(value, std::min(kFactBytes, text_bytes)));
  if (!news.meaning.empty()) rich(json, "What it means: ", calm_lines(news.meaning, text_bytes), true);
  if (!news.remedy.empty()) rich(json, "What to do: ", calm_lines(news.remedy, text_bytes), true);
}

std::string teams_card(const Message& message, std::size_t alerts, std::size_t text_bytes) {
  Message shown = message;
  shown.alerts.resize(std::min(alerts, shown.alerts.size()));
  JsonText json(JsonText::Reader::program);
  json.begin_object().member("type", "message").key("attachments").begin_array().begin_object();
  json.member("contentType", "application/vnd.microsoft.card.adaptive")
      .key("contentUrl")
      .null()
      .key("content")
      .begin_object();
  json.member("$schema", "http://adaptivecards.io/schemas/adaptive-card.json")
      .member("type", "AdaptiveCard")
      .member("version", "1.4");
  json.key("msteams").begin_object().member("width", "Full").end_object().key("body").begin_array();
  json.begin_object().member("type", "RichTextBlock").key("inlines").begin_array().begin_object().member("type", "TextRun");
  json.member("text", calm(message.headline(), kTitleBytes))
      .member("weight", "Bolder")
      .member("size", "Large")
      .end_object()
      .end_array()
      .end_object();
  if (shown.all == 1 && !shown.alerts.empty()) teams_alert(json, shown.alerts.front(), shown, text_bytes);
  else
    for (const News& news : shown.alerts) rich(json, "", summary(news, shown), true);
  if (const std::string more = more_words(shown); !more.empty()) rich(json, more, "", true);
  json.end_array().key("actions").begin_array();
  const auto action = [&](std::string_view title, std::string_view url) {
    json.begin_object().member("type", "Action.OpenUrl").member("title", title).member("url", url).end_object();
  };
  if (shown.all == 1 && !shown.alerts.empty())
    for (const auto& [label, url] : actions(shown.alerts.front(), shown)) action(label, url);
  else if (!message.links.base.empty()) action("Open alerts", message.links.base + "/alerts");
  json.end_array().end_object().end_object().end_array().end_object();
  return json.take();
}

}  // namespace

std::string slack(const Message& message) {
  JsonText json(JsonText::Reader::program);
  json.begin_object().member("text", mrkdwn(message.headline(), kTitleBytes));
  // Texts are neither searched for names to call nor for addresses to show.
  json.member("link_names", false).member("unfurl_links", false).member("unfurl_media", false).key("blocks").begin_array();
  json.begin_object().member("type", "header").key("text");
  plain_text(json, calm(message.headline(), kHeaderChars - 10));
  json.end_object();
  if (message.all == 1 && !message.alerts.empty()) {
    slack_alert(json, message.alerts.front(), message);
  } else {
    for (const News& news : message.alerts) {
      json.begin_object().member("type", "section").key("text");
      plain_text(json, cut(summary(news, message), kSectionChars));
      if (const auto can = actions(news, message); !can.empty()) {
        json.key("accessory");
        button(json, can.front().first, can.front().second);
      }
      json.end_object();
    }
    const std::string more = more_words(message);
    if (!more.empty()) {
      json.begin_object().member("type", "section").key("text");
      plain_text(json, more);
      if (!message.links.base.empty()) {
        json.key("accessory");
        button(json, "Open alerts", message.links.base + "/alerts");
      }
      json.end_object();
    }
  }
  json.end_array().end_object();
  return json.take();
}

std::string teams(const Message& message) {
  std::size_t alerts = message.alerts.size(), text_bytes = kTextBytes;
  constexpr std::size_t kLeast = 50;
  for (;;) {
    std::string card = teams_card(message, alerts, text_bytes);
    if (card.size() <= kTeamsBytes || text_bytes <= kLeast) return card;
    if (alerts > 1) --alerts;
    else text_bytes /= 2;
  }
}

}  // namespace logystera::notify
