// Alerts by pages. Which index a filter is walked on:
//
//   members of one                alerts_by_parent
//   rule                          alerts_by_rule
//   open ones, or some state      alerts_by_state, an arm a state: of open ones there are few
//   site, or some sites           alerts_by_site, an arm a site
//   nothing of these              alerts_by_time
//
// The rest is decided on rows, each of which is read whole.
#include <string.h>

#include <algorithm>

#include "store/sqlite/alert_rows.hpp"
#include "store/sqlite/page_indexes.hpp"
#include "store/sqlite/stores.hpp"
#include "store/sqlite/walk.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {
namespace {

using View = AlertFilter::View;

std::string folded(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return text;
}

bool contains(const std::string& text, const std::string& wanted) { return folded(text).find(wanted) != std::string::npos; }

/// A filter with its texts as they are stored, which statements point at.
struct Search {
  explicit Search(const AlertFilter& given)
      : filter(given),
        rule(storable(given.rule)),
        site(storable(given.site)),
        text(folded(storable(given.text))),
        lowest(given.since.value_or(INT64_MIN)),
        highest(given.until.value_or(INT64_MAX)) {
    if (given.until) highest = *given.until == INT64_MIN ? INT64_MIN : *given.until - 1;
    for (std::int64_t state = 0; state <= kLateState; ++state) {
      if (fits_view(state) && (!given.state || static_cast<std::int64_t>(*given.state) == state)) states.push_back(state);
    }
    if (given.sites) {
      sites = *given.sites;
      std::sort(sites.begin(), sites.end());
      sites.erase(std::unique(sites.begin(), sites.end()), sites.end());
    }
  }

  bool fits_view(std::int64_t state) const {
    switch (filter.view) {
      case View::all: return true;
      case View::past: return state == kLateState;
      case View::active:
      case View::open:
      case View::snoozed: break;
    }
    return state == static_cast<std::int64_t>(alert::State::firing) ||
           state == static_cast<std::int64_t>(alert::State::acknowledged);
  }
  bool sees(const std::string& token) const {
    return !filter.sites || std::binary_search(sites.begin(), sites.end(), token);
  }
  bool fits(const alert::Alert& one, bool is_folded) const {
    const bool snoozed = one.snooze.until > filter.now;
    return sees(one.site) && std::find(states.begin(), states.end(), state_number(one)) != states.end() &&
           (filter.view != View::open || !snoozed) && (filter.view != View::snoozed || snoozed) &&
           (!filter.at_least || one.level >= *filter.at_least) && (site.empty() || one.site == site) &&
           (rule.empty() || one.rule == rule) && (!filter.assignee || one.assignee == *filter.assignee) &&
           (filter.parent == 0 || one.parent == filter.parent) && (filter.folded || !is_folded) &&
           (text.empty() || contains(one.title, text) || contains(one.rule, text) || contains(one.group_label, text));
  }
  /// No alert has all of it.
  bool impossible() const { return states.empty() || (filter.sites && sites.empty()); }

  const AlertFilter& filter;
  const std::string rule, site, text;
  std::int64_t lowest, highest;
  std::vector<std::int64_t> states;
  std::vector<std::string> sites;
};

Result<Done> add_arms_of(Connection& db, const Search& search, const PageRequest<TimeKey>& request, Arms<TimeKey>& arms) {
  const auto add = [&](const ArmIndex& index, auto bind) {
    return add_arms(db, arms, index, request, search.lowest, search.highest, bind);
  };
  if (search.filter.parent != 0) {
    return add(kAlertsByParent, [&](Statement& statement) { statement.bind(3, search.filter.parent); });
  }
  if (!search.rule.empty()) {
    return add(kAlertsByRule, [&](Statement& statement) { statement.bind(3, std::string_view(search.rule)); });
  }
  const bool few = search.states.back() < static_cast<std::int64_t>(alert::State::resolved);
  if (!few && !search.site.empty()) {
    return add(kAlertsBySite, [&](Statement& statement) { statement.bind(3, std::string_view(search.site)); });
  }
  if (!few && search.filter.sites && search.sites.size() <= kArmsMost) {
    for (const std::string& site : search.sites) {
      auto added = add(kAlertsBySite, [&](Statement& statement) { statement.bind(3, std::string_view(site)); });
      if (!added) return added;
    }
    return Done{};
  }
  if (search.states.size() > static_cast<std::size_t>(kLateState)) return add(kAlertsByTime, [](Statement&) {});
  for (const std::int64_t state : search.states) {
    auto added = add(kAlertsByState, [&](Statement& statement) { statement.bind(3, state); });
    if (!added) return added;
  }
  return Done{};
}

/// Fetches an alert by its number, and says whether the filter has it.
class Fetch {
 public:
  static Result<Fetch> make(Connection& db, const Search& search) {
    auto statement = db.prepare("SELECT " LOGYSTERA_ALERT_COLUMNS
                                ", parent <> 0 AND EXISTS (SELECT 1 FROM alerts p WHERE p.id = a.parent AND p.state < 3) "
                                "FROM alerts a WHERE id = ?1");
    if (!statement) return statement.error();
    return Fetch(db, search, std::move(statement).value());
  }

  Result<Fetched<alert::Alert>> operator()(const TimeKey& key) {
    statement_.bind(1, key.id);
    Fetched<alert::Alert> fetched;
    const int code = statement_.step();
    if (code == SQLITE_ROW) {
      alert::Alert one = read_alert(statement_);
      if (search_->fits(one, statement_.integer(kAlertColumns) != 0)) {
        fetched.bytes = one.title.size() + one.group_label.size();
        fetched.row = std::move(one);
      }
    } else if (code != SQLITE_DONE) {
      return db_->error("read");
    }
    statement_.reset();
    return fetched;
  }

 private:
  Fetch(Connection& db, const Search& search, Statement statement)
      : db_(&db), search_(&search), statement_(std::move(statement)) {}

  Connection* db_;
  const Search* search_;
  Statement statement_;
};

}  // namespace

Result<AlertPage> Alerts::page(const AlertFilter& filter, const PageRequest<TimeKey>& request) {
  const Search search(filter);
  if (search.impossible()) return AlertPage{};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  Arms<TimeKey> arms(request.newer_than.has_value());
  if (auto added = add_arms_of(db, search, request, arms); !added) return added.error();
  auto fetch = Fetch::make(db, search);
  if (!fetch) return fetch.error();
  return collect<alert::Alert>(db, arms, request, [&](const TimeKey& key) { return fetch.value()(key); });
}

Result<Count> Alerts::count(const AlertFilter& filter, std::size_t most, std::chrono::milliseconds patience) {
  const Search search(filter);
  if (search.impossible()) return Count{};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  Arms<TimeKey> arms(false);
  if (auto added = add_arms_of(db, search, {}, arms); !added) return added.error();
  auto fetch = Fetch::make(db, search);
  if (!fetch) return fetch.error();
  return count_to(db, arms, most, patience, [&](const TimeKey& key) -> Result<bool> {
    auto fetched = fetch.value()(key);
    if (!fetched) return fetched.error();
    return fetched->row.has_value();
  });
}

Result<std::optional<alert::Alert>> Alerts::get(std::int64_t id, const SiteScope& sites) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease("SELECT " LOGYSTERA_ALERT_COLUMNS " FROM alerts WHERE id = ?");
  if (!select) return select.error();
  select->bind(1, id);
  auto found = db.row<alert::Alert>(select.value(), "read", read_alert);
  if (!found || !found.value() || !sites) return found;
  const bool seen = std::find(sites->begin(), sites->end(), found.value()->site) != sites->end();
  return seen ? std::move(found).value() : std::optional<alert::Alert>();
}

Result<AlertCounts> Alerts::counts(std::int64_t now, const SiteScope& sites) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease(
      "SELECT site, level, snoozed_until > ?1, count(*) FROM alerts a WHERE state IN (1, 2) AND NOT (parent <> 0 AND "
      "EXISTS "
      "(SELECT 1 FROM alerts p WHERE p.id = a.parent AND p.state < 3)) GROUP BY 1, 2, 3");
  if (!select) return select.error();
  select->bind(1, now);
  struct Row {
    std::string site;
    Level level;
    bool snoozed;
    std::uint64_t count;
  };
  auto rows = db.rows<Row>(select.value(), "read", [](const Statement& row) {
    return Row{std::string(row.text(0)), level_of(row.integer(1)), row.integer(2) != 0, row.count(3)};
  });
  if (!rows) return rows.error();
  AlertCounts counts;
  for (const Row& row : rows.value()) {
    if (sites && std::find(sites->begin(), sites->end(), row.site) == sites->end()) continue;
    if (row.snoozed) counts.snoozed += row.count;
    else counts.by_level[static_cast<std::size_t>(row.level)] += row.count;
  }
  return counts;
}

}  // namespace logystera::store::sqlite
