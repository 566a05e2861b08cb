// Which alerts go to which channels, and when: an ordered list of which the first that matches decides, unless it says to go on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/severity.hpp"
#include "notify/news.hpp"
#include "parse/zone.hpp"
#include "store/channel_store.hpp"
#include "store/route_store.hpp"

namespace logystera::notify {

inline constexpr std::size_t kStepsMost = 3, kNameBytes = 64, kRouteListMost = 100;
inline constexpr std::int64_t kStepMinutesMost = 7 * 24 * 60;
inline constexpr int kDayMinutes = 24 * 60;

struct Quiet {
  int from = 0, to = 0;  // minutes of the day in the route's zone; `to` may be before `from`: over midnight
};
/// Further channels, when nobody has acknowledged it so long after it opened.
struct Step {
  std::int64_t after_minutes = 0;
  std::vector<std::int64_t> channels;
};

struct Route {
  std::string name;                // unique; findings keep it, so that the end of an alert goes where its opening went
  std::vector<std::string> sites;  // tokens; empty: all of them, and what belongs to none
  Level least = Level::low;
  std::vector<std::string> tags;  // one of them; empty: whatever it has
  std::vector<std::int64_t> channels;
  bool every_channel = false;       // in the place of `channels`
  bool go_on = false;               // the routes behind it are looked at too
  bool resolved = false;            // the end of what has happened is told as well, not only of what was so
  std::string zone = {};            // of quiet hours and digests, "Europe/Berlin"; empty: UTC
  std::optional<Quiet> quiet = {};  // what comes then and is less than critical waits for their end
  std::optional<int> digest = {};   // everything waits for that minute of the day
  std::vector<Step> steps = {};

  bool matches(const News& news) const;
  std::shared_ptr<const parse::Zone> clock() const;
  /// When quiet hours that hold now are over; nothing: they do not hold, or the news is critical.
  std::optional<std::int64_t> quiet_until(Level level, std::int64_t now) const;
};

/// When the zone's clock shows that minute of the day next, after `now`.
std::int64_t next_time(const parse::Zone& zone, int minute, std::int64_t now);

/// As the API has it.
std::string to_json(const Route& route);
/// The error names the member and what it may be. Whether the zone is known is not looked at: see check_zone().
Result<Route> route_from(std::string_view json);
/// A zone that is not known here is not to be written: clock() shows UTC for it.
Result<Done> check_zone(const Route& route);
/// What is wrong with all of them together: a name twice, a channel there is not, a zone. `channels`: those there are. Zones that are
/// stored already, in `stored`, may stay: a newer time zone database may have lost them.
Result<Done> check(const std::vector<Route>& routes, const std::vector<std::int64_t>& channels,
                   const std::vector<Route>& stored = {});

/// Where nobody has chosen: what is high or worse to every channel at once, what is medium each morning.
std::vector<Route> default_routes();
/// Those that are stored, else the default ones.
Result<std::vector<Route>> load_routes(store::RouteStore& store);

/// Channels by their names; "channel 7" where there is none of that number any more.
std::string channel_name(std::int64_t id, const std::vector<store::Channel>& all);
std::string channel_names(const std::vector<std::int64_t>& ids, const std::vector<store::Channel>& all);
/// "ops, night", "every channel", "nobody".
std::string whom_words(const Route& route, const std::vector<store::Channel>& all);
/// "at once; quiet from 22:00 to 07:00 Europe/Berlin; after 30 min unacknowledged: night".
std::string when_words(const Route& route, const std::vector<store::Channel>& all);

/// "08:00", of 480.
std::string minute_words(int minute);
std::optional<int> minute_from(std::string_view words) noexcept;

}  // namespace logystera::notify
