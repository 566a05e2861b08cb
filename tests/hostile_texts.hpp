// Texts made to break what reads them: everything the rules for labels look at, empty, unclosed, nested, doubled, as long as
// the bounds and one byte to either side of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/limits.hpp"
#include "core/message.hpp"
#include "core/path.hpp"

namespace logystera::test {

/// What no label of kind `message` or `path` may show; each of the texts `secret_texts` makes holds it.
inline constexpr std::string_view kQuotedSecret = "Hunter2Hunter2";

inline std::vector<std::string> hostile_texts() {
  using namespace std::string_view_literals;
  const std::string_view pieces[] = {"=()"sv,
                                     "=("sv,
                                     "()"sv,
                                     ")"sv,
                                     "=(x)"sv,
                                     "=(=("sv,
                                     "'"sv,
                                     "''"sv,
                                     "\""sv,
                                     "\\"sv,
                                     "'\\"sv,
                                     "a'b"sv,
                                     "\u2018"sv,
                                     "\u2019"sv,
                                     "\u201c\u201d"sv,
                                     "\xE2\x80"sv,
                                     "\xFF"sv,
                                     "\xC3("sv,
                                     "\xF0\x9F\x98\x80"sv,
                                     "\xED\xA0\x80"sv,
                                     "@"sv,
                                     "a@"sv,
                                     "@a"sv,
                                     "a@b."sv,
                                     "1"sv,
                                     "12345678"sv,
                                     "1.5"sv,
                                     "0x"sv,
                                     "user/1"sv,
                                     "/user/1"sv,
                                     "/user/%31%2e"sv,
                                     "%2F"sv,
                                     "%"sv,
                                     "%4"sv,
                                     "/"sv,
                                     "//"sv,
                                     "?"sv,
                                     "#"sv,
                                     "token="sv,
                                     "token=\0"sv,
                                     "password:"sv,
                                     "pass=>"sv,
                                     "secret=\""sv,
                                     "bearer "sv,
                                     "Authorization: Basic "sv,
                                     "Stack trace:"sv,
                                     "eyJ.a.b"sv,
                                     "0123456789abcdef0123"sv,
                                     "\0"sv,
                                     "\x1f"sv,
                                     "\n"sv,
                                     " "sv,
                                     "<?php"sv,
                                     "{\"a\":"sv,
                                     "}}\n{"sv};
  const std::size_t bounds[] = {limits::kStringBytes, kPathBytesMax, kMessageBytesMax, limits::kEventBytes};
  std::vector<std::string> texts = {""};
  for (const std::string_view first : pieces) {
    texts.emplace_back(first);
    for (const std::string_view second : pieces)
      texts.push_back(std::string(first).append(second).append("x").append(first));
    for (const std::size_t bound : bounds) {
      std::string many;
      while (many.size() < bound + 1) many.append(first);
      for (const std::size_t size : {bound - 1, bound, bound + 1}) texts.push_back(many.substr(0, size));
    }
  }
  return texts;
}

/// Errors that quote kQuotedSecret in each of the ways the rule for messages knows.
inline std::vector<std::string> secret_texts() {
  const std::string secret(kQuotedSecret);
  std::vector<std::string> texts;
  for (const char* before : {"", "=()", "=(", "it's ", "'", "user/1 ", "\xFF", "\xE2\x80\x98", "x=()y=()"}) {
    for (const std::string& named :
         {"password=" + secret, "token: " + secret, "'" + secret + "'", "\"" + secret + "\"", "(name)=(" + secret + ")",
          secret + "@example.org", "pass => " + secret, "Authorization: Bearer " + secret,
          "secret=" + std::string("a\0", 2) + secret, "Stack trace: " + secret}) {
      texts.push_back(before + (" " + named) + " is wrong");
    }
  }
  return texts;
}

}  // namespace logystera::test
