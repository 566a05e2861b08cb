// What was stored, as JSON.
#pragma once

#include "core/json_text.hpp"
#include "store/error_store.hpp"
#include "store/finding_store.hpp"

namespace logystera::report {

void append_stored(JsonText& json, const store::Finding& finding);
void append_stored(JsonText& json, const store::ErrorGroup& group);

}  // namespace logystera::report
