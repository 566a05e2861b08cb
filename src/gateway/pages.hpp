// The few pages a person sees of the gateway: allowing a site to connect, and what went wrong. Templates
// of web/templates, in the look of the other pages.
#pragma once

#include <string>
#include <string_view>

#include "gateway/authorization.hpp"
#include "server/message.hpp"
#include "server/workers.hpp"

namespace logystera::gateway::pages {

/// What a form of the gateway carries besides what the person typed.
struct Hidden {
  std::string_view csrf;
  std::string_view next;  // a query of /oauth/authorize to go on with; empty: none
};

/// `sign_out_csrf`: empty where nobody has to sign in.
server::Answer consent(const AuthorizationRequest& request, std::string_view user, const Hidden& consent,
                       std::string_view sign_out_csrf);
/// A page that says what is wrong and what to do, and leads nowhere.
server::Answer problem(int status, std::string_view title, std::string_view words);

/// The threads for what reads the database before it is shown. They give way to those that take what sites send, and tell a person who
/// comes when too many wait to try again.
server::Workers::Options workers();

}  // namespace logystera::gateway::pages
