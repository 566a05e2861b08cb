// What the readers of programs' messages share (messages.cpp and the files it calls; nothing else includes this).
//
// A message is a sentence a program filled in. Names, versions and reasons in it may be a visitor's text, and such a text
// can hold anything the sentence itself is made of: "x from 192.0.2.1 port 22 ssh2" is a user name. So no reader looks for a
// word anywhere: it reads the fixed parts from the front or from the end, towards the one part that is free.
#pragma once

#include <string_view>

#include "parse/readers.hpp"

namespace logystera::parse {

/// What a record says happened, and what that is worth where the envelope gives no level.
struct Outcome {
  std::string_view action;
  Severity severity;
};

/// The message a reader works on, and where its findings go.
struct Message {
  std::string_view text;
  bool severity_given;  // the envelope has a level, which stands
  RecordBatch& batch;
  Record& record;

  /// Always true, so that readers can end with it.
  bool settle(const Outcome& outcome) const {
    batch.add_text(field::action, outcome.action);
    if (!severity_given) record.severity = outcome.severity;
    return true;
  }
};

/// The other end of a connection, as written.
struct PeerText {
  std::string_view address;
  std::string_view port;  // digits, or empty
};

inline void add_peer(const PeerText& peer, RecordBatch& batch) {
  if (!peer.address.empty()) batch.add_ip(field::client_ip, peer.address);
  if (!peer.port.empty()) batch.add_number(field::client_port, peer.port);
}

inline bool ends_with(std::string_view text, std::string_view end) noexcept {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}
/// Takes `end` off the end of `text` if it is there.
inline bool drop(std::string_view& text, std::string_view end) noexcept {
  if (!ends_with(text, end)) return false;
  text.remove_suffix(end.size());
  return true;
}
/// The word at the start of `text`, moved behind; empty if a blank stands there.
inline std::string_view take_word(std::string_view& text) noexcept {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}
/// The word at the end of `text`, taken off; empty if a blank stands there.
inline std::string_view drop_word(std::string_view& text) noexcept {
  const std::size_t space = text.rfind(' ');
  const std::string_view word = text.substr(space == std::string_view::npos ? 0 : space + 1);
  text.remove_suffix(word.size());
  return word;
}
/// The digits at the start of `text`, moved behind.
inline std::string_view take_digits(std::string_view& text) noexcept {
  std::size_t end = 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  const std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}
inline bool is_digits(std::string_view text) noexcept {
  std::string_view rest = text;
  return !take_digits(rest).empty() && rest.empty();
}
inline bool is_ip(std::string_view text) noexcept {
  IpAddress address;
  return parse_ip(text, address);
}

// What each program says. True if the message was one of its sentences: fields, action and severity are set then.
bool read_sshd(const Message& message);
bool read_dropbear(const Message& message);
/// `service` is who asked PAM; `message.text` stands behind "pam_unix(service:auth): ".
bool read_pam(const Message& message, std::string_view service);
bool read_sudo(const Message& message);
bool read_su(const Message& message);
bool read_login(const Message& message);
bool read_account(const Message& message);
bool read_drupal(const Message& message);

}  // namespace logystera::parse
