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
  record.line = time_ns >= kNow ? static_cast<std::uint64_t>((time_ns - kNow) / kSecond) : 0;
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

TEST_CASE("errors_that_began_in_the_last_part_of_what_was_read_are_new_and_come_first") {
  constexpr std::int64_t kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
  // Whether an error that began `before_the_end` is new in what spans `span`.
  const auto is_new = [&](std::int64_t span, std::int64_t before_the_end) {
    DigestBuilder builder({});
    builder.add(record_of("started", kNow, Severity::info));
    for (int i = 0; i < 9; ++i) builder.add(record_of("disk full", kNow + i));
    builder.add(record_of("no such table", kNow + span - before_the_end));
    builder.add(record_of("stopped", kNow + span, Severity::info));
    const Digest digest = builder.take();
    REQUIRE(digest.errors.size() == 2);
    const analysis::LoudError& first = digest.errors[0];
    if (!first.new_since_ns) {
      CHECK(first.pattern == "disk full");
      CHECK_FALSE(digest.errors[1].new_since_ns.has_value());
      return false;
    }
    CHECK(first.pattern == "no such table");
    CHECK(*first.new_since_ns == kNow + span - before_the_end);
    CHECK_FALSE(digest.errors[1].new_since_ns.has_value());
    return true;
  };
  CHECK(is_new(10 * kHour, kHour - kSecond));
  CHECK_FALSE(is_new(10 * kHour, kHour));
  CHECK(is_new(3 * kDay, kDay - kSecond));
  CHECK_FALSE(is_new(3 * kDay, kDay));
  CHECK_FALSE(is_new(3 * kDay - kSecond, kDay - 2 * kSecond));
  CHECK(is_new(10 * kMinute, 0));
  CHECK_FALSE(is_new(10 * kMinute - kSecond, 0));
}

TEST_CASE("an_error_is_not_new_that_has_only_become_loud_or_differs_in_what_varies") {
  DigestBuilder builder({});
  constexpr std::int64_t kHour = 3600 * kSecond;
  builder.add(record_of("no account of the name zoe here", kNow));
  builder.add(record_of("order 7 was refused", kNow + kSecond));
  int i = 0;
  for (const char* name : {"anna", "bert", "carl", "dora", "emil", "fred"})
    builder.add(record_of(std::string("no account of the name ") + name + " here", kNow + 10 * kHour - ++i * kSecond));
  for (int n = 0; n < 50; ++n) builder.add(record_of("order " + std::to_string(n) + " was refused", kNow + 10 * kHour));
  const Digest digest = builder.take();
  REQUIRE(digest.errors.size() == 2);
  for (const analysis::LoudError& error : digest.errors) CHECK_FALSE(error.new_since_ns.has_value());
}

TEST_CASE("where_errors_of_earlier_runs_are_known_new_is_what_they_had_not") {
  DigestBuilder builder({});
  builder.add(record_of("disk full", kNow + kSecond), true);
  builder.add(record_of("no such table", kNow));
  builder.add(record_of("no such table", kNow + kSecond));
  Digest digest = builder.take(true);
  REQUIRE(digest.errors.size() == 2);
  CHECK(digest.errors[0].pattern == "no such table");
  CHECK(digest.errors[0].new_since_ns == kNow);
  CHECK_FALSE(digest.errors[1].new_since_ns.has_value());
  builder.add(record_of("disk full", kNow), true);
  builder.add(record_of("disk full", kNow + 3600 * kSecond));
  digest = builder.take(true);
  REQUIRE(digest.errors.size() == 1);
  CHECK_FALSE(digest.errors[0].new_since_ns.has_value());
}

TEST_CASE("times_that_are_as_far_apart_as_can_be_make_nothing_new_that_is_old") {
  DigestBuilder builder({});
  builder.add(record_of("disk full", INT64_MIN + 1));
  builder.add(record_of("no such table", INT64_MAX - 1));
  const Digest digest = builder.take();
  REQUIRE(digest.errors.size() == 2);
  CHECK(digest.errors[0].pattern == "no such table");
  CHECK(digest.errors[0].new_since_ns.has_value());
  CHECK_FALSE(digest.errors[1].new_since_ns.has_value());
}

TEST_CASE("a_page_that_answers_everything_is_one_scanner_in_the_answer") {
  DigestBuilder builder({});
  const auto answered = [&](int i, std::uint64_t bytes) {
    analysis::Finding finding = finding_of("SERVED_" + std::to_string(i % 4), kNow + i * kSecond);
    finding.level = Level::critical;
    finding.probe = true;
    finding.bytes = bytes;
    finding.who = {"ip_1", "", "/" + std::to_string(i), 200, store::Who::Outcome::answered};
    builder.add(finding);
  };
  for (int i = 0; i < 12; ++i) answered(i, 512);
  Digest digest = builder.take();
  REQUIRE(digest.incidents.size() == 1);
  CHECK(digest.incidents[0].rule == "SCANNER");
  CHECK(digest.incidents[0].level == Level::medium);
  CHECK(digest.incidents[0].same_answer_bytes == 512);
  for (int i = 0; i < 12; ++i) answered(i, static_cast<std::uint64_t>(512 + i));
  digest = builder.take();
  CHECK(digest.incidents.size() == 4);
  for (const store::Episode& one : digest.incidents) CHECK(one.level == Level::critical);
}

TEST_CASE("what_counts_failed_requests_is_part_of_the_scanner_they_are_of_unless_one_was_answered") {
  const auto request = [](DigestBuilder& builder, int i, const std::string& path, int status) {
    Value fields[3];
    fields[0].field = field::client_ip;
    fields[0].set_text("ip_1");
    fields[1].field = field::path;
    fields[1].set_text(path);
    fields[2].field = field::status;
    fields[2].kind = Value::Kind::integer;
    fields[2].as.integer = status;
    Record record = record_of("GET " + path, kNow + i * kSecond, Severity::warning);
    record.kind = RecordKind::web_access;
    record.fields = fields;
    record.field_count = 3;
    builder.add(record);
  };
  const auto digest_of = [&](bool answered, std::int64_t scan_at) {
    DigestBuilder builder({});
    analysis::Finding probe = finding_of("PROBE", kNow);
    probe.level = detect::Level::low;
    probe.probe = true;
    probe.who = {"ip_1", "", "/.env", 404, store::Who::Outcome::not_found};
    builder.add(probe);
    analysis::Finding scan = finding_of("NOT_THERE", kNow + scan_at * kSecond);
    scan.first_ns = kNow + (scan_at - 20) * kSecond;
    scan.scan = true;
    scan.hits = 20;
    scan.who = {"ip_1", "", "/20.php", 404, store::Who::Outcome::not_found};
    builder.add(scan);
    if (answered) {
      probe.rule = "SERVED";
      probe.level = detect::Level::high;
      probe.who = {"ip_1", "", "/a", 200, store::Who::Outcome::answered};
      builder.add(probe);
    }
    for (int i = 0; i < 50; ++i) request(builder, i, "/" + std::to_string(i % 30) + ".php", i % 2 ? 404 : 403);
    request(builder, 51, "/logo.png", 404);
    request(builder, 52, "/", 200);
    return builder.take();
  };
  const Digest folded = digest_of(false, 20);
  REQUIRE(folded.incidents.size() == 1);
  CHECK(folded.incidents[0].rule == "SCANNER");
  CHECK(folded.incidents[0].level == detect::Level::low);
  CHECK(folded.incidents[0].findings == 2);
  CHECK(folded.incidents[0].hits == 50);
  CHECK(folded.incidents[0].targets == 30);
  CHECK(folded.incidents[0].who.target == "/20.php");
  CHECK(folded.incidents[0].last_time == kNow / kSecond + 20);
  CHECK(digest_of(true, 20).incidents.size() == 3);
  CHECK(digest_of(false, 3 * 3600).incidents.size() == 2);  // another time, another scan
}

TEST_CASE("a_login_after_many_slow_failures_is_an_incident_that_no_rule_found") {
  DigestBuilder builder({});
  const auto line = [&](std::string_view action, int i, std::int64_t time_ns) {
    RecordBatch batch;
    Record record = record_of("sshd", time_ns, Severity::info);
    record.kind = RecordKind::auth;
    const std::string process = std::to_string(i);
    batch.begin_fields();
    batch.add_text(field::action, action);
    batch.add_text(field::client_ip, "ip_1");
    batch.add_text(field::user, i % 4 == 0 ? "anna" : "root");
    batch.add_text(field::pid, process);
    batch.end_fields(record);
    builder.add(record);
  };
  for (int i = 0; i < 60; ++i) line("failed", i, kNow + i * 40 * kSecond);
  line("accepted", 61, kNow + 2500 * kSecond);
  const Digest digest = builder.take();
  REQUIRE(digest.incidents.size() == 1);
  const store::Episode& one = digest.incidents[0];
  CHECK(one.rule == store::kGuessedRule);
  CHECK(one.level == Level::critical);
  CHECK(one.hits == 60);
  CHECK(one.first_time == kNow / kSecond);
  CHECK(one.last_time == kNow / kSecond + 2500);
  CHECK(store::actor_words(one) == "ip_1, 2 accounts, mostly root");
  CHECK(store::outcome_words(one) == "logged in afterwards");
}
