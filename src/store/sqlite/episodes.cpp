// Findings in the signals of sites: an episode is one row that grows.
#include <fmt/core.h>

#include <algorithm>

#include "store/sqlite/finding_rows.hpp"
#include "store/sqlite/finding_sites.hpp"
#include "store/sqlite/row_key.hpp"
#include "store/sqlite/stores.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {
namespace {

// Of many events the first and the last.
void shorten(std::vector<std::uint64_t>& evidence) {
  std::sort(evidence.begin(), evidence.end());
  evidence.erase(std::unique(evidence.begin(), evidence.end()), evidence.end());
  if (evidence.size() <= kEvidence) return;
  constexpr auto kHalf = static_cast<std::ptrdiff_t>(kEvidence / 2);
  evidence.erase(evidence.begin() + kHalf, evidence.end() - kHalf);
}

Result<Done> put_evidence(Connection& db, std::int64_t finding, const std::vector<std::uint64_t>& evidence) {
  auto add = db.lease("INSERT OR IGNORE INTO evidence VALUES (?, ?)");
  if (!add) return add.error();
  for (const std::uint64_t seq : evidence) {
    add->bind(1, finding);
    add->bind(2, static_cast<std::int64_t>(seq));
    if (auto done = db.finish(add.value(), "write"); !done) return done;
  }
  return Done{};
}

Result<std::int64_t> number_of_site(Connection& db, std::string_view token) {
  auto find = db.lease("SELECT id FROM entities WHERE token = ?");
  if (!find) return find.error();
  find->bind(1, token);
  auto number =
      db.row<std::int64_t>(find.value(), "look up an entity", [](const Statement& row) { return row.integer(0); });
  if (!number) return number.error();
  if (number.value()) return *number.value();
  db.set_failed();
  return Error{fmt::format("store {}: there is no entity {}", db.path(), token), ErrorKind::not_found};
}

// The episode it belongs to, if there is one: the newest that touches it.
Result<std::optional<Finding>> episode_of(Connection& db, std::int64_t entity, const Finding& finding,
                                          std::int64_t within) {
  auto find = db.lease(
      "SELECT " LOGYSTERA_FINDING_COLUMNS
      " FROM findings WHERE entity = ?1 AND entity <> 0 AND rule = ?2 AND grp = ?3 AND time >= ?4 AND coalesce(first_time, "
      "time) <= ?5 AND max(time, ?6) - min(coalesce(first_time, time), ?7) <= ?8 ORDER BY time DESC, id DESC LIMIT 1");
  if (!find) return find.error();
  find->bind(1, entity);
  find->bind(2, std::string_view(finding.rule));
  find->bind_blob(3, finding.group);
  find->bind(4, finding.first_time - within);
  find->bind(5, finding.time + within);
  find->bind(6, finding.time);
  find->bind(7, finding.first_time);
  find->bind(8, kEpisodeSeconds);
  return db.row<Finding>(find.value(), "read", read_finding);
}

Result<Recorded> extended(Connection& db, Finding episode, const Finding& by, bool again) {
  const std::uint64_t hits = again ? std::max(episode.hits, by.hits) : episode.hits + by.hits;
  const std::int64_t first = std::min(episode.first_time, by.first_time), last = std::max(episode.time, by.time);
  if (hits == episode.hits && first == episode.first_time && last == episode.time)
    return Recorded{Recorded::As::known, std::move(episode)};
  auto grow = db.lease(
      "UPDATE findings SET hits = ?2, first_time = ?3, time = ?4, address = ?5, account = ?6, target = ?7, status = ?8, "
      "outcome = ?9 WHERE id = ?1");
  if (!grow) return grow.error();
  grow->bind(1, episode.id);
  grow->bind(2, static_cast<std::int64_t>(hits));
  grow->bind(3, first);
  grow->bind(4, last);
  if (by.time >= episode.time && !by.who.empty()) episode.who = by.who;  // how it ended is what happened last
  const StoredWho who(episode.who);
  who.bind(grow.value(), 5);
  if (auto done = db.finish(grow.value(), "write"); !done) return done.error();
  auto evidence = evidence_of(db, episode.id);
  if (!evidence) return evidence.error();
  evidence->insert(evidence->end(), by.evidence.begin(), by.evidence.end());
  shorten(evidence.value());
  auto clear = db.lease("DELETE FROM evidence WHERE finding = ?");
  if (!clear) return clear.error();
  clear->bind(1, episode.id);
  if (auto done = db.finish(clear.value(), "write"); !done) return done.error();
  if (auto put = put_evidence(db, episode.id, evidence.value()); !put) return put.error();
  episode.hits = hits;
  episode.first_time = first;
  episode.time = last;
  episode.evidence = std::move(evidence).value();
  return Recorded{Recorded::As::extended, std::move(episode)};
}

}  // namespace

Result<Recorded> Findings::record(const Finding& given, std::optional<std::int64_t> within, bool again) {
  if (given.key.size() != kKeyBytes || given.group.size() > kGroupBytes)
    return Error{fmt::format("a finding of rule {} has a key of {} bytes and a group of {}", given.rule, given.key.size(),
                             given.group.size()),
                 ErrorKind::invalid};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  Finding finding = given;
  for (std::string* text : {&finding.rule, &finding.title, &finding.source, &finding.message, &finding.group_label})
    *text = storable(*text);
  finding.first_time = std::min(finding.first_time, finding.time);
  shorten(finding.evidence);
  return atomically(db, [&]() -> Result<Recorded> {
    auto entity = number_of_site(db, finding.site);
    if (!entity) return entity.error();
    if (within) {
      auto episode = episode_of(db, entity.value(), finding, *within);
      if (!episode) return episode.error();
      if (episode.value()) {
        auto same = db.lease("SELECT 1 FROM findings WHERE id = ?1 AND key = ?2");
        if (!same) return same.error();
        same->bind(1, episode.value()->id);
        same->bind_blob(2, finding.key);
        auto known = db.row<bool>(same.value(), "read", [](const Statement&) { return true; });
        if (!known) return known.error();
        return extended(db, std::move(episode.value()).value(), finding, again || known->has_value());
      }
    }
    auto add = db.lease(
        "INSERT OR IGNORE INTO findings (key, rule, title, level, source, time, line, message, demo, stored_at, entity, "
        "grp, grp_label, hits, first_time, address, account, target, status, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "coalesce(nullif(?, 0), unixepoch()), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!add) return add.error();
    add->bind_blob(1, finding.key);
    add->bind(2, std::string_view(finding.rule));
    add->bind(3, std::string_view(finding.title));
    add->bind(4, number_of(finding.level));
    add->bind(5, std::string_view(finding.source));
    add->bind(6, finding.time);
    add->bind(7, static_cast<std::int64_t>(finding.line));
    add->bind(8, std::string_view(finding.message));
    add->bind(9, std::int64_t{finding.demo});
    add->bind(10, finding.stored_at);
    add->bind(11, entity.value());
    add->bind_blob(12, finding.group);
    add->bind(13, std::string_view(finding.group_label));
    add->bind(14, static_cast<std::int64_t>(finding.hits));
    add->bind(15, finding.first_time);
    const StoredWho who(finding.who);
    who.bind(add.value(), 16);
    if (auto done = db.finish(add.value(), "write"); !done) return done.error();
    if (db.changes() == 0) return Recorded{Recorded::As::known, std::move(finding)};
    auto id = db.integer("SELECT last_insert_rowid()");
    if (!id) return id.error();
    finding.id = id.value();
    if (auto put = put_evidence(db, finding.id, finding.evidence); !put) return put.error();
    return Recorded{Recorded::As::added, std::move(finding)};
  });
}

Result<std::vector<Finding>> Findings::last_of_groups(std::string_view site, std::int64_t since) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease(
      "SELECT " LOGYSTERA_FINDING_COLUMNS
      ", max(time) FROM findings WHERE entity = (SELECT id FROM entities WHERE token = ?1) AND entity <> 0 AND grp <> x'' "
      "AND time >= ?2 GROUP BY rule, grp");
  if (!find) return find.error();
  find->bind(1, site);
  find->bind(2, since);
  return db.rows<Finding>(find.value(), "read", read_finding);
}

}  // namespace logystera::store::sqlite
