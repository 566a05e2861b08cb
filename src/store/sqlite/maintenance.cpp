#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/fd.hpp"
#include "store/sqlite/finding_rows.hpp"
#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

// Of one look at the oldest events: rows that a clock has put into the future do not hide what is behind them for ever.
constexpr std::int64_t kLookedAt = 5'000;
constexpr std::size_t kCheckLines = 100;

// In table `counters`.
constexpr std::string_view kRemoved[kRemovals] = {"removed_events_age", "removed_events_bulk_age", "removed_events_size"};
constexpr std::string_view kRemovedFindings = "removed_findings_size";
constexpr std::string_view kBulkLookedTo = "bulk_events_looked_to";

Result<std::int64_t> counter(Connection& db, std::string_view name) {
  auto find = db.lease("SELECT value FROM counters WHERE name = ?");
  if (!find) return find.error();
  find->bind(1, name);
  auto row = db.row<std::int64_t>(find.value(), "read", [](const Statement& at) { return at.integer(0); });
  if (!row) return row.error();
  return row->value_or(0);
}

Result<Done> set_counter(Connection& db, std::string_view name, std::int64_t value) {
  auto put = db.lease("INSERT INTO counters VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2");
  if (!put) return put.error();
  put->bind(1, name);
  put->bind(2, value);
  return db.finish(put.value(), "write");
}

Result<Done> add_to_counter(Connection& db, std::string_view name, std::uint64_t more) {
  if (more == 0) return Done{};
  auto before = counter(db, name);
  if (!before) return before.error();
  return set_counter(db, name, before.value() + static_cast<std::int64_t>(more));
}

Error cannot(const std::string& path, std::string_view doing, std::string_view remedy) {
  const int error = errno;
  return Error{fmt::format("store {}: cannot {}: {}: {}", path, doing, std::strerror(error), remedy), kind_of_errno(error)};
}

std::uint64_t size_of_file(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  return none ? 0 : size;
}

std::uint64_t room_in(const std::string& directory) {
  struct statvfs there {};
  if (::statvfs(directory.c_str(), &there) != 0) return UINT64_MAX;  // what is wrong there SQLite will say
  return std::uint64_t{there.f_bavail} * there.f_frsize;
}

std::string directory_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

bool is_directory(const char* name) {
  struct stat there {};
  return ::stat(name, &there) == 0 && S_ISDIR(there.st_mode);
}

// Where SQLite writes a database anew before it copies it back: the first of these it may write in. A file there has no name, and so
// is gone with the program (sqlite.org/tempfiles.html, "VACUUM" and "Temporary File Storage Locations").
std::string temporary_directory() {
  const char* const names[] = {std::getenv("SQLITE_TMPDIR"), std::getenv("TMPDIR"), "/var/tmp", "/usr/tmp", "/tmp"};
  for (const char* name : names) {
    if (name && *name && is_directory(name) && ::access(name, W_OK | X_OK) == 0) return name;
  }
  return ".";
}

Result<Done> need_room(const std::string& path, const std::string& directory, std::uint64_t bytes,
                       std::string_view remedy) {
  const std::uint64_t room = room_in(directory);
  if (room >= bytes) return Done{};
  return Error{fmt::format("store {}: cannot write it anew: {} has {} bytes left, and {} are needed: {}", path, directory,
                           room, bytes, remedy),
               ErrorKind::too_large};
}

// Beside the database what is replaced is logged first, as much as it holds; elsewhere it is written anew, as much as will be left.
Result<Done> need_room_for_both(const std::string& path, std::uint64_t log_bytes, std::uint64_t new_bytes) {
  constexpr std::string_view kElsewhere = "free some, or name a directory of another disk in the variable SQLITE_TMPDIR";
  const std::string beside = directory_of(path);
  const std::string temporary = temporary_directory();
  struct stat of_beside {
  }, of_temporary{};
  const bool one_disk = ::stat(beside.c_str(), &of_beside) == 0 && ::stat(temporary.c_str(), &of_temporary) == 0 &&
                        of_beside.st_dev == of_temporary.st_dev;
  if (auto room = need_room(path, beside, log_bytes, "free some"); !room) return room;
  return need_room(path, temporary, one_disk ? log_bytes + new_bytes : new_bytes, kElsewhere);
}

Error exists_already(const std::string& path) {
  errno = EEXIST;
  return cannot(path, "make the copy", "name a file that does not exist, in a directory that does");
}

void remove_part(const std::string& part) {
  for (const char* more : {"", "-journal"}) (void)::unlink((part + more).c_str());
}

// Replaces nothing, where the file system can promise that.
Result<Done> give_name(const std::string& part, const std::string& path) {
  if (::renameat2(AT_FDCWD, part.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) return Done{};
  if (errno == EEXIST) return exists_already(path);
  if ((errno == EINVAL || errno == ENOSYS) && ::rename(part.c_str(), path.c_str()) == 0) return Done{};
  return cannot(path, "give the copy its name", "check the directory");
}

// The file a copy is written to, locked while it is made. One that nobody has locked is what a copy that was killed has left, and goes.
Result<Fd> make_part(const std::string& part) {
  const Error being_made{
      fmt::format("store {}: a copy is being made there, or it is no copy's: wait for it, or remove it", part),
      ErrorKind::busy};
  const auto is_named = [&part](int file) {
    struct stat opened {
    }, named{};
    return ::fstat(file, &opened) == 0 && ::lstat(part.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev && S_ISREG(named.st_mode) && named.st_uid == ::geteuid() && named.st_nlink == 1;
  };
  Fd left;  // locked until the new one is: of two that find it, one goes on
  for (;;) {
    Fd made(::open(part.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (made) {
      if (::flock(made.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return being_made;
      return made;
    }
    if (errno != EEXIST) return cannot(part, "make the copy", "name a file in a directory that exists and may be written");
    if (left) return being_made;
    left = Fd(::open(part.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!left || ::flock(left.get(), LOCK_EX | LOCK_NB) != 0 || !is_named(left.get())) return being_made;
    remove_part(part);
  }
}

// So that a copy that is there after a power loss is a whole one.
Result<Done> make_durable(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const Fd directory(::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || !directory || ::fsync(file.get()) != 0 || ::fsync(directory.get()) != 0)
    return cannot(path, "make the copy durable", "try again");
  return Done{};
}

}  // namespace

Result<StoreSize> Upkeep::size() {
  auto connection = pool_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  StoreSize size;
  const auto number = [&](std::string_view sql, auto& into) -> Result<Done> {
    auto value = db.integer(sql);
    if (!value) return value.error();
    into = static_cast<std::remove_reference_t<decltype(into)>>(value.value());
    return Done{};
  };
  std::uint64_t page_bytes = 0, pages = 0, free_pages = 0;
  std::int64_t vacuum = 0, first = 0, last = 0;
  for (const auto& done :
       {number("PRAGMA page_size", page_bytes), number("PRAGMA page_count", pages),
        number("PRAGMA freelist_count", free_pages), number("PRAGMA auto_vacuum", vacuum),
        number("SELECT coalesce(min(seq), 0) FROM events", first),
        number("SELECT coalesce(max(seq), -1) FROM events", last),
        number("SELECT coalesce((SELECT received_at FROM events ORDER BY seq LIMIT 1), 0)", size.oldest_event_at),
        number("SELECT coalesce((SELECT received_at FROM events ORDER BY seq DESC LIMIT 1), 0)", size.newest_event_at)}) {
    if (!done) return done.error();
  }
  size.bytes = pages * page_bytes;
  size.free_bytes = free_pages * page_bytes;
  size.log_bytes = size_of_file(pool_.path() + "-wal");
  size.gives_back = vacuum != 0;
  size.events_at_most = static_cast<std::uint64_t>(last - first + 1);
  for (std::size_t i = 0; i < kRemovals; ++i) {
    auto removed = counter(db, kRemoved[i]);
    if (!removed) return removed.error();
    size.removed[i] = static_cast<std::uint64_t>(removed.value());
  }
  auto findings = counter(db, kRemovedFindings);
  if (!findings) return findings.error();
  size.removed_findings = static_cast<std::uint64_t>(findings.value());
  return size;
}

Result<StoreRows> Upkeep::rows() {
  auto connection = pool_.lend_for_long();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  StoreRows rows;
  const std::pair<std::string_view, std::uint64_t*> tables[] = {{"events", &rows.events},
                                                                {"batches", &rows.batches},
                                                                {"findings", &rows.findings},
                                                                {"errors", &rows.error_groups},
                                                                {"error_occurrences", &rows.error_occurrences},
                                                                {"entities", &rows.entities},
                                                                {"users", &rows.users}};
  for (const auto& [table, into] : tables) {
    auto count = db.integer(fmt::format("SELECT count(*) FROM {}", table));
    if (!count) return count.error();
    *into = static_cast<std::uint64_t>(count.value());
  }
  return rows;
}

// The last event that may go: never the newest, whose number would be given out again, nor what detection has still to look at, or to count
// into metrics. A position that has not moved for a week is nobody's.
#define LOGYSTERA_LAST_TO_REMOVE                                                                           \
  "min((SELECT coalesce(max(seq), 0) FROM events) - 1, coalesce((SELECT min(CAST(CAST(text AS TEXT) AS "   \
  "INTEGER)) FROM positions WHERE target IN ('detect', 'metrics') AND updated_at > unixepoch() - 604800)," \
  " 9223372036854775807))"

// Of an alert that is open (its state is below 3: 4 is one of the past, which never was), the events stay as well.
#define LOGYSTERA_IS_EVIDENCE                                                                                        \
  "EXISTS (SELECT 1 FROM evidence v JOIN alert_findings f ON f.finding = v.finding JOIN alerts a ON a.id = f.alert " \
  "WHERE v.seq = events.seq AND a.state < 3)"

Result<std::uint64_t> Upkeep::remove_events(std::int64_t before, std::size_t most, Removal reason) {
  auto connection = pool_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<std::uint64_t> {
    auto remove = db.lease(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM (SELECT seq, received_at FROM events WHERE "
        "NOT " LOGYSTERA_IS_EVIDENCE
        " ORDER BY seq LIMIT ?3) WHERE "
        "received_at < ?1 AND seq <= " LOGYSTERA_LAST_TO_REMOVE " LIMIT ?2)");
    if (!remove) return remove.error();
    remove->bind(1, before);
    remove->bind(2, static_cast<std::int64_t>(most));
    remove->bind(3, kLookedAt);
    if (auto done = db.finish(remove.value(), "remove old events"); !done) return done.error();
    const auto removed = static_cast<std::uint64_t>(db.changes());
    if (auto counted = add_to_counter(db, kRemoved[static_cast<std::size_t>(reason)], removed); !counted)
      return counted.error();
    return removed;
  });
}

Result<Maintenance::BulkSlice> Upkeep::remove_bulk_events(const BulkTypes& types, std::int64_t before, std::size_t most,
                                                          Removal reason) {
  auto connection = pool_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<BulkSlice> {
    std::vector<std::int64_t> numbers;
    for (const std::string& type : types) {
      auto find = db.lease("SELECT id FROM types WHERE name = ?");
      if (!find) return find.error();
      find->bind(1, std::string_view(type));
      auto number =
          db.row<std::int64_t>(find.value(), "look up an event type", [](const Statement& row) { return row.integer(0); });
      if (!number) return number.error();
      if (number.value()) numbers.push_back(*number.value());
    }
    auto looked_to = counter(db, kBulkLookedTo);
    if (!looked_to) return looked_to.error();
    auto last = db.integer("SELECT " LOGYSTERA_LAST_TO_REMOVE);
    if (!last) return last.error();
    BulkSlice slice;
    std::int64_t at = looked_to.value();
    std::vector<std::int64_t> old;
    {
      auto look = db.lease("SELECT seq, type, received_at FROM events WHERE seq > ? ORDER BY seq LIMIT ?");
      if (!look) return look.error();
      look->bind(1, at);
      look->bind(2, kLookedAt);
      int code = SQLITE_DONE;
      while (old.size() < most && (code = look->step()) == SQLITE_ROW) {
        if (look->integer(2) >= before || look->integer(0) > last.value()) break;
        at = look->integer(0);
        if (std::find(numbers.begin(), numbers.end(), look->integer(1)) != numbers.end()) old.push_back(at);
      }
      if (code != SQLITE_ROW && code != SQLITE_DONE) return db.error("read the events");
    }
    auto remove = db.lease("DELETE FROM events WHERE seq = ? AND NOT " LOGYSTERA_IS_EVIDENCE);
    if (!remove) return remove.error();
    for (const std::int64_t seq : old) {
      remove->bind(1, seq);
      if (auto done = db.finish(remove.value(), "remove old events"); !done) return done.error();
      slice.removed += static_cast<std::uint64_t>(db.changes());
    }
    slice.looked = at != looked_to.value();
    if (!slice.looked) return slice;
    if (auto set = set_counter(db, kBulkLookedTo, at); !set) return set.error();
    if (auto counted = add_to_counter(db, kRemoved[static_cast<std::size_t>(reason)], slice.removed); !counted)
      return counted.error();
    return slice;
  });
}

// `sql` removes rows before its first parameter, at most its second.
Result<std::uint64_t> Upkeep::remove_slice(Sql sql, std::int64_t before, std::size_t most) {
  auto connection = pool_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto remove = db.lease(sql);
  if (!remove) return remove.error();
  remove->bind(1, before);
  remove->bind(2, static_cast<std::int64_t>(most));
  if (auto done = db.finish(remove.value(), "remove old rows"); !done) return done.error();
  return static_cast<std::uint64_t>(db.changes());
}

Result<std::uint64_t> Upkeep::remove_findings(std::int64_t before, std::size_t most) {
  return remove_slice(
      "DELETE FROM findings WHERE id IN (SELECT id FROM findings WHERE time < ?1 AND stored_at < ?1 AND "
      "NOT " LOGYSTERA_IS_OF_OPEN_ALERT " ORDER BY time LIMIT ?2)",
      before, most);
}

Result<std::uint64_t> Upkeep::remove_occurrences(std::int64_t before, std::size_t most) {
  return remove_slice(
      "DELETE FROM error_occurrences WHERE id IN (SELECT id FROM error_occurrences o WHERE time < ?1 AND EXISTS (SELECT 1 "
      "FROM "
      "error_occurrences n WHERE n.fingerprint = o.fingerprint AND (n.time, n.id) > (o.time, o.id)) ORDER BY time LIMIT "
      "?2)",
      before, most);
}

Result<std::uint64_t> Upkeep::remove_oldest_findings(std::size_t most) {
  auto connection = pool_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<std::uint64_t> {
    auto remove = db.lease("DELETE FROM findings WHERE id IN (SELECT id FROM findings WHERE NOT " LOGYSTERA_IS_OF_OPEN_ALERT
                           " ORDER BY time, id LIMIT ?)");
    if (!remove) return remove.error();
    remove->bind(1, static_cast<std::int64_t>(most));
    if (auto done = db.finish(remove.value(), "remove old findings"); !done) return done.error();
    const auto removed = static_cast<std::uint64_t>(db.changes());
    if (auto counted = add_to_counter(db, kRemovedFindings, removed); !counted) return counted.error();
    return removed;
  });
}

Result<bool> Upkeep::give_back(std::size_t pages) {
  auto connection = pool_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto mode = db.integer("PRAGMA auto_vacuum");
  if (!mode) return mode.error();
  auto empty = db.integer("PRAGMA freelist_count");
  if (!empty) return empty.error();
  if (mode.value() == 0 || empty.value() == 0) return false;
  // Each step of the statement gives one page back.
  if (auto given = db.run(fmt::format("PRAGMA incremental_vacuum({})", pages)); !given) return given.error();
  return true;
}

Result<std::vector<std::string>> Upkeep::check() {
  auto connection = pool_.lend_for_long();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto check = db.prepare(fmt::format("PRAGMA integrity_check({})", kCheckLines));
  if (!check) return check.error();
  auto lines =
      db.rows<std::string>(check.value(), "check it", [](const Statement& row) { return std::string(row.text(0)); });
  if (!lines) return lines;
  if (lines->size() == 1 && lines->front() == "ok") lines->clear();
  return lines;
}

Result<Done> Upkeep::back_up(const std::string& path) {
  // Under its name it is whole: a copy that was interrupted, by a signal or the power, is none anybody would restore.
  const std::string part = path + ".part";
  if (std::error_code none; std::filesystem::exists(std::filesystem::symlink_status(path, none)))
    return exists_already(path);
  const auto made = make_part(part);
  if (!made) return made.error();
  auto copied = [&]() -> Result<Done> {
    auto connection = pool_.connect();  // one of its own: a long read
    if (!connection) return connection.error();
    auto copy = connection->prepare("VACUUM INTO ?");
    if (!copy) return copy.error();
    copy->bind(1, std::string_view(part));
    if (auto done = connection->finish(copy.value(), fmt::format("copy it to {}", path)); !done) return done;
    if (auto done = make_durable(part); !done) return done;
    if (auto done = give_name(part, path); !done) return done;
    return make_durable(path);
  }();
  if (!copied) remove_part(part);
  return copied;
}

Result<Done> Upkeep::shrink() {
  auto before = size();
  if (!before) return before.error();
  const std::string& path = pool_.path();
  if (auto room = need_room_for_both(path, before->bytes + before->log_bytes, before->used_bytes()); !room) return room;
  pool_.close_idle();
  auto connection = pool_.connect();
  if (!connection) return connection.error();
  // Leaving the write-ahead log is possible for the only one that has the database open.
  auto mode = connection->prepare("PRAGMA journal_mode=DELETE");
  if (!mode) return mode.error();
  auto left = connection->row<std::string>(mode.value(), "have it alone",
                                           [](const Statement& row) { return std::string(row.text(0)); });
  if ((!left && left.error().kind == ErrorKind::busy) || (left && left.value() != "delete")) {
    return Error{fmt::format("store {}: another program uses it: end `logystera serve`, scans and tails first", path),
                 ErrorKind::busy};
  }
  if (!left) return left.error();
  mode = connection->prepare("SELECT 1");  // gives the statement before back
  return connection->run("PRAGMA auto_vacuum=INCREMENTAL; VACUUM; PRAGMA journal_mode=WAL;");
}

}  // namespace logystera::store::sqlite
