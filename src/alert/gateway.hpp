// What a gateway watches of itself: the rules of alerts that belong to no site. No record makes them; whoever looks after the gateway
// (processor/self_watch.hpp) says that one holds.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "alert/alert.hpp"

namespace logystera::alert {

struct GatewayRule {
  std::string_view id;  // "GATEWAY_…"
  std::string_view title;
  Level level = Level::medium;
  Kind kind = Kind::condition;  // an episode is what has happened, and is over when it has not happened again for a while
  std::string_view what, why, act, harmless;
};

namespace gateway {
inline constexpr std::string_view kLag = "GATEWAY_DETECTION_BEHIND", kOverflow = "GATEWAY_RING_OVERFLOW",
                                  kForgotten = "GATEWAY_WINDOWS_FORGOTTEN", kUnevaluated = "GATEWAY_EVENTS_NOT_EVALUATED",
                                  kRules = "GATEWAY_RULES_REFUSED", kOutbox = "GATEWAY_MESSAGES_WAIT",
                                  kDead = "GATEWAY_MESSAGES_DEAD", kChannel = "GATEWAY_CHANNEL_FAILS",
                                  kUntold = "GATEWAY_MESSAGES_NOT_PLANNED", kDisk = "GATEWAY_DISK_LOW",
                                  kDatabase = "GATEWAY_DATABASE_FULL", kStore = "GATEWAY_STORE_FAILS",
                                  kSettings = "GATEWAY_SITE_SETTINGS", kSiteClock = "GATEWAY_SITE_CLOCK",
                                  kClock = "GATEWAY_CLOCK_JUMPED";
}  // namespace gateway

std::span<const GatewayRule> gateway_rules() noexcept;
/// Null: there is none of that id.
const GatewayRule* gateway_rule(std::string_view id) noexcept;
Policy policy_of(const GatewayRule& rule) noexcept;

}  // namespace logystera::alert
