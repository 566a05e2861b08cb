#include "store/store.hpp"

#include <fmt/format.h>

#include "store/sqlite/database.hpp"

namespace logystera::store {
namespace {

constexpr std::string_view kSqliteScheme = "sqlite:";

constexpr std::uint8_t nibble(char digit) noexcept {
  return static_cast<std::uint8_t>(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

}  // namespace

EventId event_id_of(std::string_view text) noexcept {
  EventId id{};
  std::size_t digit = 0;
  for (const char c : text) {
    if (c == '-' || digit == 2 * id.size()) continue;
    std::uint8_t& byte = id[digit / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | nibble(c));
    ++digit;
  }
  return id;
}

Result<std::string> sqlite_path(std::string_view url) {
  if (!url.starts_with(kSqliteScheme) || url.size() == kSqliteScheme.size()) {
    return Error{fmt::format("--store {}: not a store this program knows: write sqlite:PATH", url)};
  }
  return std::string(url.substr(kSqliteScheme.size()));
}

Result<std::unique_ptr<Store>> open(std::string_view url, Access access) {
  auto path = sqlite_path(url);
  if (!path) return path.error();
  return open_sqlite(path.value(), access);
}

}  // namespace logystera::store
