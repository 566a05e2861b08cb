// What each kind looks like, exactly: the second half of the search, asked only at candidates. Every function decides about
// one place of one text and looks at most a bounded number of bytes around it, so a hostile text costs no more per
// candidate than a harmless one.
//
// Boundaries. A finding begins where a word begins: at the start of the text, after a byte that is neither letter nor digit,
// or after an escape that stands for one byte (%20, \n, \x0a, \u000a, syslog's #012), since logs carry URLs and JSON as they
// were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "redact/kind.hpp"

namespace logystera::redact {

/// A finding's extent; `end` 0 says none.
struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;
  explicit operator bool() const noexcept { return end != 0; }
};

inline constexpr std::size_t kPhoneDigitsMax = 15;  // ITU-T E.164; behind a '+', a card number has more

/// Whether a word may begin at `at`.
bool begins_word(std::string_view text, std::size_t at) noexcept;

/// The address whose '@' (or "%40") is at `sign`; it begins no earlier than `from`. Local part: up to 64 of letters, digits,
/// . _ + - ' ~ and bytes above 0x7f; domain: labels of letters, digits, hyphens and bytes above 0x7f, the last of at least
/// two letters (or xn--…) and no file name extension (logo@2x.png).
Extent match_email(std::string_view text, std::size_t sign, std::size_t from) noexcept;

/// The dotted quad whose last octet begins at `last`: octets 0-255, at most three digits each. Not part of a longer dotted
/// number; not a version (user_agent and version contexts; a product/1.2.3.4 among its like; "version 1.2.3.4"; a package's:
/// name~1.2.3.4, 1.2.3.4~rc1, 1.2.3.4-1, name-1.2.3.4.jar) nor an object identifier (1.3.6.1; "OID 1.2.3.4").
Extent match_ipv4(std::string_view text, std::size_t last, Context context) noexcept;

/// The IPv6 address in the run of hex digits, ':' and '.' around the colon at `colon`; the run may carry one ':' or '.' before
/// and up to two behind that are not the address's. "::" alone, and words such as Ad::Bad, are none.
Extent match_ipv6(std::string_view text, std::size_t colon, Context context) noexcept;

/// 8-4-4-4-12 hex digits, the fourth hyphen at `dash`.
Extent match_uuid(std::string_view text, std::size_t dash) noexcept;

/// Country and check digits at `at`, the right length for the country, compact or in groups of four, mod 97 = 1.
Extent match_iban(std::string_view text, std::size_t at) noexcept;

/// A card number that begins at `at`: 12-19 digits, compact or grouped by single spaces or hyphens as on the card, a known
/// issuer of that length, Luhn. Not part of an identifier (blk_4111…, order-4111…-x, 4111….log).
Extent match_card(std::string_view text, std::size_t at) noexcept;

/// A phone number that begins at `at` ('+', '(' or a digit): E.164 after + (or %2B), 00 and country code in a group of their
/// own, NANP in its usual three groups, or a national number beside a word that says phone. Bare digits want that word right
/// before them ("Phone number is 0490754081"): telemetry, cell_id and "mobile app" are followed by numbers, too.
Extent match_phone(std::string_view text, std::size_t at, Context context) noexcept;

/// The JWT that begins at `at`.
Extent match_jwt(std::string_view text, std::size_t at) noexcept;

/// The private key block whose "BEGIN" is at `at`, dashes included, up to its END line or, where that is missing, to the end
/// of the text; `open` says which.
Extent match_private_key(std::string_view text, std::size_t at, bool& open) noexcept;

/// Token of a service known by its prefix at `at`; or, where `at` begins "Bearer" or "Basic", the credentials behind it.
Extent match_token(std::string_view text, std::size_t at) noexcept;

/// The password of a URL's user:password@, '@' being at `sign`, one of the URL's. It ends at the last '@' of the authority
/// (RFC 3986 §3.2), so it may hold ':' and '@'. Also: a user that is a secret itself (https://TOKEN@host), no scheme
/// (//u:p@host), a password with '/', '?' or '#' in it (where what stands for the port is none), user:password@tcp(host),
/// jdbc:oracle:thin:user/password@host.
Extent match_url_password(std::string_view text, std::size_t sign) noexcept;

/// The value of a name that says secret (password, pwd, token, api_key, signature, …, or ends with one): name=value,
/// "name": "value", 'name' => 'value', \"name\":\"value\", X-Api-Key: value, Authorization: Scheme value. The name ends with
/// the letters at `tail` and `tail` + 1. The value ends where its quotes or braces do ("…" with \", '…' with '' or \', {…} with
/// }}), else before a blank, a quote, '&', ';' or '<', or a ',' that ends it. Not: what cannot be a secret (true, null, …),
/// pseudonyms.
Extent match_named_secret(std::string_view text, std::size_t tail) noexcept;

/// Whether a field of that name holds a secret, whatever it is: db_password, clientSecret, access_token. Not signatures, which
/// are often the name of who signed.
bool is_secret_name(std::string_view name) noexcept;
/// Whether that can be the value of such a field: not empty, no word such as null or true, no pseudonym.
bool may_be_secret(std::string_view value) noexcept;

/// The form under which a finding is hashed, so that one thing has one pseudonym however it was written: 16 address bytes,
/// lower-case e-mail and UUID, bare digits of cards and phones (+ for international), upper-case IBAN, all else verbatim.
/// `found` is without escapes.
void canonical(Kind kind, std::string_view found, std::string& out);

}  // namespace logystera::redact
