#include "redact/rewriter.hpp"

#include <array>
#include <cstring>

#include "redact/grammar.hpp"

namespace logystera::redact {
namespace {

std::uint32_t read_ipv4(std::string_view quad) noexcept {
  std::uint32_t address = 0;
  std::uint32_t octet = 0;
  for (char c : quad) {
    if (c == '.') {
      address = address << 8 | octet;
      octet = 0;
    } else {
      octet = octet * 10 + static_cast<std::uint32_t>(c - '0');
    }
  }
  return address << 8 | octet;
}

}  // namespace

bool parse_mode(std::string_view name, Mode& out) noexcept {
  for (Mode mode : {Mode::redact, Mode::mask, Mode::dry_run}) {
    if (name != mode_name(mode)) continue;
    out = mode;
    return true;
  }
  return false;
}

std::string_view mode_name(Mode mode) noexcept {
  constexpr std::array<std::string_view, 3> names = {"redact", "mask", "dry-run"};
  return names[static_cast<std::size_t>(mode)];
}

Rewriter::Rewriter(Mode mode, std::string_view salt, unsigned digits, std::span<const Pattern> patterns)
    : mode_(mode), patterns_(patterns), pseudonyms_(salt, digits) {}

Rewriter::Rewriter(const Rewriter& other, std::span<const Pattern> patterns)
    : mode_(other.mode_), patterns_(patterns), pseudonyms_(other.pseudonyms_) {}

void Rewriter::make_replacement(std::string_view found, const Hit& hit) {
  if (mode_ == Mode::redact && has_escapes(found)) {
    found_.assign(found);
    found = found_.text();
  }
  const std::string_view prefix =
      hit.kind == Kind::own ? std::string_view(patterns_[hit.pattern].prefix()) : kind_prefix(hit.kind);
  replacement_.clear();
  if (mode_ == Mode::mask) {
    replacement_.append("<").append(prefix).append(">");
    return;
  }
  if (hit.kind == Kind::ipv4) {
    replacement_.resize(3 + pseudonyms_.digits());
    pseudonyms_.write_ipv4(read_ipv4(found), replacement_.data());
    return;
  }
  canonical(hit.kind, found, canonical_);
  if (hit.kind == Kind::ipv6) {
    IpAddress address;
    std::memcpy(address.bytes, canonical_.data(), sizeof address.bytes);
    replacement_.resize(3 + pseudonyms_.digits());
    pseudonyms_.write_ip(address, replacement_.data());
    return;
  }
  pseudonyms_.append(prefix, canonical_, replacement_);
}

std::string_view Rewriter::rewrite(std::string_view text, std::span<const Hit> hits, Arena& arena) {
  if (mode_ == Mode::dry_run || hits.empty()) return text;
  const auto is_address = [&](std::string_view found, const Hit& hit) {
    return found.data() == address_.data() && found.size() == address_.size() &&
           (hit.kind == Kind::ipv4 || hit.kind == Kind::ipv6);
  };
  // The usual line: its address and nothing else.
  if (hits.size() == 1 && is_address(text.substr(hits[0].begin, hits[0].end - hits[0].begin), hits[0])) {
    const std::string_view behind = text.substr(hits[0].end);
    const std::size_t size = hits[0].begin + address_token_.size() + behind.size();
    char* const out = arena.allocate(size);
    std::memcpy(out, text.data(), hits[0].begin);
    std::memcpy(out + hits[0].begin, address_token_.data(), address_token_.size());
    std::memcpy(out + hits[0].begin + address_token_.size(), behind.data(), behind.size());
    return {out, size};
  }
  rewritten_.clear();
  std::size_t at = 0;
  for (const Hit& hit : hits) {
    rewritten_.append(text.substr(at, hit.begin - at));
    at = hit.end;
    const std::string_view found = text.substr(hit.begin, hit.end - hit.begin);
    if (is_address(found, hit)) {
      rewritten_.append(address_token_);
      continue;
    }
    make_replacement(found, hit);
    rewritten_.append(replacement_);
  }
  rewritten_.append(text.substr(at));
  return arena.copy(rewritten_);
}

}  // namespace logystera::redact
