// What runs inside the batch writer's transactions, and who is told of what it has stored.
#include <fmt/format.h>

#include <atomic>
#include <future>
#include <thread>

#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

std::future<Result<Done>> run(BatchWriter& writer, BatchWriter::Work work) {
  const auto promise = std::make_shared<std::promise<Result<Done>>>();
  writer.run(std::move(work), [promise](Result<Done> done) { promise->set_value(std::move(done)); });
  return promise->get_future();
}

BatchWriter::Work adding(const std::string& rule) {
  return [rule](Stores& stores) -> Result<Done> {
    auto added = stores.findings().add(finding_of(rule, Level::high, kNow));
    if (!added) return added.error();
    return Done{};
  };
}

std::size_t findings_in(Store& store) {
  FindingQuery all;
  all.limit = 10'000;
  return store.findings().list(all).value().size();
}

}  // namespace

TEST_CASE("a_work_is_stored_with_its_group_and_told_when_it_is") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  const auto writer = std::move(store->start_batch_writer()).value();
  REQUIRE(run(*writer, adding("R")).get().ok());
  CHECK(findings_in(*store) == 1);
  // Position and finding are one.
  REQUIRE(run(*writer,
              [](Stores& stores) -> Result<Done> {
                if (auto put = stores.positions().put("t", "7", kNow); !put) return put;
                auto added = stores.findings().add(finding_of("S", Level::high, kNow));
                if (!added) return added.error();
                return Done{};
              })
              .get()
              .ok());
  CHECK(store->positions().find("t").value() == "7");
  CHECK(findings_in(*store) == 2);
}

TEST_CASE("a_work_that_fails_is_undone_alone") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  const auto writer = std::move(store->start_batch_writer()).value();
  // The first holds the writer, so that the others and the batch are one group.
  std::promise<void> go;
  auto first = run(*writer, [&](Stores&) -> Result<Done> { return go.get_future().wait(), Done{}; });
  const Lines lines(0, 3);
  std::promise<Result<Appended>> appended;
  writer->append(batch_of(lines, "b1"), [&](Result<Appended> one) { appended.set_value(std::move(one)); });
  auto good = run(*writer, adding("GOOD"));
  auto says_no = run(*writer, [](Stores& stores) -> Result<Done> {
    (void)stores.findings().add(finding_of("BAD", Level::high, kNow));
    return Error{"thought better of it"};
  });
  // A call that failed is not forgotten by a work that does not look.
  auto looks_away = run(*writer, [](Stores& stores) -> Result<Done> {
    (void)stores.findings().add(finding_of("BAD2", Level::high, kNow));
    (void)stores.entities().add(entity_of("ent_a"));
    return Done{};
  });
  auto last = run(*writer, adding("LAST"));
  go.set_value();
  CHECK(first.get().ok());
  CHECK(appended.get_future().get().value().accepted == 3);
  CHECK(good.get().ok());
  const auto refused = says_no.get();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message == "thought better of it");
  CHECK_FALSE(looks_away.get().ok());
  CHECK(last.get().ok());
  CHECK(findings_in(*store) == 2);
  CHECK(lines_of(*store).size() == 3);
}

TEST_CASE("a_full_disk_fails_works_and_batches_and_the_writer_goes_on") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  const auto writer = std::move(store->start_batch_writer()).value();
  REQUIRE(run(*writer, adding("BEFORE")).get().ok());
  std::atomic<unsigned> told = 0, failed = 0;
  constexpr unsigned kWorks = 20;
  {
    const auto full = place.full_disk();
    std::vector<std::future<Result<Done>>> all;
    for (unsigned i = 0; i < kWorks; ++i) {
      all.push_back(run(*writer, [i, &told](Stores& stores) -> Result<Done> {
        for (unsigned n = 0; n < 200; ++n) {
          auto added = stores.findings().add(
              finding_of(fmt::format("R{}-{}", i, n), Level::high, kNow, "auth.log", std::string(4000, 'x')));
          if (!added) return added.error();
        }
        ++told;
        return Done{};
      }));
    }
    for (auto& one : all)
      if (!one.get().ok()) ++failed;
  }
  CHECK(failed > 0);
  REQUIRE(run(*writer, adding("AFTER")).get().ok());
  CHECK(findings_in(*store) == 2 + std::size_t{kWorks - failed} * 200);
}

TEST_CASE("every_work_is_answered_once_also_at_the_writers_end") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  constexpr unsigned kThreads = 4, kEach = 200;
  std::vector<std::unique_ptr<std::atomic<unsigned>>> answers;
  for (unsigned i = 0; i < kThreads * kEach; ++i) answers.push_back(std::make_unique<std::atomic<unsigned>>(0));
  std::atomic<unsigned> refused = 0;
  {
    const auto writer = std::move(store->start_batch_writer()).value();
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (unsigned i = 0; i < kEach; ++i) {
          const unsigned number = t * kEach + i;
          writer->run(adding(fmt::format("R{}", number)), [&, number](const Result<Done>& done) {
            ++*answers[number];
            if (!done) ++refused;
          });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (const auto& answered : answers) CHECK(*answered == 1);
  CHECK(findings_in(*store) == kThreads * kEach - refused);
}

TEST_CASE("whoever_listens_hears_of_stored_batches_with_their_sequences") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  std::vector<StoredBatch> heard;
  {
    const auto writer = std::move(store->start_batch_writer()).value();
    writer->on_stored([&heard](StoredBatch one) { heard.push_back(std::move(one)); });
    const auto owner = std::make_shared<int>(1);
    const Lines first(0, 3), again(1, 4), unowned(9, 1);
    const auto add = [&](const Lines& lines, std::string_view id, bool owned) {
      Batch batch = batch_of(lines, id);
      if (owned) batch.owner = owner;
      REQUIRE(append(*writer, std::move(batch)).ok());
    };
    add(first, "b1", true);
    add(again, "b2", true);
    add(first, "b1", true);  // known: nothing is new
    add(unowned, "b3", false);
  }
  REQUIRE(heard.size() == 2);
  CHECK(heard[0].sequences == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(heard[1].sequences == std::vector<std::uint64_t>{0, 0, 4, 5});
  CHECK(heard[1].batch.events.size() == 4);
}
