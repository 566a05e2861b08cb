#include "store/store.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <system_error>

#include "store/sqlite/database.hpp"

namespace logystera::store {
namespace {

constexpr std::string_view kSqliteScheme = "sqlite:";

constexpr std::uint8_t nibble(char digit) noexcept {
  return static_cast<std::uint8_t>(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

Result<std::uint64_t> sum(const Result<std::uint64_t>& first, const Result<std::uint64_t>& second) {
  if (!first) return first.error();
  if (!second) return second.error();
  return first.value() + second.value();
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
    return Error{fmt::format("store {}: not one this program knows: write sqlite:PATH", url), ErrorKind::invalid};
  }
  return std::string(url.substr(kSqliteScheme.size()));
}

Result<std::unique_ptr<Store>> open(std::string_view url, const OpenOptions& options) {
  auto path = sqlite_path(url);
  if (!path) return path.error();
  return sqlite::open(path.value(), options);
}

Result<bool> exists(std::string_view url) {
  auto path = sqlite_path(url);
  if (!path) return path.error();
  std::error_code ignored;
  return std::filesystem::exists(path.value(), ignored);
}

Result<std::uint64_t> prune(Stores& stores, std::int64_t now, int retention_days) {
  const std::int64_t oldest = oldest_retained(now, retention_days);
  auto findings = stores.findings().prune(oldest);
  if (!findings) return findings;
  if (auto passages = stores.passages().prune(oldest); !passages) return passages;
  return sum(findings, stores.errors().prune(oldest));
}

Result<std::uint64_t> clear_demo(Stores& stores) {
  auto findings = stores.findings().clear_demo();
  if (!findings) return findings;
  if (auto passages = stores.passages().clear_demo(); !passages) return passages;
  return sum(findings, stores.errors().clear_demo());
}

}  // namespace logystera::store
