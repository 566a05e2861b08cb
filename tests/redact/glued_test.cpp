// Findings that touch: of two that stand beside each other with nothing, or little, between, neither hides the other.
#include <re2/re2.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "redact/redactor.hpp"

using namespace logystera;
using namespace logystera::redact;

namespace {

struct Sample {
  Kind kind;
  const char* text;
};
// One or more of each kind, as long as they can be told from what is beside them.
const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {
      {Kind::own, "EMP-004711"},
      {Kind::private_key, "-----BEGIN PRIVATE KEY-----MIIEvQIBADANBgkqhkiG9w0BAQEF-----END PRIVATE KEY-----"},
      {Kind::jwt, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"},
      {Kind::token, "ghp_0123456789abcdefghijABCDEFGHIJ012345"},
      {Kind::token, "Bearer mF_9.B5f-4.1JqM5f-4.1JqM"},
      {Kind::token, "https://ann:s3cr3tpass@host.example/"},
      {Kind::token, "password=hunter2hunter2"},
      {Kind::email, "a@b.example"},
      {Kind::email, "a%40b.example"},
      {Kind::uuid, "9860f048-8b50-4c84-bd5e-4312b96b4e87"},
      {Kind::iban, "GB82WEST12345698765432"},
      {Kind::iban, "GB82 WEST 1234 5698 7654 32"},
      {Kind::card, "4111111111111111"},
      {Kind::card, "4111 1111 1111 1111"},
      {Kind::card, "4111-1111-1111-1111"},
      {Kind::ipv6, "2001:db8::8a2e:370:7334"},
      {Kind::ipv6, "::ffff:192.0.2.77"},
      {Kind::ipv4, "198.51.100.23"},
      {Kind::phone, "+49 30 901820"},
      {Kind::phone, "+4930901820"},
      {Kind::phone, "%2B4930901820"},
      {Kind::phone, "(212) 555-0123"},
      {Kind::phone, "212-555-0123"},
      {Kind::phone, "0049 30 901820"},
  };
  return all;
}

Redactor make(Mode mode) {
  Options options;
  options.mode = mode;
  options.salt = "salt";
  options.patterns.push_back(std::move(Pattern::compile("staff", "EMP-[0-9]{6}", "staff")).value());
  return Redactor(std::move(options));
}

std::string redacted(Redactor& redactor, std::string_view text) {
  Arena arena;
  return std::string(redactor.redact(text, Context::text, arena));
}

// A redacted text as it would have been masked.
std::string masked_pseudonyms(std::string text) {
  static const re2::RE2 pseudonym("(staff|key|jwt|token|email|uuid|iban|card|ip|phone)_[0-9a-f]{8}");
  re2::RE2::GlobalReplace(&text, pseudonym, "<\\1>");
  return text;
}

}  // namespace

TEST_CASE("of_every_two_kinds_that_touch_nothing_is_left_for_a_second_look") {
  const std::vector<std::string> glues = {"",  "+", "-", ".",   ",",   ";", ":", "/", "@", "=", "_", "(",
                                          ")", "&", "|", "%20", "\\n", "'", "#", "$", "x", "0", " "};
  Redactor mask = make(Mode::mask), redact = make(Mode::redact);
  int wrong = 0;
  for (const Sample& a : samples())
    for (const Sample& b : samples())
      for (const std::string& glue : glues) {
        if (wrong > 10) return;
        const std::string text = std::string(a.text) + glue + b.text;
        const std::string once = redacted(mask, text), twice = redacted(mask, once);
        const std::string shown = masked_pseudonyms(redacted(redact, text));
        CAPTURE(text);
        wrong += once != twice || once != shown;
        CHECK(once == twice);
        CHECK(once == shown);  // the same places in every mode
      }
}

TEST_CASE("a_finding_is_no_part_of_its_neighbour") {
  Redactor mask = make(Mode::mask);
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"a@b.example+49 30 901820", "<email><phone>"},
      {"a@b.example%2B4930901820", "<email><phone>"},
      {"4111111111111111-EMP-004711", "<card>-<staff>"},
      {"EMP-004711a@b.example", "<staff><email>"},
      {"0049 30 901820 198.51.100.23", "<phone> <ip>"},
      {"198.51.100.23:0049 30 901820", "<ip>:<phone>"},
      {"2001:db8::8a2e:370:7334a@b.example", "<ip>:<email>"},
      // What one leaves of another is no less the other's.
      {"4111 1111 1111 1111@b.example", "<token> <email>"},
      {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.EMP-004711dozjgNryP4J3jVmNHl0w5N", "<token>.<staff><token>"},
      {"password=hunter2EMP-004711hunter2", "password=<token><staff><token>"},
      // But a host is nobody's address.
      {"https://ann:secret@host.example/", "https://ann:<token>@host.example/"},
      // Nor is a mask the word beside a number.
      {"+49 30 901820 1234567", "<phone> 1234567"},
      {"client 198.51.100.23:52345, x", "client <ip>:52345, x"},
  };
  for (const auto& [text, expected] : cases) {
    CAPTURE(text);
    CHECK(redacted(mask, text) == expected);
    CHECK(redacted(mask, expected) == expected);
  }
}

TEST_CASE("a_line_of_many_that_touch_is_searched_in_proportion_to_its_length") {
  // Each is found only once the one before it is; the redactor looks a bounded number of bytes around each.
  const auto steps = [](int count) {
    std::string text = "a@b.example";
    for (int i = 0; i < count; ++i) text += "+49309018" + std::to_string(10 + i % 90);
    Redactor mask = make(Mode::mask);
    const std::string once = redacted(mask, text);
    CHECK(once.find("49") == std::string::npos);
    CHECK(mask.counts()[static_cast<std::size_t>(Kind::phone)] == static_cast<std::uint64_t>(count));
  };
  steps(10);
  steps(20'000);  // hours, were each look a look at all that follows
}

TEST_CASE("fields_and_line_agree_about_findings_that_touch") {
  const std::string line = R"(198.51.100.7 GET /u?m=a@b.example+49%2030%20901820 "EMP-004711Chrome/124.0.0.0 x")";
  const auto part = [&](std::string_view text) { return std::string_view(line).substr(line.find(text), text.size()); };
  RecordBatch batch;
  batch.begin_fields();
  batch.add_ip(field::client_ip, part("198.51.100.7"));
  batch.add_text(field::url, part("/u?m=a@b.example+49%2030%20901820"));
  batch.add_text(field::user_agent, part("EMP-004711Chrome/124.0.0.0 x"));
  Record record;
  record.raw = line;
  record.message = part("GET /u?m=a@b.example+49%2030%20901820");
  batch.end_fields(record);
  batch.records.push_back(record);
  Redactor mask = make(Mode::mask);
  FieldNames names;
  mask.redact(batch, names);
  const Record& redacted = batch.records[0];
  CHECK(redacted.raw == R"(<ip> GET /u?m=<email><phone> "<staff>Chrome/124.0.0.0 x")");
  CHECK(redacted.message == "GET /u?m=<email><phone>");
  CHECK(redacted.text(field::url) == "/u?m=<email><phone>");
  CHECK(redacted.text(field::user_agent) == "<staff>Chrome/124.0.0.0 x");
}
