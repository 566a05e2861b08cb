// The redactor's search, done the slow and obvious way: every place, every kind, regular expressions and library functions.
// It says what is right; the fast one must find the same.
#pragma once

#include <string_view>
#include <vector>

#include "redact/kind.hpp"

namespace logystera::oracle {

/// Findings of `text`, in order, overlaps settled. Own patterns are not looked for.
std::vector<redact::Hit> find_personal_data(std::string_view text, redact::Context context);

}  // namespace logystera::oracle
