#include <algorithm>

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

void bind(Statement& statement, int index, const Digest& digest) noexcept {
  statement.bind_blob(index, digest.data(), digest.size());
}

bool read(const Statement& row, int column, Digest& into) {
  const std::string_view bytes = row.text(column);
  if (bytes.size() != into.size()) return false;
  std::copy(bytes.begin(), bytes.end(), into.begin());
  return true;
}

}  // namespace

Result<std::optional<GivenAnswer>> Answers::find(const Digest& asker, const Digest& key, std::int64_t since) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease("SELECT request, status, body, at FROM answers WHERE asker = ? AND key = ? AND at >= ?");
  if (!find) return find.error();
  bind(find.value(), 1, asker);
  bind(find.value(), 2, key);
  find->bind(3, since);
  return db.row<GivenAnswer>(find.value(), "look up an answer", [&](const Statement& row) {
    GivenAnswer answer;
    answer.asker = asker;
    answer.key = key;
    (void)read(row, 0, answer.request);  // of another length it is no request's
    answer.status = static_cast<int>(row.integer(1));
    answer.body = row.text(2);
    answer.at = row.integer(3);
    return answer;
  });
}

Result<Done> Answers::put(const GivenAnswer& answer, std::int64_t since) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto put = db.lease("INSERT OR REPLACE INTO answers (asker, key, request, status, body, at) VALUES (?, ?, ?, ?, ?, ?)");
  if (!put) return put.error();
  bind(put.value(), 1, answer.asker);
  bind(put.value(), 2, answer.key);
  bind(put.value(), 3, answer.request);
  put->bind(4, std::int64_t{answer.status});
  put->bind(5, answer.body);
  put->bind(6, answer.at);
  if (auto done = db.finish(put.value(), "write an answer"); !done) return done;
  auto old = db.lease("DELETE FROM answers WHERE at < ?");
  if (!old) return old.error();
  old->bind(1, since);
  if (auto done = db.finish(old.value(), "remove old answers"); !done) return done;
  auto own = db.lease(
      "DELETE FROM answers WHERE id IN (SELECT id FROM answers WHERE asker = ?1 ORDER BY at DESC, id DESC LIMIT -1 OFFSET "
      "?2)");
  if (!own) return own.error();
  bind(own.value(), 1, answer.asker);
  own->bind(2, static_cast<std::int64_t>(kAnswersOfOne));
  if (auto done = db.finish(own.value(), "remove somebody's oldest answers"); !done) return done;
  auto all =
      db.lease("DELETE FROM answers WHERE id IN (SELECT id FROM answers ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?)");
  if (!all) return all.error();
  all->bind(1, static_cast<std::int64_t>(kAnswersInAll));
  return db.finish(all.value(), "remove the oldest answers");
}

}  // namespace logystera::store::sqlite
