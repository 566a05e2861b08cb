// The page of one rule, which what was tried on it is shown on too.
#pragma once

#include "dashboard/page.hpp"

namespace logystera::dashboard {

/// `view` holds what is beside the rule itself.
Result<server::Answer> rule_page(const Context& context, const server::Request& request, web::View view);

}  // namespace logystera::dashboard
