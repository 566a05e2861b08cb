#include "redact/redactor.hpp"

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::redact;

namespace {

std::string redacted(Redactor& redactor, std::string_view text, Context context = Context::text) {
  Arena arena;
  return std::string(redactor.redact(text, context, arena));
}

Redactor make(Mode mode = Mode::redact, const char* salt = "salt", unsigned digits = 8) {
  Options options;
  options.mode = mode;
  options.salt = salt;
  options.digits = digits;
  return Redactor(std::move(options));
}

// A batch of one access-log record the way a parser makes it: every text a view into the line.
struct AccessLine {
  RecordBatch batch;
  std::string line =
      R"(198.51.100.7 - bob@example.com [10/Oct/2023:11:06:56 +0200] "GET /u?mail=eve%40example.org HTTP/1.1" 200 4321 "-" "Mozilla/5.0 (X11) Chrome/124.0.0.0 Safari/537.36")";

  std::string_view part(std::string_view text) const { return std::string_view(line).substr(line.find(text), text.size()); }
  AccessLine() {
    batch.begin_fields();
    batch.add_ip(field::client_ip, part("198.51.100.7"));
    batch.add_text(field::remote_user, part("bob@example.com"));
    batch.add_text(field::url, part("/u?mail=eve%40example.org"));
    batch.add_text(field::query, part("mail=eve%40example.org"));
    batch.add_integer(field::status, part("200 4321").substr(0, 3), 200);
    batch.add_integer(field::bytes, part("4321"), 4321);
    batch.add_text(field::user_agent, part("Mozilla/5.0 (X11) Chrome/124.0.0.0 Safari/537.36"));
    Record record;
    record.raw = line;
    record.message = part("GET /u?mail=eve%40example.org HTTP/1.1");
    batch.end_fields(record);
    batch.records.push_back(record);
  }
  Record& record() { return batch.records[0]; }
};

RecordBatch lines_of(const std::vector<std::string>& lines) {
  RecordBatch batch;
  for (const std::string& line : lines) {
    Record record;
    record.raw = record.message = batch.arena.copy(line);
    batch.records.push_back(record);
  }
  return batch;
}

}  // namespace

TEST_CASE("a_pseudonym_is_prefix_and_eight_hex_digits_and_depends_on_the_salt") {
  Redactor one = make(), again = make(), other = make(Mode::redact, "pepper");
  const std::string text = redacted(one, "from 203.0.113.9 port 22");
  CHECK_THAT(text, Catch::Matchers::Matches("from ip_[0-9a-f]{8} port 22"));
  CHECK(redacted(again, "from 203.0.113.9 port 22") == text);
  CHECK(redacted(other, "from 203.0.113.9 port 22") != text);
}

TEST_CASE("one_value_has_one_pseudonym_however_it_is_written") {
  Redactor redactor = make();
  CHECK(redacted(redactor, "192.0.2.1") == redacted(redactor, "::ffff:192.0.2.1"));
  CHECK(redacted(redactor, "192.0.2.1") == redacted(redactor, "192.000.002.001"));
  CHECK(redacted(redactor, "2001:DB8:0:0::1") == redacted(redactor, "2001:db8::1"));
  CHECK(redacted(redactor, "Bob@Example.COM") == redacted(redactor, "bob%40example.com"));
  CHECK(redacted(redactor, "4111 1111 1111 1111") == redacted(redactor, "4111111111111111"));
  CHECK(redacted(redactor, "gb82 west 1234 5698 7654 32") == redacted(redactor, "GB82WEST12345698765432"));
  CHECK(redacted(redactor, "+46 (0)8 928 571 38") == redacted(redactor, "+46892857138"));
  CHECK(redacted(redactor, "192.0.2.1") != redacted(redactor, "192.0.2.2"));
}

TEST_CASE("more_digits_tell_more_values_apart_and_begin_the_same") {
  Redactor eight = make(), sixteen = make(Mode::redact, "salt", 16);
  const std::string longer = redacted(sixteen, "192.0.2.1");
  CHECK(longer.size() == 3 + 16);
  CHECK(longer.substr(0, 11) == redacted(eight, "192.0.2.1"));
  CHECK(redacted(sixteen, "2001:db8::1").size() == 3 + 16);
  CHECK(redacted(sixteen, "bob@example.com").size() == 6 + 16);
}

TEST_CASE("remembered_addresses_keep_their_pseudonyms") {
  // More addresses than the memory holds, twice: some are remembered, some were replaced, all are what they were. Longer
  // pseudonyms are never remembered, so their beginning says what is right.
  Pseudonyms remembering("salt", 8), computing("salt", 16);
  int different = 0;
  for (int round = 0; round < 2; ++round)
    for (std::uint32_t i = 0; i < 1'300'000; ++i) {
      const std::uint32_t address = i * 2'654'435'761u;
      char token[11];
      remembering.write_ipv4(address, token);
      if (i % 100 != 0) continue;
      char whole[19];
      computing.write_ipv4(address, whole);
      different += std::string_view(token, sizeof token) != std::string_view(whole, sizeof token);
    }
  CHECK(different == 0);
}

TEST_CASE("threads_that_remember_addresses_together_write_the_same_pseudonyms") {
  const Pseudonyms first("salt", 8);
  std::atomic<int> different = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      Pseudonyms together(first), alone("salt", 16);
      for (std::uint32_t i = 0; i < 400'000; ++i) {
        const std::uint32_t address = (i + thread * 100'000) * 2'654'435'761u;
        char token[11], whole[19];
        together.write_ipv4(address, token);
        if (i % 50 != 0) continue;
        alone.write_ipv4(address, whole);
        different += std::string_view(token, sizeof token) != std::string_view(whole, sizeof token);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(different == 0);
}

TEST_CASE("mask_says_the_kind_and_nothing_else") {
  Redactor redactor = make(Mode::mask);
  CHECK(redacted(redactor, "bob@example.com from 192.0.2.1 and ::1 paid 4111111111111111") ==
        "<email> from <ip> and <ip> paid <card>");
  CHECK(redacted(redactor, "call +49 170 1234567 id 9860f048-8b50-4c84-bd5e-4312b96b4e87") == "call <phone> id <uuid>");
}

TEST_CASE("a_phone_number_ends_before_a_group_that_goes_on_as_something_else") {
  Redactor redactor = make(Mode::mask);
  for (const char* behind : {"10:30:00 ok", "2s", "12ms", "5x", "3/4", "99%", "1700000000123"}) {
    for (const char* number : {"+491701234567", "+49 170 1234567", "+447700900123", "+48601123456"})
      CHECK(redacted(redactor, std::string("sms to ") + number + " " + behind) == std::string("sms to <phone> ") + behind);
    CHECK(redacted(redactor, std::string("tel 0170 1234567 ") + behind) == std::string("tel <phone> ") + behind);
  }
  for (const char* other : {"+49 170 1234567abc", "tel 30-11-2024 10:30", "tel 12 10:30:00", "phone app 1.2.3 10:30"})
    CHECK(redacted(redactor, other) == other);
}

TEST_CASE("an_ipv6_address_may_follow_a_label_and_its_colon") {
  Redactor redactor = make(Mode::mask);
  for (const char* label : {"host:", "client:", "ip:", "x_real_ip:"}) {
    CHECK(redacted(redactor, std::string(label) + "2001:db8::1") == std::string(label) + "<ip>");
    CHECK(redacted(redactor, std::string("a ") + label + "fe80::1\tb") == std::string("a ") + label + "<ip>\tb");
  }
  for (const char* other : {"std::dead::1", "Net::Bad::Face::1", "at:10:30:00", "x::y", "label:1:2:3"})
    CHECK(redacted(redactor, other) == other);
}

TEST_CASE("dry_run_changes_nothing_and_counts") {
  Redactor redactor = make(Mode::dry_run);
  const std::string text = "bob@example.com from 192.0.2.1";
  CHECK(redacted(redactor, text) == text);
  CHECK(redactor.total() == 2);
  CHECK(redactor.counts()[static_cast<std::size_t>(Kind::email)] == 1);
  CHECK(redactor.counts()[static_cast<std::size_t>(Kind::ipv4)] == 1);
  AccessLine access;
  FieldNames names;
  redactor.redact(access.batch, names);
  CHECK(access.record().raw.data() == access.line.data());
  CHECK(access.record().text(field::client_ip) == "198.51.100.7");
  CHECK(redactor.total() == 5);
}

TEST_CASE("redacting_twice_changes_nothing_more") {
  Redactor redactor = make();
  const std::string once =
      redacted(redactor,
               "phone: +49 170 1234567 bob@example.com 192.0.2.1 ::1 4111111111111111 GB82WEST12345698765432 "
               "9860f048-8b50-4c84-bd5e-4312b96b4e87 ghp_0123456789abcdefghijABCDEFGHIJ012345");
  CHECK(redacted(redactor, once) == once);
  CHECK(redacted(redactor, "phone_12345678 ip_00000000 card_11111111") == "phone_12345678 ip_00000000 card_11111111");
}

TEST_CASE("every_text_of_a_record_is_redacted_and_the_same_everywhere") {
  AccessLine access;
  FieldNames names;
  Redactor redactor = make();
  redactor.redact(access.batch, names);
  const Record& record = access.record();
  const std::string ip(record.text(field::client_ip));
  CHECK_THAT(ip, Catch::Matchers::Matches("ip_[0-9a-f]{8}"));
  CHECK_THAT(std::string(record.text(field::remote_user)), Catch::Matchers::Matches("email_[0-9a-f]{8}"));
  const std::string query(record.text(field::query));
  CHECK_THAT(query, Catch::Matchers::Matches("mail=email_[0-9a-f]{8}"));
  CHECK(record.text(field::url) == "/u?" + query);
  CHECK(record.text(field::user_agent) == "Mozilla/5.0 (X11) Chrome/124.0.0.0 Safari/537.36");
  CHECK(record.message == "GET /u?" + query + " HTTP/1.1");
  CHECK(record.raw == ip + " - " + std::string(record.text(field::remote_user)) + " [10/Oct/2023:11:06:56 +0200] \"" +
                          std::string(record.message) +
                          "\" 200 4321 \"-\" \"Mozilla/5.0 (X11) Chrome/124.0.0.0 Safari/537.36\"");
  CHECK(record.find(field::status)->as_integer() == 200);
  // The line holds three; the fields that repeat them do not count again.
  CHECK(redactor.total() == 3);
}

TEST_CASE("what_a_field_says_decides_for_the_line_too") {
  RecordBatch batch;
  FieldNames names;
  const std::string line = R"({"app_version":"10.1.2.3","contactPhone":"0490754081","agent":"see"})";
  batch.begin_fields();
  batch.add_text(names.add("app_version"), std::string_view(line).substr(line.find("10.1.2.3"), 8));
  batch.add_text(names.add("contactPhone"), std::string_view(line).substr(line.find("0490754081"), 10));
  Record record;
  record.raw = record.message = line;
  batch.end_fields(record);
  batch.records.push_back(record);
  Redactor redactor = make(Mode::mask);
  redactor.redact(batch, names);
  CHECK(batch.records[0].raw == R"({"app_version":"10.1.2.3","contactPhone":"<phone>","agent":"see"})");
  CHECK(batch.records[0].message == batch.records[0].raw);
}

TEST_CASE("what_fields_decide_does_not_depend_on_their_order") {
  RecordBatch batch;
  FieldNames names;
  const std::string line = R"({"contactPhone":"0490754081","app_version":"10.1.2.3","ip":"203.0.113.9"})";
  batch.begin_fields();
  batch.add_ip(field::client_ip, std::string_view(line).substr(line.find("203.0.113.9"), 11));
  batch.add_text(names.add("app_version"), std::string_view(line).substr(line.find("10.1.2.3"), 8));
  batch.add_text(names.add("contactPhone"), std::string_view(line).substr(line.find("0490754081"), 10));
  Record record;
  record.raw = record.message = line;
  batch.end_fields(record);
  batch.records.push_back(record);
  Redactor redactor = make(Mode::mask);
  redactor.redact(batch, names);
  CHECK(batch.records[0].raw == R"({"contactPhone":"<phone>","app_version":"10.1.2.3","ip":"<ip>"})");
}

TEST_CASE("escapes_are_undone_in_the_lines_that_have_them") {
  const std::vector<std::string> lines = {
      "plain a@example.com", "x ann%40example.com 2001%3Adb8%3A%3A9", "nothing", "\\u0041\\u0042", "2001%3Adb8%3A%3A9",
      "2001:db8::9"};
  const std::vector<std::string> masked = {"plain <email>", "x <email> <ip>", "nothing", "\\u0041\\u0042", "<ip>", "<ip>"};
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  RecordBatch batch;
  batch.text.resize(text.size());
  std::copy(text.begin(), text.end(), batch.text.data());
  const auto add = [&](std::size_t i) {
    Record record;
    record.raw = record.message = batch.text.view().substr(text.find(lines[i] + '\n'), lines[i].size());
    batch.records.push_back(record);
  };
  for (std::size_t i = 0; i < lines.size(); ++i) add(i);
  add(1);  // out of order
  FieldNames names;
  Redactor redactor = make(Mode::mask);
  redactor.redact(batch, names);
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(batch.records[i].raw == masked[i]);
  CHECK(batch.records.back().raw == masked[1]);
}

TEST_CASE("a_decoded_field_is_found_in_the_line_as_well") {
  RecordBatch batch;
  FieldNames names;
  const std::string line = R"({"fax":"7654321","note":"fine"})";
  batch.begin_fields();
  batch.add_text(names.add("fax"), batch.arena.copy("7654321"));  // not a view into the line
  Record record;
  record.raw = line;
  batch.end_fields(record);
  batch.records.push_back(record);
  Redactor redactor = make(Mode::mask);
  redactor.redact(batch, names);
  CHECK(batch.records[0].raw == R"({"fax":"<phone>","note":"fine"})");
}

TEST_CASE("numbers_are_left_alone_unless_they_can_be_a_card") {
  RecordBatch batch;
  FieldNames names;
  batch.begin_fields();
  batch.add_integer(field::bytes, "1234567", 1'234'567);
  batch.add_integer(names.add("pan"), "4111111111111111", 4'111'111'111'111'111);
  batch.add_integer(names.add("timestamp"), "1446249499322", 1'446'249'499'322);
  Record record;
  batch.end_fields(record);
  batch.records.push_back(record);
  Redactor redactor = make(Mode::mask);
  redactor.redact(batch, names);
  CHECK(batch.records[0].fields[0].kind == Value::Kind::integer);
  CHECK(batch.records[0].fields[1].text() == "<card>");
  CHECK(batch.records[0].fields[2].text() == "1446249499322");
  CHECK(redactor.total() == 1);
}

namespace {

// What a record made of that line, with those fields (decoded: not part of the line), counts in each mode.
std::uint64_t counted(Mode mode, const std::string& line, const std::vector<std::pair<std::string, std::string>>& fields,
                      const std::string& message = {}) {
  RecordBatch batch;
  FieldNames names;
  batch.begin_fields();
  for (const auto& [name, value] : fields) batch.add_text(names.add(name), batch.arena.copy(value));
  Record record;
  record.raw = line;
  record.message = message.empty() ? std::string_view(record.raw) : batch.arena.copy(message);
  batch.end_fields(record);
  batch.records.push_back(record);
  Redactor redactor = make(mode);
  redactor.redact(batch, names);
  return redactor.total();
}

}  // namespace

TEST_CASE("what_is_masked_counts_once_in_every_mode") {
  for (Mode mode : {Mode::redact, Mode::mask, Mode::dry_run}) {
    CAPTURE(mode_name(mode));
    // Escaped in the line, plain in the field and the message: one.
    CHECK(counted(mode, R"({"user":"ann\u0040example.com"})", {{"user", "ann@example.com"}}, "by ann@example.com") == 1);
    // In two places of the line: two.
    CHECK(counted(mode, "203.0.113.9 203.0.113.9", {{"a", "203.0.113.9"}}) == 2);
    // Decoded from what the line has in no readable form: one, however many texts show it.
    CHECK(counted(mode, "[50,48,51]", {{"cmd", "203.0.113.9"}, {"again", "203.0.113.9"}}, "x 203.0.113.9") == 1);
    // No line at all: each value once, names of fields too.
    CHECK(counted(mode, "", {{"by_ip.203.0.113.9", "3"}, {"to", "ann@example.com"}}, "mail to ann@example.com") == 2);
    // A name that stands in the line is the line's.
    CHECK(counted(mode, R"({"users":{"ann@example.com":1}})", {{"users.ann@example.com", "1"}}) == 1);
  }
}

TEST_CASE("items_of_a_list_are_masked_as_they_are_shown") {
  RecordBatch batch;
  FieldNames names;
  const std::string line = R"({"to":["x","ann\u0040example.com"]})";
  auto* items = batch.arena.array<Value>(2);
  new (&items[0]) Value;
  new (&items[1]) Value;
  items[0].set_text("x");
  items[1].set_text("ann@example.com");
  auto* list = batch.arena.array<ValueList>(1);
  *list = {items, 2};
  batch.begin_fields();
  Value& value = batch.add_text(names.add("to"), "[\"x\",…]");
  value.kind = Value::Kind::list;
  value.as.list = list;
  Record record;
  record.raw = record.message = line;
  batch.end_fields(record);
  batch.records.push_back(record);
  Redactor redactor = make(Mode::mask);
  redactor.redact(batch, names);
  const Value& masked = *batch.records[0].fields;
  REQUIRE(masked.kind == Value::Kind::list);
  CHECK(masked.as_list().items[0].text() == "x");
  CHECK(masked.as_list().items[1].text() == "<email>");
  CHECK(masked.text() == "[x,<email>]");
  CHECK(batch.records[0].raw == R"({"to":["x","<email>"]})");
  CHECK(redactor.total() == 1);
}

TEST_CASE("a_field_that_is_named_a_secret_is_masked_whole") {
  RecordBatch batch;
  FieldNames names;
  const std::string line = "password=hun ter2 db.clientSecret=x access_token=y tokens=12 token=12 Signature=Ann";
  const auto part = [&](std::string_view text) { return std::string_view(line).substr(line.find(text), text.size()); };
  batch.begin_fields();
  batch.add_text(names.add("password"), part("hun ter2"));
  batch.add_text(names.add("db.clientSecret"), part("x access").substr(0, 1));
  batch.add_text(names.add("access_token"), part("y tokens").substr(0, 1));
  batch.add_integer(names.add("token"), part("12 Sig").substr(0, 2), 12);
  batch.add_text(names.add("Signature"), part("Ann"));
  Record record;
  record.raw = record.message = line;
  batch.end_fields(record);
  batch.records.push_back(record);
  Redactor redactor = make(Mode::mask);
  redactor.redact(batch, names);
  CHECK(batch.records[0].raw ==
        "password=<token> db.clientSecret=<token> access_token=<token> tokens=12 token=12 Signature=Ann");
  CHECK(batch.records[0].fields[0].text() == "<token>");
  CHECK(batch.records[0].fields[3].as_integer() == 12);
}

TEST_CASE("a_private_key_is_followed_over_lines_until_it_ends") {
  RecordBatch batch =
      lines_of({"start", "-----BEGIN RSA PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED", "", "MIIEowIBAAKCAQEAx0",
                "q1w2e3r4t5y6==", "-----END RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEAx0"});
  FieldNames names;
  Redactor redactor = make(Mode::mask);
  redactor.redact(batch, names);
  CHECK(batch.records[0].raw == "start");
  for (std::size_t i : {1u, 2u, 4u, 5u, 6u}) CHECK(batch.records[i].raw == "<key>");
  CHECK(batch.records[3].raw.empty());
  CHECK(batch.records[7].raw == "MIIEowIBAAKCAQEAx0");
}

TEST_CASE("a_key_whose_end_never_comes_does_not_swallow_the_log") {
  RecordBatch batch = lines_of({"-----BEGIN PRIVATE KEY-----", "MIIEow", "2026-05-18 10:00:01 user logged in", "MIIEow"});
  FieldNames names;
  Redactor redactor = make(Mode::mask);
  redactor.redact(batch, names);
  CHECK(batch.records[1].raw == "<key>");
  CHECK(batch.records[2].raw == "2026-05-18 10:00:01 user logged in");
  CHECK(batch.records[3].raw == "MIIEow");

  RecordBatch open = lines_of({"-----BEGIN PRIVATE KEY-----"});
  redactor.redact(open, names);
  redactor.begin_source();
  RecordBatch next = lines_of({"MIIEow"});
  redactor.redact(next, names);
  CHECK(next.records[0].raw == "MIIEow");
}

TEST_CASE("secrets_are_cut_out_and_what_names_them_stays") {
  Redactor redactor = make(Mode::mask);
  CHECK(redacted(redactor, "Authorization: Bearer abcdef0123456789abcdef") == "Authorization: Bearer <token>");
  CHECK(redacted(redactor, "authorization: basic dXNlcjpwYXNz") == "authorization: basic <token>");
  CHECK(redacted(redactor, "postgresql://app:hunter2@db:5432/x") == "postgresql://app:<token>@db:5432/x");
  CHECK(redacted(redactor, "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX") ==
        "https://hooks.slack.com/<token>");
}

TEST_CASE("a_password_in_a_url_ends_where_the_userinfo_does") {
  Redactor redactor = make(Mode::mask);
  const auto check = [&](const char* text, const char* wanted) { CHECK(redacted(redactor, text) == wanted); };
  check("connect postgres://u:pa:ss@db/x", "connect postgres://u:<token>@db/x");
  check("connect postgres://u:pa@ss@db/x", "connect postgres://u:<token>@db/x");
  check("redis://:se:c@ret@[::1]:6379/0", "redis://:<token>@[<ip>]:6379/0");
  check("//u:p@h/x", "//u:<token>@h/x");
  check("'mysql://u:p'", "'mysql://u:p'");
  check("mysql://u:it's@h", "mysql://u:<token>@h");
  check("('amqp://a:b@c','x:y@z')", "('amqp://a:<token>@c','x:y@z')");
  check("mongodb://u:p,q@h1:1,h2:2/d", "mongodb://u:<token>@h1:1,h2:2/d");
  check("http://u:p/s#s@h/x", "http://u:<token>@h/x");
  check("http://h:80/@x http://h/a:b@c https://git@host/x", "http://h:80/@x http://h/a:b@c https://git@host/x");
  check("https://0123456789abcdef0123456789abcdef@o1.ingest.example/2", "https://<token>@o1.ingest.example/2");
  check("https://abcdefghij0123456789:x-oauth-basic@example.com", "https://<token>@example.com");
  check("root:p@w@tcp(db:3306)/x", "root:<token>@tcp(db:3306)/x");
  check("jdbc:oracle:thin:scott/tiger@//h:1521/s", "jdbc:oracle:thin:scott/<token>@//h:1521/s");
  check(R"({"u":"http:\/\/u:pa:ss@h\/x"})", R"({"u":"http:\/\/u:<token>@h\/x"})");
  check("next=postgres%3A%2F%2Fu%3Apa%3Ass%40db%2Fx", "next=postgres%3A%2F%2Fu%3A<token>%40db%2Fx");
  check("https://u:abc-sk_live_0123456789ab@h/", "https://u:<token>@h/");
}

TEST_CASE("the_value_of_a_name_that_says_secret_ends_where_its_grammar_ends") {
  Redactor redactor = make(Mode::mask);
  const auto check = [&](const char* text, const char* wanted) { CHECK(redacted(redactor, text) == wanted); };
  check("host=h user=u password=hun!ter2 dbname=x", "host=h user=u password=<token> dbname=x");
  check("password='a b''c' x=1", "password='<token>' x=1");
  // A working directory, as sudo writes it.
  check("anna : TTY=pts/0 ; PWD=/home/anna ; USER=root", "anna : TTY=pts/0 ; PWD=/home/anna ; USER=root");
  check("password='a\\'b c' x=1", "password='<token>' x=1");
  check(R"(password="a b\"c" x=1)", R"(password="<token>" x=1)");
  check("Server=h;Uid=u;Pwd={a;b}}c};Port=1", "Server=h;Uid=u;Pwd={<token>};Port=1");
  check("Password=a,b;X=1", "Password=<token>;X=1");
  check("password=a, user=b", "password=<token>, user=b");
  check("(password=abc)", "(password=<token>)");
  check("GET /x?api_key=abc-1&x=1 HTTP/1.1", "GET /x?api_key=<token>&x=1 HTTP/1.1");
  check("?X-Amz-Signature=0123456789abcdef&y", "?X-Amz-Signature=<token>&y");
  check("?sv=1&sig=abc%2Bdefghijk0123456%3D", "?sv=1&sig=<token>");
  check(R"(context {"api_key": "x\"y", "db_password":"z"})", R"(context {"api_key": "<token>", "db_password":"<token>"})");
  check(R"("{\"token\":\"abc\",\"x\":1}")", R"("{\"token\":\"<token>\",\"x\":1}")");
  check("['password' => 'x y', 'a' => 1]", "['password' => '<token>', 'a' => 1]");
  check("Cookie: a=b; access_token=xyz; c=d", "Cookie: a=b; access_token=<token>; c=d");
  check("X-Api-Key: abc123", "X-Api-Key: <token>");
  check("Authorization: Token abc123", "Authorization: Token <token>");
  check("Authorization: Bearer short", "Authorization: Bearer <token>");
  check(R"("Authorization":"Basic dXNlcjpw\/YXNz=="})", R"("Authorization":"Basic <token>"})");
  check("next=a%26password%3Dhunter2", "next=a%26password%3D<token>");
  check("password=abc\\nnext line", "password=<token>\\nnext line");
  check("clientSecret=abc userToken=def", "clientSecret=<token> userToken=<token>");
  for (const char* harmless :
       {"using password: YES", "password: incorrect", "compass=north", "token=12", "tokens=abc", "password=", "secret=null",
        "password=********", "token=Token{a64f992 u0}", "password=<token>", "token=token_12345678", "bypass=yes",
        "signature=none", "Failed password for root", "on: off", "design=x"})
    CHECK(redacted(redactor, harmless) == harmless);
}

TEST_CASE("escaped_personal_data_is_masked_and_has_the_same_pseudonym") {
  Redactor mask = make(Mode::mask), redactor = make();
  const auto check = [&](const char* text, const char* wanted) { CHECK(redacted(mask, text) == wanted); };
  check("call /where?ip=2001%3Adb8%3A%3A9", "call /where?ip=<ip>");
  check("call /where?ip=2001%253Adb8%253A%253A9&x", "call /where?ip=<ip>&x");
  check("x=192%2E0%2E2%2E1", "x=<ip>");
  check("m=bob%2Btag%40example.com", "m=<email>");
  check(R"({"a":"ann\u0040example.com"})", R"({"a":"<email>"})");
  check(R"("{\"a\":\"ann\\u0040example.com\"}")", R"("{\"a\":\"<email>\"}")");
  check(R"(\u0027ann@example.com\u0027)", R"(\u0027<email>\u0027)");
  check(R"(\x22ann\x40example.com\x22)", R"(\x22<email>\x22)");
  check("card=4111%201111%201111%201111", "card=<card>");
  check("tel%20123-4567", "tel%20<phone>");
  check("line#01210.0.0.1 x", "line#012<ip> x");
  check("from ::ffff:203.0.113.9 fe80::1%eth0 fe80::1%12", "from <ip> <ip>%eth0 <ip>%12");
  check("%5B2001:db8::1%5D%3A80", "%5B<ip>%5D%3A80");
  check("100%25 %7Euser C:\\new\\x", "100%25 %7Euser C:\\new\\x");
  CHECK(redacted(redactor, "2001%3Adb8%3A%3A9") == redacted(redactor, "2001:db8::9"));
  CHECK(redacted(redactor, "192%2E0%2E2%2E1") == redacted(redactor, "192.0.2.1"));
  CHECK(redacted(redactor, "ann\\u0040example.com") == redacted(redactor, "ann@example.com"));
  CHECK(redacted(redactor, "fe80::1%41") == redacted(redactor, "fe80::1") + "%41");
}

TEST_CASE("digits_in_identifiers_are_no_cards_and_versions_no_addresses") {
  Redactor redactor = make(Mode::mask);
  for (const char* harmless : {"blk_4162832865986721185",
                               "blk_-4980916519894289629 ok",
                               "order-4111111111111111",
                               "4111111111111111-a",
                               "4111111111111111_1",
                               "a.4111111111111111.log",
                               "550e8400-e29b-41d4-a716-446655440000x",
                               "x4111111111111111",
                               "Package_for_KB3121255~31bf3856ad364e35~amd64~~6.1.1.0",
                               "1.2.3.4~rc1",
                               "bash 1.2.3.4-1",
                               "foo-1.2.3.4.jar",
                               "v1.2.3.4",
                               "Version=4.0.0.0, Culture=neutral",
                               "version 10.0.19041.1",
                               "1.3.6.1",
                               "oid: 2.5.4.3",
                               "1.3.6.1.4.1.311",
                               "rev 1.2.3.4",
                               "telemetry 3074185296",
                               "cell_id=3074185296",
                               "mobile app 3074185296",
                               "tel_id=3074185296",
                               "fax job 3074185296",
                               "cellular 3074185296",
                               "sms queue 3074185296",
                               "phonetic 3074185296",
                               "Phone: 2024-04-16 10:11",
                               "mobile id 307 418 5296"})
    CHECK(redacted(redactor, harmless) == harmless);
  const auto check = [&](const char* text, const char* wanted) { CHECK(redacted(redactor, text) == wanted); };
  check("client=203.0.113.9", "client=<ip>");
  check("[203.0.113.9]:22 user@203.0.113.9 /203.0.113.9:50010", "[<ip>]:22 user@<ip> /<ip>:50010");
  check("10.0.0.1-10.0.0.9 DS-1-10.0.0.1-50010-2", "<ip>-<ip> DS-1-<ip>-50010-2");
  check("203.0.113.9.log access-203.0.113.9.log.gz", "<ip>.log access-<ip>.log.gz");
  check("Phone: 0490 75 40 81", "Phone: <phone>");
  check("Phone: 1988 12 24 30", "Phone: <phone>");
  check("phoneNumber=3074185296 telefonnummer: 0490754081 homePhone 0490754081",
        "phoneNumber=<phone> telefonnummer: <phone> homePhone <phone>");
  check("my phone number is 3074185296", "my phone number is <phone>");
  check("pan=4111111111111111, -4111111111111111", "pan=<card>, -<card>");
}

TEST_CASE("own_patterns_come_first_and_bring_their_prefix") {
  auto pattern = Pattern::compile("employee_id", R"(\bEMP-\d{4,8}\b)", "employee");
  REQUIRE(pattern.ok());
  Options options;
  options.salt = "salt";
  options.patterns.push_back(std::move(pattern).value());
  Redactor redactor(std::move(options));
  CHECK_THAT(redacted(redactor, "by EMP-1234 from 192.0.2.1"),
             Catch::Matchers::Matches("by employee_[0-9a-f]{8} from ip_[0-9a-f]{8}"));
}

TEST_CASE("empty_binary_and_hostile_texts_do_no_harm") {
  Redactor redactor = make();
  CHECK(redacted(redactor, "").empty());
  const std::string nul("a\0b\xff\xfe", 5);
  CHECK(redacted(redactor, nul) == nul);
  for (const char* piece :
       {"@", "1.1.", "::", "1 ", "eyJ", "-----BEGIN PRIVATE KEY-----", "+1 ", "GB82", "a@", "1:", "(1) "}) {
    std::string text;
    while (text.size() < 200'000) text += piece;
    CHECK(redacted(redactor, text).size() > 0);
  }
}

// What is decoded is looked for in its line: each value once, and not without end.
TEST_CASE("a_line_full_of_decoded_values_is_redacted_in_the_time_of_its_length") {
  const auto record_of = [](RecordBatch& batch, const std::string& values) {
    batch.begin_fields();
    batch.add_text(field::user_agent, batch.arena.copy("x\t" + values));
    Record record;
    record.raw = batch.arena.copy("{\"m\":\"x\\t" + values + "\"}");
    record.message = batch.arena.copy("x\t" + values);
    batch.end_fields(record);
    batch.records.push_back(record);
  };
  const FieldNames names;
  std::string same, different;
  for (int i = 0; i < 20'000; ++i) same += "anna@b.example ";
  for (int i = 0; i < 30'000; ++i) different += "u" + std::to_string(i) + "@b.example ";
  for (const std::string& values : {same, different}) {
    Redactor redactor = make();
    RecordBatch batch;
    record_of(batch, values);
    redactor.redact(batch, names);
    const Record& record = batch.records[0];
    for (const std::string_view shown : {record.raw, record.message, record.fields[0].text()})
      CHECK(shown.find("@b.example") == std::string_view::npos);
    if (values == same) CHECK(redactor.counts()[static_cast<std::size_t>(Kind::email)] == 20'000);
    CHECK(redactor.total() >= 1);
  }
}

// A block's lines are searched together, parts in which nothing was found are remembered: neither may show.
TEST_CASE("lines_of_a_block_are_redacted_as_each_on_its_own") {
  const std::vector<std::string> pieces = {"198.51.100.7",
                                           "1.2",
                                           ".3.4",
                                           "4111 1111 1111 1111",
                                           "4111",
                                           " 1111-1111",
                                           "+44 20 7946 0958",
                                           "bob@",
                                           "example.org",
                                           "@",
                                           "%40",
                                           "2001:db8::1",
                                           "::",
                                           "12345678-1234-1234-",
                                           "1234-123456789abc",
                                           "-----BEGIN ",
                                           "eyJ",
                                           "GB33BUKB20201555555555",
                                           "Bearer abcdefgh12345678",
                                           "Chrome/124.0.0.0 Safari/537.36 ",
                                           "537.36 (KHTML) 10_15_7 124.0.0.0 +1 5",
                                           " ",
                                           "\"",
                                           "x",
                                           "7",
                                           "200 12345 "};
  std::mt19937 random(11);
  Redactor together = make(), alone = make();
  for (int round = 0; round < 300; ++round) {
    std::string text;
    struct Line {
      std::size_t at, size, from, part;
    };
    std::vector<Line> lines;
    for (int i = 0; i < 12; ++i) {
      Line line{text.size(), 0, 0, 0};
      for (std::size_t n = random() % 7; n > 0; --n) text += pieces[random() % pieces.size()];
      line.size = text.size() - line.at;
      line.from = random() % (line.size + 1);
      line.part = random() % (line.size - line.from + 1);
      lines.push_back(line);
      if (i < 11 || random() % 2 == 0) text += random() % 4 == 0 ? "\r\n" : "\n";
    }
    const FieldNames names;
    const auto fill = [&](RecordBatch& batch) {
      batch.text.resize(text.size());
      std::copy(text.begin(), text.end(), batch.text.data());
      const std::string_view block = batch.text.view();
      for (const Line& line : lines) {
        Record record;
        record.raw = record.message = block.substr(line.at, line.size);
        batch.begin_fields();
        // The same texts as a user agent and as text: what is remembered of one is not said of the other.
        batch.add_text(field::user_agent, record.raw.substr(line.from, line.part));
        batch.add_text(field::url, record.raw.substr(line.from, line.part));
        batch.add_text(field::path, record.raw.substr(line.from / 2, line.part));
        batch.end_fields(record);
        batch.records.push_back(record);
      }
    };
    RecordBatch block, single;
    fill(block);
    fill(single);
    together.begin_source();
    alone.begin_source();
    together.redact(block, names);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      Redactor fresh = make();  // remembers nothing
      fresh.continue_source(alone.open_key());
      fresh.redact(single.records[i], single.arena, names);
      alone.continue_source(fresh.open_key());
      CAPTURE(text, i);
      REQUIRE(block.records[i].raw == single.records[i].raw);
      REQUIRE(block.records[i].message == single.records[i].message);
      for (std::uint32_t f = 0; f < single.records[i].field_count; ++f)
        REQUIRE(block.records[i].fields[f].text() == single.records[i].fields[f].text());
    }
  }
}
