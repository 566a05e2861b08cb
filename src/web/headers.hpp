// Answers a browser gets, and the headers under which it runs, embeds, remembers and passes on nothing.
#pragma once

#include <string>
#include <string_view>

#include "server/message.hpp"

namespace logystera::web {

/// Makes `answer` a page: text/html under a policy that allows files of this origin, and nothing that stands in the page itself: no
/// nonce, no hash, no exception. `form_action`: where
/// its forms may lead, as in Content-Security-Policy, by themselves and by redirects that answer them.
void make_page(server::Answer& answer, std::string_view form_action = "'self'");

/// What is no page (JSON, a stylesheet) is what its Content-Type says.
void forbid_sniffing(server::Answer& answer);

/// 303 to `target`, which must be of this program's making or checked: it stands in a header as it is.
server::Answer see_other(std::string target);

}  // namespace logystera::web
