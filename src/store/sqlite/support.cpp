#include <fmt/core.h>

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

// A site that asks without end, each time with all its diagnostics, fills no disk.
Result<Done> forget_old(Connection& db, const SupportRequest& request) {
  constexpr std::int64_t kKeptSeconds = 365 * std::int64_t{86'400};
  constexpr std::int64_t kKeptOfSite = 200;
  auto remove = db.lease(
      "DELETE FROM support_requests WHERE received_at < ?1 OR id IN (SELECT id FROM support_requests WHERE entity = "
      "(SELECT id FROM entities WHERE token = ?2) ORDER BY id DESC LIMIT -1 OFFSET ?3)");
  if (!remove) return remove.error();
  remove->bind(1, request.received_at - kKeptSeconds);
  remove->bind(2, std::string_view(request.entity));
  remove->bind(3, kKeptOfSite);
  return db.finish(remove.value(), "remove old support requests");
}

}  // namespace

Result<std::string> Support::add(const SupportRequest& request) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  // The update that changes nothing makes RETURNING speak of the row that was there before.
  auto add = db.lease(
      "INSERT INTO support_requests (reference, entity, batch, received_at, message, email, diagnostics) "
      "SELECT ?, id, ?, ?, ?, ?, ? FROM entities WHERE token = ? "
      "ON CONFLICT (entity, batch) DO UPDATE SET reference = reference RETURNING reference");
  if (!add) return add.error();
  add->bind(1, std::string_view(request.reference));
  add->bind(2, std::string_view(request.batch));
  add->bind(3, request.received_at);
  add->bind(4, std::string_view(request.message));
  add->bind(5, std::string_view(request.email));
  add->bind(6, std::string_view(request.diagnostics));
  add->bind(7, std::string_view(request.entity));
  // To the end: the last step is the commit.
  auto references = db.rows<std::string>(add.value(), "store a support request",
                                         [](const Statement& row) { return std::string(row.text(0)); });
  if (!references) return references.error();
  if (!references->empty()) {
    if (auto done = forget_old(db, request); !done) return done.error();
    return std::move(references->front());
  }
  db.set_failed();
  return Error{fmt::format("store {}: there is no entity {}", db.path(), request.entity), ErrorKind::not_found};
}

Result<std::vector<SupportRequest>> Support::list(std::uint64_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto all = db.lease(
      "SELECT * FROM (SELECT s.reference, n.token, n.name, s.received_at, s.email, s.id FROM support_requests s "
      "JOIN entities n ON n.id = s.entity ORDER BY s.id DESC LIMIT ?) ORDER BY id");
  if (!all) return all.error();
  all->bind(1, static_cast<std::int64_t>(limit));
  return db.rows<SupportRequest>(all.value(), "list the support requests", [](const Statement& row) {
    SupportRequest request;
    request.reference = row.text(0);
    request.entity = row.text(1);
    request.entity_name = row.text(2);
    request.received_at = row.integer(3);
    request.email = row.text(4);
    return request;
  });
}

Result<std::optional<SupportRequest>> Support::find(std::string_view reference) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease(
      "SELECT s.reference, n.token, n.name, s.received_at, s.email, s.message, s.diagnostics FROM support_requests s "
      "JOIN entities n ON n.id = s.entity WHERE s.reference = ?");
  if (!find) return find.error();
  find->bind(1, reference);
  return db.row<SupportRequest>(find.value(), "look up a support request", [](const Statement& row) {
    SupportRequest request;
    request.reference = row.text(0);
    request.entity = row.text(1);
    request.entity_name = row.text(2);
    request.received_at = row.integer(3);
    request.email = row.text(4);
    request.message = row.text(5);
    request.diagnostics = row.text(6);
    return request;
  });
}

}  // namespace logystera::store::sqlite
