// Findings by pages. Which index a filter is walked on:
//
//   rule                                    findings_by_rule_and_level, an arm a level
//   rule with a source, or dismissed only   findings_by_rule, an arm a source of the rule; levels are decided on rows
//   source                                  findings_by_source, an arm a source of that name and level
//   level                                   findings_by_level, an arm a level
//   nothing of these                        findings_by_time
//
// A text, and whether a finding is dismissed, are decided on rows. Where there were too many arms (a name that thousands of sources
// end in), levels are walked and the rest is decided on rows.
#include <fmt/core.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <set>

#include "store/sqlite/finding_rows.hpp"
#include "store/sqlite/page_indexes.hpp"
#include "store/sqlite/stores.hpp"
#include "store/sqlite/walk.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {
namespace {

constexpr std::int64_t kDaysMost = 400;

// A dismissal covers its rule everywhere, or in a source by its path or the name at its end.
constexpr std::string_view kDismissed =
    "EXISTS (SELECT 1 FROM dismissals d WHERE d.rule = f.rule AND (d.source = '' OR d.source = f.source OR "
    "substr(f.source, -length(d.source) - 1) = '/' || d.source))";

bool is_named(std::string_view source, std::string_view name) noexcept {
  return name.empty() || source == name ||
         (source.size() > name.size() && source.ends_with(name) && source[source.size() - name.size() - 1] == '/');
}

/// What the arms leave to be decided on rows.
struct Rest {
  bool levels = false, rule = false, source = false, dismissal = false;
};

void fold(std::string& text) noexcept {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
std::string folded(std::string text) {
  fold(text);
  return text;
}

/// A filter with its texts as they are stored, which statements point at.
struct Search {
  explicit Search(const FindingFilter& given)
      : filter(given),
        rule(storable(given.rule)),
        source(storable(given.source)),
        text(folded(storable(given.text))),
        lowest(given.since.value_or(INT64_MIN)),
        highest(given.until.value_or(INT64_MAX)) {
    // Until is before, and what has the last time of all is nobody's loss.
    if (given.until) highest = *given.until == INT64_MIN ? INT64_MIN : *given.until - 1;
    for (std::size_t level = 0; level < kLevels; ++level) {
      const auto one = static_cast<Level>(level);
      if ((!given.exactly || one == *given.exactly) && (!given.at_least || one >= *given.at_least))
        levels.push_back(number_of(one));
    }
  }

  bool all_levels() const noexcept { return levels.size() == kLevels; }

  const FindingFilter& filter;
  const std::string rule, source, text;  // text: folded
  std::int64_t lowest, highest;
  std::vector<std::int64_t> levels;  // numbers as stored
  std::vector<std::pair<std::string, std::string>>
      rule_sources;                  // arms of kFindingsByRule; here since statements point at them
  std::vector<std::string> sources;  // arms of kFindingsBySource
};

// Each source of the rule.
Result<std::vector<std::string>> sources_of_rule(Connection& db, const std::string& rule) {
  auto statement = db.lease(
      "WITH RECURSIVE each (source) AS (SELECT min(source) FROM findings WHERE rule = ?1 UNION ALL SELECT (SELECT "
      "min(source) FROM findings WHERE rule = ?1 AND source > each.source) FROM each WHERE each.source IS NOT NULL) SELECT "
      "source FROM each WHERE source IS NOT NULL");
  if (!statement) return statement.error();
  statement->bind(1, std::string_view(rule));
  return db.rows<std::string>(statement.value(), "read", [](const Statement& row) { return std::string(row.text(0)); });
}

Result<std::vector<std::string>> all_sources(Connection& db, std::size_t limit) {
  auto statement = db.lease(
      "WITH RECURSIVE each (source) AS (SELECT min(source) FROM findings UNION ALL SELECT (SELECT min(source) FROM "
      "findings "
      "WHERE source > each.source) FROM each WHERE each.source IS NOT NULL) SELECT source FROM each WHERE source IS NOT "
      "NULL "
      "LIMIT ?1");
  if (!statement) return statement.error();
  statement->bind(1, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  return db.rows<std::string>(statement.value(), "read", [](const Statement& row) { return std::string(row.text(0)); });
}

// The (rule, source) pairs there are of one rule, or of all that are dismissed.
Result<Done> find_rule_sources(Connection& db, Search& search) {
  std::set<std::string> rules;
  std::vector<std::pair<std::string, std::string>> dismissals;
  const bool dismissed_only = search.filter.dismissed.value_or(false);
  if (dismissed_only) {
    auto statement = db.lease("SELECT rule, source FROM dismissals");
    if (!statement) return statement.error();
    using Row = std::pair<std::string, std::string>;
    auto rows = db.rows<Row>(statement.value(), "read", [](const Statement& row) {
      return Row{std::string(row.text(0)), std::string(row.text(1))};
    });
    if (!rows) return rows.error();
    dismissals = std::move(rows).value();
    for (const auto& [rule, source] : dismissals) {
      if (search.rule.empty() || rule == search.rule) rules.insert(rule);
    }
  } else {
    rules.insert(search.rule);
  }
  for (const std::string& rule : rules) {
    auto sources = sources_of_rule(db, rule);
    if (!sources) return sources.error();
    for (std::string& source : sources.value()) {
      const bool covered = !dismissed_only || std::any_of(dismissals.begin(), dismissals.end(), [&](const auto& one) {
        return one.first == rule && is_named(source, one.second);
      });
      if (covered && is_named(source, search.source)) search.rule_sources.emplace_back(rule, std::move(source));
    }
  }
  return Done{};
}

Result<Rest> add_arms_of(Connection& db, Search& search, const PageRequest<TimeKey>& request, Arms<TimeKey>& arms) {
  const auto add = [&](const ArmIndex& index, auto bind) {
    return add_arms(db, arms, index, request, search.lowest, search.highest, bind);
  };
  const bool dismissed_only = search.filter.dismissed.value_or(false);
  if (!search.rule.empty() && search.source.empty() && !dismissed_only) {
    for (const std::int64_t level : search.levels) {
      auto added = add(kFindingsByRuleAndLevel, [&search, level](Statement& statement) {
        statement.bind(3, std::string_view(search.rule));
        statement.bind(4, level);
      });
      if (!added) return added.error();
    }
    return Rest{.dismissal = search.filter.dismissed.has_value()};
  }
  if (!search.rule.empty() || dismissed_only) {
    if (auto found = find_rule_sources(db, search); !found) return found.error();
    if (search.rule_sources.size() <= kArmsMost) {
      for (const auto& [rule, source] : search.rule_sources) {
        auto added = add(kFindingsByRule, [&rule = rule, &source = source](Statement& statement) {
          statement.bind(3, std::string_view(rule));
          statement.bind(4, std::string_view(source));
        });
        if (!added) return added.error();
      }
      return Rest{.levels = !search.all_levels(), .dismissal = search.filter.dismissed == false};
    }
  } else if (!search.source.empty()) {
    auto sources = all_sources(db, SIZE_MAX);
    if (!sources) return sources.error();
    for (std::string& source : sources.value()) {
      if (is_named(source, search.source)) search.sources.push_back(std::move(source));
    }
    if (search.sources.size() * search.levels.size() <= kArmsMost) {
      for (const std::string& source : search.sources) {
        for (const std::int64_t level : search.levels) {
          auto added = add(kFindingsBySource, [&source, level](Statement& statement) {
            statement.bind(3, level);
            statement.bind(4, std::string_view(source));
          });
          if (!added) return added.error();
        }
      }
      return Rest{.dismissal = search.filter.dismissed.has_value()};
    }
  }
  const Rest rest{
      .rule = !search.rule.empty(), .source = !search.source.empty(), .dismissal = search.filter.dismissed.has_value()};
  if (search.all_levels()) {
    if (auto added = add(kFindingsByTime, [](Statement&) {}); !added) return added.error();
    return rest;
  }
  for (const std::int64_t level : search.levels) {
    auto added = add(kFindingsByLevel, [level](Statement& statement) { statement.bind(3, level); });
    if (!added) return added.error();
  }
  return rest;
}

/// Whether every row the arms give matches.
bool exact(const Search& search, const Rest& rest) noexcept {
  return search.text.empty() && !rest.levels && !rest.rule && !rest.source && !rest.dismissal;
}

/// Fetches a row by its number, if it matches what was left. ?1 the number, ?3 the least and ?4 the highest level, ?5 the rule, ?6 the
/// source. A text is looked for before all else, in the row's texts alone: most rows do not have it.
class Fetch {
 public:
  static Result<Fetch> make(Connection& db, const Search& search, const Rest& rest) {
    std::string where = "f.id = ?1";
    if (rest.levels) where += " AND f.level BETWEEN ?3 AND ?4";
    if (rest.rule) where += " AND f.rule = ?5";
    if (rest.source) where += " AND (f.source = ?6 OR substr(f.source, -length(?6) - 1) = '/' || ?6)";
    if (rest.dismissal) {
      where += fmt::format(" AND {}{}", *search.filter.dismissed ? "" : "NOT ", kDismissed);
    }
    auto statement = db.prepare(
        fmt::format("SELECT " LOGYSTERA_FINDING_COLUMNS ", stored_at, {} FROM findings f WHERE {}", kDismissed, where));
    if (!statement) return statement.error();
    statement->bind(3, search.levels.front());
    statement->bind(4, search.levels.back());
    statement->bind(5, std::string_view(search.rule));
    statement->bind(6, std::string_view(search.source));
    auto texts = db.prepare("SELECT message, title, rule, source FROM findings WHERE id = ?1");
    if (!texts) return texts.error();
    return Fetch(db, search, std::move(statement).value(), std::move(texts).value());
  }

  Result<Fetched<Finding>> operator()(const TimeKey& key) {
    Fetched<Finding> fetched;
    auto found = find(key);
    if (!found) return found.error();
    if (found.value()) {
      fetched.row = read_finding(statement_);
      fetched.row->stored_at = statement_.integer(9);
      fetched.row->dismissed = statement_.integer(10) != 0;
      fetched.bytes = fetched.row->message.size() + fetched.row->source.size();
    }
    statement_.reset();
    return fetched;
  }

  Result<bool> fits(const TimeKey& key) {
    auto found = find(key);
    statement_.reset();
    return found;
  }

 private:
  Fetch(Connection& db, const Search& search, Statement statement, Statement texts)
      : db_(&db), text_(search.text), statement_(std::move(statement)), texts_(std::move(texts)) {}

  // Whether statement_ stands at the row now.
  Result<bool> find(const TimeKey& key) {
    if (!text_.empty()) {
      auto has = has_text(key);
      if (!has || !has.value()) return has;
    }
    statement_.bind(1, key.id);
    const int code = statement_.step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) return db_->error("read");
    return code == SQLITE_ROW;
  }

  Result<bool> has_text(const TimeKey& key) {
    texts_.bind(1, key.id);
    const int code = texts_.step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) return db_->error("read");
    looked_at_.clear();
    for (int column = 0; code == SQLITE_ROW && column < 4; ++column) {
      looked_at_ += texts_.text(column);
      looked_at_ += '\0';  // which no stored text holds
    }
    texts_.reset();
    fold(looked_at_);
    return ::memmem(looked_at_.data(), looked_at_.size(), text_.data(), text_.size()) != nullptr;
  }

  Connection* db_;
  std::string_view text_;
  std::string looked_at_;
  Statement statement_, texts_;
};

}  // namespace

Result<FindingPage> Findings::page(const FindingFilter& filter, const PageRequest<TimeKey>& request) {
  if (filter.sites) return FindingPage{};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  Search search(filter);
  if (search.levels.empty()) return FindingPage{};
  Arms<TimeKey> arms(request.newer_than.has_value());
  auto rest = add_arms_of(db, search, request, arms);
  if (!rest) return rest.error();
  auto fetch = Fetch::make(db, search, rest.value());
  if (!fetch) return fetch.error();
  return collect<Finding>(db, arms, request, [&](const TimeKey& key) { return fetch.value()(key); });
}

Result<Count> Findings::count(const FindingFilter& filter, std::size_t most) {
  if (filter.sites) return Count{};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  Search search(filter);
  if (search.levels.empty()) return Count{};
  Arms<TimeKey> arms(false);
  auto rest = add_arms_of(db, search, {}, arms);
  if (!rest) return rest.error();
  if (exact(search, rest.value())) return count_to(db, arms, most, [](const TimeKey&) -> Result<bool> { return true; });
  auto fetch = Fetch::make(db, search, rest.value());
  if (!fetch) return fetch.error();
  return count_to(db, arms, most, [&](const TimeKey& key) { return fetch->fits(key); });
}

Result<std::optional<Finding>> Findings::get(std::int64_t id, const SiteScope& sites) {
  if (sites) return std::optional<Finding>();
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  const FindingFilter everything;
  const Search search(everything);
  auto fetch = Fetch::make(db, search, {});
  if (!fetch) return fetch.error();
  auto fetched = fetch.value()({0, id});
  if (!fetched) return fetched.error();
  return std::move(fetched->row);
}

Result<std::vector<FindingDay>> Findings::days(std::int64_t first, std::int64_t last, const SiteScope& sites) {
  std::vector<FindingDay> days;
  if (last < first) return days;
  if (first < INT32_MIN || last > INT32_MAX || last - first >= kDaysMost) {
    return Error{fmt::format("a trend shows at most {} days at once", kDaysMost), ErrorKind::invalid};
  }
  for (std::int64_t day = first; day <= last; ++day) days.push_back({day, {}});
  if (sites) return days;
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease("SELECT day, level, sum(n) FROM finding_days WHERE day BETWEEN ?1 AND ?2 GROUP BY day, level");
  if (!statement) return statement.error();
  statement->bind(1, first);
  statement->bind(2, last);
  auto counts = db.rows<std::array<std::int64_t, 3>>(statement.value(), "read", [](const Statement& row) {
    return std::array<std::int64_t, 3>{row.integer(0), row.integer(1), row.integer(2)};
  });
  if (!counts) return counts.error();
  for (const auto& [day, level, n] : counts.value()) {
    days[static_cast<std::size_t>(day - first)].by_level[static_cast<std::size_t>(level_of(level))] +=
        static_cast<std::uint64_t>(n);
  }
  return days;
}

Result<std::vector<RuleHits>> Findings::rule_hits(std::int64_t first, std::size_t limit, const SiteScope& sites) {
  if (sites) return std::vector<RuleHits>();
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease(
      "SELECT rule, sum(n) AS found FROM finding_days WHERE day >= ?1 GROUP BY rule ORDER BY found DESC, rule LIMIT ?2");
  if (!statement) return statement.error();
  statement->bind(1, first);
  statement->bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  auto hits = db.rows<RuleHits>(statement.value(), "read", [](const Statement& row) {
    return RuleHits{std::string(row.text(0)), row.count(1), 0};
  });
  if (!hits) return hits;
  // The newest of each of the rule's sources is one look into the index; max() over the rule would read all of it.
  auto newest = db.lease(
      "WITH RECURSIVE each (source) AS (SELECT min(source) FROM findings WHERE rule = ?1 UNION ALL SELECT (SELECT "
      "min(source) FROM findings WHERE rule = ?1 AND source > each.source) FROM each WHERE each.source IS NOT NULL) SELECT "
      "max((SELECT max(time) FROM findings WHERE rule = ?1 AND source = each.source)) FROM each");
  if (!newest) return newest.error();
  for (RuleHits& one : hits.value()) {
    newest->bind(1, std::string_view(one.rule));
    if (newest->step() != SQLITE_ROW) return db.error("read");
    one.last = newest->integer(0);
    newest->reset();
  }
  return hits;
}

Result<std::vector<std::string>> Findings::sources(std::size_t limit, const SiteScope& sites) {
  if (sites) return std::vector<std::string>();
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  return all_sources(*connection.value(), limit);
}

}  // namespace logystera::store::sqlite
