#include "agent/buffer_header.hpp"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace logystera::agent {
namespace {

constexpr std::uint64_t kMagic = 0x0152454646554247;  // "GBUFFER" and format 1, little endian
constexpr std::uint32_t kFrozen = 1;

// On disk: fixed little-endian fields (every platform PHP runs on that has flock is little endian or reads only its own
// files), CRC-32 of all that precedes it at the end.
struct Image {
  std::uint64_t magic;
  std::uint32_t flags;
  std::uint32_t reasons;
  std::uint64_t generation, closed_bytes, dead_bytes, slot_bytes, next_sequence, spilled, healed;
  std::int64_t scanned_at, born_at_ms;
  DropCount drops[kDropReasons];
  std::uint64_t sent_bytes;
  std::uint8_t unused[BufferHeader::kBytes - 96 - sizeof(DropCount) * kDropReasons - 4];
  std::uint32_t crc;
};
static_assert(sizeof(Image) == BufferHeader::kBytes, "the header is one sector");

std::uint32_t crc_of(const Image& image) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(&image), static_cast<uInt>(offsetof(Image, crc))));
}

}  // namespace

bool BufferHeader::read(int lock_fd) noexcept {
  Image image;
  if (::pread(lock_fd, &image, sizeof image, 0) != static_cast<ssize_t>(sizeof image)) return false;
  if (image.magic != kMagic || image.reasons != kDropReasons || image.crc != crc_of(image)) return false;
  generation = image.generation;
  closed_bytes = image.closed_bytes;
  dead_bytes = image.dead_bytes;
  sent_bytes = image.sent_bytes;
  slot_bytes = image.slot_bytes;
  next_sequence = image.next_sequence;
  spilled = image.spilled;
  healed = image.healed;
  scanned_at = image.scanned_at;
  born_at_ms = image.born_at_ms;
  frozen = (image.flags & kFrozen) != 0;
  std::copy(std::begin(image.drops), std::end(image.drops), drops.begin());
  return true;
}

bool BufferHeader::write(int lock_fd) noexcept {
  ++generation;
  Image image{};
  image.magic = kMagic;
  image.flags = frozen ? kFrozen : 0;
  image.reasons = kDropReasons;
  image.generation = generation;
  image.closed_bytes = closed_bytes;
  image.dead_bytes = dead_bytes;
  image.sent_bytes = sent_bytes;
  image.slot_bytes = slot_bytes;
  image.next_sequence = next_sequence;
  image.spilled = spilled;
  image.healed = healed;
  image.scanned_at = scanned_at;
  image.born_at_ms = born_at_ms;
  std::copy(drops.begin(), drops.end(), std::begin(image.drops));
  image.crc = crc_of(image);
  // Size first: a process killed between the two leaves others with a reason to read again, never with a stale header.
  if (::ftruncate(lock_fd, file_size()) != 0) return false;
  return ::pwrite(lock_fd, &image, sizeof image, 0) == static_cast<ssize_t>(sizeof image);
}

bool BufferHeader::read_frozen(int lock_fd) noexcept {
  std::uint32_t flags = 0;
  if (::pread(lock_fd, &flags, sizeof flags, offsetof(Image, flags)) != static_cast<ssize_t>(sizeof flags)) return false;
  return (flags & kFrozen) != 0;
}

void add_drop(DropCounts& into, Drop reason, std::uint64_t count, std::int64_t at) noexcept {
  DropCount& entry = into[static_cast<std::size_t>(reason)];
  if (entry.count == 0 || at < entry.first_at) entry.first_at = at;
  if (entry.count == 0 || at > entry.last_at) entry.last_at = at;
  entry.count += count;
}

void add_drops(DropCounts& into, const DropCounts& more) noexcept {
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    if (more[i].count == 0) continue;
    const auto reason = static_cast<Drop>(i);
    add_drop(into, reason, more[i].count, more[i].first_at);
    add_drop(into, reason, 0, more[i].last_at);
  }
}

bool any_drops(const DropCounts& drops) noexcept {
  return std::any_of(drops.begin(), drops.end(), [](const DropCount& drop) { return drop.count != 0; });
}

}  // namespace logystera::agent
