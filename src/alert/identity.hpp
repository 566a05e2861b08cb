// What makes two findings one alert: rule, site and group. Neither text nor counts, level or the rule's version are in it, so a rule
// that is edited leaves its alerts as they are. It is keyed: who reads a copy of the database learns no group by trying.
#pragma once

#include <string_view>

#include "alert/alert.hpp"
#include "core/hmac.hpp"

namespace logystera::alert {

Key identity(const HmacKey& key, std::string_view rule, std::string_view site, std::string_view group) noexcept;

}  // namespace logystera::alert
