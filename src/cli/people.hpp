// What the commands about people and tokens share, and those that change what pages change too.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "access/note.hpp"
#include "cli/command.hpp"
#include "core/result.hpp"
#include "store/store.hpp"
#include "web/principal.hpp"

namespace logystera::cli {

/// Notes changes as made by a command on this machine, by whom it runs as.
access::Note note_of_command();

/// Whoever runs this command, as the audit and activities name him: "command:anna".
std::string name_of_command();

/// Does `change` and notes it, both or neither.
Result<Done> change_noted(store::Store& store, const std::function<Result<Done>(store::Stores&)>& change,
                          std::string_view action, std::string_view object, std::string_view before = {},
                          std::string_view after = {});

/// --role: viewer, analyst or admin; `help` says the default.
void add_role(Command& command, std::string& into, const std::string& help);

/// The sites --site names, by token or name; none named: all of them. The error is one there is not.
Result<store::SiteChoice> chosen_sites(store::Store& store, const std::vector<std::string>& named);
/// "all", or the names of sites as people know them.
std::string sites_in_words(store::Store& store, const store::SiteChoice& sites);

}  // namespace logystera::cli
