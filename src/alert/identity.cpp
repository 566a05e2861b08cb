#include "alert/identity.hpp"

#include <algorithm>
#include <string>

namespace logystera::alert {
namespace {

// Lengths keep neighbours apart.
void put(std::string& message, std::string_view part) {
  std::uint64_t size = part.size();
  for (int byte = 0; byte < 8; ++byte, size >>= 8) message += static_cast<char>(size & 0xff);
  message += part;
}

}  // namespace

Key identity(const HmacKey& key, std::string_view rule, std::string_view site, std::string_view group) noexcept {
  std::string message = "alert/identity/v1";
  for (const std::string_view part : {rule, site, group}) put(message, part);
  const Digest digest = key.digest(message);
  Key made{};
  std::copy_n(digest.begin(), made.size(), made.begin());
  return made;
}

}  // namespace logystera::alert
