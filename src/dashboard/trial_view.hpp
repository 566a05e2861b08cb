// What came of trying a rule, for the partial `trial`.
#pragma once

#include <cstddef>
#include <string_view>

#include "analysis/trial.hpp"
#include "web/view.hpp"

namespace logystera::dashboard {

/// `number`: of the trials of a page, from 1. `rule`: its id, where the page does not say it.
web::View trial_view(const analysis::Trial& trial, std::size_t number, std::string_view rule = {});

}  // namespace logystera::dashboard
