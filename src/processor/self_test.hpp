// What `logystera self-test` and the gateway know of each other's doing: the site a test sends as, what it is looked for by, and what is to
// be tidied up when a test is over, also one that was killed. Between two tests the site is disabled, so it is neither counted nor missed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "store/store.hpp"

namespace logystera::processor {

/// The rule a test's signal is made for: one that looks at a single event, and that no other counts.
inline constexpr std::string_view kSelfTestRule = "SIGNAL_RECORDING_CHANGED";
inline constexpr std::int64_t kSelfTestSecondsMost = 3600;  // a test may take; tidying up after it as long again

enum class SelfTest : std::uint8_t { none, running, left };  // left: one began, and is over without having tidied up

Result<SelfTest> self_test_state(store::SettingStore& settings, std::int64_t now);
/// That one begins, and must be over `seconds` from now.
Result<Done> begin_self_test(store::SettingStore& settings, std::int64_t now, std::int64_t seconds);
/// The token of the site tests send as; empty: none has been made.
Result<std::string> self_test_site(store::SettingStore& settings);
Result<Done> put_self_test_site(store::SettingStore& settings, std::string_view token);
/// Removes all alerts of that site.
Result<Done> remove_alerts_of(store::Stores& stores, const std::string& site);
/// Tidies up: the site is disabled, its alerts go, what was found is dismissed. In the transaction of `stores`. `now`: unix seconds.
Result<Done> end_self_test(store::Stores& stores, std::int64_t now);
/// The same in a transaction of its own, where a test was left. True: one was.
Result<bool> end_self_test_left(store::Store& store, std::int64_t now);

}  // namespace logystera::processor
