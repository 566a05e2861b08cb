#include "web/audit.hpp"

#include <string>

#include "web/principal.hpp"

namespace logystera::web {
namespace {

std::string bounded(std::string_view text) {
  if (text.size() <= kAuditTextBytes) return std::string(text);
  std::size_t size = kAuditTextBytes;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;  // not within a character
  return std::string(text.substr(0, size));
}

// A name alone would not tell the user anna from a token that was called so.
std::string actor_of(const server::Request& request) {
  if (!request.principal) return "nobody";
  const Principal& who = *request.principal;
  switch (who.kind) {
    case Principal::Kind::open: return who.anybody ? "anybody" : "local";
    case Principal::Kind::session: return who.name;
    case Principal::Kind::token: return "token:" + who.name;
    case Principal::Kind::key: return "api_token";
  }
  return {};
}

}  // namespace

Result<Done> Audit::note(store::Stores& stores, const server::Request& request, std::string_view action,
                         std::string_view object, std::string_view before, std::string_view after) const {
  return note_of(actor_of(request), stores, request, action, object, before, after);
}

Result<Done> Audit::note_of(std::string_view actor, store::Stores& stores, const server::Request& request,
                            std::string_view action, std::string_view object, std::string_view before,
                            std::string_view after) const {
  store::AuditRow row;
  row.at = now_();
  row.actor = bounded(actor);
  row.address = arrival_.client(request);
  row.action = bounded(action);
  row.object = bounded(object);
  row.before = bounded(before);
  row.after = bounded(after);
  return stores.audit().add(row);
}

}  // namespace logystera::web
