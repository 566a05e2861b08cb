// What a gateway says of itself: figures of a moment in, signs that something is wrong out, and alerts of no site (alert/gateway.hpp)
// in the transaction of whoever calls. No thread, no clock, no file: who collects the figures is elsewhere (app/self_watch.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hmac.hpp"
#include "core/result.hpp"
#include "core/severity.hpp"
#include "processor/raise.hpp"
#include "store/store.hpp"

namespace logystera::processor {

/// Where something is wrong. 0 switches a watch off.
struct WatchLimits {
  std::int64_t lag_seconds = 60;             // of detection
  std::int64_t outbox_seconds = 10 * 60;     // a message that is due
  std::int64_t channel_seconds = 24 * 3600;  // a channel without success though messages wait
  std::int64_t disk_free_percent = 10;
  std::int64_t disk_free_bytes = std::int64_t{1} << 30;
  std::int64_t site_clock_seconds = 120;
  std::int64_t clock_jump_seconds = 60;
};

/// Figures of one moment. Those that only grow count from the start of the process.
struct Vitals {
  std::int64_t now = 0;      // unix seconds
  std::int64_t elapsed = 0;  // seconds of a clock that nobody sets
  // Detection.
  bool detects = false;
  std::int64_t lag_seconds = 0;
  std::string problem;  // why it stands still
  std::uint64_t overflows = 0, forgotten = 0;
  std::vector<store::Unevaluated> unevaluated;                        // the newest first
  std::vector<std::pair<std::string, std::string>> damaged_settings;  // sites, by token, and what of their settings
  // Rules.
  std::string no_rules, reload_refused;  // why
  std::uint64_t rules_refused = 0;
  std::string first_refused;
  // Messages.
  struct Channel {
    std::int64_t id = 0;
    std::string name, off_reason;
    bool enabled = true;
    std::int64_t created_at = 0, last_sent_at = 0;
    std::uint64_t waiting = 0, dead = 0;
    std::int64_t oldest_waiting = 0;
  };
  std::vector<Channel> channels;
  std::uint64_t untold = 0;  // happenings whose messages could not be planned
  std::string untold_reason;
  // Storage.
  struct Disk {
    std::uint64_t free = 0, size = 0;  // bytes
  };
  std::optional<Disk> disk;
  std::string removal_problem;
  std::uint64_t store_failures = 0;  // batches answered 503
  // Clocks.
  struct SiteClock {
    std::string site, name;
    std::int64_t ahead = 0;  // seconds
    bool refused = false;    // its last batch was, for that
  };
  std::vector<SiteClock> clocks;
  std::map<std::string, std::string> site_names;  // by token
};

/// That something is wrong.
struct Sign {
  std::string rule;
  Level level = Level::medium;
  std::string key, label;  // of several: which, and how people call it
  std::string words;       // the figures: "75 s behind"
  std::uint64_t hits = 1;
  std::int64_t at = 0;  // of an episode: when it happened, unix seconds

  friend bool operator==(const Sign&, const Sign&) = default;
};

/// Remembers what it needs from look to look. One thread uses it.
class SelfWatch {
 public:
  static constexpr std::int64_t kHeldSeconds = 60;       // a condition seen is one for so long, so that it does not flicker
  static constexpr std::int64_t kSustainedSeconds = 15;  // a lag below is that of a start

  explicit SelfWatch(WatchLimits limits) : limits_(limits) {}
  /// What holds, and what has happened and is not recorded yet.
  std::vector<Sign> look(const Vitals& vitals);
  /// What the last look gave is stored.
  void recorded() noexcept { events_.clear(); }

 private:
  struct Held {
    Sign sign;
    std::int64_t seen = 0;  // elapsed
  };
  void look_at_detection(const Vitals& vitals);
  void look_at_messages(const Vitals& vitals);
  void look_at_storage(const Vitals& vitals);
  void look_at_clocks(const Vitals& vitals);
  void holds(const Vitals& vitals, std::string_view rule, std::string words, std::string key = {}, std::string label = {},
             std::optional<Level> level = {});
  void happened(std::string_view rule, std::int64_t at, std::uint64_t hits, std::string words, std::string key = {},
                std::string label = {});

  WatchLimits limits_;
  std::map<std::string, Held> held_;
  std::vector<Sign> events_;
  std::optional<Vitals> before_;
  std::optional<std::int64_t> behind_since_;  // elapsed
};

/// Whether record() has anything to do.
Result<bool> has_news(store::Stores& stores, std::span<const Sign> signs, const HmacKey& identity, std::int64_t now);
/// Makes alerts of signs and clears those whose condition is not among them, in the transaction of `stores`; gives what is to be told.
Result<std::vector<alert::Tell>> record(store::Stores& stores, std::span<const Sign> signs, const HmacKey& identity,
                                        std::int64_t now);

}  // namespace logystera::processor
