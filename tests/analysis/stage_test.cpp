// The stage: the one way from raw records to redacted ones and findings.
#include "analysis/stage.hpp"

#include <fstream>

#include "analysis/rules.hpp"
#include "catch.hpp"
#include "scratch.hpp"
#include "source/file_source.hpp"

using namespace logystera;
using logystera::testing::Scratch;

namespace {

struct Bench {
  Result<parse::Formats> formats = parse::Formats::built_in();
  FieldNames names;
  detect::RuleSet rules;
  std::optional<detect::Engine> engine;
  const Scratch scratch;
  source::SourceSet set{scratch.file("auth.log"), {scratch.file("auth.log")}};

  Bench() {
    auto loaded = analysis::load_rules({});
    REQUIRE(loaded.ok());
    rules = std::move(loaded).value();
    auto compiled = detect::Engine::compile(rules, names);
    REQUIRE(compiled.ok());
    engine.emplace(std::move(compiled).value());
    std::ofstream out(set.name);
    for (int i = 0; i < 600; ++i)
      out << "May 18 10:00:" << 10 + i / 20 << " web1 sshd[" << 1000 + i << "]: Failed password for root from 198.51.100."
          << i % 3 << " port 22 ssh2\n";
  }

  // Findings and text, read in blocks of that size.
  std::pair<std::vector<std::string>, std::string> outcome(std::size_t block_bytes) {
    analysis::StageOptions options;
    options.salt = "salt";
    analysis::Stage stage(&*engine, names, options);
    auto worker = stage.worker();
    analysis::Turn turn;
    source::FileSourceOptions reading;
    reading.source.block_bytes = block_bytes;
    reading.source.reference_ns = std::int64_t{1'780'000'000} * 1'000'000'000;
    source::FileSource file(set, formats.value(), names, std::move(reading));
    std::pair<std::vector<std::string>, std::string> result;
    RecordBatch batch;
    std::uint64_t next = 0;
    for (bool ended = false; !ended;) {
      auto state = file.next(batch, std::chrono::milliseconds(0));
      REQUIRE(state.ok());
      ended = state.value() == source::State::ended;
      REQUIRE(stage.process(worker, batch, set.name, {.last_of_source = ended}, turn));
      CHECK(worker.first_record == next);
      next += batch.size();
      for (const analysis::Finding& finding : worker.findings)
        result.first.push_back(finding.rule + " " + std::to_string(finding.line) + " " + finding.message);
      for (const Record& record : batch.records) result.second += std::string(record.raw) + "\n";
    }
    return result;
  }
};

struct NoTurn final : analysis::Turn {
  bool left = false;
  bool enter() override { return false; }
  void leave() override { left = true; }
};

}  // namespace

TEST_CASE("a_stage_gives_the_same_however_many_records_come_at_a_time") {
  Bench bench;
  const auto whole = bench.outcome(1 << 20);
  CHECK(whole.first.size() >= 3);
  CHECK(bench.outcome(4096) == whole);
  CHECK(bench.outcome(257) == whole);
}

TEST_CASE("what_comes_out_of_a_stage_is_redacted_findings_and_records_alike") {
  Bench bench;
  const auto [findings, text] = bench.outcome(4096);
  CHECK(text.find("198.51.100.") == std::string::npos);
  for (const std::string& finding : findings) CHECK(finding.find("198.51.100.") == std::string::npos);
}

TEST_CASE("a_stage_beside_another_counts_by_itself_and_replaces_alike") {
  Bench bench;
  analysis::StageOptions options;
  options.salt = "salt";
  analysis::Stage first(&*bench.engine, bench.names, options);
  analysis::Stage second = first.beside();
  const auto through = [&](analysis::Stage& stage) {
    auto worker = stage.worker();
    source::FileSource file(bench.set, bench.formats.value(), bench.names, {.source = {}, .resume = {}});
    RecordBatch batch;
    analysis::Turn turn;
    std::pair<std::size_t, std::string> result;
    for (;;) {
      const auto state = file.next(batch, std::chrono::milliseconds(0));
      if (!state || state.value() == source::State::ended) break;
      if (!stage.process(worker, batch, bench.set.name, {}, turn)) break;
      result.first += worker.findings.size();
      for (const Record& record : batch.records) result.second += std::string(record.raw) + "\n";
    }
    return result;
  };
  const auto one = through(first);
  REQUIRE(one.first > 0);
  CHECK(through(second) == one);
}

TEST_CASE("a_batch_whose_turn_never_comes_gives_no_findings") {
  Bench bench;
  analysis::Stage stage(&*bench.engine, bench.names, {});
  auto worker = stage.worker();
  source::FileSource file(bench.set, bench.formats.value(), bench.names, {.source = {}, .resume = {}});
  RecordBatch batch;
  REQUIRE(file.next(batch, std::chrono::milliseconds(0)).ok());
  NoTurn turn;
  CHECK_FALSE(stage.process(worker, batch, bench.set.name, {.last_of_source = true}, turn));
  CHECK(worker.findings.empty());
  CHECK_FALSE(turn.left);
}
