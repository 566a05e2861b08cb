// What the detector finds depends on events and their order, on nothing else.
#include "processor/detector.hpp"

#include <algorithm>
#include <set>

#include "script.hpp"

using namespace logystera;
using namespace logystera::processor;
using namespace logystera::testing;

namespace {

constexpr std::int64_t kLater = kStart + 40'000'000;

/// Runs all events through, cut as `cut` says.
template <typename Cut>
std::vector<std::string> found_with(const std::vector<Sent>& sent, Cut cut) {
  Bench bench;
  bench.put(sent);
  const auto stored = bench.stored();
  auto detector = bench.detector();
  for (std::size_t at = 0; at < stored.inputs.size();) {
    const std::size_t size = std::min<std::size_t>(std::max<std::size_t>(1, cut(at)), stored.inputs.size() - at);
    Effects effects;
    REQUIRE(detector->process(std::span(stored.inputs).subspan(at, size), effects).ok());
    bench.keep(effects);
    at += size;
  }
  Effects last;
  REQUIRE(detector->tick(kLater, last).ok());
  bench.keep(last);
  return bench.findings();
}

Sent failed(const std::string& site, std::int64_t created, std::int64_t received, const std::string& ip = "203.0.113.7") {
  return {site, created, received, "auth.login_failed", fmt::format(R"({{"client_ip":"{}","username":"admin"}})", ip)};
}

std::size_t of_rule(const std::vector<std::string>& findings, const std::string& rule) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const std::string& one) { return one.starts_with(rule + " "); }));
}

}  // namespace

TEST_CASE("the_same_events_cut_in_any_way_give_the_same_findings") {
  for (const unsigned seed : {1u, 2u, 3u}) {
    const auto sent = script(seed, 2'000);
    const auto whole = found_with(sent, [](std::size_t) { return std::size_t{100'000}; });
    CHECK(of_rule(whole, "SIGNAL_LOGIN_FAILURES") > 10);
    CHECK(of_rule(whole, "SIGNAL_ADMIN_ROLE_GRANTED") > 10);
    CHECK(found_with(sent, [](std::size_t) { return std::size_t{1}; }) == whole);
    std::mt19937 random(seed);
    CHECK(found_with(sent, [&](std::size_t) { return std::size_t{random() % 97}; }) == whole);
  }
}

TEST_CASE("a_detector_that_is_thrown_away_at_any_event_and_made_anew_finds_the_same") {
  const auto sent = script(7, 2'000);
  const auto undisturbed = found_with(sent, [](std::size_t) { return std::size_t{100'000}; });
  // A new detector after every event, made of what is stored alone; what was not committed is looked at again. Windows are saved now
  // and then, so that every distance between a saved state and the event of the death occurs.
  Bench bench;
  bench.put(sent);
  const auto stored = bench.stored();
  std::mt19937 random(11);
  Position position;
  for (std::size_t at = 0; at < stored.inputs.size();) {
    auto detector = bench.detector();
    for (const store::SiteWindows& saved : bench.store->site_windows().list().value()) REQUIRE(detector->restore(saved));
    std::vector<Input> before;
    for (const Input& event : stored.inputs)
      if (event.seq > position.warm && event.seq <= position.seq) before.push_back(event);
    REQUIRE(detector->warm(before).ok());
    Effects effects;
    const std::size_t size = std::min<std::size_t>(1 + random() % 2, stored.inputs.size() - at);
    REQUIRE(detector->process(std::span(stored.inputs).subspan(at, size), effects).ok());
    if (random() % 4 == 0) continue;  // died before the commit
    position.seq = stored.inputs[at + size - 1].seq;
    at += size;
    detector->take_seen(effects);
    if (random() % 8 == 0) detector->save(position.seq, random() % 2 == 0 ? 1 : SIZE_MAX, effects);
    const std::uint64_t first = detector->first_unsaved();
    position.warm = first == 0 ? position.seq : first - 1;
    bench.keep(effects);
    if (at == stored.inputs.size()) {
      Effects last;
      REQUIRE(detector->tick(kLater, last).ok());
      bench.keep(last);
    }
  }
  CHECK(bench.findings() == undisturbed);
}

TEST_CASE("sites_that_are_interleaved_and_late_are_each_found_as_if_alone") {
  const auto sent = script(5, 2'000);
  std::vector<std::string> alone;
  std::map<std::string, std::vector<Sent>> by_site;
  for (const Sent& one : sent) by_site[one.site].push_back(one);
  const auto without_events = [](std::vector<std::string> findings) {
    // Sequences, and the ids in messages, are those of another store.
    for (std::string& one : findings) one.erase(one.find(']'));
    std::sort(findings.begin(), findings.end());
    return findings;
  };
  for (const auto& [site, events] : by_site)
    for (std::string& one : found_with(events, [](std::size_t) { return std::size_t{500}; }))
      alone.push_back(std::move(one));
  CHECK(without_events(found_with(sent, [](std::size_t) { return std::size_t{500}; })) == without_events(alone));
}

TEST_CASE("two_sites_do_not_add_up") {
  std::vector<Sent> sent;
  for (int i = 0; i < 4; ++i)
    for (const char* site : {"ent_a", "ent_b"}) sent.push_back(failed(site, kStart + i, kStart + i));
  CHECK(of_rule(found_with(sent, [](std::size_t) { return std::size_t{100}; }), "SIGNAL_LOGIN_FAILURES") == 0);
  sent.push_back(failed("ent_a", kStart + 5, kStart + 5));
  CHECK(of_rule(found_with(sent, [](std::size_t) { return std::size_t{100}; }), "SIGNAL_LOGIN_FAILURES") == 1);
}

TEST_CASE("a_buffer_that_comes_late_is_no_burst_and_a_burst_in_it_is_found") {
  const auto quiet = [](std::int64_t from) {
    std::vector<Sent> sent;
    for (int i = 0; i < 50; ++i)
      sent.push_back({"ent_a", from + i * 60, from + i * 60, "auth.login", R"({"uid":"a","client_ip":"203.0.113.1"})"});
    return sent;
  };
  // Five failures an hour apart, all delivered at once, days later.
  auto sent = quiet(kStart);
  for (int i = 0; i < 5; ++i) sent.push_back(failed("ent_a", kStart - 40 * 3600 + i * 3600, kStart + 3'100));
  CHECK(of_rule(found_with(sent, [](std::size_t) { return std::size_t{100}; }), "SIGNAL_LOGIN_FAILURES") == 0);
  // Five within a minute: found, with the times at which they happened.
  sent = quiet(kStart);
  for (int i = 0; i < 5; ++i) sent.push_back(failed("ent_a", kStart - 40 * 3600 + i * 5, kStart + 3'100));
  const auto found = found_with(sent, [](std::size_t) { return std::size_t{100}; });
  REQUIRE(of_rule(found, "SIGNAL_LOGIN_FAILURES") == 1);
  CHECK(found[0].find(fmt::format("{}-{}", kStart - 40 * 3600, kStart - 40 * 3600 + 20)) != std::string::npos);
  // The half of a burst that one web head has delivered late completes the other half.
  sent = quiet(kStart);
  for (int i = 0; i < 3; ++i) sent.push_back(failed("ent_a", kStart + 1'000 + i * 10, kStart + 3'000));
  CHECK(of_rule(found_with(sent, [](std::size_t) { return std::size_t{100}; }), "SIGNAL_LOGIN_FAILURES") == 0);
  sent.insert(sent.begin() + 17, failed("ent_a", kStart + 1'005, kStart + 1'005));
  sent.insert(sent.begin() + 17, failed("ent_a", kStart + 1'003, kStart + 1'003));
  CHECK(of_rule(found_with(sent, [](std::size_t) { return std::size_t{100}; }), "SIGNAL_LOGIN_FAILURES") == 1);
}

TEST_CASE("a_clock_that_runs_ahead_makes_nothing_late") {
  std::vector<Sent> sent{failed("ent_a", kStart + 1'000'000, kStart, "203.0.113.9")};
  for (int i = 0; i < 5; ++i) sent.push_back(failed("ent_a", kStart + 1 + i, kStart + 1 + i));
  CHECK(of_rule(found_with(sent, [](std::size_t) { return std::size_t{100}; }), "SIGNAL_LOGIN_FAILURES") == 1);
  // The gateway's own, set back after it was a year ahead.
  sent = {failed("ent_a", kStart + 31'000'000, kStart + 31'000'000, "203.0.113.9")};
  for (int i = 0; i < 5; ++i) sent.push_back(failed("ent_a", kStart + 1 + i, kStart + 1 + i));
  CHECK(of_rule(found_with(sent, [](std::size_t) { return std::size_t{100}; }), "SIGNAL_LOGIN_FAILURES") == 1);
}

TEST_CASE("a_flood_is_one_finding_with_its_evidence_and_no_personal_data") {
  std::vector<Sent> sent;
  for (int i = 0; i < 3'000; ++i) sent.push_back(failed("ent_a", kStart + i, kStart + i));
  const auto found = found_with(sent, [](std::size_t) { return std::size_t{64}; });
  REQUIRE(of_rule(found, "SIGNAL_LOGIN_FAILURES") == 1);
  const std::string& one = *std::find_if(
      found.begin(), found.end(), [](const std::string& text) { return text.starts_with("SIGNAL_LOGIN_FAILURES "); });
  CHECK(one.find("client_ip=ip_") != std::string::npos);
  CHECK(one.find("203.0.113.7") == std::string::npos);
  CHECK(one.find("| 1 2 3 4 5") != std::string::npos);
}

TEST_CASE("what_is_too_much_to_look_at_again_is_said") {
  Bench bench;
  bench.site("ent_a");
  DetectorOptions options;
  options.key = "key";
  // A range without an end.
  options.read = [](std::string_view site, std::int64_t since, std::int64_t, std::uint64_t,
                    const std::function<bool(const Input&)>& each) -> Result<Done> {
    const std::string line = line_of(failed("ent_a", since, since), 1);
    while (each({1, site, site, since, since, line})) continue;
    return Done{};
  };
  Detector detector(signal_program(), std::move(options));
  bench.put({failed("ent_a", kStart, kStart), failed("ent_a", kStart - 90'000, kStart + 1)});
  const auto stored = bench.stored();
  Effects effects;
  REQUIRE(detector.process(stored.inputs, effects).ok());
  REQUIRE(detector.tick(kStart + 31, effects).ok());
  REQUIRE(effects.unevaluated.size() == 1);
  CHECK(effects.unevaluated[0].since == kStart - 90'000);
  CHECK(effects.unevaluated[0].until == kStart - 90'000);
  CHECK(effects.unevaluated[0].reason.find("200000 events") != std::string::npos);
  bench.keep(effects);
  CHECK(bench.store->site_windows().unevaluated("ent_a", 10).value().size() == 1);
}

TEST_CASE("a_site_that_has_been_quiet_for_long_keeps_what_is_usual_there_and_no_windows") {
  Bench bench;
  bench.put({failed("ent_a", kStart, kStart)});
  const auto stored = bench.stored();
  auto detector = bench.detector();
  Effects effects;
  REQUIRE(detector->process(stored.inputs, effects).ok());
  CHECK(detector->stats().sites_with_windows == 1);
  REQUIRE(detector->tick(kStart + 60, effects).ok());
  CHECK(detector->stats().sites == 1);
  REQUIRE(detector->tick(kLater, effects).ok());
  // What it is known by when it says nothing stays, its windows do not.
  CHECK(detector->stats().sites == 1);
  CHECK(detector->stats().sites_with_windows == 0);
  CHECK(effects.forgotten_sites.empty());
  REQUIRE_FALSE(effects.windows.empty());
  const std::size_t saved = effects.windows.back().state.size();
  Effects again;
  REQUIRE(detector->tick(kLater + 60, again).ok());
  CHECK(again.windows.empty());
  CHECK(saved < 4096);
}

TEST_CASE("a_site_of_which_findings_alone_are_known_is_forgotten_when_it_has_been_quiet_for_long") {
  Detector detector(signal_program(), {.key = "key"});
  store::Finding finding;
  finding.rule = "SIGNAL_LOGIN_FAILURES";
  finding.site = "ent_a";
  finding.group = std::string(8, 'g');
  finding.time = kStart;
  detector.seed(finding);
  REQUIRE(detector.stats().sites == 1);
  Effects effects;
  REQUIRE(detector.tick(kStart, effects).ok());
  CHECK(detector.stats().sites == 1);
  REQUIRE(detector.tick(kStart + 2 * detector.longest_span() + 60, effects).ok());
  CHECK(detector.stats().sites_with_windows == 0);
}

TEST_CASE("saved_windows_that_are_damaged_are_refused") {
  Bench bench;
  bench.put(script(3, 200));
  const auto stored = bench.stored();
  auto detector = bench.detector();
  Effects effects;
  REQUIRE(detector->process(stored.inputs, effects).ok());
  effects.windows.clear();
  detector->save(UINT64_MAX, SIZE_MAX, effects);
  REQUIRE(effects.windows.size() == 3);
  for (const store::SiteWindows& one : effects.windows) {
    for (std::size_t size = 0; size < one.state.size(); size += 1 + one.state.size() / 50) {
      auto again = bench.detector();
      store::SiteWindows cut = one;
      cut.state.resize(size);
      // Without the part of the windows it is whole: none were counted yet.
      (void)again->restore(cut);
      REQUIRE(again->warm(stored.inputs).ok());
    }
    auto again = bench.detector();
    CHECK(again->restore(one));
    store::SiteWindows none = one;
    none.state.clear();
    CHECK_FALSE(bench.detector()->restore(none));
    none.state = one.state;
    none.state.back() = static_cast<char>(none.state.back() ^ 1);
    (void)bench.detector()->restore(none);
  }
}

TEST_CASE("backfilling_finds_what_was_there_before_and_nothing_twice") {
  Bench bench;
  std::vector<Sent> sent;
  for (int i = 0; i < 6; ++i) sent.push_back(failed("ent_a", kStart + i, kStart + i));
  sent.push_back({"ent_a", kStart + 9, kStart + 9, "user.role_changed", R"({"uid":"a","roles_added":["administrator"]})"});
  bench.put(sent);
  const auto first = backfill(*bench.store, signal_program(), "key", kStart - 10, nullptr).value();
  CHECK(first.events == 7);
  CHECK(first.added == 2);
  const auto again = backfill(*bench.store, signal_program(), "key", kStart - 10, nullptr).value();
  CHECK(again.added == 0);
  CHECK(again.extended == 0);
  CHECK(backfill(*bench.store, signal_program(), "key", kStart + 100, nullptr).value().events == 0);
  CHECK_FALSE(stored_position(*bench.store).value().has_value());
}
