// One file: the steps are taken in their order, and what is released is never edited: only its end grows.
#include "store/sqlite/schema.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "store/sqlite/ownership.hpp"

namespace logystera::store::sqlite {
namespace {

// Step N brings version N to N + 1. A released step is never edited; a change is a new step.
//
// events: `seq` is the order of arrival. The unique index recognises an event sent again; ids are stored as
// their 16 bytes and types as numbers, because the index pages an insert touches are what a large store
// spends its time on. Rows live in seq order beside the unique index rather than inside it (WITHOUT ROWID):
// random ids would spread half-kilobyte lines over the whole file. events_by_time answers "since" for one or
// all entities and types; its inserts land at the end of each (entity, type) range.
constexpr std::array kSteps = {
    std::string_view(R"sql(
CREATE TABLE migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT;
CREATE TABLE entities (
  id INTEGER PRIMARY KEY,
  token TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0,
  sealed_secret BLOB NOT NULL,
  sealed_previous BLOB NOT NULL DEFAULT x'',
  rotated_at INTEGER NOT NULL DEFAULT 0,
  last_seen_at INTEGER NOT NULL DEFAULT 0,
  accepted INTEGER NOT NULL DEFAULT 0,
  duplicates INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE batches (
  entity INTEGER NOT NULL REFERENCES entities (id),
  batch BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (entity, batch)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  entity INTEGER NOT NULL REFERENCES entities (id),
  type INTEGER NOT NULL REFERENCES types (id),
  created_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  event_id BLOB NOT NULL,
  line TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_once ON events (entity, event_id);
CREATE INDEX events_by_time ON events (entity, type, created_at);
)sql"),
    // Analysis. `key` is 16 bytes of a hash over what identifies a row, so that a log read twice is stored once;
    // regressions are read from the gaps between occurrences, whatever order the logs were scanned in.
    std::string_view(R"sql(
CREATE TABLE findings (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  rule TEXT NOT NULL,
  title TEXT NOT NULL,
  level INTEGER NOT NULL,
  source TEXT NOT NULL,
  time INTEGER NOT NULL,
  line INTEGER NOT NULL,
  message TEXT NOT NULL,
  demo INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX findings_by_time ON findings (time);
CREATE INDEX findings_by_rule ON findings (rule, source, time);
CREATE TABLE dismissals (
  rule TEXT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (rule, source)
) STRICT, WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE errors (
  fingerprint TEXT PRIMARY KEY,
  pattern TEXT NOT NULL,
  source TEXT NOT NULL,
  severity INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  count INTEGER NOT NULL,
  demo INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX errors_by_first ON errors (first_seen);
CREATE TABLE error_occurrences (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL,
  source TEXT NOT NULL,
  time INTEGER NOT NULL,
  line INTEGER NOT NULL,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX error_occurrences_by_group ON error_occurrences (fingerprint, time);
CREATE INDEX error_occurrences_by_time ON error_occurrences (time);
CREATE TABLE baselines (
  source TEXT NOT NULL,
  model TEXT NOT NULL,
  bucket_seconds INTEGER NOT NULL,
  observations INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  state BLOB NOT NULL,
  PRIMARY KEY (source, model)
) STRICT;
)sql"),
    // What sites ask for besides storing events. A revoked entity keeps its row, since its events stay, and loses its secrets.
    std::string_view(R"sql(
ALTER TABLE entities ADD COLUMN revoked_at INTEGER NOT NULL DEFAULT 0;
CREATE TABLE support_requests (
  id INTEGER PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  entity INTEGER NOT NULL REFERENCES entities (id),
  batch TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  message TEXT NOT NULL,
  email TEXT NOT NULL,
  diagnostics TEXT NOT NULL,
  UNIQUE (entity, batch)
) STRICT;
)sql"),
    // Connecting a site in a browser. Numbers of users are never given out again: a session of a removed one must not become
    // somebody else's.
    std::string_view(R"sql(
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  password_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_login_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE sessions (
  hash BLOB PRIMARY KEY,
  user INTEGER NOT NULL REFERENCES users (id),
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE codes (
  hash BLOB PRIMARY KEY,
  user INTEGER NOT NULL REFERENCES users (id),
  client_id TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  challenge TEXT NOT NULL,
  issued_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL DEFAULT 0,
  entity TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
)sql"),
    // What groups of errors were learnt from: the next run goes on from there.
    std::string_view(R"sql(
ALTER TABLE errors ADD COLUMN scope TEXT NOT NULL DEFAULT '';
ALTER TABLE errors ADD COLUMN template TEXT NOT NULL DEFAULT '';
ALTER TABLE errors ADD COLUMN learnt INTEGER NOT NULL DEFAULT 0;
)sql"),
    // What is chosen in the pages. A store that has events already keeps them until somebody chooses for how long; a new one has a
    // choice from the start.
    std::string_view(R"sql(
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO settings SELECT column1, column2 FROM (VALUES ('retention.events_days', '90'), ('retention.bulk_events_days', '14'))
  WHERE NOT EXISTS (SELECT 1 FROM events) AND NOT EXISTS (SELECT 1 FROM entities);
)sql"),
    // Lists that are read by pages, and counts that are asked for all the time. The counts are kept by triggers, so that they equal
    // the table whoever writes to it. A day is the number of days (UTC) since 1970, before it rounded down as after it.
    std::string_view(R"sql(
ALTER TABLE findings ADD COLUMN stored_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX findings_by_level ON findings (level, time);
CREATE INDEX findings_by_source ON findings (source, level, time);
CREATE TABLE finding_days (
  day INTEGER NOT NULL,
  level INTEGER NOT NULL,
  rule TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (day, level, rule)
) STRICT, WITHOUT ROWID;
INSERT INTO finding_days SELECT (time - ((time % 86400) + 86400) % 86400) / 86400 AS day, level, rule, count(*) FROM findings
  GROUP BY day, level, rule;
CREATE TRIGGER findings_counted AFTER INSERT ON findings BEGIN
  INSERT INTO finding_days VALUES ((new.time - ((new.time % 86400) + 86400) % 86400) / 86400, new.level, new.rule, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER findings_uncounted AFTER DELETE ON findings BEGIN
  UPDATE finding_days SET n = n - 1 WHERE day = (old.time - ((old.time % 86400) + 86400) % 86400) / 86400
    AND level = old.level AND rule = old.rule;
  DELETE FROM finding_days WHERE day = (old.time - ((old.time % 86400) + 86400) % 86400) / 86400
    AND level = old.level AND rule = old.rule AND n <= 0;
END;
CREATE TRIGGER findings_recounted AFTER UPDATE OF time, level, rule ON findings BEGIN
  UPDATE finding_days SET n = n - 1 WHERE day = (old.time - ((old.time % 86400) + 86400) % 86400) / 86400
    AND level = old.level AND rule = old.rule;
  DELETE FROM finding_days WHERE day = (old.time - ((old.time % 86400) + 86400) % 86400) / 86400
    AND level = old.level AND rule = old.rule AND n <= 0;
  INSERT INTO finding_days VALUES ((new.time - ((new.time % 86400) + 86400) % 86400) / 86400, new.level, new.rule, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
ALTER TABLE errors ADD COLUMN silent_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE errors ADD COLUMN returned_at INTEGER NOT NULL DEFAULT 0;
UPDATE errors SET silent_seconds = gap, returned_at = at FROM (
  SELECT fingerprint AS returned, gap, max(time) AS at FROM (
    SELECT fingerprint, time, time - lag(time) OVER (PARTITION BY fingerprint ORDER BY time) AS gap FROM error_occurrences)
  WHERE gap >= 86400 GROUP BY fingerprint) WHERE fingerprint = returned;
CREATE INDEX errors_by_last_seen ON errors (severity, last_seen DESC, fingerprint);
CREATE INDEX errors_by_count ON errors (severity, count DESC, fingerprint);
CREATE INDEX errors_by_first_seen ON errors (severity, first_seen DESC, fingerprint);
CREATE TABLE error_sources (
  fingerprint TEXT NOT NULL,
  source TEXT NOT NULL,
  last_seen INTEGER NOT NULL,
  PRIMARY KEY (fingerprint, source)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER errors_forgotten AFTER DELETE ON errors BEGIN
  DELETE FROM error_sources WHERE fingerprint = old.fingerprint;
END;
INSERT INTO error_sources SELECT fingerprint, source, max(time) FROM error_occurrences GROUP BY fingerprint, source;
CREATE INDEX events_by_created_at ON events (created_at);
ALTER TABLE entities ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE entities ADD COLUMN clock_skew INTEGER;
CREATE TABLE ingest_hours (
  entity INTEGER NOT NULL REFERENCES entities (id),
  hour INTEGER NOT NULL,
  batches INTEGER NOT NULL,
  events INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  PRIMARY KEY (entity, hour)
) STRICT, WITHOUT ROWID;
)sql"),
    // People. Whoever could sign in before could do everything there was. Sessions and tokens get numbers that are never given out
    // again, for their owners to end them by.
    std::string_view(R"sql(
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'viewer';
ALTER TABLE users ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN sites TEXT;
ALTER TABLE users ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN theme TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN sealed_totp BLOB NOT NULL DEFAULT x'';
ALTER TABLE users ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0;
UPDATE users SET role = 'admin';
CREATE TABLE recovery_codes (
  user INTEGER NOT NULL REFERENCES users (id),
  hash BLOB NOT NULL,
  PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE numbered_sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash BLOB NOT NULL UNIQUE,
  user INTEGER NOT NULL,
  key BLOB NOT NULL DEFAULT x'',
  agent TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;
INSERT INTO numbered_sessions (hash, user, created_at, seen_at) SELECT hash, user, created_at, seen_at FROM sessions;
DROP TABLE sessions;
ALTER TABLE numbered_sessions RENAME TO sessions;
CREATE INDEX sessions_by_user ON sessions (user);
CREATE TABLE api_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user INTEGER NOT NULL,
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  role TEXT NOT NULL,
  sites TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL DEFAULT 0,
  last_address TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX api_tokens_by_user ON api_tokens (user);
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
)sql"),
    // A rule's findings of a level that few of them have.
    std::string_view(R"sql(
CREATE INDEX findings_by_rule_and_level ON findings (rule, level, time);
)sql"),
    // What the assistant looks things up in. The index of words holds no text of its own: triggers keep it equal to the table. A
    // pseudonym (ip_8390373f) and the name of a file are one word. A vector goes with the text it was made of.
    std::string_view(R"sql(
CREATE TABLE passages (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  day INTEGER NOT NULL,
  demo INTEGER NOT NULL,
  text TEXT NOT NULL,
  round INTEGER NOT NULL,
  UNIQUE (kind, name, source, day, demo)
) STRICT;
CREATE TABLE passage_vectors (
  passage INTEGER PRIMARY KEY,
  model TEXT NOT NULL,
  vector BLOB NOT NULL
) STRICT;
CREATE VIRTUAL TABLE passage_words USING fts5(text, content='passages', content_rowid='id',
  tokenize="unicode61 tokenchars '_-.'");
CREATE VIRTUAL TABLE passage_vocabulary USING fts5vocab(passage_words, row);
CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
  INSERT INTO passage_words (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
  INSERT INTO passage_words (passage_words, rowid, text) VALUES ('delete', old.id, old.text);
  DELETE FROM passage_vectors WHERE passage = old.id;
END;
CREATE TRIGGER passages_changed AFTER UPDATE OF text ON passages WHEN new.text IS NOT old.text BEGIN
  INSERT INTO passage_words (passage_words, rowid, text) VALUES ('delete', old.id, old.text);
  INSERT INTO passage_words (rowid, text) VALUES (new.id, new.text);
  DELETE FROM passage_vectors WHERE passage = old.id;
END;
)sql"),
    std::string_view(R"sql(
CREATE TABLE positions (target TEXT PRIMARY KEY, text BLOB NOT NULL, updated_at INTEGER NOT NULL) STRICT;
)sql"),
    // What requests with an Idempotency-Key were answered.
    std::string_view(R"sql(
CREATE TABLE answers (
  id INTEGER PRIMARY KEY,
  asker BLOB NOT NULL,
  key BLOB NOT NULL,
  request BLOB NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (asker, key)
) STRICT;
CREATE INDEX answers_by_time ON answers (at);
)sql"),
    // Alerts. That an identity has one open alert at most is the database's own rule. `change` is the counter's value when a row was
    // written last, by which whoever watches finds what has changed; `due_at` when time itself changes it. State 4 is 3 (resolved) for
    // what was of the past when it was first heard of.
    std::string_view(R"sql(
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL,
  rule TEXT NOT NULL,
  title TEXT NOT NULL,
  level INTEGER NOT NULL,
  site TEXT NOT NULL,
  grp BLOB NOT NULL,
  grp_label TEXT NOT NULL,
  state INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  first_time INTEGER NOT NULL,
  last_time INTEGER NOT NULL,
  last_hit_at INTEGER NOT NULL,
  cleared_at INTEGER NOT NULL,
  hits INTEGER NOT NULL,
  findings INTEGER NOT NULL,
  suppressed INTEGER NOT NULL,
  snoozed_until INTEGER NOT NULL,
  snooze_at INTEGER NOT NULL,
  snooze_by TEXT NOT NULL,
  snooze_reason TEXT NOT NULL,
  snooze_until_hits INTEGER NOT NULL,
  snooze_until_level INTEGER,
  snooze_hits INTEGER NOT NULL,
  snooze_of_rule INTEGER NOT NULL,
  assignee TEXT NOT NULL,
  parent INTEGER NOT NULL,
  resolved_at INTEGER NOT NULL,
  resolved_by TEXT NOT NULL,
  told_at INTEGER NOT NULL,
  told_hits INTEGER NOT NULL,
  times_opened INTEGER NOT NULL,
  for_s INTEGER NOT NULL,
  quiet_s INTEGER NOT NULL,
  repeat_s INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  change INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (key) WHERE state < 3;
CREATE INDEX alerts_by_key ON alerts (key);
CREATE INDEX alerts_by_time ON alerts (last_time);
CREATE INDEX alerts_by_state ON alerts (state, last_time);
CREATE INDEX alerts_by_site ON alerts (site, last_time);
CREATE INDEX alerts_by_rule ON alerts (rule, last_time);
CREATE INDEX alerts_by_parent ON alerts (parent, last_time) WHERE parent <> 0;
CREATE INDEX alerts_by_resolution ON alerts (resolved_at) WHERE state >= 3;
CREATE INDEX alerts_by_change ON alerts (change);
CREATE INDEX alerts_due ON alerts (due_at) WHERE due_at <> 0;
CREATE TABLE alert_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  alert INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  what TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;
CREATE INDEX alert_log_by_alert ON alert_log (alert, id);
CREATE TABLE alert_findings (
  alert INTEGER NOT NULL,
  finding INTEGER NOT NULL,
  PRIMARY KEY (alert, finding)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_findings_by_finding ON alert_findings (finding);
CREATE TABLE rule_switches (
  rule TEXT NOT NULL,
  site TEXT NOT NULL,
  state INTEGER NOT NULL,
  until INTEGER NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (rule, site)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER alerts_forgotten AFTER DELETE ON alerts BEGIN
  DELETE FROM alert_log WHERE alert = old.id;
  DELETE FROM alert_findings WHERE alert = old.id;
END;
)sql"),
    // What rules find in the signals of a site, which those see who see the site; `entity` 0: in a log. An episode is found by its group
    // and grows; the events that led to it are its evidence. How far detection has come is a position of the store's own; the state of a
    // site's windows is as of the event `seq`.
    std::string_view(R"sql(
ALTER TABLE findings ADD COLUMN entity INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN grp BLOB NOT NULL DEFAULT x'';
ALTER TABLE findings ADD COLUMN grp_label TEXT NOT NULL DEFAULT '';
ALTER TABLE findings ADD COLUMN hits INTEGER NOT NULL DEFAULT 1;
ALTER TABLE findings ADD COLUMN first_time INTEGER;
CREATE INDEX findings_by_site ON findings (entity, level, time) WHERE entity <> 0;
CREATE INDEX findings_by_episode ON findings (entity, rule, grp, time) WHERE entity <> 0;
CREATE TABLE evidence (
  finding INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (finding, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER findings_evidence_forgotten AFTER DELETE ON findings WHEN old.entity <> 0 BEGIN
  DELETE FROM evidence WHERE finding = old.id;
END;
CREATE TABLE site_windows (
  entity INTEGER PRIMARY KEY REFERENCES entities (id),
  seq INTEGER NOT NULL,
  state BLOB NOT NULL
) STRICT;
CREATE TABLE unevaluated (
  id INTEGER PRIMARY KEY,
  entity INTEGER NOT NULL REFERENCES entities (id),
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  events INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX unevaluated_by_site ON unevaluated (entity, at);
)sql"),
    // What rules on signals remember of each site.
    std::string_view(R"sql(
CREATE TABLE seen_values (
  entity TEXT NOT NULL,
  rule TEXT NOT NULL,
  value INTEGER NOT NULL,
  first_ns INTEGER NOT NULL,
  last_ns INTEGER NOT NULL,
  PRIMARY KEY (entity, rule, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_values_by_time ON seen_values (last_ns);
CREATE TABLE absence_states (
  entity TEXT PRIMARY KEY,
  state BLOB NOT NULL
) STRICT, WITHOUT ROWID;
)sql"),
    // Whom to tell of alerts, and what they are to be told. Numbers of channels and rows are never given out again: a sender may still
    // hold one.
    std::string_view(R"sql(
CREATE TABLE channels (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  kind TEXT NOT NULL,
  options TEXT NOT NULL,
  sealed BLOB NOT NULL,
  shown TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  off_reason TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  last_sent_at INTEGER NOT NULL DEFAULT 0,
  last_failed_at INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  tested_at INTEGER NOT NULL DEFAULT 0,
  confirmed_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE routes (position INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  channel INTEGER NOT NULL,
  target TEXT NOT NULL,
  alert INTEGER NOT NULL,
  site TEXT NOT NULL,
  route TEXT NOT NULL,
  kind TEXT NOT NULL,
  bundle TEXT NOT NULL,
  dedupe TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  batch INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER NOT NULL,
  since INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  sent_at INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_due ON outbox (state, next_at, channel);
CREATE INDEX outbox_by_alert ON outbox (alert, channel);
CREATE INDEX outbox_by_group ON outbox (channel, target, site, bundle, state, sent_at);
CREATE INDEX outbox_by_batch ON outbox (batch) WHERE batch <> 0;
CREATE INDEX outbox_by_route ON outbox (route, kind, created_at);
)sql"),
    // What an open alert was made of stays, which retention asks of each event.
    std::string_view(R"sql(
CREATE INDEX evidence_by_event ON evidence (seq);
)sql"),
    // What was counted of signals. Values are thousandths; `step` is 0 for minutes, 1 for hours, 2 for days.
    std::string_view(R"sql(
CREATE TABLE metric_series (
  id INTEGER PRIMARY KEY,
  entity INTEGER NOT NULL REFERENCES entities (id),
  metric TEXT NOT NULL,
  labels TEXT NOT NULL,
  counted_at INTEGER NOT NULL,
  n INTEGER NOT NULL, sum INTEGER NOT NULL, least INTEGER NOT NULL, most INTEGER NOT NULL,
  last INTEGER NOT NULL, last_at INTEGER NOT NULL,
  UNIQUE (entity, metric, labels)
) STRICT;
CREATE TABLE metric_points (
  series INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  n INTEGER NOT NULL, sum INTEGER NOT NULL, least INTEGER NOT NULL, most INTEGER NOT NULL,
  last INTEGER NOT NULL, last_at INTEGER NOT NULL,
  PRIMARY KEY (series, step, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE metric_left_out (
  entity INTEGER NOT NULL,
  metric TEXT NOT NULL,
  reason INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (entity, metric, reason)
) STRICT, WITHOUT ROWID;
)sql"),
    // Who did what was found, to what, and how that ended (store/who.hpp). Of what was stored before nobody wrote it down.
    std::string_view(R"sql(
ALTER TABLE findings ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE findings ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE findings ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE findings ADD COLUMN status INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN outcome INTEGER NOT NULL DEFAULT 0;
)sql"),
    // What was counted at one time stands together, whatever it is of: it is written to few pages, and forgotten as one range. Within a time
    // what a site counts of one metric does, so that a chart is one search for each of its steps. With the series first, as it was, each
    // series had a page of its own to be written, and then copied from the log, for each of minute, hour and day.
    std::string_view(R"sql(
CREATE TABLE metric_names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO metric_names (name) SELECT DISTINCT metric FROM metric_series ORDER BY metric;
ALTER TABLE metric_points RENAME TO metric_points_by_series;
CREATE TABLE metric_points (
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  entity INTEGER NOT NULL,
  metric INTEGER NOT NULL,
  series INTEGER NOT NULL,
  n INTEGER NOT NULL, sum INTEGER NOT NULL, least INTEGER NOT NULL, most INTEGER NOT NULL,
  last INTEGER NOT NULL, last_at INTEGER NOT NULL,
  PRIMARY KEY (step, at, entity, metric, series)
) STRICT, WITHOUT ROWID;
INSERT INTO metric_points
  SELECT p.step, p.at, s.entity, m.id, p.series, p.n, p.sum, p.least, p.most, p.last, p.last_at
  FROM metric_points_by_series p JOIN metric_series s ON s.id = p.series JOIN metric_names m ON m.name = s.metric
  ORDER BY p.step, p.at, s.entity, m.id, p.series;
DROP TABLE metric_points_by_series;
)sql"),
    // What a finding's episode came to after it was stored (store/finding_store.hpp).
    std::string_view(R"sql(
ALTER TABLE findings ADD COLUMN last_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN login_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN accounts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN mostly TEXT NOT NULL DEFAULT '';
)sql"),
};

Result<std::int64_t> version_of(Connection& connection) {
  auto tables = connection.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables;
  if (tables.value() == 0) return std::int64_t{0};
  auto application = connection.integer("PRAGMA application_id");
  if (!application) return application;
  if (application.value() != kApplicationId) {
    return Error{fmt::format("store {}: this database belongs to another program: name another file", connection.path()),
                 ErrorKind::denied};
  }
  return connection.integer("SELECT coalesce(max(version), 0) FROM migrations");
}

}  // namespace

Result<Done> migrate(Connection& connection, std::size_t most) {
  // Almost always there is nothing to do, and looking needs no lock.
  const auto found = version_of(connection);
  if (!found) return found.error();
  if (found.value() == static_cast<std::int64_t>(kSteps.size())) return Done{};
  // The lock comes first: two programs that start together must not both take the same step.
  if (auto begun = connection.run("BEGIN IMMEDIATE"); !begun) return begun;
  auto steps = [&]() -> Result<Done> {
    auto version = version_of(connection);
    if (!version) return version.error();
    if (version.value() > static_cast<std::int64_t>(kSteps.size())) {
      return Error{fmt::format("store {}: its schema is version {}, this program knows {}: install the newer logystera",
                               connection.path(), version.value(), kSteps.size()),
                   ErrorKind::broken};
    }
    for (auto step = static_cast<std::size_t>(version.value()); step < std::min(most, kSteps.size()); ++step) {
      if (auto done = connection.run(std::string(kSteps[step])); !done) return done;
      auto note = fmt::format("INSERT INTO migrations VALUES ({}, unixepoch()); PRAGMA application_id = {};", step + 1,
                              kApplicationId);
      if (auto done = connection.run(note); !done) return done;
    }
    return connection.run("COMMIT");
  }();
  if (!steps) (void)connection.run("ROLLBACK");
  return steps;
}

}  // namespace logystera::store::sqlite
