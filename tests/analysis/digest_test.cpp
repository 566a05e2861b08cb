// What a run comes to: incidents and what the machine suffers from apart, errors grouped and counted.
#include "analysis/digest.hpp"

#include "catch.hpp"

using namespace logystera;
using analysis::Digest;
using analysis::DigestBuilder;

namespace {

constexpr std::int64_t kNow = std::int64_t{1'780'000'000} * 1'000'000'000, kSecond = 1'000'000'000;

analysis::Finding finding_of(const std::string& rule, std::int64_t time_ns, bool operations = false) {
  analysis::Finding finding;
  finding.rule = finding.title = rule;
  finding.source = "a.log";
  finding.time_ns = finding.first_ns = time_ns;
  finding.time_known = true;
  finding.operations = operations;
  return finding;
}

Record record_of(std::string_view message, std::int64_t time_ns, Severity severity = Severity::error) {
  Record record;
  record.message = message;
  record.source = "app.log";
  record.severity = severity;
  record.time_ns = time_ns;
  record.time_known = true;
  record.line = static_cast<std::uint64_t>((time_ns - kNow) / kSecond);
  return record;
}

}  // namespace

TEST_CASE("what_the_machine_suffers_from_is_no_incident") {
  DigestBuilder builder({});
  builder.add(finding_of("PROBE", kNow));
  builder.add(finding_of("OOM", kNow, true));
  const Digest digest = builder.take();
  REQUIRE(digest.incidents.size() == 1);
  CHECK(digest.incidents[0].rule == "PROBE");
  REQUIRE(digest.operations.size() == 1);
  CHECK(digest.operations[0].rule == "OOM");
}

TEST_CASE("errors_are_counted_by_what_they_say_with_the_newest_as_example") {
  DigestBuilder builder({});
  for (int i = 1; i <= 5; ++i)
    builder.add(record_of("cannot reach host after " + std::to_string(i * 100) + " s", kNow + i * kSecond));
  for (int i = 1; i <= 9; ++i) builder.add(record_of("disk full", kNow + i * kSecond, Severity::critical));
  builder.add(record_of("all is well", kNow + 60 * kSecond, Severity::info));
  const Digest digest = builder.take();
  CHECK(digest.error_events == 14);
  REQUIRE(digest.errors.size() == 2);
  CHECK(digest.errors[0].pattern == "disk full");
  CHECK(digest.errors[0].count == 9);
  CHECK(digest.errors[0].severity == Severity::critical);
  CHECK(digest.errors[1].pattern == "cannot reach host after <n>");
  CHECK(digest.errors[1].count == 5);
  CHECK(digest.errors[1].message == "cannot reach host after 500 s");
  CHECK(digest.errors[1].line == 5);
  CHECK(digest.first_ns == kNow + kSecond);
  CHECK(digest.last_ns == kNow + 60 * kSecond);
  CHECK(builder.take().errors.empty());
}

TEST_CASE("errors_that_differ_in_a_word_become_one_when_that_word_varies") {
  DigestBuilder builder({});
  std::vector<std::string> texts;
  for (const char* name : {"anna", "bert", "carl", "dora", "emil", "fred", "gina", "hans", "anna", "bert"})
    texts.push_back(std::string("no account of the name ") + name + " here");
  for (std::size_t i = 0; i < texts.size(); ++i)
    builder.add(record_of(texts[i], kNow + static_cast<std::int64_t>(i) * kSecond));
  const Digest digest = builder.take();
  REQUIRE(digest.errors.size() == 1);
  CHECK(digest.errors[0].count == texts.size());
  CHECK(digest.errors[0].pattern == "no account of the name <*> here");
  CHECK(digest.errors[0].message == "no account of the name bert here");
}

TEST_CASE("different_errors_beyond_the_bound_are_counted_all_the_same") {
  DigestBuilder builder({});
  std::string word(20, 'a');
  const std::size_t errors = DigestBuilder::kSkeletonsMost + 10;
  for (std::size_t i = 0; i < errors; ++i) {
    std::size_t rest = i;
    for (char& c : word) {
      c = static_cast<char>('a' + rest % 26);
      rest /= 26;
    }
    builder.add(record_of(word, kNow));
  }
  CHECK(builder.take().error_events == errors);
}
