#include "store/text.hpp"

#include <algorithm>

#include "core/json.hpp"

namespace logystera::store {

std::string storable(std::string_view text) {
  std::string out;
  out.reserve(std::min(text.size(), kStoredMessageBytes));
  while (!text.empty()) {
    std::size_t skip = 1;
    const std::size_t size = text[0] == '\0' ? 0 : json::utf8_sequence(text, skip);
    const std::string_view piece = size ? text.substr(0, size) : std::string_view("\xef\xbf\xbd");
    if (out.size() + piece.size() > kStoredMessageBytes) break;
    out.append(piece);
    text.remove_prefix(size ? size : std::max<std::size_t>(skip, 1));
  }
  return out;
}

}  // namespace logystera::store
