// A condition of --where and the same one in SQL choose the same records, whatever they are made of: conditions are made at random,
// written in both languages, and asked of a log with all sorts of values in it, and none.
#include <random>
#include <string>

#include "ask/asked.hpp"
#include "catch.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

constexpr int kRecords = 400;
constexpr int kConditions = 400;

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(engine_() % bound); }
  template <std::size_t size>
  std::string one_of(const char* const (&words)[size]) {
    return words[below(size)];
  }

 private:
  std::mt19937 engine_;
};

constexpr const char* kLevels[] = {"debug", "info", "warning", "error", "critical"};
constexpr const char* kPaths[] = {"/", "/checkout", "/Checkout/pay", "/api/v1/items", "/api/v2", "/basket.php"};
constexpr const char* kUsers[] = {"root", "www-data", "deploy", "Deploy"};
constexpr const char* kWords[] = {"timeout", "refused", "ok", "Out of memory"};

std::string clock(int second) {
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d", 10 + second / 60, second % 60);
  return text;
}

std::string log_of(Random& random) {
  std::string text;
  for (int i = 0; i < kRecords; ++i) {
    text += "{\"time\":\"2026-05-18T" + clock(static_cast<int>(random.below(180))) + ":0" +
            std::to_string(random.below(10)) + "Z\",\"level\":\"" + random.one_of(kLevels) + "\",\"msg\":\"" +
            random.one_of(kWords) + " " + std::to_string(i) + "\"";
    if (random.below(4) > 0) text += ",\"status\":" + std::to_string(200 + 100 * random.below(4) + random.below(3));
    if (random.below(4) > 0) text += std::string(",\"path\":\"") + random.one_of(kPaths) + "\"";
    if (random.below(3) > 0) text += std::string(",\"user\":\"") + random.one_of(kUsers) + "\"";
    if (random.below(3) > 0)
      text += ",\"took\":" + std::to_string(random.below(40)) + "." + std::to_string(random.below(10)) + "5";
    text += "}\n";
  }
  return text;
}

// One condition in both languages.
struct Condition {
  std::string where, sql;
};

Condition test_of(Random& random) {
  static constexpr const char* kOrders[] = {"=", "!=", "<", "<=", ">", ">="};
  const std::string op = random.one_of(kOrders);
  const auto both = [](const std::string& text) { return Condition{text, text}; };
  const auto text = [&](const std::string& field, const std::string& value) {
    switch (random.below(6)) {
      case 0: return Condition{field + " contains '" + value + "'", field + " LIKE '%" + value + "%'"};
      case 1: return Condition{field + " starts with '" + value + "'", field + " LIKE '" + value + "%'"};
      case 2: return Condition{field + " ends with '" + value + "'", field + " LIKE '%" + value + "'"};
      case 3:
        return Condition{field + " matches '^" + value.substr(0, 1) + "?[a-z]'",
                         field + " REGEXP '^" + value.substr(0, 1) + "?[a-z]'"};
      case 4: return both(field + " not in ('" + value + "', 'root')");
      default: return both(field + " " + op + " '" + value + "'");
    }
  };
  switch (random.below(9)) {
    case 0: return both("status " + op + " " + std::to_string(200 + 100 * random.below(4)));
    case 1: return both("status in (200, 401, 502)");
    case 2: return both("took " + op + " " + std::to_string(random.below(40)) + ".05");
    case 3: return text("path", random.one_of(kPaths));
    case 4: return text("user", random.one_of(kUsers));
    case 5: {
      static constexpr const char* kExist[] = {"status", "path", "user", "took"};
      const std::string field = random.one_of(kExist);
      return {field + " exists", field + " IS NOT NULL"};
    }
    case 6: return both("level " + op + " '" + random.one_of(kLevels) + "'");
    case 7: {
      static constexpr const char* kWithoutEqual[] = {"<", "<=", ">", ">=", "="};
      const std::string order = random.one_of(kWithoutEqual);
      return both("time " + order + " '2026-05-18 " + clock(static_cast<int>(random.below(180))) + ":05'");
    }
    default: return both("line " + op + " " + std::to_string(random.below(kRecords)));
  }
}

Condition condition_of(Random& random, int depth) {
  if (depth == 0 || random.below(3) == 0) return test_of(random);
  const Condition left = condition_of(random, depth - 1);
  if (random.below(4) == 0) return {"not (" + left.where + ")", "NOT (" + left.sql + ")"};
  const Condition right = condition_of(random, depth - 1);
  const std::string word = random.below(2) == 0 ? " and " : " or ";
  return {"(" + left.where + word + right.where + ")", "(" + left.sql + word + right.sql + ")"};
}

}  // namespace

TEST_CASE("where_and_sql_choose_the_same_records") {
  Random random(20260518);
  Asked asked;
  asked.write("app.log", log_of(random));
  REQUIRE(asked.ask("SELECT count(*), count(status), count(DISTINCT path) FROM log").rows.at(0).starts_with("400|"));
  std::size_t chosen = 0;
  for (int i = 0; i < kConditions; ++i) {
    const Condition condition = condition_of(random, 3);
    INFO("--where " << condition.where << "\nWHERE " << condition.sql);
    Asked::Setting where;
    where.question.where = condition.where;
    where.threads = 1 + random.below(3);
    const auto by_where = asked.ask("SELECT line FROM log ORDER BY line", where);
    const auto by_sql = asked.ask("SELECT line FROM log WHERE " + condition.sql + " ORDER BY line");
    REQUIRE(by_where.error.empty());
    REQUIRE(by_sql.error.empty());
    REQUIRE(by_where.rows == by_sql.rows);
    chosen += by_where.rows.size();
  }
  // The conditions were about something.
  CHECK(chosen > std::size_t{kConditions} * kRecords / 20);
  CHECK(chosen < std::size_t{kConditions} * kRecords * 19 / 20);
}
