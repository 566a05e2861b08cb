#include "query/parameters.hpp"

#include <random>
#include <string>

#include "catch.hpp"
#include "hostile_texts.hpp"
#include "query/lists.hpp"

using namespace logystera;
using namespace logystera::query;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;
const Defaults kDefaults{.limit = 100, .now = kNow};

std::string faults_of(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& fault : faults) text += fault.parameter + ": " + fault.detail + "\n";
  return text;
}

}  // namespace

TEST_CASE("times_are_read_strictly") {
  CHECK(time_from("1970-01-01") == 0);
  CHECK(time_from("2026-05-18") == 1'779'062'400);
  CHECK(time_from("2026-05-18T10:00:01Z") == 1'779'098'401);
  CHECK(time_from("2026-05-18T10:00:01.123Z") == 1'779'098'401);
  CHECK(time_from("2026-05-18T12:00:01+02:00") == 1'779'098'401);
  CHECK(time_from("2026-05-18t08:30:01-01:30") == 1'779'098'401);
  CHECK(time_from("1969-12-31T23:59:59Z") == -1);
  CHECK(time_from("2024-02-29") == 1'709'164'800);
  for (const char* wrong : {"",
                            "2026",
                            "2026-5-18",
                            "2026-13-01",
                            "2026-00-10",
                            "2026-02-29",
                            "2026-05-32",
                            "2026-05-18T",
                            "2026-05-18T10:00",
                            "2026-05-18T10:00:01",
                            "2026-05-18T24:00:00Z",
                            "2026-05-18T10:60:00Z",
                            "2026-05-18T10:00:01.Z",
                            "2026-05-18T10:00:01+2:00",
                            "2026-05-18T10:00:01+02:60",
                            "2026-05-18T10:00:01Zx",
                            " 2026-05-18",
                            "+026-05-18",
                            "24h",
                            "1774211679"}) {
    INFO(wrong);
    CHECK_FALSE(time_from(wrong).has_value());
  }
}

TEST_CASE("a_fault_names_the_parameter_its_range_and_what_was_given") {
  struct Case {
    const char* query;
    const char* fault;
  };
  for (const Case& one : {
           Case{"since_hours=x", "since_hours: since_hours must be 1 to 8760, got 'x'\n"},
           Case{"since_hours=0", "since_hours: since_hours must be 1 to 8760, got '0'\n"},
           Case{"since_hours=8761", "since_hours: since_hours must be 1 to 8760, got '8761'\n"},
           Case{"since_hours=99999999999999999999",
                "since_hours: since_hours must be 1 to 8760, got '99999999999999999999'\n"},
           Case{"since_hours=1%20", "since_hours: since_hours must be 1 to 8760, got '1 '\n"},
           Case{"since_hours=%2B1", "since_hours: since_hours must be 1 to 8760, got '+1'\n"},
           Case{"limit=0", "limit: limit must be 1 to 1000, got '0'\n"},
           Case{"limit=1001", "limit: limit must be 1 to 1000, got '1001'\n"},
           Case{"severity=worst",
                "severity: severity must be one of informational, low, medium, high, critical, got 'worst'\n"},
           Case{"dismissed=maybe", "dismissed: dismissed must be one of false, true, all, got 'maybe'\n"},
           Case{"until=yesterday",
                "until: until must be a time as 2026-05-18T10:00:00Z or a date as 2026-05-18, got 'yesterday'\n"},
           Case{"since=2026-05-18&since_hours=3", "since: give since or since_hours, not both\n"},
           Case{"cursor=abc", "cursor: this is no cursor of this list; begin without one\n"},
           Case{"severity=%1b[31m%e2%80%ae",
                "severity: severity must be one of informational, low, medium, high, critical, got '?[31m\xe2\x80\xae'\n"},
           Case{"limit=5&limit=6", ": the query string: a field is there twice\n"},
           Case{"q=%ff", ": the query string: the form holds something that is no percent-encoded UTF-8\n"},
       }) {
    INFO(one.query);
    const auto read = read_findings(one.query, kDefaults);
    CHECK_FALSE(read);
    CHECK(faults_of(read.faults) == one.fault);
  }
  const auto unknown = read_findings("severty=high&Limit=3", kDefaults);
  REQUIRE(unknown.faults.size() == 2);
  CHECK(unknown.faults[0].parameter == "severty");
  CHECK(unknown.faults[0].detail.find(
            "known are severity, level, rule, source, target, group, site, since_hours, since, until, q") !=
        std::string::npos);
  // All that is wrong at once, in the order in which it is read.
  CHECK(read_findings("limit=0&severity=x", kDefaults).faults.size() == 2);
  const std::string longest(kNameBytes, 'x');
  CHECK(read_findings("source=" + longest, kDefaults));
  CHECK(faults_of(read_findings("source=" + longest + "x", kDefaults).faults) ==
        "source: source may have 1024 bytes, got 1025\n");
}

TEST_CASE("a_query_string_becomes_a_filter") {
  const auto read = read_findings(
      "severity=HIGH&level=critical&rule=A%26B&source=%2Fvar%2Flog&since_hours=24&until=2026-05-18&q=50%25&"
      "dismissed=true&limit=7",
      kDefaults);
  REQUIRE(read);
  const store::FindingFilter& filter = read->filter;
  CHECK(filter.at_least == Level::high);
  CHECK(filter.exactly == Level::critical);
  CHECK(filter.rule == "A&B");
  CHECK(filter.source == "/var/log");
  CHECK(filter.since == kNow - 86400);
  CHECK(filter.until == 1'779'062'400);
  CHECK(filter.text == "50%");
  CHECK(filter.dismissed == true);
  CHECK(read->request.limit == 7);
  CHECK(read->parameters ==
        "severity=HIGH&level=critical&rule=A%26B&source=%2Fvar%2Flog&since_hours=24&until=2026-05-18&q=50%25&dismissed="
        "true&limit=7");
  // What a form sends of fields nobody filled in.
  const auto empty = read_findings("severity=&rule=&since_hours=&cursor=&limit=&q=&dismissed=", kDefaults);
  REQUIRE(empty);
  CHECK(empty->parameters.empty());
  CHECK(empty->request.limit == 100);
  CHECK_FALSE(empty->filter.at_least.has_value());
  CHECK_FALSE(empty->filter.dismissed.has_value());
  Defaults page = kDefaults;
  page.dismissed = false;
  CHECK(read_findings("", page)->filter.dismissed == false);
  CHECK_FALSE(read_findings("dismissed=all", page)->filter.dismissed.has_value());
}

TEST_CASE("what_is_new_or_has_returned_is_so_within_a_day_unless_it_is_said") {
  CHECK(read_errors("new=true", kDefaults)->filter.new_since == kNow - 86400);
  CHECK_FALSE(read_errors("new=true", kDefaults)->filter.since.has_value());
  CHECK(read_errors("new=1&since_hours=2", kDefaults)->filter.new_since == kNow - 7200);
  CHECK(read_errors("regressed=true", kDefaults)->filter.returned_since == kNow - 86400);
  CHECK_FALSE(read_errors("new=false&regressed=0", kDefaults)->filter.new_since.has_value());
  CHECK(read_errors("severity=Error&sort=count", kDefaults)->filter.at_least == Severity::error);
  CHECK_FALSE(read_errors("sort=source", kDefaults));
  CHECK_FALSE(read_errors("new=yes", kDefaults));
}

TEST_CASE("signals_go_on_from_a_cursor_or_a_sequence") {
  CHECK(read_signals("", kDefaults)->filter.until == kNow + kAheadSeconds);
  CHECK(read_signals("until=2030-01-01", kDefaults)->filter.until == 1'893'456'000);
  const auto after = read_signals("after_seq=7", kDefaults);
  REQUIRE(after);
  CHECK(after->ascending);
  CHECK_FALSE(after->filter.until.has_value());
  CHECK(after->request.newer_than == store::TimeKey{0, 7});
  CHECK(read_signals("before_seq=7", kDefaults)->request.older_than == store::TimeKey{0, 7});
  CHECK_FALSE(read_signals("after_seq=7&before_seq=9", kDefaults));
  CHECK_FALSE(read_signals("after_seq=7&cursor=x", kDefaults));
  CHECK_FALSE(read_signals("after_seq=-1", kDefaults));
  CHECK(read_signals("type=auth.login,cron.run,", kDefaults)->filter.types ==
        std::vector<std::string>{"auth.login", "cron.run"});
  std::string types = "type=";
  for (int i = 0; i < 33; ++i) types += "a,";
  CHECK_FALSE(read_signals(types, kDefaults));
  CHECK_FALSE(read_signals("personal=true", kDefaults));
  Defaults analyst = kDefaults;
  analyst.personal = true;
  CHECK(read_signals("personal=true", analyst)->personal);
}

TEST_CASE("a_cursor_is_of_its_list_and_of_nobody_else") {
  const Cursor<store::TimeKey> cursor{true, {INT64_MIN, INT64_MAX}};
  const std::string text = encoded(List::findings, cursor);
  CHECK(text.size() < 64);
  const auto back = time_cursor(List::findings, text);
  REQUIRE(back);
  CHECK((back->newer && back->key == cursor.key));
  CHECK_FALSE(time_cursor(List::signals, text));
  CHECK_FALSE(error_cursor(List::errors_by_count, text));
  const std::string error = encoded(List::errors_by_count, Cursor<store::ErrorKey>{false, {-3, "f\xc3\xa4"}});
  CHECK(error_cursor(List::errors_by_count, error)->key == store::ErrorKey{-3, "f\xc3\xa4"});
  CHECK_FALSE(error_cursor(List::errors_by_last_seen, error));
  CHECK_FALSE(time_cursor(List::findings, error));
  // Any other character anywhere is noticed, and so is what is cut off or added.
  for (const std::string& whole : {text, error}) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const char other : std::string("ABab01-_=+/ %\n")) {
        if (whole[at] == other) continue;
        std::string changed = whole;
        changed[at] = other;
        REQUIRE_FALSE(time_cursor(List::findings, changed));
        REQUIRE_FALSE(error_cursor(List::errors_by_count, changed));
      }
      REQUIRE_FALSE(time_cursor(List::findings, whole.substr(0, at)));
      REQUIRE_FALSE(error_cursor(List::errors_by_count, whole.substr(0, at)));
    }
    REQUIRE_FALSE(time_cursor(List::findings, whole + "A"));
    REQUIRE_FALSE(time_cursor(List::findings, whole + "AAAA"));
  }
  CHECK_FALSE(time_cursor(List::findings, std::string(kCursorBytes + 1, 'A')));
}

TEST_CASE("whatever_a_query_string_is_it_is_read_or_refused") {
  std::mt19937 random(13);
  const std::vector<std::string> names{
      "severity", "level", "rule", "source",    "since_hours", "since", "until",     "q",        "dismissed", "limit",
      "cursor",   "sort",  "new",  "regressed", "site",        "type",  "after_seq", "personal", "x"};
  const std::vector<std::string> values{"",
                                        "1",
                                        "-1",
                                        "high",
                                        "true",
                                        "%00",
                                        "%",
                                        "%zz",
                                        "2026-05-18",
                                        "9223372036854775807",
                                        "9223372036854775808",
                                        "a,b",
                                        "AQ",
                                        "%F0%9F%92%A9",
                                        "&",
                                        "=",
                                        "\xff",
                                        "\xe2\x80\xa8"};
  std::size_t taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string query;
    for (unsigned fields = random() % 5; fields > 0; --fields) {
      query += names[random() % names.size()] + "=" + values[random() % values.size()] + "&";
    }
    if (random() % 4 == 0 && !query.empty()) query[random() % query.size()] = static_cast<char>(random());
    const auto findings = read_findings(query, kDefaults);
    const auto errors = read_errors(query, kDefaults);
    const auto signals = read_signals(query, kDefaults);
    REQUIRE(findings.value.has_value() == findings.faults.empty());
    REQUIRE(errors.value.has_value() == errors.faults.empty());
    REQUIRE(signals.value.has_value() == signals.faults.empty());
    for (const Fault& fault : findings.faults) REQUIRE(fault.detail.size() < 600);
    // What is put together again means the same.
    if (findings) {
      ++taken;
      const auto again = read_findings(findings->parameters, kDefaults);
      REQUIRE(again);
      REQUIRE(again->parameters == findings->parameters);
      REQUIRE(again->filter.rule == findings->filter.rule);
    }
  }
  CHECK(taken > 500);
}
