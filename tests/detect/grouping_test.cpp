#include "detect/grouping.hpp"

#include <string>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

std::string fingerprint_of(std::string_view message, RecordKind kind = RecordKind::text) {
  Record record;
  record.kind = kind;
  record.message = message;
  return fingerprint(record);
}

}  // namespace

TEST_CASE("variable_parts_of_a_message_are_taken_out") {
  const auto is = [](std::string_view message, std::string_view expected) { CHECK(message_template(message) == expected); };
  is("timeout from ip_8390373f after 31 s", "timeout from <ip> after <n> s");
  is("user employee_0011aabb failed 3 times", "user <employee> failed <n> times");
  is("at 2026-05-18 10:00:01.123 took 1,024 ms", "at <n> <n> took <n> ms");
  is("request 9860f048-8b50-4c84-bd5e-4312b96b4e87 died", "request <uuid> died");
  is("segfault at 0x7f65100ee4d8 in libc-2.36.so", "segfault at <hex> in libc-<n>.so");
  is("commit deadbeef01 not found", "commit <hex> not found");
  is("facade decade", "facade decade");  // words of a-f stay words
  is("table 'users' has no column \"na\\\"me\"", "table <s> has no column <s>");
  is("can't open /var/log/app.log", "can't open /var/log/app.log");
  is("worker_3 on node17 lost eth0", "worker_<n> on node<n> lost eth<n>");
  is("key=4711 retry=true", "key=<n> retry=true");
  is("  spaced\t\tout \n here  ", "spaced out here");
  is("\xc3\xa4rger 5", "\xc3\xa4rger <n>");
  is("", "");
}

TEST_CASE("templates_are_bounded") {
  CHECK(message_template(std::string(100'000, 'x') + " tail").size() <= kTemplateBytes);
  CHECK(message_template(std::string(100'000, '\'')).size() <= kTemplateBytes);
  std::string numbers;
  for (int i = 0; i < 10'000; ++i) numbers += "7 ";
  CHECK(message_template(numbers).size() <= kTemplateBytes);
}

TEST_CASE("one_error_has_one_fingerprint_and_two_errors_have_two") {
  CHECK(fingerprint_of("timeout from ip_8390373f after 31 s") == fingerprint_of("timeout from ip_2bcf3253 after 29 s"));
  CHECK(fingerprint_of("timeout from <ip> after 31 s") == fingerprint_of("timeout from ip_2bcf3253 after 29 s"));
  CHECK(fingerprint_of("timeout") != fingerprint_of("time out"));
  CHECK(fingerprint_of("timeout") != fingerprint_of("timeout", RecordKind::web_error));
  const std::string print = fingerprint_of("timeout");
  CHECK(print.size() == kFingerprintDigits);
  // Kept in databases: it must not change from version to version.
  CHECK(print == "926f4dc05fa804f1");
}

TEST_CASE("program_module_and_code_belong_to_the_fingerprint") {
  RecordBatch batch;
  const auto with = [&](FieldId id, std::string_view value) {
    batch.begin_fields();
    batch.add_text(id, value);
    Record record;
    record.message = "timeout";
    batch.end_fields(record);
    return fingerprint(record);
  };
  CHECK(with(field::program, "sshd") != with(field::program, "cron"));
  CHECK(with(field::module, "core") != with(field::program, "core"));
  CHECK(with(field::error_code, "AH00126") != with(field::error_code, "AH00127"));
  CHECK(with(field::pid, "1") == with(field::pid, "2"));
}

TEST_CASE("errors_are_what_the_source_calls_error_or_worse") {
  Record record;
  for (const auto& [severity, error] :
       {std::pair{Severity::warning, false}, {Severity::error, true}, {Severity::critical, true}}) {
    record.severity = severity;
    CHECK(is_error(record) == error);
  }
}
