// What is found in the signals of sites becomes alerts, in the transaction that stores it.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "analysis/current_program.hpp"
#include "core/hmac.hpp"
#include "detect/rule.hpp"
#include "processor/raise.hpp"
#include "processor/record.hpp"

namespace logystera::processor {

/// What the `alert:` block of a rule of that set says. A rule without one alerts as an episode does, from level medium on; so does a
/// condition that nothing clears, which is over when it has been quiet for its `resolve_after`.
alert::Policy policy_of(const detect::RuleSet& rules, const detect::Rule& rule) noexcept;

/// For ServiceOptions::on_findings and backfill(). `program` must outlive it. `identity`: gateway::Vault::derived("alerts/identity/v1").
/// Findings of a rule that is no longer there are those of one without a block.
OnFindings alerting(const analysis::CurrentProgram& program, HmacKey identity, std::function<std::int64_t()> now,
                    Telling telling);

}  // namespace logystera::processor
