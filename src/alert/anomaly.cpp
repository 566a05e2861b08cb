#include "alert/anomaly.hpp"

#include <algorithm>
#include <iterator>

namespace logystera::alert {
namespace {

constexpr AnomalyRule kRules[] = {
    {kAnomalyRate, "Within an hour of the clock the site has sent far more signals than its hours usually have.",
     "A crawler, an attack, or an error in a loop: whatever it is, it is new to this site, and no rule may know it.",
     "Look at the site's signals by type and at its metrics of that hour: one type or one address mostly stands out.",
     "When a campaign, a migration or an import was planned. What goes on for days becomes usual by itself."},
    {kAnomalyErrors,
     "Within an hour of the clock the site has had far more uncaught PHP errors, or requests answered with 500 and more, "
     "than its hours usually have.",
     "Visitors see errors. After a deployment it is a fault of the release; without one, a service the site needs is gone, "
     "or somebody tries what it was not made for.",
     "Look at the newest PHP errors and failed requests of the site, and at what was deployed or changed before.",
     "While a site is being rebuilt and answers everything with 503."},
};

}  // namespace

const AnomalyRule* anomaly_rule(std::string_view id) noexcept {
  const auto* const found =
      std::find_if(std::begin(kRules), std::end(kRules), [id](const AnomalyRule& rule) { return rule.id == id; });
  return found == std::end(kRules) ? nullptr : found;
}

}  // namespace logystera::alert
