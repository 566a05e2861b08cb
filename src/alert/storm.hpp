// Too many alerts at once are told as one: more than 50 that open within five minutes are a storm, of which there is one message, then
// a digest every quarter of an hour, until fewer than ten opened within the last quarter. All of them are recorded; this is about
// messages alone. One guard a route.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace logystera::alert {

struct StormLimits {
  std::size_t openings = 50;         // more than that …
  std::int64_t within_s = 300;       // … within so long begin it
  std::size_t calm_openings = 10;    // fewer than that …
  std::int64_t calm_within_s = 900;  // … within so long end it
  std::int64_t digest_every_s = 900;
};

class Storm {
 public:
  /// Bounds of `limits`: at most kOpeningsMost openings; what is larger is that.
  static constexpr std::size_t kOpeningsMost = 1024;
  explicit Storm(StormLimits limits = {}) noexcept;

  enum class Verdict : std::uint8_t {
    tell,    // it is told by itself
    begins,  // it is told as "storm": this one, and those to come
    folded,  // it is in the next digest
  };
  /// An alert opens.
  Verdict opened(std::int64_t now) noexcept;

  enum class News : std::uint8_t {
    none,
    digest,  // of what came since the last message
    ends,    // the last digest: from now on each is told by itself
  };
  /// Time has passed.
  News tick(std::int64_t now) noexcept;

  bool active() const noexcept { return active_; }
  /// Openings since it began.
  std::uint64_t since_begin() const noexcept { return total_; }
  std::int64_t began_at() const noexcept { return began_at_; }

 private:
  /// The time of the nth newest opening, n from 1; INT64_MIN: there were fewer.
  std::int64_t nth_newest(std::size_t n) const noexcept;

  StormLimits limits_;
  std::array<std::int64_t, kOpeningsMost + 1> times_{};  // a ring
  std::size_t count_ = 0, next_ = 0;
  bool active_ = false;
  std::uint64_t total_ = 0;
  std::int64_t began_at_ = 0, digest_at_ = 0;
};

}  // namespace logystera::alert
