// `alert:`, `clear:`, and windows over rules with aliases and at_least.
#include "catch.hpp"
#include "core/clock.hpp"
#include "detect/convert.hpp"
#include "detect/packs.hpp"
#include "detect/signal_context.hpp"
#include "detect/windows.hpp"
#include "record_maker.hpp"

using namespace logystera;
using namespace logystera::detect;
using logystera::test::add_record;
using logystera::test::ReadBack;
using logystera::test::refusal;
using logystera::test::rules_of;

namespace {

std::string rule(const std::string& alert, const std::string& more = "") {
  return "id: R\ntitle: R\nlevel: high\ndetection: {match: [{field: a, op: equals, value: b}]}\nalert: " + alert + "\n" +
         more;
}

std::string text_of(const RecordBatch& batch, const FieldNames& names, std::string_view field) {
  const Value* value = batch.records[0].find(names.find(field));
  return value ? std::string(value->text()) : "-";
}

}  // namespace

TEST_CASE("an_alert_block_is_read_whole_and_goes_through_an_image") {
  const std::string text = rule(
      "{kind: condition, group_by: [a, c], for: 4h, resolve_after: 30m, cooldown: {critical: 1h, high: never}, "
      "recommended: "
      "true, tags: [x, y], inhibited_by: R, explain: {what: W, why: Y, do: D, harmless: H}}",
      "clear: {match: [{field: a, op: equals, value: c}]}\n");
  const RuleSet set = rules_of(text);
  REQUIRE(set.refused() == 0);
  FieldNames names;
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  const ReadBack read(engine.value(), names);
  for (const RuleSet* rules : {&set, &read.rules}) {
    REQUIRE(rules->rules.size() == 2);
    const AlertBlock& alert = *rules->rules[0].alert;
    CHECK(alert.kind == AlertBlock::Kind::condition);
    REQUIRE(alert.group_by.size() == 2);
    CHECK(alert.group_by[1].written == "c");
    CHECK(alert.for_s == 4 * 3600);
    CHECK(alert.resolve_after_s == 30 * 60);
    CHECK(alert.cooldown_s[static_cast<std::size_t>(Level::critical)] == 3600);
    CHECK(alert.cooldown_s[static_cast<std::size_t>(Level::high)] == AlertBlock::kNoRepeat);
    CHECK(alert.recommended);
    CHECK(alert.tags == std::vector<std::string>{"x", "y"});
    CHECK(alert.inhibited_by == std::vector<std::string>{"R"});
    CHECK(alert.what + alert.why + alert.act + alert.harmless == "WYDH");
    CHECK(rules->rules[1].ends == 0);
    CHECK(rules->rules[1].silent);
  }
}

TEST_CASE("what_an_alert_does_not_say_is_the_default") {
  const RuleSet set = rules_of(rule("{}"));
  REQUIRE(set.refused() == 0);
  const AlertBlock& alert = *set.rules[0].alert;
  CHECK(alert.kind == AlertBlock::Kind::episode);
  CHECK(alert.resolve_after_s == 24 * 3600);
  CHECK(alert.cooldown_s[static_cast<std::size_t>(Level::critical)] == 4 * 3600);
  CHECK(alert.cooldown_s[static_cast<std::size_t>(Level::medium)] == AlertBlock::kNoRepeat);
  CHECK_FALSE(alert.recommended);
}

TEST_CASE("an_alert_block_says_what_is_wrong_with_it") {
  CHECK_THAT(refusal(rule("yes")), Catch::Contains("alert is a map"));
  CHECK_THAT(refusal(rule("{kinds: x}")), Catch::Contains("unknown key 'kinds'"));
  CHECK_THAT(refusal(rule("{kind: event}")), Catch::Contains("episode, condition or none"));
  CHECK_THAT(refusal(rule("{group_by: [a, b, c]}")), Catch::Contains("two fields at most"));
  CHECK_THAT(refusal(rule("{group_by: path}")), Catch::Contains("allow_high_cardinality"));
  CHECK(rules_of(rule("{group_by: path, allow_high_cardinality: true}")).refused() == 0);
  CHECK_THAT(refusal(rule("{for: 1h}")), Catch::Contains("add kind: condition"));
  CHECK_THAT(refusal(rule("{resolve_after: soon}")), Catch::Contains("no time span"));
  CHECK_THAT(refusal(rule("{cooldown: 4h}")), Catch::Contains("cooldown is a map"));
  CHECK_THAT(refusal(rule("{cooldown: {informational: 4h}}")), Catch::Contains("unknown key"));
  CHECK_THAT(refusal(rule("{recommended: 1}")), Catch::Contains("true or false"));
  CHECK_THAT(refusal(rule("{tags: ['']}")), Catch::Contains("1 to 64 bytes"));
  CHECK_THAT(refusal(rule("{explain: text}")), Catch::Contains("four parts"));
  CHECK_THAT(refusal(rule("{explain: {what: a, why: b, do: c}}")), Catch::Contains("'harmless' is missing"));
  CHECK_THAT(refusal(rule("{explain: {what: " + std::string(2001, 'x') + ", why: b, do: c, harmless: d}}")),
             Catch::Contains("say it shorter"));
  CHECK_THAT(refusal(rule("{}", "clear: {match: [{field: a, op: equals, value: c}]}\n")),
             Catch::Contains("clear ends a condition"));
  CHECK_THAT(refusal(rule("{kind: condition}", "clear: {}\n")), Catch::Contains("clear has no match"));
  CHECK_THAT(refusal(rule("{group_by: a}", "window: {span: 1m, count: 2}\n")), Catch::Contains("the window's group_by"));
  CHECK_THAT(refusal(rule("{}", "window: {span: 1m, group_by: [a, b, c], count: 2}\n")),
             Catch::Contains("two fields at most"));
  CHECK_THAT(refusal(rule("{}", "window: {span: 1m, group_by: url, count: 2}\n")),
             Catch::Contains("allow_high_cardinality"));
  const RuleSet unknown = rules_of(rule("{inhibited_by: NOBODY}"));
  CHECK(unknown.refused() == 0);
  REQUIRE(unknown.documents[0].warnings.size() == 1);
  CHECK_THAT(unknown.documents[0].warnings[0].message, Catch::Contains("NOBODY"));
}

TEST_CASE("windows_over_rules_take_aliases_and_at_least") {
  const std::string two =
      "id: A\ntitle: A\nlevel: low\ndetection: {match: [{field: k, op: equals, value: a}]}\n---\n"
      "id: B\ntitle: B\nlevel: low\ndetection: {match: [{field: k, op: equals, value: b}]}\n---\n"
      "id: W\ntitle: W\nlevel: low\nwindow: ";
  const RuleSet set = rules_of(two + "{span: 1h, group_by: who, aliases: {who: {A: x, B: y}}, rules: [A, B]}\n");
  REQUIRE(set.refused() == 0);
  FieldNames names;
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  Session session(engine.value());
  Windows windows(set, names);
  const auto fires = [&](const std::string& map) {
    RecordBatch batch;
    add_record(map, names, batch);
    std::vector<Match> out;
    windows.feed(batch.records[0], session.match(batch.records[0]), out);
    return out.size() > 1;  // beside A's or B's own
  };
  CHECK_FALSE(fires("{k: a, x: anna, y: bert}"));
  CHECK_FALSE(fires("{k: b, x: anna, y: bert}"));
  CHECK(fires("{k: b, x: bert, y: anna}"));
  CHECK(rules_of(two + "{span: 1h, rules: [A, B], at_least: 1}\n").rules.back().window->bounds[0].number == 1);
  CHECK_THAT(refusal(two + "{span: 1h, rules: [A, B], at_least: 3}\n"), Catch::Contains("1 to as many"));
  CHECK_THAT(refusal(two + "{span: 1h, rules: [A, B], count: 2, at_least: 1}\n"), Catch::Contains("remove count"));
  CHECK_THAT(refusal(two + "{span: 1h, rules: [A, B], aliases: {who: A}}\n"), Catch::Contains("an alias is a map"));
  CHECK_THAT(refusal(two + "{span: 1h, rules: [A], aliases: {who: {B: x}}}\n"), Catch::Contains("not among"));
  CHECK_THAT(refusal(rule("{}", "window: {span: 1h, count: 2, at_least: 1}\n")), Catch::Contains("go with rules"));
}

TEST_CASE("rules_on_signals_converted_to_the_native_form_are_the_same_rules") {
  Loader loader(built_in_options());
  add_built_in_packs(loader);
  const RuleSet set = loader.finish();
  Loader again;
  std::size_t converted = 0;
  for (std::uint32_t i = 0; i < set.rules.size(); ++i) {
    const Rule& rule = set.rules[i];
    if (!rule.id.starts_with("SIGNAL_") || rule.id.find('#') != std::string::npos) continue;
    Result<std::string> text = to_native(set, i);
    INFO(rule.id);
    REQUIRE(text.ok());
    again.add_text(rule.id, text.value());
    ++converted;
  }
  CHECK(converted > 100);
  const RuleSet read = again.finish();
  for (const DocumentReport& report : read.documents)
    for (const yaml::Problem& problem : report.problems) FAIL_CHECK(yaml::describe(report.file, problem));
  for (const Rule& rule : set.rules) {
    if (!rule.id.starts_with("SIGNAL_") || rule.id.find('#') != std::string::npos) continue;
    const Rule* same = read.find(rule.id);
    INFO(rule.id);
    REQUIRE(same != nullptr);
    CHECK(same->alert.has_value() == rule.alert.has_value());
    CHECK(same->seen.has_value() == rule.seen.has_value());
    CHECK(same->absence.has_value() == rule.absence.has_value());
    if (rule.window) {
      CHECK(same->window->bounds[0].number == rule.window->bounds[0].number);
      CHECK(same->window->aliases.size() == rule.window->aliases.size());
    }
    if (!rule.alert) continue;
    CHECK(same->alert->kind == rule.alert->kind);
    CHECK(same->alert->cooldown_s == rule.alert->cooldown_s);
    CHECK(same->alert->for_s == rule.alert->for_s);
    CHECK(same->alert->act == rule.alert->act);
    CHECK(same->alert->group_by.size() == rule.alert->group_by.size());
  }
  const auto clears = [](const RuleSet& rules) {
    return std::count_if(rules.rules.begin(), rules.rules.end(), [](const Rule& rule) { return rule.ends.has_value(); });
  };
  CHECK(clears(read) == clears(set));
}

TEST_CASE("the_context_of_a_site_is_added_to_signals_and_nobody_elses_word_for_it_counts") {
  FieldNames names;
  RecordBatch batch;
  add_record(
      "{kind: signal, event_type: auth.login, uid: a, client_ip: '203.0.113.77', roles: [editor, boss], admin: false, "
      "local_hour: 99, entity: x}",
      names, batch);
  std::int64_t asked = 0;
  const SignalContext context({"shop",
                               [&asked](std::int64_t at) {
                                 asked = at;
                                 return std::int64_t{-3600};
                               },
                               {"administrator", "boss"}},
                              names);
  context.add_to(batch);  // 2026-01-01T00:00:00Z, a Thursday
  CHECK(asked == 1'767'225'600);
  CHECK(text_of(batch, names, "entity") == "shop");
  CHECK(text_of(batch, names, "local_hour") == "23");
  CHECK(text_of(batch, names, "local_weekday") == "3");
  CHECK(text_of(batch, names, "admin") == "true");
  CHECK(text_of(batch, names, "client_network") == "203.0.113.0/24");
  CHECK(text_of(batch, names, "uid") == "a");
  std::size_t named = 0;
  for (const Value& value : batch.records[0]) named += names.name(value.field) == "local_hour";
  CHECK(named == 1);
}

TEST_CASE("the_context_counts_permissions_and_leaves_out_what_is_not_there") {
  FieldNames names;
  RecordBatch batch;
  add_record(
      "{kind: signal, event_type: role.permissions_changed, permissions_added: [a, b, c], permissions_removed: [], "
      "client_ip: '2001:db8:1:2::3'}",
      names, batch);
  const SignalContext context({"shop", nullptr, {"administrator"}}, names);
  context.add_to(batch);
  CHECK(text_of(batch, names, "permissions_added_count") == "3");
  CHECK(text_of(batch, names, "permissions_removed_count") == "0");
  CHECK(text_of(batch, names, "client_network") == "2001:db8:1::/48");
  CHECK(text_of(batch, names, "admin") == "-");
  CHECK(text_of(batch, names, "local_hour") == "0");
  CHECK(text_of(batch, names, "local_weekday") == "4");
  RecordBatch other;
  add_record("{kind: syslog, client_ip: '203.0.113.77', entity: mine}", names, other);
  context.add_to(other);
  CHECK(text_of(other, names, "entity") == "mine");
  CHECK(text_of(other, names, "client_network") == "-");
}
