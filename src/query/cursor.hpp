// The place in a list a page begins at, as it stands in a URL. Nobody but this program reads it: version, list, direction and key, with
// a checksum, in base64url. It is no secret and no permission; what is not one of ours, or of another list, is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/error_store.hpp"
#include "store/paging.hpp"

namespace logystera::query {

inline constexpr std::size_t kCursorBytes = 512;  // longer is none

enum class List : char {
  findings = 'f',
  errors_by_last_seen = 'l',
  errors_by_count = 'c',
  errors_by_first_seen = 'e',
  signals = 's',
  signals_by_arrival = 'a',
  alerts = 'r',
};

template <typename Key>
struct Cursor {
  bool newer = false;  // than the key, or older
  Key key;
};

std::string encoded(List list, const Cursor<store::TimeKey>& cursor);
std::string encoded(List list, const Cursor<store::ErrorKey>& cursor);
/// Nothing: it is none of that list.
std::optional<Cursor<store::TimeKey>> time_cursor(List list, std::string_view text);
std::optional<Cursor<store::ErrorKey>> error_cursor(List list, std::string_view text);

}  // namespace logystera::query
