// Where in a text a kind of personal data could be: one pass over the bytes, no decision. Every real occurrence lies at
// one of these places (the tests hold this against a naive search); most places turn out to be nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace logystera::redact {

/// What could be there; the position is said beside it.
enum Trigger : std::uint8_t {
  at_sign = 1,      // position of '@'
  dotted_quad = 2,  // position of the first digit after the third dot
  colons = 4,       // position of a ':' that an IPv6 address may contain
  uuid_dashes = 8,  // position of the fourth hyphen
  number = 16,      // position just after a run of digits and separators of at least 7 bytes, or of two dotted groups
  plus_digit = 32,  // position of the digit, other than 0, or '(' after a '+'
  iban_head = 64,   // position of the second check digit
  literal = 128,    // position of the first byte of a literal every token format begins with, or of the last two letters of
                    // a name that may say secret, where = : ' " or \ follows
};

struct Candidate {
  std::uint32_t position;
  std::uint8_t triggers;  // Trigger bits
};

/// Appends the candidates of `text` in order of position. `text` is at most 2^31 bytes.
void find_candidates(std::string_view text, std::vector<Candidate>& out);

/// The place of the first '%' or '\\' at `from` or behind it; the text's size if there is none. For long texts.
std::size_t find_escape_sign(std::string_view text, std::size_t from) noexcept;

}  // namespace logystera::redact
