// The lists pages and the API share: a query string becomes a question to the store, the answer a page of rows with the query strings
// of the pages around it. What the one shows the other gives, by the same filter and the same cursor.
//
//   auto list = query::read_findings(request.query, {.now = now, .sites = query::sites_of(*request.principal)});
//   if (!list) …say list.faults…
//   auto page = query::findings(store.reading(), *list.value);
//   if (!page) …busy: it took too long; else the store failed…
//
// Parameters of all lists: limit (1 to 1,000) and cursor; of all but sites: since_hours (1 to 8,760) or since, and q.
//   findings  severity (that or worse), level (exactly that), rule, source, site, target, group, until, dismissed (true, false or all)
//   alerts    state (active, open, snoozed, past, all; pending, firing, acknowledged, resolved), severity (that or worse), site, rule,
//             assignee (a user, me or nobody), until, folded (false: without those another open one stands for)
//   errors    sort (last_seen, count, first_seen), severity (that or worse), target, group, new, regressed
// `target` is one of a fleet, whether the file of targets still has it or not; `group` the targets that are in it when it is asked.
//   signals   site, type (several with commas), until, after_seq, before_seq, personal
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "query/cursor.hpp"
#include "query/parameters.hpp"
#include "query/signal.hpp"
#include "store/store.hpp"
#include "web/principal.hpp"

namespace logystera::query {

inline constexpr std::int64_t kNewHours = 24;  // what is new, or has returned, unless since says otherwise
inline constexpr std::int64_t kAheadSeconds =
    3600;  // by how much a signal's clock may be ahead of ours before it is left out

// What one step of a text search may look through. A person would rather wait once than ask ten times; a program goes on by itself, and
// short steps leave the threads to others.
inline constexpr std::size_t kRowsSearched = 200'000;
inline constexpr std::chrono::milliseconds kPageSearch{80}, kListSearch{12};

struct Defaults {
  std::size_t limit = 50;
  std::chrono::milliseconds search = kPageSearch;  // of a step
  std::int64_t now = 0;                            // unix seconds
  store::SiteScope sites = {};                     // whom he may see
  std::optional<bool> dismissed = {};              // of findings; none: both
  std::string_view alerts = "all";                 // the state of alerts
  bool folded = true;                              // also alerts another open one stands for
  std::string name = {};                           // who asks, as alerts are assigned to him; empty: nobody by name
  bool personal = false;                           // whether he may see personal data where he asks for it
  std::string targets_file = {};                   // what groups of a fleet are read from; empty: there are none
};

/// What a principal may see of sites.
store::SiteScope sites_of(const web::Principal& principal);

/// A list as it was asked for.
template <typename Filter, typename Key>
struct Asked {
  Filter filter;
  store::PageRequest<Key> request;
  List list;
  std::string parameters;  // as they were given, but for the cursor; see Listed
  bool counted = true;     // whether the rows can be counted without looking at each
};

using AskedFindings = Asked<store::FindingFilter, store::TimeKey>;
using AskedAlerts = Asked<store::AlertFilter, store::TimeKey>;
using AskedErrors = Asked<store::ErrorFilter, store::ErrorKey>;
struct AskedSignals : Asked<store::EventFilter, store::TimeKey> {
  std::string text;        // looked for in what is shown
  bool personal = false;   // shown as it is
  bool ascending = false;  // after_seq: the oldest first
};

Read<AskedFindings> read_findings(std::string_view query, const Defaults& defaults);
Read<AskedAlerts> read_alerts(std::string_view query, const Defaults& defaults);
Read<AskedErrors> read_errors(std::string_view query, const Defaults& defaults);
Read<AskedSignals> read_signals(std::string_view query, const Defaults& defaults);

/// The parameter that names a target or a group of a fleet; empty: it is not there, or cannot be the name of one.
std::string read_fleet_name(Parameters& parameters, std::string_view parameter);

/// A page of a list.
template <typename Row>
struct Listed {
  std::vector<Row> rows;
  /// Query strings of the pages around it, filter and all; empty: there is none.
  std::string newer, older;
  /// How many the filter gives; none: only looking at each would tell.
  std::optional<store::Count> total;
  /// The page ended before it was full, because few rows match: `older` goes on searching.
  bool searching = false;
  /// With it, of lists by time: when the row looked at last was, unix seconds.
  std::optional<std::int64_t> searched_to;
};

/// "312", or "1,000+".
std::string words_of(const store::Count& count);

/// Errors of kind busy: it took too long, and the filter should be narrower.
Result<Listed<store::Finding>> findings(store::Stores& stores, const AskedFindings& asked);
Result<Listed<alert::Alert>> alerts(store::Stores& stores, const AskedAlerts& asked);
Result<Listed<store::ErrorGroup>> errors(store::Stores& stores, const AskedErrors& asked);
Result<Listed<Signal>> signals(store::Stores& stores, const AskedSignals& asked, const Pseudonyms& pseudonyms);

/// One signal; none if there is none he may see.
Result<std::optional<Signal>> signal(store::Stores& stores, std::string_view event_id, const store::SiteScope& sites,
                                     const Pseudonyms* pseudonyms);

}  // namespace logystera::query
