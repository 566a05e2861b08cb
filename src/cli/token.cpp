// `logystera token`: the tokens programs ask the REST API with.
#include <fmt/core.h>

#include <charconv>
#include <cstdio>
#include <memory>

#include "access/tokens.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/people.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"

namespace logystera::cli {
namespace {

struct Options {
  std::string name, user, role = "viewer", expires = "90d";
  std::vector<std::string> sites;
  std::int64_t number = 0;
};

// "90d" or "never".
Result<std::optional<std::int64_t>> days_of(const std::string& text) {
  if (text == "never") return std::optional<std::int64_t>();
  std::int64_t days = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
  if (error != std::errc() || end + 1 != text.data() + text.size() || *end != 'd' || days < 1 ||
      days > access::kTokenDaysMost) {
    return Error{
        fmt::format("--expires {}: write a number of days like 90d, {}d at most, or never", text, access::kTokenDaysMost),
        ErrorKind::invalid};
  }
  return std::optional(days);
}

Result<access::NewToken> wanted(store::Store& store, const Options& options) {
  access::NewToken token;
  token.name = options.name;
  token.role = *web::role_of(options.role);
  auto days = days_of(options.expires);
  if (!days) return days.error();
  token.days = days.value();
  auto sites = chosen_sites(store, options.sites);
  if (!sites) return sites.error();
  token.sites = std::move(sites).value();
  if (options.user.empty()) return token;
  auto user = store.accounts().find_user(options.user);
  if (!user) return user.error();
  if (!user.value()) {
    return Error{fmt::format("--user {}: there is none of this name: 'logystera user list' shows them", options.user),
                 ErrorKind::not_found};
  }
  token.user = user.value()->id;
  if (web::role_of(user.value()->role).value_or(web::Role::viewer) >= token.role) return token;
  return Error{fmt::format("--role {}: a token may not do more than its user, who is {}", options.role, user.value()->role),
               ErrorKind::invalid};
}

int add(const Globals& globals, const Options& options) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("token add", store.error());
  auto token = wanted(*store.value(), options);
  if (!token) return fail("token add", token.error());
  access::Tokens tokens(*store.value());
  auto made = tokens.add(token.value(), wall_seconds(), note_of_command());
  if (!made) return fail("token add", made.error());
  if (globals.json) {
    JsonText json;
    json.begin_object().number("id", made->id).member("token", made->token).number("expires_at", made->expires_at);
    json.end_object();
    std::puts(json.text().c_str());
    return kExitDone;
  }
  fmt::print("{}\n", made->token);
  std::fprintf(stderr, "This is token %lld. It is shown once: keep it where nobody else can read it.\n",
               static_cast<long long>(made->id));
  return kExitDone;
}

std::string state_of(const store::ApiToken& token, std::int64_t now) {
  if (token.user_disabled) return "user disabled";
  if (token.expires_at == 0) return "never ends";
  return (token.expires_at <= now ? "ended " : "ends ") + local_time(token.expires_at);
}

void print_json(const store::ApiToken& token) {
  JsonText json;
  json.begin_object().number("id", token.id).member("name", token.name).member("prefix", token.prefix);
  json.member("role", token.role).key("user");
  if (token.user == 0) json.null();
  else json.string(token.user_name);
  json.key("sites");
  if (token.sites.all) {
    json.null();
  } else {
    json.begin_array();
    for (const std::string& site : token.sites.tokens) json.string(site);
    json.end_array();
  }
  json.number("created_at", token.created_at).number("expires_at", token.expires_at);
  json.number("last_used_at", token.last_used_at).member("last_address", token.last_address).end_object();
  std::puts(json.text().c_str());
}

int list(const Globals& globals) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("token list", store.error());
  auto all = access::Tokens(*store.value()).list();
  if (!all) return fail("token list", all.error());
  std::vector<std::vector<std::string>> rows{{"ID", "NAME", "TOKEN", "ROLE", "USER", "SITES", "LAST USED", "STATE"}};
  for (const store::ApiToken& token : all.value()) {
    if (globals.json) {
      print_json(token);
      continue;
    }
    const std::string used =
        token.last_used_at == 0 ? "never" : local_time(token.last_used_at) + " from " + printable(token.last_address);
    rows.push_back({std::to_string(token.id), printable(token.name), token.prefix + "…", token.role,
                    token.user == 0 ? "-" : printable(token.user_name), sites_in_words(*store.value(), token.sites), used,
                    state_of(token, wall_seconds())});
  }
  if (!globals.json) std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  return kExitDone;
}

int revoke(const Globals& globals, const Options& options) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("token revoke", store.error());
  auto revoked = access::Tokens(*store.value()).revoke(options.number, {}, note_of_command());
  if (!revoked) return fail("token revoke", revoked.error());
  if (!globals.json) fmt::print("Token {} is revoked.\n", options.number);
  return kExitDone;
}

}  // namespace

void add_token(Program program) {
  auto* token = program.app.add_subcommand("token", "Manage the tokens of programs that use the REST API");
  token->require_subcommand(1);
  token->footer(
      "Examples:\n"
      "  logystera token add ci                                  reads; ends after 90 days\n"
      "  logystera token add shop-dashboard --role analyst --site shop.example.org --expires 30d\n"
      "  curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:8080/api/v1/stats\n\n"
      "A token is printed once, when it is made; what is kept is its hash. It may what its role may, and with --user never "
      "more\n"
      "than that user may at the time. A running server sees every change at once.");
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, auto run) {
    auto* sub = token->add_subcommand(name, help);
    add_json(*sub, program.globals, "Print JSON");
    add_store(*sub, program.globals);
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  auto* making = command("add", "Make a token and print it, once", add);
  making->add_option("NAME", options->name, "What uses it, for people: 1-64 bytes")->required();
  add_role(*making, options->role,
           "What it may: viewer reads, analyst also sees personal data, admin everything [default: viewer]");
  making->add_option("--user", options->user, "Whose it is [default: the server's, whoever comes and goes]");
  making->add_option("--site", options->sites, "A site it sees, by token or name; again for each [default: all of them]");
  making->add_option("--expires", options->expires, "When it ends: a number of days like 90d, or never")
      ->capture_default_str();
  command("list", "List the tokens, without their secrets",
          [](const Globals& globals, const Options&) { return list(globals); });
  command("revoke", "End a token", revoke)
      ->add_option("ID", options->number, "Its number, as 'token list' shows it")
      ->required()
      ->check(whole_number(1, 1'000'000'000'000));
}

}  // namespace logystera::cli
