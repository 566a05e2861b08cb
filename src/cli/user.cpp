// `logystera user`: who may sign in to this server in a browser, and what they may.
#include <fmt/core.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "access/password.hpp"
#include "access/second_factor.hpp"
#include "access/users.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/people.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "core/json_text.hpp"
#include "core/secret.hpp"

namespace logystera::cli {
namespace {

/// A password in memory, overwritten at the end.
struct Password {
  std::string text;
  ~Password() { wipe(text); }
};

// One line of at most kPasswordBytesMax bytes, without its end; one byte more tells that it is longer.
Result<Done> read_line(int fd, Password& into) {
  into.text.reserve(access::kPasswordBytesMax + 2);  // so that growing leaves no copy behind
  char c = 0;
  while (into.text.size() <= access::kPasswordBytesMax) {
    const ssize_t got = ::read(fd, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{fmt::format("the password cannot be read: {}", std::strerror(errno)), kind_of_errno(errno)};
    if (got == 0 || c == '\n') break;
    into.text += c;
  }
  if (into.text.ends_with('\r')) into.text.pop_back();
  return Done{};
}

/// The terminal does not show what is typed for as long as this lives. Ctrl-C waits that long too: nobody should be left with
/// a terminal that shows nothing.
class Unseen {
 public:
  Unseen() {
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGINT);
    ::sigaddset(&ends, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &ends, &signals_before_);
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios unseen = before_;
    unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen) == 0;
  }
  ~Unseen() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    ::sigprocmask(SIG_SETMASK, &signals_before_, nullptr);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  sigset_t signals_before_{};
  bool changed_ = false;
};

Result<Done> ask(const char* words, Password& into) {
  const Unseen unseen;
  std::fputs(words, stderr);
  auto read = read_line(STDIN_FILENO, into);
  std::fputc('\n', stderr);
  return read;
}

Result<Done> read_file(const std::string& path, Password& into) {
  SecretFile wanted;
  wanted.noun = "password file";
  wanted.after_exposure = "choose another password";
  wanted.bytes_max = access::kPasswordBytesMax;
  wanted.first_line = true;
  auto password = read_secret_file(path, wanted);
  if (!password) return password.error();
  into.text = std::move(password).value();
  return Done{};
}

// From the file, from a terminal (twice, unseen), or the first line of whatever standard input is.
Result<Done> read_password(const std::string& path, Password& into) {
  if (!path.empty()) return read_file(path, into);
  if (::isatty(STDIN_FILENO) == 0) return read_line(STDIN_FILENO, into);
  if (auto first = ask("Password: ", into); !first) return first;
  Password again;
  if (auto second = ask("Repeat the password: ", again); !second) return second;
  if (into.text != again.text) return Error{"the two passwords differ: nothing was changed", ErrorKind::invalid};
  return Done{};
}

struct Options {
  std::string name, password_file, role;
  std::vector<std::string> sites;
  bool last = false;
};

int add(const Globals& globals, const Options& options) {
  Password password;
  if (auto read = read_password(options.password_file, password); !read) return fail("user add", read.error());
  auto store = open_store(globals, store::Access::create);
  if (!store) return fail("user add", store.error());
  auto sites = chosen_sites(*store.value(), options.sites);
  if (!sites) return fail("user add", sites.error());
  auto any = store.value()->accounts().has_users();
  if (!any) return fail("user add", any.error());
  const std::string role = !options.role.empty() ? options.role : any.value() ? "viewer" : "admin";
  access::Users users(*store.value());
  const access::NewUser user{options.name, password.text, *web::role_of(role), std::move(sites).value()};
  if (auto added = users.add(user, wall_seconds(), note_of_command()); !added) return fail("user add", added.error());
  if (!globals.json) fmt::print("{} can sign in now, as {}.\n", options.name, role);
  return kExitDone;
}

int set_password(const Globals& globals, const Options& options) {
  Password password;
  if (auto read = read_password(options.password_file, password); !read) return fail("user password", read.error());
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("user password", store.error());
  access::Users users(*store.value());
  if (auto set = users.set_password(options.name, password.text, note_of_command()); !set) {
    return fail("user password", set.error());
  }
  if (!globals.json) fmt::print("{} has a new password; every session that was open has ended.\n", options.name);
  return kExitDone;
}

int remove(const Globals& globals, const Options& options) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("user remove", store.error());
  access::Users users(*store.value());
  auto removed = users.remove(options.name, note_of_command(), options.last);
  if (!removed && removed.error().kind == ErrorKind::denied) {
    return fail("user remove", Error{removed.error().message + ", or give --last", ErrorKind::denied});
  }
  if (!removed) return fail("user remove", removed.error());
  if (!globals.json) fmt::print("{} is removed. Sites connected by this user stay connected.\n", options.name);
  return kExitDone;
}

int change(const char* command, const Globals& globals, const Options& options, const access::AccessChange& change,
           const std::string& words) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail(command, store.error());
  access::AccessChange all = change;
  if (!options.sites.empty()) {
    auto sites = chosen_sites(*store.value(), options.sites);
    if (!sites) return fail(command, sites.error());
    all.sites = std::move(sites).value();
  } else if (change.role) {
    all.sites = store::SiteChoice{};
  }
  access::Users users(*store.value());
  if (auto changed = users.change(options.name, all, note_of_command()); !changed) return fail(command, changed.error());
  if (!globals.json) fmt::print("{} {}; every session that was open has ended.\n", options.name, words);
  return kExitDone;
}

int set_role(const Globals& globals, const Options& options) {
  return change("user role", globals, options, {.role = web::role_of(options.role)}, "is " + options.role + " now");
}

int disable(const Globals& globals, const Options& options) {
  return change("user disable", globals, options, {.disabled = true}, "cannot sign in any more");
}

int enable(const Globals& globals, const Options& options) {
  return change("user enable", globals, options, {.disabled = false}, "can sign in again");
}

int end_second_factor(const Globals& globals, const Options& options) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("user second-factor-off", store.error());
  auto user = store.value()->accounts().find_user(options.name);
  if (!user) return fail("user second-factor-off", user.error());
  if (!user.value() || user.value()->sealed_totp.empty()) {
    return fail("user second-factor-off",
                Error{fmt::format("user {}: {}", options.name,
                                  user.value() ? "has no second factor" : "there is none of this name"),
                      ErrorKind::not_found});
  }
  access::SecondFactor second_factor(*store.value(), {});
  if (auto off = second_factor.turn_off(*user.value(), note_of_command()); !off) {
    return fail("user second-factor-off", off.error());
  }
  if (!globals.json) fmt::print("{} signs in with the password alone now.\n", options.name);
  return kExitDone;
}

void print_json(const store::User& user) {
  JsonText json;
  json.begin_object().member("name", user.name).member("role", user.role).member("disabled", user.disabled);
  json.member("second_factor", !user.sealed_totp.empty()).key("sites");
  if (user.sites.all) {
    json.null();
  } else {
    json.begin_array();
    for (const std::string& site : user.sites.tokens) json.string(site);
    json.end_array();
  }
  json.number("created_at", user.created_at).number("last_login_at", user.last_login_at).end_object();
  std::puts(json.text().c_str());
}

int list(const Globals& globals) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("user list", store.error());
  access::Users users(*store.value());
  auto all = users.list();
  if (!all) return fail("user list", all.error());
  std::vector<std::vector<std::string>> rows{{"NAME", "ROLE", "SITES", "CREATED", "LAST LOGIN", "STATE"}};
  for (const store::User& user : all.value()) {
    if (globals.json) {
      print_json(user);
      continue;
    }
    const char* state = user.disabled ? "disabled" : user.sealed_totp.empty() ? "" : "second factor";
    rows.push_back({printable(user.name), user.role, sites_in_words(*store.value(), user.sites),
                    local_time(user.created_at), user.last_login_at ? local_time(user.last_login_at) : "never", state});
  }
  if (!globals.json) std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  return kExitDone;
}

}  // namespace

void add_user(Program program) {
  auto* user = program.app.add_subcommand("user", "Manage who may sign in to the server in a browser, and what they may");
  user->require_subcommand(1);
  user->footer(
      "Examples:\n"
      "  logystera user add anna --role admin          asks for the password, twice\n"
      "  logystera user add bert --role viewer --site shop.example.org\n"
      "  logystera user add anna --password-file F     its first line; F must be readable by you alone (mode 0600)\n"
      "  pass show gateway | logystera user password anna\n"
      "  logystera user role bert analyst\n\n"
      "A viewer reads, without personal data; an analyst also sees personal data, dismisses, and uploads logs; an admin "
      "does\n"
      "everything, and connects sites. A password has 12 characters at least. It is kept as an Argon2id hash, and is never "
      "an\n"
      "argument, which every user of the machine could read. A running server sees every change at once; a new password, "
      "role or\n"
      "choice of sites ends the sessions that are open. The last administrator stays.");
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, bool named, auto run) {
    auto* sub = user->add_subcommand(name, help);
    add_json(*sub, program.globals, "Print JSON");
    add_store(*sub, program.globals);
    if (named) sub->add_option("NAME", options->name, "1-64 letters, digits and . _ @ -, without case")->required();
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  const auto with_password = [&](Command* sub) {
    sub->add_option("--password-file", options->password_file,
                    "Read the password from this file [default: ask, or read standard input]");
    return sub;
  };
  const auto with_sites = [&](Command* sub) {
    sub->add_option("--site", options->sites,
                    "A site this user sees, by token or name; again for each; not for an admin [default: all of them]");
  };
  auto* adding = with_password(command("add", "Add a user", true, add));
  add_role(*adding, options->role,
           "What this user may: viewer, analyst or admin [default: admin for the first user, else viewer]");
  with_sites(adding);
  command("list", "List the users", false, [](const Globals& globals, const Options&) { return list(globals); });
  with_password(command("password", "Change a password; ends the user's sessions", true, set_password));
  auto* role =
      command("role", "Change what a user may, and with --site what he sees; ends the user's sessions", true, set_role);
  role->add_option("ROLE", options->role, "viewer, analyst or admin")
      ->required()
      ->check(any_of({"viewer", "analyst", "admin"}));
  with_sites(role);
  command("disable", "Let a user sign in no more, end the open sessions, and refuse the user's tokens", true, disable);
  command("enable", "Let a user sign in again", true, enable);
  command("second-factor-off", "For somebody who has lost it, and the recovery codes", true, end_second_factor);
  command("remove", "Remove a user with sessions and tokens; connected sites stay connected", true, remove)
      ->add_flag("--last", options->last, "Even the last administrator");
}

}  // namespace logystera::cli
