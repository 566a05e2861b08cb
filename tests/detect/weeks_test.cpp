// The rules on signals at work: a quiet week may open a few alerts and a week of attacks opens each it should, once.
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

#include "catch.hpp"
#include "core/clock.hpp"
#include "detect/absence.hpp"
#include "detect/engine.hpp"
#include "detect/packs.hpp"
#include "detect/signal_context.hpp"
#include "detect/windows.hpp"
#include "incidents.hpp"
#include "parse/format.hpp"
#include "parse/source.hpp"

using namespace logystera;
using namespace logystera::detect;
using logystera::test::Incidents;
using logystera::test::Weeks;

namespace {

using Key = std::tuple<std::string, int, std::uint64_t>;  // rule, site, group

/// Alerts as a server makes them of findings at default settings: rules that are recommended, from medium on, one for each group; a
/// condition that must hold for a time does not make one if it clears before.
struct Outcome {
  std::map<std::string, std::size_t> findings;  // of all rules
  std::map<Key, std::int64_t> alerts;           // when it opened, Unix seconds

  std::size_t alerts_of(const std::string& rule) const {
    std::size_t count = 0;
    for (const auto& [key, time] : alerts) count += std::get<0>(key) == rule;
    return count;
  }
};

const RuleSet& built_in() {
  static const RuleSet set = [] {
    Loader loader(built_in_options());
    add_built_in_packs(loader);
    return loader.finish();
  }();
  return set;
}

void read(const std::string& text, FieldNames& names, RecordBatch& batch) {
  static Result<parse::Formats> formats = parse::Formats::built_in();
  REQUIRE(formats.ok());
  const parse::Format* format = formats.value().find("logystera_events");
  const parse::ParserContext context{names, parse::TimeContext(Weeks::kStart * kSecondNs)};
  auto parser = parse::make_parser(*format, context);
  auto fallback = parse::make_parser(*formats.value().find("plaintext"), context);
  REQUIRE((parser.ok() && fallback.ok()));
  batch.text.resize(text.size());
  std::copy(text.begin(), text.end(), batch.text.data());
  parse::LineRecords records(*format, std::move(parser).value(), std::move(fallback).value(), "sites", {});
  records.read(batch, true);
  REQUIRE(records.counts().unparsed == 0);
}

/// Runs one site's lines; what happens before `from` is only learnt.
void run_site(int site, const std::vector<Weeks::Line>& lines, std::int64_t from, Outcome& outcome) {
  const RuleSet& set = built_in();
  FieldNames names;
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  Session session(engine.value());
  const SignalContext context(
      {std::string(Weeks::kNames[site]), [](std::int64_t) { return Weeks::kOffset; }, {"administrator"}}, names);
  SeenMemory memory;
  WindowOptions options;
  options.key = std::string(32, 'k');
  options.seen = &memory;
  options.clears = true;
  Windows windows(set, names, options);
  Absences absences(set);
  std::map<Key, std::int64_t> held;  // conditions that hold since then and have not fired

  std::string text;
  for (const Weeks::Line& line : lines)
    if (line.site == site) text += line.text + "\n";
  RecordBatch batch;
  read(text, names, batch);
  context.add_to(batch);

  const auto take = [&](const std::vector<Match>& matches) {
    for (const Match& match : matches) {
      const Rule& rule = set.rules[match.rule];
      const Key key{rule.id, site, match.group};
      const std::int64_t time = match.time_ns / kSecondNs;
      if (match.clears) {
        held.erase(key);
        continue;
      }
      if (time < from) continue;
      ++outcome.findings[rule.id];
      if (!rule.alert || !rule.alert->recommended || rule.level < Level::medium) continue;
      if (rule.alert->for_s > 0) held.emplace(key, time);
      else outcome.alerts.emplace(key, time);
    }
  };
  const auto hold = [&](std::int64_t now) {
    for (auto at = held.begin(); at != held.end();) {
      const std::int64_t wanted = at->second + set.find(std::get<0>(at->first))->alert->for_s;
      if (wanted > now) {
        ++at;
        continue;
      }
      outcome.alerts.emplace(at->first, wanted);
      at = held.erase(at);
    }
  };
  std::int64_t ticked = Weeks::kStart;
  std::vector<Match> matches;
  for (const Record& record : batch.records) {
    for (; ticked < record.time_ns / kSecondNs; ticked += 10 * Weeks::kMinute) {
      matches.clear();
      absences.tick(ticked * kSecondNs, matches);
      take(matches);
      hold(ticked);
    }
    matches.clear();
    absences.note(record, record.time_ns, matches);
    windows.feed(record, session.match(record), matches);
    take(matches);
  }
}

Outcome run(Weeks weeks, std::int64_t from) {
  Outcome outcome;
  const std::vector<Weeks::Line> lines = weeks.take();
  for (int site = 0; site < Weeks::kSites; ++site) run_site(site, lines, from, outcome);
  return outcome;
}

// For whoever reads the test's output.
void print(const char* title, const Outcome& outcome) {
  std::printf("%s: %zu alerts\n%-42s %9s %7s\n", title, outcome.alerts.size(), "rule", "findings", "alerts");
  for (const auto& [rule, count] : outcome.findings)
    std::printf("%-42s %9zu %7zu\n", rule.c_str(), count, outcome.alerts_of(rule));
}

constexpr int kLearnt = 14;
constexpr std::int64_t kJudged = Weeks::kStart + kLearnt * Weeks::kDay;

}  // namespace

TEST_CASE("a_quiet_week_of_three_sites_opens_five_alerts_at_most") {
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    Weeks weeks(seed);
    weeks.quiet(kLearnt + 7);
    const Outcome outcome = run(std::move(weeks), kJudged);
    if (seed == 1) print("quiet week", outcome);
    CHECK(outcome.alerts.size() <= 5);
    CHECK(outcome.alerts_of("SIGNAL_SECURITY_UPDATE") == 1);  // it is true
    for (const auto& [key, time] : outcome.alerts) INFO(std::get<0>(key));
  }
}

TEST_CASE("a_week_of_attacks_opens_each_alert_it_should_once") {
  Weeks weeks(1);
  weeks.quiet(kLearnt + 7);
  weeks.attack(kLearnt + 1);
  const Outcome outcome = run(std::move(weeks), kJudged);
  print("week of attacks", outcome);
  const std::map<std::string, std::size_t> wanted = {
      {"SIGNAL_LOGIN_FAILURES", 1},       {"SIGNAL_LOGIN_AFTER_FAILURES", 1},    {"SIGNAL_ADMIN_LOGIN_NEW_NETWORK", 1},
      {"SIGNAL_ADMIN_ROLE_GRANTED", 1},   {"SIGNAL_MODULE_CHANGED_LIVE", 1},     {"SIGNAL_MODULE_CHANGE_OFF_HOURS", 1},
      {"SIGNAL_PHP_MODULE_INSTALLED", 1}, {"SIGNAL_EXECUTABLE_UPLOADED", 1},     {"SIGNAL_FILE_INTEGRITY", 1},
      {"SIGNAL_INTEGRITY_ENTRY_FILE", 1}, {"SIGNAL_TAKEOVER_CHAIN", 1},          {"SIGNAL_EVENTS_DROPPED", 1},
      {"SIGNAL_DROPS_DURING_ATTACK", 1},  {"SIGNAL_LOGIN_FAILURES_SITEWIDE", 1}, {"SIGNAL_LOGIN_FAILURES_DISTRIBUTED", 1},
      {"SIGNAL_LOGIN_SLOW_SPRAY", 1},     {"SIGNAL_ADMIN_PATH_PROBE", 1},        {"SIGNAL_ACCESS_DENIED_PROBE", 1},
      {"SIGNAL_CONFIG_EXPORTED", 1},      {"SIGNAL_API_USERS_READ", 1},          {"SIGNAL_MASS_UNPUBLISH", 1}};
  for (const auto& [rule, count] : wanted) {
    INFO(rule);
    CHECK(outcome.alerts_of(rule) == count);
  }
  Weeks usual(1);
  usual.quiet(kLearnt + 7);
  const Outcome quiet = run(std::move(usual), kJudged);
  // Nothing beside what the attacks and the quiet week explain.
  for (const auto& [key, time] : outcome.alerts) {
    INFO(std::get<0>(key));
    CHECK((wanted.contains(std::get<0>(key)) || quiet.alerts.contains(key)));
  }
}

TEST_CASE("every_rule_of_the_pack_fires_in_the_life_of_a_site") {
  Incidents weeks(1);
  weeks.quiet(kLearnt + 21);
  weeks.attack(kLearnt + 1);
  weeks.all(kLearnt + 8);
  const Outcome outcome = run(std::move(weeks), kJudged);
  print("everything that happens", outcome);
  std::size_t rules = 0;
  for (const Rule& rule : built_in().rules) {
    if (!rule.id.starts_with("SIGNAL_") || rule.silent) continue;
    ++rules;
    INFO(rule.id);
    CHECK(outcome.findings.contains(rule.id));
    if (rule.alert->recommended && rule.level >= Level::medium) CHECK(outcome.alerts_of(rule.id) > 0);
  }
  CHECK(rules >= 94);
}

TEST_CASE("the_pack_reaches_every_type_but_those_that_are_context") {
  std::set<std::string> reached, recommended;
  std::size_t rules = 0;
  for (const Rule& rule : built_in().rules) {
    if (rule.absence) reached.insert(rule.absence->event_type);
    for (const ScopeChoice& choice : rule.scope.choices)
      reached.insert(choice.event_types.begin(), choice.event_types.end());
    if (!rule.id.starts_with("SIGNAL_") || rule.silent) continue;
    ++rules;
    INFO(rule.id);
    REQUIRE(rule.alert);
    CHECK_FALSE(rule.alert->what.empty());
    CHECK_FALSE(rule.alert->why.empty());
    CHECK_FALSE(rule.alert->act.empty());
    CHECK_FALSE(rule.alert->harmless.empty());
    if (rule.alert->recommended) recommended.insert(rule.id);
  }
  CHECK(rules >= 94);
  CHECK(recommended.size() >= 40);
  const char* types[] = {"config.save",
                         "config.delete",
                         "config.import",
                         "auth.login",
                         "auth.login_failed",
                         "user.created",
                         "user.role_changed",
                         "user.blocked",
                         "user.deleted",
                         "module.install",
                         "module.uninstall",
                         "http.request",
                         "content.moderation",
                         "views.change",
                         "api.access",
                         "cache.flush",
                         "db.slow_query",
                         "auth.flood_blocked",
                         "auth.password_reset",
                         "user.unblocked",
                         "role.permissions_changed",
                         "content.created",
                         "content.updated",
                         "content.deleted",
                         "media.deleted",
                         "file.uploaded",
                         "file.deleted",
                         "config.export",
                         "theme.install",
                         "theme.uninstall",
                         "cron.run",
                         "update.available",
                         "maintenance.changed",
                         "php.warning",
                         "php.exception",
                         "php.fatal",
                         "db.deadlock",
                         "db.connection_failed",
                         "db.disk_full",
                         "file.integrity_changed",
                         "access.denied",
                         "email.sent",
                         "email.failed",
                         "agent.changed",
                         "agent.dropped"};
  for (const char* type : types) {
    INFO(type);
    CHECK(reached.contains(type));
  }
  CHECK(std::size(types) == 48 - 3);  // auth.logout, media.created and media.updated are context
}
