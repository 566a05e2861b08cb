// Drupal's watchdog over syslog, in the syslog module's default format:
//
//   base_url|timestamp|type|ip|request_uri|referer|uid|link|message
//
// A visitor chooses the request, the referer and, in many messages, a part of the message; all of them may hold bars. What
// stands before them is read from the left, so nobody moves type and address. Behind them, uid is a number and link is empty
// or a link: the last place that looks so divides the rest, as a referer is longer and easier to send than a name in a message.
#include "parse/message_fields.hpp"

namespace logystera::parse {
namespace {

struct Tail {
  std::string_view before, uid, link, message;
};

// "…|uid|link|message": the last bar with a number and such a link behind it.
bool find_tail(std::string_view text, Tail& out) {
  for (std::size_t at = text.rfind('|'); at != std::string_view::npos && at > 0; at = text.rfind('|', at - 1)) {
    std::string_view rest = text.substr(at + 1);
    const std::string_view uid = take_digits(rest);
    if (uid.empty() || !skip(rest, "|")) continue;
    const std::size_t bar = rest.find('|');
    if (bar == std::string_view::npos) continue;
    const std::string_view link = rest.substr(0, bar);
    if (!link.empty() && link[0] != '<' && !starts_with(link, "http") && link[0] != '/') continue;
    out = {text.substr(0, at), uid, link, rest.substr(bar + 1)};
    return true;
  }
  return false;
}

// The bar between request and referer: the first that a URL or nothing follows, else the first.
std::size_t referer_bar(std::string_view text) {
  const std::size_t first = text.find('|');
  for (std::size_t at = first; at != std::string_view::npos; at = text.find('|', at + 1)) {
    const std::string_view behind = text.substr(at + 1);
    if (behind.empty() || starts_with(behind, "http://") || starts_with(behind, "https://")) return at;
  }
  return first;
}

}  // namespace

bool read_drupal(const Message& message) {
  std::string_view rest = message.text, parts[4];
  if (!starts_with(rest, "http://") && !starts_with(rest, "https://")) return false;
  for (std::string_view& part : parts) {
    const std::size_t bar = rest.find('|');
    if (bar == std::string_view::npos) return false;
    part = rest.substr(0, bar);
    rest.remove_prefix(bar + 1);
  }
  std::int64_t said;
  Tail tail;
  if (parts[1].empty() || read_epoch(parts[1], said) != parts[1].size() || !find_tail(rest, tail)) return false;
  const std::size_t bar = referer_bar(tail.before);
  if (bar == std::string_view::npos) return false;
  Record& record = message.record;
  record.kind = RecordKind::drupal;
  if (!tail.message.empty()) record.message = tail.message;
  if (!record.time_known) {
    record.time_ns = said;
    record.time_known = true;
  }
  RecordBatch& batch = message.batch;
  batch.add_text(field::base_url, parts[0]);
  batch.add_text(field::type, parts[2]);
  batch.add_ip(field::client_ip, parts[3]);
  add_target(tail.before.substr(0, bar), batch);
  if (const std::string_view referer = tail.before.substr(bar + 1); !referer.empty())
    batch.add_text(field::referer, referer);
  batch.add_number(field::uid, tail.uid);
  if (!tail.link.empty()) batch.add_text(field::link, tail.link);
  return true;
}

}  // namespace logystera::parse
