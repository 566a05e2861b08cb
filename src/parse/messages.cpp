// What programs say inside syslog and the journal: which reader takes which message. The envelope (time, host, tag) is read
// elsewhere.
#include <algorithm>
#include <charconv>

#include "core/service.hpp"
#include "parse/message_fields.hpp"

namespace logystera::parse {
namespace {

// "message repeated 5 times: [ Failed password …]" is how rsyslog writes five equal messages. Returns how many; `text`
// becomes the message. The number is bounded, since whoever can write to the log can write any.
std::uint16_t take_repeats(std::string_view& text) {
  std::string_view rest = text;
  if (!skip(rest, "message repeated ")) return 1;
  const std::string_view digits = take_digits(rest);
  if (digits.empty() || !skip(rest, " times: [") || !drop(rest, "]")) return 1;
  text = trim_left(rest);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc()) return Record::kRepeatsMost;
  return static_cast<std::uint16_t>(std::clamp(number, 1u, unsigned{Record::kRepeatsMost}));
}

// Solaris puts "[ID 800047 auth.info] " in front of every message. The level counts where the envelope has none.
void drop_solaris_id(std::string_view& text, bool& severity_given, Record& record) {
  std::string_view rest = text;
  if (!skip(rest, "[ID ") || take_digits(rest).empty() || !skip(rest, " ")) return;
  const std::size_t close = rest.find("] "), dot = rest.find('.');
  constexpr std::size_t kLongest = 24;  // "local7.emergency"
  if (close > kLongest || dot >= close) return;
  if (!severity_given) severity_given = severity_of_word(rest.substr(dot + 1, close - dot - 1), record.severity);
  text = rest.substr(close + 2);
}

// "pam_unix(sshd:auth): …": the module's name, then the service and the stage. `text` moves behind.
bool take_pam_prefix(std::string_view& text, std::string_view& service) {
  const std::size_t open = text.find('('), close = text.find("): ");
  if (!starts_with(text, "pam_") || open == std::string_view::npos || close == std::string_view::npos || open > close ||
      text.find(' ') < close) {
    return false;
  }
  const std::string_view inside = text.substr(open + 1, close - open - 1);
  service = inside.substr(0, inside.find(':'));
  text.remove_prefix(close + 3);
  return true;
}

}  // namespace

bool is_auth_program(std::string_view program) noexcept {
  constexpr std::string_view programs[] = {
      "sshd",     "sudo",   "su",       "login",   "useradd", "userdel", "usermod",        "groupadd",     "groupdel",
      "groupmod", "passwd", "chpasswd", "gpasswd", "chage",   "polkitd", "systemd-logind", "gdm-password", "sssd",
      "dropbear", "doas",   "pkexec",   "runuser", "adduser", "deluser", "newgrp",         "vsftpd"};
  return std::find(std::begin(programs), std::end(programs), service_of(program)) != std::end(programs);
}

void read_program_message(std::string_view program, std::string_view message, bool severity_given, RecordBatch& batch,
                          Record& record) {
  if (starts_with(message, "[ID ")) drop_solaris_id(message, severity_given, record);
  record.message = message;
  record.repeated = take_repeats(message);
  const std::string_view service = service_of(program);
  const bool auth = is_auth_program(service);
  if (!severity_given) record.severity = severity_of_wording(message);
  Message whole{message, severity_given, batch, record};
  std::string_view pam_service = service;
  if (take_pam_prefix(whole.text, pam_service)) {
    record.kind = RecordKind::auth;
    read_pam(whole, pam_service);
    return;
  }
  if (auth) {
    record.kind = RecordKind::auth;
    if (program.find('(') != std::string_view::npos && read_pam(whole, service)) return;  // "sshd(pam_unix)"
    if (service == "sshd") read_sshd(whole);
    else if (service == "dropbear") read_dropbear(whole);
    else if (service == "sudo") read_sudo(whole);
    else if (service == "su") read_su(whole);
    else if (service == "login") read_login(whole);
    else read_account(whole);
    return;
  }
  record.kind = RecordKind::syslog;
  if (read_web_error(service, whole.text, severity_given, batch, record)) return;
  if (starts_with(message, "http")) read_drupal(whole);
}

}  // namespace logystera::parse
