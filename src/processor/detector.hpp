// Signals in, findings out: what rules say of the events sites have sent, in the order in which they arrived.
//
// Every site has windows of its own, counted by its own clock: the newest event time seen, where an event's time is what its sender
// said but never later than its arrival, so that a sender's clock that runs ahead moves nothing. A window is asked about an event only
// if that is no further behind the site's clock than the window's span. What is further behind is late: it would look like a burst, or
// make the window start over, so it is noted as a range, and once the late run has ended the range is read again from the store, in the
// order of time, with windows made for it alone. Both depend on nothing but the events and their order of arrival, never on how they
// were cut into steps, and so does everything found.
//
// A restart goes on from the state each site's windows were saved in and feeds the events since then without effects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/program.hpp"
#include "core/result.hpp"
#include "processor/anomalies.hpp"
#include "processor/metering.hpp"
#include "store/site_settings.hpp"
#include "store/store.hpp"

namespace logystera::processor {

/// An event, and where it stands. The views live as long as the call they are handed to.
struct Input {
  std::uint64_t seq = 0;
  std::string_view site, name;  // the site's token and name
  std::int64_t created_at = 0, received_at = 0;
  std::string_view line;
};

/// Something to record (store::FindingStore::record).
struct Found {
  store::Finding finding;
  std::vector<std::string> tags;       // the rule's
  std::optional<std::int64_t> within;  // seconds, of an episode
  bool again = false;                  // by looking at late events once more
  std::uint64_t seq = 0;               // of the event that made it so
  bool clears = false;                 // nothing was found: a condition of that rule, site and group is over
  std::vector<std::string> members;    // ids of the rules a window put together
};

/// What rules with `seen:` have newly seen of a site.
struct NewlySeen {
  std::string site;
  std::vector<store::SeenValue> values;
};

/// What follows from a run of events; to be stored together with their position, or not at all.
struct Effects {
  std::vector<Found> found;
  std::vector<store::SiteWindows> windows;
  std::vector<std::string> forgotten_sites;  // whose windows are no more
  std::vector<store::Unevaluated> unevaluated;
  std::vector<NewlySeen> seen;
  std::vector<store::MetricDelta> metrics;  // take_metrics() alone adds to these
  std::vector<store::MetricLeftOutCount> left_out;
  std::vector<UsualState> usual;  // likewise

  bool empty() const noexcept {
    return found.empty() && windows.empty() && forgotten_sites.empty() && unevaluated.empty() && seen.empty() &&
           metrics.empty() && left_out.empty() && usual.empty();
  }
};

/// Sites, by token.
struct SitesAway {
  std::set<std::string, std::less<>> resting;  // that may not send: nothing of them is missed
  std::set<std::string, std::less<>> gone;     // of those, the revoked ones, which never come back
};

struct DetectorOptions {
  std::string key;                // of the hashes of groups; the same in every run
  std::size_t cells = 1'000'000;  // of all sites' windows together; each has an even share, and 4,096 at least
  /// Events of a site with `since` <= created_at <= `until` and seq <= `through`, in any order, until `each` says false.
  std::function<Result<Done>(std::string_view site, std::int64_t since, std::int64_t until, std::uint64_t through,
                             const std::function<bool(const Input&)>& each)>
      read;
  /// What rules with `seen:` know of a site, as it is stored. Null: nothing, and they learn anew.
  std::function<Result<std::vector<store::SeenValue>>(std::string_view site)> seen = {};
  /// Sites that are disabled or revoked. Null: none.
  std::function<Result<SitesAway>()> may_not_send = {};
  /// What was said of a site: its zone and administrative roles. Null: nothing of any.
  std::function<Result<store::SiteSettings>(std::string_view site)> site_settings = {};
  /// Where the program's metrics go on; nothing: none are counted.
  std::optional<MeteringOptions> metering = {};
  /// Where what is usual for sites' metrics goes on, with `through` as in `metering`; nothing: none is judged.
  std::optional<Anomalies::Options> anomalies = {};
};

struct DetectorStats {
  std::size_t sites = 0, sites_with_windows = 0;
  std::uint64_t late = 0, reevaluated = 0;  // events
  std::uint64_t forgotten = 0;              // groups of windows, for want of memory
  /// Sites, by token, and what of their settings cannot be understood: detection goes on without it. The first hundred.
  std::vector<std::pair<std::string, std::string>> damaged_settings = {};
};

/// One thread uses it.
class Detector {
 public:
  static constexpr std::size_t kReevaluatedEvents = 200'000;  // of one range, at most
  static constexpr std::size_t kReevaluatedBytes = 64 * 1024 * 1024;

  Detector(std::shared_ptr<const analysis::Program> program, DetectorOptions options);
  ~Detector();

  /// Events with ascending seq. What is in `effects` already stays.
  Result<Done> process(std::span<const Input> events, Effects& effects);
  /// What happens since time passes: late ranges of sites that are quiet, windows judged at their end and, if asked, events that stay
  /// away: only somebody who has heard of all that was sent may ask. `now`: unix seconds.
  Result<Done> tick(std::int64_t now, Effects& effects, bool judge_absences = false);
  /// What was said of sites may have changed: it is asked for again with the next event of each.
  void forget_settings();
  /// Adds what rules with `seen:` have seen since the last call.
  void take_seen(Effects& effects);
  /// Adds what has been counted into metrics since the last call: to be stored with the sequence of the last event processed.
  void take_metrics(Effects& effects);
  /// Whether there is something for it.
  bool has_metrics() const noexcept;

  /// Goes on from what was saved. False: of other rules, and the site's windows are empty and have to be fed.
  bool restore(const store::SiteWindows& saved);
  /// Feeds without effects, but for metrics. Events a site's windows have seen are left out of them, as are those up to
  /// `windows_after`; those up to MeteringOptions::through are left out of metrics.
  Result<Done> warm(std::span<const Input> events, std::uint64_t windows_after = 0);
  /// A window is known to have fired: it does not at once again.
  void seed(const store::Finding& finding);

  /// The first event that only the windows in memory have seen; 0: there is none.
  std::uint64_t first_unsaved() const;
  /// Adds the state of those sites whose first unsaved event is at most `through`, the oldest first, up to about `bytes`.
  void save(std::uint64_t through, std::size_t bytes, Effects& effects);

  /// Seconds a window looks back, at most.
  std::int64_t longest_span() const noexcept;
  DetectorStats stats() const;
  const std::shared_ptr<const analysis::Program>& program() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logystera::processor
