#include "core/message.hpp"

#include "catch.hpp"

using namespace logystera;

namespace {

std::string scrubbed(std::string_view text, bool is_sql, json::Bound bound = {kMessageBytesMax, false}) {
  std::string room(65536, '\0');
  json::Output out(room.data(), room.size());
  write_message(out, text, is_sql, bound);
  return room.substr(1, out.size() - 2);
}

std::string message(std::string_view text) { return scrubbed(text, false); }
std::string sql(std::string_view text) { return scrubbed(text, true); }

}  // namespace

TEST_CASE("what_a_message_says_without_data_stays") {
  for (const char* text :
       {"", "Undefined variable $x", "Call to undefined method Node::foo()", "twice() (in a.php(5) : eval()'d code:1)",
        "Division by zero in line 42", "Allowed memory size of 4194 bytes exhausted", "can't open the file: it isn't there",
        "A::password() must return bool", "SQLSTATE[HY000] [2002] Connection refused", "passing null to parameter #1",
        "pass == null"}) {
    CHECK(message(text) == text);
  }
}

TEST_CASE("values_in_a_message_become_question_marks") {
  CHECK(message("Unknown column 'mail' in 'field list'") == "Unknown column ? in ?");
  CHECK(message("Undefined array key \"planted\"") == "Undefined array key ?");
  CHECK(message("Duplicate entry 'it\\'s O'Brien' for key 'name'") == "Duplicate entry ? for key ?");
  CHECK(message("near 'a\\' b' at line 1") == "near ? at line 1");
  CHECK(message("cut off in 'the middle of a val") == "cut off in ?");
  CHECK(message("The user \xE2\x80\x9CMaria\xE2\x80\x9D is gone") == "The user ? is gone");
  CHECK(message("Key (mail)=(a@example.org) already exists") == "Key (mail)=(?) already exists");
  CHECK(message("Key (name)=(a)b) already exists.") == "Key (name)=(?) already exists.");
  CHECK(message("Key (name, x)=(Ann) already exists. Eve, b) already exists.: INSERT INTO t (name) VALUES (:a)") ==
        "Key (name, x)=(?) already exists.: INSERT INTO t (name) VALUES (:a)");
  CHECK(message("Key (uid)=(7) b) is not present in table \"users\".") == "Key (uid)=(?) is not present in table ?.");
  CHECK(message("Key (d)=([a) b,c)) conflicts with existing key (d)=([e,f)).") ==
        "Key (d)=(?) conflicts with existing key (d)=(?).");
  CHECK(message("Schlüssel (name)=(Ann) Eve) existiert bereits.") == "Schlüssel (name)=(?) existiert bereits.");
  CHECK(message("to maria.b+x@mail.example.org.") == "to ?.");
  CHECK(message("no account 918273645 of 123456") == "no account ? of 123456");
  CHECK(message("file /user/42/edit is missing") == "file /user/?/edit is missing");
  CHECK(message("id 0123456789abcdef0123 is unknown") == "id ? is unknown");
  CHECK(message("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2ln is old") == "? is old");
}

TEST_CASE("secrets_named_in_a_message_become_question_marks") {
  CHECK(message("db_password=hunter2&x=1") == "db_password=?&x=1");
  CHECK(message("Password: hunter2, again") == "Password: ?, again");
  CHECK(message("Authorization: Bearer abc.def next") == "Authorization: ? next");
  CHECK(message("x-api-key : abc") == "x-api-key : ?");
  CHECK(message("pass => hunter2)") == "pass => ?)");
  CHECK(message("https://me:hunter2@example.org/") == "https://me:?/");
  CHECK(message("token=") == "token=");
  CHECK(message(std::string_view("password=ab\0cd, again", 21)) == "password=?, again");
}

TEST_CASE("a_message_ends_before_the_stack_trace") {
  CHECK(message("Uncaught Error: x in /a.php:3\nStack trace:\n#0 f('hunter2')") == "Uncaught Error: x in /a.php:3");
}

TEST_CASE("parentheses_with_nothing_in_them_stay_and_hide_nothing") {
  for (const char* text : {"=()", "=(", "()=()", "Key ()=() already exists", "=()=()=()=(", "x=("})
    CHECK(message(text) == text);
  CHECK(message("=()x=(secret)=()") == "=()x=(?)=()");
  std::string many;
  while (many.size() + 3 <= kMessageBytesMax) many += "=()";
  CHECK(message(many) == many);
}

TEST_CASE("the_row_a_constraint_refuses_is_not_shown") {
  CHECK(
      message("SQLSTATE[23502]: Not null violation: 7 ERROR:  null value in column \"name\" violates not-null constraint\n"
              "DETAIL:  Failing row contains (7, null, Ann Smith (home), a). b).: INSERT INTO \"t\" (\"a\") VALUES (:x)") ==
      "SQLSTATE[23502]: Not null violation: 7 ERROR:  null value in column ? violates not-null constraint\\n"
      "DETAIL:  Failing row contains (?).: INSERT INTO ? (?) VALUES (:x)");
  CHECK(message("SQLSTATE[23514]: Check violation: 7 FEHLER: x\nDETAIL: Fehlgeschlagene Zeile enthält (7, Ann).")
            .find("Ann") == std::string::npos);
  CHECK(message("Failing row contains (7, Ann Smi") == "Failing row contains (?");
  CHECK(message("f (a, b). And (c).") == "f (a, b). And (c).");
}

TEST_CASE("literals_of_a_statement_become_question_marks_and_names_stay") {
  CHECK(sql("SELECT \"n\".\"nid\" FROM \"node\" n2 WHERE n2.uid = :db_condition_placeholder_0 LIMIT 10") ==
        "SELECT \\\"n\\\".\\\"nid\\\" FROM \\\"node\\\" n2 WHERE n2.uid = :db_condition_placeholder_0 LIMIT ?");
  CHECK(sql("WHERE name = 'O''Brien' AND pass='x' AND id IN (1, 2.5, 0xff)") ==
        "WHERE name = ?? AND pass=? AND id IN (?, ?, ?)");
  CHECK(sql("VALUES (x'ff', \"a value with spaces\")") == "VALUES (x?, ?)");
  CHECK(sql("SELECT 'never closed") == "SELECT ?");
}

TEST_CASE("values_in_double_quotes_become_question_marks_and_quoted_names_stay") {
  CHECK(sql("WHERE password = \"hunter2\" AND a<>\"b\" OR c >= \"d\"") == "WHERE password = ? AND a<>? OR c >= ?");
  CHECK(sql("WHERE password=\"hunter\"\"2\"") == "WHERE password=?");
  CHECK(sql("WHERE name LIKE \"hunter2\"") == "WHERE name LIKE ?");
  CHECK(sql("WHERE name NOT IN (\"ann\", \"bob\") AND \"x\".\"y\" = \"z\".\"y\"") ==
        "WHERE name NOT IN (?, ?) AND \\\"x\\\".\\\"y\\\" = \\\"z\\\".\\\"y\\\"");
  CHECK(sql("INSERT INTO \"users\" (\"uid\", \"name\") VALUES (1, \"ann\"), (NOW(), \"bob\")") ==
        "INSERT INTO \\\"users\\\" (\\\"uid\\\", \\\"name\\\") VALUES (?, ?), (NOW(), ?)");
  CHECK(sql("VALUES (1, MD5(\"hunter2\"), (\"a\"), \"b\" || \"c\"), (MD5(CONCAT(\"d\")), \"e\")") ==
        "VALUES (?, MD5(?), (?), ? || ?), (MD5(CONCAT(?)), ?)");
  CHECK(sql("WHERE (\"n\", \"p\") IN ((\"ann\", \"hunter2\"), (\"bob\", \"x\"))") ==
        "WHERE (\\\"n\\\", \\\"p\\\") IN ((?, ?), (?, ?))");
  CHECK(sql("pass = MD5(\"hunter2\") OR a = (\"b\") OR c > \"db\".f(1, g(\"d\")) OR e LIKE CONCAT(\"f\")") ==
        "pass = MD5(?) OR a = (?) OR c > \\\"db\\\".f(?, g(?)) OR e LIKE CONCAT(?)");
  CHECK(sql("pass = BINARY \"hunter2\" OR a = _utf8mb4\"b\" OR MATCH (\"c\") AGAINST (\"d\")") ==
        "pass = BINARY ? OR a = _utf8mb4? OR MATCH (\\\"c\\\") AGAINST (?)");
  CHECK(sql("\"n\" BETWEEN \"ann\" AND \"bob\" AND \"m\" between f(a and b) and g(\"c\") AND \"o\" > 1") ==
        "\\\"n\\\" BETWEEN ? AND ? AND \\\"m\\\" between f(a and b) and g(?) AND \\\"o\\\" > ?");
  CHECK(sql("VALUES ((SELECT \"a\" FROM \"t\" WHERE \"b\" IN (\"ann\")), \"hunter2\")") ==
        "VALUES ((SELECT \\\"a\\\" FROM \\\"t\\\" WHERE \\\"b\\\" IN (?)), ?)");
  const std::string open(100, '('), close(100, ')');
  CHECK(sql("IN (" + open + "\"a\"" + close + ", \"b\")") == "IN (" + open + "?" + close + ", ?)");
  for (const char* names :
       {"INSERT INTO \"t\" (\"a\", \"b\") VALUES (:a, :b)", "JOIN \"b\" ON (\"a\".\"x\" = \"b\".\"y\") WHERE f(\"c\")",
        "WHERE \"a\" >= (SELECT MAX(\"b\") FROM \"t\" WHERE (\"c\" > :c)) AND \"d\" BETWEEN :a AND :b AND (\"e\" < :e)",
        "WHERE \"a\" = COALESCE(\"b\".\"c\", :d) ORDER BY \"e\"",
        "SELECT \"u\".\"uid\", \"name\" FROM \"users\" \"u\" WHERE \"u\".\"name\" = :name AND (\"status\" > :a)",
        "WHERE \"nid\" IN (SELECT \"nid\", \"vid\" FROM \"node\") GROUP BY \"a\", \"b\"",
        "ON DUPLICATE KEY UPDATE \"name\" = VALUES(\"name\"), \"mail\" = VALUES(\"mail\")",
        "ON CONFLICT (\"name\") DO UPDATE SET \"v\" = EXCLUDED.\"v\""}) {
    std::string escaped;
    for (const char* c = names; *c != '\0'; ++c) escaped += *c == '"' ? std::string("\\\"") : std::string(1, *c);
    CHECK(sql(names) == escaped);
  }
}

TEST_CASE("any_bytes_make_a_bounded_message") {
  std::string bytes;
  for (int round = 0; round < 64; ++round) {
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>((i * 7 + round * 13) & 0xff);
  }
  for (const bool is_sql : {false, true}) {
    for (std::size_t size = 0; size < 600; ++size) {
      const std::string out = scrubbed(std::string_view(bytes).substr(size, size), is_sql, {100, true});
      CHECK(json::is_utf8(out));
    }
    std::string room(65536, '\0');
    json::Output out(room.data(), room.size());
    CHECK(write_message(out, bytes, is_sql, {kMessageBytesMax, false}));
  }
}

TEST_CASE("absolute_paths_in_a_message_become_relative") {
  const auto relative = [](std::string_view text, std::string_view root = "/srv/my site") {
    char room[512];
    BoundedWriter out(room, sizeof room);
    relative_paths(out, text, root);
    return std::string(out.view());
  };
  struct Case {
    std::string_view text, expected;
  };
  for (const Case& c : {
           Case{"", ""},
           Case{"Call to undefined function f() in /srv/my site/web/index.php:5",
                "Call to undefined function f() in web/index.php:5"},
           Case{"declared in /usr/share/php/a.php:3)", "declared in a.php:3)"},
           Case{"/srv/my site", "my site"},
           Case{"/srv/my site2/a.php", "my site2/a.php"},
           Case{"(/etc/secret.d/key.pem)", "(key.pem)"},
           Case{"dir /var/lib/site/ gone", "dir site gone"},
           Case{"include_path=.:/usr/share/php:/opt/x", "include_path=.:php:x"},
           Case{"phar:///srv/a.phar/b.php:1", "phar://b.php:1"},
           Case{"phar:///srv/my site/a.phar/b.php", "phar://a.phar/b.php"},
           Case{"see https://example.org/a/b and vfs://x/y", "see https://example.org/a/b and vfs://x/y"},
           Case{"I/O error, and/or text/html, ./a/b, ../c/d", "I/O error, and/or text/html, ./a/b, ../c/d"},
           Case{"a / b // c", "a / b / c"},
           Case{"http://", "http://"},
           Case{"/", "/"},
       }) {
    CHECK(relative(c.text) == c.expected);
  }
  CHECK(relative("in /srv/my site/a.php", "") == "in my site/a.php");
  CHECK(relative("in /a/b", "/") == "in b");
}

TEST_CASE("no_absolute_path_survives_any_prefix") {
  const std::string text = "x in /srv/site/a.php:5, phar:///srv/site/b.phar/c.php (/srv/other/d)";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    char room[128];
    BoundedWriter out(room, sizeof room);
    relative_paths(out, std::string_view(text).substr(0, size), "/srv/site");
    CHECK(out.view().find("srv/") == std::string_view::npos);
    CHECK(out.view().size() <= size);
  }
}
