// sudo, su, login and the tools that change accounts.
#include "parse/message_fields.hpp"

namespace logystera::parse {
namespace {

// The value behind "key=" where a key stands at the start or behind a blank.
std::string_view pair_value(std::string_view text, std::string_view key, char end) {
  std::size_t at = 0;
  while ((at = text.find(key, at)) != std::string_view::npos) {
    if (at == 0 || text[at - 1] == ' ') {
      const std::size_t from = at + key.size();
      return text.substr(from, std::min(text.find(end, from), text.size()) - from);
    }
    at += key.size();
  }
  return {};
}

struct SudoParts {
  std::string_view target, command;
};

// "USER=…" and "COMMAND=…" behind "PWD=…". A directory's name and a command's arguments are the caller's and can read like
// either. The first USER= that a COMMAND= follows counts, since the directory needs more preparation than an argument; unless
// a later one says root, so that nobody runs something as root that is shown as less.
SudoParts find_sudo_parts(std::string_view text) {
  constexpr std::string_view kUser = "USER=", kCommand = " ; COMMAND=";
  SudoParts out;
  bool found = false;
  for (std::size_t at = text.find(kUser); at != std::string_view::npos; at = text.find(kUser, at + 1)) {
    if (at > 0 && !(at >= 3 && text.substr(at - 3, 3) == " ; ")) continue;
    const std::string_view target = text.substr(at + kUser.size(), text.find(' ', at) - at - kUser.size());
    if (found && target != "root") continue;
    out.target = target;
    if (found) continue;
    found = true;
    if (const std::size_t command = text.find(kCommand, at); command != std::string_view::npos)
      out.command = text.substr(command + kCommand.size());
  }
  if (const std::size_t command = text.find("COMMAND="); !found && command != std::string_view::npos)
    out.command = text.substr(command + 8);
  return out;
}

}  // namespace

// "admin : TTY=pts/0 ; PWD=/home/admin ; USER=root ; COMMAND=/bin/true", with a reason in front when it was refused.
bool read_sudo(const Message& message) {
  const std::size_t colon = message.text.find(" : ");
  if (colon == std::string_view::npos) return false;
  const std::string_view rest = message.text.substr(colon + 3);
  // A reason stands before the first key and holds nothing a caller chooses.
  const std::string_view reason = rest.substr(0, std::min(rest.find('='), rest.find(" ; ")));
  const auto says = [reason](std::string_view words) { return reason.find(words) != std::string_view::npos; };
  const bool denied = says("NOT in sudoers") || says("NOT authorized") || says("command not allowed");
  const SudoParts parts = find_sudo_parts(rest);
  if (parts.target.empty() && parts.command.empty() && !denied) return false;
  message.batch.add_text(field::user, trim_left(message.text.substr(0, colon)));
  if (!parts.target.empty()) message.batch.add_text(field::target_user, parts.target);
  if (!parts.command.empty()) message.batch.add_text(field::command, parts.command);
  if (denied) return message.settle({"sudo_denied", Severity::warning});
  if (says("incorrect password attempt") || says("a password is required"))
    return message.settle({"sudo_failed", Severity::warning});
  return message.settle({"sudo", Severity::info});
}

// "FAILED SU (to root) bob on pts/0", "(to root) bob on pts/0", "FAILED su for root by bob", "Successful su for root by bob",
// and the BSDs' "BAD SU bob to root on /dev/pts/0", "bob to root on /dev/pts/0". Who calls is an account, whom he names may
// be anything: read from the end.
bool read_su(const Message& message) {
  std::string_view text = message.text, target, user;
  const bool bad = skip(text, "BAD SU ");
  const bool failed = skip(text, "FAILED SU ") || skip(text, "FAILED su ") || bad;
  if (skip(text, "(to ")) {
    const std::size_t close = text.rfind(") ");
    if (close == std::string_view::npos) return false;
    target = text.substr(0, close);
    user = text.substr(close + 2);
    user = user.substr(0, user.find(' '));
  } else if (skip(text, "for ") || skip(text, "Successful su for ")) {
    const std::size_t by = text.rfind(" by ");
    if (by == std::string_view::npos) return false;
    user = text.substr(by + 4);
    target = text.substr(0, by);
  } else {
    const std::size_t on = text.rfind(" on /dev/");
    if (on == std::string_view::npos) return false;
    text = text.substr(0, on);
    user = take_word(text);
    if (!skip(text, " to ")) return false;
    target = text;
  }
  message.batch.add_text(field::user, user);
  message.batch.add_text(field::target_user, target);
  return message.settle({failed ? "su_failed" : "su", failed ? Severity::warning : Severity::info});
}

// "FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure", "FAILED LOGIN 1 FROM host FOR root, …",
// "LOGIN ON tty1 BY root", "ROOT LOGIN ON tty1". The name that failed is anybody's; the host stands before it.
bool read_login(const Message& message) {
  std::string_view text = message.text;
  if (skip(text, "FAILED LOGIN ")) {
    take_word(text);
    if (skip(text, " FROM ") || skip(text, " from ")) {
      const std::string_view host = take_word(text);
      if (host != "(null)") add_peer({host, {}}, message.batch);
    } else {
      text.remove_prefix(std::min(text.find(" FOR "), text.size()));
    }
    if (skip(text, " FOR ") || skip(text, " for ")) {
      text = text.substr(0, text.rfind(", "));
      if (skip(text, "'")) drop(text, "'");
      if (!text.empty()) message.batch.add_text(field::user, text);
    }
    return message.settle({"login_failed", Severity::warning});
  }
  if (skip(text, "LOGIN ON ")) {
    take_word(text);
    if (skip(text, " BY ")) message.batch.add_text(field::user, take_word(text));
    if (skip(text, " FROM ")) add_peer({take_word(text), {}}, message.batch);
    return message.settle({"login", Severity::info});
  }
  return false;
}

// "new user: name=deploy, UID=1002, GID=1002, home=/home/deploy, shell=/bin/bash"
bool read_account(const Message& message) {
  struct Phrase {
    std::string_view start;
    std::string_view action;
  };
  constexpr Phrase phrases[] = {
      {"new user: ", "user_added"},   {"new group: ", "group_added"},    {"delete user ", "user_deleted"},
      {"add ", "group_member_added"}, {"change user ", "user_changed"},  {"removed group ", "group_deleted"},
      {"lock user ", "user_locked"},  {"unlock user ", "user_unlocked"}, {"failed adding user ", "user_add_failed"},
  };
  const std::string_view text = message.text;
  for (const Phrase& phrase : phrases) {
    if (!starts_with(text, phrase.start)) continue;
    std::string_view name = pair_value(text, "name=", ',');
    if (name.empty()) {
      const std::size_t open = text.find('\'');
      const std::size_t close = open == std::string_view::npos ? open : text.find('\'', open + 1);
      if (close != std::string_view::npos) name = text.substr(open + 1, close - open - 1);
    }
    if (!name.empty()) message.batch.add_text(field::target_user, name);
    if (const std::string_view uid = pair_value(text, "UID=", ','); !uid.empty()) message.batch.add_number(field::uid, uid);
    return message.settle({phrase.action, Severity::info});
  }
  return false;
}

}  // namespace logystera::parse
