// A condition chooses the same rows whether it is asked of records beforehand or of the rows alone. In CASE it is asked of the rows.
#include <string>
#include <vector>

#include "ask/asked.hpp"
#include "catch.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

using Lines = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Fields that are redacted and such as are not, numbers, texts, and both in one column.
Asked mixed() {
  static constexpr const char* kMethods[] = {"GET", "get", "POST", "GET "};
  static constexpr const char* kLevels[] = {"debug", "info", "warning", "error", "critical"};
  static constexpr const char* kCodes[] = {"404", "0404", "4.04e2", "x"};
  static constexpr const char* kPhones[] = {"5551234567", "5559999999", "415", "5551230000"};
  static constexpr const char* kPasswords[] = {"123400", "999900", "1234567890123", "7"};
  static constexpr const char* kMixed[] = {"404", "\"404\"", "\"0404\"", "true", "404.5", "null", "4111111111111111"};
  static constexpr const char* kNumbers[] = {"404", "404.5", "true", "null", "4111111111111111", "9007199254740993"};
  Asked asked;
  for (const char* name : {"log-203.0.113.7.json", "app.json"}) {
    std::string text;
    for (int i = 0; i < 24; ++i) {
      text += "{\"time\":\"2026-05-18T10:0" + std::to_string(i % 3) + ":0" + std::to_string(i % 7) +
              (i % 2 == 0 ? "Z" : ".5Z") + "\",\"level\":\"" + kLevels[i % 5] + "\",\"msg\":\"m\",\"method\":\"" +
              kMethods[i % 4] + "\",\"status\":" + std::to_string(200 + 204 * (i % 3)) + ",\"phone\":" + kPhones[i % 4] +
              ",\"password\":" + kPasswords[i % 4] + ",\"code\":\"" + kCodes[i % 4] + "\",\"mixed\":" + kMixed[i % 7] +
              ",\"number\":" + kNumbers[i % 6] + ",\"took\":" + std::to_string(i % 5) + ".5";
      if (i % 3 == 0) text += ",\"client_ip\":\"203.0.113." + std::to_string(i % 2) + "\",\"ok\":true";
      text += "}\n";
    }
    asked.write(name, text);
  }
  return asked;
}

}  // namespace

TEST_CASE("sql_a_condition_chooses_the_same_rows_however_it_is_asked") {
  const Asked asked = mixed();
  const std::string source = "'" + asked.paths()[0] + "'";
  const Lines values = {"404",
                        "404.0",
                        "5559999999",
                        "5551234567",
                        "999900",
                        "9007199254740993",
                        "-1",
                        "1",
                        "2.5",
                        "1e300",
                        "NULL",
                        "x'474554'",
                        "'404'",
                        "'0404'",
                        "' 404'",
                        "'get'",
                        "'GET'",
                        "'x'",
                        "'<secret>'",
                        "'token_0123abcd'",
                        "'203.0.113.0'",
                        "'2026-05-18'",
                        "'2026-05-18 10:01'",
                        "'2026-05-18 10:01:03'",
                        "'2026-05-18 10:01:03 '",
                        "'2026-05-8 10:01:003'",
                        "'9999-12-31 00:00:00'",
                        "'1969-12-31'",
                        "'application'",
                        "'APPLICATION'",
                        "CAST('404' AS INTEGER)",
                        source};
  const Lines lists = {"(404, 200)",
                       "(NULL, 404, 200)",
                       "('GET', 'get')",
                       "('404', 'x')",
                       "(404, 'x', 2.5)",
                       "(SELECT 404)",
                       "(SELECT status FROM log WHERE line < 3)",
                       "('application', 'text')",
                       "(" + source + ", 'x')"};
  const Lines levels = {"'debug'", "'warn'", "'Warning'", "'ERR'", "'crit'", "'notice'", "NULL"};
  Lines conditions;
  for (const std::string column : {"method", "status", "phone", "password", "code", "mixed", "number", "took", "client_ip",
                                   "ok", "time", "source", "line", "host", "message", "raw", "format", "kind", "fields"}) {
    for (const std::string& value : values)
      for (const char* op : {" = ", " > ", " <= "})
        for (const char* collation : {"", " COLLATE NOCASE"}) conditions.push_back(column + op + value + collation);
    for (const std::string& value : {std::string("'GET'"), std::string("'2026-05-18 10:01:03'"), source})
      for (const std::string op : {" IS ", " IS NOT ", " <> ", " LIKE ", " GLOB ", " < "})
        for (const char* collation : {"", " COLLATE RTRIM"}) conditions.push_back(column + op + value + collation);
    for (const std::string& list : lists)
      for (const char* op : {" IN ", " COLLATE NOCASE IN ", " NOT IN "}) conditions.push_back(column + op + list);
  }
  for (const std::string& level : levels)
    for (const char* op : {" = ", " > ", " <= ", " <> ", " IS "})
      for (const char* collation : {"", " COLLATE BINARY", " COLLATE NOCASE"})
        conditions.push_back(std::string("level") + op + level + collation);
  conditions.emplace_back("level IN ('warn', 'crit', NULL)");
  conditions.emplace_back("level COLLATE BINARY IN ('warn', 'INFO')");
  conditions.emplace_back("status = 404 OR method = 'get'");
  conditions.emplace_back("(status, method) IN (VALUES (404, 'get'), (200, 'GET'))");
  conditions.emplace_back("line BETWEEN 3 AND 5.5");

  for (const char* mode : {"redact", "dry-run"}) {
    Lines statements;
    for (const std::string& condition : conditions)
      for (const std::string& where : {condition, "CASE WHEN " + condition + " THEN 1 END"})
        statements.push_back("SELECT source, line, rowid FROM log WHERE " + where);
    const auto answers = asked.ask_each(statements, {.question = {}, .mode = mode});
    std::size_t chosen = 0;
    for (std::size_t i = 0; i < answers.size(); i += 2) {
      INFO(mode << ": " << conditions[i / 2]);
      CHECK(answers[i].error.empty());
      CHECK(answers[i + 1].error.empty());
      CHECK(answers[i].rows == answers[i + 1].rows);
      chosen += answers[i].rows.size();
    }
    CHECK(chosen > conditions.size());
  }
}

TEST_CASE("sql_a_condition_tells_nothing_of_a_value_that_is_not_shown") {
  const Asked asked = mixed();
  for (const std::string column : {"password", "phone"}) {
    const std::string hidden = "SELECT count(*) FROM log WHERE typeof(" + column + ") = 'text'";
    const auto all = asked.ask(hidden).rows;
    CHECK(all != Lines{"0"});
    for (const std::string bound : {"0", "5000", "123400", "200000", "999900", "5551234567", "5559999999", "1e13"}) {
      INFO(column << " " << bound);
      CHECK(asked.ask(hidden + " AND " + column + " > " + bound).rows == all);
      CHECK(asked.ask(hidden + " AND " + column + " <= " + bound).rows == Lines{"0"});
      CHECK(asked.ask(hidden + " AND " + column + " IN (" + bound + ")").rows == Lines{"0"});
    }
  }
}

TEST_CASE("sql_a_source_is_shown_and_found_as_texts_are") {
  const Asked asked = mixed();
  const auto shown = asked.ask("SELECT DISTINCT source FROM log ORDER BY rowid").rows;
  REQUIRE(shown.size() == 2);
  CHECK_FALSE(has(shown[0], "203.0.113.7"));
  CHECK(has(shown[0], "log-ip_"));
  CHECK(shown[1] == asked.paths()[1]);
  for (const std::string& name : {asked.paths()[0], shown[0]}) {
    CHECK(asked.ask("SELECT count(*) FROM log WHERE source = '" + name + "'").rows == Lines{"24"});
    CHECK(asked.ask("SELECT count(*) FROM log WHERE source IN ('" + name + "', 'x')").rows == Lines{"24"});
    CHECK(asked.ask("SELECT count(*) FROM log WHERE source LIKE '" + name + "%'").rows == Lines{"24"});
  }
  const auto clear = asked.ask("SELECT DISTINCT source FROM log WHERE source LIKE '%log-203.0.113.7%'",
                               {.question = {}, .mode = "dry-run"});
  CHECK(clear.rows == Lines{asked.paths()[0]});
}

TEST_CASE("sql_a_list_of_values_is_looked_for_in_one_reading") {
  const Asked asked = mixed();
  std::string list = "404", texts = "'get'";
  for (int i = 0; i < 2'000; ++i) {
    list += "," + std::to_string(1'000 + i);
    texts += ",'word" + std::to_string(i) + "'";
  }
  CHECK(asked.ask("SELECT count(*) FROM log WHERE status IN (" + list + ")").rows == Lines{"16"});
  CHECK(asked.ask("SELECT count(*) FROM log WHERE method IN (" + texts + ")").rows == Lines{"12"});
  CHECK(asked.ask("SELECT count(*) FROM log WHERE method COLLATE NOCASE IN (" + texts + ")").rows == Lines{"24"});
  CHECK(asked.ask("SELECT count(*) FROM log WHERE time IN (" + texts + ")").rows == Lines{"0"});
}

TEST_CASE("sql_a_row_has_one_number_whatever_is_asked_of_it") {
  const Asked asked = mixed();
  CHECK(asked.ask("SELECT count(DISTINCT rowid), count(*) FROM log").rows == Lines{"48|48"});
  CHECK(asked
            .ask("SELECT count(*), min(status), max(status) FROM log WHERE rowid IN (SELECT rowid FROM log WHERE status = "
                 "608)")
            .rows == Lines{"16|608|608"});
  CHECK(asked
            .ask("SELECT count(*) FROM log a JOIN log b ON a.rowid = b.rowid WHERE a.status = 404 AND b.source = '" +
                 asked.paths()[1] + "'")
            .rows == Lines{"8"});
  CHECK(asked.ask("SELECT line FROM log WHERE source = '" + asked.paths()[1] + "' ORDER BY rowid LIMIT 2 OFFSET 1").rows ==
        Lines{"2", "3"});
}

TEST_CASE("sql_names_of_fields_may_be_anything") {
  Asked asked;
  std::string many;
  for (int i = 0; i < 1'000; ++i) {
    std::string name = std::to_string(i) + std::string(120, '\'');
    for (int quote = 0; quote < 60; ++quote) name += "\\\"";
    many += ",\"" + name + "\":1";
  }
  asked.write("app.log",
              "{\"time\":\"2026-05-18T10:00:00Z\",\"msg\":\"x\",\"a\\u0000b\":1,\"\\u0000\":2,\"status\":5,\"Status\":6,"
              "\"q\\\"u'o]te`\":7,\"\":8,\"a b\":9,\"rowid\":11,\"TIME\":12,\"select\":13,\"l\\nf\":14" +
                  many + "}\n{\"time\":\"2026-05-18T10:00:01Z\",\"msg\":\"y\",\"\xc3(\":10,\"status\":5}\n");
  CHECK(asked.ask("SELECT count(*), max(status) FROM log").rows == Lines{"2|5"});
  Asked few;
  few.write("app.log",
            "{\"time\":\"2026-05-18T10:00:00Z\",\"msg\":\"x\",\"a\\u0000b\":1,\"\\u0000\":2,\"status\":5,\"Status\":6,"
            "\"q\\\"u'o]te`\":7,\"\":8,\"a b\":9,\"rowid\":11,\"TIME\":12,\"select\":13,\"l\\nf\":14}\n");
  CHECK(few.ask("SELECT status, \"q\"\"u'o]te`\", \"a b\", rowid, \"select\" FROM log").rows == Lines{"5|7|9|11|13"});
  CHECK(has(few.ask("SELECT fields FROM log").rows.at(0), "\"Status\":6"));
  CHECK(has(few.ask("SELECT fields FROM log").rows.at(0), "\"a\\u0000b\":1"));
}

TEST_CASE("sql_levels_are_compared_by_the_words_of_where_and_by_no_others") {
  const Asked asked = mixed();
  const auto count = [&](const std::string& condition) { return asked.ask("SELECT count(*) FROM log WHERE " + condition); };
  CHECK(count("level >= 'warn'").rows == count("level >= 'warning'").rows);
  CHECK(count("level >= 'warn'").rows == Lines{"28"});
  CHECK(count("level < 'Warn'").rows == Lines{"20"});
  CHECK(count("level = 'err'").rows == count("level = 'ERROR'").rows);
  CHECK(count("level IN ('crit', 'err')").rows == Lines{"18"});
  CHECK(count("level <> 'notice'").rows == count("level <> 'info'").rows);
  for (const char* wrong : {"level >= 'wran'", "'wran' < level", "level = 'fatal'", "level <> 'none'", "level > 3",
                            "level IN ('error', 'wran')"}) {
    INFO(wrong);
    CHECK(has(count(wrong).error, "there is no level "));
    CHECK(has(count(wrong).error, "write one of debug, info, warning, error, critical"));
  }
  CHECK(count("level <> ''").ok());
  CHECK(count("level = 'wran' COLLATE NOCASE").rows == Lines{"0"});
  CHECK(asked.ask("SELECT count(*) FROM log a JOIN log b ON a.level = b.method").rows == Lines{"0"});
}
