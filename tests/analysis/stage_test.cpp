// The stage: the one way from raw records to redacted ones and findings.
#include "analysis/stage.hpp"

#include <algorithm>
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

  // Findings and text, read in blocks of that size; of the records a question wants.
  std::pair<std::vector<std::string>, std::string> outcome(std::size_t block_bytes, const filter::Question& question = {}) {
    analysis::StageOptions options;
    options.salt = "salt";
    if (!question.empty()) {
      auto made = filter::Filter::make(question, {.names = names, .now = {}, .redaction = options.redaction()});
      REQUIRE(made.ok());
      options.filter = made.value();
    }
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

TEST_CASE("a_stage_with_a_filter_goes_as_if_the_log_held_what_is_wanted_alone") {
  Bench bench;
  const auto asked = bench.outcome(4096, {.where = "client_ip = 198.51.100.1"});
  CHECK(bench.outcome(257, {.where = "client_ip = 198.51.100.1"}) == asked);
  CHECK(std::count(asked.second.begin(), asked.second.end(), '\n') == 200);
  REQUIRE_FALSE(asked.first.empty());
  CHECK(asked.first.size() < bench.outcome(4096).first.size());
  CHECK(bench.outcome(4096, {.grep = "no such line"}).first.empty());
  // Lines are those of the whole log.
  Bench alone;
  std::ofstream out(alone.set.name);
  for (int i = 1; i < 600; i += 3)
    out << "May 18 10:00:" << 10 + i / 20 << " web1 sshd[" << 1000 + i
        << "]: Failed password for root from 198.51.100.1 port 22 ssh2\n";
  out.close();
  CHECK(alone.outcome(4096).second == asked.second);
  CHECK(alone.outcome(4096).first.size() == asked.first.size());
}

TEST_CASE("a_stage_follows_a_private_key_through_records_that_are_left_out") {
  Bench bench;
  std::ofstream out(bench.set.name);
  out << "May 18 10:00:00 web1 app: before\nMay 18 10:00:01 web1 app: -----BEGIN RSA PRIVATE KEY-----\n";
  for (int i = 0; i < 40; ++i)
    out << "May 18 10:00:02 web1 app: MIIEowIBAAKCAQEAwJ0hX3n2KQ7yq8m1secret"
        << std::string(25, static_cast<char>('a' + i % 26)) << "\n";
  out << "May 18 10:00:03 web1 app: -----END RSA PRIVATE KEY-----\nMay 18 10:00:04 web1 app: after\n";
  out.close();
  for (const std::size_t block : {std::size_t{1} << 20, std::size_t{700}, std::size_t{200}}) {
    INFO(block);
    CHECK(bench.outcome(block).second.find("secret") == std::string::npos);
    const auto key = bench.outcome(block, {.grep = "MIIE"});
    CHECK(std::count(key.second.begin(), key.second.end(), '\n') == 40);
    CHECK(key.second.find("secret") == std::string::npos);
    CHECK(bench.outcome(block, {.grep = "secretc|after"}).second.find("secret") == std::string::npos);
    CHECK(bench.outcome(block, {.grep = "after"}).second.find("app: after") != std::string::npos);
  }
}
