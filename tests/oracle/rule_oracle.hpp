// What a rule means, said as simply as it can be said and with nothing shared with the engine but the rule itself: no index,
// no memory of earlier answers, no folded copies, no short cuts. The definition of right for detection.
#pragma once

#include <re2/re2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/record.hpp"
#include "detect/rule.hpp"
#include "detect/text.hpp"

namespace logystera::oracle {

using namespace logystera::detect;

// Simple case folding by ICU; the engine has utf8proc's. Bytes that are no UTF-8 stay.
inline std::string lower(const std::string& text) {
  std::string out;
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t at = 0; at < size;) {
    const int32_t from = at;
    UChar32 c = 0;
    U8_NEXT(text.data(), at, size, c);
    if (c < 0) {
      out.append(text, static_cast<std::size_t>(from), static_cast<std::size_t>(at - from));
      continue;
    }
    char bytes[U8_MAX_LENGTH];
    int32_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, u_foldCase(c, U_FOLD_CASE_DEFAULT));
    out.append(bytes, static_cast<std::size_t>(length));
  }
  return out;
}

inline std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

// One thing a test looks at.
struct Seen {
  Value::Kind kind;
  std::string text;
  double number;
  bool boolean;
};

inline void see(const Value& value, std::vector<Seen>& out) {
  if (value.kind == Value::Kind::list) {
    for (const Value& item : value.as_list()) see(item, out);
    return;
  }
  Seen seen{value.kind, std::string(value.text()), 0, false};
  if (value.is_number()) seen.number = value.as_real();
  if (value.kind == Value::Kind::boolean) seen.boolean = value.as_boolean();
  out.push_back(seen);
}

inline std::string time_text(const Record& record) {
  if (!record.time_known) return {};
  const std::time_t seconds = static_cast<std::time_t>(record.time_ns / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// Everything at the subject's places; `there` if any of them is in the record at all.
inline std::vector<Seen> look(const Subject& subject, const Record& record, const FieldNames& names, bool& there) {
  std::vector<Seen> out;
  there = false;
  const auto text = [&](std::string_view part) {
    if (part.empty()) return;
    there = true;
    out.push_back({Value::Kind::string, std::string(part), 0, false});
  };
  for (const Place& place : subject.places) {
    switch (place.part) {
      case Part::message: text(record.message); break;
      case Part::raw: text(record.raw); break;
      case Part::source: text(record.source); break;
      case Part::host: text(record.host); break;
      case Part::format: text(record.format); break;
      case Part::kind: text(record_kind_name(record.kind)); break;
      case Part::severity: text(severity_name(record.severity)); break;
      case Part::time: text(time_text(record)); break;
      case Part::anywhere:
        text(record.raw);
        text(record.message);
        for (const Value& value : record) text(value.text());
        break;
      case Part::field:
        for (const Value& value : record)
          if (names.name(value.field) == place.name) {
            there = true;
            see(value, out);
          }
        break;
    }
  }
  return out;
}

// Wildcards by trying every way; exponential in stars on paper, and fine for tests. Texts are folded unless `cased`.
inline bool glob(const Pattern& pattern, std::size_t piece, const std::string& text, std::size_t at, bool cased) {
  if (piece == pattern.size()) return at == text.size();
  const PatternPiece& now = pattern[piece];
  if (now.kind == PatternPiece::Kind::any_run) {
    for (std::size_t next = at; next <= text.size(); ++next)
      if (glob(pattern, piece + 1, text, next, cased)) return true;
    return false;
  }
  if (now.kind == PatternPiece::Kind::any_one) {
    if (at == text.size()) return false;
    const auto lead = static_cast<unsigned char>(text[at]);
    std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (at + size > text.size()) size = 1;
    for (std::size_t i = 1; i < size; ++i)
      if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) {
        size = 1;
        break;
      }
    return glob(pattern, piece + 1, text, at + size, cased);
  }
  const std::string wanted = cased ? now.text : lower(now.text);
  return text.compare(at, wanted.size(), wanted) == 0 && glob(pattern, piece + 1, text, at + wanted.size(), cased);
}

inline bool read_number(const Seen& seen, double& out) {
  if (seen.kind == Value::Kind::integer || seen.kind == Value::Kind::real) {
    out = seen.number;
    return true;
  }
  static const re2::RE2 decimal("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
  if (seen.kind != Value::Kind::string || !re2::RE2::FullMatch(seen.text, decimal)) return false;
  out = std::strtod(seen.text.c_str(), nullptr);
  return std::isfinite(out);
}

inline bool in_network(const Network& network, std::string text) {
  static const re2::RE2 zone("(.*:.*)%.+");
  std::string without;
  if (re2::RE2::FullMatch(text, zone, &without)) text = without;
  IpAddress address;
  if (!parse_ip(text, address)) return false;
  for (unsigned bit = 0; bit < network.bits; ++bit) {
    const unsigned mask = 0x80u >> (bit % 8);
    if ((address.bytes[bit / 8] & mask) != (network.address.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

inline bool same_field(const Test& test, const std::string& a, const std::string& b) {
  const std::string left = test.cased ? a : lower(a), right = test.cased ? b : lower(b);
  switch (test.relation) {
    case Test::Relation::whole: return left == right;
    case Test::Relation::contains: return left.find(right) != std::string::npos;
    case Test::Relation::starts: return left.rfind(right, 0) == 0;
    case Test::Relation::ends:
      return left.size() >= right.size() && left.compare(left.size() - right.size(), right.size(), right) == 0;
  }
  return false;
}

inline bool holds_for(const Test& test, const Seen& seen, const Record& record, const FieldNames& names) {
  switch (test.kind) {
    case Test::Kind::text:
      return seen.kind != Value::Kind::null &&
             glob(test.pattern, 0, test.cased ? seen.text : lower(seen.text), 0, test.cased);
    case Test::Kind::regex: {
      static std::map<std::string, std::unique_ptr<re2::RE2>> compiled;
      std::unique_ptr<re2::RE2>& regex = compiled[test.regex];
      if (!regex) {
        bool ascii = true;
        for (char c : test.regex) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
        re2::RE2::Options options;
        options.set_log_errors(false);
        if (ascii) options.set_encoding(re2::RE2::Options::EncodingLatin1);
        regex = std::make_unique<re2::RE2>(test.regex, options);
      }
      if (seen.kind == Value::Kind::null) return false;
      if (re2::RE2::PartialMatch(seen.text, *regex)) return true;
      // The Kelvin sign is a k, and the long s an s, to whoever ignores case.
      static const re2::RE2 ignoring(R"((?s)(^|.*[^\\])(\\\\)*\(\?[a-zA-Z]*i.*)");
      return regex->options().encoding() == re2::RE2::Options::EncodingLatin1 &&
             re2::RE2::FullMatch(test.regex, ignoring) &&
             re2::RE2::PartialMatch(replaced(replaced(seen.text, "\u212A", "k"), "\u017F", "s"), *regex);
    }
    case Test::Kind::number: {
      double number = 0;
      return read_number(seen, number) && holds(number, test.compare, test.number);
    }
    case Test::Kind::boolean:
      if (seen.kind == Value::Kind::boolean) return seen.boolean == test.flag;
      return seen.kind == Value::Kind::string && lower(seen.text) == (test.flag ? "true" : "false");
    case Test::Kind::network: return in_network(test.network, seen.text);
    case Test::Kind::field_ref: {
      if (seen.kind == Value::Kind::null) return false;
      bool there = false;
      for (const Seen& other : look(test.other, record, names, there))
        if (other.kind != Value::Kind::null && same_field(test, seen.text, other.text)) return true;
      return false;
    }
    case Test::Kind::time_part: {
      CivilTime time;
      return parse_civil(seen.text, time) && holds(time_part(time, test.part), test.compare, test.number);
    }
    case Test::Kind::null:
    case Test::Kind::exists: break;
  }
  return false;
}

inline bool holds_in(const Test& test, const Record& record, const FieldNames& names) {
  bool there = false;
  const std::vector<Seen> all = look(test.subject, record, names, there);
  if (test.kind == Test::Kind::exists) return there == test.flag;
  if (test.kind == Test::Kind::null) {
    if (!there) return true;
    for (const Seen& seen : all)
      if (seen.kind != Value::Kind::null) return false;
    return !all.empty();
  }
  for (const Seen& seen : all)
    if (holds_for(test, seen, record, names)) return true;
  return false;
}

inline bool evaluate(const Expression& expression, const Record& record, const FieldNames& names) {
  switch (expression.kind) {
    case Expression::Kind::test: return holds_in(*expression.test, record, names);
    case Expression::Kind::negation: return !evaluate(expression.children[0], record, names);
    case Expression::Kind::all:
      for (const Expression& child : expression.children)
        if (!evaluate(child, record, names)) return false;
      return true;
    case Expression::Kind::any:
      for (const Expression& child : expression.children)
        if (evaluate(child, record, names)) return true;
      return false;
  }
  return false;
}

/// Whether a detection hits a record of a source declared to be `declared`.
inline bool hits(const Rule& rule, const Record& record, const FieldNames& names, const Logsource& declared = {}) {
  return rule.when && in_scope(rule.scope, record, declared) && evaluate(*rule.when, record, names);
}

}  // namespace logystera::oracle
