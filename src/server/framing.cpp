#include "server/framing.hpp"

#include <strings.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace logystera::server {
namespace {

constexpr std::string_view kEndOfLine = "\r\n";
constexpr std::size_t kLengthDigits = 18;  // all of them fit 64 bits
constexpr std::string_view kChunked = "chunked";

constexpr bool is_letter_or_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
// RFC 9110, 5.6.2.
constexpr bool is_token_char(char c) noexcept {
  return is_letter_or_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
// RFC 9110, 5.5; bytes beyond ASCII are nobody's business here.
constexpr bool is_value_char(char c) noexcept { return c == '\t' || (c != 0x7f && static_cast<unsigned char>(c) >= ' '); }
// RFC 3986: what the authority of a URI may hold. A comma may, but is what two fields joined by a proxy look like.
constexpr bool is_host_char(char c) noexcept {
  return is_letter_or_digit(c) || std::string_view("-._~%!$&'()*+;=:[]").find(c) != std::string_view::npos;
}
constexpr bool is_target_char(char c) noexcept { return c > ' ' && c < 0x7f && c != '#'; }

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool same(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Answer bad(std::string_view words) { return problem(400, "bad_request", words); }

// Bare line feeds and carriage returns: some end a line there, some do not.
bool lines_end_as_they_must(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] != '\n') return false;
  }
  return true;
}

std::optional<Answer> request_line_fault(std::string_view line, bool& version_one_zero) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("the first line must be METHOD TARGET HTTP/1.1");
  const std::string_view method = line.substr(0, first), target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method)) return bad("the method is no token");
  if (target.empty() || !std::all_of(target.begin(), target.end(), is_target_char)) {
    return bad("the request target holds characters no URI has: percent-encode them");
  }
  constexpr std::string_view kProtocol = "HTTP/";
  if (version.size() != kProtocol.size() + 3 || !version.starts_with(kProtocol) || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7])) {
    return bad("the first line must end in HTTP/1.1");
  }
  if (version[5] != '1') return problem(505, "http_version", "this server speaks HTTP/1.1");
  version_one_zero = version[7] == '0';
  return std::nullopt;
}

// What the fields say about the request's end, and whom it is for.
struct Framing {
  std::size_t hosts = 0, lengths = 0, codings = 0;
  std::string_view host, length, coding;

  void look_at(std::string_view name, std::string_view value) noexcept {
    if (same(name, "Host")) host = value, ++hosts;
    if (same(name, "Content-Length")) length = value, ++lengths;
    if (same(name, "Transfer-Encoding")) coding = value, ++codings;
  }
  std::optional<Answer> coding_fault(bool version_one_zero) const;
  std::optional<Answer> fault(bool version_one_zero) const;
};

std::optional<Answer> Framing::coding_fault(bool version_one_zero) const {
  if (version_one_zero) return bad("Transfer-Encoding is not of HTTP/1.0");
  if (lengths > 0) return bad("Transfer-Encoding and Content-Length say different things about the body: send one");
  if (codings > 1) return bad("Transfer-Encoding was sent more than once");
  if (same(coding, kChunked)) return std::nullopt;
  const std::size_t comma = coding.rfind(',');
  const std::string_view last = trimmed(comma == std::string_view::npos ? coding : coding.substr(comma + 1));
  // RFC 9112, 6.3: without "chunked" at its end, where the body ends cannot be told.
  if (is_token(coding) || (is_token(last) && same(last, kChunked))) {
    return problem(501, "unknown_transfer_coding", "Transfer-Encoding may be chunked and nothing else");
  }
  return bad("Transfer-Encoding may be chunked and nothing else");
}

std::optional<Answer> Framing::fault(bool version_one_zero) const {
  if (hosts > 1 || (hosts == 0 && !version_one_zero)) return bad("Host must be sent once");
  if (!std::all_of(host.begin(), host.end(), is_host_char)) return bad("Host is no name or address");
  if (codings > 0) return coding_fault(version_one_zero);
  if (lengths > 1) return bad("Content-Length was sent more than once");
  if (lengths == 0) return std::nullopt;
  const bool number = !length.empty() && std::all_of(length.begin(), length.end(), is_digit);
  if (!number) return bad("Content-Length is no number");
  if (length.size() > kLengthDigits) return problem(413, "too_large", "the body is larger than any route takes");
  return std::nullopt;
}

}  // namespace

std::size_t blank_lines(std::string_view received) noexcept {
  std::size_t bytes = 0;
  while (received.substr(bytes).starts_with(kEndOfLine)) bytes += kEndOfLine.size();
  return bytes;
}

std::optional<Answer> early_fault(std::string_view received) {
  const bool may_be_blank = received.starts_with('\r');
  if (!received.empty() && !may_be_blank && !is_token_char(received.front())) return bad("this is no HTTP request");
  if (!lines_end_as_they_must(received)) return bad("a line must end in CR LF, and hold neither alone");
  return std::nullopt;
}

std::optional<Answer> header_fault(std::string_view header) {
  if (!lines_end_as_they_must(header)) return bad("a line must end in CR LF, and hold neither alone");
  bool version_one_zero = false;
  const std::size_t first_end = header.find(kEndOfLine);
  if (first_end == std::string_view::npos) return bad("the first line has no end");
  if (auto fault = request_line_fault(header.substr(0, first_end), version_one_zero)) return fault;
  Framing framing;
  header.remove_prefix(first_end + kEndOfLine.size());
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(kEndOfLine), header.size());
    const std::string_view line = header.substr(0, end);
    header.remove_prefix(std::min(end + kEndOfLine.size(), header.size()));
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t')
      return bad("a header line must not begin with a blank (folding is obsolete)");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      return bad("a header line must be NAME: VALUE, with nothing between the name and its colon");
    }
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!std::all_of(value.begin(), value.end(), is_value_char)) return bad("a header's value holds control characters");
    framing.look_at(line.substr(0, colon), value);
  }
  return framing.fault(version_one_zero);
}

std::string_view origin_form(std::string_view target) noexcept {
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (target.size() < scheme.size() || !same(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t end = target.find_first_of("/?", scheme.size());
    return end == std::string_view::npos ? std::string_view("/") : target.substr(end);
  }
  return target;
}

}  // namespace logystera::server
