// Which browser somebody uses, roughly, for him to know his sessions by.
#pragma once

#include <string>
#include <string_view>

namespace logystera::web {

/// "Firefox on Linux": of words of this program's own whatever `user_agent` says, since it is kept and shown.
std::string browser_family(std::string_view user_agent);

}  // namespace logystera::web
