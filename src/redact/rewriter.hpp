// Texts with findings → the same texts with pseudonyms or masks in their place.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/record.hpp"
#include "redact/kind.hpp"
#include "redact/patterns.hpp"
#include "redact/pseudonym.hpp"
#include "redact/unescape.hpp"

namespace logystera::redact {

enum class Mode : std::uint8_t {
  redact,   // ip_8390373f: the same value, the same pseudonym
  mask,     // <ip>
  dry_run,  // nothing is changed; findings are counted and reported
};
/// Reads "redact", "mask" or "dry-run".
bool parse_mode(std::string_view name, Mode& out) noexcept;
std::string_view mode_name(Mode mode) noexcept;

/// One per thread: it has scratch memory.
class Rewriter {
 public:
  /// `patterns` are the own patterns hits refer to; they must outlive it.
  Rewriter(Mode mode, std::string_view salt, unsigned digits, std::span<const Pattern> patterns);
  /// For another thread, with its own copy of the patterns: both remember pseudonyms of addresses in one place.
  Rewriter(const Rewriter& other, std::span<const Pattern> patterns);
  Rewriter(const Rewriter&) = delete;
  Rewriter& operator=(const Rewriter&) = delete;

  /// `text` itself if there are no hits, or in mode dry_run; else a new text in `arena`. Hits are in order, without overlaps.
  std::string_view rewrite(std::string_view text, std::span<const Hit> hits, Arena& arena);
  /// The replacement of a typed address; `text` is all of it and `hit` its finding. Remembered until the next record, because the
  /// raw line has the same address once more. Not for mode dry_run.
  std::string_view rewrite_address(const Value& value, std::string_view text, const Hit& hit, Arena& arena);
  void begin_record() noexcept { address_ = address_token_ = {}; }

  /// Asks the processor to fetch what `address` is replaced by.
  void prefetch_ipv4(std::uint32_t address) const noexcept { pseudonyms_.prefetch_ipv4(address); }

 private:
  void make_replacement(std::string_view found, const Hit& hit);

  Mode mode_;
  std::span<const Pattern> patterns_;
  Pseudonyms pseudonyms_;
  // The typed address replaced last, and its replacement.
  std::string_view address_, address_token_;
  // Scratch.
  Unescaped found_;  // a finding without its escapes
  std::string canonical_;
  std::string replacement_;
  std::string rewritten_;
};

// Inline because nearly every line of a web log has one.
inline std::string_view Rewriter::rewrite_address(const Value& value, std::string_view text, const Hit& hit, Arena& arena) {
  if (mode_ == Mode::redact && value.ip_is_v4) {
    const std::size_t size = kind_prefix(Kind::ipv4).size() + 1 + pseudonyms_.digits();
    char* const out = arena.allocate(size);
    pseudonyms_.write_ipv4(value.as.ipv4, out);
    address_token_ = {out, size};
  } else {
    make_replacement(text, hit);
    address_token_ = arena.copy(replacement_);
  }
  address_ = text;
  return address_token_;
}

}  // namespace logystera::redact
