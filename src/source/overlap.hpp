// Where reading stands in something that can only be asked by time, and shows an entry later than others that are newer: Docker's logs
// (two streams of a container, up to 32 ms), Loki, Graylog and OpenSearch (seconds, until an entry can be searched).
//
// A time alone loses what appears behind it. So what lies between the watermark and the newest entry is read again, and what was handed
// out before is known by a keyed digest of its identity. Two entries that are the same in everything are told apart by their number:
//
//   ask for everything from overlap.watermark_ns() on
//   overlap.begin_answer()
//   for each entry: if (overlap.fresh(time, identity)) …hand it out…
//   overlap.advance(now)
//
// The watermark stays `overlap_ns` behind the newest entry. It moves up earlier where there would be more than `most` digests, which
// crowded() counts: what appears late then is lost. A position may be held to fewer. Only digests are stored, never text.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"

namespace logystera::source {

class Overlap {
 public:
  struct Options {
    std::int64_t overlap_ns = 15'000'000'000;
    bool counted = true;         // false: two entries of one identity are one
    std::size_t most = 200'000;  // digests
  };

  /// `key` is 32 bytes that others cannot know; positions of another key hold nothing that is recognised.
  Overlap(Options options, std::string_view key);
  ~Overlap();
  Overlap(Overlap&&) noexcept;
  Overlap& operator=(Overlap&&) noexcept;

  /// Begins there: nothing older is handed out.
  void begin_at(std::int64_t time_ns) noexcept { watermark_ = time_ns; }
  /// Goes on where text() was taken. An error (broken): this is no such text, or one of another key.
  Result<Done> resume(std::string_view text);

  /// What is to be read again begins here, included.
  std::int64_t watermark_ns() const noexcept { return watermark_; }
  std::int64_t newest_ns() const noexcept { return newest_; }

  /// The entries that follow are all there are from some time on, so equal ones are counted from one again.
  void begin_answer() noexcept { ++answer_; }
  /// Whether it has not been handed out, and is not older than the watermark. It counts as handed out from now on.
  bool fresh(std::int64_t time_ns, std::string_view identity);
  /// Entries older than the watermark, since the start: repeats, or a clock that was set back.
  std::uint64_t older() const noexcept { return older_; }
  /// Moves the watermark up: an answer is through. `now_ns` bounds what entries of the future can do; nothing from `floor_ns` on is
  /// given up.
  void advance(std::int64_t now_ns, std::int64_t floor_ns = INT64_MAX);
  /// Nothing older than that is asked for again.
  void forget_before(std::int64_t time_ns) { drop_before(time_ns); }
  /// How often digests were given up because there were too many.
  std::uint64_t crowded() const noexcept { return crowded_; }

  /// The last `waiting` entries that were fresh are not to be part of it: they wait somewhere. With more than `most` digests it holds the
  /// newest of them, and its watermark stands behind the others; 40 to 70 bytes each, 70 besides.
  std::string text(std::size_t waiting = 0, std::size_t most = SIZE_MAX) const;

 private:
  struct Digest {
    std::uint64_t high, low;
    bool operator==(const Digest&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Digest& digest) const noexcept { return digest.low; }
  };
  struct Entry {
    std::int64_t time;
    std::uint32_t held = 0, seen = 0;
    std::uint64_t answer = 0;  // that `seen` is of
  };
  struct Keyed;

  Digest digest_of(std::int64_t time_ns, std::string_view identity) const;
  void drop_before(std::int64_t time_ns);

  Options options_;
  std::unique_ptr<Keyed> keyed_;
  std::unordered_map<Digest, Entry, Hash> entries_;
  std::map<std::int64_t, std::vector<Digest>> by_time_;  // by millisecond
  std::deque<std::pair<std::int64_t, Digest>> recent_;   // fresh ones, the last at the end
  std::int64_t watermark_ = INT64_MIN, newest_ = INT64_MIN;
  std::uint64_t answer_ = 0, older_ = 0, crowded_ = 0;
};

}  // namespace logystera::source
