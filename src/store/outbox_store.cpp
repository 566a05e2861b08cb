#include "store/outbox_store.hpp"

#include <algorithm>
#include <array>

namespace logystera::store {
namespace {

constexpr std::array<std::string_view, 6> kStateNames = {"queued", "sending", "sent", "failed", "dead", "discarded"};

}  // namespace

std::string_view outbox_state_name(OutboxState state) noexcept { return kStateNames[static_cast<std::size_t>(state)]; }

std::optional<OutboxState> outbox_state_from(std::string_view name) noexcept {
  const auto found = std::find(kStateNames.begin(), kStateNames.end(), name);
  if (found == kStateNames.end()) return std::nullopt;
  return static_cast<OutboxState>(found - kStateNames.begin());
}

}  // namespace logystera::store
