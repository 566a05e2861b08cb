// How a page is found: by walking index ranges in the list's order until it is full.
//
// A filter that names several values (levels, sites and types) is one range for each of them, an "arm"; merged, they are one list.
// An arm reads keys from its index alone. Rows are fetched one by one as their keys come, and what no index knows (a text, a
// dismissal) is decided on the row, for a bounded number of rows.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/error_store.hpp"
#include "store/paging.hpp"
#include "store/sqlite/connection.hpp"

namespace logystera::store::sqlite {

inline constexpr std::size_t kArmsMost = 512;  // beyond, a wider range is walked and more is decided on the rows

/// How long rows are looked at for one page or count.
class Patience {
 public:
  explicit Patience(std::chrono::milliseconds most) : end_(std::chrono::steady_clock::now() + most) {}

  bool over() noexcept { return ++asked_ % kRowsBetweenLooks == 0 && std::chrono::steady_clock::now() >= end_; }

 private:
  static constexpr std::size_t kRowsBetweenLooks = 64;
  std::chrono::steady_clock::time_point end_;
  std::size_t asked_ = 0;
};

/// An index as an arm reads it. Parameters from ?3 on are those of `equal`, then of `test`.
struct ArmIndex {
  std::string_view table, index;  // without an index: by row number
  std::string_view equal;         // "level = ?3"; empty: nothing
  std::string_view value;         // what the list is ordered by, the largest first
  std::string_view tie;           // and among equal values
  bool ties_descend = true;       // the largest first
  std::string_view test = {};     // an expression over the row: where it is 0 the row does not match. Empty: none
};

/// The whole range between two values (?1 and ?2, both included), or the rows that have the value ?1 and stand behind the tie ?2.
/// `backwards`: in the other order, and before it.
std::string range_sql(const ArmIndex& index, bool backwards);
std::string tie_sql(const ArmIndex& index, bool backwards);

/// Keys of a list, read from a row's first two columns, and their order.
inline TimeKey read_key(const Statement& row, const TimeKey&) { return {row.integer(0), row.integer(1)}; }
inline bool before(const TimeKey& a, const TimeKey& b) noexcept { return a.time != b.time ? a.time > b.time : a.id > b.id; }
inline std::int64_t value_of(const TimeKey& key) noexcept { return key.time; }
inline void bind_tie(Statement& statement, const TimeKey& key) { statement.bind(2, key.id); }

inline ErrorKey read_key(const Statement& row, const ErrorKey&) { return {row.integer(0), std::string(row.text(1))}; }
inline bool before(const ErrorKey& a, const ErrorKey& b) noexcept {
  return a.value != b.value ? a.value > b.value : a.fingerprint < b.fingerprint;
}
inline std::int64_t value_of(const ErrorKey& key) noexcept { return key.value; }
inline void bind_tie(Statement& statement, const ErrorKey& key) { statement.bind(2, std::string_view(key.fingerprint)); }

/// Several ranges as one list.
template <typename Key>
class Arms {
 public:
  /// `tested`: their indexes have a test.
  explicit Arms(bool backwards, bool tested = false) : backwards_(backwards), tested_(tested) {}

  bool backwards() const noexcept { return backwards_; }
  void add(Statement statement) { arms_.push_back({std::move(statement), {}, true}); }
  std::size_t size() const noexcept { return arms_.size(); }

  /// The next key, or nothing at the end.
  Result<std::optional<Key>> next(Connection& db) {
    if (!started_) {
      started_ = true;
      for (std::size_t arm = 0; arm < arms_.size(); ++arm) {
        if (auto read = advance(db, arm); !read) return read.error();
      }
    }
    if (heap_.empty()) return std::optional<Key>();
    const auto later = [this](std::size_t a, std::size_t b) { return comes_first(arms_[b].key, arms_[a].key); };
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const std::size_t arm = heap_.back();
    heap_.pop_back();
    std::optional<Key> key = std::move(arms_[arm].key);
    passed_ = arms_[arm].passed;
    if (auto read = advance(db, arm); !read) return read.error();
    return key;
  }
  /// What the test said of the row whose key next() has given.
  bool passed() const noexcept { return passed_; }

 private:
  struct Arm {
    Statement statement;
    Key key;
    bool passed;
  };

  bool comes_first(const Key& a, const Key& b) const noexcept { return backwards_ ? before(b, a) : before(a, b); }

  Result<Done> advance(Connection& db, std::size_t number) {
    Arm& arm = arms_[number];
    const int code = arm.statement.step();
    if (code == SQLITE_DONE) {
      arm.statement.reset();
      return Done{};
    }
    if (code != SQLITE_ROW) return db.error("read");
    arm.key = read_key(arm.statement, arm.key);
    if (tested_) arm.passed = arm.statement.integer(2) != 0;
    heap_.push_back(number);
    std::push_heap(heap_.begin(), heap_.end(),
                   [this](std::size_t a, std::size_t b) { return comes_first(arms_[b].key, arms_[a].key); });
    return Done{};
  }

  const bool backwards_, tested_;
  bool started_ = false, passed_ = true;
  std::vector<Arm> arms_;
  std::vector<std::size_t> heap_;
};

/// Adds the arms of one index range for `request`: all of it, or what is behind or before a key. `bind` binds the parameters of
/// `index.equal` and `index.test`. `lowest` and `highest` bound the values.
template <typename Key, typename Bind>
Result<Done> add_arms(Connection& db, Arms<Key>& arms, const ArmIndex& index, const PageRequest<Key>& request,
                      std::int64_t lowest, std::int64_t highest, Bind bind) {
  const bool backwards = arms.backwards();
  const std::optional<Key>& from = backwards ? request.newer_than : request.older_than;
  if (from) {
    const std::int64_t value = value_of(*from);
    if (value >= lowest && value <= highest) {
      auto tie = db.prepare(tie_sql(index, backwards));
      if (!tie) return tie.error();
      tie->bind(1, value);
      bind_tie(tie.value(), *from);
      bind(tie.value());
      arms.add(std::move(tie).value());
    }
    if (backwards) {
      if (value == INT64_MAX) return Done{};
      lowest = std::max(lowest, value + 1);
    } else {
      if (value == INT64_MIN) return Done{};
      highest = std::min(highest, value - 1);
    }
  }
  if (lowest > highest) return Done{};
  auto range = db.prepare(range_sql(index, backwards));
  if (!range) return range.error();
  range->bind(1, lowest);
  range->bind(2, highest);
  bind(range.value());
  arms.add(std::move(range).value());
  return Done{};
}

/// A row as it was fetched: none if it does not match, or is gone.
template <typename Row>
struct Fetched {
  std::optional<Row> row;
  std::size_t bytes = 0;
};

/// Fetches rows in the arms' order until the page is full. `fetch` gives a Result<Fetched<Row>>.
template <typename Row, typename Key, typename Fetch>
Result<Page<Row, Key>> collect(Connection& db, Arms<Key>& arms, const PageRequest<Key>& request, Fetch fetch) {
  Page<Row, Key> page;
  std::size_t walked = 0, bytes = 0;
  Patience patience(request.patience);
  std::optional<Key> last;
  for (;;) {
    auto key = arms.next(db);
    if (!key) return key.error();
    if (!key.value()) break;
    if (page.rows.size() == request.limit || walked == request.walk || (bytes >= request.bytes && !page.rows.empty()) ||
        patience.over()) {
      page.more = true;
      page.last = std::move(last);
      break;
    }
    ++walked;
    if (arms.passed()) {
      Result<Fetched<Row>> fetched = fetch(*key.value());
      if (!fetched) return fetched.error();
      if (fetched->row) {
        bytes += fetched->bytes;
        page.rows.push_back(std::move(*fetched->row));
      }
    }
    last = std::move(key).value();
  }
  if (arms.backwards()) std::reverse(page.rows.begin(), page.rows.end());
  return page;
}

/// Counts to `most`. `fits` gives a Result<bool>; it is asked for kRowsWalked rows at most.
template <typename Key, typename Fits>
Result<Count> count_to(Connection& db, Arms<Key>& arms, std::size_t most, std::chrono::milliseconds how_long, Fits fits) {
  Count count;
  Patience patience(how_long);
  for (std::size_t walked = 0;; ++walked) {
    auto key = arms.next(db);
    if (!key) return key.error();
    if (!key.value()) return count;
    if (count.rows == most || walked == kRowsWalked || patience.over()) {
      count.more = true;
      return count;
    }
    if (!arms.passed()) continue;
    Result<bool> fitting = fits(*key.value());
    if (!fitting) return fitting.error();
    if (fitting.value()) ++count.rows;
  }
}

/// `text` as a pattern of LIKE … ESCAPE '\' that looks for it anywhere.
std::string like_pattern(std::string_view text);

}  // namespace logystera::store::sqlite
