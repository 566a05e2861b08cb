// Episodes: findings of one rule and one actor that lie close together in time are one thing that happened, told once, with how often,
// since when, and how it ended. In the signals of sites the store makes them, by the group of a window (FindingStore::record), and one
// such finding is an episode already; those of logs are put together here, for whoever shows them: a scan, its JSON, reports, lists.
//
// The actor is the address, or the account where there is no address. Findings that name nobody are of their source. Findings and logins may
// come in any order, so a scan, which has them in the order of its log, and a list of what is stored, the newest first, tell the same: what a
// finding's own row does not say because it happened afterwards is written to it when a scan ends (FindingStore::grow).
//
// A site may answer every request with one page: an application of one page does, and so do servers whose error page says 200. Probes of
// many kinds that one actor sent and that were all answered with a body of one size say nothing of the files they asked for. They are one
// scanner's episode of medium severity, which names that size; an answer of another size stays what its rule makes of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/json_text.hpp"
#include "core/severity.hpp"
#include "store/finding_store.hpp"
#include "store/runs.hpp"
#include "store/who.hpp"

namespace logystera::store {

/// A finding that is further away than this from an episode's first and last begins another one.
inline constexpr std::int64_t kEpisodeGapSeconds = 3600;
/// So many failed logins, and one that succeeds no later than kEpisodeGapSeconds after them, are a break-in: the episode is critical.
inline constexpr std::uint64_t kGuessesLeast = 20;
/// So many within kEpisodeSeconds before a login of the same address are one as well, however slow they were and whatever rule saw them.
inline constexpr std::uint64_t kSlowGuessesLeast = 50;

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
  bool accounts_known = false;                 // `accounts` is how many there are
  std::string mostly;                   // the account at least half of the attempts were for; empty: none, or unknown
  std::uint64_t rules = 1;              // more than one: probes of many kinds, put together as a scanner's
  bool logged_in_afterwards = false;    // an address whose logins failed got in, within kEpisodeSeconds
  std::int64_t login_time = 0;          // when it did so first
  bool raised = false;                  // critical by the login that followed, not by its rule
  std::uint64_t same_answer_bytes = 0;  // a scanner's probes all got bodies of this size; 0: they did not

  /// What there is to write to rows of its findings, so that the rows of all say as much as a scan does. Of a log's alone.
  std::vector<Growth> growths;
};

/// "answered 404", "logged in afterwards", or empty.
std::string outcome_words(const Episode& episode);
/// "ip_8390373f as root"; of an address that tried many, "ip_8390373f, 201 accounts, mostly root".
std::string actor_words(const Episode& episode);

/// How often: a login is one however many attempts led to it.
std::uint64_t times_of(const Episode& episode) noexcept;

/// The finding of an episode of rule kGuessedRule, which no rule makes.
Finding guessed_finding_of(const Episode& episode);

/// {"rule":…,"title":…,"severity":…,"actor":…, …}
void append_episode(JsonText& json, const Episode& episode);

inline constexpr std::string_view kScannerRule = "SCANNER", kScannerTitle = "Scanner";
inline constexpr std::string_view kGuessedRule = "LOGIN_AFTER_MANY_FAILURES",
                                  kGuessedTitle = "Login after many failed ones";

class Episodes {
 public:
  /// Beyond these what is added is counted and left out, or not told apart.
  static constexpr std::size_t kEpisodesMost = 20'000;
  static constexpr std::size_t kRememberedMost = 200'000;  // targets and accounts of all episodes
  static constexpr std::size_t kLoginsMost = 10'000;
  static constexpr std::size_t kAddressesMost = 20'000;  // whose logins are remembered, failed ones and others
  static constexpr std::size_t kAnswersMost = 5'000;     // answered probes that are held back; actors and their sizes
  /// So many probes of so many kinds, answered with bodies of one size, are one scanner's.
  static constexpr std::size_t kSameAnswersLeast = 5, kSameAnswerKindsLeast = 3;
  static constexpr std::size_t kPartsMost =
      100'000;  // findings with a key whose hits are told apart; of others the newest has them all
  static constexpr std::size_t kSameAnswersHeld = 20;  // probes of fewer kinds than that are what their rules make of them

  /// `time_known`: false where the finding has no time of its own. A finding of a rule that counts over time has its `series` and `key`.
  void add(const Finding& finding, bool time_known = true);
  /// The same of a probe nothing came of: those of one actor are one episode, of rule kScannerRule, whatever they looked for.
  void add_probe(Finding finding, bool time_known = true);
  /// The same of a probe that was answered with a body of `bytes`, more than 0. It is held back until it is known whether the actor got
  /// that size whatever was asked; what take() still holds is added as it is.
  void add_answered_probe(Finding finding, bool time_known, std::uint64_t bytes);
  /// What a rule that counts went on to count after a finding of its series that was added: `finding.hits` events from its first time to its
  /// time. They are that finding's, so a log that is read again when it is longer gives each finding what it had, or more.
  void add_further(const Finding& finding, bool time_known = true);
  /// A login that no finding tells of.
  void add_login(std::string_view address, std::int64_t time);
  /// Failed logins, whether a finding tells of them or none: a rule that counts them fires at its threshold and is quiet for a while. `line`
  /// is the record's, which tells what came after a finding of the same second.
  void add_attempts(std::string_view address, std::string_view account, std::int64_t time, std::uint64_t line,
                    std::uint64_t count);
  struct Tried {
    std::uint64_t count = 0;
    std::int64_t first = 0;
  };
  /// Those of that address within kEpisodeSeconds before `time`.
  Tried tried_before(std::string_view address, std::int64_t time) const;
  /// A login after kSlowGuessesLeast of them. It is an episode if no other one of that address is critical by such a login; the first
  /// counts.
  void add_guessed(Finding finding);

  /// The most severe first, by their rules before those that were raised; then what got furthest, then the newest. Nothing is left
  /// behind.
  std::vector<Episode> take();

  bool empty() const noexcept { return open_.empty() && by_address_.empty() && held_ == 0; }
  /// Findings of episodes beyond kEpisodesMost.
  std::uint64_t left_out() const noexcept { return left_out_; }

 private:
  /// Failed logins of one address, no more than kEpisodeGapSeconds from one to the next.
  struct Attempts {
    std::uint64_t count = 0, most = 0;  // `most`: for the account `mostly`
    std::string mostly;
    std::unordered_map<std::uint64_t, std::uint64_t> accounts;  // hash → how often
  };
  struct Address {
    std::vector<std::int64_t> logins;
    Runs<Attempts> attempts{kEpisodeGapSeconds};
    std::optional<Finding> guessed;
    std::vector<std::size_t> counting;  // of each rule that counts attempts the newest episode, in open_
    bool has_episode = false;           // of failed logins
  };
  /// A finding of a rule that counts, and what it stands for.
  struct Part {
    std::array<char, 16> key;
    std::int64_t time, until = 0;  // `until`: of the next of its series in the episode; 0: none
    std::uint64_t line;
    std::uint64_t told, further = 0;  // what it counted, and what its rule went on to count
    std::uint64_t attempts = 0;       // failed logins from it on; of the first, after it
    std::uint64_t hits = 0;           // all it stands for
  };
  using Places = std::set<std::pair<std::int64_t, std::size_t>>;  // first times of episodes, and where in open_ they are
  struct Place {
    std::size_t open, part;
  };
  struct Waiting {
    std::uint64_t hits = 0;
    std::int64_t last = INT64_MIN;
  };
  struct Open {
    Episode episode;
    bool login_failed = false;
    std::int64_t fired = 0;             // when the first of its findings did
    std::uint64_t fired_line = 0;       // and in which line
    std::uint64_t fired_of = 0;         // and how many events that had counted
    std::uint64_t attempts = 0;         // after it
    std::uint64_t told = 0;             // what the findings counted
    std::vector<Part> parts;            // in the order of the log
    std::vector<std::size_t> rising;    // those that none after them was made before
    std::uint64_t accounts_stored = 0;  // that a stored finding tells of (Finding::accounts), and of which most were
    std::string mostly_stored;
    std::int64_t newest = INT64_MIN;                             // when the newest of the findings was made,
    std::uint64_t newest_told = 0;                               // what it counted,
    std::size_t newest_part = SIZE_MAX;                          // and which part it is; none
    std::unordered_set<std::uint64_t> targets, accounts, rules;  // hashes
  };

  /// Probes of one actor that were answered with bodies of one size.
  struct Answers {
    struct One {
      Finding finding;
      bool time_known;
    };
    std::vector<One> held;
    std::uint64_t count = 0;                  // held ones, and those that were released
    std::unordered_set<std::uint64_t> kinds;  // hashes of rules
    bool same = false;                        // known to be what the site answers to whatever is asked
  };

  void add_scanner(Finding finding, bool time_known, std::uint64_t bytes);
  void release(Answers& answers);
  std::size_t place_of(const Places& places, std::int64_t first, std::int64_t last) const;
  Open* take_in(const Finding& finding, bool time_known);
  Address* address(std::string_view address, std::int64_t time);
  void forget_addresses();
  void tell_attempts(Open& open, const Address& address) const;
  static Part* part_before(Open& open, std::int64_t time, std::uint64_t line);
  void add_part(std::size_t at, const Finding& finding, std::int64_t found);
  static void count_parts(Open& open);
  static void tell_growths(Open& open);
  void join(Attempts& one, Attempts&& later);
  void remember(std::unordered_set<std::uint64_t>& values, std::string_view text);

  std::vector<Open> open_;
  std::unordered_map<std::string, Places> by_key_;                    // by rule, site and actor
  std::unordered_map<std::string, Address> by_address_;               // who logged in, or failed to
  std::map<std::pair<std::string, std::uint64_t>, Answers> answers_;  // by address and size
  std::size_t held_ = 0;                                              // of all of them
  std::unordered_map<std::uint64_t, Place> series_;                   // the newest part of each
  std::unordered_map<std::uint64_t, Waiting> waiting_;                // of series whose findings are held back
  std::size_t parts_ = 0;
  std::size_t remembered_ = 0, logins_ = 0;
  std::int64_t newest_login_ = INT64_MIN, forget_after_ = INT64_MIN;  // failed ones too
  // Since addresses were forgotten last: those that had to be kept, and logins for which there was no room.
  std::size_t kept_ = 0, refused_ = 0;
  std::uint64_t left_out_ = 0;
};

/// How far somebody got, to compare: 0 for an unknown outcome, the most for a login.
int reach(Who::Outcome outcome) noexcept;

}  // namespace logystera::store
