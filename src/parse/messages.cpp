// What programs say inside syslog and the journal: sshd, sudo, su, PAM, account tools and Drupal's watchdog. The envelope
// (time, host, tag) is read elsewhere.
//
// Names in these messages come from outside: "Failed password for invalid user a from 1.1.1.1 from 2.2.2.2 port 3" is what
// sshd logs for a user who calls himself "a from 1.1.1.1". So the address is always the last one, just before " port ".
#include <cstring>

#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

// What an auth record says happened, and what that is worth where the envelope gives no level.
struct Outcome {
  std::string_view action;
  Severity severity;
};

void settle(const Outcome& outcome, bool severity_given, RecordBatch& batch, Record& record) {
  batch.add_text(field::action, outcome.action);
  if (!severity_given) record.severity = outcome.severity;
}

// "1.2.3.4 port 22 ssh2" or "1.2.3.4" or "1.2.3.4:11: …".
void add_peer(std::string_view text, RecordBatch& batch) {
  const std::size_t space = text.find(' ');
  std::string_view address = text.substr(0, space);
  batch.add_ip(field::client_ip, address);
  if (space == std::string_view::npos) return;
  std::string_view rest = text.substr(space + 1);
  if (!skip(rest, "port ")) return;
  std::size_t end = 0;
  while (end < rest.size() && rest[end] >= '0' && rest[end] <= '9') ++end;
  if (end > 0) batch.add_number(field::client_port, rest.substr(0, end));
}

// "USER from PEER": the user may be anything, the empty name included.
void add_user_and_peer(std::string_view text, RecordBatch& batch) {
  const bool invalid = skip(text, "invalid user ") || skip(text, "illegal user ");
  (void)invalid;
  std::size_t from = text.rfind(" from ");
  if (from == std::string_view::npos) {
    if (!skip(text, "from ")) {
      if (!text.empty()) batch.add_text(field::user, text.substr(0, text.find(' ')));
      return;
    }
    add_peer(text, batch);
    return;
  }
  if (from > 0) batch.add_text(field::user, text.substr(0, from));
  add_peer(text.substr(from + 6), batch);
}

bool read_sshd(std::string_view message, bool given, RecordBatch& batch, Record& record) {
  std::string_view rest = message;
  skip(rest, "error: ");
  skip(rest, "fatal: ");
  skip(rest, "message repeated ");
  if (const std::size_t open = rest.find("times: [ "); open != std::string_view::npos && open < 8) {
    rest = rest.substr(open + 9);  // "message repeated 2 times: [ Failed password for root from 1.2.3.4 port 22 ssh2]"
  }
  const bool accepted = starts_with(rest, "Accepted "), failed = starts_with(rest, "Failed "),
             postponed = starts_with(rest, "Postponed ");
  if (accepted || failed || postponed) {
    rest.remove_prefix(rest.find(' ') + 1);
    const std::size_t target = rest.find(" for ");
    if (target == std::string_view::npos) return false;
    batch.add_text(field::auth_method, rest.substr(0, target));
    rest.remove_prefix(target + 5);
    const bool invalid = starts_with(rest, "invalid user ") || starts_with(rest, "illegal user ");
    add_user_and_peer(rest, batch);
    if (accepted) settle({"accepted", Severity::info}, given, batch, record);
    else if (postponed) settle({"postponed", Severity::info}, given, batch, record);
    else settle({invalid ? "failed_invalid_user" : "failed", Severity::warning}, given, batch, record);
    return true;
  }
  if (starts_with(rest, "Invalid user ") || starts_with(rest, "Illegal user ")) {
    rest.remove_prefix(13);
    add_user_and_peer(rest, batch);
    settle({"invalid_user", Severity::warning}, given, batch, record);
    return true;
  }
  struct Phrase {
    std::string_view start;
    Outcome outcome;
  };
  constexpr Phrase peers[] = {
      {"Connection closed by ", {"closed", Severity::info}},
      {"Connection reset by ", {"reset", Severity::info}},
      {"Disconnected from ", {"disconnected", Severity::info}},
      {"Received disconnect from ", {"disconnected", Severity::info}},
      {"Disconnecting ", {"disconnected", Severity::warning}},
      {"Did not receive identification string from ", {"no_identification", Severity::warning}},
      {"Unable to negotiate with ", {"no_common_algorithm", Severity::warning}},
      {"Connection from ", {"connected", Severity::info}},
      {"maximum authentication attempts exceeded for ", {"max_attempts", Severity::warning}},
      {"PAM: Authentication failure for ", {"failed", Severity::warning}},
      {"PAM: User not known to the underlying authentication module for ", {"invalid_user", Severity::warning}},
      {"banner exchange: Connection from ", {"bad_banner", Severity::warning}},
      {"kex_exchange_identification: ", {"bad_exchange", Severity::warning}},
      {"Bad protocol version identification ", {"bad_protocol", Severity::warning}},
      {"Protocol major versions differ for ", {"bad_protocol", Severity::warning}},
      {"reverse mapping checking getaddrinfo for ", {"reverse_mapping_failed", Severity::warning}},
      {"User ", {"not_allowed", Severity::warning}},
      {"ROOT LOGIN REFUSED FROM ", {"root_refused", Severity::warning}},
  };
  for (const Phrase& phrase : peers) {
    if (!skip(rest, phrase.start)) continue;
    if (phrase.start == "User ") {  // "User root from 1.2.3.4 not allowed because …"
      if (rest.find(" not allowed ") == std::string_view::npos) return false;
      add_user_and_peer(rest.substr(0, rest.rfind(" not allowed ")), batch);
      settle(phrase.outcome, given, batch, record);
      return true;
    }
    for (std::string_view who :
         {std::string_view("invalid user "), std::string_view("authenticating user "), std::string_view("user ")}) {
      if (!skip(rest, who)) continue;
      // "USER 1.2.3.4 port 22": the address is the word before the last " port ".
      const std::size_t port = rest.rfind(" port ");
      const std::size_t space = port == std::string_view::npos ? std::string_view::npos : rest.rfind(' ', port - 1);
      if (space != std::string_view::npos && rest.find(" from ") == std::string_view::npos) {
        batch.add_text(field::user, rest.substr(0, space));
        rest.remove_prefix(space + 1);
      }
      break;
    }
    if (phrase.start.find(" for ") != std::string_view::npos || rest.rfind(" from ") != std::string_view::npos) {
      if (starts_with(phrase.start, "reverse")) {  // "… for host.example [1.2.3.4] failed - POSSIBLE BREAK-IN ATTEMPT!"
        const std::size_t open = rest.find('['), close = rest.find(']');
        if (open != std::string_view::npos && close != std::string_view::npos && close > open) {
          batch.add_ip(field::client_ip, rest.substr(open + 1, close - open - 1));
        }
      } else if (starts_with(phrase.start, "Bad")) {
        const std::size_t from = rest.rfind(" from ");
        if (from != std::string_view::npos) add_peer(rest.substr(from + 6), batch);
      } else {
        add_user_and_peer(rest, batch);
      }
    } else {
      std::string_view peer = rest.substr(0, rest.find(' '));
      const bool colon_reason = !peer.empty() && (peer.back() == ':' || peer.find(": ") != std::string_view::npos);
      IpAddress address;
      if (!colon_reason && parse_ip(peer, address)) {
        add_peer(rest, batch);
      } else {  // "Received disconnect from 1.2.3.4: 11: …"
        while (!peer.empty() && !parse_ip(peer, address)) {
          const std::size_t colon = peer.rfind(':');
          peer = colon == std::string_view::npos ? std::string_view() : peer.substr(0, colon);
        }
        if (!peer.empty()) batch.add_ip(field::client_ip, peer);
      }
    }
    settle(phrase.outcome, given, batch, record);
    return true;
  }
  if (starts_with(message, "Server listening on ")) {
    settle({"listening", Severity::info}, given, batch, record);
    return true;
  }
  if (!given && starts_with(message, "error: ")) record.severity = Severity::error;
  if (!given && starts_with(message, "fatal: ")) record.severity = Severity::critical;
  return false;
}

// The value behind "key=" where a key stands at the start or behind a blank.
std::string_view pair_value(std::string_view text, std::string_view key, char end) {
  std::size_t at = 0;
  while ((at = text.find(key, at)) != std::string_view::npos) {
    if (at == 0 || text[at - 1] == ' ' || text[at - 1] == ',') {
      const std::size_t from = at + key.size();
      return text.substr(from, std::min(text.find(end, from), text.size()) - from);
    }
    at += key.size();
  }
  return {};
}

// "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=1.2.3.4  user=root"
bool read_pam(std::string_view message, bool given, RecordBatch& batch, Record& record) {
  const std::size_t close = message.find("): ");
  if (close == std::string_view::npos) return false;
  const std::string_view rest = message.substr(close + 3);
  if (rest.find("authentication failure") != std::string_view::npos) {
    const std::string_view host = pair_value(rest, "rhost=", ' '), user = pair_value(rest, "user=", ' ');
    if (!host.empty()) batch.add_ip(field::client_ip, host);
    if (!user.empty()) batch.add_text(field::user, user);
    settle({"pam_failure", Severity::warning}, given, batch, record);
    return true;
  }
  const bool opened = starts_with(rest, "session opened for user "), closed = starts_with(rest, "session closed for user ");
  if (opened || closed) {
    std::string_view user = rest.substr(24);
    user = user.substr(0, user.find_first_of(" ("));
    batch.add_text(field::user, user);
    settle({opened ? "session_opened" : "session_closed", Severity::info}, given, batch, record);
    return true;
  }
  if (starts_with(rest, "password changed for ")) {
    batch.add_text(field::target_user, rest.substr(21));
    settle({"password_changed", Severity::info}, given, batch, record);
    return true;
  }
  if (starts_with(rest, "check pass; user unknown")) {
    settle({"pam_unknown_user", Severity::warning}, given, batch, record);
    return true;
  }
  return false;
}

// "admin : TTY=pts/0 ; PWD=/home/admin ; USER=root ; COMMAND=/bin/true", with a reason in front when it was refused.
bool read_sudo(std::string_view message, bool given, RecordBatch& batch, Record& record) {
  const std::size_t colon = message.find(" : ");
  if (colon == std::string_view::npos) return false;
  std::string_view rest = message.substr(colon + 3);
  const std::size_t command = rest.find("COMMAND=");
  const std::size_t user_at = rest.find("USER=");
  if (command == std::string_view::npos && user_at == std::string_view::npos &&
      rest.find("NOT in sudoers") == std::string_view::npos) {
    return false;
  }
  batch.add_text(field::user, trim_left(message.substr(0, colon)));
  if (user_at != std::string_view::npos && user_at < command) {
    const std::string_view target = rest.substr(user_at + 5, rest.find(' ', user_at) - user_at - 5);
    batch.add_text(field::target_user, target);
  }
  if (command != std::string_view::npos) batch.add_text(field::command, rest.substr(command + 8));
  if (rest.find("NOT in sudoers") < command || rest.find("command not allowed") < command) {
    settle({"sudo_denied", Severity::warning}, given, batch, record);
  } else if (rest.find("incorrect password attempt") < command || rest.find("a password is required") < command) {
    settle({"sudo_failed", Severity::warning}, given, batch, record);
  } else {
    settle({"sudo", Severity::info}, given, batch, record);
  }
  return true;
}

// "new user: name=deploy, UID=1002, GID=1002, home=/home/deploy, shell=/bin/bash"
bool read_account(std::string_view message, bool given, RecordBatch& batch, Record& record) {
  struct Phrase {
    std::string_view start;
    std::string_view action;
  };
  constexpr Phrase phrases[] = {
      {"new user: ", "user_added"},   {"new group: ", "group_added"},    {"delete user ", "user_deleted"},
      {"add ", "group_member_added"}, {"change user ", "user_changed"},  {"removed group ", "group_deleted"},
      {"lock user ", "user_locked"},  {"unlock user ", "user_unlocked"}, {"failed adding user ", "user_add_failed"},
  };
  for (const Phrase& phrase : phrases) {
    if (!starts_with(message, phrase.start)) continue;
    std::string_view name = pair_value(message, "name=", ',');
    if (name.empty()) {
      const std::size_t open = message.find('\'');
      const std::size_t close = open == std::string_view::npos ? open : message.find('\'', open + 1);
      if (close != std::string_view::npos) name = message.substr(open + 1, close - open - 1);
    }
    if (!name.empty()) batch.add_text(field::target_user, name);
    if (const std::string_view uid = pair_value(message, "UID=", ','); !uid.empty()) batch.add_number(field::uid, uid);
    settle({phrase.action, Severity::info}, given, batch, record);
    return true;
  }
  return false;
}

// "FAILED SU (to root) bob on pts/0", "FAILED su for root by bob", "Successful su for root by bob", "(to root) bob on pts/0"
bool read_su(std::string_view message, bool given, RecordBatch& batch, Record& record) {
  std::string_view target, user;
  const std::size_t to = message.find("(to ");
  const std::size_t close = to == std::string_view::npos ? to : message.find(") ", to);
  if (close != std::string_view::npos) {
    target = message.substr(to + 4, close - to - 4);
    user = message.substr(close + 2);
    user = user.substr(0, user.find(' '));
  } else if (const std::size_t of = message.find(" su for "); of != std::string_view::npos) {
    target = message.substr(of + 8);
    const std::size_t by = target.find(" by ");
    if (by == std::string_view::npos) return false;
    user = target.substr(by + 4);
    target = target.substr(0, by);
  } else {
    return false;
  }
  batch.add_text(field::user, user);
  batch.add_text(field::target_user, target);
  const bool failed = starts_with(message, "FAILED");
  settle({failed ? "su_failed" : "su", failed ? Severity::warning : Severity::info}, given, batch, record);
  return true;
}

// base_url|timestamp|type|ip|request_uri|referer|uid|link|message: the syslog module's default format.
bool read_drupal(std::string_view message, RecordBatch& batch, Record& record) {
  if (!starts_with(message, "http://") && !starts_with(message, "https://")) return false;
  std::string_view parts[9];
  std::string_view rest = message;
  for (int i = 0; i < 8; ++i) {
    const std::size_t bar = rest.find('|');
    if (bar == std::string_view::npos) return false;
    parts[i] = rest.substr(0, bar);
    rest.remove_prefix(bar + 1);
  }
  parts[8] = rest;
  std::int64_t said;
  if (read_epoch(parts[1], said) != parts[1].size() || parts[1].empty()) return false;
  record.kind = RecordKind::drupal;
  record.message = parts[8].empty() ? message : parts[8];
  if (!record.time_known) {
    record.time_ns = said;
    record.time_known = true;
  }
  batch.add_text(field::base_url, parts[0]);
  batch.add_text(field::type, parts[2]);
  batch.add_ip(field::client_ip, parts[3]);
  add_target(parts[4], batch);
  if (!parts[5].empty()) batch.add_text(field::referer, parts[5]);
  batch.add_number(field::uid, parts[6]);
  if (!parts[7].empty()) batch.add_text(field::link, parts[7]);
  return true;
}

// "sshd(pam_unix)" and "/usr/sbin/sshd" are sshd; "sshd-session" is what OpenSSH 9.8 and later log as.
std::string_view bare_program(std::string_view program) {
  program = program.substr(0, program.find('('));
  if (const std::size_t slash = program.rfind('/'); slash != std::string_view::npos && program[0] == '/') {
    program.remove_prefix(slash + 1);
  }
  if (program == "sshd-session" || program == "sshd-auth") return "sshd";
  return program;
}

}  // namespace

bool is_auth_program(std::string_view program) noexcept {
  constexpr std::string_view programs[] = {
      "sshd",     "sudo",   "su",       "login",   "useradd", "userdel", "usermod",        "groupadd",     "groupdel",
      "groupmod", "passwd", "chpasswd", "gpasswd", "chage",   "polkitd", "systemd-logind", "gdm-password", "sssd",
      "dropbear", "doas",   "pkexec",   "runuser", "adduser", "deluser", "newgrp",         "vsftpd"};
  const std::string_view bare = bare_program(program);
  for (std::string_view known : programs) {
    if (bare == known) return true;
  }
  return false;
}

void read_program_message(std::string_view program, std::string_view message, bool severity_given, RecordBatch& batch,
                          Record& record) {
  record.message = message;
  const std::string_view bare = bare_program(program);
  const bool pam = starts_with(message, "pam_");
  if (is_auth_program(bare) || pam) {
    record.kind = RecordKind::auth;
    if (!severity_given) record.severity = severity_of_wording(message);
    if (pam || bare.size() != program.size()) {
      if (read_pam(pam ? message : message, severity_given, batch, record)) return;
    }
    if (bare == "sshd" || bare == "dropbear") read_sshd(message, severity_given, batch, record);
    else if (bare == "sudo") read_sudo(message, severity_given, batch, record);
    else if (bare == "su") read_su(message, severity_given, batch, record);
    else read_account(message, severity_given, batch, record);
    return;
  }
  if (!severity_given) record.severity = severity_of_wording(message);
  if (starts_with(message, "http") && read_drupal(message, batch, record)) return;
  record.kind = RecordKind::syslog;
}

}  // namespace logystera::parse
