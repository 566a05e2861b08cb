// Text of strangers in HTML.
#pragma once

#include <string>
#include <string_view>

namespace logystera::web {

/// `text` with & < > " ' replaced, so that it is text in HTML and in a quoted attribute.
std::string escaped(std::string_view text);

}  // namespace logystera::web
