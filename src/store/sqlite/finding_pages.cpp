// Findings by pages. Which index a filter is walked on:
//
//   rule                                    findings_by_rule_and_level, an arm a level
//   rule with a source, or dismissed only   findings_by_rule, an arm a source of the rule; levels are decided on rows
//   source, or what sources begin with      findings_by_source, an arm a source of that name and level
//   level                                   findings_by_level, an arm a level
//   site                                    findings_by_site, an arm a site and level; the rest is decided on rows
//   nothing of these                        findings_by_time
//
// A text is looked for in the row an arm stands at (text_search.hpp); whether a finding is dismissed is decided on rows that are fetched. Where there were too many arms (a name that thousands of sources
// end in), levels are walked and the rest is decided on rows.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>

#include "store/sqlite/finding_rows.hpp"
#include "store/sqlite/finding_sites.hpp"
#include "store/sqlite/page_indexes.hpp"
#include "store/sqlite/prefixes.hpp"
#include "store/sqlite/stores.hpp"
#include "store/sqlite/text_search.hpp"
#include "store/sqlite/walk.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {
namespace {

// A dismissal covers its rule everywhere, or in a source by its path or the name at its end.
constexpr std::string_view kDismissed =
    "EXISTS (SELECT 1 FROM dismissals d WHERE d.rule = f.rule AND (d.source = '' OR d.source = f.source OR "
    "substr(f.source, -length(d.source) - 1) = '/' || d.source))";

constexpr std::string_view kHasText = "has_text(?5, message, title, rule, source)";

// Names are compared as they are stored.
bool is_named(std::string_view source, std::string_view name) noexcept {
  return name.empty() || source == name ||
         (source.size() > name.size() && source.ends_with(name) && source[source.size() - name.size() - 1] == '/');
}

/// What the arms leave to be decided on rows.
struct Rest {
  bool levels = false, rule = false, source = false, site = false, dismissal = false;
};

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
        prefixes(given.of_sources),
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

  bool nothing() const noexcept { return levels.empty() || prefixes.none(); }
  bool by_source() const noexcept { return !source.empty() || !prefixes.all(); }
  bool wants_source(std::string_view one) const noexcept { return is_named(one, source) && prefixes.match(one); }
  bool all_levels() const noexcept { return levels.size() == kLevels; }

  const FindingFilter& filter;
  const std::string rule, source;
  const Prefixes prefixes;
  const std::string text;  // folded
  std::int64_t lowest, highest;
  std::vector<std::int64_t> levels;  // numbers as stored
  std::vector<std::pair<std::string, std::string>>
      rule_sources;                                // arms of kFindingsByRule; here since statements point at them
  std::vector<std::string> sources;                // arms of kFindingsBySource
  std::optional<std::vector<std::int64_t>> sites;  // numbers, if it is restricted to some
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

// Those that are wanted, a look into the index each; of no prefix, all there are are looked at.
Result<std::vector<std::string>> wanted_sources(Connection& db, const Search& search) {
  std::vector<std::string> wanted;
  if (search.prefixes.all()) {
    auto sources = all_sources(db, SIZE_MAX);
    if (!sources) return sources.error();
    for (std::string& source : sources.value())
      if (search.wants_source(source)) wanted.push_back(std::move(source));
    return wanted;
  }
  auto first = db.lease(kFindingSourceFrom);
  if (!first) return first.error();
  auto next = db.lease(kFindingSourceBehind);
  if (!next) return next.error();
  for (const std::string& prefix : search.prefixes.sorted()) {
    std::string last;
    for (bool begins = true;; begins = false) {
      Statement& look = begins ? first.value() : next.value();
      look.bind(1, std::string_view(begins ? prefix : last));
      const int code = look.step();
      if (code != SQLITE_ROW && code != SQLITE_DONE) return db.error("read");
      std::string source(look.text(0));
      look.reset();
      if (code == SQLITE_DONE || !source.starts_with(prefix)) break;
      last = source;
      if (search.wants_source(source)) wanted.push_back(std::move(source));
    }
  }
  return wanted;
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
      if (covered && search.wants_source(source)) search.rule_sources.emplace_back(rule, std::move(source));
    }
  }
  return Done{};
}

Result<Rest> add_arms_of(Connection& db, Search& search, const PageRequest<TimeKey>& request, Arms<TimeKey>& arms) {
  const auto add = [&](ArmIndex index, auto bind) {
    if (search.text.empty()) return add_arms(db, arms, index, request, search.lowest, search.highest, bind);
    index.test = kHasText;
    return add_arms(db, arms, index, request, search.lowest, search.highest, [&search, bind](Statement& statement) {
      bind(statement);
      statement.bind(5, std::string_view(search.text));
    });
  };
  const bool dismissed_only = search.filter.dismissed.value_or(false);
  auto sites = site_numbers(db, search.filter.site, search.filter.sites);
  if (!sites) return sites.error();
  search.sites = std::move(sites).value();
  if (search.sites) {
    Rest rest{.rule = !search.rule.empty(), .source = search.by_source(), .dismissal = search.filter.dismissed.has_value()};
    if (search.sites->size() * search.levels.size() <= kArmsMost) {
      for (const std::int64_t site : *search.sites) {
        for (const std::int64_t level : search.levels) {
          auto added = add(kFindingsBySite, [site, level](Statement& statement) {
            statement.bind(3, level);
            statement.bind(4, site);
          });
          if (!added) return added.error();
        }
      }
      return rest;
    }
    rest.site = true;
    for (const std::int64_t level : search.levels) {
      auto added = add(kFindingsByLevel, [level](Statement& statement) { statement.bind(3, level); });
      if (!added) return added.error();
    }
    return rest;
  }
  if (!search.rule.empty() && !search.by_source() && !dismissed_only) {
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
  } else if (search.by_source()) {
    auto sources = wanted_sources(db, search);
    if (!sources) return sources.error();
    search.sources = std::move(sources).value();
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
      .rule = !search.rule.empty(), .source = search.by_source(), .dismissal = search.filter.dismissed.has_value()};
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

/// Whether every row the arms give, and their test lets pass, matches.
bool exact(const Rest& rest) noexcept {
  return !rest.levels && !rest.rule && !rest.source && !rest.site && !rest.dismissal;
}

/// Fetches a row by its number, if it matches what was left. ?1 the number, ?3 the least and ?4 the highest level, ?5 the rule. Its
/// source is looked at before all else and by itself: most rows are of another.
class Fetch {
 public:
  static Result<Fetch> make(Connection& db, const Search& search, const Rest& rest) {
    std::string where = "f.id = ?1";
    if (rest.levels) where += " AND f.level BETWEEN ?3 AND ?4";
    if (rest.rule) where += " AND f.rule = ?5";
    if (rest.site) where += " AND f.entity <> 0 AND f.entity IN " + listed(*search.sites);
    if (rest.dismissal) {
      where += fmt::format(" AND {}{}", *search.filter.dismissed ? "" : "NOT ", kDismissed);
    }
    auto statement =
        db.prepare(fmt::format("SELECT " LOGYSTERA_FINDING_COLUMNS ", {} FROM findings f WHERE {}", kDismissed, where));
    if (!statement) return statement.error();
    statement->bind(3, search.levels.front());
    statement->bind(4, search.levels.back());
    statement->bind(5, std::string_view(search.rule));
    auto source = db.prepare("SELECT source FROM findings WHERE id = ?1");
    if (!source) return source.error();
    return Fetch(db, search, rest.source, std::move(statement).value(), std::move(source).value());
  }

  Result<Fetched<Finding>> operator()(const TimeKey& key) {
    Fetched<Finding> fetched;
    auto found = find(key);
    if (!found) return found.error();
    if (found.value()) {
      fetched.row = read_finding(statement_);
      fetched.row->dismissed = statement_.integer(kFindingColumns) != 0;
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
  Fetch(Connection& db, const Search& search, bool decides_source, Statement statement, Statement source)
      : db_(&db),
        search_(&search),
        decides_source_(decides_source),
        statement_(std::move(statement)),
        source_(std::move(source)) {}

  // Whether statement_ stands at the row now.
  Result<bool> find(const TimeKey& key) {
    if (decides_source_) {
      auto wanted = source_fits(key);
      if (!wanted || !wanted.value()) return wanted;
    }
    statement_.bind(1, key.id);
    const int code = statement_.step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) return db_->error("read");
    return code == SQLITE_ROW;
  }

  Result<bool> source_fits(const TimeKey& key) {
    source_.bind(1, key.id);
    const int code = source_.step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) return db_->error("read");
    const bool wanted = code == SQLITE_ROW && search_->wants_source(source_.text(0));
    source_.reset();
    return wanted;
  }

  Connection* db_;
  const Search* search_;
  bool decides_source_;
  Statement statement_, source_;
};

}  // namespace

Result<FindingPage> Findings::page(const FindingFilter& filter, const PageRequest<TimeKey>& request) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  Search search(filter);
  if (search.nothing()) return FindingPage{};
  Arms<TimeKey> arms(request.newer_than.has_value(), !search.text.empty());
  auto rest = add_arms_of(db, search, request, arms);
  if (!rest) return rest.error();
  auto fetch = Fetch::make(db, search, rest.value());
  if (!fetch) return fetch.error();
  return collect<Finding>(db, arms, request, [&](const TimeKey& key) { return fetch.value()(key); });
}

Result<Count> Findings::count(const FindingFilter& filter, std::size_t most, std::chrono::milliseconds patience) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  Search search(filter);
  if (search.nothing()) return Count{};
  Arms<TimeKey> arms(false, !search.text.empty());
  auto rest = add_arms_of(db, search, {}, arms);
  if (!rest) return rest.error();
  if (exact(rest.value())) return count_to(db, arms, most, patience, [](const TimeKey&) -> Result<bool> { return true; });
  auto fetch = Fetch::make(db, search, rest.value());
  if (!fetch) return fetch.error();
  return count_to(db, arms, most, patience, [&](const TimeKey& key) { return fetch->fits(key); });
}

Result<std::optional<Finding>> Findings::get(std::int64_t id, const SiteScope& sites) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  const FindingFilter everything;
  const Search search(everything);
  auto fetch = Fetch::make(db, search, {});
  if (!fetch) return fetch.error();
  auto fetched = fetch.value()({0, id});
  if (!fetched) return fetched.error();
  std::optional<Finding> finding = std::move(fetched->row);
  if (!finding) return finding;
  if (sites && std::find(sites->begin(), sites->end(), finding->site) == sites->end()) return std::optional<Finding>();
  auto evidence = evidence_of(db, id);
  if (!evidence) return evidence.error();
  finding->evidence = std::move(evidence).value();
  return finding;
}

}  // namespace logystera::store::sqlite
