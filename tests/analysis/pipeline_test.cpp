// The pipeline: the same outcome however many threads carry the batches, nothing handed out before it is redacted.
#include "analysis/pipeline.hpp"

#include <algorithm>
#include <fstream>
#include <map>

#include "analysis/rules.hpp"
#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::Scratch;

namespace {

struct Seen final : analysis::Watcher {
  std::string text;
  std::vector<std::string> findings;
  std::vector<analysis::SourceReport> sources;
  std::uint64_t next = 0;
  bool in_order = true;

  void prepare(analysis::Chunk& chunk) override {
    for (const Record& record : chunk.batch.records) {
      chunk.text += record.raw;
      chunk.text += '\n';
      for (const Value& value : record) chunk.text.append(value.text()).append(" ");
    }
  }
  void take(analysis::Chunk& chunk) override {
    in_order = in_order && chunk.first_record == next;
    next += chunk.batch.size();
    text += chunk.text;
    for (const analysis::Finding& finding : chunk.findings)
      findings.push_back(finding.rule + " " + std::to_string(finding.line) + " " + finding.message);
  }
  void finished(const analysis::SourceReport& report) override { sources.push_back(report); }
};

struct Bench {
  Result<parse::Formats> formats = parse::Formats::built_in();
  FieldNames names;
  detect::RuleSet rules;
  std::optional<detect::Engine> engine;

  Bench() {
    REQUIRE(formats.ok());
    auto loaded = analysis::load_rules({});
    REQUIRE(loaded.ok());
    rules = std::move(loaded).value();
    auto compiled = detect::Engine::compile(rules, names);
    REQUIRE(compiled.ok());
    engine.emplace(std::move(compiled).value());
  }

  analysis::Totals run(const std::vector<std::string>& paths, unsigned threads, Seen& seen, bool stopped = false) {
    auto sets = source::find_sources(paths);
    REQUIRE(sets.ok());
    analysis::PipelineOptions options;
    options.salt = "salt";
    options.threads = threads;
    options.source.block_bytes = 16 * 1024;
    options.source.reference_ns = std::int64_t{1'780'000'000} * 1'000'000'000;
    analysis::Progress progress;
    std::atomic<bool> stop{stopped};
    return analysis::run(sets.value(), formats.value(), names, &*engine, options, seen, progress, stop);
  }
};

// Brute force over many batches, from addresses that come back again and again.
void write_auth_log(const std::string& path, int lines) {
  std::ofstream out(path);
  for (int i = 0; i < lines; ++i) {
    const int second = i / 4;
    char line[256];
    std::snprintf(line, sizeof line,
                  "May 18 %02d:%02d:%02d web1 sshd[%d]: Failed password for root from 198.51.100.%d port %d ssh2\n",
                  second / 3600 % 24, second / 60 % 60, second % 60, 1000 + i, i * 7 % 50, 1024 + i);
    out << line;
  }
}

}  // namespace

TEST_CASE("threads_change_nothing_but_the_time") {
  const Scratch scratch;
  write_auth_log(scratch.file("auth.log"), 20'000);
  write_auth_log(scratch.file("other.log"), 3'000);
  Bench bench;
  Seen one, many;
  const auto totals = bench.run({scratch.file("auth.log"), scratch.file("other.log")}, 1, one);
  const auto again = bench.run({scratch.file("auth.log"), scratch.file("other.log")}, 5, many);
  CHECK(totals.counts.records == 23'000);
  CHECK(totals.redacted_total() == 23'000);
  CHECK(totals.findings > 40);
  CHECK(one.in_order);
  CHECK(many.in_order);
  CHECK(again.counts.records == totals.counts.records);
  CHECK(again.redacted_total() == totals.redacted_total());
  CHECK(many.findings == one.findings);
  CHECK(many.text == one.text);
  REQUIRE(many.sources.size() == 2);
  CHECK(many.sources[0].findings == one.sources[0].findings);
  CHECK(many.sources[0].format == "auth_log");
}

TEST_CASE("nothing_is_handed_out_before_it_is_redacted") {
  const Scratch scratch;
  write_auth_log(scratch.file("auth.log"), 5'000);
  Bench bench;
  Seen seen;
  bench.run({scratch.file("auth.log")}, 3, seen);
  CHECK(seen.text.find("198.51.100.") == std::string::npos);
  for (const std::string& finding : seen.findings) CHECK(finding.find("198.51.100.") == std::string::npos);
}

TEST_CASE("a_private_key_that_runs_on_from_batch_to_batch_is_redacted_by_every_worker") {
  const Scratch scratch;
  std::string secret;
  {
    std::ofstream out(scratch.file("app.log"));
    for (int key = 0; key < 40; ++key) {
      for (int i = 0; i < 100; ++i) out << "2026-05-18 10:00:00 an ordinary line of text, number " << key * 100 + i << "\n";
      out << "-----BEGIN RSA PRIVATE KEY-----\n";
      for (int i = 0; i < 150; ++i)
        out << "MIIEowIBAAKCAQEA"
            << "ZXlhbXBsZWtleWJvZHk" << std::string(29, static_cast<char>('a' + i % 26)) << "\n";
      out << "-----END RSA PRIVATE KEY-----\n";
    }
  }
  Bench bench;
  Seen seen;
  bench.run({scratch.file("app.log")}, 4, seen);
  CHECK(seen.text.find("MIIEowIBAAKCAQEA") == std::string::npos);
  CHECK(seen.text.find("an ordinary line of text, number 3999") != std::string::npos);
}

TEST_CASE("windows_go_on_over_the_members_of_a_rotated_set") {
  const Scratch scratch;
  const auto write = [&](const char* name, int from, int to) {
    std::ofstream out(scratch.file(name));
    for (int i = from; i < to; ++i)
      out << "May 18 10:00:0" << i << " web1 sshd[12]: Failed password for root from 198.51.100.23 port 22 ssh2\n";
  };
  write("auth.log.1", 0, 3);
  write("auth.log", 3, 6);
  Bench bench;
  Seen together, apart;
  bench.run({scratch.file("auth.log"), scratch.file("auth.log.1")}, 2, together);
  CHECK(std::count_if(together.findings.begin(), together.findings.end(),
                      [](const std::string& text) { return text.starts_with("SSH_BRUTE_FORCE "); }) == 1);
  bench.run({scratch.file("auth.log")}, 2, apart);
  CHECK(std::none_of(apart.findings.begin(), apart.findings.end(),
                     [](const std::string& text) { return text.starts_with("SSH_BRUTE_FORCE "); }));
}

TEST_CASE("a_file_that_cannot_be_read_does_not_stop_the_others") {
  const Scratch scratch;
  write_auth_log(scratch.file("auth.log"), 100);
  std::ofstream(scratch.file("broken.gz"), std::ios::binary) << "\x1f\x8b\x08";
  Bench bench;
  Seen seen;
  const auto totals = bench.run({scratch.file("broken.gz"), scratch.file("auth.log")}, 2, seen);
  CHECK(totals.sources == 2);
  CHECK(totals.failed == 1);
  CHECK(totals.counts.records == 100);
  REQUIRE(seen.sources.size() == 2);
  REQUIRE(seen.sources[0].problem.has_value());
  CHECK(seen.sources[0].problem->message.find("broken.gz") != std::string::npos);
}

TEST_CASE("a_stopped_run_hands_out_what_it_has") {
  const Scratch scratch;
  write_auth_log(scratch.file("auth.log"), 1'000);
  Bench bench;
  Seen seen;
  const auto totals = bench.run({scratch.file("auth.log")}, 2, seen, true);
  CHECK(totals.interrupted);
  CHECK(totals.counts.records == 0);
}
