// Alerts in words, as all their pages have them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "alert/alert.hpp"
#include "dashboard/page.hpp"
#include "detect/rule.hpp"

namespace logystera::dashboard {

/// `state`, `state_icon` and `state_word`: "Firing", "Snoozed", "From the past".
void add_state(web::View& view, const alert::Alert& alert, std::int64_t now);

/// Names of the sites somebody may see, by token.
Result<std::map<std::string, std::string>> site_names(const Context& context, const server::Request& request);
/// "shop"; of a site that is not known, its token; of none, nothing.
std::string site_name(const std::map<std::string, std::string>& names, const std::string& token);

/// What a rule says of what it finds: `what` it means, `why` it matters, what to do (`act`) and when it is `harmless`.
void add_explanation(web::View& view, const Context& context, const std::string& rule);

/// The alert a path names, if whoever asks may see it.
Result<std::optional<alert::Alert>> alert_named(const Context& context, const server::Request& request);

std::string path_of(const alert::Alert& alert);

/// Sites and users as entries of a <select>.
std::vector<web::View> site_options(const std::map<std::string, std::string>& names, std::string_view chosen);

}  // namespace logystera::dashboard
