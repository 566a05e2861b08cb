// dropbear, by the sentences of its sources: "Bad password attempt for 'NAME' from ADDRESS:PORT". The peer ends the message,
// or stands in <> behind "Exit before auth from". Some builds repeat pid and time in front.
#include "parse/message_fields.hpp"

namespace logystera::parse {
namespace {

// "203.0.113.7:22", also of an IPv6 address, which is not bracketed.
void add_address(std::string_view text, RecordBatch& batch) {
  const std::size_t colon = text.rfind(':');
  PeerText peer{text, {}};
  if (colon != std::string_view::npos && is_digits(text.substr(colon + 1)) && is_ip(text.substr(0, colon))) {
    peer = {text.substr(0, colon), text.substr(colon + 1)};
  }
  add_peer(peer, batch);
}

// The name between the first quote behind `start` and the last quote of what is before the peer.
void add_quoted(std::string_view text, std::string_view start, RecordBatch& batch) {
  const std::size_t at = text.find(start);
  if (at == std::string_view::npos) return;
  text.remove_prefix(at + start.size());
  const std::size_t close = text.rfind('\'');
  if (close != std::string_view::npos && close > 0) batch.add_text(field::user, text.substr(0, close));
}

// "[825] Jul 10 23:53:52 "
void skip_own_stamp(std::string_view& text) {
  std::string_view rest = text;
  if (!skip(rest, "[") || take_digits(rest).empty() || !skip(rest, "] ")) return;
  for (int words = 0; words < 3; ++words) {
    rest = trim_left(rest);
    if (take_word(rest).empty()) return;
  }
  text = trim_left(rest);
}

// "Exit before auth[ from <ADDRESS>]: [(user 'NAME', 3 fails): ]REASON"
bool read_exit(std::string_view text, const Message& message) {
  bool known = false;
  if (skip(text, " from <")) {
    const std::size_t close = text.find('>');
    if (close == std::string_view::npos) return false;
    add_address(text.substr(0, close), message.batch);
    text.remove_prefix(close + 1);
    known = true;
  }
  skip(text, ":");
  text = trim_left(text);
  // The reason is behind the last "): ", since the name before it may hold one.
  std::string_view reason = text, who = text;
  if (starts_with(text, "(user '")) {
    if (const std::size_t end = text.rfind(" fails): "); end != std::string_view::npos) {
      reason = text.substr(end + 9);
      who = text.substr(0, end);
    }
  }
  const bool tries = starts_with(reason, "Max auth tries reached");
  if (tries && !known) {
    std::string_view before = reason;
    const std::string_view address = drop_word(before);
    if (drop(before, " from ")) add_address(address, message.batch);
  }
  add_quoted(who, "user '", message.batch);
  return message.settle({tries ? "max_attempts" : "closed", tries ? Severity::warning : Severity::info});
}

struct Sentence {
  std::string_view start;  // its first letter in either case: versions before 2013 wrote it small
  std::string_view method;
  Outcome outcome;
};
constexpr Sentence kSentences[] = {
    {"ad password attempt for ", "password", {"failed", Severity::warning}},
    {"ad PAM password attempt for ", "password", {"failed", Severity::warning}},
    {"ogin attempt for nonexistent user", "", {"invalid_user", Severity::warning}},
    {"ogin attempt with wrong user ", "", {"invalid_user", Severity::warning}},
    {"assword auth succeeded for ", "password", {"accepted", Severity::info}},
    {"AM password auth succeeded for ", "password", {"accepted", Severity::info}},
    {"ubkey auth succeeded for ", "publickey", {"accepted", Severity::info}},
    {"ubkey auth bad signature for ", "publickey", {"failed", Severity::warning}},
    {"hild connection from ", "", {"connected", Severity::info}},
};

}  // namespace

bool read_dropbear(const Message& message) {
  std::string_view text = trim_right(message.text);
  skip_own_stamp(text);
  if (skip(text, "Exit before auth") || skip(text, "exit before auth")) return read_exit(text, message);
  if (text.empty()) return false;
  for (const Sentence& sentence : kSentences) {
    std::string_view rest = text.substr(1);
    if (!skip(rest, sentence.start)) continue;
    std::string_view before = rest;
    const std::string_view address = drop_word(before);
    if (!sentence.method.empty()) {
      message.batch.add_text(field::auth_method, sentence.method);
      // A key's name and fingerprint stand between the name and the peer: "'root' with ssh-ed25519 key SHA256:… from".
      const std::size_t with = sentence.method == "publickey" ? before.rfind("' with ") : std::string_view::npos;
      add_quoted(with == std::string_view::npos ? before : before.substr(0, with + 1), "'", message.batch);
    }
    if (before.empty() || drop(before, " from ") || before == "from ") add_address(address, message.batch);
    return message.settle(sentence.outcome);
  }
  return false;
}

}  // namespace logystera::parse
