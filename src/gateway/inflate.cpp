#include "gateway/inflate.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <memory>

namespace logystera::gateway {
namespace {

constexpr std::size_t kTrailerBytes = 4;  // RFC 1952: the last four bytes say the size modulo 2^32

using Decompressor = std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>;

// What the sender says it inflates to. Only a first guess at the memory to ask for; a lie costs a second
// attempt.
std::size_t claimed_size(std::string_view compressed) noexcept {
  std::size_t size = 0;
  for (std::size_t i = 0; i < kTrailerBytes; ++i) {
    size |= std::size_t{static_cast<unsigned char>(compressed[compressed.size() - kTrailerBytes + i])} << (8 * i);
  }
  return size;
}

}  // namespace

InflateFault inflate_gzip(std::string_view compressed, std::size_t max_bytes, std::string& out) {
  if (compressed.size() < kTrailerBytes) return InflateFault::corrupt;
  const Decompressor decompressor(libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  if (!decompressor) return InflateFault::corrupt;
  std::size_t room = std::min(claimed_size(compressed), max_bytes);
  for (;;) {
    out.resize(room);
    std::size_t taken = 0, made = 0;
    const libdeflate_result result = libdeflate_gzip_decompress_ex(decompressor.get(), compressed.data(), compressed.size(),
                                                                   out.data(), room, &taken, &made);
    if (result == LIBDEFLATE_SUCCESS) {
      out.resize(made);
      return taken == compressed.size() ? InflateFault::none : InflateFault::corrupt;
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) return InflateFault::corrupt;
    if (room == max_bytes) return InflateFault::too_large;
    room = max_bytes;
  }
}

}  // namespace logystera::gateway
