// Episodes: findings of one rule and one actor that lie close together in time are one thing that happened, told once, with how often,
// since when, and how it ended. In the signals of sites the store makes them, by the group of a window (FindingStore::record), and one
// such finding is an episode already; those of logs are put together here, for whoever shows them: a scan, its JSON, reports, lists.
//
// The actor is the address, or the account where there is no address. Findings that name nobody are of their source. Findings may come in
// any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/json_text.hpp"
#include "core/severity.hpp"
#include "store/finding_store.hpp"
#include "store/who.hpp"

namespace logystera::store {

/// A finding that is further away than this from an episode's first and last begins another one.
inline constexpr std::int64_t kEpisodeGapSeconds = 3600;

struct Episode {
  std::string rule, title;
  Level level = Level::low;
  /// Address, account and target are the newest finding's; status and outcome those of the one that got furthest.
  Who who;
  std::string site;    // its token; empty: found in a log
  std::string source;  // source, line and message are the newest finding's
  std::uint64_t line = 0;
  std::string message;
  std::uint64_t findings = 0;
  std::uint64_t hits = 0;                      // events the findings counted
  std::int64_t first_time = 0, last_time = 0;  // unix seconds
  bool time_known = true;                      // false: of findings without a time, and both times are 0
  std::uint64_t targets = 0;                   // different ones; at least so many where there were too many to remember
  std::uint64_t accounts = 0;                  // likewise
  std::uint64_t rules = 1;                     // more than one: probes of many kinds, put together as a scanner's
  bool logged_in_afterwards = false;           // an address whose logins failed got in, within kEpisodeSeconds
};

/// "answered 404", "logged in afterwards", or empty.
std::string outcome_words(const Episode& episode);

/// {"rule":…,"title":…,"severity":…,"actor":…, …}
void append_episode(JsonText& json, const Episode& episode);

inline constexpr std::string_view kScannerRule = "SCANNER", kScannerTitle = "Scanner";

class Episodes {
 public:
  /// Beyond these what is added is counted and left out, or not told apart.
  static constexpr std::size_t kEpisodesMost = 20'000;
  static constexpr std::size_t kRememberedMost = 200'000;  // targets and accounts of all episodes
  static constexpr std::size_t kLoginsMost = 10'000;

  /// `time_known`: false where the finding has no time of its own.
  void add(const Finding& finding, bool time_known = true);
  /// The same of a probe nothing came of: those of one actor are one episode, of rule kScannerRule, whatever they looked for.
  void add_probe(Finding finding, bool time_known = true);
  /// A login that no finding tells of; of addresses without an episode it is forgotten at once.
  void add_login(std::string_view address, std::int64_t time);
  /// Failed logins that no finding tells of one by one: a rule that counts them fires at its threshold and is quiet for a while.
  void add_attempts(std::string_view address, std::int64_t time, std::uint64_t count);
  /// Whether add_login() and add_attempts() have an episode to put one from there to.
  bool awaits_login(std::string_view address) const { return by_address_.find(std::string(address)) != by_address_.end(); }

  /// The most severe first, then what got furthest, then the newest. Nothing is left behind.
  std::vector<Episode> take();

  bool empty() const noexcept { return open_.empty(); }
  /// Findings of episodes beyond kEpisodesMost.
  std::uint64_t left_out() const noexcept { return left_out_; }

 private:
  struct Address {
    std::vector<std::int64_t> logins;
    std::size_t open = 0;  // its newest episode, in open_
  };
  struct Open {
    Episode episode;
    bool login_failed = false;
    std::int64_t fired = 0;      // when the first of its findings did
    std::uint64_t fired_of = 0;  // and how many events that had counted
    std::uint64_t attempts = 0;  // after it
    std::int64_t newest = INT64_MIN;
    std::unordered_set<std::uint64_t> targets, accounts, rules;  // hashes
  };

  std::size_t* place_of(std::vector<std::size_t>& places, std::int64_t first, std::int64_t last, bool time_known);
  Open* take_in(const Finding& finding, bool time_known);
  void remember(std::unordered_set<std::uint64_t>& values, std::string_view text);

  std::vector<Open> open_;
  std::unordered_map<std::string, std::vector<std::size_t>>
      by_key_;  // rule, site and actor → places in open_, by time of their making
  std::unordered_map<std::string, Address> by_address_;  // whose logins failed
  std::size_t remembered_ = 0, logins_ = 0;
  std::uint64_t left_out_ = 0;
};

/// How far somebody got, to compare: 0 for an unknown outcome, the most for a login.
int reach(Who::Outcome outcome) noexcept;

}  // namespace logystera::store
