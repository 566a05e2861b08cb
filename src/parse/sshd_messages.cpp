// sshd, by the sentences of OpenSSH's sources, 3.x to 10.x: each is known by how it starts, and says at which place the peer
// stands. What a visitor chooses in them: the name of a user that does not exist, the identification string, the reason of a
// disconnect, a certificate's key id, the names in a host-based attempt, the algorithms offered. What no visitor chooses: the
// name of a user that exists ("invalid user" is missing then), the method, the address and the port.
//
// Behind "ssh2" stands what the method tells of itself: auth_log() writes format_method_key() or auth_method_info, which only
// publickey, hostbased and gssapi set, and which each request clears first (auth2_authctxt_reset_info). So behind a password's
// attempt nothing stands, and " from ADDRESS port N ssh2" at its end is sshd's own, whatever comes before it: in
// "… for invalid user x from 192.0.2.1 port 22 ssh2: from ADDRESS port N ssh2" all of "x … ssh2:" is the name that was sent.
//
// Two places are open to a text that reads like the rest of the sentence, and both are closed by what may follow an address:
//
//   Failed publickey for invalid user NAME from ADDRESS port N ssh2: ED25519-CERT SHA256:… ID KEYID (serial 0) CA …
//   Disconnecting invalid user NAME ADDRESS port N: Change of username or service not allowed: (NAME,…) -> (NAME2,…)
//
// NAME ends where what follows is a whole key description; a NAME that brings one along would have to be longer than the 100
// bytes sshd writes of it, unless its fingerprint is none. In the other, the reason repeats NAME.
#include "parse/message_fields.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kNameBytes = 100;  // "%.100s": what sshd writes of a name
// sshd cuts what it logs at 1,024 bytes (MSGBUFSIZ in its log.c): a longer text is not its own, and is not taken apart.
constexpr std::size_t kSentenceBytes = 8 * 1024;

// Where the peer stands in a sentence, behind its start.
enum class Place : std::uint8_t {
  none,           // nowhere, or not to be had
  front,          // "ADDRESS[ port N]…" at once
  user_from,      // "[invalid user ]NAME from ADDRESS[ port N][ ssh2]" up to the end
  anything_from,  // visitor's text, then " from ADDRESS[ port N]" up to the end
  connection,     // "[authenticating user |invalid user |user ]NAME ADDRESS port N" up to the end, or as `front`
  refusing,       // the same, and ": reason" behind
  bracketed,      // "#3 from [ADDRESS]:PORT on …"
  host_and_ip,    // "NAME (ADDRESS)" or "NAME [ADDRESS] failed …": the last brackets
};

struct Sentence {
  std::string_view start;
  Place place;
  Outcome outcome;
};

constexpr Sentence kSentences[] = {
    {"Connection closed by ", Place::connection, {"closed", Severity::info}},
    {"Connection reset by ", Place::connection, {"reset", Severity::info}},
    {"Disconnected from ", Place::connection, {"disconnected", Severity::info}},
    {"Received disconnect from ", Place::front, {"disconnected", Severity::info}},
    {"Disconnecting: Too many authentication failures", Place::none, {"max_attempts", Severity::warning}},
    {"Disconnecting: ", Place::none, {"disconnected", Severity::warning}},
    {"Disconnecting ", Place::refusing, {"disconnected", Severity::warning}},
    {"Connection from ", Place::refusing, {"connected", Severity::info}},
    {"Closing connection to ", Place::front, {"closed", Severity::info}},
    {"Invalid user ", Place::user_from, {"invalid_user", Severity::warning}},
    {"Illegal user ", Place::user_from, {"invalid_user", Severity::warning}},
    {"maximum authentication attempts exceeded for ", Place::user_from, {"max_attempts", Severity::warning}},
    {"administratively prohibited connection for ", Place::user_from, {"not_allowed", Severity::warning}},
    {"Username too long from ", Place::front, {"bad_exchange", Severity::warning}},
    {"Did not receive identification string from ", Place::front, {"no_identification", Severity::warning}},
    {"Bad protocol version identification ", Place::anything_from, {"bad_protocol", Severity::warning}},
    {"Protocol major versions differ for ", Place::front, {"bad_protocol", Severity::warning}},
    {"Protocol major versions differ: ", Place::none, {"bad_protocol", Severity::warning}},
    {"banner exchange: Connection from ", Place::front, {"bad_banner", Severity::warning}},
    {"kex_exchange_identification: ", Place::none, {"bad_exchange", Severity::warning}},
    {"probed from ", Place::front, {"probed", Severity::warning}},
    {"scanned from ", Place::front, {"probed", Severity::warning}},
    {"Unable to negotiate with ", Place::refusing, {"no_common_algorithm", Severity::warning}},
    {"Timeout before authentication for connection from ", Place::front, {"timeout", Severity::warning}},
    {"Timeout before authentication for ", Place::front, {"timeout", Severity::warning}},
    {"Timeout, client not responding from ", Place::connection, {"timeout", Severity::info}},
    {"terminating inactive connection from ", Place::connection, {"timeout", Severity::info}},
    {"Read error from remote host ", Place::front, {"reset", Severity::info}},
    {"Finished discarding for ", Place::front, {"bad_exchange", Severity::warning}},
    {"ROOT LOGIN REFUSED FROM ", Place::front, {"root_refused", Severity::warning}},
    {"drop connection ", Place::bracketed, {"dropped", Severity::warning}},
    {"refused connect from ", Place::host_and_ip, {"refused", Severity::warning}},
    {"reverse mapping checking getaddrinfo for ", Place::host_and_ip, {"reverse_mapping_failed", Severity::warning}},
    {"Address ", Place::front, {"reverse_mapping_failed", Severity::warning}},
    {"Server listening on ", Place::none, {"listening", Severity::info}},
};

// ---- the peer at the front ----

// "203.0.113.7 port 22 on …", "203.0.113.7: 11: …", "203.0.113.7 port 22:11: …", "203.0.113.7, pid …".
void add_front(std::string_view text, RecordBatch& batch) {
  PeerText peer{take_word(text), {}};
  if (skip(text, " port ")) peer.port = take_digits(text);
  // An IPv6 address may end in a colon of its own.
  if (!is_ip(peer.address) && !drop(peer.address, ":")) drop(peer.address, ",");
  if (!is_ip(peer.address)) drop(peer.address, ".");
  if (is_ip(peer.address)) add_peer(peer, batch);
}

// ---- the peer at the end ----

// Takes "ADDRESS[ port N]" off the end of `text`. Any word is an address: with UseDNS it is a host's name.
PeerText drop_peer(std::string_view& text) {
  PeerText peer{drop_word(text), {}};
  if (is_digits(peer.address) && ends_with(text, " port ")) {
    peer.port = peer.address;
    drop(text, " port ");
    peer.address = drop_word(text);
  }
  return peer;
}

void add_user(std::string_view name, RecordBatch& batch) {
  if (!name.empty()) batch.add_text(field::user, name);
}

bool skip_invalid(std::string_view& text) { return skip(text, "invalid user ") || skip(text, "illegal user "); }

// "NAME from ADDRESS[ port N][ ssh2]": NAME is all that is left when the end was taken off.
void add_user_from(std::string_view text, RecordBatch& batch) {
  text = trim_right(text);
  if (!drop(text, " ssh2")) drop(text, " ssh1");
  std::string_view rest = text;
  const PeerText peer = drop_peer(rest);
  if (!drop(rest, " from ") && rest != "from ") return add_user(take_word(text), batch);
  if (rest != "from ") add_user(rest, batch);
  add_peer(peer, batch);
}

void add_anything_from(std::string_view text, RecordBatch& batch) {
  const PeerText peer = drop_peer(text);
  if (ends_with(text, " from ")) add_peer(peer, batch);
}

// "… (203.0.113.7)" and "… [203.0.113.7] failed - POSSIBLE BREAK-IN ATTEMPT!"
void add_host_and_ip(std::string_view text, RecordBatch& batch) {
  const std::size_t open = text.find_last_of("(["), close = text.find_last_of(")]");
  if (open < close && close != std::string_view::npos) {
    const std::string_view inside = text.substr(open + 1, close - open - 1);
    if (is_ip(inside)) return add_peer({inside, {}}, batch);
  }
  std::string_view name = take_word(text);
  if (const std::size_t at = name.rfind('@'); at != std::string_view::npos) name.remove_prefix(at + 1);
  add_peer({name, {}}, batch);
}

// "#3 from [203.0.113.7]:4022 on [192.0.2.1]:22 past MaxStartups"
void add_bracketed(std::string_view text, RecordBatch& batch) {
  skip(text, "#");
  take_digits(text);
  if (!skip(text, " from [")) return;
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos) return;
  PeerText peer{text.substr(0, close), {}};
  text.remove_prefix(close + 1);
  if (skip(text, ":")) peer.port = take_digits(text);
  add_peer(peer, batch);
}

// ---- connections that know their user: "invalid user NAME ADDRESS port N" ----

// Whether a reason tells that `name` is the name before it.
bool repeats_name(std::string_view reason, std::string_view name) {
  if (!skip(reason, "Change of username or service not allowed: (")) return false;
  const std::size_t seen = std::min(name.size(), reason.size());  // sshd cuts the reason
  return reason.substr(0, seen) == name.substr(0, seen);
}

void add_connection(std::string_view text, bool with_reason, RecordBatch& batch) {
  constexpr std::string_view starts[] = {"invalid user ", "authenticating user ", "authenticatinguser ", "user "};
  bool named = false;
  for (std::string_view start : starts) {
    if ((named = skip(text, start))) break;
  }
  if (!named) return add_front(text, batch);
  constexpr std::string_view kPort = " port ";
  std::string_view name;
  PeerText peer;
  for (std::size_t at = text.find(kPort); at != std::string_view::npos; at = text.find(kPort, at + 1)) {
    std::string_view before = text.substr(0, at), behind = text.substr(at + kPort.size());
    const PeerText here{drop_word(before), take_digits(behind)};
    if (here.port.empty() || !drop(before, " ") || !(is_ip(here.address) || here.address == "UNKNOWN")) {
      // A connection without a name before its address: "user " and "ADDRESS port N".
      if (before.empty() && is_ip(here.address) && !here.port.empty()) peer = here;
      continue;
    }
    const bool reason = with_reason && skip(behind, ": ");
    if (!reason && !behind.empty() && behind != " timed out") continue;
    name = before;
    peer = here;
    if (reason && repeats_name(behind, name)) break;
  }
  add_user(name, batch);
  add_peer(peer, batch);
}

// ---- attempts: "METHOD for [invalid user ]NAME from ADDRESS port N ssh2[: what about the key]" ----

bool of_chars(std::string_view text, std::string_view others) {
  for (char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!plain && others.find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

// "ED25519 SHA256:…" or "RSA 04:bc:…", moved behind.
bool take_key(std::string_view& text) {
  if (!of_chars(take_word(text), "-@.") || !skip(text, " ")) return false;
  return of_chars(text.substr(0, text.find_first_of(" ,")), "+/:=$*._-") &&
         (text.remove_prefix(std::min(text.find_first_of(" ,"), text.size())), true);
}

// Whether `text` is all of a key's description: "KEY[, more]" or "KEY ID id (serial 0) CA KEY[, more]".
bool is_key_description(std::string_view text) {
  if (!take_key(text)) return false;
  if (text.empty() || starts_with(text, ", ")) return true;
  if (!skip(text, " ID ")) return false;
  const std::size_t serial = text.rfind(" (serial ");
  if (serial == std::string_view::npos) return false;
  text.remove_prefix(serial + 9);
  return !take_digits(text).empty() && skip(text, ") CA ") && take_key(text) && (text.empty() || starts_with(text, ", "));
}

struct Attempt {
  std::string_view name;
  PeerText peer;
  std::string_view about;  // what stands behind "ssh2: "
  bool ends = false;       // nothing does
};

// The attempt as " from " at `at` would divide it. False if what follows is no peer, or goes on as no sentence of sshd's does.
bool divide(std::string_view text, std::size_t at, Attempt& out) {
  out = {text.substr(0, at), {}, {}, false};
  std::string_view rest = text.substr(at + 6);
  out.peer.address = take_word(rest);
  if (out.peer.address.empty()) return false;
  if (skip(rest, " port ")) {
    out.peer.port = take_digits(rest);
    if (out.peer.port.empty()) return false;
    if (!skip(rest, " ssh2")) skip(rest, " ssh1");
  }
  out.ends = rest.empty();
  if (out.ends) return true;
  out.about = rest;
  return !out.peer.port.empty() && skip(out.about, ": ");
}

// Which of the divisions is sshd's own.
//   - An account that exists has no " from " in its name: the first.
//   - Behind a key's attempt stands a whole description of the key: the last that has one, if the name can be so long.
//   - Nothing stands behind any other method: the last that ends the message.
bool find_attempt(std::string_view text, bool invalid, bool key, Attempt& out) {
  bool found = false;
  for (std::size_t at = text.find(" from "); at != std::string_view::npos; at = text.find(" from ", at + 1)) {
    Attempt here;
    if (!divide(text, at, here)) continue;
    if (!invalid) {
      out = here;
      return true;
    }
    if (here.ends) {
      out = here;
      found = true;
    } else if (key ? is_key_description(here.about) && (!found || here.name.size() <= kNameBytes) : !found) {
      out = here;
      found = true;
    }
  }
  return found;
}

bool read_attempt(std::string_view text, const Message& message, Outcome outcome) {
  const std::string_view method = take_word(text);
  if (method.empty() || !skip(text, " for ")) return false;
  message.batch.add_text(field::auth_method, method);
  const bool invalid = skip_invalid(text);
  const bool key = starts_with(method, "publickey") || starts_with(method, "hostbased") || starts_with(method, "gssapi");
  Attempt attempt;
  if (find_attempt(text, invalid, key, attempt)) {
    add_user(attempt.name, message.batch);
    add_peer(attempt.peer, message.batch);
  } else if (skip(text, "from ")) {  // no name, and its blank got lost
    add_front(text, message.batch);
  } else {
    add_user(take_word(text), message.batch);
  }
  if (invalid && outcome.action == "failed") outcome.action = "failed_invalid_user";
  return message.settle(outcome);
}

// ---- other sentences ----

// "PAM: REASON for [illegal user ]NAME from HOST[ via ADDRESS]": the reasons are the PAM library's, in its language and case.
bool read_pam_error(std::string_view text, const Message& message) {
  std::string_view reason = text;
  const std::size_t target = text.find(" for ");
  if (target == std::string_view::npos) return false;
  reason = text.substr(0, target);
  text.remove_prefix(target + 5);
  std::string_view before = text;
  const std::string_view via = drop_word(before);
  if (is_ip(via) && drop(before, " via ")) text = before;
  const bool unknown = skip_invalid(text) || starts_with(reason, "User not known");
  add_user_from(text, message.batch);
  return message.settle({unknown ? "failed_invalid_user" : "failed", Severity::warning});
}

// "User NAME from HOST not allowed because …", "User NAME not allowed because account is locked": NAME is an account's.
bool read_not_allowed(std::string_view text, const Message& message) {
  const std::size_t because = text.find(" not allowed because ");
  if (because == std::string_view::npos) return false;
  const std::string_view who = text.substr(0, because);
  const std::size_t from = who.find(" from ");
  add_user(who.substr(0, from), message.batch);
  if (from != std::string_view::npos) add_peer({who.substr(from + 6), {}}, message.batch);
  return message.settle({"not_allowed", Severity::warning});
}

// "[FILE: ]Authentication tried for NAME with correct key but not from a permitted host (host=…, ip=ADDRESS, required=…)."
bool read_wrong_source(std::string_view text, const Message& message) {
  constexpr std::string_view kTried = "Authentication tried for ",
                             kHost = " with correct key but not from a permitted host (host=",
                             kSource = " with valid certificate but not from a permitted source address (";
  const std::size_t at = text.find(kTried);
  if (at == std::string_view::npos) return false;
  text.remove_prefix(at + kTried.size());
  const std::string_view name = take_word(text);
  std::string_view address;
  if (skip(text, kHost)) {
    const std::size_t ip = text.find(", ip=");
    if (ip == std::string_view::npos) return false;
    address = text.substr(ip + 5);
    address = address.substr(0, address.find(','));
  } else if (skip(text, kSource)) {
    address = text.substr(0, text.find(')'));
  } else {
    return false;
  }
  add_user(name, message.batch);
  add_peer({address, {}}, message.batch);
  return message.settle({"not_allowed", Severity::warning});
}

// "srclimit_penalise: ipv4: new 203.0.113.7/32 active penalty of …" and "srclimit_penalise: 203.0.113.7/32: activating …"
bool read_penalty(std::string_view text, const Message& message) {
  if (skip(text, "ipv4: new ") || skip(text, "ipv6: new ")) text = text.substr(0, text.find(' '));
  else text = text.substr(0, text.find(": "));
  const std::size_t slash = text.rfind('/');
  const std::string_view bits = slash == std::string_view::npos ? text : text.substr(slash + 1);
  // A penalty may be a whole network's.
  add_peer({bits == "32" || bits == "128" ? text.substr(0, slash) : text, {}}, message.batch);
  return message.settle({"penalised", Severity::warning});
}

// Post-authentication bookkeeping: "Starting session: shell on pts/0 for NAME from ADDRESS port N id 0". The command of a
// forced session is the administrator's.
bool read_session(std::string_view text, const Message& message, std::string_view before_name, Outcome outcome) {
  const std::size_t id = text.rfind(" id ");
  if (id != std::string_view::npos) text = text.substr(0, id);
  const PeerText peer = drop_peer(text);
  if (!drop(text, " from ")) return false;
  const std::size_t name = text.rfind(before_name);
  if (name == std::string_view::npos) return false;
  add_user(text.substr(name + before_name.size()), message.batch);
  add_peer(peer, message.batch);
  return message.settle(outcome);
}

// sshd's own name of a function in front of "Connection from": "ssh_dispatch_run_fatal: ".
bool skip_function(std::string_view& text) {
  const std::size_t colon = text.find(": Connection from ");
  if (colon == std::string_view::npos || !of_chars(text.substr(0, colon), "_ ()")) return false;
  text.remove_prefix(colon + 2);
  return true;
}

}  // namespace

bool read_sshd(const Message& message) {
  if (message.text.size() > kSentenceBytes) return false;
  std::string_view text = message.text;
  bool error = skip(text, "error: ");
  const bool fatal = skip(text, "fatal: ");
  error = skip(text, "error: ") || error;  // "fatal: error: …" of old versions' privilege separation
  text = trim_right(text);
  drop(text, " [preauth]");
  if (skip(text, "Accepted ")) return read_attempt(text, message, {"accepted", Severity::info});
  if (skip(text, "Failed ")) return read_attempt(text, message, {"failed", Severity::warning});
  if (skip(text, "Postponed ")) return read_attempt(text, message, {"postponed", Severity::info});
  if (skip(text, "Partial ")) return read_attempt(text, message, {"partial", Severity::info});
  if (skip(text, "PAM: ")) return read_pam_error(text, message);
  if (skip(text, "User ")) return read_not_allowed(text, message);
  if (skip(text, "srclimit_penalise: ")) return read_penalty(text, message);
  if (skip(text, "Starting session: ")) return read_session(text, message, " for ", {"session_opened", Severity::info});
  if (starts_with(text, "Close session: "))
    return read_session(text, message, ": user ", {"session_closed", Severity::info});
  if (skip(text, "Access denied for user ")) {
    add_user(take_word(text), message.batch);
    return message.settle({"not_allowed", Severity::warning});
  }
  bool dispatched = !starts_with(text, "banner exchange: ") && skip_function(text);
  for (const Sentence& sentence : kSentences) {
    if (!skip(text, sentence.start)) continue;
    switch (sentence.place) {
      case Place::none: break;
      case Place::front: add_front(text, message.batch); break;
      case Place::user_from:
        if (ends_with(sentence.start, " for ")) skip_invalid(text);  // "Invalid user " says it already
        add_user_from(text, message.batch);
        break;
      case Place::anything_from: add_anything_from(text, message.batch); break;
      case Place::connection: add_connection(text, false, message.batch); break;
      case Place::refusing: add_connection(text, true, message.batch); break;
      case Place::bracketed: add_bracketed(text, message.batch); break;
      case Place::host_and_ip: add_host_and_ip(text, message.batch); break;
    }
    return message.settle(dispatched ? Outcome{"bad_exchange", Severity::warning} : sentence.outcome);
  }
  if (read_wrong_source(text, message)) return true;
  if (!message.severity_given && error) message.record.severity = Severity::error;
  if (!message.severity_given && fatal) message.record.severity = Severity::critical;
  return false;
}

}  // namespace logystera::parse
