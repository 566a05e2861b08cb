// The writing side of the buffer. See buffer.hpp for the files and ARCHITECTURE.md, "Buffer", for what was measured.
//
// A commit in the steady state is five system calls: flock and fstat the lock file (its identity and generation), fstat the
// current file, one write, and the unlock. Once a second, and where anything has changed, both files are opened by their names
// and the last byte is read (a writer killed in the middle of a line leaves it open). Whoever cannot have the lock within
// microseconds writes a spill slot instead, which needs no lock but the slot's own (buffer_spill.cpp).
#include "agent/buffer.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/append.hpp"
#include "agent/buffer_layout.hpp"
#include "agent/buffer_lock.hpp"
#include "agent/dispatch_files.hpp"
#include "agent/drop_records.hpp"
#include "core/bounded_text.hpp"
#include "core/clock.hpp"
#include "core/faults.hpp"
#include "core/shell_word.hpp"

namespace logystera::agent {
namespace {

constexpr std::int64_t kRescanSeconds = 1;
constexpr std::uint32_t kSuspendSecondsMax = 60;
// When lock and slots are all taken: how long a commit waits. Being scheduled again comes on top; together at most 5 ms.
constexpr std::int64_t kBusyNanoseconds = 3'000'000;
constexpr std::int64_t kBusyPauseNanoseconds = 50'000;
constexpr std::int64_t kBusyPauseNanosecondsMax = 500'000;
constexpr std::int64_t kInVainNanoseconds = 100'000'000;  // so long in vain, and it is not waited for any more
constexpr std::size_t kPathBytes = 4096;

std::uint32_t lines_in(std::string_view text) noexcept {
  return static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n'));
}

// The longest run of whole lines of `text` that is at most `bytes` long.
std::string_view whole_lines(std::string_view text, std::uint64_t bytes) noexcept {
  if (text.size() <= bytes) return text;
  const std::size_t end = bytes == 0 ? std::string_view::npos : text.rfind('\n', static_cast<std::size_t>(bytes) - 1);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

// File systems on which flock and O_APPEND are emulated over a network or in a user process.
bool is_network(long magic) noexcept {
  switch (magic) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case 0xFF534D42:  // CIFS
    case 0xFE534D42:  // SMB2
    case 0x00C36400:  // Ceph
    case CODA_SUPER_MAGIC:
    case AFS_SUPER_MAGIC:
    case 0x65735546:  // FUSE
    case 0x01021997:  // 9P
      return true;
    default: return false;
  }
}

// The files that a full disk must not keep from being written: made, and their blocks allocated, when a buffer is first opened.
// The last one tells that all are there. Where that fails each is made when it is needed.
void make_ahead(const Directory& directory, const FileRules& rules) noexcept {
  struct stat st;
  if (directory.look(DropRecords::kFileName, st)) return;
  constexpr char kBlankSlot[dispatch_files::kSlotBytes] = {};
  const std::string_view blank_slot(kBlankSlot, sizeof kBlankSlot);
  layout::remove_unfinished(directory);
  directory.make_file(dispatch_files::kLock, rules, {});
  for (const char* slot : dispatch_files::kSlots) directory.make_file(slot, rules, {blank_slot});
  directory.make_file(dispatch_files::kHistory, rules,
                      {{}, dispatch_files::kHistoryRecords * dispatch_files::kHistoryRecordBytes});
  [[maybe_unused]] const DropRecords records = DropRecords::open(directory, rules);
}

// Counted in the directory or still in `counts`, never both.
bool add_to_records(const Directory& directory, const FileRules& rules, DropCounts& counts, DropRecords::By by) noexcept {
  if (!any_drops(counts)) return true;
  DropRecords records = DropRecords::open(directory, rules);
  if (!records || !records.add(counts, by)) return false;
  counts = DropCounts{};
  return true;
}

Error directory_error(const std::string& directory, const std::string& what, ErrorKind kind = ErrorKind::denied) {
  return Error{"buffer directory " + directory + ": " + what, kind};
}

std::string cannot_be_used(int error, const struct stat* st) {
  return "cannot be used by user id " + std::to_string(::geteuid()) + ": " + describe_errno(error) +
         (st != nullptr ? "; it belongs to user id " + std::to_string(st->st_uid) : std::string());
}

Error cannot_open(const std::string& directory, int error) {
  if (error == ELOOP) return directory_error(directory, "is a symbolic link; name the directory it points to");
  struct stat st;
  if (::lstat(directory.c_str(), &st) != 0) {  // for the message alone
    if (errno != ENOENT)
      return directory_error(directory, "cannot be looked at: " + describe_errno(errno), kind_of_errno(errno));
    return directory_error(directory,
                           "does not exist and cannot be made: " + describe_errno(error) +
                               "; create its parent or give this user write access there",
                           kind_of_errno(error));
  }
  if (!S_ISDIR(st.st_mode)) return directory_error(directory, "is not a directory");
  return directory_error(directory, cannot_be_used(error, &st), kind_of_errno(error));
}

}  // namespace

std::string_view name_of(Drop reason) noexcept {
  static constexpr std::string_view kNames[kDropReasons] = {
      "cap_type", "cap_global",  "unknown_type", "event_size",  "arena_full", "full",     "lock_busy", "no_space",
      "io_error", "short_write", "unsafe_file",  "unavailable", "corrupt",    "rejected", "dead_full"};
  return reason < Drop::count_ ? kNames[static_cast<std::size_t>(reason)] : std::string_view("none");
}

Buffer::Buffer(std::string directory, BufferOptions options, FileRules rules)
    : directory_(std::move(directory)),
      options_(options),
      rules_(rules),
      cache_(std::make_shared<HeaderCache>()),
      open_files_(std::make_unique<OpenFiles>()) {}

Buffer::Buffer(Buffer&&) noexcept = default;
Buffer& Buffer::operator=(Buffer&&) noexcept = default;
Buffer::~Buffer() = default;

std::string Buffer::path_of(std::string_view name) const {
  std::string path = directory_;
  path.push_back('/');
  return path.append(name);
}

Result<Buffer> Buffer::open(std::string directory, BufferOptions options) {
  if (directory.empty() || directory.front() != '/') {
    return directory_error(directory, "not an absolute path; give the full path of the site's private directory");
  }
  if (directory.find('\0') != std::string::npos || directory.size() > kPathBytes - layout::kNameBytes) {
    return directory_error(directory.substr(0, 64), "the path is too long or holds a NUL byte");
  }
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  const std::string_view last = std::string_view(directory).substr(directory.rfind('/') + 1);
  if (last == "." || last == "..") {
    // lstat would look behind a link that the last component stands in.
    return directory_error(directory, "ends in '" + std::string(last) + "'; give the directory's own name");
  }

  FileRules rules;
  rules.share_group = options.share_group;
  // root's cron may be the first to need a site's buffer: what it makes belongs to whom the place belongs, or the site could
  // never use it.
  const Directory opened = Directory::open_or_make(directory, rules);
  struct stat st;
  if (!opened || !opened.look(st)) return cannot_open(directory, errno);
  if ((st.st_mode & S_IWOTH) != 0) {
    return directory_error(directory, "can be written by everybody; run: chmod o-w " + shell_word(directory));
  }
  if ((st.st_mode & S_IWGRP) != 0 && !options.share_group) {
    return directory_error(directory,
                           "can be written by its group; run chmod g-w on it, or set share=group if that is meant");
  }
  if (::faccessat(opened.fd(), ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
    return directory_error(directory, cannot_be_used(errno, &st));
  }
  if (!options.allow_network_fs) {
    struct statfs fs;
    if (::fstatfs(opened.fd(), &fs) == 0 && is_network(static_cast<long>(fs.f_type))) {
      return directory_error(directory,
                             "is on a network or user-space file system, where locks and appends promise less; "
                             "use a local directory or set allow_network_fs");
    }
  }
  rules.owner = st.st_uid;
  rules.group = st.st_gid;
  make_ahead(opened, rules);
  return Buffer(std::move(directory), options, rules);
}

Directory Buffer::enter() const noexcept {
  Directory directory = Directory::open(directory_);
  struct stat st;
  if (!directory || !directory.look(st)) return Directory();
  if (st.st_uid == rules_.owner && rules_.accept_directory(st)) return directory;
  errno = EPERM;
  return Directory();
}

Error Buffer::not_entered(int error) const {
  if (error != EPERM) return cannot_open(directory_, error);
  return directory_error(directory_, "has another owner than before, or can be written by others; look who changed it");
}

Drop Buffer::reason_of(int error) noexcept {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return Drop::no_space;
    case ELOOP:  // a symbolic link (O_NOFOLLOW)
    case EPERM:  // refused by the file rules
    case EISDIR:
    case ENXIO: return Drop::unsafe_file;
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EROFS: return Drop::unavailable;
    case EWOULDBLOCK: return Drop::lock_busy;
    default: return Drop::io_error;
  }
}

void Buffer::drop(CommitResult& result, Drop reason, std::uint32_t events) noexcept {
  if (events == 0) return;
  result.dropped += events;
  result.reason = reason;
  add_drop(pending_, reason, events, wall_seconds());
}

void Buffer::drop_failed_write(CommitResult& result, int error, std::uint32_t events) noexcept {
  drop(result, reason_of(error), events);
  if (error != ENOSPC && error != EDQUOT && error != EIO && error != EROFS) return;
  const std::uint32_t pause = std::min(kSuspendSecondsMax, 1u << std::min(failures_, 6u));
  ++failures_;
  suspended_until_ = monotonic_seconds() + pause;
  suspended_for_ = result.reason;
}

void Buffer::settle() noexcept {
  if (!any_drops(pending_)) return;
  const Directory directory = enter();
  if (!directory || write_down(directory, pending_)) return;
  Lock lock(*this, Lock::Wait::for_a_moment);
  if (lock.held()) write_down_pending(lock);
}

bool Buffer::write_down(const Directory& directory, DropCounts& counts) const noexcept {
  return add_to_records(directory, rules_, counts, DropRecords::By::anyone);
}

bool Buffer::write_down(const Lock& lock, DropCounts& counts) const noexcept {
  return add_to_records(lock.directory(), rules_, counts, DropRecords::By::lock_holder);
}

// Where the records cannot be written the header takes them. It goes with a lock file that is removed, they do not.
void Buffer::write_down_pending(Lock& lock) noexcept {
  if (write_down(lock, pending_)) return;
  DropCounts& drops = lock.header().drops;
  const DropCounts before = drops;
  add_drops(drops, pending_);
  if (lock.save()) pending_ = DropCounts{};
  else drops = before;
}

void Buffer::take_pending(Buffer& other) noexcept {
  add_drops(pending_, other.pending_);
  other.pending_ = DropCounts{};
}

bool Buffer::writes_suspended() const noexcept { return suspended_until_ != 0 && monotonic_seconds() < suspended_until_; }

std::uint64_t Buffer::spill_reserve() const noexcept { return limits::kSpillSlots * options_.spill_bytes; }

CommitResult Buffer::commit(std::string_view lines, std::uint32_t events, const DropCounts& extra) noexcept {
  CommitResult result;
  add_drops(pending_, extra);
  if (events == 0) {
    settle();
    return result;
  }
  if (writes_suspended()) {
    drop(result, suspended_for_, events);
    // The counters have their place on a full disk. One that fails is left alone.
    if (suspended_for_ == Drop::no_space) {
      if (const Directory directory = enter()) write_down(directory, pending_);
    }
    return result;
  }
  Lock lock(*this, Lock::Wait::try_briefly);
  if (lock.held()) {
    LOGYSTERA_KILL_POINT("commit-locked");
    in_vain_since_ = 0;
    append(lock, lines, events, result);
    return result;
  }
  if (lock.error() != EWOULDBLOCK) {
    drop(result, reason_of(lock.error()), events);
  } else if (!spill(lock.directory(), lines, events, result)) {
    append_late(lines, events, lock.busy_since(), result);
  }
  if (lock.directory()) write_down(lock.directory(), pending_);
  return result;
}

// buffer-current.jsonl, opened or still open, and what fstat says of it. Whoever renames the file changes the header's
// generation before, under the lock that is held here: with the generation unchanged, the descriptor is the current file. The
// second is for an administrator who moves files by hand.
const Fd& Buffer::current(const Lock& lock, struct stat& st) noexcept {
  OpenFiles& open = *open_files_;
  const std::int64_t now = monotonic_seconds();
  if (open.file && lock.is_known() && open.lock == lock.identity() && open.second == now &&
      ::fstat(open.file.get(), &st) == 0 && rules_.accept(st)) {
    return open.file;
  }
  open.end = 0;
  open.file = lock.directory().open_file(layout::kCurrent, O_RDWR | O_CREAT | O_APPEND, rules_, st);
  open.lock = lock.identity();
  open.second = now;
  return open.file;
}

void Buffer::let_go() noexcept {
  open_files_->file.reset();
  open_files_->lock_file.reset();
  open_files_->directory = Directory();
}

void Buffer::append(Lock& lock, std::string_view lines, std::uint32_t events, CommitResult& result) noexcept {
  BufferHeader& header = lock.header();
  bool header_changed = false;
  while (!lines.empty()) {
    LOGYSTERA_UNINITIALIZED struct stat st;
    const Fd& file = current(lock, st);
    if (!file) {
      drop_failed_write(result, errno, lines_in(lines));
      break;
    }
    const auto size = static_cast<std::uint64_t>(st.st_size);
    // Nobody has written since this object's last commit, or somebody may have died within a line.
    const bool heal = size != open_files_->end && ends_within_line(file, size);
    open_files_->end = 0;
    if (size != 0 && size + lines.size() + (heal ? 1 : 0) > options_.segment_bytes) {
      // Rotation: the next turn of the loop makes a new current file.
      if (!seal_current(lock, size)) {
        drop_failed_write(result, errno, lines_in(lines));
        break;
      }
      header_changed = true;
      continue;
    }
    std::string_view chunk = whole_lines(lines, options_.segment_bytes);
    if (chunk.empty()) {  // one line longer than a segment: only with limits made small
      drop(result, Drop::event_size, lines_in(lines));
      break;
    }
    std::uint64_t allowed = 0;
    if (!admit(lock, size, chunk.size() + (heal ? 1 : 0), allowed)) {
      chunk = whole_lines(chunk, allowed > (heal ? 1u : 0u) ? allowed - (heal ? 1 : 0) : 0);
      drop(result, Drop::full, lines_in(lines.substr(chunk.size())));
      lines = chunk;
      if (chunk.empty()) break;
    }
    const ssize_t written = write_lines(file, heal, chunk);
    if (written < 0) {
      drop_failed_write(result, errno, lines_in(lines));
      break;
    }
    std::uint64_t taken = static_cast<std::uint64_t>(written);
    if (heal && taken > 0) {
      --taken;
      ++header.healed;
      header_changed = true;
    }
    const std::string_view written_lines = whole_lines(chunk, taken);
    if (written_lines.size() != chunk.size()) {
      // The disk took a part. All writers hold the lock, so nobody's bytes but our own torn tail are cut off.
      const std::uint64_t end = size + (heal ? 1 : 0) + written_lines.size();
      if (::ftruncate(file.get(), static_cast<off_t>(end)) != 0) header_changed = true;
      const std::uint32_t lost = lines_in(lines.substr(written_lines.size()));
      result.committed += lines_in(written_lines);
      drop(result, Drop::short_write, lost);
      suspended_until_ = monotonic_seconds() + 1;
      suspended_for_ = Drop::no_space;
      break;
    }
    if (options_.sync_commits && !make_durable(file.get())) {
      // Not on disk is not committed; nobody else has appended, all writers hold the lock.
      const int error = errno;
      if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) header_changed = true;
      drop_failed_write(result, error, lines_in(lines));
      break;
    }
    LOGYSTERA_KILL_POINT("commit-written");
    open_files_->end = size + (heal ? 1 : 0) + chunk.size();
    failures_ = 0;
    // Lines are counted only when a commit was split; the caller knows how many there are in all.
    const std::uint32_t written_events =
        chunk.size() == lines.size() && result.dropped == 0 ? events - result.committed : lines_in(chunk);
    result.committed += written_events;
    lines.remove_prefix(chunk.size());
  }
  if (any_drops(pending_)) {
    write_down_pending(lock);
  } else if (header_changed) {
    lock.save();
  }
  if (slots_fill_) empty_slots(lock);
}

// Whether `wanted` more bytes fit; if not, `allowed` says how many do. Far from the cap this is one comparison. Near it the
// spill slots, which are written without the lock, are frozen and counted, so that the cap holds to the byte.
bool Buffer::admit(Lock& lock, std::uint64_t current_bytes, std::uint64_t wanted, std::uint64_t& allowed) noexcept {
  BufferHeader& header = lock.header();
  const std::uint64_t cap = options_.event_bytes();
  const auto used = [&] { return header.closed_bytes + header.dead_bytes + header.sent_bytes + current_bytes; };
  if (header.sent_bytes != 0 && used() + wanted + spill_reserve() > cap) {
    const std::uint64_t missing = used() + wanted + spill_reserve() - cap;
    evict_sent(lock, header.sent_bytes - std::min(header.sent_bytes, missing));
  }
  if (!header.frozen) {
    if (used() + wanted + spill_reserve() <= cap) return true;
    header.frozen = true;
    lock.save();  // before the scan: a spiller either is seen by it, or sees this
    rescan(lock);
    lock.save();
  }
  if (used() + header.slot_bytes + wanted <= cap) return true;
  if (wall_seconds() - header.scanned_at > kRescanSeconds || wall_seconds() < header.scanned_at) {
    rescan(lock);
    lock.save();
    if (used() + header.slot_bytes + wanted <= cap) return true;
  }
  const std::uint64_t total = used() + header.slot_bytes;
  allowed = total < cap ? cap - total : 0;
  return false;
}

// Counted before it is renamed: the header must never lag behind the directory, or the cap would not hold. A process that dies
// between the two leaves one that counts too much, and the look at the directory near the cap corrects that.
bool Buffer::seal_current(Lock& lock, std::uint64_t bytes) noexcept {
  BufferHeader& header = lock.header();
  char name[layout::kNameBytes];
  layout::write_segment_name(header.next_sequence, wall_seconds(), false, name);
  ++header.next_sequence;
  header.closed_bytes += bytes;
  // With it goes a new generation: who keeps the file open must not take it for the current one (see current()).
  const bool counted = lock.save();
  LOGYSTERA_KILL_POINT("segment-counted");
  if (counted && lock.directory().rename_new(layout::kCurrent, name)) {
    LOGYSTERA_KILL_POINT("segment-sealed");
    return true;
  }
  const int error = errno;
  --header.next_sequence;
  header.closed_bytes -= bytes;
  if (counted) lock.save();
  errno = error;
  return false;
}

// Every slot taken, or spilling frozen: the lock again, a little longer. The clock decides when that ends. A process
// that has not had the lock for a tenth of a second tries it only: a lock whose holder is stopped may be held for hours, and
// pages would wait each time. A holder that just lost the processor is back sooner.
void Buffer::append_late(std::string_view lines, std::uint32_t events, std::int64_t since, CommitResult& result) noexcept {
  std::int64_t pause = kBusyPauseNanoseconds;
  for (;;) {
    const std::int64_t now = monotonic_ns();
    if (in_vain_since_ == 0) in_vain_since_ = since;
    const std::int64_t left = now - in_vain_since_ > kInVainNanoseconds ? 0 : since + kBusyNanoseconds - now;
    if (left <= 0) return drop(result, Drop::lock_busy, events);
    const struct timespec rest = {0, static_cast<long>(std::min(left, pause))};
    ::nanosleep(&rest, nullptr);
    pause = std::min(2 * pause, kBusyPauseNanosecondsMax);
    Lock lock(*this, Lock::Wait::try_once);
    if (lock.held()) {
      in_vain_since_ = 0;
      return append(lock, lines, events, result);
    }
    if (lock.error() != EWOULDBLOCK) return drop(result, reason_of(lock.error()), events);
  }
}

}  // namespace logystera::agent
