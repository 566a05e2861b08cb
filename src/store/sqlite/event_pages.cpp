// Events by pages. In the order of their time a filter is walked on
//
//   events_by_time          an arm a (site, type), when sites or types are named
//   events_by_created_at    otherwise, and where there were too many arms; sites and types are then decided on rows
//
// In the order of arrival the table itself is walked and all else is decided on rows: that order is for whoever goes on from where
// he was, and has few rows before him.
//
// Types beyond those that have a number share one, and are told by their lines.
#include <algorithm>

#include "store/sqlite/event_rows.hpp"
#include "store/sqlite/page_indexes.hpp"
#include "store/sqlite/stores.hpp"
#include "store/sqlite/walk.hpp"

namespace logystera::store::sqlite {
namespace {

/// A filter in the store's numbers.
struct Search {
  bool all_sites = true;
  std::vector<std::int64_t> sites;
  std::vector<std::int64_t> types;  // empty: all
  std::int64_t unnumbered = 0;      // the number of types without one; 0: there are none
  bool nothing = false;             // no row can match

  bool has_site(std::int64_t site) const { return all_sites || std::find(sites.begin(), sites.end(), site) != sites.end(); }
  bool has_type(std::int64_t type) const {
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
  }
};

Result<std::vector<std::int64_t>> numbers(Connection& db, Statement& statement) {
  return db.rows<std::int64_t>(statement, "read", [](const Statement& row) { return row.integer(0); });
}

Result<Search> search_of(Connection& db, const EventFilter& filter) {
  Search search;
  search.all_sites = filter.site.empty() && !filter.sites;
  if (!search.all_sites) {
    auto sites = db.lease("SELECT id, token FROM entities WHERE ?1 = '' OR token = ?1 OR name = ?1 ORDER BY id");
    if (!sites) return sites.error();
    sites->bind(1, std::string_view(filter.site));
    int code;
    while ((code = sites->step()) == SQLITE_ROW) {
      const std::string_view token = sites->text(1);
      if (filter.sites && std::find(filter.sites->begin(), filter.sites->end(), token) == filter.sites->end()) continue;
      search.sites.push_back(sites->integer(0));
    }
    if (code != SQLITE_DONE) return db.error("read");
    search.nothing = search.sites.empty();
  }
  auto number = db.lease("SELECT id FROM types WHERE name = ?1");
  if (!number) return number.error();
  const auto number_of_type = [&](std::string_view name) -> Result<std::int64_t> {
    number->bind(1, name);
    const int code = number->step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) return db.error("read");
    const std::int64_t found = code == SQLITE_ROW ? number->integer(0) : 0;
    number->reset();
    return found;
  };
  auto unnumbered = number_of_type(kUnnumbered);
  if (!unnumbered) return unnumbered.error();
  search.unnumbered = unnumbered.value();
  for (const std::string& type : filter.types) {
    auto found = number_of_type(type);
    if (!found) return found.error();
    if (found.value() != 0) search.types.push_back(found.value());
  }
  if (!filter.types.empty()) {
    if (search.unnumbered != 0) search.types.push_back(search.unnumbered);
    std::sort(search.types.begin(), search.types.end());
    search.types.erase(std::unique(search.types.begin(), search.types.end()), search.types.end());
    search.nothing = search.nothing || search.types.empty();
  }
  return search;
}

// The types a site has sent, up to `most` + 1 of them.
Result<std::vector<std::int64_t>> types_of(Connection& db, std::int64_t site, std::size_t most) {
  auto next = db.lease("SELECT min(type) FROM events WHERE entity = ?1 AND type > ?2");
  if (!next) return next.error();
  std::vector<std::int64_t> types;
  for (std::int64_t type = 0; types.size() <= most;) {
    next->bind(1, site);
    next->bind(2, type);
    if (next->step() != SQLITE_ROW) return db.error("read");
    if (next->is_null(0)) break;
    type = next->integer(0);
    types.push_back(type);
    next->reset();
  }
  return types;
}

/// (site, type) of each arm; nothing: too many.
using Kinds = std::vector<std::pair<std::int64_t, std::int64_t>>;

Result<std::optional<Kinds>> kinds_of(Connection& db, const Search& search) {
  if (search.all_sites && search.types.empty()) return std::optional<Kinds>();
  std::vector<std::int64_t> sites = search.sites;
  if (search.all_sites) {
    auto all = db.lease("SELECT id FROM entities");
    if (!all) return all.error();
    auto found = numbers(db, all.value());
    if (!found) return found.error();
    sites = std::move(found).value();
  }
  Kinds kinds;
  for (const std::int64_t site : sites) {
    std::vector<std::int64_t> types = search.types;
    if (types.empty()) {
      auto found = types_of(db, site, kArmsMost);
      if (!found) return found.error();
      types = std::move(found).value();
    }
    if (kinds.size() + types.size() > kArmsMost) return std::optional<Kinds>();
    for (const std::int64_t type : types) kinds.emplace_back(site, type);
  }
  return std::optional<Kinds>(std::move(kinds));
}

/// Whether rows have to be looked at for what the arms leave.
struct Rest {
  bool kinds = false;  // sites and types
  bool times = false;
};

Result<Rest> add_arms_of(Connection& db, const EventFilter& filter, const Search& search,
                         const PageRequest<TimeKey>& request, Arms<TimeKey>& arms) {
  if (filter.order == EventFilter::Order::arrival) {
    const bool backwards = arms.backwards();
    auto walk = db.prepare(backwards ? "SELECT 0, seq FROM events WHERE seq > ?1 ORDER BY seq"
                                     : "SELECT 0, seq FROM events WHERE seq < ?1 ORDER BY seq DESC");
    if (!walk) return walk.error();
    const std::optional<TimeKey>& from = backwards ? request.newer_than : request.older_than;
    walk->bind(1, from ? from->id : INT64_MAX);
    arms.add(std::move(walk).value());
    return Rest{true, filter.since || filter.until};
  }
  const std::int64_t lowest = filter.since.value_or(INT64_MIN);
  const std::int64_t highest = !filter.until ? INT64_MAX : *filter.until == INT64_MIN ? INT64_MIN : *filter.until - 1;
  auto kinds = kinds_of(db, search);
  if (!kinds) return kinds.error();
  if (!kinds.value()) {
    if (auto added = add_arms(db, arms, kEventsByCreation, request, lowest, highest, [](Statement&) {}); !added) {
      return added.error();
    }
    return Rest{true, false};
  }
  for (const auto& [site, type] : *kinds.value()) {
    auto added =
        add_arms(db, arms, kEventsByKind, request, lowest, highest, [site = site, type = type](Statement& statement) {
          statement.bind(3, site);
          statement.bind(4, type);
        });
    if (!added) return added.error();
  }
  return Rest{};
}

/// Fetches a row by its number if it matches what is left of the filter.
class Fetch {
 public:
  static Result<Fetch> make(Connection& db, const EventFilter& filter, const Search& search, Rest rest) {
    auto statement =
        db.lease("SELECT e.seq, e.created_at, e.received_at, e.event_id, " LOGYSTERA_EVENT_TYPE
                 ", n.token, n.name, e.line FROM events e JOIN types t ON t.id = e.type JOIN entities n ON n.id = e.entity "
                 "WHERE e.seq = ?1");
    if (!statement) return statement.error();
    auto kind = db.lease("SELECT entity, type, created_at FROM events WHERE seq = ?1");
    if (!kind) return kind.error();
    return Fetch(db, filter, search, rest, std::move(statement).value(), std::move(kind).value());
  }

  /// Whether the keys alone decide.
  bool exact() const noexcept {
    return !filter_->matches && !rest_.times && !(types_told_by_line()) &&
           (!rest_.kinds || (search_->all_sites && search_->types.empty()));
  }

  Result<Fetched<EventRow>> operator()(const TimeKey& key) {
    Fetched<EventRow> fetched;
    if (rest_.kinds || rest_.times) {
      auto fits = kind_fits(key);
      if (!fits) return fits.error();
      if (!fits.value()) return fetched;
    }
    statement_.bind(1, key.id);
    const int code = statement_.step();
    if (code == SQLITE_ROW) {
      EventRow row = read_event(statement_);
      const bool fits = (!types_told_by_line() ||
                         std::find(filter_->types.begin(), filter_->types.end(), row.type) != filter_->types.end()) &&
                        (!filter_->matches || filter_->matches(row));
      if (fits) {
        fetched.bytes = row.line.size();
        fetched.row = std::move(row);
      }
    } else if (code != SQLITE_DONE) {
      return db_->error("read");
    }
    statement_.reset();
    return fetched;
  }

 private:
  Fetch(Connection& db, const EventFilter& filter, const Search& search, Rest rest, Statement statement, Statement kind)
      : db_(&db),
        filter_(&filter),
        search_(&search),
        rest_(rest),
        statement_(std::move(statement)),
        kind_(std::move(kind)) {}

  bool types_told_by_line() const noexcept { return search_->unnumbered != 0 && !filter_->types.empty(); }

  Result<bool> kind_fits(const TimeKey& key) {
    kind_.bind(1, key.id);
    const int code = kind_.step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) return db_->error("read");
    const bool fits = code == SQLITE_ROW && search_->has_site(kind_.integer(0)) && search_->has_type(kind_.integer(1)) &&
                      (!filter_->since || kind_.integer(2) >= *filter_->since) &&
                      (!filter_->until || kind_.integer(2) < *filter_->until);
    kind_.reset();
    return fits;
  }

  Connection* db_;
  const EventFilter* filter_;
  const Search* search_;
  Rest rest_;
  Statement statement_, kind_;
};

}  // namespace

Result<EventPage> Events::page(const EventFilter& filter, const PageRequest<TimeKey>& request) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto search = search_of(db, filter);
  if (!search) return search.error();
  if (search->nothing) return EventPage{};
  Arms<TimeKey> arms(request.newer_than.has_value());
  auto rest = add_arms_of(db, filter, search.value(), request, arms);
  if (!rest) return rest.error();
  auto fetch = Fetch::make(db, filter, search.value(), rest.value());
  if (!fetch) return fetch.error();
  return collect<EventRow>(db, arms, request, [&](const TimeKey& key) { return fetch.value()(key); });
}

Result<Count> Events::count(const EventFilter& filter, std::size_t most, std::chrono::milliseconds patience) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto search = search_of(db, filter);
  if (!search) return search.error();
  if (search->nothing) return Count{};
  Arms<TimeKey> arms(false);
  auto rest = add_arms_of(db, filter, search.value(), {}, arms);
  if (!rest) return rest.error();
  auto fetch = Fetch::make(db, filter, search.value(), rest.value());
  if (!fetch) return fetch.error();
  if (fetch->exact()) return count_to(db, arms, most, patience, [](const TimeKey&) -> Result<bool> { return true; });
  return count_to(db, arms, most, patience, [&](const TimeKey& key) -> Result<bool> {
    auto fetched = fetch.value()(key);
    if (!fetched) return fetched.error();
    return fetched->row.has_value();
  });
}

Result<std::optional<EventRow>> Events::find(const EventId& id, const SiteScope& sites) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  // Naming every entity makes it one look into the index for each.
  auto statement =
      db.lease("SELECT e.seq, e.created_at, e.received_at, e.event_id, " LOGYSTERA_EVENT_TYPE
               ", n.token, n.name, e.line FROM events e JOIN types t ON t.id = e.type JOIN entities n ON n.id = e.entity "
               "WHERE e.entity IN (SELECT id FROM entities) AND e.event_id = ?1 ORDER BY e.seq DESC");
  if (!statement) return statement.error();
  statement->bind_blob(1, id.data(), id.size());
  auto rows = db.rows<EventRow>(statement.value(), "read", read_event);
  if (!rows) return rows.error();
  for (EventRow& row : rows.value()) {
    if (!sites || std::find(sites->begin(), sites->end(), row.entity) != sites->end()) {
      return std::optional<EventRow>(std::move(row));
    }
  }
  return std::optional<EventRow>();
}

Result<std::uint64_t> Events::newest() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  auto newest = connection.value()->integer("SELECT coalesce(max(seq), 0) FROM events");
  if (!newest) return newest.error();
  return static_cast<std::uint64_t>(newest.value());
}

}  // namespace logystera::store::sqlite
