// The bounds of what a fleet has read and not analysed.
#include "cli/fleet_queue.hpp"

#include <atomic>
#include <thread>

#include "catch.hpp"
#include "eventually.hpp"

using namespace logystera;
using namespace logystera::cli;
using namespace std::chrono_literals;

namespace {

/// A feed whose log has always more, as fleet tail reads one.
class Endless {
 public:
  Endless(FleetQueue& queue, std::size_t feed)
      : thread_([this, &queue, feed] {
          for (;;) {
            if (!queue.room(feed)) return;
            ++read_;
            FleetItem item;
            item.feed = feed;
            if (!queue.put(std::move(item))) return;
          }
        }) {}
  ~Endless() { thread_.join(); }
  Endless(const Endless&) = delete;
  Endless& operator=(const Endless&) = delete;
  std::size_t read() const { return read_; }

 private:
  std::atomic<std::size_t> read_{0};
  std::thread thread_;
};

}  // namespace

TEST_CASE("a_feed_reads_nothing_that_has_no_room_in_the_queue") {
  FleetQueue queue(2);
  {
    const Endless feed(queue, 1);
    REQUIRE(testing::eventually([&] { return feed.read() >= FleetQueue::kWaiting; }));
    for (std::size_t taken = 0; taken < 20; ++taken) {
      std::this_thread::sleep_for(5ms);  // as long as it takes to read one more
      CHECK(feed.read() == FleetQueue::kWaiting + taken);
      REQUIRE(queue.take(1s)->feed == 1);
      REQUIRE(testing::eventually([&] { return feed.read() == FleetQueue::kWaiting + taken + 1; }));
    }
    queue.close();
  }
}

TEST_CASE("of_many_feeds_so_many_batches_wait_and_a_full_queue_is_taken_from_until_it_is_closed") {
  constexpr std::size_t kFeeds = 12;
  FleetQueue queue(kFeeds);
  std::vector<std::unique_ptr<Endless>> feeds;
  for (std::size_t feed = 0; feed < kFeeds; ++feed) feeds.push_back(std::make_unique<Endless>(queue, feed));
  const auto read = [&] {
    std::size_t all = 0;
    for (const auto& feed : feeds) all += feed->read();
    return all;
  };
  std::size_t taken = 0;
  for (; taken < 1'000; ++taken) {
    REQUIRE(queue.take(20s));
    // Those that found room at one moment, beside what waits.
    CHECK(read() <= taken + 1 + FleetQueue::kAllWaiting + kFeeds);
  }
  for (const auto& feed : feeds) CHECK(feed->read() > 0);
  queue.close();
  feeds.clear();
  CHECK_FALSE(queue.room(0));
  std::size_t left = 0;
  while (queue.take(0ms)) ++left;
  CHECK(left <= FleetQueue::kAllWaiting);
}
