// Reading a buffer for people: newest first, filtered and paged, without loading more than one file at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/buffer.hpp"
#include "core/result.hpp"

namespace logystera::agent {

/// Which events: those that are to be sent, those of sent/ and of a file that is under way, or both.
enum class Delivery : std::uint8_t { waiting, sent, any };

struct EventFilter {
  Delivery delivery = Delivery::waiting;
  std::vector<std::string> types;       // any of these; empty: all
  std::vector<std::string> severities;  // of the catalogue; empty: all
  std::optional<std::int64_t> since;    // unix seconds, inclusive
  std::optional<std::int64_t> until;    // unix seconds, inclusive
  std::string text;                     // anywhere in the line, ASCII letters in either case; empty: all
};

inline constexpr std::uint64_t kPageLimit = 500;
inline constexpr std::size_t kPageHours = 24;

struct EventPage {
  std::uint64_t total = 0;         // lines that match, on all pages
  std::uint64_t invalid = 0;       // lines met that are no events
  std::vector<std::string> lines;  // this page's, newest first
  std::vector<bool> sent;          // of each: whether it was delivered
  /// Of the lines that match, how many each of the last hours of the clock recorded; the last one is under way.
  std::int64_t first_hour = 0;  // unix seconds
  std::array<std::uint64_t, kPageHours> hours{};
};

/// One page of what is buffered now, and the hours up to the one of `now` (unix seconds). `limit` is at most kPageLimit.
Result<EventPage> read_events(const Buffer& buffer, const EventFilter& filter, std::uint64_t offset, std::uint64_t limit,
                              std::int64_t now);

}  // namespace logystera::agent
