// `query` as a user runs it.
#include <fcntl.h>

#include "catch.hpp"
#include "cli/web_house.hpp"

using namespace logystera::testing;

TEST_CASE("query_answers_as_a_table_csv_or_json") {
  const WebHouse house;
  const std::string statement =
      "SELECT path, status, count(*) AS n FROM log WHERE status >= 400 GROUP BY 1, 2 ORDER BY n DESC";
  const Finished table = house.go({"query", statement, house.access});
  CHECK(table.code == 0);
  CHECK(table.err.empty());
  CHECK(table.out == "path       status  n\n/basket       404  5\n/checkout     502  3\n");
  CHECK(house.go({"query", statement, house.access, "--csv"}).out ==
        "path,status,n\r\n/basket,404,5\r\n/checkout,502,3\r\n");
  CHECK(house.go({"query", statement, house.access, "--json"}).out ==
        "{\"path\":\"/basket\",\"status\":404,\"n\":5}\n{\"path\":\"/checkout\",\"status\":502,\"n\":3}\n");
  CHECK(has(house.go({"query", "SELECT count(*) FROM log", house.access, "--where", "status = 502"}).out, "3"));
  const Finished limited = house.go({"query", "SELECT line FROM log", house.access, "-n", "2"});
  CHECK(limited.out == "line\n   1\n   2\n");
  CHECK(has(limited.err, "the first 2 rows are shown; -n shows more"));
}

TEST_CASE("what_a_container_logs_has_columns_and_findings_of_its_own") {
  const WebHouse house;
  const std::string log = house.access + "-json.log";
  const auto line = [](const std::string& text) {
    return "{\"log\":\"" + text + "\\n\",\"stream\":\"stdout\",\"time\":\"2026-05-18T10:00:01Z\"}\n";
  };
  std::string lines;
  for (const char* target : {"/.env", "/.git/config"})
    lines += line("198.51.100.99 - - [18/May/2026:10:00:01 +0000] \\\"GET " + std::string(target) +
                  " HTTP/1.1\\\" 200 900 \\\"-\\\" \\\"Mozilla/5.0\\\"");
  for (const int took : {4, 8})
    lines +=
        line("{\\\"level\\\":\\\"info\\\",\\\"msg\\\":\\\"answered\\\",\\\"path\\\":\\\"/api\\\",\\\"duration_ms\\\":" +
             std::to_string(took) + "}");
  write(log, lines);
  const Finished slow = house.go(
      {"query", "SELECT path, message, avg(duration_ms) AS ms FROM log WHERE duration_ms >= 0 GROUP BY 1", log, "--csv"});
  CHECK(slow.out == "path,message,ms\r\n/api,answered,6.0\r\n");
  CHECK(house.go({"query", "SELECT count(*) AS n FROM log WHERE status >= 200", log, "--csv"}).out == "n\r\n2\r\n");
  const Finished scan = house.go({"scan", log, "--summary", "--where", "status >= 200"});
  CHECK(has(scan.out, "CRITICAL WEB_DOTFILE_SERVED: "));
}

TEST_CASE("query_prints_the_schema_and_reads_standard_input") {
  const WebHouse house;
  const Finished schema = house.go({"query", ".schema", house.access});
  CHECK(schema.code == 0);
  CHECK(has(schema.out, "CREATE TABLE log (\n  time TEXT,\n"));
  CHECK(has(schema.out, "\n  status INTEGER,\n"));
  Running::Setting piped = house.setting;
  piped.input = ::open(house.access.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(piped.input >= 0);
  const Finished input =
      run({"query", "SELECT source, count(*) FROM log a WHERE status IN (SELECT max(status) FROM log)"}, piped);
  ::close(piped.input);
  CHECK(input.out == "source  count(*)\n-              3\n");
}

TEST_CASE("query_errors_are_told_with_their_place") {
  const WebHouse house;
  const Finished wrong = house.go({"query", "SELECT stauts FROM log", house.access});
  CHECK(wrong.code == 2);
  CHECK(has(wrong.err, "logystera query: SQL, column 8: no such column: stauts: did you mean status?\n"));
  CHECK(wrong.err.starts_with("  SELECT stauts FROM log\n         ^\n"));
  const Finished attach = house.go({"query", "ATTACH 'x.db' AS x", house.access});
  CHECK(attach.code == 2);
  CHECK(has(attach.err, "only SELECT over the table log is allowed"));
  const Finished slow =
      house.go({"query", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
                house.access, "--timeout", "1"});
  CHECK(slow.code == 2);
  CHECK(has(slow.err, "SQL: not done within 1 s"));
  CHECK(has(house.go({"query", "SELECT 1", house.access, "--show-pii", "--redact", "mask"}).err,
            "--show-pii is --redact dry-run"));
}

TEST_CASE("query_neutralises_what_strangers_write") {
  const WebHouse house;
  write(house.access, request("203.0.113.7", 1, "/\x1b[31m", 200));
  for (const char* form : {"--json", "--csv", "--limit=5"})
    CHECK_FALSE(has(house.go({"query", "SELECT path, raw FROM log", house.access, form}).out, "\x1b"));
  const std::string log = house.scratch.file("a.log");
  write(log, "{\"time\":\"2026-05-18T10:00:00Z\",\"formula\":\"=1+1\",\"a\\u001b[31m\":1}\n");
  CHECK(has(house.go({"query", "SELECT formula FROM log", log, "--csv"}).out, "'=1+1\r\n"));
  CHECK_FALSE(has(house.go({"query", ".schema", log}).out, "\x1b"));
}
