// bench_dispatch_insert DATABASE BATCH FILE...: the baseline. Reads event lines into memory, then times nothing but what
// any program must do to keep them: prepared inserts of the same rows into SQLite (WAL, synchronous=FULL, unique event id),
// BATCH to a transaction. Prints the events and the seconds.
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "core/event.hpp"
#include "store/store.hpp"

namespace {

struct Row {
  std::string line;
  std::int64_t created_at;
  logystera::store::EventId id;
};

bool read_rows(const char* path, std::vector<Row>& rows) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    logystera::EventView event;
    if (logystera::read_event_line(line, event) != logystera::LineFault::none) return false;
    const auto id = logystera::store::event_id_of(event.event_id);
    const auto created_at = event.created_at;
    rows.push_back({std::move(line), created_at, id});
  }
  return true;
}

bool run(sqlite3* db, const char* sql) { return ::sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK; }

bool insert_all(sqlite3* db, const std::vector<Row>& rows, std::size_t batch) {
  sqlite3_stmt* insert = nullptr;
  if (::sqlite3_prepare_v2(db,
                           "INSERT OR IGNORE INTO events (entity, type, created_at, received_at, event_id, line) "
                           "VALUES (1, 1, ?, ?, ?, ?)",
                           -1, &insert, nullptr) != SQLITE_OK) {
    return false;
  }
  bool good = true;
  for (std::size_t i = 0; good && i < rows.size(); i += batch) {
    good = run(db, "BEGIN");
    for (std::size_t r = i; good && r < std::min(rows.size(), i + batch); ++r) {
      ::sqlite3_bind_int64(insert, 1, rows[r].created_at);
      ::sqlite3_bind_int64(insert, 2, rows[r].created_at);
      ::sqlite3_bind_blob(insert, 3, rows[r].id.data(), static_cast<int>(rows[r].id.size()), SQLITE_STATIC);
      ::sqlite3_bind_text(insert, 4, rows[r].line.data(), static_cast<int>(rows[r].line.size()), SQLITE_STATIC);
      good = ::sqlite3_step(insert) == SQLITE_DONE;
      ::sqlite3_reset(insert);
    }
    good = good && run(db, "COMMIT");
  }
  ::sqlite3_finalize(insert);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: bench_dispatch_insert DATABASE BATCH FILE...\n");
    return 2;
  }
  std::vector<Row> rows;
  for (int i = 3; i < argc; ++i) {
    if (!read_rows(argv[i], rows)) {
      std::fprintf(stderr, "%s: a line is no event\n", argv[i]);
      return 2;
    }
  }
  sqlite3* db = nullptr;
  const bool open = ::sqlite3_open(argv[1], &db) == SQLITE_OK && run(db, "PRAGMA journal_mode=WAL") &&
                    run(db, "PRAGMA synchronous=FULL") &&
                    run(db,
                        "CREATE TABLE events (seq INTEGER PRIMARY KEY, entity INTEGER NOT NULL, type INTEGER NOT NULL, "
                        "created_at INTEGER NOT NULL, received_at INTEGER NOT NULL, event_id BLOB NOT NULL UNIQUE, "
                        "line TEXT NOT NULL)");
  const auto begin = std::chrono::steady_clock::now();
  const bool good = open && insert_all(db, rows, std::strtoul(argv[2], nullptr, 10));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!good) {
    std::fprintf(stderr, "%s: %s\n", argv[1], ::sqlite3_errmsg(db));
    return 2;
  }
  std::printf("%zu %.6f\n", rows.size(), seconds);
  ::sqlite3_close(db);
  return 0;
}
