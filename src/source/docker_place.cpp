#include "source/docker_place.hpp"

#include <algorithm>

#include "core/clock.hpp"

namespace logystera::source {
namespace {

constexpr std::int64_t kOverlapNs = 5 * kSecondNs;
constexpr char kBetween = '|';

// No two lines of a stream have one time, so a line is not counted: the same one twice is a repeat.
Overlap::Options options() { return {.overlap_ns = kOverlapNs, .counted = false}; }

}  // namespace

DockerPlace::DockerPlace(std::string_view key) : streams_{Overlap(options(), key), Overlap(options(), key)} {}

void DockerPlace::begin_at(std::int64_t time_ns) noexcept {
  for (Overlap& stream : streams_) stream.begin_at(time_ns);
}

Result<Done> DockerPlace::resume(std::string_view text) {
  const std::size_t between = text.find(kBetween);
  if (auto out = streams_[0].resume(text.substr(0, between)); !out) return out;
  return streams_[1].resume(between == text.npos ? std::string_view() : text.substr(between + 1));
}

std::int64_t DockerPlace::since_ns() const noexcept {
  return std::min(streams_[0].watermark_ns(), streams_[1].watermark_ns());
}

std::int64_t DockerPlace::newest_ns() const noexcept { return std::max(streams_[0].newest_ns(), streams_[1].newest_ns()); }

void DockerPlace::begin_answer() noexcept {
  for (Overlap& stream : streams_) stream.begin_answer();
}

bool DockerPlace::fresh(std::int64_t time_ns, bool error, std::string_view text) {
  Overlap& stream = streams_[error ? 1 : 0];
  if (time_ns >= stream.watermark_ns()) return stream.fresh(time_ns, text);
  // What one stream has behind it is read again where the other has not.
  older_ += time_ns < since_ns();
  return false;
}

void DockerPlace::advance(std::int64_t now_ns, std::int64_t floor_ns) {
  const std::int64_t newest = newest_ns();
  if (newest == INT64_MIN) return;
  const std::int64_t behind = std::min(std::min(newest, now_ns) - kOverlapNs, floor_ns);
  for (Overlap& stream : streams_) stream.forget_before(behind);
}

std::uint64_t DockerPlace::crowded() const noexcept { return streams_[0].crowded() + streams_[1].crowded(); }

std::string DockerPlace::text(const std::array<std::size_t, 2>& waiting, std::size_t digests) const {
  return streams_[0].text(waiting[0], digests) + kBetween + streams_[1].text(waiting[1], digests);
}

}  // namespace logystera::source
