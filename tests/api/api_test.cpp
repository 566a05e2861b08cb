#include "api/api.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>

#include "../hostile_texts.hpp"
#include "api/contract.hpp"
#include "api/docs.hpp"
#include "asking.hpp"
#include "eventually.hpp"
#include "wall_clock.hpp"

using namespace logystera;
using namespace logystera::testing;

TEST_CASE("findings_are_listed_by_the_seeds_names_newest_first") {
  Asking api;
  api.finding("LOW", Level::low, kNow - 7200);
  const std::int64_t id = api.finding("HIGH", Level::high, kNow - 60, "/var/log/nginx.log", "Failed for ip_8390373f");
  const Said all = api.get("/api/v1/findings");
  CHECK(all.status == 200);
  CHECK(all.header("Content-Type") == "application/json");
  CHECK(all.header("Logystera-Total") == "2");
  CHECK(all.header("Link").empty());
  CHECK(all.header("X-Content-Type-Options") == "nosniff");
  CHECK(all.header("Cache-Control") == "no-store");
  CHECK(all.at("/0/id") == std::to_string(id));
  CHECK(all.at("/0/rule_id") == "HIGH");
  CHECK(all.at("/0/severity") == "high");
  CHECK(all.at("/0/message") == "Failed for ip_8390373f");
  CHECK(all.at("/0/source") == "/var/log/nginx.log");
  CHECK(all.at("/0/event_timestamp") == "2026-03-22T20:33:39Z");
  CHECK(all.at("/0/created_at").starts_with("20"));
  CHECK(all.at("/1/rule_id") == "LOW");
  CHECK(api.get("/api/v1/findings?severity=high").at("") == "[1]");
  CHECK(api.get("/api/v1/findings?severity=low").at("") == "[2]");
  CHECK(api.get("/api/v1/findings?since_hours=1").at("") == "[1]");
  CHECK(api.get("/api/v1/findings?source=nginx.log").at("") == "[1]");
  CHECK(api.get("/api/v1/findings?severity=high&since_hours=24&source=nginx.log").at("") == "[1]");
  CHECK(api.get("/api/v1/findings?source=none").body == "[]");
  const Said one = api.get("/api/v1/findings/" + std::to_string(id));
  CHECK(one.status == 200);
  CHECK(one.at("/rule_id") == "HIGH");
  CHECK(one.at("/line") == "7");
  CHECK(api.get("/api/v1/findings/999").status == 404);
  CHECK(api.get("/api/v1/findings/abc").status == 404);
  CHECK(api.get("/api/v1/findings/-1").status == 404);
  CHECK(api.get("/api/v1/findings/99999999999999999999").status == 404);
}

TEST_CASE("a_link_leads_to_the_next_page_and_back_until_there_is_none") {
  Asking api;
  for (int i = 0; i < 5; ++i) api.finding("R", Level::high, kNow - i);
  std::string path = "/api/v1/findings?severity=high&limit=2";
  std::vector<std::string> times;
  for (int pages = 1;; ++pages) {
    const Said page = api.get(path);
    REQUIRE(page.status == 200);
    CHECK(page.header("Logystera-Total") == "5");
    const auto document = page.json();
    for (const auto& row : document.GetArray()) times.emplace_back(row["event_timestamp"].GetString());
    const std::string link = page.header("Link");
    const std::size_t next = link.find(">; rel=\"next\"");
    if (next == std::string::npos) {
      CHECK(pages == 3);
      break;
    }
    path = link.substr(link.rfind('<', next) + 1, next - link.rfind('<', next) - 1);
    CHECK(path.starts_with("/api/v1/findings?severity=high&limit=2&cursor="));
  }
  CHECK(times.size() == 5);
  CHECK(std::is_sorted(times.rbegin(), times.rend()));
}

TEST_CASE("errors_are_groups_with_their_sources_and_latest_occurrences") {
  Asking api;
  std::vector<store::ErrorOccurrence> occurrences;
  for (int i = 0; i < 25; ++i) {
    store::ErrorOccurrence one;
    one.fingerprint = "f1";
    one.scope = "s";
    one.pattern = "TypeError: <x> is not a function";
    one.severity = Severity::error;
    one.source = i % 2 ? "a.log" : "b.log";
    one.time = kNow - i;
    one.message = "TypeError: y is not a function";
    occurrences.push_back(one);
  }
  store::ErrorOccurrence back = occurrences[0];
  back.fingerprint = "f2";
  back.pattern = "disk full";
  back.severity = Severity::critical;
  back.time = kNow - 3 * 86400;
  occurrences.push_back(back);
  back.time = kNow - 600;
  occurrences.push_back(back);
  REQUIRE(api.store->errors().add(occurrences).ok());
  const Said list = api.get("/api/v1/errors?sort=count");
  CHECK(list.at("") == "[2]");
  CHECK(list.at("/0/fingerprint") == "f1");
  CHECK(list.at("/0/error_type") == "TypeError");
  CHECK(list.at("/0/normalized_msg") == "TypeError: <x> is not a function");
  CHECK(list.at("/0/severity") == "ERROR");
  CHECK(list.at("/0/count") == "25");
  CHECK(list.at("/0/sources") == "[2]");
  CHECK(list.at("/0/sources/0") == "b.log");
  CHECK(list.at("/0/regressed_at") == "null");
  CHECK(list.at("/1/error_type") == "CRITICAL");
  CHECK(list.at("/1/silent_seconds") == std::to_string(3 * 86400 - 600));
  CHECK(api.get("/api/v1/errors").at("/0/fingerprint") == "f1");
  CHECK(api.get("/api/v1/errors?sort=first_seen").at("/1/fingerprint") == "f2");
  CHECK(api.get("/api/v1/errors?severity=critical").at("") == "[1]");
  CHECK(api.get("/api/v1/errors?new=true").at("/0/fingerprint") == "f1");
  CHECK(api.get("/api/v1/errors?new=true").at("") == "[1]");
  CHECK(api.get("/api/v1/errors?regressed=true").at("") == "[1]");
  CHECK(api.get("/api/v1/errors?regressed=true").at("/0/fingerprint") == "f2");
  const Said one = api.get("/api/v1/errors/f1");
  CHECK(one.at("/error/count") == "25");
  CHECK(one.at("/occurrences") == "[20]");
  CHECK(one.at("/occurrences/0/message") == "TypeError: y is not a function");
  CHECK(api.get("/api/v1/errors/none").status == 404);
}

TEST_CASE("findings_in_signals_have_their_site_and_are_seen_by_who_sees_it") {
  Asking api;
  const std::string shop = api.entities->add("shop", api.now).value().token;
  const std::string blog = api.entities->add("blog", api.now).value().token;
  store::Finding finding;
  finding.rule = "SIGNAL_LOGIN_FAILURES";
  finding.title = finding.message = "m";
  finding.source = "shop";
  finding.level = Level::high;
  finding.site = shop;
  finding.time = api.now - 60;
  finding.first_time = api.now - 90;
  finding.hits = 7;
  finding.group = "12345678";
  finding.group_label = "client_ip=ip_8390373f";
  finding.key = "0123456789abcdef";
  finding.evidence = {3, 5};
  const auto id = api.store->findings().record(finding, 60).value().finding.id;
  const Said one = api.get("/api/v1/findings/" + std::to_string(id));
  CHECK(one.at("/site") == shop);
  CHECK(one.at("/group") == "client_ip=ip_8390373f");
  CHECK(one.at("/hits") == "7");
  CHECK(one.at("/evidence/1") == "5");
  CHECK(one.at("/first_timestamp") != one.at("/event_timestamp"));
  CHECK(api.get("/api/v1/findings?site=shop").at("/0/hits") == "7");
  CHECK(api.get("/api/v1/findings?site=blog").body == "[]");
  CHECK(api.get("/api/v1/findings?source=shop").at("/0/hits") == "7");
  CHECK(api.get("/api/v1/findings", "viewer " + shop).at("/0/hits") == "7");
  CHECK(api.get("/api/v1/findings", "viewer " + blog).body == "[]");
  CHECK(api.get("/api/v1/findings/" + std::to_string(id), "viewer " + blog).status == 404);
  CHECK(api.get("/api/v1/stats", "viewer " + shop).at("/findings_total") == "1");
  CHECK(api.get("/api/v1/stats", "viewer " + blog).at("/findings_total") == "0");
}

TEST_CASE("stats_say_how_detection_stands") {
  Asking api;
  CHECK(api.get("/api/v1/stats").at("/detection/state") == "off");
  api.detection = {true, true, 48, 12, 1, 2, 3, ""};
  CHECK(api.get("/api/v1/stats").at("/detection/state") == "running");
  CHECK(api.get("/api/v1/stats").at("/detection/lag_seconds") == "12");
  CHECK(api.get("/api/v1/stats").at("/detection/position") == "48");
  api.detection.problem = "the disk is full: /secret/path";
  const Said stopped = api.get("/api/v1/stats", "viewer ent_none");
  CHECK(stopped.at("/detection/state") == "stopped");
  CHECK(stopped.at("/detection/position") == "0");  // how much others send is nobody's business
  CHECK(stopped.body.find("secret") == std::string::npos);
}

TEST_CASE("stats_equal_the_tables_after_whatever_changed_them") {
  Asking api;
  const auto check = [&] {
    std::array<std::uint64_t, kLevels> levels{};
    std::uint64_t total = 0;
    store::FindingQuery all;
    all.limit = 100'000;
    for (const store::Finding& one : api.store->findings().list(all).value()) {
      ++levels[static_cast<std::size_t>(one.level)];
      ++total;
    }
    std::uint64_t groups = 0, occurrences = 0;
    for (const store::ErrorGroup& group : api.store->errors().list(store::ErrorSort::count, {}, 100'000).value()) {
      ++groups;
      occurrences += group.count;
    }
    const Said stats = api.get("/api/v1/stats");
    CHECK(stats.at("/findings_total") == std::to_string(total));
    for (std::size_t level = 0; level < kLevels; ++level) {
      CHECK(stats.at("/findings_by_severity/" + std::string(level_name(static_cast<Level>(level)))) ==
            std::to_string(levels[level]));
    }
    CHECK(stats.at("/error_types") == std::to_string(groups));
    CHECK(stats.at("/error_occurrences") == std::to_string(occurrences));
    return total;
  };
  CHECK(check() == 0);
  for (int i = 0; i < 40; ++i) {
    store::Finding one;
    one.rule = "R" + std::to_string(i % 3);
    one.level = static_cast<Level>(i % 5);
    one.time = one.stored_at = kNow - i * 86400;
    one.message = std::to_string(i);
    one.demo = i % 4 == 0;
    REQUIRE(api.store->findings().add(one).value());
    store::ErrorOccurrence error;
    error.fingerprint = "f" + std::to_string(i % 7);
    error.scope = error.fingerprint;
    error.time = one.time;
    error.demo = i % 7 == 0;
    REQUIRE(api.store->errors().add({error}).ok());
  }
  CHECK(check() == 40);
  REQUIRE(store::clear_demo(*api.store).value() > 0);
  CHECK(check() == 30);
  REQUIRE(store::prune(*api.store, kNow, 20).value() > 0);
  CHECK(check() == 15);
  const Said trend = api.get("/api/v1/trend?days=3");
  CHECK(trend.at("") == "[3]");
  CHECK(trend.at("/2/day") == "2026-03-22");
  CHECK(api.get("/api/v1/trend?days=367").status == 400);
}

TEST_CASE("what_a_program_says_without_syslogs_head_is_looked_at_as_its_own") {
  Asking api;
  const auto ask = [&](std::string_view raw, std::string_view source) {
    return api.ask("POST", "/api/v1/events", "viewer", fmt::format(R"({{"raw":"{}","source":"{}"}})", raw, source));
  };
  const auto fired = [](const Said& said) { return said.at("/findings") != "[0]"; };
  bool any = false;
  for (int i = 0; i < 6; ++i) {
    const Said said = ask("Failed password for root from 203.0.113.9 port 22", "sshd");
    REQUIRE(said.status == 200);
    CHECK(said.at("/parsed") == "true");
    CHECK(said.body.find("203.0.113.9") == std::string::npos);
    if (i < 4) CHECK_FALSE(fired(said));
    if (fired(said)) CHECK(said.at("/findings/0/rule_id").find("SSH") != std::string::npos);
    any = any || fired(said);
    CHECK_FALSE(fired(ask("Failed password for root from 203.0.113.9 port 22", "shop")));
    CHECK_FALSE(fired(ask(R"({\"msg\":\"Failed password for root from 203.0.113.9 port 22\"})", "dropbear")));
  }
  CHECK(any);
}

TEST_CASE("five_failures_in_five_calls_fire_and_nothing_is_stored") {
  Asking api;
  const auto ask = [&](const std::string& source, int second, const std::string& who = "viewer") {
    return api.ask(
        "POST", "/api/v1/events", who,
        fmt::format(R"({{"raw":"May 18 10:00:{:02} web sshd[1]: Failed password for root from 203.0.113.9 port 22 ssh2",)"
                    R"("source":"{}"}})",
                    second, source));
  };
  const auto fired = [](const Said& said) { return said.at("/findings") != "[0]"; };
  bool any = false;
  for (int i = 0; i < 10; ++i) {
    const Said said = ask("sshd", i);
    REQUIRE(said.status == 200);
    CHECK(said.at("/parsed") == "true");
    CHECK(said.body.find("203.0.113.9") == std::string::npos);
    if (i < 4) CHECK_FALSE(fired(said));
    any = any || fired(said);
    if (fired(said)) {
      CHECK(said.at("/findings/0/source") == "sshd");
      CHECK(said.at("/findings/0/rule_id").find("SSH") != std::string::npos);
      CHECK(said.at("/findings/0/message").find("ip_") != std::string::npos);
    }
    // Others are counted by themselves.
    CHECK_FALSE(fired(ask("other" + std::to_string(i), i)));
    if (i < 4) CHECK_FALSE(fired(ask("sshd", i, "admin")));
  }
  CHECK(any);
  CHECK(api.store->findings().page({}, {}).value().rows.empty());
  CHECK(api.store->events().newest().value() == 0);
  // Several at once are one after the other.
  std::string lines = "[";
  for (int i = 0; i < 10; ++i) {
    lines +=
        (i ? "," : "") +
        fmt::format(
            R"({{"raw":"May 18 10:00:{:02} web sshd[1]: Failed password for root from 203.0.113.9 port 22 ssh2","source":"many"}})",
            i);
  }
  const Said many = api.ask("POST", "/api/v1/events", "viewer", lines + "]");
  CHECK(many.at("") == "[10]");
  CHECK(many.body.find("SSH") != std::string::npos);
  const Said text = api.ask("POST", "/api/v1/events", "viewer", R"({"raw":"nothing anybody knows"})");
  CHECK(text.status == 200);
  CHECK(text.at("/findings") == "[0]");
  CHECK(api.ask("POST", "/api/v1/events", "viewer", R"({"raw":"x","format":"no_such"})").status == 422);
}

TEST_CASE("the_windows_of_handed_in_lines_are_bounded_by_their_number") {
  Asking api;
  api::Warm warm(*api.program, {.sources = 8, .window_cells = 4096});
  for (int i = 0; i < 50; ++i) REQUIRE(warm.look("me", "source" + std::to_string(i), "Failed password", "").ok());
  CHECK(warm.sources() == 8);
  analysis::CurrentProgram none(Error{"rules: broken", ErrorKind::invalid});
  api::Warm cold(none);
  CHECK(cold.look("me", "s", "x", "").error().kind == ErrorKind::broken);
}

TEST_CASE("a_body_is_read_strictly") {
  Asking api;
  struct Case {
    const char* body;
    const char* words;
  };
  for (const Case& one :
       {Case{"{", "the body is no JSON"}, Case{"\"x\"", "must be a JSON object"}, Case{"{}", "raw must be the line"},
        Case{R"({"raw":7})", "raw must be a string"}, Case{R"({"raw":""})", "raw must be the line"},
        Case{R"({"raw":"a\nb"})", "raw must be one line"}, Case{R"({"raw":"x","raw":"y"})", "is there twice"},
        Case{R"({"raw":"x","more":1})", "there is no member 'more'; known are raw, source, format"},
        Case{R"([{"raw":"x"},7])", "must be a JSON object"}, Case{"[[[[[[[[[[]]]]]]]]]]", "nests deeper"},
        Case{"\xff\xfe", "not UTF-8"}}) {
    INFO(one.body);
    const Said said = api.ask("POST", "/api/v1/events", "viewer", one.body);
    CHECK(said.status == 400);
    CHECK(said.header("Content-Type") == "application/problem+json");
    CHECK(said.at("/code") == "invalid_body");
    CHECK(said.at("/detail").find(one.words) != std::string::npos);
  }
  CHECK(api.ask("POST", "/api/v1/events", "viewer", R"([{"raw":"x"},7])").at("/errors/0/pointer") == "/1");
  CHECK(api.ask("POST", "/api/v1/events", "viewer", R"({"raw":")" + std::string(api::kRawBytes, 'x') + "\"}").status ==
        200);
  CHECK(api.ask("POST", "/api/v1/events", "viewer", R"({"raw":")" + std::string(api::kRawBytes + 1, 'x') + "\"}").status ==
        400);
  std::string many = "[{\"raw\":\"x\"}";
  for (std::size_t i = 1; i < api::kEventsMost; ++i) many += ",{\"raw\":\"x\"}";
  CHECK(api.ask("POST", "/api/v1/events", "viewer", many + "]").status == 200);
  CHECK(api.ask("POST", "/api/v1/events", "viewer", many + ",{\"raw\":\"x\"}]").status == 400);
  const Said large = api.ask("POST", "/api/v1/events", "viewer", std::string(api::kEventsBytes + 1, ' '));
  CHECK(large.status == 413);
  CHECK(large.header("Content-Type") == "application/problem+json");
  const Said form =
      api.ask("POST", "/api/v1/events", "viewer", "raw=x", "Content-Type: application/x-www-form-urlencoded\r\n");
  CHECK(form.status == 415);
  CHECK(form.at("/code") == "json_expected");
  CHECK(api.ask("POST", "/api/v1/events", "viewer", R"({"raw":"x"})", "Content-Type: Application/JSON; charset=utf-8\r\n")
            .status == 200);
}

TEST_CASE("every_refusal_is_a_problem_in_the_same_form") {
  Asking api;
  const auto check = [&](const Said& said, int status, const std::string& code) {
    CHECK(said.status == status);
    CHECK(said.header("Content-Type") == "application/problem+json");
    CHECK(said.at("/status") == std::to_string(status));
    CHECK(said.at("/code") == code);
    CHECK(said.at("/type") != "?");
    CHECK(said.at("/title") != "?");
    CHECK_FALSE(said.at("/detail").empty());
  };
  check(api.get("/api/v1/nothing"), 404, "not_found");
  check(api.get("/api/v1/findings/"), 404, "not_found");
  check(api.get("/api/v1/findings?x=1"), 400, "invalid_parameter");
  check(api.get("/api/v1/findings?since_hours=x"), 400, "invalid_parameter");
  CHECK(api.get("/api/v1/findings?since_hours=x").at("/detail") == "since_hours must be 1 to 8760, got 'x'");
  CHECK(api.get("/api/v1/findings?since_hours=x").at("/errors/0/parameter") == "since_hours");
  CHECK(api.get("/api/v1/findings?since_hours=x").at("/instance") == "/api/v1/findings");
  check(api.get("/api/v1/findings?cursor=forged"), 400, "invalid_parameter");
  check(api.get("/api/v1/findings", ""), 401, "unauthorized");
  check(api.ask("POST", "/api/v1/dismissals", "viewer", "{}"), 403, "role_too_low");
  const Said method = api.get("/api/v1/events");
  check(method, 405, "method_not_allowed");
  CHECK(method.header("Allow").find("POST") != std::string::npos);
  CHECK(method.header("Allow").find("GET") == std::string::npos);
  check(api.ask("DELETE", "/api/v1/findings"), 405, "method_not_allowed");
  check(api.get("/api/v1/findings/%2e%2e"), 400, "bad_path");
  for (const char* path :
       {"/api/v1/health", "/api/v1/stats", "/api/v1/me", "/api/v1/catalogue", "/api/v1/sites", "/api/v1/dismissals",
        "/api/v1/openapi.json", "/api/v1/rules", "/api/v1/errors", "/api/v1/signals", "/api/v1/trend"}) {
    INFO(path);
    check(api.get(std::string(path) + "?unknown=1"), 400, "invalid_parameter");
  }
}

TEST_CASE("a_store_that_is_busy_or_too_slow_says_so_and_when_to_come_again") {
  Asking api({.per_second = 0}, 0);
  for (int i = 0; i < 3; ++i) api.finding("R", Level::low, kNow, "a.log", std::to_string(i));
  {
    auto transaction = std::move(api.store->begin()).value();
    for (int i = 0; i < 5000; ++i) {
      store::Finding one;
      one.rule = "R";
      one.time = kNow;
      one.message = "x" + std::to_string(i);
      REQUIRE(transaction->findings().add(one).value());
    }
    REQUIRE(transaction->commit().ok());
  }
  const Said said = api.get("/api/v1/findings?q=nothing");
  CHECK(said.status == 503);
  CHECK(said.header("Retry-After") == "1");
  CHECK(said.at("/code") == "too_slow");
  CHECK(said.at("/detail").find("narrow the filter") != std::string::npos);
  CHECK(said.body.find("sqlite") == std::string::npos);
  CHECK(api.logged.find("narrow the filter") != std::string::npos);
}

TEST_CASE("what_a_client_has_already_is_not_sent_again") {
  Asking api;
  const std::int64_t id = api.finding("R", Level::high, kNow);
  const std::string path = "/api/v1/findings/" + std::to_string(id);
  const std::string tag = api.get(path).header("ETag");
  REQUIRE(tag.size() > 10);
  const auto with = [&](const std::string& header) { return api.ask("GET", path, "viewer", "", header + "\r\n"); };
  const Said same = with("If-None-Match: " + tag);
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  CHECK(same.header("ETag") == tag);
  CHECK(with("If-None-Match: \"other\", W/" + tag).status == 304);
  CHECK(with("If-None-Match: *").status == 304);
  CHECK(with("If-None-Match: \"other\"").status == 200);
  REQUIRE(api.store->findings().dismiss({"R", "", "", kNow}).ok());
  CHECK(with("If-None-Match: " + tag).status == 200);
  for (const char* one : {"/api/v1/stats", "/api/v1/me", "/api/v1/catalogue", "/api/v1/openapi.json"}) {
    CHECK_FALSE(api.get(one).header("ETag").empty());
  }
}

TEST_CASE("who_asks_too_often_is_told_when_to_come_again_and_others_are_not") {
  Asking api({.per_second = 0.001, .burst = 3});
  for (int i = 2; i >= 0; --i) {
    const Said said = api.get("/api/v1/me");
    CHECK(said.status == 200);
    CHECK(said.header("RateLimit").find("r=" + std::to_string(i) + ";") != std::string::npos);
    CHECK(said.header("RateLimit-Policy") == "\"requests\";q=3;w=3000");
  }
  const Said over = api.get("/api/v1/me");
  CHECK(over.status == 429);
  CHECK(over.header("Retry-After") == "1000");
  CHECK(over.at("/code") == "too_many_requests");
  CHECK(api.get("/api/v1/me", "admin").status == 200);
  CHECK(api.ask("GET", "/api/v1/health", "").status == 200);  // by its address
  api::Rates rates({.per_second = 2, .burst = 2});
  const auto start = api::Rates::Clock::now();
  CHECK((rates.take("a", start).allowed && rates.take("a", start).allowed));
  CHECK_FALSE(rates.take("a", start).allowed);
  CHECK(rates.take("a", start + std::chrono::milliseconds(500)).allowed);
  CHECK_FALSE(rates.take("a", start + std::chrono::milliseconds(500)).allowed);
  CHECK_FALSE(rates.take("a", start - std::chrono::hours(1)).allowed);  // a clock that was set back gives nothing
  // Askers without end take no memory without end, and no more than their share.
  std::size_t allowed = 0;
  for (int i = 0; i < 10'000; ++i) allowed += rates.take("x" + std::to_string(i), start).allowed ? 1 : 0;
  CHECK(allowed <= api::Rates::kAskersMost + 2);
}

TEST_CASE("a_clock_that_is_set_gives_nobody_more_requests_and_takes_none") {
  const WallClock clock;
  constexpr std::int64_t kYear = 365 * 24 * 3600;
  for (const std::int64_t jump : {std::int64_t{3600}, 20 * kYear, -20 * kYear}) {
    INFO(jump);
    Asking api({.per_second = 0.001, .burst = 2});
    CHECK(api.get("/api/v1/me").status == 200);
    clock.jump(jump);
    CHECK(api.get("/api/v1/me").status == 200);
    const Said over = api.get("/api/v1/me");
    CHECK(over.status == 429);
    CHECK(over.header("Retry-After") == "1000");
    clock.jump(-jump);
    CHECK(api.get("/api/v1/me").status == 429);
  }
}

TEST_CASE("targets_of_the_fleet_are_listed_with_when_they_were_seen_and_without_secrets") {
  Asking api;
  CHECK(api.get("/api/v1/targets").body == "[]");
  const std::string file = api.scratch.file("targets.yaml");
  std::ofstream(file) << "targets:\n"
                         "  - {name: web01, type: ssh, host: web01.example, path: /var/log/auth.log, groups: [web, prod]}\n"
                         "  - {name: logs, type: loki, url: 'https://${HOST}', query: q, token: geheim, enabled: false}\n";
  api.finding("R", Level::high, kNow - 60, "fleet:web01:/var/log/auth.log");
  api.finding("R", Level::high, kNow, "fleet:web01x:/var/log/auth.log");
  REQUIRE(api.store->positions().put("fleet:web01:/var/log/auth.log", "p", kNow - 5).ok());
  const Said said = api.get("/api/v1/targets");
  CHECK(said.at("") == "[2]");
  CHECK(said.at("/0/name") == "web01");
  CHECK(said.at("/0/groups") == "[2]");
  CHECK(said.at("/0/where") == "web01.example /var/log/auth.log");
  CHECK(said.at("/0/last_finding_at") == "2026-03-22T20:33:39Z");
  CHECK(said.at("/0/last_followed_at") == "2026-03-22T20:34:34Z");
  CHECK(said.at("/1/enabled") == "false");
  CHECK(said.at("/1/where") == "https://${HOST} q");
  CHECK(said.at("/1/last_finding_at") == "null");
  CHECK(said.body.find("geheim") == std::string::npos);
  CHECK(said.header("Logystera-Total") == "2");
  CHECK(api.get("/api/v1/targets?group=prod").at("") == "[1]");
  CHECK(api.get("/api/v1/targets?group=none").body == "[]");
  CHECK(api.get("/api/v1/targets?group=%00").status == 400);
  CHECK(api.get("/api/v1/targets?name=web01").status == 400);
  CHECK(api.get("/api/v1/findings?target=web01").at("") == "[1]");
  CHECK(api.get("/api/v1/findings?group=prod").at("/0/source") == "fleet:web01:/var/log/auth.log");
  CHECK(api.get("/api/v1/errors?group=prod").at("") == "[0]");
  CHECK(api.get("/api/v1/targets", "admin ent_a").body == "[]");
  std::ofstream(file) << "targets: 7\n";
  const Said broken = api.get("/api/v1/targets");
  CHECK(broken.status == 503);
  CHECK(broken.at("/code") == "targets_unreadable");
  CHECK(broken.at("/detail").find("targets.yaml:1:10") != std::string::npos);
}

TEST_CASE("sites_are_shown_as_they_are_and_changed_by_administrators") {
  Asking api;
  const std::string token = api.site(), other = api.site("blog");
  api.event(token, 1);
  const Said list = api.get("/api/v1/sites");
  CHECK(list.at("") == "[2]");
  CHECK(list.at("/0/token") == token);
  CHECK(list.at("/0/events") == "1");
  CHECK(list.at("/0/last_24_hours/batches") == "1");
  CHECK(list.at("/1/last_batch_at") == "null");
  const Said one = api.get("/api/v1/sites/" + token);
  CHECK(one.at("/state") == "active");
  CHECK(one.at("/agent_version") == "null");
  CHECK(api.get("/api/v1/sites/ent_none").status == 404);
  const Said hours = api.get("/api/v1/sites/" + token + "/ingest");
  CHECK(hours.at("") == "[1]");
  CHECK(hours.at("/0/hour") == "2026-03-22T20:00:00Z");
  CHECK(api.get("/api/v1/sites/" + token + "/ingest?since_hours=193").status == 400);

  const std::string path = "/api/v1/sites/" + token;
  CHECK(api.ask("PATCH", path, "analyst", R"({"name":"x"})").status == 403);
  const Said renamed = api.ask("PATCH", path, "admin", R"({"name":"<b>shop</b>"})");
  CHECK(renamed.at("/name") == "<b>shop</b>");
  CHECK(api.ask("PATCH", path, "admin", R"({"disabled":true})").at("/state") == "disabled");
  CHECK(api.ask("PATCH", path, "admin", R"({"disabled":false})").at("/state") == "active");
  CHECK(api.ask("POST", path + "/disable", "admin").at("/state") == "disabled");
  CHECK(api.ask("PATCH", path, "admin", R"({"name":""})").status == 400);
  CHECK(api.ask("PATCH", path, "admin", "{\"name\":\"a\\u0007b\"}").at("/errors/0/pointer") == "/name");
  CHECK(api.ask("PATCH", path, "admin", R"({"name":")" + std::string(101, 'x') + "\"}").status == 400);
  CHECK(api.ask("PATCH", path, "admin", "{}").status == 400);
  CHECK(api.ask("PATCH", "/api/v1/sites/ent_none", "admin", R"({"name":"x"})").status == 404);
  // Only if it is what was read.
  const std::string tag = api.get(path).header("ETag");
  CHECK(api.ask("PATCH", path, "admin", R"({"name":"first"})", "If-Match: " + tag + "\r\n").status == 200);
  CHECK(api.ask("PATCH", path, "admin", R"({"name":"second"})", "If-Match: " + tag + "\r\n").status == 412);
  CHECK(api.get(path).at("/name") == "first");
  const std::string now = api.get(path).header("ETag");
  CHECK(api.ask("PATCH", path, "admin", R"({"name":"first"})", "If-Match: W/" + now + "\r\n").status ==
        412);  // no strong one
  CHECK(api.ask("PATCH", path, "admin", R"({"name":"first"})", "If-Match: \"x\", " + now + "\r\n").status == 200);
  CHECK(api.ask("PATCH", path, "admin", R"({"name":"first"})", "If-Match: *\r\n").status == 200);
  CHECK(api.ask("PATCH", "/api/v1/sites/ent_none", "admin", R"({"name":"x"})", "If-Match: *\r\n").status == 404);
  // What it sends meanwhile is no change somebody made, and yet another answer.
  const std::string read = api.get(path).header("ETag");
  api.event(token, 77);
  CHECK(api.get(path).header("ETag") != read);
  CHECK(api.ask("GET", path, "viewer", "", "If-None-Match: " + read + "\r\n").status == 200);
  CHECK(api.ask("PATCH", path, "admin", R"({"name":"first"})", "If-Match: " + read + "\r\n").status == 200);
  // Who sees other sites alone changes none but those.
  CHECK(api.ask("PATCH", path, "admin ent_other", R"({"name":"x"})").status == 404);
  CHECK(api.ask("POST", path + "/rotate", "admin ent_other").status == 404);
  CHECK(api.ask("POST", path + "/disable", "admin ent_other").status == 404);

  const Said rotated = api.ask("POST", path + "/rotate", "admin");
  CHECK(rotated.status == 200);
  CHECK(rotated.at("/secret").size() == 43);
  CHECK(api.entities->sender(token, kNow).value().secret == rotated.at("/secret"));
  CHECK(api.ask("POST", "/api/v1/sites/ent_none/rotate", "admin").status == 404);
  REQUIRE(api.entities->revoke(token, kNow).value());
  CHECK(api.get(path).at("/state") == "disconnected");
  CHECK(api.ask("POST", path + "/rotate", "admin").status == 409);
  CHECK(api.ask("POST", path + "/disable", "admin").status == 409);
  // Nothing of a secret is in the audit, and every change is.
  std::map<std::string, int> actions;
  for (const auto& entry : api.store->audit().list({}).value()) {
    ++actions[entry.action];
    CHECK(entry.after.find(rotated.at("/secret")) == std::string::npos);
    CHECK(entry.object == token);
  }
  CHECK(actions["site.change"] == 8);
  CHECK(actions["site.rotate"] == 1);
}

TEST_CASE("dismissals_are_made_by_analysts_and_taken_back") {
  Asking api;
  api.finding("SCAN", Level::medium, kNow, "/var/log/nginx.log");
  const std::string body = R"({"rule_id":"SCAN","source":"nginx.log","reason":"ours"})";
  CHECK(api.ask("POST", "/api/v1/dismissals", "viewer", body).status == 403);
  const Said made = api.ask("POST", "/api/v1/dismissals", "analyst", body);
  CHECK(made.status == 201);
  CHECK(made.at("/source") == "nginx.log");
  CHECK(api.get("/api/v1/dismissals").at("/0/reason") == "ours");
  CHECK(api.get("/api/v1/findings").at("/0/dismissed") == "true");
  CHECK(api.get("/api/v1/findings?dismissed=false").body == "[]");
  CHECK(api.get("/api/v1/findings?dismissed=true").at("") == "[1]");
  CHECK(api.ask("POST", "/api/v1/dismissals", "analyst", R"({"rule_id":"SCAN"})").at("/errors/0/pointer") == "/reason");
  CHECK(api.ask("POST", "/api/v1/dismissals", "analyst", R"({"reason":"x"})").at("/errors/0/pointer") == "/rule_id");
  CHECK(api.ask("DELETE", "/api/v1/dismissals?rule_id=SCAN&source=nginx.log", "analyst").at("/removed") == "1");
  CHECK(api.ask("DELETE", "/api/v1/dismissals?rule_id=SCAN", "analyst").status == 404);
  CHECK(api.ask("DELETE", "/api/v1/dismissals", "analyst").status == 400);
  CHECK(api.ask("POST", "/api/v1/dismissals", "analyst ent_a", body).status == 403);
  CHECK(api.store->audit().list({}).value().size() == 2);
}

TEST_CASE("signals_hide_personal_data_and_each_look_at_it_is_noted") {
  Asking api;
  const std::string token = api.site();
  const std::string id = api.event(token, 1);
  api.event(token, 2, "cron.run", R"({"success":true,"duration_ms":12})");
  const Said list = api.get("/api/v1/signals?type=auth.login_failed");
  CHECK(list.at("") == "[1]");
  CHECK(list.at("/0/event_id") == id);
  CHECK(list.at("/0/site/name") == "shop");
  CHECK(list.at("/0/labels/ip").starts_with("ip_"));
  CHECK(list.at("/0/personal_data_hidden") == "true");
  CHECK(list.body.find("203.0.113.9") == std::string::npos);
  CHECK(api.get("/api/v1/signals?site=shop").at("") == "[2]");
  CHECK(api.get("/api/v1/signals?type=cron.run").at("/0/personal_data_hidden") == "false");
  CHECK(api.get("/api/v1/signals?personal=true").status == 400);
  CHECK(api.get("/api/v1/signals/" + id + "?personal=true").status == 400);
  CHECK(api.store->audit().list({}).value().empty());
  CHECK(api.get("/api/v1/signals?type=auth.login_failed&personal=true", "analyst").at("/0/labels/ip") == "203.0.113.9");
  CHECK(api.get("/api/v1/signals/" + id + "?personal=true", "analyst").at("/labels/username") == "anna");
  CHECK(api.store->audit().list({}).value().size() == 2);
  CHECK(api.get("/api/v1/signals/" + id).at("/labels/username").starts_with("username_"));
  CHECK(api.get("/api/v1/signals/no-id").status == 404);
  // Followed by their sequence, through Link.
  const Said first = api.get("/api/v1/signals?after_seq=0&limit=1");
  CHECK(first.at("/0/sequence") == "1");
  CHECK(first.header("Link") == "</api/v1/signals?limit=1&after_seq=1>; rel=\"next\"");
  CHECK(api.get("/api/v1/signals?after_seq=1&limit=1").at("/0/sequence") == "2");
  CHECK(api.get("/api/v1/signals?after_seq=2").body == "[]");
}

TEST_CASE("who_is_restricted_to_sites_gets_nothing_of_others") {
  Asking api;
  const std::string mine = api.site("mine"), other = api.site("other");
  const std::string my_event = api.event(mine, 1), other_event = api.event(other, 2);
  const std::int64_t finding = api.finding("R", Level::high, kNow);
  store::ErrorOccurrence error;
  error.fingerprint = "f";
  error.time = kNow;
  REQUIRE(api.store->errors().add({error}).ok());
  for (const char* role : {"viewer ", "analyst "}) {
    const std::string who = role + mine;
    CHECK(api.get("/api/v1/signals", who).at("") == "[1]");
    CHECK(api.get("/api/v1/signals?site=" + other, who).body == "[]");
    CHECK(api.get("/api/v1/signals?after_seq=0", who).at("") == "[1]");
    CHECK(api.get("/api/v1/signals/" + my_event, who).status == 200);
    CHECK(api.get("/api/v1/signals/" + other_event, who).status == 404);
    CHECK(api.get("/api/v1/sites", who).at("") == "[1]");
    CHECK(api.get("/api/v1/sites/" + other, who).status == 404);
    CHECK(api.get("/api/v1/sites/" + other + "/ingest", who).status == 404);
    CHECK(api.get("/api/v1/sites/" + mine + "/ingest", who).status == 200);
    CHECK(api.get("/api/v1/findings", who).body == "[]");
    CHECK(api.get("/api/v1/findings/" + std::to_string(finding), who).status == 404);
    CHECK(api.get("/api/v1/errors", who).body == "[]");
    CHECK(api.get("/api/v1/errors/f", who).status == 404);
    CHECK(api.get("/api/v1/stats", who).at("/findings_total") == "0");
    CHECK(api.get("/api/v1/stats", who).at("/sites") == "1");
    CHECK(api.get("/api/v1/trend?days=1", who).at("/0/high") == "0");
    CHECK(api.get("/api/v1/dismissals", who).body == "[]");
    CHECK(api.get("/api/v1/me", who).at("/sites/0") == mine);
  }
}

TEST_CASE("rules_are_listed_with_how_often_they_were_found") {
  Asking api;
  api.finding("SSH_BRUTE_FORCE", Level::high, kNow - 3600);
  const Said page = api.get("/api/v1/rules?limit=3");
  CHECK(page.at("") == "[3]");
  const std::string link = page.header("Link");
  REQUIRE(link.find("after=") != std::string::npos);
  const Said next = api.get(link.substr(1, link.find('>') - 1));
  CHECK(next.at("/0/id") > page.at("/2/id"));
  const Said rule = api.get("/api/v1/rules/SSH_BRUTE_FORCE");
  CHECK(rule.status == 200);
  CHECK(rule.at("/findings_7_days") == "1");
  CHECK(rule.at("/last_finding_at") == "2026-03-22T19:34:39Z");
  CHECK(rule.at("/counts_over_time") == "true");
  CHECK(api.get("/api/v1/rules?q=ssh_brute").at("/0/id") == "SSH_BRUTE_FORCE");
  CHECK(api.get("/api/v1/rules/NONE").status == 404);
  CHECK(api.get("/api/v1/rules?severity=critical&limit=1000").at("/0/severity") == "critical");
}

TEST_CASE("what_is_found_in_lines_is_stored_where_that_is_asked_for") {
  Asking api;
  std::string lines;
  for (int i = 0; i < 5; ++i) {
    lines += fmt::format(
        R"({}{{"raw":"Mar 22 20:34:0{} web sshd[1]: Failed password for root from 203.0.113.9 port 22 ssh2","source":"sshd"}})",
        i == 0 ? "" : ",", i);
  }
  lines = "[" + lines + "]";
  CHECK(api.ask("POST", "/api/v1/events?store=false", "viewer", lines).at("/4/findings/0/rule_id") == "SSH_BRUTE_FORCE");
  CHECK(api.get("/api/v1/findings").body == "[]");
  CHECK(api.ask("POST", "/api/v1/events?store=true", "viewer", lines).status == 403);
  CHECK(api.ask("POST", "/api/v1/events?store=true", "analyst ent_a", lines).at("/code") == "restricted");
  CHECK(api.ask("POST", "/api/v1/events?store=maybe", "analyst", lines).status == 400);
  CHECK(api.get("/api/v1/findings").body == "[]");
  CHECK(api.ask("POST", "/api/v1/events?store=true", "analyst", lines).at("/4/findings/0/rule_id") == "SSH_BRUTE_FORCE");
  const Said findings = api.get("/api/v1/findings");
  CHECK(findings.at("") == "[1]");
  CHECK(findings.at("/0/source") == "sshd");
  CHECK(findings.body.find("203.0.113.9") == std::string::npos);
  const auto noted = api.store->audit().list({}).value();
  REQUIRE(noted.size() == 1);
  CHECK(noted[0].action == "finding.store");
  CHECK(noted[0].after == R"({"findings":1})");
}

TEST_CASE("a_log_is_handed_over_and_nothing_of_it_is_stored") {
  Asking api;
  std::string log;
  for (int i = 0; i < 5; ++i) {
    log += fmt::format("Mar 22 20:34:0{} web sshd[1]: Failed password for root from 203.0.113.9 port 22 ssh2\n", i);
  }
  const auto upload = [&](const std::string& query, const std::string& body, const std::string& who = "analyst") {
    return api.ask("POST", "/api/v1/uploads" + query, who, body, "Content-Type: application/octet-stream\r\n");
  };
  const Said looked = upload("?name=auth.log", log);
  CHECK(looked.status == 200);
  CHECK(looked.at("/name") == "auth.log");
  CHECK(looked.at("/mode") == "redact");
  CHECK(looked.at("/looked_at") == "whole");
  CHECK(looked.at("/records") == "5");
  CHECK(looked.at("/findings/0/rule_id") == "SSH_BRUTE_FORCE");
  CHECK(looked.at("/findings_by_severity/high") == "1");
  CHECK(looked.at("/personal_data/ip") == "5");
  CHECK(looked.body.find("203.0.113.9") == std::string::npos);
  CHECK(looked.header("Cache-Control") == "no-store");
  CHECK(upload("?mode=mask", log).body.find("<ip>") != std::string::npos);
  CHECK(upload("?mode=dry-run", log).body.find("203.0.113.9") != std::string::npos);
  CHECK(upload("?mode=none", log).at("/errors/0/parameter") == "mode");
  CHECK(upload("?store=true", log).at("/errors/0/parameter") == "store");
  CHECK(upload("?name=" + std::string(256, 'x'), log).status == 400);
  CHECK(upload("", log, "viewer").status == 403);
  CHECK(upload("", log, "").status == 401);
  CHECK(upload("", std::string("\x7f"
                               "ELF\x02\x01\x01\0\0\0\0\0",
                               12))
            .at("/looked_at") == "problem");
  const Said large = upload("", std::string(upload::kFileBytes + 1, 'x'));
  CHECK(large.status == 413);
  CHECK(large.at("/code") == "too_large");
  CHECK(api.get("/api/v1/findings").body == "[]");
  CHECK(api.get("/api/v1/errors").body == "[]");
  CHECK(eventually([&] { return api.desk->in_hand() == 0; }));  // a place is given back behind its answer
}

TEST_CASE("what_a_site_has_sent_is_counted_step_by_step_also_where_there_is_nothing") {
  Asking api;
  const std::string token = api.site();
  api.event(token, 1);
  api.event(token, 2);
  const std::string path = "/api/v1/sites/" + token + "/metrics";
  const Said hours = api.get(path);
  CHECK(hours.status == 200);
  CHECK(hours.at("/name") == "events");
  CHECK(hours.at("/step") == "hour");
  CHECK(hours.at("/points") == "[25]");
  CHECK(hours.at("/points/0/at") == "2026-03-21T20:00:00Z");
  CHECK(hours.at("/points/0/value") == "0");
  CHECK(hours.at("/points/24/at") == "2026-03-22T20:00:00Z");
  CHECK(hours.at("/points/24/value") == "2");
  const Said days = api.get(path + "?step=day&name=batches&from=2026-03-20");
  CHECK(days.at("/points") == "[3]");
  CHECK(days.at("/points/2/value") == "2");
  CHECK(api.get(path + "?from=2026-03-22T18:00:00Z&to=2026-03-22T20:00:00Z").at("/points") == "[2]");
  for (const char* bad : {"?name=none", "?step=minute", "?from=2026-01-01", "?from=2026-03-22&to=2026-03-21",
                          "?to=2027-01-01", "?from=x", "?more=1"}) {
    INFO(bad);
    CHECK(api.get(path + bad).status == 400);
  }
  CHECK(api.get("/api/v1/sites/ent_none/metrics").status == 404);
  CHECK(api.get(path, "viewer ent_other").status == 404);
}

TEST_CASE("a_request_with_a_key_is_done_once_and_answered_the_same") {
  Asking api;
  const std::string body = R"({"rule_id":"R","reason":"why"})";
  const auto post = [&](const std::string& key, const std::string& what, const std::string& who = "analyst",
                        const std::string& path = "/api/v1/dismissals") {
    return api.ask("POST", path, who, what, "Content-Type: application/json\r\nIdempotency-Key: " + key + "\r\n");
  };
  const Said first = post("\"k1\"", body);
  CHECK(first.status == 201);
  CHECK(first.header("Logystera-Replayed").empty());
  api.now += 60;
  const Said again = post("\"k1\"", body);
  CHECK(again.status == 201);
  CHECK(again.header("Logystera-Replayed") == "true");
  CHECK(again.body == first.body);
  CHECK(post("k1", body).body == first.body);  // quotes or none, it is the same text
  CHECK(api.store->audit().list({}).value().size() == 1);
  const Said other = post("\"k1\"", R"({"rule_id":"R","reason":"another"})");
  CHECK(other.status == 422);
  CHECK(other.at("/code") == "idempotency_key_reused");
  CHECK(post("\"k1\"", body, "admin").header("Logystera-Replayed").empty());  // another's key
  CHECK(post("\"k2\"", body).header("Logystera-Replayed").empty());
  // What was refused made nothing, so it may be sent again put right.
  CHECK(post("\"k3\"", R"({"rule_id":"R"})").status == 400);
  CHECK(post("\"k3\"", body).status == 201);
  for (const std::string& bad : {std::string("\"\""), std::string("\"a"), std::string("a b"), std::string("\"a\\b\""),
                                 std::string(256, 'x'), std::string("a\r\nIdempotency-Key: b")}) {
    INFO(bad);
    CHECK(post(bad, body).at("/code") == "idempotency_key_invalid");
  }
  CHECK(post("\"a\\\\b\\\"c d\"", body).status == 201);
  CHECK(post(std::string(255, 'x'), body).status == 201);
  api.now = kNow + 24 * 3600 + 1;
  CHECK(post("\"k1\"", body).header("Logystera-Replayed").empty());  // after a day it is a new one
  // Lines are counted and found once as well.
  const std::string lines =
      R"([{"raw":"203.0.113.9 - - [22/Mar/2026:20:34:00 +0000] \"GET /.env HTTP/1.1\" 200 5 \"-\" \"sqlmap/1.7\"","source":"w"}])";
  const Said found = post("e1", lines, "analyst", "/api/v1/events?store=true");
  CHECK(found.status == 200);
  CHECK(found.at("/0/findings") != "[0]");
  CHECK(post("e1", lines, "analyst", "/api/v1/events?store=true").header("Logystera-Replayed") == "true");
  CHECK(post("e1", lines, "analyst", "/api/v1/events").status == 422);
}

TEST_CASE("of_requests_with_the_same_key_at_once_one_is_done_and_the_others_are_told_to_come_again") {
  Asking api;
  api::Once once(*api.store, [] { return kNow; });
  server::Request request;
  request.method = "POST";
  request.path = "/api/v1/dismissals";
  request.headers.emplace_back("Idempotency-Key", "\"k\"");
  {
    const auto first = once.begin(request, "token 1");
    REQUIRE(first.ok());
    CHECK_FALSE(first->answer);
    const auto second = once.begin(request, "token 1");
    REQUIRE(second->answer);
    CHECK(second->answer->status == 409);
    CHECK_FALSE(once.begin(request, "token 2")->answer);
    server::Request elsewhere = request;
    elsewhere.path = "/api/v1/events";
    CHECK_FALSE(once.begin(elsewhere, "token 1")->answer);
  }
  CHECK_FALSE(once.begin(request, "token 1")->answer);  // the first has failed, and stored nothing
  {
    auto transaction = std::move(api.store->begin()).value();
    REQUIRE(once.keep(*transaction, request, "token 1", server::json_answer(201, "{}")).ok());
  }
  CHECK_FALSE(once.begin(request, "token 1")->answer);  // neither has what was rolled back
}

TEST_CASE("a_rule_is_tried_on_lines_and_nothing_of_them_is_stored") {
  Asking api;
  const auto tried = [&](const std::string& raw, const std::string& rule = "SSH_BRUTE_FORCE") {
    JsonText body;
    body.begin_object().member("raw", raw).end_object();
    return api.ask("POST", "/api/v1/rules/" + rule + "/try", "analyst", body.take());
  };
  std::string lines;
  for (int i = 0; i < 5; ++i) {
    lines += fmt::format("Mar 22 20:34:0{} web sshd[1]: Failed password for root from 203.0.113.9 port 22 ssh2\n", i);
  }
  const Said fires = tried(lines);
  CHECK(fires.status == 200);
  CHECK(fires.at("/fires") == "true");
  CHECK(fires.at("/why") == "null");
  CHECK(fires.at("/findings/0/rule_id") == "SSH_BRUTE_FORCE");
  CHECK(fires.at("/lines") == "[5]");
  CHECK(fires.at("/lines/0/conditions/0/holds") == "true");
  CHECK(fires.body.find("203.0.113.9") == std::string::npos);
  const Said once = tried(lines.substr(0, lines.find('\n') + 1));
  CHECK(once.at("/fires") == "false");
  CHECK(once.at("/why").find("that is not enough") != std::string::npos);
  CHECK(tried(lines).at("/fires") == "true");  // nothing is counted from one call to the next
  CHECK(tried("hello\n").at("/looked_at") == "0");
  CHECK(tried("x", "NONE").status == 404);
  CHECK(tried(std::string(64 * 1024 + 1, 'x')).status == 400);
  CHECK(tried("").at("/errors/0/pointer") == "/raw");
  CHECK(api.ask("POST", "/api/v1/rules/SSH_BRUTE_FORCE/try", "analyst", R"({"raw":"x","format":"none"})").status == 422);
  CHECK(api.ask("POST", "/api/v1/rules/SSH_BRUTE_FORCE/try", "analyst", R"({"raw":"x","more":1})").status == 400);
  CHECK(api.ask("POST", "/api/v1/rules/SSH_BRUTE_FORCE/try", "viewer", R"({"raw":"x"})").status == 403);
  CHECK(api.get("/api/v1/findings").body == "[]");
}

TEST_CASE("a_rule_is_tried_on_a_stored_event_whose_personal_data_stays_behind") {
  Asking api;
  const std::string token = api.site(), other = api.site("blog");
  const std::string id =
      api.event(token, 1, "user.role_changed",
                R"({"actor_uid":"","uid":"1f","target_username":"anna","roles_added":["administrator"]})");
  const std::string path = "/api/v1/rules/SIGNAL_ADMIN_ROLE_GRANTED/try";
  const std::string body = R"({"event_id":")" + id + R"("})";
  const Said said = api.ask("POST", path, "analyst", body);
  CHECK(said.status == 200);
  CHECK(said.at("/looked_at") == "1");
  CHECK(said.at("/fires") == "true");
  CHECK(said.at("/lines") == "[1]");
  const std::string failed = api.event(token, 2);
  const Said hidden =
      api.ask("POST", "/api/v1/rules/SIGNAL_LOGIN_FAILURES/try", "analyst", R"({"event_id":")" + failed + R"("})");
  CHECK(hidden.body.find("203.0.113.9") == std::string::npos);
  CHECK(hidden.body.find("anna") == std::string::npos);
  CHECK(api.store->audit().list({}).value().empty());
  // Another's, nobody's, and none.
  CHECK(api.ask("POST", path, "analyst " + other, body).status == 404);
  CHECK(api.ask("POST", path, "analyst " + token, body).status == 200);
  CHECK(api.ask("POST", path, "analyst", R"({"event_id":"00000000-0000-4000-8000-0000000000ff"})").status == 404);
  CHECK(api.ask("POST", path, "analyst", R"({"event_id":"no id"})").status == 404);
  CHECK(api.ask("POST", path, "analyst", R"({"event_id":")" + id + R"(","raw":"x"})").at("/errors/0/pointer") ==
        "/event_id");
  CHECK(api.ask("POST", path, "analyst", R"({"event_id":")" + id + R"(","format":"auth_log"})").status == 400);
  CHECK(api.ask("POST", path, "analyst", "{}").at("/errors/0/pointer") == "/raw");
  CHECK(api.ask("POST", path, "viewer", body).status == 403);
}

TEST_CASE("what_a_clock_that_was_ahead_has_counted_is_in_no_figure_of_now") {
  Asking api;
  const std::string token = api.site();
  api.event(token, 1);
  const auto send_at = [&](std::int64_t at, const std::string& id) {
    store::Batch batch;
    batch.entity = token;
    batch.id = id;
    batch.received_at = at;
    REQUIRE(api.store->events().append(batch).ok());
  };
  send_at(kNow + 10LL * 365 * 24 * 3600, "ahead");
  send_at(kNow - 30LL * 365 * 24 * 3600, "behind");
  const std::string path = "/api/v1/sites/" + token;
  CHECK(api.get(path).at("/last_24_hours/batches") == "1");
  CHECK(api.get(path + "/ingest").at("") == "[1]");
  CHECK(api.get("/api/v1/sites").at("/0/last_24_hours/batches") == "1");
}

TEST_CASE("rules_are_checked_before_they_are_put_anywhere") {
  Asking api;
  const auto checked = [&](const std::string& rules, const std::string& raw = "") {
    JsonText body;
    body.begin_object().member("rules", rules);
    if (!raw.empty()) body.member("raw", raw);
    body.end_object();
    return api.ask("POST", "/api/v1/rules/validate", "analyst", body.take());
  };
  const std::string rule =
      "id: BREW\ntitle: Coffee\nlevel: low\napplies_to: {kind: web_access}\n"
      "detection:\n  match:\n    - {field: method, op: equals, value: BREW}\n";
  const Said sound = checked(rule + "samples:\n  match: [{kind: web_access, method: BREW}]\n",
                             "203.0.113.9 - - [22/Mar/2026:20:34:00 +0000] \"BREW /pot HTTP/1.1\" 418 5 \"-\" \"-\"\n");
  CHECK(sound.status == 200);
  CHECK(sound.at("/sound") == "true");
  CHECK(sound.at("/documents/0/id") == "BREW");
  CHECK(sound.at("/samples/ran") == "1");
  CHECK(sound.at("/tried/0/fires") == "true");
  CHECK(sound.body.find("203.0.113.9") == std::string::npos);
  const Said unsound = checked("id: X\ndetection: 7\n");
  CHECK(unsound.status == 200);
  CHECK(unsound.at("/sound") == "false");
  CHECK(unsound.at("/documents/0/loaded") == "false");
  CHECK(unsound.at("/documents/0/problems/0/line") != "?");
  CHECK(checked(rule + "samples:\n  match: [{kind: web_access, method: GET}]\n").at("/samples/failures/0/rule_id") ==
        "BREW");
  CHECK(checked("").status == 400);
  CHECK(api.ask("POST", "/api/v1/rules/validate", "viewer", R"({"rules":"x"})").status == 403);
  CHECK(api.get("/api/v1/rules?q=BREW").body == "[]");
}

TEST_CASE("texts_of_strangers_are_json_that_a_browser_reads_as_it_was") {
  Asking api;
  const std::string hostile = "</script><!-- \xe2\x80\xa8\xe2\x80\xa9 \xe2\x80\xae =cmd|'/c calc'!A0 \x7f \xc2\x9b";
  api.finding("R", Level::high, kNow, "src" + hostile, hostile);
  const Said list = api.get("/api/v1/findings");
  CHECK(list.at("/0/message") == hostile);
  for (const char* raw : {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae", "\x7f", "\xc2\x9b"}) {
    CHECK(list.body.find(raw) == std::string::npos);
  }
  const std::string token = api.site();
  api.event(token, 1, "auth.login_failed", "{\"username\":\"\xe2\x80\xa8\xe2\x80\xae\",\"ip\":\"\"}");
  const Said signal = api.get("/api/v1/signals?personal=true", "admin");
  CHECK(signal.body.find("\xe2\x80\xa8") == std::string::npos);
  CHECK(signal.at("/0/labels/username") == "\xe2\x80\xa8\xe2\x80\xae");
}

TEST_CASE("the_router_and_the_contract_name_the_same_operations") {
  Asking api;
  const Said said = api.ask("GET", "/api/v1/openapi.json", "");
  REQUIRE(said.status == 200);
  CHECK(said.body == std::string(api::contract()));
  const rapidjson::Document contract = said.json();
  CHECK(said.at("/openapi") == "3.1.0");
  std::map<std::string, std::string> documented;  // operation → whether it needs a token
  for (const auto& path : contract["paths"].GetObject()) {
    for (const auto& operation : path.value.GetObject()) {
      std::string method = operation.name.GetString();
      if (method == "parameters") continue;
      for (char& c : method) c = static_cast<char>(std::toupper(c));
      const bool open = operation.value.HasMember("security") && operation.value["security"].Empty();
      documented[method + " /api/v1" + path.name.GetString()] = open ? "open" : "token";
    }
  }
  std::map<std::string, std::string> served;
  for (const server::Route& route : api.api->routes(api.workers)) {
    served[route.method + " " + route.path] = route.role.empty() ? "open" : "token";
  }
  CHECK(served == documented);
}

TEST_CASE("every_problem_is_described") {
  Asking api;
  const rapidjson::Document contract = api.ask("GET", "/api/v1/openapi.json", "").json();
  for (const Said& said :
       {api.get("/api/v1/none"), api.get("/api/v1/me?x=1"), api.ask("POST", "/api/v1/events", "viewer", "{"),
        api.get("/api/v1/events"), api.get("/api/v1/me", ""), api.get("/api/v1/%2e"),
        api.ask("POST", "/api/v1/events", "viewer", "x", "Content-Type: text/plain\r\n"),
        api.ask("POST", "/api/v1/dismissals", "analyst ent_a", "{}")}) {
    INFO(said.body);
    CHECK(contract["x-problems"].HasMember(said.at("/code").c_str()));
    std::string id = said.at("/code");
    std::replace(id.begin(), id.end(), '_', '-');
    CHECK(said.at("/type") == "/api/docs#problem-" + id);
  }
}

TEST_CASE("the_page_of_the_contract_has_every_operation_and_every_problem") {
  Asking api;
  const web::FormTokens forms("a secret");
  const web::Shell shell(forms);
  server::Request request;
  auto principal = std::make_shared<web::Principal>();
  principal->session = "a session";
  request.principal = principal;
  request.path = "/api/docs";
  server::Answer page;
  const server::Route route = api::docs_route(shell, nullptr);
  CHECK(route.role == "viewer");
  route.handler(request, [&](server::Answer answer) { page = std::move(answer); });
  const rapidjson::Document contract = api.ask("GET", "/api/v1/openapi.json", "").json();
  for (const auto& path : contract["paths"].GetObject()) {
    CHECK(page.body.find("<code>/api/v1" + std::string(path.name.GetString()) + "</code>") != std::string::npos);
  }
  for (const auto& problem : contract["x-problems"].GetObject()) {
    std::string id = problem.name.GetString();
    std::replace(id.begin(), id.end(), '_', '-');
    CHECK(page.body.find("id=\"problem-" + id + "\"") != std::string::npos);
  }
  // A body to try is JSON as it stands there.
  CHECK(page.body.find("{&quot;raw&quot;:&quot;Failed password for root from 1.2.3.4 port "
                       "22&quot;,&quot;source&quot;:&quot;sshd&quot;}") != std::string::npos);
}

TEST_CASE("every_route_holds_its_role") {
  Asking api;
  const std::string token = api.site();
  const std::vector<std::string> roles{"", "viewer", "analyst", "admin"};
  for (const server::Route& route : api.api->routes(api.workers)) {
    std::string path = route.path;
    for (const auto& [name, value] : std::map<std::string, std::string>{
             {"{id}", "1"}, {"{fingerprint}", "f"}, {"{token}", token}, {"{event_id}", "x"}, {"{site}", token}}) {
      if (const std::size_t at = path.find(name); at != std::string::npos) path.replace(at, name.size(), value);
    }
    INFO(route.method + " " + path);
    const std::size_t least = route.role.empty() ? 0 : route.role == "viewer" ? 1 : route.role == "analyst" ? 2 : 3;
    CHECK((route.method == "GET" || route.path == "/api/v1/events" || least >= 2));
    for (std::size_t role = 0; role < roles.size(); ++role) {
      const int status = api.ask(route.method, path, roles[role], route.body_bytes ? "{}" : "").status;
      if (role < least) CHECK(status == (role == 0 ? 401 : 403));
      else CHECK((status != 401 && status != 403));
    }
  }
}

TEST_CASE("whatever_is_asked_the_server_answers_and_goes_on") {
  Asking api;
  api.finding("R", Level::high, kNow);
  std::mt19937 random(5);
  const std::string letters = "abz019-._~%=&?/+{}[]\"<>'\\;:@,!*()$#|^` \x7f\xc3";
  for (int round = 0; round < 400; ++round) {
    std::string query;
    for (unsigned left = random() % 30; left > 0; --left) {
      const char c = letters[random() % letters.size()];
      if (c != ' ' && c != '#' && c != '\x7f' && c != '\xc3') query += c;
    }
    const char* names[] = {"findings", "errors", "signals", "rules", "trend", "dismissals", "sites", "me"};
    const std::string path = std::string("/api/v1/") + names[random() % 8] + "?" + (random() % 2 ? "cursor=" : "") + query;
    INFO(path);
    const Said said = api.get(path);
    CHECK((said.status == 200 || said.status == 400));
    (void)said.json();
  }
  CHECK(api.get("/api/v1/findings").at("") == "[1]");
}
