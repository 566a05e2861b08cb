// A program: what is wrong with the options it is made of, what is said of them, and how one takes the place of another.
#include "analysis/program.hpp"

#include <fstream>
#include <thread>

#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::Scratch;

namespace {

analysis::ProgramOptions plain_options() {
  analysis::ProgramOptions options;
  options.mode = "mask";
  options.rule_cache = false;
  options.timezone = "UTC";
  return options;
}

struct Refusal {
  Error error;
  std::optional<analysis::ProgramOption> wrong;
};

Refusal refusal_of(const analysis::ProgramOptions& options) {
  analysis::ProgramNotes notes;
  auto program = analysis::Program::make(options, notes);
  REQUIRE_FALSE(program.ok());
  return {program.error(), notes.wrong};
}

std::shared_ptr<const analysis::Program> made(const analysis::ProgramOptions& options) {
  analysis::ProgramNotes notes;
  auto program = analysis::Program::make(options, notes);
  REQUIRE(program.ok());
  CHECK(notes.warnings.empty());
  return program.value();
}

struct Counting : analysis::Watcher {
  std::uint64_t records = 0, findings = 0;
  void take(analysis::Chunk& chunk) override {
    records += chunk.batch.size();
    findings += chunk.findings.size();
  }
};

// Puts another program in the place of the one that runs, at the first batch.
struct Replacing final : Counting {
  std::shared_ptr<const analysis::Program>& current;
  std::shared_ptr<const analysis::Program> next;

  Replacing(std::shared_ptr<const analysis::Program>& place, std::shared_ptr<const analysis::Program> program)
      : current(place), next(std::move(program)) {}
  void take(analysis::Chunk& chunk) override {
    if (next) current = std::move(next);
    Counting::take(chunk);
  }
};

}  // namespace

TEST_CASE("an_option_that_is_wrong_is_named_and_its_value_begins_the_message") {
  analysis::ProgramOptions options = plain_options();
  options.format = "nonsense";
  Refusal refusal = refusal_of(options);
  CHECK(refusal.error.kind == ErrorKind::invalid);
  CHECK(refusal.wrong == analysis::ProgramOption::format);
  CHECK(refusal.error.message == "nonsense: there is no such format; 'logystera formats' lists them");

  options = plain_options();
  options.mode = "hide";
  refusal = refusal_of(options);
  CHECK(refusal.error.kind == ErrorKind::invalid);
  CHECK(refusal.wrong == analysis::ProgramOption::mode);
  CHECK(refusal.error.message == "hide: write redact, mask or dry-run");

  for (const unsigned digits : {0u, 7u, 65u}) {
    options = plain_options();
    options.digits = digits;
    refusal = refusal_of(options);
    CHECK(refusal.error.kind == ErrorKind::invalid);
    CHECK(refusal.wrong == analysis::ProgramOption::digits);
    CHECK(refusal.error.message == std::to_string(digits) + ": write a number from 8 to 64");
  }

  for (const char* logsource : {"product", "product=", "vendor=aws", "product=aws,,service=x"}) {
    options = plain_options();
    options.logsource = logsource;
    refusal = refusal_of(options);
    CHECK(refusal.error.kind == ErrorKind::invalid);
    CHECK(refusal.wrong == analysis::ProgramOption::logsource);
    CHECK(refusal.error.message.rfind(logsource, 0) == 0);
  }
}

TEST_CASE("what_names_itself_is_an_error_without_an_option") {
  analysis::ProgramOptions options = plain_options();
  for (const char* zone : {"+15:00", "+1", "Europe/Nowhere"}) {
    options.timezone = zone;
    const Refusal refusal = refusal_of(options);
    CHECK(refusal.error.kind == ErrorKind::invalid);
    CHECK_FALSE(refusal.wrong.has_value());
    CHECK(refusal.error.message.rfind("timezone " + std::string(zone), 0) == 0);
  }
  const Scratch scratch;
  options = plain_options();
  options.patterns_file = scratch.file("patterns.yaml");
  CHECK(refusal_of(options).error.message.find("patterns.yaml") != std::string::npos);
  options.patterns_may_miss = true;
  CHECK(made(options)->pipeline().patterns.empty());
}

TEST_CASE("refused_rules_come_as_warnings_and_the_others_run") {
  const Scratch scratch;
  std::ofstream(scratch.file("broken.yml"))
      << "title: Broken\nlogsource:\n  product: linux\ndetection:\n  condition: nothing\n";
  analysis::ProgramOptions options = plain_options();
  options.sources.paths = {scratch.file("broken.yml")};
  analysis::ProgramNotes notes;
  auto program = analysis::Program::make(options, notes);
  REQUIRE(program.ok());
  CHECK(program.value()->engine() != nullptr);
  REQUIRE(notes.warnings.size() == 1);
  CHECK(notes.warnings[0].rfind("1 of ", 0) == 0);
  CHECK(notes.warnings[0].find("broken.yml") != std::string::npos);

  options.say_origins = true;
  notes = {};
  REQUIRE(analysis::Program::make(options, notes).ok());
  REQUIRE(notes.warnings.size() >= 3);
  CHECK(notes.warnings.front().find("rules, from their files: the rule cache is off") != std::string::npos);
  CHECK(notes.warnings.back().rfind("1 of ", 0) == 0);

  options.logsource = "nonsense";
  notes = {};
  CHECK_FALSE(analysis::Program::make(options, notes).ok());
  CHECK(notes.warnings.size() >= 3);  // what was found until then
}

TEST_CASE("without_rules_there_is_no_engine") {
  analysis::ProgramOptions options = plain_options();
  options.rules = false;
  CHECK(made(options)->engine() == nullptr);
}

TEST_CASE("a_program_is_replaced_while_a_run_goes_on_with_the_old_one") {
  const Scratch scratch;
  const std::string log = scratch.file("auth.log");
  {
    std::ofstream out(log);
    for (int i = 0; i < 6000; ++i)
      out << "May 18 10:" << 10 + i / 600 << ":" << 10 + i % 600 / 20 << " web1 sshd[" << 1000 + i
          << "]: Failed password for root from 198.51.100." << i % 3 << " port 22 ssh2\n";
  }
  auto sets = source::find_sources({log});
  REQUIRE(sets.ok());
  const std::atomic<bool> stop{false};
  analysis::ProgramOptions options = plain_options();
  options.threads = 2;
  std::shared_ptr<const analysis::Program> current = made(options);
  Counting undisturbed;
  {
    analysis::Progress progress;
    analysis::run(sets.value(), current, undisturbed, progress, stop);
  }
  REQUIRE(undisturbed.records == 6000);
  REQUIRE(undisturbed.findings > 0);

  const std::weak_ptr<const analysis::Program> old = current;
  options.rules = false;
  Replacing replacing(current, made(options));
  {
    analysis::Progress progress;
    analysis::run(sets.value(), current, replacing, progress, stop);
  }
  CHECK(current->engine() == nullptr);
  CHECK(old.expired());  // nothing holds it beyond its run
  CHECK(replacing.records == undisturbed.records);
  CHECK(replacing.findings == undisturbed.findings);

  Counting without;
  {
    analysis::Progress progress;
    analysis::run(sets.value(), current, without, progress, stop);
  }
  CHECK(without.records == undisturbed.records);
  CHECK(without.findings == 0);
}
