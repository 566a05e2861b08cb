// Linux-PAM's modules: "authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7  user=root".
#include <algorithm>

#include "parse/message_fields.hpp"

namespace logystera::parse {
namespace {

// Services that give PAM the name a visitor typed as the remote user, too.
bool gives_name_as_ruser(std::string_view service) {
  constexpr std::string_view services[] = {"vsftpd", "ftp", "ftpd", "proftpd", "pure-ftpd", "wu-ftpd", "rsh", "rlogin"};
  return std::find(std::begin(services), std::end(services), service) != std::end(services);
}

struct Parts {
  std::string_view ruser, host, user;
};

// ruser and user may hold anything, the host no blank, and their order is fixed. Divides "ruser=… rhost=… [user=…]" at the
// "rhost=" at `at`; false if what follows does not go on as it must.
bool divide(std::string_view text, std::size_t at, Parts& out) {
  out.ruser = text.substr(0, at);
  std::string_view rest = text.substr(at + 7);
  out.host = take_word(rest);
  rest = trim_left(rest);
  if (!rest.empty() && !skip(rest, "user=")) return false;
  out.user = rest;
  return true;
}

// A service that sets no remote user leaves nothing to choose before the host: the first division. Where it is the visitor's
// name, that name stands in both places, or in the first alone when no account has it.
bool find_parts(std::string_view text, bool typed, Parts& out) {
  bool found = false;
  for (std::size_t at = text.find(" rhost="); at != std::string_view::npos; at = text.find(" rhost=", at + 1)) {
    Parts here;
    if (!divide(text, at, here)) continue;
    if (!typed) {
      out = here;
      return true;
    }
    if (!here.user.empty() && here.user == here.ruser) {
      out = here;
      return true;
    }
    if (!found || here.user.empty()) out = here;
    found = true;
  }
  return found;
}

bool read_failure(std::string_view text, const Message& message, std::string_view service, const Outcome& outcome) {
  const std::size_t ruser = text.find(" ruser=");
  Parts parts;
  if (ruser != std::string_view::npos) {
    text = trim_right(text.substr(ruser + 7));
    drop(text, " [preauth]");
    if (find_parts(text, gives_name_as_ruser(service), parts)) {
      add_peer({parts.host, {}}, message.batch);
      if (!parts.user.empty()) message.batch.add_text(field::user, parts.user);
    }
  }
  return message.settle(outcome);
}

}  // namespace

bool read_pam(const Message& message, std::string_view service) {
  std::string_view text = message.text;
  if (starts_with(text, "authentication failure;"))
    return read_failure(text, message, service, {"pam_failure", Severity::warning});
  std::string_view counted = text;
  if (!take_digits(counted).empty() && starts_with(counted, " more authentication failure"))
    return read_failure(counted, message, service, {"pam_more_failures", Severity::warning});
  const bool opened = skip(text, "session opened for user ");
  if (opened || skip(text, "session closed for user ")) {
    message.batch.add_text(field::user, text.substr(0, text.find_first_of(" (")));
    return message.settle({opened ? "session_opened" : "session_closed", Severity::info});
  }
  if (skip(text, "password changed for ")) {
    message.batch.add_text(field::target_user, text);
    return message.settle({"password_changed", Severity::info});
  }
  if (starts_with(text, "check pass; user unknown")) return message.settle({"pam_unknown_user", Severity::warning});
  return false;
}

}  // namespace logystera::parse
