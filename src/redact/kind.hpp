// The kinds of personal data and secrets redaction knows, in the order that decides when two findings overlap: the earlier
// kind wins, because it says more about the text (a card number inside a token is part of the token).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace logystera::redact {

enum class Kind : std::uint8_t {
  own,          // a pattern of pii_rules.yaml
  private_key,  // PEM private key block, whole or its part in this text
  jwt,          // JSON Web Token: JWS (three parts) or JWE (five)
  token,        // API token of a known service, Bearer or Basic credentials, password in a URL
  email,        // also with its @ written %40
  uuid,         // RFC 9562, hyphenated
  iban,         // ISO 13616: country, length and mod 97
  card,         // ISO 7812: issuer range, length and Luhn
  ipv6,         // RFC 4291 text form
  ipv4,         // dotted quad
  phone,        // international, NANP, or national beside a word that says so
};
inline constexpr std::size_t kKinds = 11;

/// What stands before the hex digits of a pseudonym and between the brackets of a mask. Both address families say "ip",
/// since one host may be seen as either (::ffff:192.0.2.1). Own patterns bring theirs.
constexpr std::string_view kind_prefix(Kind kind) noexcept {
  constexpr std::array<std::string_view, kKinds> prefixes = {"own",  "key",  "jwt", "token", "email", "uuid",
                                                             "iban", "card", "ip",  "ip",    "phone"};
  return prefixes[static_cast<std::size_t>(kind)];
}

/// What the text is, as far as its place tells: it decides what may be found in it.
enum class Context : std::uint8_t {
  text,        // anything
  user_agent,  // a product list: dotted numbers are versions unless something says address
  version,     // a version: no addresses, no phone numbers
  phone,       // a phone number's own field: digits need no word beside them
};

/// One finding: bytes [begin, end) of the text it was found in.
struct Hit {
  std::uint32_t begin;
  std::uint32_t end;
  Kind kind;
  std::uint16_t pattern = 0;  // index of the own pattern, kind own only

  friend bool operator==(const Hit&, const Hit&) = default;
};

/// A part of a finding: half an address is none, so its bytes are hashed as they stand.
constexpr Hit part_of(Hit hit, std::uint32_t begin, std::uint32_t end) noexcept {
  if (hit.kind != Kind::own) hit.kind = Kind::token;
  hit.begin = begin;
  hit.end = end;
  return hit;
}

}  // namespace logystera::redact
