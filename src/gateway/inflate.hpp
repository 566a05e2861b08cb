// Undoes the gzip of a request body, within bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace logystera::gateway {

enum class InflateFault : std::uint8_t {
  none,
  corrupt,    // not exactly one whole gzip member with a right checksum
  too_large,  // more than `max_bytes` when inflated
};

/// Inflates one gzip member into `out`. Never holds more than `max_bytes` of output, whatever the input
/// claims.
InflateFault inflate_gzip(std::string_view compressed, std::size_t max_bytes, std::string& out);

}  // namespace logystera::gateway
