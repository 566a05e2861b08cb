// From signals to alerts, by the rules there are.
#include "processor/alerting.hpp"

#include <fstream>

#include "script.hpp"

using namespace logystera;
using namespace logystera::processor;
using namespace logystera::testing;

namespace {

constexpr std::int64_t kHour = 3600, kDay = 24 * kHour;

/// Events through a detector into alerts, each step stored before the next. With `restarts`, every step has a detector of its own, made
/// of what is stored alone.
struct Watched : Bench {
  analysis::CurrentProgram program{signal_program()};
  std::int64_t now = kStart;
  OnFindings follows = alerting(
      program, HmacKey("k"), [this] { return now; },
      [this](store::Stores&, std::span<const alert::Tell> tells) -> Result<Done> {
        for (const alert::Tell& one : tells) told.push_back(one.kind);
        return Done{};
      });
  std::vector<alert::Tell::Kind> told;
  std::unique_ptr<Detector> running;
  bool restarts = false;
  std::size_t looked = 0;

  void send(const std::vector<Sent>& sent) {
    put(sent);
    now = sent.back().received_at;
    const auto all = stored();
    if (!running) renew(all);
    Effects effects;
    REQUIRE(running->process(std::span(all.inputs).subspan(looked), effects).ok());
    looked = all.inputs.size();
    finish(effects);
  }
  void tick(std::int64_t at) {
    now = at;
    if (!running) renew(stored());
    Effects effects;
    REQUIRE(running->tick(now, effects, true).ok());
    finish(effects);
    REQUIRE(tick_all(*store, now, {}).ok());
  }
  std::vector<alert::Alert> alerts(const std::string& rule) const {
    std::vector<alert::Alert> of_rule;
    for (const alert::Alert& one : store->alerts().page({}, {}).value().rows)
      if (one.rule == rule) of_rule.push_back(one);
    return of_rule;
  }

 private:
  void finish(Effects& effects) {
    running->take_seen(effects);
    if (restarts) running->save(UINT64_MAX, SIZE_MAX, effects);
    keep(effects, follows);
    if (restarts) running.reset();
  }
  void renew(const Stored&) {
    running = detector(program.get().value());
    for (const store::SiteWindows& saved : store->site_windows().list().value()) REQUIRE(running->restore(saved));
  }
};

Sent event(std::int64_t at, const std::string& type, const std::string& labels) { return {"ent_a", at, at, type, labels}; }
Sent failed(std::int64_t at) { return event(at, "auth.login_failed", R"({"ip":"203.0.113.7","username":"admin"})"); }
Sent admin_login(std::int64_t at, const std::string& ip, const std::string& uid = "boss") {
  return event(at, "auth.login", fmt::format(R"({{"uid":"{}","ip":"{}","roles":["administrator"]}})", uid, ip));
}

}  // namespace

TEST_CASE("guessed_passwords_are_one_alert_that_grows") {
  Watched site;
  for (int i = 0; i < 4; ++i) site.send({failed(kStart + i)});
  CHECK(site.alerts("SIGNAL_LOGIN_FAILURES").empty());
  for (int i = 4; i < 30; ++i) site.send({failed(kStart + i)});
  const auto alerts = site.alerts("SIGNAL_LOGIN_FAILURES");
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].state == alert::State::firing);
  CHECK(alerts[0].site == "ent_a");
  CHECK(alerts[0].group_label.find("203.0.113.7") == std::string::npos);
  CHECK(alerts[0].hits >= 5);
  CHECK(std::count(site.told.begin(), site.told.end(), alert::Tell::Kind::opened) == 1);
  const auto findings = site.store->alerts().findings_of(alerts[0].id).value();
  REQUIRE(findings.size() == 1);
  CHECK(site.store->findings().get(findings[0]).value()->rule == "SIGNAL_LOGIN_FAILURES");
}

TEST_CASE("a_first_value_is_told_once_and_what_was_seen_outlasts_a_restart") {
  for (const bool restarts : {false, true}) {
    Watched site;
    site.restarts = restarts;
    // While it learns nothing is new; after that, an account's second network is, once.
    for (int day = 0; day < 20; ++day) site.send({admin_login(kStart + day * kDay, "198.51.100.4")});
    CHECK(site.alerts("SIGNAL_ADMIN_LOGIN_NEW_NETWORK").empty());
    for (int i = 0; i < 3; ++i) site.send({admin_login(kStart + 20 * kDay + i * kHour, "203.0.113.9")});
    const auto alerts = site.alerts("SIGNAL_ADMIN_LOGIN_NEW_NETWORK");
    REQUIRE(alerts.size() == 1);
    CHECK(alerts[0].hits == 1);
    CHECK(alerts[0].group_label.starts_with("uid="));
    // Another account is another alert.
    site.send({admin_login(kStart + 21 * kDay, "198.51.100.4", "second")});
    CHECK(site.alerts("SIGNAL_ADMIN_LOGIN_NEW_NETWORK").size() == 2);
  }
}

TEST_CASE("what_a_site_has_shown_and_cannot_be_read_is_neither_new_nor_written_over") {
  Watched site;
  for (int day = 0; day < 20; ++day) site.send({admin_login(kStart + day * kDay, "198.51.100.4")});
  const auto known = site.store->seen().list("ent_a").value();
  REQUIRE_FALSE(known.empty());
  DetectorOptions options;
  options.key = "key";
  options.read = reader_of(*site.store);
  options.seen = [](std::string_view) -> Result<std::vector<store::SeenValue>> { return Error{"the disk is away"}; };
  Detector detector(signal_program(), std::move(options));
  site.put({admin_login(kStart + 20 * kDay, "203.0.113.9")});
  const auto all = site.stored();
  Effects effects;
  const auto refused = detector.process(std::span(all.inputs).last(1), effects);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "the disk is away");
  detector.take_seen(effects);
  CHECK(effects.empty());
  CHECK_FALSE(detector.warm(std::span(all.inputs).last(1)));
  CHECK(site.store->seen().list("ent_a").value() == known);
}

TEST_CASE("a_condition_holds_before_it_is_told_and_what_clears_it_ends_it") {
  const auto maintenance = [](std::int64_t at, bool on) {
    return event(at, "maintenance.changed", fmt::format(R"({{"enabled":{},"actor_uid":"a"}})", on));
  };
  Watched site;
  site.send({maintenance(kStart, true)});
  REQUIRE(site.alerts("SIGNAL_MAINTENANCE_LEFT_ON").size() == 1);
  CHECK(site.alerts("SIGNAL_MAINTENANCE_LEFT_ON")[0].state == alert::State::pending);
  site.send({maintenance(kStart + kHour, false)});
  site.tick(kStart + 5 * kHour);
  for (const alert::Alert& one : site.alerts("SIGNAL_MAINTENANCE_LEFT_ON")) CHECK_FALSE(one.open());
  CHECK(std::count(site.told.begin(), site.told.end(), alert::Tell::Kind::opened) == 0);

  site.send({maintenance(kStart + 10 * kHour, true)});
  site.tick(kStart + 14 * kHour + 1);
  REQUIRE(site.alerts("SIGNAL_MAINTENANCE_LEFT_ON").back().open());
  const auto open = [&] {
    const auto all = site.alerts("SIGNAL_MAINTENANCE_LEFT_ON");
    return std::count_if(all.begin(), all.end(), [](const alert::Alert& one) { return one.state == alert::State::firing; });
  };
  CHECK(open() == 1);
  site.send({maintenance(kStart + 15 * kHour, false)});
  site.tick(kStart + 15 * kHour + 600);
  CHECK(open() == 0);
}

TEST_CASE("a_site_that_says_nothing_is_noticed_and_so_is_its_return") {
  for (const bool restarts : {false, true}) {
    Watched site;
    site.restarts = restarts;
    const auto cron = [](std::int64_t at) { return event(at, "cron.run", R"({"success":true,"duration_ms":900})"); };
    std::int64_t at = kStart;
    for (int hour = 0; hour < 72; ++hour) site.send({cron(at += kHour)});
    site.tick(at + 2 * kHour);
    CHECK(site.alerts("SIGNAL_SITE_SILENT").empty());
    site.tick(at + 5 * kHour);
    site.tick(at + 6 * kHour);
    REQUIRE(site.alerts("SIGNAL_SITE_SILENT").size() == 1);
    CHECK(site.alerts("SIGNAL_SITE_SILENT")[0].open());
    CHECK(site.alerts("SIGNAL_SITE_SILENT")[0].hits == 1);
    at += 30 * kHour;
    site.tick(at - 60);
    CHECK(site.alerts("SIGNAL_SITE_SILENT").size() == 1);
    site.send({cron(at)});
    site.tick(at + 600);
    CHECK_FALSE(site.alerts("SIGNAL_SITE_SILENT")[0].open());
  }
}

TEST_CASE("a_condition_that_nothing_clears_ends_when_it_is_quiet") {
  const detect::RuleSet& rules = signal_program()->rules();
  CHECK(policy_of(rules, *rules.find("SIGNAL_EMAIL_FAILING")).kind == alert::Kind::episode);
  CHECK(policy_of(rules, *rules.find("SIGNAL_MAINTENANCE_LEFT_ON")).kind == alert::Kind::condition);
  CHECK(policy_of(rules, *rules.find("SIGNAL_SITE_SILENT")).kind == alert::Kind::condition);
}

TEST_CASE("a_site_that_may_not_send_is_never_missed") {
  for (const bool restarts : {false, true}) {
    Watched site;
    site.restarts = restarts;
    const auto cron = [](std::int64_t at) { return event(at, "cron.run", R"({"success":true,"duration_ms":900})"); };
    const auto disable = [&](bool disabled) {
      store::Entity entity = *site.store->entities().find("ent_a").value();
      entity.disabled = disabled;
      REQUIRE(site.store->entities().update(entity).value());
    };
    std::int64_t at = kStart;
    for (int hour = 0; hour < 72; ++hour) site.send({cron(at += kHour)});
    // It is silent, and then somebody says that it is meant so.
    site.tick(at += 6 * kHour);
    REQUIRE(site.alerts("SIGNAL_SITE_SILENT").size() == 1);
    REQUIRE(site.alerts("SIGNAL_SITE_SILENT")[0].open());
    disable(true);
    site.tick(at += 60);
    site.tick(at += 600);
    CHECK_FALSE(site.alerts("SIGNAL_SITE_SILENT")[0].open());
    for (int hour = 0; hour < 48; ++hour) site.tick(at += kHour);
    CHECK(site.alerts("SIGNAL_SITE_SILENT").size() == 1);
    CHECK(site.alerts("SIGNAL_SITE_SILENT")[0].times_opened == 1);
    CHECK(site.alerts("SIGNAL_CRON_NOT_RUNNING").size() <= 1);
    // Enabled again it has its usual time, and is missed only then.
    disable(false);
    site.tick(at += 60);
    CHECK_FALSE(site.alerts("SIGNAL_SITE_SILENT")[0].open());
    site.tick(at += 6 * kHour);
    const auto all = site.alerts("SIGNAL_SITE_SILENT");
    CHECK(std::any_of(all.begin(), all.end(), [](const alert::Alert& one) { return one.open(); }));
    // Revoked, it is gone for good.
    REQUIRE(site.store->entities().revoke("ent_a", at).value());
    site.tick(at += 60);
    site.tick(at += 600);
    for (const alert::Alert& one : site.alerts("SIGNAL_SITE_SILENT")) CHECK_FALSE(one.open());
    // And takes no room any more, here and in the store.
    site.tick(at += 24 * kHour);
    if (site.running) CHECK(site.running->stats().sites == 0);
    CHECK(site.store->site_windows().list()->empty());
  }
}

namespace {

/// A program with two rules of its own, one of which stands for the other.
std::shared_ptr<const analysis::Program> program_with(const std::string& file, const std::string& rules) {
  std::ofstream(file) << rules;
  analysis::ProgramOptions options;
  options.salt = "salt";
  options.timezone = "UTC";
  options.rule_cache = false;
  options.sources.built_in = false;
  options.sources.paths = {file};
  analysis::ProgramNotes notes;
  auto made = analysis::Program::make(options, notes);
  for (const std::string& warning : notes.warnings) INFO(warning);
  REQUIRE(made.ok());
  REQUIRE(made.value()->rules().rules.size() >= 1);
  return made.value();
}

std::string rule_of(const std::string& id, const std::string& module, const std::string& more = {}) {
  return "id: " + id + "\ntitle: " + id + "\nlevel: high\napplies_to: {kind: signal, event_type: [module.install]}\n" +
         "detection:\n  match:\n    - {field: module, op: equals, value: '" + module + "'}\n" + more;
}

}  // namespace

TEST_CASE("a_rule_that_another_stands_for_makes_no_alert_while_that_one_has_one") {
  Watched site;
  const std::string inhibited = "alert: {recommended: true, inhibited_by: [BROAD]}\n";
  site.program.replace(
      program_with(site.scratch.file("rules.yml"), rule_of("BROAD", "a") + "---\n" + rule_of("NARROW", "b", inhibited)));
  const auto install = [](std::int64_t at, const std::string& module) {
    return event(at, "module.install", fmt::format(R"({{"module":"{}","actor_uid":"u"}})", module));
  };
  // In one step, the broad one first: its alert stands for both.
  site.send({install(kStart, "a"), install(kStart + 1, "b")});
  CHECK(site.alerts("BROAD").size() == 1);
  CHECK(site.alerts("NARROW").empty());
  CHECK(site.store->findings().page({}, {}).value().rows.size() == 2);  // what is found is recorded all the same
  // Once that is over it speaks for itself, and goes on though the other comes back.
  alert::Action resolve;
  resolve.verb = alert::Action::Verb::resolve;
  resolve.actor = "anna";
  auto transaction = std::move(site.store->begin()).value();
  REQUIRE(act(*transaction, site.alerts("BROAD")[0].id, resolve, {}, site.now).ok());
  REQUIRE(transaction->commit().ok());
  site.send({install(kStart + 100, "b")});
  REQUIRE(site.alerts("NARROW").size() == 1);
  site.send({install(kStart + 200, "a"), install(kStart + 201, "b")});
  CHECK(site.alerts("NARROW")[0].hits == 2);
}

TEST_CASE("a_site_has_its_own_zone_and_its_own_administrative_roles") {
  for (const bool restarts : {false, true}) {
    Watched site;
    site.restarts = restarts;
    const auto login_rule = [](const std::string& id, const std::string& test) {
      return "id: " + id + "\ntitle: " + id + "\nlevel: high\napplies_to: {kind: signal, event_type: [auth.login]}\n" +
             "detection:\n  match:\n    - {field: " + test + "}\n";
    };
    site.program.replace(
        program_with(site.scratch.file("rules.yml"), login_rule("BOSS", "admin, op: equals, value: true") + "---\n" +
                                                         login_rule("NIGHT", "local_hour, op: equals, value: 3")));
    constexpr std::int64_t kMidnight = kStart - kStart % kDay;  // UTC
    const auto login = [](std::int64_t at, const std::string& role) {
      return event(at, "auth.login", fmt::format(R"({{"uid":"u","ip":"203.0.113.9","roles":["{}"]}})", role));
    };
    const auto found = [&](const std::string& rule) { return site.alerts(rule).empty() ? 0 : site.alerts(rule)[0].hits; };
    site.send({login(kMidnight + 18 * kHour, "site_owner"), login(kMidnight + 18 * kHour, "administrator")});
    CHECK(found("BOSS") == 1);
    CHECK(found("NIGHT") == 0);
    const store::SiteSettings tokyo{"+09:00", {"site_owner", "root"}};
    REQUIRE(store::put_site_settings(site.store->settings(), "ent_a", tokyo).ok());
    CHECK(store::site_settings(site.store->settings(), "ent_a").value() == tokyo);
    if (site.running) site.running->forget_settings();  // as the thread does between steps
    site.send({login(kMidnight + kDay + 18 * kHour, "site_owner"), login(kMidnight + kDay + 18 * kHour, "administrator")});
    CHECK(found("BOSS") == 2);
    CHECK(found("NIGHT") == 2);  // 3 o'clock there
  }
}

TEST_CASE("a_damaged_setting_of_one_site_stops_nobody_and_is_said_until_it_is_mended") {
  Watched site;
  site.program.replace(
      program_with(site.scratch.file("rules.yml"),
                   "id: BOSS\ntitle: BOSS\nlevel: high\napplies_to: {kind: signal, event_type: [auth.login]}\n"
                   "detection:\n  match:\n    - {field: admin, op: equals, value: true}\n"
                   "    - {field: local_hour, op: equals, value: 3}\n"));
  constexpr std::int64_t kThree = kStart - kStart % kDay + 3 * kHour;  // UTC
  const auto login = [](const std::string& token, std::int64_t at, const std::string& role) {
    return Sent{token, at, at, "auth.login", fmt::format(R"({{"uid":"u","ip":"203.0.113.9","roles":["{}"]}})", role)};
  };
  const auto hits_of = [&](const std::string& token) {
    std::uint64_t hits = 0;
    for (const alert::Alert& one : site.alerts("BOSS")) hits += one.site == token ? one.hits : 0;
    return hits;
  };
  store::SettingStore& settings = site.store->settings();
  REQUIRE(store::put_site_settings(settings, "ent_a", {"+09:00", {"site_owner"}}).ok());
  REQUIRE(store::put_site_settings(settings, "ent_b", {"+01:00", {}}).ok());
  for (const std::string& damaged :
       {std::string("damaged"), std::string("\"no\nzone\""), std::string("\"Nowhere/Town\"")}) {
    INFO(damaged);
    REQUIRE(settings.put("site.ent_a.zone", damaged).ok());
    if (site.running) site.running->forget_settings();
    const std::uint64_t a = hits_of("ent_a"), b = hits_of("ent_b");
    site.send({login("ent_a", kThree, "site_owner"), login("ent_a", kThree, "administrator"),
               login("ent_b", kThree - kHour, "administrator"), login("ent_b", kThree, "administrator")});
    CHECK(hits_of("ent_a") == a + 1);  // the roles that can be read, by the program's clock
    CHECK(hits_of("ent_b") == b + 1);
    const auto said = site.running->stats().damaged_settings;
    REQUIRE(said.size() == 1);
    CHECK(said[0].first == "ent_a");
    CHECK_THAT(said[0].second, damaged.find("Nowhere") == std::string::npos
                                   ? Catch::Contains("setting site.ent_a.zone is damaged")
                                   : Catch::Contains("there is no time zone Nowhere/Town here"));
  }
  REQUIRE(settings.put("site.ent_a.admin_roles", "[]").ok());
  REQUIRE(settings.put("site.ent_a.zone", "").ok());
  CHECK(store::site_settings(settings, "ent_a")->damaged ==
        "setting site.ent_a.zone is damaged, setting site.ent_a.admin_roles is damaged");
  // Mended while the site says nothing.
  REQUIRE(store::put_site_settings(settings, "ent_a", {"+09:00", {}}).ok());
  site.tick(site.now + 10);
  CHECK(site.running->stats().damaged_settings.empty());
  const std::uint64_t before = hits_of("ent_a");
  site.send({login("ent_a", kThree + kDay - 9 * kHour, "administrator")});
  CHECK(hits_of("ent_a") == before + 1);
}

TEST_CASE("settings_the_store_cannot_read_are_not_taken_for_none") {
  Watched site;
  DetectorOptions options;
  options.key = "key";
  options.read = reader_of(*site.store);
  options.site_settings = [](std::string_view) -> Result<store::SiteSettings> { return Error{"the disk is away"}; };
  Detector detector(signal_program(), std::move(options));
  site.put({failed(kStart)});
  Effects effects;
  const auto refused = detector.process(site.stored().inputs, effects);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "the disk is away");
}

TEST_CASE("a_zone_and_roles_are_names_and_nothing_else") {
  Bench bench;
  for (const store::SiteSettings& wrong :
       {store::SiteSettings{"Europe/\"Berlin", {}}, store::SiteSettings{std::string(65, 'a'), {}},
        store::SiteSettings{"", {"a b"}}, store::SiteSettings{"", {"a\\"}}, store::SiteSettings{"", {""}},
        store::SiteSettings{"", std::vector<std::string>(store::kRolesMost + 1, "r")}}) {
    CHECK_FALSE(store::put_site_settings(bench.store->settings(), "ent_a", wrong).ok());
  }
  CHECK(store::site_settings(bench.store->settings(), "ent_a").value() == store::SiteSettings{});
  REQUIRE(store::put_site_settings(bench.store->settings(), "ent_a", {"UTC", {"a"}}).ok());
  REQUIRE(store::put_site_settings(bench.store->settings(), "ent_a", {}).ok());
  CHECK(store::site_settings(bench.store->settings(), "ent_a").value() == store::SiteSettings{});
}
