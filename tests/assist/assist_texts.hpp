// What the tests of the assistant plant: a value of every kind of personal data, and the ways it might leave.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <vector>

#include "assist/redacted.hpp"
#include "catch.hpp"
#include "core/base64.hpp"
#include "core/json_text.hpp"

namespace logystera::testing {

struct Planted {
  std::string kind;
  std::string value;  // must not leave
  std::string text;   // as it stands in a log
};

inline std::vector<Planted> every_kind() {
  return {
      {"own", "EMP-4711990", "badge EMP-4711990 opened the door"},
      {"key", "MIIEowIBAAKCAQEAx3vJq8nVhkZ0rYt",
       "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx3vJq8nVhkZ0rYt\n-----END RSA PRIVATE KEY-----"},
      {"jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIn0.c2lnbmF0dXJlLW9mLXRoaXM",
       "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIn0.c2lnbmF0dXJlLW9mLXRoaXM used"},
      {"token", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "push with ghp_16C7e42F292c6912E7710c838347Ae178B4a refused"},
      {"password", "Hunter2Hunter2", "https://admin:Hunter2Hunter2@db.internal/ is down"},
      {"email", "planted.person@example.com", "mail from planted.person@example.com bounced"},
      {"uuid", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "session 3f2504e0-4f89-41d3-9a0c-0305e82c3301 ended"},
      {"iban", "DE89370400440532013000", "debit of DE89370400440532013000 failed"},
      {"card", "4111111111111111", "charge to 4111111111111111 declined"},
      {"ipv4", "203.0.113.77", "connection from 203.0.113.77 closed"},
      {"ipv6", "2001:db8:4711::99", "connection from 2001:db8:4711::99 closed"},
      {"phone", "+49 30 901820", "called +49 30 901820 in vain"},
  };
}

inline std::vector<redact::Pattern> own_patterns() {
  std::vector<redact::Pattern> patterns;
  patterns.push_back(redact::Pattern::compile("employee_id", R"(\bEMP-\d{4,8}\b)", "employee").value());
  return patterns;
}

inline redact::Options redact_options(redact::Mode mode) {
  redact::Options options;
  options.mode = mode;
  options.salt = "a salt of tests";
  options.patterns = own_patterns();
  return options;
}

inline assist::Redaction redaction_of(redact::Mode mode = redact::Mode::redact) {
  return assist::Redaction::make(redact_options(mode)).value();
}

/// The value as it is, and as encodings write it.
inline std::vector<std::string> forms_of(std::string_view value) {
  std::vector<std::string> forms{std::string(value)};
  JsonText json;
  json.string(value);
  const std::string quoted = json.take();
  forms.push_back(quoted.substr(1, quoted.size() - 2));
  std::string url, escaped;
  for (const char c : value) {
    url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    escaped += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
  }
  forms.push_back(url);
  forms.push_back(escaped);
  for (std::size_t shift = 0; shift < 3; ++shift) {  // base64 of it in the middle of something
    const std::string padded = std::string(shift, 'x') + std::string(value);
    std::string encoded = base64(padded.substr(0, padded.size() / 3 * 3));
    forms.push_back(encoded.substr(shift == 0 ? 0 : 4));
  }
  return forms;
}

/// Whether it stands in `text` in any form, or with the marks of JSON between its pieces.
inline bool leaks(std::string_view text, std::string_view value) {
  for (const std::string& form : forms_of(value))
    if (form.size() > 3 && text.find(form) != std::string_view::npos) return true;
  const auto bare = [](std::string_view of) {
    std::string out;
    for (const char c : of)
      if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) out += c;
    return out;
  };
  return bare(text).find(bare(value)) != std::string::npos;
}

}  // namespace logystera::testing
