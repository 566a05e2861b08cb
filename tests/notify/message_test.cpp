// What messages look like. The shapes are those the other sides document:
//   Slack      docs.slack.dev, "Sending messages using incoming webhooks", "Blocks" (50 of them; 3,000 characters of a section's text, 150 of
//              a header's, 2,000 of a field's, 10 fields, 75 of a button's text) and "Formatting message text" (& < > are escaped)
//   Teams      learn.microsoft.com, "Create incoming webhooks" (28 KB, the envelope with attachments) and adaptivecards.io, schema 1.4
//   webhook    standard-webhooks/standard-webhooks, spec/standard-webhooks.md 1.0.0: type, timestamp, data
//   mail       RFC 5322, 2047, 2369/2919 (List-Id), 3834 (Auto-Submitted)
#include <openssl/evp.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <algorithm>
#include <functional>

#include "core/base64.hpp"
#include "notify/message.hpp"
#include "notify/words.hpp"
#include "telling.hpp"

using namespace logystera;
using namespace logystera::notify;
using namespace logystera::testing;
using Kind = News::Kind;

namespace {

Message message_of(std::vector<News> alerts, const std::string& bundle = "") {
  store::OutboxBatch batch;
  for (const News& news : alerts) {
    store::OutboxRow row;
    row.id = static_cast<std::int64_t>(batch.rows.size() + 1);
    row.bundle = bundle;
    row.body = to_json(news);
    batch.rows.push_back(row);
  }
  batch.number = 1;
  store::Channel channel;
  channel.id = 3;
  channel.name = "ops";
  Links links;
  links.base = "https://gateway.example.org";
  links.snooze = [](std::int64_t alert, std::string_view duration, std::int64_t id, std::int64_t) {
    return "/a/" + std::to_string(alert) + "/snooze?d=" + std::string(duration) + "&c=" + std::to_string(id) + "&t=x";
  };
  return compose(batch, "0123456789abcdef0123456789abcdef", channel, {.zone = "Europe/Berlin"}, links, kNow).value();
}

rapidjson::Document parsed(const std::string& text) {
  rapidjson::Document json;
  json.Parse(text.c_str());
  INFO(text);
  REQUIRE_FALSE(json.HasParseError());
  return json;
}
std::string at(const rapidjson::Document& json, const char* pointer) {
  const rapidjson::Value* found = rapidjson::Pointer(pointer).Get(json);
  if (!found) return "?";
  if (found->IsNull()) return "null";
  if (found->IsInt64()) return std::to_string(found->GetInt64());
  return found->IsString() ? found->GetString() : "{}";
}

/// Each text of a JSON document.
void each_text(const rapidjson::Value& value, const std::function<void(const std::string&)>& each) {
  if (value.IsString()) each(value.GetString());
  if (value.IsArray())
    for (const auto& one : value.GetArray()) each_text(one, each);
  if (value.IsObject())
    for (const auto& one : value.GetObject()) each_text(one.value, each);
}

std::string decoded(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; }), text.end());
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  REQUIRE(size >= 0);
  out.resize(static_cast<std::size_t>(size));
  while (!out.empty() && out.back() == '\0') out.pop_back();
  return out;
}
/// The part of a mail with that type, decoded.
std::string part(const std::string& mail, const std::string& type) {
  const std::size_t from = mail.find("\r\n\r\n", mail.find("Content-Type: " + type)) + 4;
  return decoded(mail.substr(from, mail.find("\r\n--", from) - from));
}

News hostile() {
  News news = news_of(7);
  news.title =
      "<!channel> @everyone *b* _i_ `c` [x](http://evil) <script>alert(1)</script>\r\nBcc: all@example.org \xE2\x80\xAE"
      "evil\x1b[31m";
  news.site_name = "=?UTF-8?B?ZXZpbA==?= <@U123> &amp; <at>all</at>";
  news.group_label = "@here\n\nContent-Type: text/html";
  news.note = "snooze by <!subteam^S1> ended";
  news.remedy = "## do\n<b>this</b> @channel";
  news.who = {"<!here> @everyone", "a\r\nBcc: all@example.org <script>alert(2)</script>", "/x\xE2\x80\xAE\x1b[31m*b*", 200,
              store::Who::Outcome::answered};
  return news;
}

}  // namespace

TEST_CASE("a_slack_message_is_blocks_with_what_an_alert_is_and_what_to_do") {
  const auto json = parsed(slack(message_of({news_of(7)})));
  CHECK(at(json, "/text") == "High: Brute force of logins - shop");
  CHECK(at(json, "/blocks/0/type") == "header");
  CHECK(at(json, "/blocks/0/text/type") == "plain_text");
  CHECK(at(json, "/blocks/1/fields/0/text") == "Severity: high");
  CHECK(at(json, "/blocks/1/fields/2/text") == "About: ip_8390373f");
  CHECK(at(json, "/blocks/1/fields/3/text") == "Since: 22 Mar 2026, 21:33 CET (UTC+01:00)");
  CHECK(at(json, "/blocks/1/fields/5/text") == "Hits: 214, 12 of them new");
  CHECK(at(json, "/blocks/1/fields/6/text") == "Evidence: 214 auth.login_failed");
  CHECK(at(json, "/blocks/3/text/text") == "What to do\nBlock the address.\nLook for a login that worked.");
  CHECK(at(json, "/blocks/4/elements/0/url") == "https://gateway.example.org/alerts/7");
  CHECK(at(json, "/blocks/4/elements/2/url") == "https://gateway.example.org/a/7/snooze?d=1h&c=3&t=x");
  CHECK(at(json, "/blocks/4/elements/4/text/text") == "Snooze 24 h");
  CHECK(json["link_names"].IsFalse());
}

TEST_CASE("no_message_is_larger_than_the_other_side_takes") {
  std::vector<News> many;
  for (int i = 1; i <= 300; ++i) {
    News news = hostile();
    news.alert = i;
    news.title = std::string(280, '@');
    news.group_label = news.note = std::string(2000, '@');
    news.meaning = news.remedy = std::string(5000, '@');
    for (int e = 0; e < 16; ++e) news.evidence.emplace_back(std::string(300, 'e'), e);
    many.push_back(news);
  }
  for (const std::vector<News>& alerts : {many, std::vector<News>{many[0]}}) {
    const auto json = parsed(slack(message_of(alerts)));
    CHECK(json["blocks"].Size() <= kSlackBlocksMost);
    for (const auto& block : json["blocks"].GetArray()) {
      const std::string type = block["type"].GetString();
      const std::size_t most = type == "header" ? 150 : 3000;
      if (block.HasMember("text")) CHECK(block["text"]["text"].GetStringLength() <= most);
      if (block.HasMember("fields")) {
        CHECK(block["fields"].Size() <= 10);
        for (const auto& field : block["fields"].GetArray()) CHECK(field["text"].GetStringLength() <= 2000);
      }
    }
    CHECK(teams(message_of(alerts)).size() <= kTeamsBytes);
    const std::string letter = mail(message_of(alerts), {"alerts@example.org", "anna@example.org", {}});
    for (std::size_t from = 0; from < letter.size();) {
      const std::size_t end = letter.find("\r\n", from);
      REQUIRE(end != std::string::npos);
      CHECK(end - from <= 998);  // RFC 5322, 2.1.1
      from = end + 2;
    }
  }
}

TEST_CASE("a_teams_message_is_an_adaptive_card_1_4_that_opens_addresses_and_nothing_else") {
  const auto json = parsed(teams(message_of({news_of(7)})));
  CHECK(at(json, "/type") == "message");
  CHECK(at(json, "/attachments/0/contentType") == "application/vnd.microsoft.card.adaptive");
  CHECK(at(json, "/attachments/0/contentUrl") == "null");
  CHECK(at(json, "/attachments/0/content/type") == "AdaptiveCard");
  CHECK(at(json, "/attachments/0/content/version") == "1.4");
  CHECK(at(json, "/attachments/0/content/body/0/inlines/0/text") == "High: Brute force of logins - shop");
  CHECK(at(json, "/attachments/0/content/actions/0/url") == "https://gateway.example.org/alerts/7");
  for (const auto& action : json["attachments"][0]["content"]["actions"].GetArray())
    CHECK(std::string(action["type"].GetString()) == "Action.OpenUrl");
  // Markdown is read in TextBlocks and facts; there are none.
  for (const auto& element : json["attachments"][0]["content"]["body"].GetArray())
    CHECK(std::string(element["type"].GetString()) == "RichTextBlock");
}

TEST_CASE("what_strangers_wrote_calls_nobody_and_is_no_markup") {
  for (const std::string& text : {slack(message_of({hostile()})), teams(message_of({hostile()})),
                                  slack(message_of({hostile(), news_of(8)})), teams(message_of({hostile(), news_of(8)}))}) {
    const auto json = parsed(text);
    each_text(json, [](const std::string& one) {
      for (const char* const call : {"@everyone", "@here", "@channel", "@U123"}) CHECK(one.find(call) == std::string::npos);
      CHECK(one.find("\xE2\x80\xAE") == std::string::npos);
      CHECK(one.find('\x1b') == std::string::npos);
    });
  }
  const std::string fallback =
      at(parsed(slack(message_of({hostile()}))), "/text");  // the one text of Slack's that is mrkdwn
  CHECK(fallback.find('<') == std::string::npos);
  CHECK(fallback.find("&lt;!channel&gt;") != std::string::npos);
  CHECK(fallback.find("*b*") == std::string::npos);
  each_text(parsed(slack(message_of({hostile()})))["blocks"], [](const std::string& one) { CHECK(one != "mrkdwn"); });
}

TEST_CASE("a_mail_has_a_thread_a_list_and_an_id_and_both_its_bodies_say_the_same") {
  const std::string letter = mail(message_of({news_of(7)}), {"alerts@example.org", "anna@example.org", {"aaaa", "bbbb"}});
  const auto has = [&](const std::string& line) { return letter.find("\r\n" + line + "\r\n") != std::string::npos; };
  CHECK(letter.starts_with("Date: Sun, 22 Mar 2026 20:34:39 +0000\r\n"));
  CHECK(has("From: Logystera <alerts@example.org>"));
  CHECK(has("To: <anna@example.org>"));
  CHECK(has("Subject: High: Brute force of logins - shop"));
  CHECK(has("Message-ID: <0123456789abcdef0123456789abcdef@example.org>"));
  CHECK(has("In-Reply-To: <aaaa@example.org>"));
  CHECK(has("References: <aaaa@example.org>\r\n <bbbb@example.org>"));
  CHECK(has("List-Id: <alerts.logystera.example.org>"));
  CHECK(has("Auto-Submitted: auto-generated"));
  const std::string text = part(letter, "text/plain"), page = part(letter, "text/html");
  for (const char* const one : {"About: ip_8390373f", "Hits: 214, 12 of them new", "Block the address.\r\nLook for",
                                "Open: https://gateway.example.org/alerts/7"})
    CHECK(text.find(one) != std::string::npos);
  CHECK(page.find("<td>ip_8390373f</td>") != std::string::npos);
  CHECK(page.find("<a href=\"https://gateway.example.org/a/7/snooze?d=1h&amp;c=3&amp;t=x\">Snooze 1 h</a>") !=
        std::string::npos);
  CHECK(mail(message_of({news_of(7)}), {"alerts@example.org", "anna@example.org", {"aaaa", "bbbb"}}) == letter);
}

TEST_CASE("what_strangers_wrote_adds_no_header_and_no_markup_to_a_mail") {
  const std::string letter = mail(message_of({hostile()}), {"alerts@example.org", "anna@example.org", {}});
  const std::string head = letter.substr(0, letter.find("\r\n\r\n"));
  CHECK(head.find("\r\nBcc") == std::string::npos);
  CHECK(head.find('\x1b') == std::string::npos);
  CHECK(head.find("Subject: =?UTF-8?B?") != std::string::npos);  // what looks encoded is encoded once more
  const std::string page = part(letter, "text/html");
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("&lt;script&gt;") != std::string::npos);
  CHECK(page.find("<b>this") == std::string::npos);
  CHECK(part(letter, "text/plain").find("\xE2\x80\xAE") == std::string::npos);
  News accents = news_of(7);
  accents.title = std::string(60, 'x') + "\xC3\xA9\xC3\xA9\xC3\xA9 caf\xC3\xA9";
  const std::string encoded = mail(message_of({accents}), {"a@example.org", "b@example.org", {}});
  std::string subject = encoded.substr(encoded.find("Subject: ") + 9);
  subject = subject.substr(0, subject.find("\r\nMessage-ID"));
  std::string whole;
  for (std::size_t from = 0; (from = subject.find("=?UTF-8?B?", from)) != subject.npos; ++from) {
    const std::size_t end = subject.find("?=", from + 10);
    CHECK(end + 2 - from <= 75);
    whole += decoded(subject.substr(from + 10, end - from - 10));
  }
  CHECK(whole == "High: " + accents.title + " - shop");
}

TEST_CASE("a_webhooks_body_has_a_type_a_time_and_the_data") {
  News news = hostile();
  news.kind = Kind::level_rose;
  const auto json = parsed(webhook(message_of({news})));
  CHECK(at(json, "/type") == "alert.level_rose");
  CHECK(at(json, "/timestamp") == "2026-03-22T20:34:39Z");
  CHECK(at(json, "/data/alert_id") == "7");
  CHECK(at(json, "/data/severity") == "high");
  CHECK(at(json, "/data/site/token") == "ent_shop");
  CHECK(at(json, "/data/evidence/auth.login_failed") == "214");
  CHECK(at(json, "/data/resolved_at") == "null");
  CHECK(at(json, "/data/url") == "https://gateway.example.org/alerts/7");
  CHECK(at(json, "/data/title").find("\\u{202") != std::string::npos);
  CHECK(at(json, "/data/target").find("\\u{202") != std::string::npos);
  News test;
  test.kind = Kind::test;
  test.title = "from anna";
  CHECK(at(parsed(webhook(message_of({test}))), "/type") == "channel.test");
}

TEST_CASE("a_message_says_who_it_was_what_was_acted_upon_and_how_that_ended") {
  News news = news_of(7);
  news.who = {"ip_8390373f", "root", "/admin", 200, store::Who::Outcome::answered};
  const auto blocks = parsed(slack(message_of({news})));
  CHECK(at(blocks, "/blocks/1/fields/7/text") == "Who: ip_8390373f as root");
  CHECK(at(blocks, "/blocks/1/fields/8/text") == "Target: /admin");
  CHECK(at(blocks, "/blocks/1/fields/9/text") == "Outcome: answered 200");
  CHECK(at(blocks, "/blocks/2/fields/0/text") == "Rule: SIGNAL_LOGIN_FAILURES");
  CHECK(at(blocks, "/blocks/2/fields/1/text") == "Alert: 7");
  const std::string card = teams(message_of({news}));
  CHECK(card.find("ip_8390373f as root") != std::string::npos);
  const std::string letter = mail(message_of({news}), {"alerts@example.org", "anna@example.org", {}});
  CHECK(part(letter, "text/plain").find("Who: ip_8390373f as root\r\n") != std::string::npos);
  CHECK(part(letter, "text/html").find("<td>answered 200</td>") != std::string::npos);
  CHECK(slack(message_of({news, news_of(8)})).find("Who: ip_8390373f as root") != std::string::npos);
  const auto body = parsed(webhook(message_of({news})));
  CHECK(at(body, "/data/actor/address") == "ip_8390373f");
  CHECK(at(body, "/data/actor/account") == "root");
  CHECK(at(body, "/data/target") == "/admin");
  CHECK(at(body, "/data/status") == "200");
  CHECK(at(body, "/data/outcome") == "answered");
  // What the alert is about is not said twice, and what nobody knows not at all.
  news.who = {"ip_8390373f", "", "", 0, store::Who::Outcome::unknown};
  CHECK(slack(message_of({news})).find("Who: ") == std::string::npos);
  const auto unknown = parsed(webhook(message_of({news_of(7)})));
  for (const char* const name : {"/data/actor/address", "/data/target", "/data/status", "/data/outcome"})
    CHECK(at(unknown, name) == "null");
  // A row of an earlier version says nothing of it.
  CHECK(news_from(R"({"kind":"opened","alert":7})").value().who.empty());
}

TEST_CASE("ten_alerts_at_the_most_the_worst_first_and_how_many_there_are_besides") {
  std::vector<News> many;
  for (int i = 1; i <= 25; ++i) many.push_back(news_of(i, i == 20 ? Level::critical : i % 2 ? Level::medium : Level::high));
  const Message message = message_of(many);
  CHECK(message.alerts.size() == 10);
  CHECK(message.all == 25);
  CHECK(message.alerts[0].alert == 20);
  CHECK(message.headline() == "25 alerts on shop, the worst critical");
  const auto json = parsed(slack(message));
  CHECK(at(json, "/blocks/11/text/text") == "and 15 more");
  CHECK(at(json, "/blocks/11/accessory/url") == "https://gateway.example.org/alerts");
  CHECK(message_of(many, "digest").headline() == "Digest: 25 alerts on shop, the worst critical");
  CHECK(message_of(many, "storm").headline() == "Storm: 25 alerts opened on shop, 25 of them SIGNAL_LOGIN_FAILURES");
}

TEST_CASE("several_news_of_one_alert_are_one_alert_and_it_opened") {
  News rose = news_of(7, Level::critical, Kind::level_rose), end = news_of(7, Level::critical, Kind::resolved);
  end.resolved_at = kNow + 420;
  end.opened_at = 0;
  const Message message = message_of({news_of(7), rose, end});
  CHECK(message.all == 1);
  CHECK(message.headline() == "Resolved meanwhile (Critical): Brute force of logins - shop");
  const auto known = facts(message.alerts[0], message);
  CHECK(std::count_if(known.begin(), known.end(), [](const auto& one) {
          return one.second == "opened 22 Mar 2026, 21:33 CET (UTC+01:00), resolved 22 Mar 2026, 21:41 CET (UTC+01:00)";
        }) == 1);
  CHECK(actions(message.alerts[0], message).size() == 1);  // there is nothing to snooze any more
}

TEST_CASE("without_an_address_of_its_own_a_message_has_no_links") {
  Message message = message_of({news_of(7)});
  message.links = {};
  CHECK(slack(message).find("http") == std::string::npos);
  CHECK(parsed(teams(message))["attachments"][0]["content"]["actions"].Empty());
  message = message_of({news_of(7)});
  message.links_snooze = false;
  CHECK(actions(message.alerts[0], message).size() == 2);
}

TEST_CASE("texts_are_cut_at_characters_and_times_name_their_zone") {
  CHECK(cut("abcdef", 6) == "abcdef");
  CHECK(cut("abcdefg", 6) == "abc\xE2\x80\xA6");
  CHECK(cut("\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4", 6) == "\xC3\xA4\xE2\x80\xA6");
  CHECK(plain("a\r\nb\tc", 100) == "a  b c");
  CHECK(time_words(0, *parse::Zone::utc()) == "1 Jan 1970, 00:00 UTC");
  CHECK(time_words(1'774'211'679, *parse::Zone::named("Asia/Kathmandu").value()) == "23 Mar 2026, 02:19 UTC+05:45");
  CHECK(time_words(1'774'211'679, *parse::Zone::named("America/New_York").value()) == "22 Mar 2026, 16:34 EDT (UTC-04:00)");
}

TEST_CASE("a_messages_id_follows_from_where_it_goes_and_its_first_row_and_cannot_be_guessed") {
  store::OutboxRow row;
  row.channel = 1;
  row.dedupe = "7:opened:1:1:";
  const std::string id = message_id("key", row);
  CHECK(id.size() == 32);
  CHECK(message_id("key", row) == id);
  CHECK(message_id("other", row) != id);
  row.target = "a@example.org";
  CHECK(message_id("key", row) != id);
}

TEST_CASE("a_channel_shows_four_characters_of_what_is_secret_and_is_checked_strictly") {
  const ChannelOptions chat{.kind = ChannelKind::slack}, program{.kind = ChannelKind::webhook};
  Secrets secrets;
  secrets.url = "https://hooks.example.org/services/T00/B00/abcdefgh1234";
  CHECK(shown(chat, secrets) == "hooks.example.org …1234");
  CHECK(check(chat, secrets).ok());
  secrets.signing = "whsec_MDEyMzQ1Njc4OWFiY2RlZg==";
  CHECK(shown(program, secrets) == "hooks.example.org …1234, signed …Zg==");
  CHECK(check(program, secrets).ok());
  const auto refused = [&](const std::string& url) {
    Secrets one;
    one.url = url;
    const auto checked = check(chat, one);
    return checked.ok() ? std::string("taken") : checked.error().message;
  };
  CHECK(refused("http://hooks.example.org/x").find("use https://") != std::string::npos);
  CHECK(refused("http://127.0.0.1:8080/x") == "taken");
  CHECK(refused("http://localhost/x") == "taken");
  CHECK(refused("https://user:geheim@hooks.example.org/x").find("geheim") == std::string::npos);
  CHECK(refused("https://user:geheim@hooks.example.org/x").find("leave them out") != std::string::npos);
  CHECK(refused("ftp://hooks.example.org").find("https://") != std::string::npos);
  CHECK(refused("https://a\r\nb").find("cannot be read as an address") != std::string::npos);
  CHECK(refused("https://" + std::string(3000, 'a')).find("2000 bytes") != std::string::npos);
  secrets.signing = "guessable";
  CHECK(check(program, secrets).error().message.find("whsec_") != std::string::npos);
  ChannelOptions mail{.kind = ChannelKind::email, .host = "mail.example.org", .from = "a@example.org"};
  mail.receivers = {{"b@example.org"}};
  Secrets password;
  CHECK(check(mail, password).ok());
  password.password = "short";
  CHECK(check(mail, password).error().message.find("needs a user") != std::string::npos);
  mail.user = "a";
  CHECK(shown(mail, password) == "mail.example.org:587 …");
  for (const char* const bad :
       {"x", "a@b\r\nRCPT TO:<c@d>", "a b@example.org", "<a@example.org>", "-f@example.org", "a@", "@b", ""}) {
    mail.receivers = {{bad}};
    CHECK_FALSE(check(mail, {}).ok());
  }
  CHECK(check_name("ops").ok());
  for (const std::string& bad :
       {std::string(), std::string(65, 'x'), std::string("a\nb"), std::string(" a"), std::string("\xE2\x80\xAE")})
    CHECK_FALSE(check_name(bad).ok());
  CHECK(signing_key(make_signing_secret().value()).value().size() == 24);
  store::Channel stored;
  stored.id = 3;
  stored.name = "ops";
  stored.sealed = seal(seal_for_tests(), secrets, 3).value();
  CHECK(unseal(seal_for_tests(), stored)->url == secrets.url);
  stored.id = 4;
  CHECK(unseal(seal_for_tests(), stored).error().message.find("enter the secret again") != std::string::npos);
}
