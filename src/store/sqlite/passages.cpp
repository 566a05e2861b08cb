#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "core/severity.hpp"
#include "store/sqlite/finding_rows.hpp"
#include "store/sqlite/stores.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {
namespace {

constexpr std::size_t kWordsAsked = 64, kWordBytes = 128;
// A word of more than two in five passages tells none from another, and reading all of them takes a quarter of a second in 100,000.
constexpr std::uint64_t kCommonOf = 5, kCommon = 2;
constexpr std::uint64_t kCommonLeast = 20;  // passages, below which no word is common
constexpr std::int64_t kDaySeconds = 86'400;

Passage read_passage(const Statement& row) {
  Passage passage;
  passage.id = row.integer(0);
  passage.kind = row.integer(1) == 0 ? PassageKind::finding : PassageKind::error;
  passage.name = row.text(2);
  passage.source = row.text(3);
  passage.day = row.integer(4);
  passage.demo = row.integer(5) != 0;
  passage.text = row.text(6);
  return passage;
}

PassageGroup read_group(const Statement& row, PassageKind kind) {
  PassageGroup group;
  group.kind = kind;
  group.name = row.text(0);
  group.title = row.text(1);
  if (kind == PassageKind::finding) group.level = level_name(level_of(row.integer(2)));
  else
    group.level = severity_name(
        static_cast<Severity>(std::clamp<std::int64_t>(row.integer(2), 0, static_cast<std::int64_t>(Severity::critical))));
  group.source = row.text(3);
  group.first = row.integer(4);
  group.last = row.integer(5);
  group.count = row.count(6);
  group.message = row.text(7);
  group.demo = row.integer(8) != 0;
  return group;
}

using Counted = std::pair<std::string, std::uint64_t>;
Counted read_counted(const Statement& row) { return {std::string(row.text(0)), row.count(1)}; }

bool is_word_byte(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-' || c == '.';
}

// As the tokenizer reads them, but for letters beyond ASCII, whose case it folds as well.
std::vector<std::string> words_of(const std::vector<std::string>& texts) {
  std::vector<std::string> words;
  for (const std::string& text : texts) {
    std::string word;
    for (std::size_t at = 0; at <= text.size() && words.size() < kWordsAsked; ++at) {
      if (at < text.size() && is_word_byte(text[at])) {
        if (word.size() < kWordBytes)
          word += text[at] >= 'A' && text[at] <= 'Z' ? static_cast<char>(text[at] | 0x20) : text[at];
        continue;
      }
      if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
      word.clear();
    }
  }
  return words;
}

Result<std::vector<std::string>> without_common(Connection& db, std::vector<std::string> words) {
  auto all = db.integer("SELECT count(*) FROM passages");
  if (!all) return all.error();
  const auto passages = static_cast<std::uint64_t>(all.value());
  if (passages < kCommonLeast) return words;
  auto statement = db.lease("SELECT doc FROM passage_vocabulary WHERE term = ?");
  if (!statement) return statement.error();
  std::vector<std::string> rare;
  for (const std::string& word : words) {
    statement->bind(1, word);
    auto in = db.row<std::uint64_t>(statement.value(), "look a word up", [](const Statement& row) { return row.count(0); });
    if (!in) return in.error();
    statement->reset();
    if (in->value_or(0) * kCommonOf <= passages * kCommon) rare.push_back(word);
  }
  return rare.empty() ? std::move(words) : std::move(rare);
}

}  // namespace

Result<std::vector<PassageGroup>> Passages::groups() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  // With max() SQLite takes the other columns from the row that has it: the newest one's.
  auto found = db.lease(
      "SELECT rule, title, level, source, min(time), max(time), count(*), message, demo FROM findings GROUP BY rule, "
      "source, "
      "demo, time / 86400 ORDER BY max(time) DESC LIMIT ?");
  if (!found) return found.error();
  found->bind(1, static_cast<std::int64_t>(kPassages));
  auto groups = db.rows<PassageGroup>(found.value(), "read groups of findings",
                                      [](const Statement& row) { return read_group(row, PassageKind::finding); });
  if (!groups) return groups;
  auto erred = db.lease(
      "SELECT o.fingerprint, e.pattern, e.severity, o.source, min(o.time), max(o.time), count(*), o.message, e.demo "
      "FROM error_occurrences o JOIN errors e ON e.fingerprint = o.fingerprint GROUP BY o.fingerprint, o.source, "
      "o.time / 86400 ORDER BY max(o.time) DESC LIMIT ?");
  if (!erred) return erred.error();
  erred->bind(1, static_cast<std::int64_t>(kPassages));
  auto errors = db.rows<PassageGroup>(erred.value(), "read groups of errors",
                                      [](const Statement& row) { return read_group(row, PassageKind::error); });
  if (!errors) return errors;
  std::vector<PassageGroup> all = std::move(groups).value();
  std::move(errors->begin(), errors->end(), std::back_inserter(all));
  std::stable_sort(all.begin(), all.end(), [](const PassageGroup& a, const PassageGroup& b) { return a.last > b.last; });
  if (all.size() > kPassages) all.resize(kPassages);
  return all;
}

Result<PassagesReplaced> Passages::replace(const std::vector<Passage>& passages) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<PassagesReplaced> {
    PassagesReplaced replaced;
    auto last = db.integer("SELECT coalesce(max(round), 0) FROM passages");
    if (!last) return last.error();
    const std::int64_t round = last.value() + 1;
    auto same = db.lease(
        "UPDATE passages SET round = ?7 WHERE kind = ?1 AND name = ?2 AND source = ?3 AND day = ?4 AND demo = ?5 AND text "
        "= ?6");
    if (!same) return same.error();
    auto put = db.lease(
        "INSERT INTO passages (kind, name, source, day, demo, text, round) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
        "ON CONFLICT DO UPDATE SET text = excluded.text, round = excluded.round");
    if (!put) return put.error();
    for (const Passage& passage : passages) {
      const std::string name = storable(passage.name), source = storable(passage.source), text = storable(passage.text);
      for (Statement* statement : {&same.value(), &put.value()}) {
        statement->bind(1, std::int64_t{passage.kind == PassageKind::error});
        statement->bind(2, name);
        statement->bind(3, source);
        statement->bind(4, passage.day);
        statement->bind(5, std::int64_t{passage.demo});
        statement->bind(6, text);
        statement->bind(7, round);
        if (auto done = db.finish(*statement, "write a passage"); !done) return done.error();
        statement->reset();
        if (statement == &put.value()) ++replaced.changed;
        else if (db.changes() > 0) break;
      }
    }
    auto remove = db.lease("DELETE FROM passages WHERE round <> ?");
    if (!remove) return remove.error();
    remove->bind(1, round);
    if (auto done = db.finish(remove.value(), "remove passages"); !done) return done.error();
    replaced.removed = static_cast<std::uint64_t>(db.changes());
    auto stored = db.integer("SELECT count(*) FROM passages");
    if (!stored) return stored.error();
    replaced.stored = static_cast<std::uint64_t>(stored.value());
    return replaced;
  });
}

Result<PassageCounts> Passages::counts(std::string_view model) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto count = db.lease("SELECT (SELECT count(*) FROM passages), (SELECT count(*) FROM passage_vectors WHERE model = ?)");
  if (!count) return count.error();
  count->bind(1, model);
  auto row = db.row<PassageCounts>(count.value(), "count passages", [](const Statement& at) {
    return PassageCounts{at.count(0), at.count(1)};
  });
  if (!row) return row.error();
  return row->value_or(PassageCounts{});
}

Result<std::vector<Passage>> Passages::search(const std::vector<std::string>& texts, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto words = without_common(db, words_of(texts));
  if (!words) return words.error();
  if (words->empty()) return std::vector<Passage>();
  std::string query;
  for (const std::string& word : words.value()) query += (query.empty() ? "\"" : " OR \"") + word + '"';
  auto statement = db.lease(
      "SELECT p.id, p.kind, p.name, p.source, p.day, p.demo, p.text FROM passage_words JOIN passages p ON p.id = "
      "passage_words.rowid WHERE passage_words MATCH ?1 ORDER BY bm25(passage_words), p.day DESC, p.id LIMIT ?2");
  if (!statement) return statement.error();
  const std::string matched = storable(query);
  statement->bind(1, matched);
  statement->bind(2, static_cast<std::int64_t>(limit));
  return db.rows<Passage>(statement.value(), "search passages", read_passage);
}

Result<std::optional<Passage>> Passages::find(std::int64_t id) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease("SELECT id, kind, name, source, day, demo, text FROM passages WHERE id = ?");
  if (!find) return find.error();
  find->bind(1, id);
  return db.row<Passage>(find.value(), "read a passage", read_passage);
}

Result<std::vector<Passage>> Passages::without_vector(std::string_view model, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease(
      "SELECT id, kind, name, source, day, demo, text FROM passages WHERE NOT EXISTS (SELECT 1 FROM passage_vectors v "
      "WHERE v.passage = id AND v.model = ?1) ORDER BY id LIMIT ?2");
  if (!select) return select.error();
  select->bind(1, model);
  select->bind(2, static_cast<std::int64_t>(limit));
  return db.rows<Passage>(select.value(), "read passages", read_passage);
}

Result<Done> Passages::put_vectors(std::string_view model,
                                   const std::vector<std::pair<std::int64_t, std::vector<float>>>& vectors) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    auto put = db.lease(
        "INSERT OR REPLACE INTO passage_vectors (passage, model, vector) SELECT id, ?2, ?3 FROM passages WHERE id = ?1");
    if (!put) return put.error();
    for (const auto& [id, vector] : vectors) {
      if (vector.empty() || vector.size() > kVectorNumbers)
        return Error{fmt::format("a vector of {} numbers cannot be stored: 1 to {} can", vector.size(), kVectorNumbers),
                     ErrorKind::invalid};
      put->bind(1, id);
      put->bind(2, model);
      put->bind_blob(3, vector.data(), vector.size() * sizeof(float));
      if (auto done = db.finish(put.value(), "write a vector"); !done) return done;
      put->reset();
    }
    return Done{};
  });
}

Result<Done> Passages::each_vector(std::string_view model, std::size_t dimension,
                                   const std::function<void(std::int64_t id, std::span<const float> vector)>& each) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease("SELECT passage, vector FROM passage_vectors WHERE model = ?1 AND length(vector) = ?2");
  if (!select) return select.error();
  select->bind(1, model);
  select->bind(2, static_cast<std::int64_t>(dimension * sizeof(float)));
  std::vector<float> vector(dimension);
  int code;
  while ((code = select->step()) == SQLITE_ROW) {
    const std::string_view bytes = select->text(1);
    if (bytes.size() != dimension * sizeof(float)) continue;
    std::memcpy(vector.data(), bytes.data(), bytes.size());
    each(select->integer(0), vector);
  }
  if (code != SQLITE_DONE) return db.error("read vectors");
  return Done{};
}

Result<PeriodCounts> Passages::period(std::int64_t since, std::int64_t until) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  PeriodCounts counts;
  const auto ask = [&](Sql sql) -> Result<std::vector<Counted>> {
    auto statement = db.lease(sql);
    if (!statement) return statement.error();
    statement->bind(1, since);
    statement->bind(2, until);
    return db.rows<Counted>(statement.value(), "count findings", read_counted);
  };
  auto levels = ask("SELECT level, count(*) FROM findings WHERE time >= ?1 AND time < ?2 GROUP BY level");
  if (!levels) return levels.error();
  for (const auto& [level, count] : levels.value())
    counts.by_level[static_cast<std::size_t>(level_of(std::atoll(level.c_str())))] += count;
  auto rules =
      ask("SELECT rule, count(*) FROM findings WHERE time >= ?1 AND time < ?2 GROUP BY rule ORDER BY 2 DESC, 1 LIMIT 10");
  if (!rules) return rules.error();
  counts.rules = std::move(rules).value();
  auto sources = ask(
      "SELECT source, count(*) FROM findings WHERE time >= ?1 AND time < ?2 GROUP BY source ORDER BY 2 DESC, 1 LIMIT 10");
  if (!sources) return sources.error();
  counts.sources = std::move(sources).value();
  auto errors = ask("SELECT '', count(*) FROM error_occurrences WHERE time >= ?1 AND time < ?2");
  if (!errors) return errors.error();
  if (!errors->empty()) counts.errors = errors->front().second;
  auto patterns = ask(
      "SELECT e.pattern, count(*) FROM error_occurrences o JOIN errors e ON e.fingerprint = o.fingerprint WHERE o.time >= "
      "?1 AND o.time < ?2 GROUP BY o.fingerprint ORDER BY 2 DESC, 1 LIMIT 10");
  if (!patterns) return patterns.error();
  counts.error_patterns = std::move(patterns).value();
  return counts;
}

Result<std::uint64_t> Passages::prune(std::int64_t oldest) {
  return remove_rows(connections_, "DELETE FROM passages WHERE day < ?", oldest / kDaySeconds - (oldest % kDaySeconds < 0));
}

Result<std::uint64_t> Passages::clear_demo() { return remove_rows(connections_, "DELETE FROM passages WHERE demo = ?", 1); }

}  // namespace logystera::store::sqlite
