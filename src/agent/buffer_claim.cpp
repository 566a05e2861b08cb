// The dispatcher's side of the buffer, and what people ask of it: claim, remove, dead-letter, list, clear.
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/buffer.hpp"
#include "agent/buffer_layout.hpp"
#include "agent/buffer_lock.hpp"
#include "agent/drop_records.hpp"
#include "core/base64.hpp"
#include "core/clock.hpp"
#include "core/event.hpp"
#include "core/faults.hpp"
#include "core/fd.hpp"
#include "core/json.hpp"
#include "core/uuid.hpp"

namespace logystera::agent {
namespace {

constexpr std::int64_t kAbandonedSeconds = 2;  // a part nobody has locked for this long has lost its writer
constexpr std::int64_t kYoungLockMilliseconds = 200;
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kReasonBytes = 512;
constexpr char kDropsPart[] = ".drops";  // the segment of agent.dropped events while it is written

// When a lock file was removed and made anew, a writer may still hold the old one and be about to append to what has just
// been sealed. Its commit takes microseconds; this waits out even one that was preempted.
void wait_out_young_lock(std::int64_t born_at_ms) {
  const std::int64_t age = wall_ns() / 1'000'000 - born_at_ms;
  if (age < 0 || age >= kYoungLockMilliseconds) return;
  const struct timespec rest = {0, static_cast<long>(kYoungLockMilliseconds - age) * 1'000'000};
  ::nanosleep(&rest, nullptr);
}

// One agent.dropped event, as the catalogue defines it.
void write_drop_event(json::Output& out, UuidSource& uuids, Drop reason, const DropCount& drop, std::int64_t now) {
  out.raw("{\"event_type\":\"agent.dropped\",\"created_at\":");
  out.integer(now);
  out.raw(",\"timestamp\":");
  out.integer(now);
  out.raw(",\"event_id\":\"");
  uuids.write(out);
  out.raw("\",\"labels\":{\"reason\":\"");
  out.raw(name_of(reason));
  out.raw("\",\"count\":");
  out.integer(static_cast<std::int64_t>(std::min<std::uint64_t>(drop.count, INT64_MAX)));
  out.raw(",\"first_at\":");
  out.integer(drop.first_at);
  out.raw(",\"last_at\":");
  out.integer(drop.last_at);
  out.raw("}}\n");
}

std::string dead_letter_text(std::string_view line, std::string_view reason, std::int64_t now) {
  std::string text(6 * line.size() + 2 * kReasonBytes * 6, '\0');
  json::Output out(text.data(), text.size());
  out.raw("{\"at\":");
  out.integer(now);
  out.raw(",\"reason\":");
  out.string(reason, {kReasonBytes, false});
  if (json::is_utf8(line)) {
    out.raw(",\"line\":");
    out.string(line, {line.size(), false});
  } else {
    out.raw(",\"line_base64\":\"");
    out.raw(base64(line));
    out.raw('"');
  }
  out.raw("}\n");
  text.resize(out.size());
  return text;
}

// Its size now that nobody adds to it.
std::uint64_t look_again(const Fd& slot, std::uint64_t before) noexcept {
  struct stat st;
  return ::fstat(slot.get(), &st) == 0 ? static_cast<std::uint64_t>(st.st_size) : before;
}

std::uint64_t count_lines(int fd) {
  std::string block(kReadBytes, '\0');
  std::uint64_t lines = 0;
  ssize_t got;
  while ((got = ::read(fd, block.data(), block.size())) > 0) {
    lines += static_cast<std::uint64_t>(std::count(block.begin(), block.begin() + got, '\n'));
  }
  return lines;
}

}  // namespace

Error Buffer::lock_error(int error) const {
  if (error == ELOOP || error == ENOENT || error == ENOTDIR) return not_entered(error);
  if (error == EWOULDBLOCK) {
    return Error{"buffer directory " + directory_ +
                     ": another process has held buffer.lock for 10 s; look for a stopped "
                     "process (fuser buffer.lock)",
                 ErrorKind::busy};
  }
  return Error{"buffer directory " + directory_ + ": buffer.lock cannot be used: " + describe_errno(error),
               kind_of_errno(error)};
}

void Buffer::rescan(Lock& lock) const noexcept {
  BufferHeader& header = lock.header();
  header.closed_bytes = header.slot_bytes = header.dead_bytes = header.sent_bytes = 0;
  layout::walk(lock.directory(), [&](const char* name, layout::Kind kind, std::uint64_t sequence, const struct stat& st) {
    const auto size = static_cast<std::uint64_t>(st.st_size);
    switch (kind) {
      case layout::Kind::segment: header.closed_bytes += size; [[fallthrough]];
      case layout::Kind::drops_segment:
        if (sequence >= header.next_sequence) header.next_sequence = sequence + 1;
        break;
      // One somebody adds to at this moment may still grow to its full size, like a part.
      case layout::Kind::spill: {
        const Fd slot = lock.directory().open_unchecked(name, O_RDONLY);
        header.slot_bytes +=
            slot && ::flock(slot.get(), LOCK_EX | LOCK_NB) == 0 ? look_again(slot, size) : options_.spill_bytes;
        break;
      }
      case layout::Kind::part: header.slot_bytes += options_.spill_bytes; break;  // it may still grow to this
      default: break;
    }
  });
  header.dead_bytes = layout::dead_letter_bytes(lock.directory(), rules_);
  header.sent_bytes = layout::sent_bytes(lock.directory(), rules_);
  header.scanned_at = wall_seconds();
}

void Buffer::thaw_if_roomy(Lock& lock) const noexcept {
  BufferHeader& header = lock.header();
  if (!header.frozen) return;
  const std::uint64_t used =
      header.closed_bytes + header.dead_bytes + header.sent_bytes + header.slot_bytes + options_.segment_bytes;
  if (used + spill_reserve() <= options_.event_bytes()) header.frozen = false;
}

// Makes sure `wanted` bytes that are about to move into the accounted part fit beside the spill reserve, freezing the slots
// if that is what it takes.
bool Buffer::admit_bytes(Lock& lock, std::uint64_t wanted) noexcept {
  struct stat st;
  const std::uint64_t current = lock.directory().look(layout::kCurrent, st) ? static_cast<std::uint64_t>(st.st_size) : 0;
  std::uint64_t allowed = 0;
  return admit(lock, current, wanted, allowed);
}

// Complete spills, and parts whose writer died, become segments. Their bytes move from the slots' account to the segments'.
void Buffer::take_spills(Lock& lock) {
  struct Found {
    std::string name;
    bool part;
    struct stat st;
  };
  std::vector<Found> found;
  layout::walk(lock.directory(), [&](const char* name, layout::Kind kind, std::uint64_t, const struct stat& st) {
    if (kind == layout::Kind::spill || kind == layout::Kind::part) found.push_back({name, kind == layout::Kind::part, st});
  });
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return a.st.st_mtim.tv_sec != b.st.st_mtim.tv_sec ? a.st.st_mtim.tv_sec < b.st.st_mtim.tv_sec
                                                      : a.st.st_mtim.tv_nsec < b.st.st_mtim.tv_nsec;
  });
  BufferHeader& header = lock.header();
  const std::int64_t now = wall_seconds();
  for (Found& slot : found) {
    const Directory& directory = lock.directory();
    if (slot.part && now - slot.st.st_mtim.tv_sec < kAbandonedSeconds) continue;
    // Who writes a part, or adds to a slot, holds this lock.
    struct stat st;
    const Fd file = directory.open_file(slot.name.c_str(), O_RDWR, rules_, st);
    if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;
    // Between the listing and the lock a part's writer may have finished and another begun a part of that name.
    if (st.st_ino != slot.st.st_ino || (slot.part && st.st_size != slot.st.st_size)) continue;
    if (::fstat(file.get(), &slot.st) != 0) continue;
    if (slot.st.st_size == 0) {
      directory.remove(slot.name.c_str());
      continue;
    }
    const auto size = static_cast<std::uint64_t>(slot.st.st_size);
    if (!header.frozen) {
      // In the slot the bytes were covered by the reserve; as a segment they need room of their own.
      if (!admit_bytes(lock, size) && !header.frozen) continue;
    }
    char name[layout::kNameBytes];
    layout::write_segment_name(header.next_sequence, now, false, name);
    // Counted before it is renamed, as in seal_current().
    const std::uint64_t charged = std::min(header.slot_bytes, slot.part ? options_.spill_bytes : size);
    ++header.next_sequence;
    ++header.spilled;
    header.closed_bytes += size;
    if (header.frozen) header.slot_bytes -= charged;
    const bool counted = lock.save();
    LOGYSTERA_KILL_POINT("spill-counted");
    if (counted && directory.rename_new(slot.name.c_str(), name)) {
      LOGYSTERA_KILL_POINT("spill-taken");
      continue;
    }
    --header.next_sequence;
    --header.spilled;
    header.closed_bytes -= size;
    if (header.frozen) header.slot_bytes += charged;
    lock.save();
  }
}

// Pending counters travel as events of their own. One such segment at a time: while it waits, counting simply goes on.
void Buffer::seal_drops(Lock& lock) {
  BufferHeader& header = lock.header();
  const Directory& directory = lock.directory();
  DropRecords records = DropRecords::open(directory, rules_);
  if (!any_drops(header.drops) && (!records || !any_drops(records.read()))) return;
  bool waiting = false;
  layout::walk(directory, [&](const char*, layout::Kind kind, std::uint64_t, const struct stat&) {
    waiting |= kind == layout::Kind::drops_segment;
  });
  if (waiting) return;
  // By way of the header, so that nobody who counts has to wait for the disk. A process that dies between the two writes, or
  // before the header is cleared, has the same counts told twice, never not at all.
  if (records) {
    add_drops(header.drops, records.take());
    if (lock.save()) records.clear_taken();
    else return;
  }
  if (!write_drops_segment(lock)) {
    // Not left in the header: it goes with the lock file.
    if (write_down(lock, header.drops)) lock.save();
    return;
  }
  LOGYSTERA_KILL_POINT("drops-sealed");
  header.drops = DropCounts{};
  lock.save();
}

bool Buffer::write_drops_segment(Lock& lock) {
  BufferHeader& header = lock.header();
  const Directory& directory = lock.directory();
  const std::int64_t now = wall_seconds();
  std::string text(kDropReasons * 512, '\0');
  json::Output out(text.data(), text.size());
  UuidSource uuids;
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    if (header.drops[i].count != 0) write_drop_event(out, uuids, static_cast<Drop>(i), header.drops[i], now);
  }
  if (out.full()) return false;
  directory.remove(kDropsPart);
  struct stat st;
  const Fd file = directory.open_file(kDropsPart, O_WRONLY | O_CREAT | O_EXCL, rules_, st);
  char name[layout::kNameBytes];
  layout::write_segment_name(header.next_sequence, now, true, name);
  if (file && write_all(file.get(), std::string_view(text).substr(0, out.size())) && make_durable(file.get())) {
    // Its number is taken before it is renamed, as in seal_current().
    ++header.next_sequence;
    const bool counted = lock.save();
    LOGYSTERA_KILL_POINT("drops-counted");
    if (counted && directory.rename_new(kDropsPart, name)) return true;
    --header.next_sequence;
    lock.save();
  }
  directory.remove(kDropsPart);
  return false;
}

Result<std::vector<Segment>> Buffer::claim() {
  std::int64_t lock_born_at_ms = 0;
  Directory directory;
  {
    Lock lock(*this, Lock::Wait::block);
    if (!lock.held()) return lock_error(lock.error());
    struct stat st;
    if (lock.directory().look(layout::kCurrent, st) && S_ISREG(st.st_mode) && st.st_size > 0) {
      if (!rules_.accept(st)) {
        return Error{path_of(layout::kCurrent) + ": is not a plain file of this buffer's owner; move it away to go on",
                     ErrorKind::denied};
      }
      if (!seal_current(lock, static_cast<std::uint64_t>(st.st_size))) {
        return Error{path_of(layout::kCurrent) + ": cannot be sealed: " + describe_errno(errno), kind_of_errno(errno)};
      }
    }
    take_spills(lock);
    write_down_pending(lock);
    seal_drops(lock);
    lock_born_at_ms = lock.header().born_at_ms;
    directory = lock.take_directory();
  }
  LOGYSTERA_KILL_POINT("claimed");
  wait_out_young_lock(lock_born_at_ms);
  std::vector<Segment> segments;
  const bool listed =
      layout::walk(directory, [&](const char* name, layout::Kind kind, std::uint64_t sequence, const struct stat& st) {
        if (kind != layout::Kind::segment && kind != layout::Kind::drops_segment) return;
        segments.push_back({name, sequence, static_cast<std::uint64_t>(st.st_size)});
      });
  if (!listed)
    return Error{"buffer directory " + directory_ + ": cannot be listed: " + describe_errno(errno), kind_of_errno(errno)};
  std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
    return a.sequence != b.sequence ? a.sequence < b.sequence : a.name < b.name;
  });
  // From here a power loss cannot take what is about to be acknowledged.
  for (const Segment& segment : segments) {
    const Fd file = open_segment(directory, segment.name);
    if (file && !make_durable(file.get())) {
      return Error{path_of(segment.name) + ": cannot be made durable before it is sent: " + describe_errno(errno) +
                       "; look at the disk",
                   kind_of_errno(errno)};
    }
  }
  if (!segments.empty()) directory.sync();
  return segments;
}

Fd Buffer::open_segment(const Directory& directory, const std::string& name) const noexcept {
  struct stat st;
  return directory.open_file(name.c_str(), O_RDONLY, rules_, st);
}

Result<int> Buffer::open_segment(std::string_view name) const {
  std::uint64_t sequence = 0;
  const layout::Kind kind = layout::parse_name(name, sequence);
  if (kind != layout::Kind::segment && kind != layout::Kind::drops_segment && kind != layout::Kind::current) {
    return Error{"buffer directory " + directory_ + ": '" + std::string(name) + "' is not a file of the buffer",
                 ErrorKind::invalid};
  }
  const Directory directory = enter();
  Fd file = directory ? open_segment(directory, std::string(name)) : Fd();
  if (!file) {
    const int error = errno;
    const std::string path = path_of(name);
    if (error == EPERM)
      return Error{path + ": not a plain file of this buffer's owner with one name; it is left alone", ErrorKind::denied};
    return Error{path + ": cannot be opened: " + describe_errno(error), kind_of_errno(error)};
  }
  return file.release();
}

Result<Done> Buffer::remove(const Segment& segment) {
  std::uint64_t sequence = 0;
  const layout::Kind kind = layout::parse_name(segment.name, sequence);
  if (kind != layout::Kind::segment && kind != layout::Kind::drops_segment) {
    return Error{"buffer directory " + directory_ + ": '" + segment.name + "' is not a sealed segment", ErrorKind::invalid};
  }
  Lock lock(*this, Lock::Wait::block);
  if (!lock.held()) return lock_error(lock.error());
  const char* name = segment.name.c_str();
  struct stat st;
  if (!lock.directory().look(name, st)) return Done{};  // already gone: a crash after the last removal
  const auto bytes = static_cast<std::uint64_t>(st.st_size);
  const std::uint64_t counted = kind == layout::Kind::segment ? std::min(lock.header().closed_bytes, bytes) : 0;
  const bool moved = retain(lock, {segment.name, segment.sequence, bytes}, counted);
  // An idle worker may still keep the file open from when it was the current one: its room comes back all the same. If it
  // cannot be emptied, the removal that follows is what counts.
  if (!moved) {
    struct stat opened;
    const Fd file = lock.directory().open_file(name, O_WRONLY, rules_, opened);
    [[maybe_unused]] const bool emptied = file && ::ftruncate(file.get(), 0) == 0;
    LOGYSTERA_KILL_POINT("segment-emptied");
    if (!lock.directory().remove(name))
      return Error{path_of(name) + ": cannot be removed: " + describe_errno(errno), kind_of_errno(errno)};
  }
  LOGYSTERA_KILL_POINT("segment-unlinked");
  if (kind == layout::Kind::segment || moved) {
    lock.header().closed_bytes -= counted;
    thaw_if_roomy(lock);
    lock.save();
  }
  lock.directory().sync();
  return Done{};
}

Result<Done> Buffer::dead_letter(std::string_view line, Drop why, std::string_view reason) {
  const std::int64_t now = wall_seconds();
  const std::string letter = dead_letter_text(line, reason, now);
  EventView event;
  const bool own = read_event_line(line, event) == LineFault::none && event.type == "agent.dropped";
  Lock lock(*this, Lock::Wait::block);
  if (!lock.held()) return lock_error(lock.error());
  const Drop lost = store_dead_letter(lock, letter);
  if (!own) add_drop(pending_, lost == Drop::count_ ? why : lost, 1, now);
  write_down_pending(lock);
  if (!lock.save())
    return Error{path_of(layout::kLock) + ": cannot be written: " + describe_errno(errno), kind_of_errno(errno)};
  return Done{};
}

// Why it could not be stored; count_ when it was.
Drop Buffer::store_dead_letter(Lock& lock, std::string_view letter) noexcept {
  BufferHeader& header = lock.header();
  if (header.dead_bytes + letter.size() > options_.dead_letter_bytes || !admit_bytes(lock, letter.size())) {
    return Drop::dead_full;
  }
  const Directory dead = lock.directory().subdirectory(layout::kDead, rules_, Directory::Missing::make);
  struct stat st;
  const Fd file = dead ? dead.open_file(layout::kDeadLetters, O_WRONLY | O_CREAT | O_APPEND, rules_, st) : Fd();
  if (!file) return reason_of(errno);
  const bool written = write_all(file.get(), letter) && make_durable(file.get());
  const Drop lost = written ? Drop::count_ : reason_of(errno);
  // A part of a line would make the next one unreadable. Everybody who writes here holds the lock.
  if (!written && ::ftruncate(file.get(), st.st_size) != 0) return lost;
  if (::fstat(file.get(), &st) == 0) header.dead_bytes = static_cast<std::uint64_t>(st.st_size);
  return lost;
}

Result<Done> Buffer::count_drops(const DropCounts& drops) {
  DropCounts counts = drops;
  if (const Directory directory = enter(); directory && write_down(directory, counts)) return Done{};
  Lock lock(*this, Lock::Wait::block);
  if (!lock.held()) return lock_error(lock.error());
  if (write_down(lock, counts)) return Done{};
  add_drops(lock.header().drops, counts);
  if (!lock.save())
    return Error{path_of(layout::kLock) + ": cannot be written: " + describe_errno(errno), kind_of_errno(errno)};
  return Done{};
}

Result<BufferStats> Buffer::stats() const {
  BufferStats stats;
  stats.cap_bytes = options_.event_bytes();
  const Directory directory = enter();
  if (!directory) return not_entered(errno);
  const bool listed = layout::walk(directory, [&](const char*, layout::Kind, std::uint64_t, const struct stat& st) {
    ++stats.files;
    stats.pending_bytes += static_cast<std::uint64_t>(st.st_size);
  });
  if (!listed)
    return Error{"buffer directory " + directory_ + ": cannot be listed: " + describe_errno(errno), kind_of_errno(errno)};
  stats.sent_bytes = layout::sent_bytes(directory, rules_);
  stats.bytes = stats.pending_bytes + stats.sent_bytes + layout::dead_letter_bytes(directory, rules_);
  Lock lock(*this, Lock::Wait::block);
  if (!lock.held()) return lock_error(lock.error());
  stats.spilled = lock.header().spilled;
  stats.healed = lock.header().healed;
  stats.drops = lock.header().drops;
  if (const DropRecords records = DropRecords::look(directory)) add_drops(stats.drops, records.read());
  add_drops(stats.drops, pending_);
  return stats;
}

Result<std::vector<Segment>> Buffer::files() const {
  if (const Directory directory = enter()) return files(directory);
  return not_entered(errno);
}

Result<std::vector<Segment>> Buffer::files(const Directory& directory) const {
  std::vector<Segment> files;
  const bool listed =
      layout::walk(directory, [&](const char* name, layout::Kind kind, std::uint64_t sequence, const struct stat& st) {
        // Spills and the current file are younger than every segment.
        const std::uint64_t order = kind == layout::Kind::current                               ? UINT64_MAX
                                    : kind == layout::Kind::spill || kind == layout::Kind::part ? UINT64_MAX - 1
                                                                                                : sequence;
        files.push_back({name, order, static_cast<std::uint64_t>(st.st_size)});
      });
  if (!listed)
    return Error{"buffer directory " + directory_ + ": cannot be listed: " + describe_errno(errno), kind_of_errno(errno)};
  std::sort(files.begin(), files.end(), [](const Segment& a, const Segment& b) {
    return a.sequence != b.sequence ? a.sequence < b.sequence : a.name < b.name;
  });
  return files;
}

Result<std::uint64_t> Buffer::clear() {
  Lock lock(*this, Lock::Wait::block);
  if (!lock.held()) return lock_error(lock.error());
  std::vector<std::string> names;
  layout::walk(lock.directory(), [&](const char* name, layout::Kind kind, std::uint64_t, const struct stat&) {
    if (kind != layout::Kind::part) names.emplace_back(name);  // a part's writer may be alive
  });
  std::uint64_t lines = 0;
  for (const std::string& name : names) {
    struct stat st;
    const Fd file = lock.directory().open_file(name.c_str(), O_RDONLY, rules_, st);
    if (!file) continue;
    const std::uint64_t in_file = count_lines(file.get());
    if (lock.directory().remove(name.c_str())) lines += in_file;
  }
  evict_sent(lock, 0);
  lock.header().frozen = false;
  rescan(lock);
  if (!lock.save())
    return Error{path_of(layout::kLock) + ": cannot be written: " + describe_errno(errno), kind_of_errno(errno)};
  lock.directory().sync();
  return lines;
}

}  // namespace logystera::agent
