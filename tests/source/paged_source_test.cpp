// A paged source against a store that shows entries late, has limits, fails and is asked by processes that die: each entry once.
#include "source/paged_source.hpp"

#include <atomic>
#include <map>
#include <random>
#include <string>

#include "catch.hpp"
#include "source/late_store.hpp"

using namespace logystera;
using namespace logystera::testing;
using source::PagedSource;
using source::PagedStore;
using source::State;

namespace {

struct Clock {
  std::int64_t now_ns = 0;
};

/// What a server is like.
struct Server {
  std::vector<LateEntry> entries;
  std::size_t page = kPage, page_most = 10'000;  // what it takes; a source begins with `page`
  std::int64_t range_ms = 0;                     // 0: any
  bool asks_ties = false, cursors = false;
  unsigned fails_one_in = 0;
  std::optional<std::chrono::seconds> retry_after = {};
  unsigned forgets_cursor_one_in = 0;
  std::size_t padding = 0;  // of each text: a page becomes several batches
  std::mt19937 random{7};
  unsigned looks_ended = 0, asked = 0;
};

class LateStore final : public PagedStore {
 public:
  LateStore(Server& server, const Clock& clock) : server_(server), clock_(clock) {}

  Bounds bounds() const override {
    return {.page = server_.page, .page_most = 100'000, .tick_ns = kMs, .asks_ties = server_.asks_ties};
  }
  void end_look() override { ++server_.looks_ended; }
  Page page(const Ask& ask) override {
    ++server_.asked;
    Page page;
    const auto one_in = [this](unsigned n) { return n > 0 && server_.random() % n == 0; };
    if (one_in(server_.fails_one_in)) {
      page.fault = net::Fault::passing;
      page.error = {"503", ErrorKind::busy};
      page.retry_after = server_.retry_after;
      return page;
    }
    if (!ask.cursor.empty() && one_in(server_.forgets_cursor_one_in)) {
      page.refused = Refused::cursor;
      return page;
    }
    if (ask.limit > server_.page_most) {
      page.refused = Refused::limit;
      page.most = static_cast<std::int64_t>(server_.page_most);
      return page;
    }
    if (server_.range_ms > 0 && ask.until_ns - ask.from_ns > server_.range_ms * kMs) {
      page.refused = Refused::range;
      page.error = {"too long", ErrorKind::invalid};
      return page;
    }
    const std::int64_t now = clock_.now_ns / kMs;
    const bool by_cursor = server_.cursors || ask.ties;
    std::size_t skip = ask.cursor.empty() ? 0 : std::stoul(ask.cursor);
    const std::size_t first = skip;
    for (const LateEntry& entry : server_.entries) {
      if (entry.time * kMs < ask.from_ns || entry.time * kMs >= ask.until_ns || entry.visible > now) continue;
      if (skip > 0) {
        --skip;
        continue;
      }
      if (page.entries.size() == ask.limit) break;
      source::Entry made;
      made.time_ns = entry.time * kMs;
      made.text = entry.text + std::string(server_.padding, ' ');
      made.origin = origin_;
      page.entries.push_back(std::move(made));
    }
    page.full = page.entries.size() == ask.limit;
    if (by_cursor && page.full) page.cursor = std::to_string(first + ask.limit);
    std::shuffle(page.entries.begin(), page.entries.end(), server_.random);
    return page;
  }

 private:
  Server& server_;
  const Clock& clock_;
  std::shared_ptr<const source::EntryOrigin> origin_ = std::make_shared<source::EntryOrigin>();
};

struct Rig {
  parse::Formats formats = std::move(parse::Formats::built_in()).value();
  FieldNames names;
  Clock clock;
  std::vector<std::string> notices;

  PagedSource::Options options(bool follow) {
    PagedSource::Options options;
    options.name = "store:test";
    options.product = "store";
    options.follow = follow;
    options.poll = std::chrono::milliseconds(500);
    options.key = std::string(kKey);
    options.now_ns = options.steady_ns = [this] { return clock.now_ns; };
    options.wait = [this](std::chrono::milliseconds pause) { clock.now_ns += pause.count() * kMs; };
    return options;
  }
  std::unique_ptr<PagedSource> open(Server& server, PagedSource::Options options) {
    auto opened = PagedSource::open(std::make_unique<LateStore>(server, clock), formats, names, std::move(options));
    REQUIRE(opened.ok());
    return std::move(opened).value();
  }
  /// Follows until `end_ms`; after each batch the process may die, and another goes on at the position.
  Got follow(Server& server, std::int64_t begin_ms, std::int64_t end_ms, unsigned dies_one_in) {
    clock.now_ns = begin_ms * kMs;
    auto wanted = options(true);
    wanted.since_ns = 0;
    auto source = open(server, wanted);
    std::mt19937 random(11);
    Got got;
    RecordBatch batch;
    while (clock.now_ns < end_ms * kMs) {
      const auto state = source->next(batch, std::chrono::milliseconds(500));
      REQUIRE(state.ok());
      for (std::string& notice : source->notices()) notices.push_back(std::move(notice));
      if (state.value() == State::idle) continue;
      for (const Record& record : batch.records)
        ++got[std::string(record.raw.substr(0, record.raw.find_last_not_of(' ') + 1))];
      if (dies_one_in == 0 || random() % dies_one_in != 0) continue;
      wanted.resume = source->position();
      source = open(server, wanted);
    }
    return got;
  }
  Got once(Server& server, std::int64_t now_ms) {
    clock.now_ns = now_ms * kMs;
    auto source = open(server, options(false));
    Got got;
    RecordBatch batch;
    for (;;) {
      const auto state = source->next(batch, std::chrono::milliseconds(500));
      INFO((state.ok() ? std::string() : state.error().message));
      REQUIRE(state.ok());
      for (std::string& notice : source->notices()) notices.push_back(std::move(notice));
      if (state.value() == State::ended) return got;
      for (const Record& record : batch.records) ++got[std::string(record.raw)];
    }
  }
};

Outcome compare(const Server& server, Got got) {
  Got wanted;
  for (const LateEntry& entry : server.entries) ++wanted[entry.text];
  Outcome outcome;
  for (const auto& [text, count] : wanted) {
    outcome.lost += std::max(0, count - got[text]);
    outcome.twice += std::max(0, got[text] - count);
  }
  return outcome;
}

bool says(const Rig& rig, std::string_view part) {
  return std::any_of(rig.notices.begin(), rig.notices.end(),
                     [&](const auto& notice) { return notice.find(part) != notice.npos; });
}

std::vector<LateEntry> crowd(std::size_t count, std::int64_t time) {
  std::vector<LateEntry> entries;
  for (std::size_t i = 0; i < count; ++i) entries.push_back({time, time, "crowd " + std::to_string(i)});
  return entries;
}

}  // namespace

TEST_CASE("a followed store's entries come once, late or equal, through limits, faults and deaths", "[paged]") {
  for (unsigned seed = 0; seed < 3; ++seed)
    for (const bool late : {false, true})
      for (const unsigned dies : {0u, 3u}) {
        INFO(seed << ' ' << late << ' ' << dies);
        Server server{.entries = world(seed, late)};
        server.page = 300;
        server.page_most = 250;
        server.range_ms = 70'000;
        server.fails_one_in = 20;
        Rig rig;
        const std::int64_t begin = server.entries.front().time, end = server.entries.back().time;
        const Outcome outcome = compare(server, rig.follow(server, begin, end + 2'000'000, dies));
        CHECK(outcome.lost == 0);
        CHECK(outcome.twice == 0);
        CHECK(says(rig, "it is tried again"));
        CHECK(says(rig, "answers again"));
      }
}

TEST_CASE("a look that fails half way and goes on seconds later does not lose what came late meanwhile", "[paged]") {
  for (unsigned seed = 0; seed < 8; ++seed) {
    Server server{.entries = world(seed, true)};
    server.fails_one_in = 8;
    server.retry_after = std::chrono::seconds(12);
    server.random.seed(seed);
    Rig rig;
    const std::int64_t begin = server.entries.front().time, end = server.entries.back().time;
    const Outcome outcome = compare(server, rig.follow(server, begin, end + 3'000'000, 0));
    INFO(seed);
    CHECK(outcome.lost == 0);
    CHECK(outcome.twice == 0);
  }
}

TEST_CASE("a process that dies between two batches of a page neither loses nor repeats the rest", "[paged]") {
  Server server{.entries = world(4, true)};
  server.entries.resize(2'000);
  server.padding = 5'000;
  Rig rig;
  const std::int64_t begin = server.entries.front().time, end = server.entries.back().time;
  const Outcome outcome = compare(server, rig.follow(server, begin, end + 30'000, 2));
  CHECK(outcome.lost == 0);
  CHECK(outcome.twice == 0);
}

TEST_CASE("what the naive pollers and a short overlap lose is what the store shows late", "[paged]") {
  CHECK(run(world(1, true), after_the_last()).lost > 0);
  CHECK(run(world(1, true), at_the_last_without_ties()).lost > 0);
  CHECK(run(world(1, true), at_the_last()).twice > 0);
}

TEST_CASE("a store is read once, by time or by cursor, also where the cursor is lost", "[paged]") {
  for (const bool cursors : {false, true}) {
    Server server{.entries = world(5, false)};
    server.cursors = cursors;
    server.forgets_cursor_one_in = cursors ? 5 : 0;
    server.fails_one_in = 9;
    Rig rig;
    const Outcome outcome = compare(server, rig.once(server, server.entries.back().time + 1));
    CHECK(outcome.lost == 0);
    CHECK(outcome.twice == 0);
    CHECK(server.looks_ended > 0);
  }
}

TEST_CASE("many entries at one time come by a larger page, then by another way, then what may be missing is said",
          "[paged]") {
  for (const bool asks_ties : {false, true}) {
    Server server{.entries = crowd(3'000, 5'000)};
    server.entries.push_back({6'000, 6'000, "behind"});
    server.page = 100;
    server.page_most = 4'000;
    Rig rig;
    CHECK(compare(server, rig.once(server, 10'000)).lost == 0);
    CHECK(rig.notices.empty());
    server.page_most = 1'000;
    server.asks_ties = asks_ties;
    Rig other;
    const Got got = other.once(server, 10'000);
    CHECK(got.count("behind") == 1);
    const Outcome outcome = compare(server, got);
    CHECK(outcome.twice == 0);
    CHECK(outcome.lost == (asks_ties ? 0 : 2'000));
    CHECK(says(other, "more than 1000 entries at 1970-01-01T00:00:05Z") == !asks_ties);
  }
}

TEST_CASE("a scan gives up on what passes and does not; following waits", "[paged]") {
  Server server{.entries = world(1, false)};
  server.fails_one_in = 1;
  Rig rig;
  auto source = rig.open(server, rig.options(false));
  RecordBatch batch;
  Result<State> state = State::idle;
  while (state.ok() && state.value() == State::idle) state = source->next(batch, std::chrono::milliseconds(100));
  REQUIRE(!state.ok());
  CHECK(state.error().message == "store:test: 503");
  CHECK(server.asked == 5);
  auto following = rig.open(server, rig.options(true));
  const unsigned before = server.asked;
  for (int i = 0; i < 3'600; ++i) {
    rig.clock.now_ns += 1'000 * kMs;
    REQUIRE(following->next(batch, std::chrono::milliseconds(0)).ok());
  }
  CHECK(server.asked - before < 400);
  CHECK(following->notices().size() == 1);
}

namespace {

/// Answers what a test says.
class OddStore final : public PagedStore {
 public:
  explicit OddStore(std::function<Page(const Ask&)> answer) : answer_(std::move(answer)) {}
  Bounds bounds() const override { return {.page = 10, .page_most = 20}; }
  Page page(const Ask& ask) override { return answer_(ask); }

 private:
  std::function<Page(const Ask&)> answer_;
};

PagedStore::Page full_of(std::size_t count, std::int64_t time) {
  PagedStore::Page page;
  for (std::size_t i = 0; i < count; ++i) {
    source::Entry entry;
    entry.time_ns = time;
    entry.text = "line";
    entry.origin = std::make_shared<source::EntryOrigin>();
    page.entries.push_back(std::move(entry));
  }
  page.full = true;
  return page;
}

std::string error_of(Rig& rig, const std::function<PagedStore::Page(const PagedStore::Ask&)>& answer, bool follow = false) {
  auto opened = PagedSource::open(std::make_unique<OddStore>(answer), rig.formats, rig.names, rig.options(follow));
  REQUIRE(opened.ok());
  RecordBatch batch;
  for (int i = 0; i < 10'000; ++i) {
    auto state = opened.value()->next(batch, std::chrono::milliseconds(100));
    if (!state) return state.error().message;
    if (state.value() == State::ended) return "ended";
  }
  return "goes on";
}

}  // namespace

TEST_CASE("a server that does not answer what it is asked is an error, and no endless loop", "[paged]") {
  Rig rig;
  rig.clock.now_ns = 3'600'000 * kMs;
  CHECK(error_of(rig, [](const auto& ask) {
          return full_of(ask.limit, ask.from_ns);
        }).find("does not answer what it is asked") != std::string::npos);
  CHECK(error_of(rig, [](const auto& ask) {
          return full_of(ask.limit + 1, ask.from_ns);
        }).find("more entries than it was asked") != std::string::npos);
  int asked = 0;
  CHECK(error_of(rig, [&asked](const auto& ask) { return full_of(ask.limit, asked++ == 0 ? 1'000 : 5); }).find("older") !=
        std::string::npos);
  const auto refuses = [](PagedStore::Refused refused, std::int64_t most) {
    return [=](const auto&) {
      PagedStore::Page page;
      page.refused = refused;
      page.most = most;
      page.error = {"refused"};
      return page;
    };
  };
  CHECK(error_of(rig, refuses(PagedStore::Refused::limit, 0)) == "refused");
  CHECK(error_of(rig, refuses(PagedStore::Refused::limit, 1'000'000)) == "refused");
  CHECK(error_of(rig, refuses(PagedStore::Refused::range, 0)) == "refused");
  const auto denies = [](const auto&) {
    PagedStore::Page page;
    page.fault = net::Fault::credentials;
    page.error = {"401", ErrorKind::denied};
    return page;
  };
  CHECK(error_of(rig, denies) == "store:test: 401");
  unsigned tries = 0;
  const std::int64_t before = rig.clock.now_ns;
  CHECK(error_of(
            rig, [&](const auto& ask) { return ++tries, denies(ask); }, true) == "goes on");
  CHECK(tries <= (rig.clock.now_ns - before) / (300'000 * kMs) + 1);
}

TEST_CASE("a position that is damaged is refused", "[paged]") {
  Rig rig;
  Server server{.entries = world(1, false)};
  rig.clock.now_ns = server.entries.back().time * kMs;
  auto source = rig.open(server, rig.options(true));
  RecordBatch batch;
  REQUIRE(source->next(batch, std::chrono::milliseconds(0)).ok());
  const std::string good = source->position().text;
  CHECK(good.find("entry") == std::string::npos);
  for (const std::string& text : {std::string(), std::string("x"), std::string("logystera entries 1 "), good.substr(0, 40),
                                  good + "x", "logystera entries 1 -1" + good.substr(21)}) {
    auto wanted = rig.options(true);
    wanted.resume = source::Position{text};
    CHECK_FALSE(PagedSource::open(std::make_unique<LateStore>(server, rig.clock), rig.formats, rig.names, wanted).ok());
  }
}
