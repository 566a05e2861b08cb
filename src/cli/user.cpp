// `logystera user`: who may connect sites to this gateway in a browser.
#include <fmt/core.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "access/password.hpp"
#include "access/users.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
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
  std::string name, password_file;
};

int add(const Globals& globals, const Options& options) {
  Password password;
  if (auto read = read_password(options.password_file, password); !read) return fail("user add", read.error());
  auto store = open_store(globals, store::Access::create);
  if (!store) return fail("user add", store.error());
  access::Users users(*store.value());
  if (auto added = users.add({options.name, password.text, web::Role::admin}, wall_seconds(), access::unnoted()); !added)
    return fail("user add", added.error());
  if (!globals.json) fmt::print("{} may connect sites now.\n", options.name);
  return kExitDone;
}

int set_password(const Globals& globals, const Options& options) {
  Password password;
  if (auto read = read_password(options.password_file, password); !read) return fail("user password", read.error());
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("user password", store.error());
  access::Users users(*store.value());
  if (auto set = users.set_password(options.name, password.text, access::unnoted()); !set)
    return fail("user password", set.error());
  if (!globals.json) fmt::print("{} has a new password; every session that was open has ended.\n", options.name);
  return kExitDone;
}

int remove(const Globals& globals, const Options& options) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("user remove", store.error());
  access::Users users(*store.value());
  if (auto removed = users.remove(options.name, access::unnoted(), true); !removed)
    return fail("user remove", removed.error());
  if (!globals.json) fmt::print("{} is removed. Sites connected by this user stay connected.\n", options.name);
  return kExitDone;
}

int list(const Globals& globals) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("user list", store.error());
  access::Users users(*store.value());
  auto all = users.list();
  if (!all) return fail("user list", all.error());
  if (globals.json) {
    for (const store::User& user : all.value()) {
      JsonText json;
      json.begin_object().member("name", user.name).key("created_at").integer(user.created_at);
      json.key("last_login_at").integer(user.last_login_at).end_object();
      std::puts(json.text().c_str());
    }
    return kExitDone;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "CREATED", "LAST LOGIN"}};
  for (const store::User& user : all.value()) {
    rows.push_back(
        {printable(user.name), local_time(user.created_at), user.last_login_at ? local_time(user.last_login_at) : "never"});
  }
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  return kExitDone;
}

}  // namespace

void add_user(Program program) {
  auto* user = program.app.add_subcommand("user", "Manage who may connect sites to the gateway in a browser");
  user->require_subcommand(1);
  user->footer(
      "Examples:\n"
      "  logystera user add anna                     asks for the password, twice\n"
      "  logystera user add anna --password-file F   its first line; F must be readable by you alone (mode 0600)\n"
      "  pass show gateway | logystera user password anna\n\n"
      "A password has 12 characters at least. It is kept as an Argon2id hash, and is never an argument, which\n"
      "every user of the machine could read. A running gateway sees every change at once; a new password ends\n"
      "the sessions that are open.");
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, bool named, bool with_password, auto run) {
    auto* sub = user->add_subcommand(name, help);
    add_json(*sub, program.globals, "Print JSON");
    add_store(*sub, program.globals);
    if (named) sub->add_option("NAME", options->name, "1-64 letters, digits and . _ @ -, without case")->required();
    if (with_password) {
      sub->add_option("--password-file", options->password_file,
                      "Read the password from this file [default: ask, or read standard input]");
    }
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
  };
  command("add", "Add a user who may connect sites", true, true, add);
  command("list", "List the users", false, false, [](const Globals& globals, const Options&) { return list(globals); });
  command("password", "Change a password; ends the user's sessions", true, true, set_password);
  command("remove", "Remove a user and end the open sessions; connected sites stay connected", true, false, remove);
}

}  // namespace logystera::cli
