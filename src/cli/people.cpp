#include "cli/people.hpp"

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "cli/terminal.hpp"
#include "core/clock.hpp"

namespace logystera::cli {
namespace {

std::string whoever_runs_it() {
  const passwd* found = ::getpwuid(::getuid());
  return found && found->pw_name ? found->pw_name : std::to_string(::getuid());
}

}  // namespace

std::string name_of_command() { return "command:" + whoever_runs_it(); }

access::Note note_of_command() {
  return [](store::Stores& stores, std::string_view action, std::string_view object, std::string_view before,
            std::string_view after) {
    store::AuditRow row;
    row.at = wall_seconds();
    row.actor = name_of_command();
    row.action = action;
    row.object = object;
    row.before = before;
    row.after = after;
    return stores.audit().add(row);
  };
}

Result<Done> change_noted(store::Store& store, const std::function<Result<Done>(store::Stores&)>& change,
                          std::string_view action, std::string_view object, std::string_view before,
                          std::string_view after) {
  auto transaction = store.begin();
  if (!transaction) return transaction.error();
  if (auto done = change(*transaction.value()); !done) return done;
  if (auto noted = note_of_command()(*transaction.value(), action, object, before, after); !noted) return noted;
  return transaction.value()->commit();
}

void add_role(Command& command, std::string& into, const std::string& help) {
  command.add_option("--role", into, help)->check(any_of({"viewer", "analyst", "admin"}));
}

Result<store::SiteChoice> chosen_sites(store::Store& store, const std::vector<std::string>& named) {
  store::SiteChoice sites;
  if (named.empty()) return sites;
  sites.all = false;
  auto all = store.entities().list();
  if (!all) return all.error();
  for (const std::string& name : named) {
    bool found = false;
    for (const store::Entity& entity : all.value()) {
      if (entity.token != name && entity.name != name) continue;
      found = true;
      const bool there = std::find(sites.tokens.begin(), sites.tokens.end(), entity.token) != sites.tokens.end();
      if (!there) sites.tokens.push_back(entity.token);
    }
    if (!found) {
      return Error{fmt::format("--site {}: there is none of this token or name: 'logystera entity list' shows them", name),
                   ErrorKind::not_found};
    }
  }
  return sites;
}

std::string sites_in_words(store::Store& store, const store::SiteChoice& sites) {
  if (sites.all) return "all";
  std::string words;
  for (const std::string& token : sites.tokens) {
    const auto entity = store.entities().find(token);
    const bool known = entity && entity.value();
    words += (words.empty() ? "" : ", ") + (known ? printable(entity.value()->name) : token);
  }
  return words.empty() ? "none" : words;
}

}  // namespace logystera::cli
