// `logystera entity`: who may send.
#include <fmt/core.h>

#include <cstdio>
#include <memory>

#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/people.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "store/site_settings.hpp"

namespace logystera::cli {
namespace {

void print_issued(const gateway::IssuedSecret& issued, std::string_view name, bool json) {
  if (json) {
    JsonText json_text;
    json_text.begin_object().member("token", issued.token).member("secret", issued.secret);
    if (!name.empty()) json_text.member("name", name);
    json_text.end_object();
    std::puts(json_text.text().c_str());
    return;
  }
  fmt::print("token   {}\nsecret  {}\n\nThe secret is shown only once. Enter both at the site that sends.\n", issued.token,
             issued.secret);
}

std::string state_of(const store::Entity& entity) {
  return entity.revoked_at ? "revoked" : entity.disabled ? "disabled" : "enabled";
}

void print_json(const store::Entity& entity, const store::SiteSettings& settings) {
  JsonText json;
  json.begin_object().member("token", entity.token).member("name", entity.name).member("state", state_of(entity));
  json.number("created_at", entity.created_at).number("rotated_at", entity.rotated_at);
  json.number("revoked_at", entity.revoked_at).number("last_seen_at", entity.last_seen_at);
  json.count("accepted", entity.accepted).count("duplicates", entity.duplicates).count("rejected", entity.rejected);
  json.member("zone", settings.zone).key("admin_roles").begin_array();
  for (const std::string& role : settings.admin_roles) json.string(role);
  json.end_array().end_object();
  std::puts(json.text().c_str());
}

int list(const Globals& globals) {
  auto gate = open_gateway_store(globals, store::Access::existing);
  if (!gate) return fail("entity list", gate.error());
  auto entities = gate->entities->list();
  if (!entities) return fail("entity list", entities.error());
  if (globals.json) {
    for (const auto& entity : entities.value()) {
      auto settings = store::site_settings(gate->store->settings(), entity.token);
      if (!settings) return fail("entity list", settings.error());
      if (!settings->damaged.empty())
        fmt::print(stderr, "logystera entity list: {}: {}: 'logystera entity set' sets it again\n", entity.token,
                   settings->damaged);
      print_json(entity, settings.value());
    }
    return kExitDone;
  }
  std::vector<std::vector<std::string>> rows{{"TOKEN", "NAME", "STATE", "LAST SEEN", "ACCEPTED", "DUPLICATES", "REJECTED"}};
  for (const auto& entity : entities.value()) {
    rows.push_back({entity.token, printable(entity.name),
                    entity.revoked_at ? "revoked " + local_time(entity.revoked_at) : state_of(entity),
                    entity.last_seen_at ? local_time(entity.last_seen_at) : "never", std::to_string(entity.accepted),
                    std::to_string(entity.duplicates), std::to_string(entity.rejected)});
  }
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  return kExitDone;
}

int add(const Globals& globals, const std::string& name) {
  auto gate = open_gateway_store(globals, store::Access::create);
  if (!gate) return fail("entity add", gate.error());
  JsonText after;
  after.begin_object().member("name", name).end_object();
  auto made = gate->entities->make(name, wall_seconds());
  if (!made) return fail("entity add", made.error());
  const auto change = [&](store::Stores& stores) { return stores.entities().add(made->entity); };
  if (auto done = change_noted(*gate->store, change, "site.add", made->entity.token, "", after.text()); !done)
    return fail("entity add", done.error());
  print_issued(made->issued, name, globals.json);
  return kExitDone;
}

int rotate(const Globals& globals, const std::string& token) {
  auto gate = open_gateway_store(globals, store::Access::existing);
  if (!gate) return fail("entity rotate", gate.error());
  gateway::IssuedSecret issued;
  const auto change = [&](store::Stores& stores) -> Result<Done> {
    auto rotated = gate->entities->within(stores.entities()).rotate(token, wall_seconds());
    if (!rotated) return rotated.error();
    issued = std::move(rotated).value();
    return Done{};
  };
  if (auto done = change_noted(*gate->store, change, "site.rotate", token); !done)
    return fail("entity rotate", done.error());
  print_issued(issued, {}, globals.json);
  if (!globals.json) fmt::print("The previous secret is accepted for another 24 hours.\n");
  return kExitDone;
}

int set_disabled(const Globals& globals, const std::string& token, bool disabled) {
  const std::string_view command = disabled ? "entity disable" : "entity enable";
  auto gate = open_gateway_store(globals, store::Access::existing);
  if (!gate) return fail(command, gate.error());
  const auto change = [&](store::Stores& stores) {
    return gate->entities->within(stores.entities()).set_disabled(token, disabled);
  };
  if (auto set = change_noted(*gate->store, change, disabled ? "site.disable" : "site.enable", token); !set)
    return fail(command, set.error());
  if (!globals.json) fmt::print("{} is {}.\n", token, disabled ? "disabled" : "enabled");
  return kExitDone;
}

constexpr const char* kNotGiven = "\x01";

/// What `entity set` was given.
struct Wanted {
  std::string token, zone = kNotGiven;
  std::vector<std::string> admin_roles;
};

std::string as_json(const store::SiteSettings& settings) {
  JsonText json;
  json.begin_object().member("zone", settings.zone).key("admin_roles").begin_array();
  for (const std::string& role : settings.admin_roles) json.string(role);
  json.end_array().end_object();
  return json.take();
}

int set(const Globals& globals, const Wanted& wanted) {
  const bool has_zone = wanted.zone != kNotGiven, has_roles = !wanted.admin_roles.empty();
  constexpr std::string_view kCommand = "entity set";
  auto gate = open_gateway_store(globals, store::Access::existing);
  if (!gate) return fail(kCommand, gate.error());
  if (!has_zone && !has_roles)
    return fail(kCommand, Error{"--zone and --admin-role say what is to be set: give one of them", ErrorKind::invalid});
  auto found = gate->store->entities().find(wanted.token);
  if (!found) return fail(kCommand, found.error());
  if (!found.value())
    return fail(kCommand,
                Error{fmt::format("{}: there is no such site: 'logystera entity list' has them", printable(wanted.token)),
                      ErrorKind::not_found});
  auto before = store::site_settings(gate->store->settings(), wanted.token);
  if (!before) return fail(kCommand, before.error());
  store::SiteSettings after = before.value();
  after.damaged.clear();
  if (has_zone) after.zone = wanted.zone;
  if (has_roles) after.admin_roles = wanted.admin_roles;
  std::erase(after.admin_roles, "");
  if (!after.zone.empty()) {
    if (auto zone = parse_zone(after.zone); !zone)
      return fail(kCommand, Error{"--zone " + zone.error().message, ErrorKind::invalid});
  }
  const auto change = [&](store::Stores& stores) {
    return store::put_site_settings(stores.settings(), wanted.token, after);
  };
  if (auto done =
          change_noted(*gate->store, change, "site.settings", wanted.token, as_json(before.value()), as_json(after));
      !done)
    return fail(kCommand, done.error());
  if (!globals.json) {
    std::string roles;
    for (const std::string& role : after.admin_roles) roles += (roles.empty() ? "" : ", ") + role;
    fmt::print("{}: times in {}; administrative: {}\n", wanted.token, after.zone.empty() ? "the server's zone" : after.zone,
               roles.empty() ? "administrator" : roles);
  } else {
    fmt::print("{}\n", as_json(after));
  }
  return kExitDone;
}

void add_set(Command& entity, Program program) {
  auto* sub = entity.add_subcommand("set", "Say where a site's people are, and which of its roles are administrative");
  auto wanted = std::make_shared<Wanted>();
  add_json(*sub, program.globals, "Print JSON");
  add_store(*sub, program.globals);
  add_key_file(*sub, program.globals);
  sub->add_option("TOKEN", wanted->token, "The site's token")->required();
  sub->add_option("--zone", wanted->zone, "Time zone of what rules call off hours: Europe/Berlin; '': the server's");
  sub->add_option(
      "--admin-role", wanted->admin_roles,
      "Machine name of an administrative role; again for each, in the place of those before; '': administrator");
  sub->footer(
      "Examples:\n"
      "  logystera entity set ent_… --zone Europe/Berlin --admin-role administrator --admin-role site_owner\n\n"
      "Rules about administrators and about off hours go by it from the next events on.");
  sub->callback([program, wanted] { program.exit_code = set(program.globals, *wanted); });
}

}  // namespace

void add_entity(Program program) {
  auto* entity = program.app.add_subcommand("entity", "Register the sites that may send, and manage their secrets");
  entity->require_subcommand(1);
  entity->footer(
      "Examples:\n"
      "  logystera entity add 'shop.example.org'\n"
      "  logystera entity add shop --json        {\"token\":\"ent_…\",\"secret\":\"…\",\"name\":\"shop\"}\n"
      "  logystera entity rotate ent_…           a new secret; the old one works for another 24 hours\n\n"
      "A gateway that is running sees every change at once. Secrets are encrypted under the key file\n"
      "(--key-file, else PATH.key beside the database): back up both, apart from each other. A site that was disconnected "
      "is\n"
      "shown as revoked, with the time; its secret is gone for good.");
  auto argument = std::make_shared<std::string>();
  const auto command = [&](const char* name, const char* help, const char* operand, const char* operand_help, auto run) {
    auto* sub = entity->add_subcommand(name, help);
    add_json(*sub, program.globals, "Print JSON");
    add_store(*sub, program.globals);
    add_key_file(*sub, program.globals);
    if (operand) sub->add_option(operand, *argument, operand_help)->required();
    sub->callback([program, argument, run] { program.exit_code = run(program.globals, *argument); });
  };
  command("add", "Register a site; prints its token and secret once", "NAME", "What people call the site", add);
  command("list", "Show every site, when it was last seen and what it sent", nullptr, nullptr,
          [](const Globals& globals, const std::string&) { return list(globals); });
  command("disable", "Refuse a site's requests (403) until it is enabled again", "TOKEN", "The site's token",
          [](const Globals& globals, const std::string& token) { return set_disabled(globals, token, true); });
  command("enable", "Accept a disabled site's requests again", "TOKEN", "The site's token",
          [](const Globals& globals, const std::string& token) { return set_disabled(globals, token, false); });
  command("rotate", "Give a site a new secret; the current one works for another 24 hours", "TOKEN", "The site's token",
          rotate);
  add_set(*entity, program);
}

}  // namespace logystera::cli
