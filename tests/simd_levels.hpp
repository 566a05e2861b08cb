// Every level of vector instructions in turn: a machine's own best one is all that runs otherwise.
#pragma once

#include <hwy/targets.h>

#include <cstdint>
#include <string>

namespace logystera::test {

/// Calls `check` with the name of each level this processor has, while it is the one that is used; the last has no vectors.
template <typename Check>
void at_every_level(Check&& check) {
  const std::int64_t all = hwy::SupportedTargets();
  for (std::int64_t left = all; left != 0; left &= left - 1) {
    const std::int64_t level = left & -left;
    hwy::GetChosenTarget().Update(level);
    check(std::string(hwy::TargetName(level)));
  }
  hwy::GetChosenTarget().Update(all);
}

}  // namespace logystera::test
