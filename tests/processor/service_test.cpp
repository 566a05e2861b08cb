// The thread beside the gateway: nothing waits for it, and whatever dies, it has found what it would have found anyway.
#include "processor/service.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

#include "counted.hpp"
#include "eventually.hpp"
#include "script.hpp"

using namespace logystera;
using namespace logystera::processor;
using namespace logystera::testing;

namespace {

std::int64_t clock_of_tests() { return kStart + 40'000'000; }

/// What a gateway has: store, writer and detection.
struct Gateway {
  store::Store& store;
  analysis::CurrentProgram program{Result<std::shared_ptr<const analysis::Program>>(signal_program())};
  std::unique_ptr<store::BatchWriter> writer;
  std::unique_ptr<Service> service;

  explicit Gateway(store::Store& s, OnFindings on_findings = {}, std::size_t ring = Ring::kBytes, bool detect = true)
      : store(s) {
    writer = std::move(store.start_batch_writer()).value();
    if (!detect) return;
    ServiceOptions options;
    options.now = clock_of_tests;
    options.log = [](std::string_view) {};
    options.key = "key";
    options.on_findings = std::move(on_findings);
    options.ring_bytes = ring;
    service = std::move(Service::start(store, *writer, program, std::move(options))).value();
  }
  ~Gateway() {
    service.reset();
    writer.reset();
  }

  /// As sites send them: batches whose bytes somebody owns. Waits for each to be stored.
  void send(const std::vector<Sent>& all, std::size_t from, std::size_t to) const {
    constexpr std::size_t kBatch = 20;
    for (std::size_t at = from; at < to;) {
      struct Owned {
        std::string site, id;
        std::vector<std::string> lines;
      };
      const auto owned = std::make_shared<Owned>();
      owned->site = all[at].site;
      owned->id = fmt::format("b{}", at);
      owned->lines.reserve(kBatch);
      store::Batch batch;
      batch.received_at = all[at].received_at;
      for (; at < to && owned->lines.size() < kBatch && all[at].site == owned->site &&
             all[at].received_at == batch.received_at;
           ++at) {
        owned->lines.push_back(line_of(all[at], at + 1));
        batch.events.push_back(
            {owned->lines.back(), all[at].type, store::event_id_of(uuid_of(at + 1)), all[at].created_at});
      }
      batch.entity = owned->site;
      batch.id = owned->id;
      batch.owner = owned;
      std::promise<Result<store::Appended>> promise;
      writer->append(std::move(batch), [&promise](Result<store::Appended> one) { promise.set_value(std::move(one)); });
      REQUIRE(promise.get_future().get().ok());
    }
  }
  bool caught_up() const {
    const std::uint64_t newest = store.events().newest().value();
    return eventually([&] { return service->status().position == newest; });
  }
};

void add_sites(Bench& bench) {
  for (const char* site : {"ent_a", "ent_b", "ent_c"}) bench.site(site);
}

/// The built-in rules, or those of files alone, as a program of its own.
std::shared_ptr<const analysis::Program> fresh_program(const std::vector<std::string>& files = {}) {
  analysis::ProgramOptions options;
  options.salt = "salt";
  options.timezone = "UTC";
  options.rule_cache = false;
  options.sources.built_in = files.empty();
  options.sources.paths = files;
  analysis::ProgramNotes notes;
  return std::move(analysis::Program::make(options, notes)).value();
}

/// What is found without a disturbance.
std::vector<std::string> undisturbed(const std::vector<Sent>& sent) {
  Bench bench;
  add_sites(bench);
  Gateway gateway(*bench.store);
  gateway.send(sent, 0, sent.size());
  REQUIRE(gateway.caught_up());
  return bench.findings();
}

std::vector<std::string> undisturbed_metrics(const std::vector<Sent>& sent) {
  Bench bench;
  add_sites(bench);
  {
    Gateway gateway(*bench.store);
    gateway.send(sent, 0, sent.size());
    REQUIRE(gateway.caught_up());
  }
  return counted(*bench.store);
}

}  // namespace

TEST_CASE("what_sites_send_is_looked_at_behind_their_backs") {
  const auto sent = script(1, 1'000);
  Bench bench;
  add_sites(bench);
  {
    Gateway gateway(*bench.store);
    gateway.send(sent, 0, sent.size());
    REQUIRE(gateway.caught_up());
    const Status status = gateway.service->status();
    CHECK(status.running);
    CHECK(status.problem.empty());
    CHECK(status.ring_overflows == 0);
    CHECK(eventually([&] { return gateway.service->status().lag_seconds == 0; }));
  }
  // As a detector alone has it.
  Bench alone;
  alone.put(sent);
  const auto stored = alone.stored();
  auto detector = alone.detector();
  Effects effects;
  REQUIRE(detector->process(stored.inputs, effects).ok());
  alone.keep(effects);
  CHECK(bench.findings() == alone.findings());
  CHECK_FALSE(bench.findings().empty());
  // At its end it has saved all windows.
  const Position position = *stored_position(*bench.store).value();
  CHECK(position.seq == sent.size());
  CHECK(position.warm == position.seq);
}

TEST_CASE("batches_the_ring_has_no_room_for_are_read_from_the_store") {
  const auto sent = script(2, 600);
  Bench bench;
  add_sites(bench);
  Gateway gateway(*bench.store, {}, 1);  // none fits
  gateway.send(sent, 0, sent.size());
  REQUIRE(gateway.caught_up());
  CHECK(gateway.service->status().ring_overflows > 0);
  CHECK(bench.findings() == undisturbed(sent));
}

TEST_CASE("events_another_process_has_stored_are_looked_at_too") {
  const auto sent = script(4, 300);
  Bench bench;
  add_sites(bench);
  Gateway gateway(*bench.store);
  gateway.send(sent, 0, 100);
  bench.events = 100;
  bench.put({sent.begin() + 100, sent.begin() + 200});  // by itself, the writer knows nothing of it
  gateway.send(sent, 200, 300);
  REQUIRE(gateway.caught_up());
  CHECK(bench.findings() == undisturbed(sent));
}

TEST_CASE("what_follows_from_findings_is_stored_with_them_or_neither_is") {
  const auto sent = script(5, 400);
  Bench bench;
  add_sites(bench);
  std::atomic<bool> refuses = true;
  std::atomic<unsigned> asked = 0;
  Gateway gateway(*bench.store, [&](store::Stores& stores, std::span<const StoredFinding> findings) -> Result<Done> {
    ++asked;
    if (refuses) return Error{"not now"};
    for (const StoredFinding& one : findings) {
      const std::string key = fmt::format("told {}", one.finding.id);
      const auto before = stores.positions().find(key).value();
      if (one.extends != before.has_value()) return Error{"told of a finding as of another"};
      if (auto put = stores.positions().put(key, std::to_string(one.finding.hits), 0); !put) return put;
    }
    return Done{};
  });
  gateway.send(sent, 0, sent.size());  // nobody waits for what stands still
  REQUIRE(eventually([&] { return asked > 1; }));
  CHECK(bench.findings().empty());
  REQUIRE(eventually([&] { return gateway.service->status().problem == "not now"; }));
  CHECK_FALSE(gateway.service->status().running);
  refuses = false;
  REQUIRE(gateway.caught_up());
  CHECK(gateway.service->status().problem.empty());
  CHECK(bench.findings() == undisturbed(sent));
  store::PageRequest<store::TimeKey> all;
  all.limit = 10'000;
  for (const store::Finding& one : bench.store->findings().page({}, all).value().rows)
    CHECK(bench.store->positions().find(fmt::format("told {}", one.id)).value() == std::to_string(one.hits));
}

TEST_CASE("detection_begins_with_the_next_event_and_catches_up_after_a_time_without_it") {
  const auto sent = script(6, 600);
  Bench bench;
  add_sites(bench);
  {
    Gateway without(*bench.store, {}, Ring::kBytes, false);
    without.send(sent, 0, 200);
  }
  {
    Gateway gateway(*bench.store);
    REQUIRE(gateway.caught_up());
    CHECK(bench.findings().empty());
    gateway.send(sent, 200, 400);
    REQUIRE(gateway.caught_up());
  }
  {
    Gateway without(*bench.store, {}, Ring::kBytes, false);
    without.send(sent, 400, 500);
  }
  {
    Gateway gateway(*bench.store);
    gateway.send(sent, 500, 600);
    REQUIRE(gateway.caught_up());
  }
  Bench other;
  other.put(sent);
  const auto stored = other.stored();
  auto detector = other.detector();
  Effects effects;
  REQUIRE(detector->process(std::span(stored.inputs).subspan(200), effects).ok());
  other.keep(effects);
  CHECK(bench.findings() == other.findings());
}

TEST_CASE("what_is_caught_up_with_in_whole_steps_has_the_findings_and_metrics_it_would_have_had") {
  const auto sent = script(12, 9'000);  // two steps out of the file, and a part of one
  Bench bench;
  add_sites(bench);
  {
    Gateway gateway(*bench.store);
    REQUIRE(eventually([&] { return stored_position(*bench.store).value().has_value(); }));
  }
  {
    Gateway without(*bench.store, {}, Ring::kBytes, false);
    without.send(sent, 0, sent.size());
  }
  {
    Gateway gateway(*bench.store);
    REQUIRE(gateway.caught_up());
  }
  CHECK(bench.findings() == undisturbed(sent));
  CHECK(counted(*bench.store) == undisturbed_metrics(sent));
}

TEST_CASE("a_position_beyond_the_newest_event_hides_nothing") {
  const auto sent = script(8, 200);
  Bench bench;
  add_sites(bench);
  REQUIRE(put_position(*bench.store, {1'000'000, 1'000'000}, 0).ok());
  Gateway gateway(*bench.store);
  gateway.send(sent, 0, sent.size());
  REQUIRE(gateway.caught_up());
  CHECK(bench.findings() == undisturbed(sent));
}

TEST_CASE("a_gateway_that_is_killed_again_and_again_under_load_has_found_what_it_would_have_found") {
  const auto sent = script(9, 3'000);
  const auto wanted = undisturbed(sent);
  const auto metrics = undisturbed_metrics(sent);
  REQUIRE(metrics.size() > 100);
  Bench bench;
  add_sites(bench);
  REQUIRE(put_position(*bench.store, {0, 0}, 0).ok());
  bench.store.reset();
  std::mt19937 random(9);
  unsigned kills = 0;
  for (bool over = false; !over;) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // Goes on where the store says, as a site does whose batch was not answered.
      bench.open();
      {
        Gateway gateway(*bench.store);
        gateway.send(sent, bench.store->events().newest().value(), sent.size());
        if (!gateway.caught_up()) ::_exit(2);
      }
      ::_exit(0);
    }
    ::usleep(20'000 + random() % 400'000);
    over = ::waitpid(child, nullptr, WNOHANG) == child;
    if (over) break;
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    kills += WIFSIGNALED(status);
    bench.open();
    const auto position = stored_position(*bench.store).value();
    CHECK(position->seq <= bench.store->events().newest().value());
    over = position->seq == sent.size();
    bench.store.reset();
    // On a machine so slow that no run comes far, what has died often enough may end.
    if (kills < 100) continue;
    bench.open();
    {
      Gateway gateway(*bench.store);
      gateway.send(sent, bench.store->events().newest().value(), sent.size());
      REQUIRE(gateway.caught_up());
    }
    break;
  }
  CHECK(kills > 0);
  bench.open();
  CHECK(bench.findings() == wanted);
  // What was counted and not stored yet is counted again by the next.
  {
    Gateway gateway(*bench.store);
    REQUIRE(gateway.caught_up());
  }
  CHECK(counted(*bench.store) == metrics);
}

TEST_CASE("metrics_begin_where_detection_stands_and_go_on_after_a_restart") {
  const auto sent = script(10, 400);
  Bench bench;
  add_sites(bench);
  for (const std::size_t from : {std::size_t{0}, std::size_t{200}}) {
    Gateway gateway(*bench.store);
    gateway.send(sent, from, from + 200);
    REQUIRE(gateway.caught_up());
  }
  CHECK(metrics_position(*bench.store).value() == sent.size());
  CHECK(counted(*bench.store) == undisturbed_metrics(sent));
}

TEST_CASE("rules_that_are_loaded_again_while_sites_send_lose_and_double_nothing") {
  const auto sent = script(9, 1'500);
  const std::vector<std::string> wanted = undisturbed(sent);
  REQUIRE_FALSE(wanted.empty());
  Bench bench;
  add_sites(bench);
  Gateway gateway(*bench.store);
  // The same rules as another program, again and again: windows go on from where they were.
  std::atomic<bool> done{false};
  std::thread reloader([&] {
    while (!done) {
      gateway.program.replace(fresh_program());
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  for (std::size_t at = 0; at < sent.size(); at += 100) gateway.send(sent, at, std::min(sent.size(), at + 100));
  const bool through = gateway.caught_up();
  done = true;
  reloader.join();
  REQUIRE(through);
  CHECK(bench.findings() == wanted);
}

TEST_CASE("a_rule_that_is_added_takes_effect_with_the_next_event_and_one_that_is_gone_finds_nothing_more") {
  Bench bench;
  bench.site("ent_a");
  const auto rules_of = [&](const std::string& id, const std::string& type) {
    const std::string file = bench.scratch.file(id + ".yml");
    std::ofstream(file) << "id: " << id << "\ntitle: " << id << "\nlevel: high\napplies_to: {kind: signal, event_type: ["
                        << type << "]}\ndetection:\n  match:\n    - {field: event_type, op: equals, value: ['" << type
                        << "']}\n";
    return fresh_program({file});
  };
  Gateway gateway(*bench.store);
  std::vector<Sent> sent;
  const auto send = [&](const std::string& type) {
    const std::int64_t at = kStart + static_cast<std::int64_t>(sent.size());
    sent.push_back({"ent_a", at, at, type, R"({"uid":"u","actor_uid":"u","module":"m"})"});
    gateway.send(sent, sent.size() - 1, sent.size());
    REQUIRE(gateway.caught_up());
  };
  const auto found = [&](const std::string& rule) {
    store::FindingFilter filter;
    filter.rule = rule;
    return bench.store->findings().page(filter, {}).value().rows.size();
  };
  gateway.program.replace(rules_of("FIRST", "module.install"));
  send("module.install");
  send("cron.run");
  CHECK(found("FIRST") == 1);
  gateway.program.replace(rules_of("SECOND", "cron.run"));
  send("module.install");
  send("cron.run");
  CHECK(found("FIRST") == 1);
  CHECK(found("SECOND") == 1);  // of what came since, and not of what was looked at before
  gateway.program.replace(rules_of("FIRST", "module.install"));
  send("module.install");
  CHECK(found("FIRST") == 2);
  CHECK(found("SECOND") == 1);
  // A reload that is refused changes nothing, and is known.
  gateway.program.refuse("rules.yml:3: wrong");
  CHECK(gateway.program.refused() == "rules.yml:3: wrong");
  send("module.install");
  CHECK(found("FIRST") == 3);
  gateway.program.replace(rules_of("SECOND", "cron.run"));
  CHECK(gateway.program.refused().empty());
}
