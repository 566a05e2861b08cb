// Findings in the signals of sites: episodes that grow, who sees them, and what detection remembers.
#include <fmt/format.h>

#include "contract.hpp"
#include "store/retention.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

Finding signal_finding(std::string site, std::string key, std::int64_t first, std::int64_t last,
                       std::string group = "gggggggg") {
  Finding made = finding_of("R", Level::high, last, "shop");
  made.site = std::move(site);
  made.key = std::move(key);
  made.key.resize(16, '.');
  made.group = std::move(group);
  made.group_label = "client_ip=ip_8390373f";
  made.first_time = first;
  made.hits = 5;
  return made;
}

std::unique_ptr<Store> with_two_sites(const Place& place) {
  auto store = store_with_entity(place);
  Entity other = entity_of("ent_b");
  other.name = "blog";
  REQUIRE(store->entities().add(other).ok());
  return store;
}

std::size_t rows(Store& store, const FindingFilter& filter) {
  return store.findings().page(filter, {}).value().rows.size();
}

}  // namespace

TEST_CASE("an_episode_ends_as_its_newest_event_did") {
  IN_EVERY_STORE(place);
  const auto store = with_two_sites(place);
  Finding one = signal_finding("ent_a", "k1", kNow - 50, kNow), late = signal_finding("ent_a", "k2", kNow - 60, kNow - 55);
  Finding last = signal_finding("ent_a", "k3", kNow + 10, kNow + 20);
  one.who = {"ip_1", "root", "", 0, Who::Outcome::login_failed};
  late.who = {"ip_1", "guest", "", 0, Who::Outcome::refused};
  last.who = {"ip_1", "root", "", 0, Who::Outcome::logged_in};
  const std::int64_t id = store->findings().record(one, 60).value().finding.id;
  CHECK(store->findings().record(late, 60).value().finding.who == one.who);
  CHECK(store->findings().record(last, 60).value().finding.who == last.who);
  CHECK(store->findings().get(id).value()->who == last.who);
}

TEST_CASE("an_episode_grows_and_ends") {
  IN_EVERY_STORE(place);
  const auto store = with_two_sites(place);
  FindingStore& findings = store->findings();
  Finding one = signal_finding("ent_a", "k1", kNow - 50, kNow);
  one.evidence = {3, 1, 2, 2};
  const auto added = findings.record(one, 60).value();
  REQUIRE(added.as == Recorded::As::added);
  // The same firing again changes nothing: it is not counted twice.
  CHECK(findings.record(one, 60).value().as == Recorded::As::known);
  Finding more = signal_finding("ent_a", "k2", kNow + 60, kNow + 100);
  for (std::uint64_t seq = 10; seq < 50; ++seq) more.evidence.push_back(seq);
  const auto grown = findings.record(more, 60).value();
  CHECK(grown.as == Recorded::As::extended);
  CHECK(grown.finding.id == added.finding.id);
  const Finding stored = findings.get(added.finding.id).value().value();
  CHECK(stored.hits == 10);
  CHECK(stored.first_time == kNow - 50);
  CHECK(stored.time == kNow + 100);
  CHECK(stored.site == "ent_a");
  CHECK(stored.group == "gggggggg");
  CHECK(stored.group_label == "client_ip=ip_8390373f");
  REQUIRE(stored.evidence.size() == kEvidence);
  CHECK(std::vector<std::uint64_t>(stored.evidence.begin(), stored.evidence.begin() + 4) ==
        std::vector<std::uint64_t>{1, 2, 3, 10});
  CHECK(stored.evidence.back() == 49);
  // Looked at once more it has no more hits than before, but may have begun earlier.
  const auto again = findings.record(signal_finding("ent_a", "k3", kNow - 90, kNow - 60), 60, true).value();
  CHECK(again.as == Recorded::As::extended);
  CHECK(again.finding.hits == 10);
  CHECK(again.finding.first_time == kNow - 90);
  // Too far away, of another group, of another site, or of no episode: others.
  CHECK(findings.record(signal_finding("ent_a", "k4", kNow + 161, kNow + 170), 60).value().as == Recorded::As::added);
  CHECK(findings.record(signal_finding("ent_a", "k5", kNow, kNow, "hhhhhhhh"), 60).value().as == Recorded::As::added);
  CHECK(findings.record(signal_finding("ent_b", "k6", kNow, kNow), 60).value().as == Recorded::As::added);
  CHECK(findings.record(signal_finding("ent_a", "k7", kNow, kNow, ""), {}).value().as == Recorded::As::added);
  CHECK(findings.record(signal_finding("ent_a", "k7", kNow, kNow, ""), {}).value().as == Recorded::As::known);
  // One that never ends is told once a day.
  CHECK(findings.record(signal_finding("ent_a", "k8", kNow + 170, kNow + kEpisodeSeconds + 170), 60).value().as ==
        Recorded::As::added);
  CHECK(findings.last_of_groups("ent_a", kNow).value().size() == 2);
  CHECK(findings.last_of_groups("ent_b", kNow + 1).value().empty());
  CHECK_FALSE(findings.record(signal_finding("ent_none", "k9", kNow, kNow), 60).ok());
  Finding keyless = one;
  keyless.key = "short";
  CHECK_FALSE(findings.record(keyless, 60).ok());
}

TEST_CASE("an_episode_that_grows_over_midnight_is_counted_once_on_its_last_day") {
  IN_EVERY_STORE(place);
  const auto store = with_two_sites(place);
  const std::int64_t day = kNow / kDay, midnight = (day + 1) * kDay;
  REQUIRE(store->findings().record(signal_finding("ent_a", "k1", midnight - 10, midnight - 5), 60).ok());
  REQUIRE(store->findings().record(signal_finding("ent_a", "k2", midnight, midnight + 5), 60).ok());
  for (const SiteScope& scope : {SiteScope(), SiteScope({"ent_a"})}) {
    const auto days = store->findings().days(day, day + 1, scope).value();
    CHECK(days[0].by_level[static_cast<std::size_t>(Level::high)] == 0);
    CHECK(days[1].by_level[static_cast<std::size_t>(Level::high)] == 1);
  }
}

TEST_CASE("who_is_restricted_to_sites_sees_their_findings_and_no_others") {
  IN_EVERY_STORE(place);
  const auto store = with_two_sites(place);
  FindingStore& findings = store->findings();
  REQUIRE(findings.add(finding_of("LOG", Level::critical, kNow)).value());
  const auto mine = findings.record(signal_finding("ent_a", "k1", kNow, kNow), 60).value().finding.id;
  const auto theirs = findings.record(signal_finding("ent_b", "k2", kNow + 9, kNow + 9), 60).value().finding.id;
  const SiteScope scope({"ent_a"});
  const auto filter = [&](std::string site, bool scoped) {
    FindingFilter made;
    made.site = std::move(site);
    if (scoped) made.sites = scope;
    return made;
  };
  CHECK(rows(*store, filter("", false)) == 3);
  CHECK(rows(*store, filter("", true)) == 1);
  CHECK(rows(*store, filter("blog", false)) == 1);
  CHECK(rows(*store, filter("ent_b", false)) == 1);
  CHECK(rows(*store, filter("ent_b", true)) == 0);
  CHECK(rows(*store, filter("nobody", false)) == 0);
  CHECK(findings.count(filter("", true)).value() == Count{1, false});
  CHECK(findings.get(mine, scope).value().has_value());
  CHECK_FALSE(findings.get(theirs, scope).value().has_value());
  CHECK(findings.summary().value().of(Level::high) == 2);
  CHECK(findings.summary(scope).value().of(Level::high) == 1);
  CHECK(findings.summary(scope).value().of(Level::critical) == 0);
  CHECK(findings.rule_hits(0, 10, scope).value().size() == 1);
  CHECK(findings.rule_hits(0, 10).value().size() == 2);
  CHECK(findings.sources(10, scope).value() == std::vector<std::string>{"shop"});
  CHECK(findings.sources(10, SiteScope(std::vector<std::string>())).value().empty());
  // And by what else there is to ask for, decided on the same rows.
  FindingFilter ruled = filter("", true);
  ruled.rule = "R";
  CHECK(rows(*store, ruled) == 1);
  ruled.rule = "S";
  CHECK(rows(*store, ruled) == 0);
  FindingFilter dismissed = filter("", true);
  dismissed.dismissed = true;
  CHECK(rows(*store, dismissed) == 0);
  REQUIRE(findings.dismiss({"R", "shop", "", kNow}).ok());
  CHECK(rows(*store, dismissed) == 1);
}

TEST_CASE("evidence_goes_with_its_finding") {
  IN_EVERY_STORE(place);
  const auto store = with_two_sites(place);
  Finding one = signal_finding("ent_a", "k1", kNow, kNow);
  one.evidence = {1, 2};
  REQUIRE(store->findings().record(one, 60).ok());
  REQUIRE(store->findings().prune(kNow + 1).value() == 1);
  // The number is given out again, and nothing of the one before belongs to it.
  one.key = "another key.....";
  one.evidence = {7};
  const auto added = store->findings().record(one, 60).value();
  CHECK(store->findings().get(added.finding.id).value()->evidence == std::vector<std::uint64_t>{7});
}

TEST_CASE("the_state_of_a_sites_windows_and_what_was_not_looked_at_are_remembered") {
  IN_EVERY_STORE(place);
  const auto store = with_two_sites(place);
  SiteWindowStore& windows = store->site_windows();
  const std::string state("a\0b", 3);
  REQUIRE(windows.put({"ent_b", 4, "x"}).ok());
  REQUIRE(windows.put({"ent_a", 5, state}).ok());
  REQUIRE(windows.put({"ent_b", 9, "y"}).ok());
  auto list = windows.list().value();
  REQUIRE(list.size() == 2);
  CHECK(list[0].site == "ent_a");
  CHECK(list[0].state == state);
  CHECK(list[1].seq == 9);
  CHECK(list[1].state == "y");
  REQUIRE(windows.remove("ent_a").ok());
  CHECK(windows.list().value().size() == 1);
  CHECK_FALSE(windows.put({"ent_none", 1, "x"}).ok());
  REQUIRE(windows.add(Unevaluated{"ent_a", 10, 20, 300'000, "too many", kNow}).ok());
  REQUIRE(windows.add(Unevaluated{"ent_b", 11, 21, 1, "gone", kNow}).ok());
  CHECK(windows.unevaluated("", 10).value().size() == 2);
  const auto of_site = windows.unevaluated("ent_a", 10).value();
  REQUIRE(of_site.size() == 1);
  CHECK(of_site[0].events == 300'000);
  CHECK(of_site[0].reason == "too many");
  CHECK(of_site[0].since == 10);
}
