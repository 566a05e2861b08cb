// What detection knows of one site, and how it is written down.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "detect/absence.hpp"
#include "detect/seen_values.hpp"
#include "detect/windows.hpp"

namespace logystera::processor {

/// A hit a window has counted, in case it fires.
struct Counted {
  std::uint32_t window = 0;  // rule
  std::uint32_t group = 0;   // a hash, to tell apart
  std::int64_t time = 0;     // unix seconds
  std::uint64_t seq = 0;
};
inline constexpr std::size_t kCountedMost = 256;

struct Site {
  std::string token, name;
  std::int64_t clock = INT64_MIN;     // event time, unix seconds
  std::int64_t received = INT64_MIN;  // of its last event
  std::uint64_t seen_seq = 0;         // seq of its last event
  std::uint64_t unsaved = 0;          // seq of the first event since it was saved; 0: none
  // Events too late for a window, not looked at again yet.
  std::int64_t late_from = 0, late_to = 0;
  std::uint64_t late = 0, since_late = 0;      // how many, and events since the last of them
  std::uint64_t looked_at = 0;                 // events the last look took
  std::deque<Counted> counted;                 // the newest, at most kCountedMost
  bool seen_read = false;                      // what is stored of it
  std::unique_ptr<detect::SeenMemory> seen;    // before the windows, which ask it
  std::unique_ptr<detect::Windows> windows;    // from the first hit one of them counts
  std::unique_ptr<detect::Absences> absences;  // where a rule asks for them

  std::string saved() const {
    std::string out;
    const auto put = [&out](const auto& value) {
      static_assert(std::is_trivially_copyable_v<std::decay_t<decltype(value)>>);
      out.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    put(kVersion);
    for (const std::int64_t number : {clock, received, late_from, late_to}) put(number);
    for (const std::uint64_t number : {late, since_late, looked_at, std::uint64_t{counted.size()}}) put(number);
    for (const Counted& one : counted) put(one);
    const std::string pauses = absences ? absences->save() : std::string();
    put(std::uint64_t{pauses.size()});
    out += pauses;
    if (windows) out += windows->save();
    return out;
  }

  /// What is left of the text is the windows'; false: it is damaged, or of another version.
  bool take(std::string_view& text) {
    const auto get = [&text](auto& value) {
      if (text.size() < sizeof value) return false;
      std::memcpy(&value, text.data(), sizeof value);
      text.remove_prefix(sizeof value);
      return true;
    };
    std::uint32_t version = 0;
    std::uint64_t hits = 0;
    if (!get(version) || version != kVersion || !get(clock) || !get(received) || !get(late_from) || !get(late_to) ||
        !get(late) || !get(since_late) || !get(looked_at) || !get(hits) || hits > kCountedMost)
      return false;
    for (std::uint64_t i = 0; i < hits; ++i) {
      Counted one;
      if (!get(one)) return false;
      counted.push_back(one);
    }
    std::uint64_t pauses = 0;
    if (!get(pauses) || pauses > text.size()) return false;
    // What has been learnt of pauses outlasts other rules; damaged, it is learnt anew.
    if (absences) (void)absences->restore(text.substr(0, pauses));
    text.remove_prefix(pauses);
    return true;
  }

 private:
  static constexpr std::uint32_t kVersion = 2;
};

}  // namespace logystera::processor
