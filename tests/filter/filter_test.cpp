// What is asked of records, and what they answer.
#include "filter/filter.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "redact/redactor.hpp"

using namespace logystera;
using namespace logystera::filter;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'779'098'401;  // 2026-05-18 10:00:01 UTC

// One request, answered 502.
struct Request {
  FieldNames names;
  RecordBatch batch;
  Record record;

  Request() {
    record.time_known = true;
    record.time_ns = kNow * kSecond + 500'000'000;
    record.severity = Severity::error;
    record.kind = RecordKind::web_access;
    record.source = "/var/log/nginx/access.log";
    record.format = "access_combined";
    record.raw = "203.0.113.7 - - [18/May/2026:10:00:01 +0000] \"GET /Checkout?x=1 HTTP/1.1\" 502 17";
    record.line = 12;
    batch.begin_fields();
    batch.add_ip(field::client_ip, "203.0.113.7");
    batch.add_text(field::method, "GET");
    batch.add_text(field::path, "/Checkout");
    batch.add_integer(field::status, "502", 502);
    batch.add_integer(field::bytes, "17", 17);
    Value& real = batch.add_text(field::request_time, "0.25");
    real.kind = Value::Kind::real;
    real.as.real = 0.25;
    batch.add_text(names.add("code"), "0042");
    batch.add_text(names.add("tag"), "one");
    batch.add_text(names.add("tag"), "two");
    Value& truth = batch.add_text(names.add("cached"), "true");
    truth.kind = Value::Kind::boolean;
    truth.as.boolean = true;
    batch.end_fields(record);
  }

  Terms terms() {
    Terms terms{.names = names, .now = {kNow, parse::Zone::utc()}, .redaction = {}};
    terms.redaction.salt = "salt";
    return terms;
  }
  bool wants(const Question& question) {
    auto filter = Filter::make(question, terms());
    INFO(question.where << question.grep << question.source << question.since << question.until);
    if (!filter) INFO(filter.error().message);
    REQUIRE(filter.ok());
    return Session(*filter.value()).wants(record);
  }
  bool where(const std::string& condition) { return wants({.where = condition}); }
  Error refused(const Question& question) {
    auto filter = Filter::make(question, terms());
    INFO(question.where << question.grep);
    REQUIRE_FALSE(filter.ok());
    return filter.error();
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("filter_compares_numbers_as_numbers") {
  Request request;
  for (const char* yes : {"status = 502", "status >= 500", "status > 99", "status != 404", "status < 1e3",
                          "status <= 502.0", "status in (500, 502)", "status = '502'", "status >= '99'", "bytes < 100",
                          "request_time < 0.5", "request_time = 0.25", "cached = true", "cached = 1", "line = 12",
                          "status starts with 5", "code = 42", "code > 41"})
    CHECK(request.where(yes));
  for (const char* no : {"status = 503", "status > 502", "status < 99", "status not in (500, 502)", "status != 502",
                         "status contains 9", "cached = false", "request_time > 1", "line > 12", "code = '42'"})
    CHECK_FALSE(request.where(no));
}

TEST_CASE("filter_compares_texts_exactly_and_finds_parts_in_any_case") {
  Request request;
  for (const char* yes :
       {"path = /Checkout", "path contains /checkout", "path starts with '/CHECK'", "path ends with OUT",
        "path matches /^.Check/", "path matches '(?i)CHECKOUT'", "method in (GET, HEAD)", "method < POST", "path exists",
        "tag = one", "tag = two", "fields.path = /Checkout", "kind = web_access", "format starts with access",
        "source ends with access.log", "raw contains 'HTTP/1.1'", "message contains checkout"})
    CHECK(request.where(yes));
  for (const char* no : {"path = /checkout", "path contains basket", "path matches /^check/", "method > POST",
                         "tag = three", "method = get", "not path exists"})
    CHECK_FALSE(request.where(no));
}

TEST_CASE("filter_knows_a_source_by_its_name_wherever_the_name_stands") {
  Request request;
  auto filter = Filter::make({.source = "shop-a"}, request.terms());
  REQUIRE(filter.ok());
  Session session(*filter.value());
  std::string name = "shop-?";  // as rows of a database are read into the same place one after the other
  request.record.source = name;
  for (const char last : {'a', 'b', 'b', 'a', 'a', 'b'}) {
    name.back() = last;
    CHECK(session.wants(request.record) == (last == 'a'));
  }
}

TEST_CASE("filter_gives_what_is_not_a_number_no_place_among_numbers") {
  Request request;
  request.batch.begin_fields();
  Value& real = request.batch.add_text(request.names.add("load"), "nan");
  real.kind = Value::Kind::real;
  real.as.real = std::numeric_limits<double>::quiet_NaN();
  request.batch.end_fields(request.record);
  for (const char* no : {"load = 5", "load in (5, 7)", "load <= 5", "load < 5", "load > 5", "load >= 5"})
    CHECK_FALSE(request.where(no));
  CHECK(request.where("load != 5"));
  CHECK(request.where("load = nan"));
}

TEST_CASE("filter_a_field_that_is_not_there_answers_neither_way") {
  Request request;
  CHECK_FALSE(request.where("user = root"));
  CHECK_FALSE(request.where("user != root"));
  CHECK_FALSE(request.where("not user = root"));
  CHECK_FALSE(request.where("user not in (root)"));
  CHECK_FALSE(request.where("not (user = root and status = 502)"));
  CHECK(request.where("user = root or status = 502"));
  CHECK(request.where("not (user = root and status = 404)"));
  CHECK(request.where("not user exists"));
  CHECK_FALSE(request.where("host = web"));  // the record names none
}

TEST_CASE("filter_knows_levels_and_times") {
  Request request;
  for (const char* yes : {"level >= warning", "level = ERROR", "severity >= warn", "level in (error, critical)",
                          "time >= '2026-05-18 10:00'", "time = today", "time = '2026-05-18 10:00:01'", "time > 1h",
                          "time < tonight", "time <= today", "not time > today", "time exists"})
    CHECK(request.where(yes));
  for (const char* no : {"level > error", "level = info", "time < today", "time = yesterday",
                         "time > '2026-05-18 10:00:02'", "time != today"})
    CHECK_FALSE(request.where(no));
  request.record.time_known = false;
  CHECK_FALSE(request.where("time >= 1970-01-01"));
  CHECK_FALSE(request.where("not time >= 1970-01-01"));
  CHECK_FALSE(request.wants({.since = "1970-01-01"}));
}

TEST_CASE("filter_since_is_at_or_after_and_until_before") {
  Request request;
  CHECK(request.wants({.since = "2026-05-18 10:00:01"}));
  CHECK_FALSE(request.wants({.since = "2026-05-18 10:00:02"}));
  CHECK(request.wants({.until = "2026-05-18 10:00:02"}));
  CHECK_FALSE(request.wants({.until = "2026-05-18 10:00:01"}));
  CHECK(request.wants({.since = "today", .until = "today"}));
  CHECK_FALSE(request.wants({.since = "yesterday", .until = "yesterday"}));
  CHECK(has(request.refused({.since = "today", .until = "yesterday"}).message,
            "until yesterday: ends before since today begins"));
  CHECK(has(request.refused({.since = "someday"}).message, "since someday: write a span"));
}

TEST_CASE("filter_sources_are_paths_names_and_patterns") {
  Request request;
  for (const char* yes : {"/var/log/nginx/access.log", "access.log", "nginx/access.log", "*.log", "/var/*", "a?cess.log"})
    CHECK(request.wants({.source = yes}));
  for (const char* no : {"ccess.log", "access", "error.log", "*.gz", "/var/log"})
    CHECK_FALSE(request.wants({.source = no}));
}

TEST_CASE("filter_grep_looks_at_the_whole_line_before_it_is_redacted") {
  Request request;
  CHECK(request.wants({.grep = "203\\.0\\.113\\.7"}));
  CHECK(request.wants({.grep = "(?i)checkout.x=1"}));
  CHECK_FALSE(request.wants({.grep = "basket"}));
  request.record.raw = {};  // of a Windows event, say
  CHECK(request.wants({.grep = "heckout$"}));
  const Error wrong = request.refused({.grep = "a("});
  CHECK(has(wrong.message, "grep a(: missing )"));
}

TEST_CASE("filter_asks_for_persons_by_what_they_are_and_by_what_is_shown") {
  Request request;
  redact::Redactor redactor(request.terms().redaction);
  Arena arena;
  const std::string shown(redactor.redact("203.0.113.7", redact::Context::text, arena));
  REQUIRE(has(shown, "ip_"));
  CHECK(request.where("client_ip = 203.0.113.7"));
  CHECK(request.where("client_ip = " + shown));
  CHECK(request.where("client_ip in (" + shown + ", x)"));
  CHECK(request.where("raw contains " + shown));
  CHECK(request.wants({.grep = "^" + shown}));
  CHECK_FALSE(request.where("client_ip = ip_00000000"));
  CHECK_FALSE(request.where("client_ip = 203.0.113.8"));
  // A row that was stored holds the pseudonym already.
  Request stored;
  stored.batch.clear();
  stored.batch.begin_fields();
  stored.batch.add_text(stored.names.add("rule"), "R");
  stored.batch.end_fields(stored.record);
  const std::string message = "login from " + shown;
  stored.record.message = stored.record.raw = message;
  Terms terms = stored.terms();
  terms.rows_redacted = true;
  for (const std::string& asked : {std::string("message contains 203.0.113.7"), "message contains " + shown}) {
    auto filter = Filter::make({.where = asked}, terms);
    REQUIRE(filter.ok());
    CHECK(Session(*filter.value()).wants(stored.record));
  }
}

TEST_CASE("filter_says_which_name_may_have_been_meant") {
  Request request;
  Error near = request.refused({.where = "status = 1 and stauts = 502"});
  CHECK(has(near.message,
            "where, column 16: there is no field stauts: did you mean status? (fields.stauts is a field of that"));
  CHECK(take_drawing(near) == "  status = 1 and stauts = 502\n                 ^\n");
  CHECK_FALSE(request.where("fields.stauts = 502"));
  CHECK_FALSE(request.where("order_number = 5"));  // a log has what fields it likes
  auto filter = Filter::make({.where = "order_number = 5 or codee = 1 or status = 1"}, request.terms());
  REQUIRE(filter.ok());
  CHECK_FALSE(Session(*filter.value()).wants(request.record));
  CHECK(filter.value()->unseen_fields() ==
        std::vector<std::string>{"where: no record has a field order_number",
                                 "where: no record has a field codee: did you mean code?"});
  Terms closed = request.terms();
  const std::string_view fields[] = {"rule", "hits"};
  closed.fields = fields;
  auto unknown = Filter::make({.where = "status = 5"}, closed);
  REQUIRE_FALSE(unknown.ok());
  CHECK(has(unknown.error().message, "there is no field status; there are time, level,"));
  CHECK(has(unknown.error().message, "rule, hits"));
}

TEST_CASE("filter_refuses_what_cannot_be_compared") {
  Request request;
  CHECK(has(request.refused({.where = "level contains e"}).message, "column 1: level is compared with ="));
  CHECK(has(request.refused({.where = "level = loud"}).message,
            "column 9: there is no level loud: write one of debug, info,"));
  CHECK(has(request.refused({.where = "time = soon"}).message, "column 8: write a span before now"));
  CHECK(has(request.refused({.where = "path matches /(/"}).message, "column 14: missing )"));
  std::string many = "path matches /a/";
  for (int i = 1; i < 33; ++i) many += " or path matches /a/";
  CHECK(has(request.refused({.where = many}).message, "more than 32 expressions"));
  CHECK(request.refused({.source = std::string(4097, 'x')}).kind == ErrorKind::too_large);
  CHECK(request.refused({.grep = std::string(4097, 'x')}).kind == ErrorKind::too_large);
  CHECK(has(request.refused({.where = std::string(257, 'x') + " = 1"}).message, "at most 256 bytes"));
}
