// The canonical forms of all kinds.
#include <cstdint>

#include "core/record.hpp"
#include "redact/bytes.hpp"
#include "redact/grammar.hpp"

namespace logystera::redact {

void canonical(Kind kind, std::string_view found, std::string& out) {
  out.clear();
  switch (kind) {
    case Kind::ipv4: {
      // Octets may carry leading zeros, which parse_ip refuses.
      IpAddress address{};
      address.bytes[10] = address.bytes[11] = 0xff;
      unsigned octet = 0;
      std::size_t index = 12;
      for (char c : found) {
        if (c == '.') {
          address.bytes[index++] = static_cast<std::uint8_t>(octet);
          octet = 0;
        } else {
          octet = octet * 10 + static_cast<unsigned>(c - '0');
        }
      }
      address.bytes[15] = static_cast<std::uint8_t>(octet);
      out.assign(reinterpret_cast<const char*>(address.bytes), sizeof address.bytes);
      return;
    }
    case Kind::ipv6: {
      IpAddress address{};
      parse_ip(found, address);
      out.assign(reinterpret_cast<const char*>(address.bytes), sizeof address.bytes);
      return;
    }
    case Kind::email:
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (found[i] == '%') {
          out += '@';
          i += 2;
        } else {
          out += lower(found[i]);
        }
      }
      return;
    case Kind::uuid:
      for (char c : found) out += lower(c);
      return;
    case Kind::iban:
      for (char c : found)
        if (is_alnum(c)) out += is_letter(c) ? static_cast<char>(lower(c) - 32) : c;
      return;
    case Kind::card:
      for (char c : found)
        if (is_digit(c)) out += c;
      return;
    case Kind::phone: {
      // The extension is another telephone on the same number; +, %2B and 00 are one.
      std::size_t begin = 0;
      if (found[0] == '+' || found[0] == '%') {
        out += '+';
        begin = found[0] == '+' ? 1 : 3;
      } else if (has(found, 0, "00") && found.size() > 2 && found[2] != '0') {
        out += '+';
        begin = 2;
      }
      for (std::size_t i = begin; i < found.size() && !is_letter(found[i]); ++i) {
        if (i > begin && has(found, i, "(0)")) i += 2;
        else if (is_digit(found[i])) out += found[i];
      }
      return;
    }
    case Kind::own:
    case Kind::private_key:
    case Kind::jwt:
    case Kind::token: out.assign(found); return;
  }
}

}  // namespace logystera::redact
