// --since, --until, --source, --grep and --where as a user writes them.

#include "catch.hpp"
#include "cli/web_house.hpp"

using namespace logystera::testing;

TEST_CASE("scan_analyses_the_records_that_are_asked_for_alone") {
  const WebHouse house;
  const Finished where = house.scan({"--where", "status >= 500 and path contains /check"});
  CHECK(where.code == 0);
  CHECK(where.err.empty());
  CHECK(has(where.out, "Events   : 15\nSelected : 3\n"));
  CHECK(has(where.out, "Events (3 of 3):"));
  CHECK_FALSE(has(where.out, "basket"));
  CHECK(has(house.scan({"--grep", "GET /basket"}).out, "Selected : 5\n"));
  CHECK(has(house.scan({"--where", "client_ip = 203.0.113.9"}).out, "Selected : 5\n"));
  CHECK(has(house.scan({"--since", "2026-05-18 10:05", "--until", "2026-05-18 10:12"}).out, "Selected : 7\n"));
  CHECK(has(house.scan({"--since", "today"}).out, "Selected : 0\n"));
  CHECK(has(house.scan({"--where", "line <= 2", "--json"}).out, "\"events\":15,\"left_out\":13,"));
  CHECK(has(house.scan({"--source", "access.log"}).out, "Selected : 15\n"));
  // A rule that counts sees them alone.
  const Finished rules =
      house.go({"scan", house.access, "--where", "path = /checkout", "--json", "-n", "0", "--store", house.store});
  CHECK(rules.code == 0);
  CHECK_FALSE(has(rules.out, "basket"));
}

TEST_CASE("scan_says_what_is_wrong_with_a_question_and_where") {
  const WebHouse house;
  const Finished wrong = house.scan({"--where", "status 500"});
  CHECK(wrong.code == 2);
  CHECK(has(wrong.err, "logystera scan: --where, column 8: a comparison belongs behind status: write =, !=,"));
  CHECK(wrong.err.starts_with("  status 500\n         ^\nlogystera scan: "));
  CHECK(has(house.scan({"--where", "stauts = 500"}).err,
            "--where, column 1: there is no field stauts: did you mean status?"));
  CHECK(has(house.scan({"--grep", "("}).err, "logystera scan: --grep (: missing )"));
  CHECK(has(house.scan({"--since", "someday"}).err, "logystera scan: --since someday: write a span before now"));
  CHECK(has(house.scan({"--source", "nothing.log"}).err, "--source nothing.log: none of the 1 files is called so"));
  CHECK(has(house.scan({"--where", "line = 1", "--detect-anomalies"}).err,
            "--detect-anomalies learns what is usual from all of a log"));
  const Finished unseen = house.scan({"--where", "order_number = 5"});
  CHECK(unseen.code == 0);
  CHECK(has(unseen.err, "logystera scan: --where: no record has a field order_number"));
}

TEST_CASE("tail_shows_the_records_that_are_asked_for_alone") {
  const WebHouse house;
  const std::string log = house.scratch.file("app.log");
  write(log, "2026-05-18 10:00:00 INFO one\n2026-05-18 10:00:01 ERROR two\n2026-05-18 10:00:02 ERROR three\n");
  Running tail({"tail", log, "--no-rules", "--from-start", "--where", "level >= error and not message contains three",
                "--store", house.store, "--poll-interval", "0.02"},
               house.setting);
  REQUIRE(eventually([&] { return has(tail.out(), "two"); }));
  std::ofstream(log, std::ios::app)
      << "2026-05-18 10:00:03 ERROR four\n2026-05-18 10:00:04 INFO five\n2026-05-18 10:00:05 ERROR six\n";
  REQUIRE(eventually([&] { return has(tail.out(), "six"); }));
  tail.kill(SIGINT);
  tail.wait();
  for (const char* shown : {"two", "four", "six"}) CHECK(has(tail.out(), shown));
  for (const char* hidden : {"one", "three", "five"}) CHECK_FALSE(has(tail.out(), hidden));
}

TEST_CASE("stored_findings_are_asked_who_did_what_with_which_outcome") {
  const WebHouse house;
  write(house.scratch.file("rule.yml"),
        "id: ADMIN\ntitle: Admin\nlevel: high\napplies_to: {kind: web_access}\n"
        "detection: {match: [{field: path, op: startswith, value: /admin}]}\n");
  std::string text;
  for (const char* request : {"198.51.100.7 - - [18/May/2026:10:00:00 +0000] \"GET /admin/a HTTP/1.1\" 404",
                              "198.51.100.7 - maria [18/May/2026:10:00:01 +0000] \"GET /admin/b HTTP/1.1\" 200"})
    text += std::string(request) + " 12 \"-\" \"curl/8\"\n";
  write(house.scratch.file("admin.log"), text);
  REQUIRE(house
              .go({"scan", house.scratch.file("admin.log"), "--rules-dir", house.scratch.file("rule.yml"), "--no-builtin",
                   "--track-errors", "--store", house.store})
              .code == 0);
  const auto found = [&](const char* condition) {
    return lines_of(house.go({"findings", "list", "--json", "--store", house.store, "--where", condition}).out);
  };
  CHECK(found("address = 198.51.100.7") == 2);  // stored as its pseudonym
  CHECK(found("status = 404") == 1);
  CHECK(found("outcome = answered and target = /admin/b") == 1);
  CHECK(found("outcome = logged_in") == 0);
}

TEST_CASE("stored_findings_errors_and_reports_are_asked_with_the_same_grammar") {
  const WebHouse house;
  write(house.scratch.file("rule.yml"),
        "id: LEAK\ntitle: A leak\nlevel: critical\ndetection: {match: [{field: message, op: contains, value: leak}]}\n");
  for (const char* name : {"one.log", "two.log"})
    write(house.scratch.file(name), time_text(7000) + " INFO a leak of 192.0.2.1 in " + name + "\n" + time_text(6000) +
                                        " ERROR timeout after 31 s\n" + time_text(5000) + " ERROR refused\n");
  for (const char* name : {"one.log", "two.log"})
    REQUIRE(house
                .go({"scan", house.scratch.file(name), "--rules-dir", house.scratch.file("rule.yml"), "--no-builtin",
                     "--track-errors", "--store", house.store})
                .code == 0);
  const auto findings = [&](Arguments more) {
    Arguments arguments{"findings", "list", "--json", "--store", house.store};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return lines_of(house.go(arguments).out);
  };
  CHECK(findings({}) == 2);
  CHECK(findings({"--where", "rule = LEAK and source ends with one.log"}) == 1);
  CHECK(findings({"--where", "level >= high and message contains 192.0.2.1"}) == 2);  // stored as its pseudonym
  CHECK(findings({"--where", "level < critical"}) == 0);
  CHECK(findings({"--grep", "in two\\.log", "--since", "3h"}) == 1);
  CHECK(findings({"--until", "2h"}) == 0);
  CHECK(findings({"--since", "1h"}) == 0);
  CHECK(findings({"--source", "o*.log"}) == 1);
  const Finished unknown = house.go({"findings", "list", "--where", "colour = 1", "--store", house.store});
  CHECK(unknown.code == 2);
  CHECK(has(unknown.err, "logystera findings list: --where, column 1: there is no field colour; there are time, level,"));
  CHECK(has(house.go({"findings", "show", "LEAK", "--where", "line = 1", "--store", house.store}).out, "one.log:1"));

  const auto errors = [&](Arguments more) {
    Arguments arguments{"errors", "list", "--json", "--store", house.store};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return lines_of(house.go(arguments).out);
  };
  CHECK(errors({}) == 2);
  CHECK(errors({"--where", "message contains timeout and count >= 2"}) == 1);
  CHECK(errors({"--grep", "^refused"}) == 1);
  CHECK(errors({"--since", "1h"}) == 0);
  CHECK(lines_of(house
                     .go({"errors", "new", "--since", "2h", "--where", "message contains refused", "--json", "--store",
                          house.store})
                     .out) == 1);

  const auto summary = [&](Arguments more) {
    Arguments arguments{"findings", "summary", "--json", "--store", house.store};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return house.go(arguments).out;
  };
  CHECK(has(summary({}), "\"critical\":2"));
  CHECK(has(summary({"--since", "3h"}), "\"critical\":2"));
  CHECK(has(summary({"--source", "one.log"}), "\"critical\":1},\"top_rules\":[{\"rule\":\"LEAK\",\"findings\":1}]"));
  CHECK(has(summary({"--grep", "in two"}), "\"critical\":1"));
  CHECK(has(summary({"--until", "3h"}), "\"critical\":0},\"top_rules\":[]"));
  CHECK(has(summary({"--where", "rule = NONE"}), "\"critical\":0"));

  write(house.scratch.file("one.log"), time_text(1000) + " ERROR refused\n");
  REQUIRE(house.go({"scan", house.scratch.file("one.log"), "--no-rules", "--track-errors", "--store", house.store}).code ==
          0);
  const auto returned = [&](Arguments more) {
    Arguments arguments{"errors", "regression", "--silence", "1h", "--json", "--store", house.store};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return lines_of(house.go(arguments).out);
  };
  CHECK(returned({}) == 1);
  CHECK(returned({"--since", "30m", "--grep", "refused"}) == 1);
  CHECK(returned({"--since", "10m"}) == 0);
  CHECK(returned({"--until", "30m"}) == 0);
  CHECK(returned({"--until", "5m", "--where", "count >= 3"}) == 1);
  CHECK(returned({"--where", "message contains timeout"}) == 0);

  const auto report = [&](Arguments more) {
    Arguments arguments{"export", "report", "-o", "-", "--store", house.store};
    if (more.empty() || more[0] != "--format") arguments.insert(arguments.end(), {"--format", "json"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return house.go(arguments).out;
  };
  CHECK(has(report({}), "in two.log"));
  CHECK(has(report({}), "\"stored_from\":\"high\""));
  for (const char* form : {"markdown", "html"}) {
    const std::string text = report({"--format", form});
    CHECK(has(text, "below high severity are shown by a scan and not stored"));
  }
  const std::string part = report({"--source", "one.log"});
  CHECK(has(part, "in one.log"));
  CHECK_FALSE(has(part, "in two.log"));
}
