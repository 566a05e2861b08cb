// The card of a site's page that draws one of its metrics.
#pragma once

#include <string_view>

#include "core/result.hpp"
#include "store/entity_store.hpp"
#include "web/form.hpp"
#include "web/view.hpp"

namespace logystera::dashboard {

struct Context;

/// Fills the partial `site_metrics`. `metric` and `period` of the form choose what is drawn; what they name and the site does not have
/// is as if it were not chosen.
Result<web::View> site_metrics(const Context& context, const store::Entity& site, const web::Form& form);

}  // namespace logystera::dashboard
