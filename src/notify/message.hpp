// A message: the news it speaks of, put in the form a channel takes. What the same rows of the outbox make is the same message, whoever
// makes it and however often.
//
//   slack()    blocks of an incoming webhook     https://docs.slack.dev/reference/block-kit/blocks: 50 blocks, 3,000 characters of a text
//   teams()    an Adaptive Card 1.4 for a Workflows webhook, at most 24 KiB of the 28 KB a message may have
//   mail()     RFC 5322, text and HTML; one thread an alert
//   webhook()  JSON as Standard Webhooks 1.0.0 recommends: type, timestamp, data
//
// Texts of strangers stay texts in each of them (words.hpp). Times are in the channel's zone, which is named.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "notify/channel.hpp"
#include "notify/news.hpp"
#include "parse/zone.hpp"
#include "store/outbox_store.hpp"

namespace logystera::notify {

inline constexpr std::size_t kAlertsOfMessage = 10, kSlackBlocksMost = 20, kTeamsBytes = 24 * 1024;

/// Where links in messages lead.
struct Links {
  std::string base = {};  // "https://gateway.example.org"; empty: there are no links
  /// The path of a link that snoozes an alert for "1h", "4h" or "24h" without signing in; null: there are none.
  std::function<std::string(std::int64_t alert, std::string_view duration, std::int64_t channel, std::int64_t now)> snooze =
      {};
};

struct Message {
  std::string id;      // 32 hex digits, the same at each attempt
  std::string bundle;  // "", "digest", "storm", "escalation"
  std::int64_t channel = 0;
  std::string channel_name;
  std::vector<News> alerts;    // the worst first, at most kAlertsOfMessage; each alert once
  std::size_t all = 0;         // how many there are
  std::string most_rule = {};  // of a storm: the rule most of them are of, and how many
  std::size_t of_most_rule = 0;
  std::int64_t now = 0;
  std::shared_ptr<const parse::Zone> zone = parse::Zone::utc();
  bool links_snooze = true;
  Links links = {};

  std::string headline() const;
};

/// `id` of a message, by where it goes and the first of its rows. `key`: nobody who knows one id knows another.
std::string message_id(std::string_view key, const store::OutboxRow& first);
/// Puts a batch together. Error: what a row says cannot be read.
Result<Message> compose(const store::OutboxBatch& batch, std::string id, const store::Channel& channel,
                        const ChannelOptions& options, const Links& links, std::int64_t now);

/// A line of what is known of an alert, for people: "Hits", "214, 12 of them new".
std::vector<std::pair<std::string, std::string>> facts(const News& news, const Message& message);
/// What can be done, with where it leads: "Open", "Acknowledge", "Snooze 1 h", …
std::vector<std::pair<std::string, std::string>> actions(const News& news, const Message& message);
/// "High: brute force of logins".
std::string title_words(const News& news);

std::string slack(const Message& message);
std::string teams(const Message& message);
std::string webhook(const Message& message);

/// Header and body, with CR LF. `thread`: ids of messages this one follows.
struct MailParts {
  std::string from, to;
  std::vector<std::string> thread = {};
};
std::string mail(const Message& message, const MailParts& parts);

}  // namespace logystera::notify
