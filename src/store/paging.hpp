// Lists that are read a page at a time, newest first. A page is found by the key of the row before it and not by its number: it costs
// the same however deep it lies, and rows that come or go meanwhile move no other.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace logystera::store {

inline constexpr std::size_t kRowsWalked = 50'000;          // what a page may look at before it is found
inline constexpr std::size_t kPageBytes = 4 * 1024 * 1024;  // of texts; a page has one row at least
inline constexpr std::size_t kCounted = 1'000;              // beyond, a list has "1,000+" rows
/// How long rows are looked at for a page or a count. Where they lie scattered over a large file, each may be a read of the disk.
inline constexpr std::chrono::milliseconds kPatience{250};

/// The sites (their tokens) somebody may see; nothing: all of them, and what belongs to none.
using SiteScope = std::optional<std::vector<std::string>>;

/// Only what is of sources that begin with one of these texts; none of them: nothing; nothing: of every source.
using SourcePrefixes = std::optional<std::vector<std::string>>;

/// Where a row stands in a list by time; of equal times, the one stored later comes first.
struct TimeKey {
  std::int64_t time = 0;  // unix seconds
  std::int64_t id = 0;
  bool operator==(const TimeKey&) const = default;
};

template <typename Key>
struct PageRequest {
  /// Rows behind that one, or those before it and nearest to it; at most one of both. None: the first page.
  std::optional<Key> older_than = {}, newer_than = {};
  std::size_t limit = 50;
  std::size_t walk = kRowsWalked;
  std::size_t bytes = kPageBytes;
  std::chrono::milliseconds patience = kPatience;
};

template <typename Row, typename Key>
struct Page {
  std::vector<Row> rows;  // in the list's order, whichever way was asked
  bool more = false;      // there is, or may be, more in the direction asked
  /// With `more`: the row looked at last, from which a further request goes on. It need not be among `rows`: where few rows match,
  /// PageRequest::walk or patience ends a page before it is full.
  std::optional<Key> last = {};
};

struct Count {
  std::uint64_t rows = 0;
  bool more = false;  // there are, or may be, more: counting ended at its bound
  bool operator==(const Count&) const = default;
};

}  // namespace logystera::store
