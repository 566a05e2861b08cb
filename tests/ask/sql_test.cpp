// SQL over logs.
#include "ask/sql.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "ask/asked.hpp"
#include "catch.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

using Lines = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string request(const std::string& address, const std::string& second, const std::string& path, int status) {
  return address + " - - [18/May/2026:10:00:" + second + " +0000] \"GET " + path + " HTTP/1.1\" " + std::to_string(status) +
         " 100 \"-\" \"curl/8.5.0\"\n";
}

Asked web() {
  Asked asked;
  asked.write("access.log", request("203.0.113.7", "01", "/checkout?mail=ann@example.com", 502) +
                                request("203.0.113.7", "02", "/", 200) + request("203.0.113.9", "03", "/checkout", 502) +
                                request("203.0.113.9", "04", "/basket", 404));
  return asked;
}

}  // namespace

TEST_CASE("sql_counts_groups_and_orders_records") {
  const Asked asked = web();
  CHECK(asked.ask("SELECT count(*) FROM log").rows == Lines{"4"});
  CHECK(asked.ask("SELECT path, count(*) n FROM log WHERE status = 502 GROUP BY path ORDER BY n DESC, 1").rows ==
        Lines{"/checkout|2"});
  const auto all = asked.ask("SELECT time, level, line, status, bytes, method FROM log ORDER BY line DESC LIMIT 2");
  CHECK(all.columns == Lines{"time", "level", "line", "status", "bytes", "method"});
  CHECK(all.rows == Lines{"2026-05-18 10:00:04|WARNING|4|404|100|GET", "2026-05-18 10:00:03|ERROR|3|502|100|GET"});
  CHECK(asked.ask("SELECT typeof(status), typeof(path), typeof(time), typeof(referer) FROM log LIMIT 1").rows ==
        Lines{"integer|text|text|null"});
  CHECK(asked.ask("WITH s AS (SELECT status FROM log) SELECT max(status) - min(status) FROM s").rows == Lines{"302"});
  CHECK(asked.ask("SELECT a.line, b.line FROM log a JOIN log b ON a.line + 1 = b.line WHERE a.status = 502 ORDER BY 1")
            .rows == Lines{"1|2", "3|4"});
}

TEST_CASE("sql_levels_are_in_their_order_and_in_any_case") {
  const Asked asked = web();
  CHECK(asked.ask("SELECT count(*) FROM log WHERE level >= 'warning'").rows == Lines{"3"});
  CHECK(asked.ask("SELECT count(*) FROM log WHERE level = 'error'").rows == Lines{"2"});
  CHECK(asked.ask("SELECT DISTINCT level FROM log ORDER BY level").rows == Lines{"INFO", "WARNING", "ERROR"});
  CHECK(asked.ask("SELECT max(level) FROM log").rows == Lines{"ERROR"});
}

TEST_CASE("sql_shows_personal_data_as_pseudonyms_and_finds_them_by_either") {
  const Asked asked = web();
  const auto shown = asked.ask("SELECT DISTINCT client_ip FROM log ORDER BY line");
  REQUIRE(shown.rows.size() == 2);
  CHECK(shown.rows[0].starts_with("ip_"));
  CHECK(asked.ask("SELECT count(*) FROM log WHERE client_ip = '203.0.113.7'").rows == Lines{"2"});
  CHECK(asked.ask("SELECT count(*) FROM log WHERE client_ip = '" + shown.rows[0] + "'").rows == Lines{"2"});
  for (const char* column : {"url", "raw", "message", "fields"}) {
    const auto answer = asked.ask(std::string("SELECT ") + column + " FROM log WHERE line = 1");
    REQUIRE(answer.rows.size() == 1);
    CHECK_FALSE(has(answer.rows[0], "203.0.113.7"));
    CHECK_FALSE(has(answer.rows[0], "ann@example.com"));
    CHECK(has(answer.rows[0], "email_"));
  }
  // A column by itself shows what it shows beside the whole line.
  const auto alone = asked.ask("SELECT url, client_ip, query FROM log ORDER BY line");
  const auto beside =
      asked.ask("SELECT url, client_ip, query FROM (SELECT *, raw r FROM log) WHERE length(r) > 0 ORDER BY line");
  CHECK(alone.rows == beside.rows);
  const auto clear = asked.ask("SELECT client_ip, url FROM log WHERE client_ip = '203.0.113.7' AND line = 1",
                               {.question = {}, .mode = "dry-run"});
  CHECK(clear.rows == Lines{"203.0.113.7|/checkout?mail=ann@example.com"});
  const auto masked = asked.ask("SELECT DISTINCT client_ip FROM log", {.question = {}, .mode = "mask"});
  CHECK(masked.rows == Lines{"<ip>"});
}

TEST_CASE("sql_follows_a_private_key_through_records_that_are_not_shown") {
  Asked asked;
  std::string text = "2026-05-18 10:00:00 before\n2026-05-18 10:00:01 -----BEGIN RSA PRIVATE KEY-----\n";
  for (int i = 0; i < 20; ++i)
    text += "MIIEowIBAAKCAQEAwJ0hX3n2KQ7yq8m1secret" + std::string(25, static_cast<char>('a' + i)) + "\n";
  text += "-----END RSA PRIVATE KEY-----\n2026-05-18 10:00:02 after\n";
  asked.write("key.log", text);
  for (const char* statement :
       {"SELECT raw FROM log WHERE line > 5 AND line < 20", "SELECT message FROM log WHERE line = 7"}) {
    const auto answer = asked.ask(statement);
    for (const std::string& row : answer.rows) CHECK_FALSE(has(row, "secret"));
  }
  Asked::Setting grep;
  grep.question.grep = "secretaaaa|secretbbbb";
  for (const std::string& row : asked.ask("SELECT raw FROM log", grep).rows) CHECK_FALSE(has(row, "secret"));
}

TEST_CASE("sql_times_are_of_the_clock_of_the_zone") {
  const Asked asked = web();
  CHECK(asked.ask("SELECT min(time) FROM log", {.question = {}, .timezone = "Europe/Berlin"}).rows ==
        Lines{"2026-05-18 12:00:01"});
  CHECK(asked.ask("SELECT count(*) FROM log WHERE time >= '2026-05-18 10:00:02' AND time < '2026-05-18 10:00:04'").rows ==
        Lines{"2"});
  CHECK(asked.ask("SELECT count(*) FROM log WHERE time = '2026-05-18 10:00:02'").rows == Lines{"1"});
  CHECK(asked.ask("SELECT count(*) FROM log WHERE time > '2026-05-18'").rows == Lines{"4"});
  CHECK(asked.ask("SELECT count(*) FROM log WHERE time <= '2026-05-18'").rows == Lines{"0"});
  CHECK(asked.ask("SELECT count(*) FROM log WHERE time < '2026-05-18 10:00:02.5'").rows == Lines{"2"});
}

// The hour that clocks show twice: what is compared as text must not lose rows that the text has.
TEST_CASE("sql_times_hold_where_clocks_are_set_back") {
  Asked asked;
  std::string text;
  for (int hour = 21; hour < 30; ++hour) {
    const int day = hour < 24 ? 24 : 25;
    text += "{\"time\":\"2026-10-" + std::to_string(day) + "T" + (hour % 24 < 10 ? "0" : "") + std::to_string(hour % 24) +
            ":30:00Z\",\"msg\":\"m" + std::to_string(hour) + "\"}\n";
  }
  asked.write("autumn.log", text);
  const Asked::Setting berlin{.question = {}, .timezone = "Europe/Berlin"};
  const auto all = asked.ask("SELECT time FROM log", berlin);
  REQUIRE(all.rows.size() == 9);
  for (const std::string bound : {"2026-10-25 01:30:00", "2026-10-25 02:00:00", "2026-10-25 02:30:00",
                                  "2026-10-25 03:00:00", "2026-10-25", "2026-10-25 02:30"})
    for (const std::string op : {">=", ">", "<", "<=", "="}) {
      const auto got = asked.ask("SELECT time FROM log WHERE time " + op + " '" + bound + "'", berlin);
      Lines expected;
      for (const std::string& time : all.rows) {
        const int order = time.compare(bound);
        const bool fits = op == ">="   ? order >= 0
                          : op == ">"  ? order > 0
                          : op == "<"  ? order < 0
                          : op == "<=" ? order <= 0
                                       : order == 0;
        if (fits) expected.push_back(time);
      }
      INFO(op << " " << bound);
      CHECK(got.rows == expected);
    }
}

TEST_CASE("sql_fields_called_as_columns_of_the_record_have_a_prefix") {
  Asked asked;
  asked.write(
      "app.log",
      "{\"time\":\"2026-05-18T10:00:01Z\",\"level\":\"error\",\"msg\":\"one\",\"raw\":\"mine\",\"took\":1.5,\"n\":3}\n"
      "{\"time\":\"2026-05-18T10:00:02Z\",\"level\":\"info\",\"msg\":\"two\",\"ok\":true,\"took\":2}\n");
  CHECK(asked.ask("SELECT \"fields.raw\", took, n, ok FROM log ORDER BY line").rows ==
        Lines{"mine|1.500000|3|-", "-|2.000000|-|1"});
  CHECK(has(asked.ask("SELECT fields FROM log WHERE line = 1").rows.at(0), "\"raw\":\"mine\""));
  CHECK(asked.ask("SELECT sum(took) FROM log").rows == Lines{"3.500000"});
  CHECK(asked.ask("SELECT json_extract(fields, '$.n') FROM log ORDER BY line").rows == Lines{"3", "-"});
}

TEST_CASE("sql_a_source_is_read_only_where_the_condition_allows_it") {
  Asked asked = web();
  asked.write("other.log", "2026-05-18 10:00:00 hello\n");
  CHECK(asked.ask("SELECT count(*) FROM log").rows == Lines{"5"});
  CHECK(asked.ask("SELECT message FROM log WHERE source = '" + asked.paths()[1] + "'").rows.size() == 1);
  CHECK(asked.ask("SELECT DISTINCT format FROM log WHERE kind = 'web_access'").rows == Lines{"access_combined"});
}

TEST_CASE("sql_refuses_whatever_is_more_than_reading_the_log") {
  const Asked asked = web();
  for (const char* statement : {"ATTACH 'x.db' AS x",
                                "PRAGMA journal_mode",
                                "PRAGMA temp_store_directory='/tmp'",
                                "CREATE TABLE t (a)",
                                "CREATE TEMP VIEW v AS SELECT 1",
                                "INSERT INTO log (line) VALUES (1)",
                                "DELETE FROM log",
                                "UPDATE log SET line = 1",
                                "DROP TABLE log",
                                "SELECT load_extension('x')",
                                "BEGIN",
                                "VACUUM INTO 'x.db'",
                                "SAVEPOINT a",
                                "REINDEX",
                                "ANALYZE",
                                "CREATE VIRTUAL TABLE t USING log",
                                "SELECT * FROM pragma_database_list",
                                "DETACH main",
                                "SELECT writefile('x','y')",
                                "SELECT readfile('/etc/passwd')",
                                "EXPLAIN DELETE FROM log"}) {
    const auto answer = asked.ask(statement);
    INFO(statement << ": " << answer.error);
    CHECK_FALSE(answer.ok());
  }
  CHECK(has(asked.ask("ATTACH 'x.db' AS x").error, "only SELECT over the table log is allowed"));
  const auto two = asked.ask("SELECT 1 FROM log; SELECT 2 FROM log");
  CHECK(has(two.error, "SQL, column 20: one statement at a time"));
  CHECK(asked.ask("SELECT count(*) FROM log;  ").ok());
  CHECK(has(asked.ask(" ").error, "SQL: it is empty: write SELECT"));
  CHECK(asked.ask("SELECT '" + std::string(ask::kStatementBytes, 'x') + "'").kind == ErrorKind::too_large);
}

TEST_CASE("sql_errors_name_the_column_and_what_may_have_been_meant") {
  const Asked asked = web();
  const auto name = asked.ask("SELECT path FROM log WHERE client_ip = '203.0.113.7' AND stauts = 5");
  CHECK(has(name.error, "SQL, column 58: no such column: stauts: did you mean status?"));
  const std::size_t caret = name.drawing.find('^'), line = name.drawing.find('\n');
  REQUIRE(caret != std::string::npos);
  CHECK(name.drawing.substr(2 + (caret - line - 3), 6) == "stauts");
  CHECK(has(asked.ask("SELECT * FROM logs").error, "the table is called log"));
  CHECK(has(asked.ask("SELECT * FROM log WHERE method = \"GET\"").error, "texts stand between single quotes"));
  CHECK(has(asked.ask("SELEC 1").error, "SQL, column 1: near \"SELEC\": syntax error"));
  CHECK(has(asked.ask("SELECT * FROM log WHERE path REGEXP '('").error, "RE2"));
}

TEST_CASE("sql_puts_messages_together_by_their_pattern") {
  Asked asked;
  asked.write("app.log",
              "2026-05-18 10:00:01 ERROR timeout after 31 s from 203.0.113.7\n"
              "2026-05-18 10:00:02 ERROR timeout after 29 s from 203.0.113.9\n"
              "2026-05-18 10:00:03 ERROR {\"level\":\"error\",\"msg\":\"no stock of article 812\"}\n");
  CHECK(asked.ask("SELECT pattern(message), count(*), min(time) FROM log GROUP BY 1 ORDER BY 2 DESC").rows ==
        Lines{"timeout after <n> from <ip>|2|2026-05-18 10:00:01", "no stock of article <n>|1|2026-05-18 10:00:03"});
  Asked::Setting clear;
  clear.mode = "dry-run";
  CHECK(asked.ask("SELECT DISTINCT pattern(message) FROM log ORDER BY 1", clear).rows.size() == 2);
  CHECK(asked.ask("SELECT pattern(NULL), pattern(''), pattern(7)").rows == Lines{"-||<n>"});
  CHECK(has(asked.ask("SELECT pattern() FROM log").error, "wrong number of arguments"));
}

TEST_CASE("sql_statements_have_bounds_of_time_and_memory") {
  const Asked asked = web();
  Asked::Setting short_of_time;
  short_of_time.limits.time = std::chrono::milliseconds(50);
  const auto endless =
      asked.ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", short_of_time);
  CHECK(has(endless.error, "SQL: not done within"));
  CHECK(endless.kind == ErrorKind::too_large);
  Asked::Setting short_of_memory;
  short_of_memory.limits.memory_bytes = 4 << 20;
  const auto large = asked.ask(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) SELECT "
      "group_concat(hex(zeroblob(50000))) FROM n",
      short_of_memory);
  CHECK_FALSE(large.ok());
  CHECK(large.kind == ErrorKind::too_large);
  const auto joined = asked.ask(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) "
      "SELECT count((SELECT line FROM log WHERE line = n.i)) FROM n");
  CHECK(has(joined.error, "reads the logs more than 1000 times"));
}

TEST_CASE("sql_says_what_could_not_be_read") {
  Asked asked = web();
  asked.write("torn.log.gz", std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03garbage", 17));
  const auto answer = asked.ask("SELECT count(*) FROM log");
  REQUIRE(answer.rows.size() >= 2);
  CHECK(answer.rows[0] == "4");
  CHECK(has(answer.rows[1], "problem: "));
  CHECK(has(answer.rows[1], "torn.log.gz"));
}

TEST_CASE("sql_refuses_a_pipe_that_is_named_since_it_can_be_read_once") {
  Asked asked = web();
  asked.write("fifo", "");
  std::filesystem::remove(asked.paths()[1]);
  REQUIRE(::mkfifo(asked.paths()[1].c_str(), 0600) == 0);
  CHECK(has(asked.ask("SELECT 1 FROM log").error, "fifo: can be read once"));
}

TEST_CASE("sql_a_schema_declares_what_is_there") {
  const Asked asked = web();
  auto logs = asked.logs({});
  REQUIRE(logs.ok());
  auto sql = ask::Sql::open(logs.value(), "", {}, [] { return false; });
  REQUIRE(sql.ok());
  const std::string schema = sql.value()->schema();
  CHECK(schema.starts_with(
      "CREATE TABLE log (\n  time TEXT,\n  level TEXT COLLATE severity,\n  source TEXT,\n  line INTEGER,\n"));
  CHECK(has(schema, "\n  status INTEGER,\n"));
  CHECK(has(schema, "\n  raw TEXT HIDDEN,\n"));
  CHECK(schema.ends_with("\n  fields TEXT HIDDEN\n);\n"));
}
