#include <algorithm>
#include <map>

#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

constexpr std::int64_t kToday = kNow / kDay;

Passage passage_of(std::string name, std::string text, std::int64_t day = kToday) {
  Passage passage;
  passage.name = std::move(name);
  passage.source = "auth.log";
  passage.day = day;
  passage.text = std::move(text);
  return passage;
}

std::vector<std::string> names_of(const std::vector<Passage>& passages) {
  std::vector<std::string> names;
  for (const Passage& passage : passages) names.push_back(passage.name);
  return names;
}

}  // namespace

TEST_CASE("groups_of_passages_are_a_rule_or_an_error_a_source_and_a_day") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  const std::int64_t midnight = kToday * kDay;
  for (const std::int64_t time : {midnight + 1, midnight + 2, midnight - 1})
    REQUIRE(store->findings().add(finding_of("R", Level::high, time, "auth.log", "m" + std::to_string(time))).ok());
  REQUIRE(store->findings().add(finding_of("R", Level::high, midnight + 2, "other.log")).ok());
  REQUIRE(store->errors().add({occurrence_of("f", midnight + 5), occurrence_of("f", midnight + 6)}).ok());
  const auto groups = store->passages().groups().value();
  REQUIRE(groups.size() == 4);
  CHECK(groups[0].kind == PassageKind::error);
  CHECK(groups[0].count == 2);
  CHECK(groups[0].last == midnight + 6);
  CHECK(groups[3].count == 1);
  CHECK(groups[3].day() == kToday - 1);
  const auto two = std::find_if(groups.begin(), groups.end(), [](const PassageGroup& group) {
    return group.count == 2 && group.kind == PassageKind::finding;
  });
  REQUIRE(two != groups.end());
  CHECK(two->message == "m" + std::to_string(midnight + 2));
  CHECK(two->first == midnight + 1);
  CHECK(two->level == "high");
}

TEST_CASE("passages_are_found_by_their_words_and_a_pseudonym_is_one_word") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  PassageStore& passages = store->passages();
  REQUIRE(passages
              .replace({passage_of("A", "failed password from ip_8390373f port 22"),
                        passage_of("B", "failed password from ip_11111111"), passage_of("C", "disk full on /dev/sda1")})
              .ok());
  CHECK(names_of(passages.search({"ip_8390373f"}, 10).value()) == std::vector<std::string>{"A"});
  CHECK(names_of(passages.search({"IP_8390373F"}, 10).value()) == std::vector<std::string>{"A"});
  CHECK(passages.search({"8390373f"}, 10).value().empty());
  CHECK(passages.search({"failed"}, 10).value().size() == 2);
  CHECK(passages.search({"failed"}, 1).value().size() == 1);
  // What a query language would take for its own are words here, or nothing.
  for (const char* hostile : {"\"", "*", "text:disk", "NEAR(", "disk\" OR \"failed", "AND", "-", "^disk", "\xff\xfe", ""}) {
    INFO(hostile);
    CHECK(passages.search({hostile}, 10).ok());
  }
  CHECK(passages.search({}, 10).value().empty());
}

TEST_CASE("a_word_of_most_passages_is_left_out_while_another_is_not") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  std::vector<Passage> many;
  for (int i = 0; i < 50; ++i)
    many.push_back(passage_of("P" + std::to_string(i), i == 7 ? "login refused needle" : "login refused"));
  REQUIRE(store->passages().replace(many).ok());
  CHECK(names_of(store->passages().search({"login", "needle"}, 50).value()) == std::vector<std::string>{"P7"});
  CHECK(store->passages().search({"login"}, 50).value().size() == 50);
}

TEST_CASE("passages_made_again_are_the_same_ones_and_keep_their_vectors") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  PassageStore& passages = store->passages();
  auto replaced = passages.replace({passage_of("A", "one"), passage_of("B", "two"), passage_of("C", "three")}).value();
  CHECK(replaced.changed == 3);
  const auto bare = passages.without_vector("m", 10).value();
  REQUIRE(bare.size() == 3);
  REQUIRE(passages.put_vectors("m", {{bare[0].id, {1, 0}}, {bare[1].id, {0, 1}}, {bare[2].id, {0.5f, 0.5f}}, {999, {1, 1}}})
              .ok());
  CHECK(passages.counts("m").value().with_vector == 3);
  replaced = passages.replace({passage_of("A", "one"), passage_of("B", "two, changed"), passage_of("D", "four")}).value();
  CHECK(replaced.stored == 3);
  CHECK(replaced.changed == 2);
  CHECK(replaced.removed == 1);
  CHECK(passages.counts("m").value().with_vector == 1);  // A's
  CHECK(passages.search({"two"}, 10).value().size() == 1);
  CHECK(passages.search({"three"}, 10).value().empty());
  std::map<std::int64_t, std::vector<float>> seen;
  REQUIRE(passages
              .each_vector(
                  "m", 2,
                  [&](std::int64_t id, std::span<const float> vector) { seen[id].assign(vector.begin(), vector.end()); })
              .ok());
  CHECK(seen == std::map<std::int64_t, std::vector<float>>{{bare[0].id, {1, 0}}});
  // Another model's vector, or one of another dimension, is not this one's.
  CHECK(passages.without_vector("other", 10).value().size() == 3);
  seen.clear();
  REQUIRE(passages.each_vector("m", 3, [&](std::int64_t id, std::span<const float>) { seen[id]; }).ok());
  REQUIRE(passages.each_vector("other", 2, [&](std::int64_t id, std::span<const float>) { seen[id]; }).ok());
  CHECK(seen.empty());
  CHECK_FALSE(passages.put_vectors("m", {{bare[0].id, {}}}).ok());
}

TEST_CASE("passages_go_with_their_day_and_with_the_demonstration") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Passage demo = passage_of("D", "made up");
  demo.demo = true;
  REQUIRE(store->passages().replace({passage_of("A", "old words", kToday - 40), passage_of("B", "new words"), demo}).ok());
  REQUIRE(prune(*store, kNow, 30).ok());
  CHECK(names_of(store->passages().search({"words"}, 10).value()) == std::vector<std::string>{"B"});
  REQUIRE(clear_demo(*store).ok());
  CHECK(store->passages().search({"made"}, 10).value().empty());
  CHECK(store->passages().counts("").value().passages == 1);
}

TEST_CASE("a_period_is_counted_from_its_first_second_to_before_its_last") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  for (const std::int64_t time : {kNow - 1, kNow, kNow + 9, kNow + 10})
    REQUIRE(store->findings()
                .add(finding_of(time == kNow ? "A" : "B", time == kNow ? Level::critical : Level::high, time))
                .ok());
  REQUIRE(store->errors().add({occurrence_of("f", kNow), occurrence_of("f", kNow + 10)}).ok());
  const PeriodCounts counts = store->passages().period(kNow, kNow + 10).value();
  CHECK(counts.findings() == 2);
  CHECK(counts.by_level[static_cast<std::size_t>(Level::critical)] == 1);
  CHECK(counts.rules == std::vector<std::pair<std::string, std::uint64_t>>{{"A", 1}, {"B", 1}});
  CHECK(counts.sources.size() == 1);
  CHECK(counts.errors == 1);
  CHECK(counts.error_patterns.size() == 1);
}
