#include "redact/private_key.hpp"

#include <algorithm>

#include "redact/bytes.hpp"

namespace logystera::redact {
namespace {

constexpr std::uint32_t kLinesMost = 512;  // a 16,384-bit RSA key has 200; then the end is not coming
constexpr std::string_view kEnd = "-----END ";

// Base64, a header of the block, or its end.
bool is_key_line(std::string_view line) noexcept {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  if (line.find(kEnd) != std::string_view::npos || has(line, 0, "Proc-Type:") || has(line, 0, "DEK-Info:")) return true;
  return std::all_of(line.begin(), line.end(), [](char c) { return is_alnum(c) || c == '+' || c == '/' || c == '='; });
}

}  // namespace

void PrivateKeyLines::note(std::string_view text, std::span<const Hit> hits) noexcept {
  for (const Hit& hit : hits)
    if (hit.kind == Kind::private_key && hit.end == text.size() &&
        text.substr(hit.begin).find(kEnd) == std::string_view::npos)
      open_ = 1;
}

bool PrivateKeyLines::take(std::string_view line) noexcept {
  if (open_ == 0) return false;
  if (++open_ > kLinesMost || !is_key_line(line)) {
    open_ = 0;
    return false;
  }
  if (line.find(kEnd) != std::string_view::npos) open_ = 0;
  return true;
}

}  // namespace logystera::redact
