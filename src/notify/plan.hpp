// Which messages a piece of news makes: to whom, together with what, and when. Pure: what it needs to know of the messages before it is
// asked of Past, and what follows is a Plan, which tell() carries out.
//
// At once means: after kWait, so that what comes together is told together, and not within kApart of the last message of the same
// channel and site; after kCriticalWait and whenever for what is critical. What quiet hours hold back, a route's daily digest and the
// news from the past come as a digest. A channel that has not been told of an alert yet is told it as it is by then, its end included;
// the end alone is told where something of the alert has arrived.
//
// A storm, of a route: more than kStormOpenings open within kStormSeconds. From then on openings come together, every kStormApart, until
// fewer than kCalmOpenings opened within kCalmSeconds. Programs (webhooks) are told each thing by itself, and know no storms.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "notify/channel.hpp"
#include "notify/news.hpp"
#include "notify/route.hpp"
#include "store/outbox_store.hpp"
#include "store/store.hpp"

namespace logystera::notify {

inline constexpr std::int64_t kWait = 15, kCriticalWait = 2, kApart = 5 * 60;
inline constexpr std::uint64_t kStormOpenings = 50, kCalmOpenings = 10;
inline constexpr std::int64_t kStormSeconds = 5 * 60, kCalmSeconds = 15 * 60, kStormApart = 15 * 60;
inline constexpr std::string_view kDigestBundle = "digest", kStormBundle = "storm", kEscalationBundle = "escalation";

/// A channel as planning sees it.
struct Addressee {
  std::int64_t id = 0;
  ChannelKind kind = ChannelKind::slack;
  std::vector<std::string> targets;  // receivers of mail; of others one, which is empty
};
/// Those that are told: not the ones a person has switched off. One the program has switched off is among them, since what comes
/// meanwhile may still go within the day.
Result<std::vector<Addressee>> addressees(const std::vector<store::Channel>& channels);

/// What is due for a receiver of mail the channel has no longer is discarded, for one that is off it is buried. False: it has such a receiver.
Result<bool> give_up_gone(store::Store& store, std::int64_t channel, const ChannelOptions& options, std::string_view target,
                          std::int64_t now);

/// What went before.
class Past {
 public:
  virtual ~Past() = default;
  /// All messages about the alert.
  virtual const std::vector<store::OutboxRow>& of_alert() = 0;
  virtual store::OutboxGroupState group(const store::OutboxGroup& group) = 0;
  virtual std::uint64_t openings(const std::string& route, std::int64_t since) = 0;
  virtual std::int64_t last_storm(const std::string& route) = 0;
};

struct Plan {
  std::vector<store::OutboxRow> add;
  std::vector<store::OutboxRow> rewrite;  // rows that were not tried yet
  /// Groups whose openings that wait become part of the storm, and when that is told.
  std::vector<std::pair<store::OutboxGroup, std::int64_t>> storms;
};

Plan plan(const News& news, const std::vector<Route>& routes, const std::vector<Addressee>& addressees, Past& past,
          std::int64_t now);

/// Plans and queues, in the transaction of `stores` where it is one. How many messages it made or changed.
Result<std::size_t> tell(store::Stores& stores, const News& news, std::int64_t now);

/// Somebody deals with the alert (acknowledged, snoozed), or it is folded under another (`all`): what has not gone yet about it is
/// withdrawn, of `all` news or of repeats and escalations alone. How many messages.
Result<std::uint64_t> hush(store::Stores& stores, std::int64_t alert, std::string_view reason, bool all = false);

}  // namespace logystera::notify
