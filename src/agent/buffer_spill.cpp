// Spill slots: where a commit goes that cannot have the buffer's lock within microseconds. The dispatcher, or the next commit that
// has the lock, makes segments of them (buffer_claim.cpp).
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "agent/append.hpp"
#include "agent/buffer.hpp"
#include "agent/buffer_header.hpp"
#include "agent/buffer_layout.hpp"
#include "agent/buffer_lock.hpp"
#include "core/clock.hpp"
#include "core/faults.hpp"

namespace logystera::agent {
namespace {

constexpr std::int64_t kNoSlotNanoseconds = 100'000'000;  // how long it is believed that no slot is free
constexpr std::size_t kManySlots = 8;                     // taken ones met in a row: time to empty them

// Whether spilling is frozen, as the header on disk says; without one it is.
bool is_frozen(const Directory& directory) noexcept {
  const Fd header = directory.open_unchecked(layout::kLock, O_RDONLY);
  return !header || BufferHeader::read_frozen(header.get());
}

}  // namespace

// False: there is no slot for it. Which slots are taken is looked at first, and remembered: to find that out by making a part
// in each would cost a commit hundreds of system calls. A slot of its own is never torn; only when there is none left, lines are
// added to another's.
bool Buffer::spill(const Directory& directory, std::string_view lines, std::uint32_t events,
                   CommitResult& result) noexcept {
  if (lines.size() > options_.spill_bytes || monotonic_ns() < no_slot_until_) return false;
  const auto first = static_cast<std::size_t>(::getpid());
  std::size_t taken_ones = 0;
  bool frozen = false;
  for (std::size_t i = 0; i < limits::kSpillSlots; ++i) {
    const std::size_t number = (first + i) % limits::kSpillSlots;
    char part[layout::kNameBytes], slot[layout::kNameBytes];
    layout::write_slot_name(true, number, part);
    layout::write_slot_name(false, number, slot);
    struct stat st, taken;
    if (directory.look(slot, taken)) {
      slots_fill_ = slots_fill_ || ++taken_ones >= kManySlots;
      continue;
    }
    const Fd file = directory.open_file(part, O_WRONLY | O_CREAT | O_EXCL, rules_, st);
    if (!file) {
      if (errno == EEXIST) continue;
      break;
    }
    // The lock on the part says that its writer lives. If it was taken for abandoned before that, it has another inode now.
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || !directory.is_only_name(part, st)) continue;
    frozen = is_frozen(directory);
    if (frozen || directory.look(slot, taken)) {
      directory.remove(part);
      if (frozen) break;
      continue;
    }
    LOGYSTERA_KILL_POINT("spill-opened");
    const ssize_t written = write_lines(file, false, lines);
    int error = written < 0 ? errno : ENOSPC;
    if (written == static_cast<ssize_t>(lines.size()) && (!options_.sync_commits || make_durable(file.get()))) {
      LOGYSTERA_KILL_POINT("spill-written");
      if (directory.rename_new(part, slot)) {
        result.committed += events;
        return true;
      }
      error = errno;
    }
    directory.remove(part);
    if (error == EEXIST) continue;
    drop_failed_write(result, error, events);
    return true;
  }
  for (std::size_t i = 0; i < limits::kSpillSlots && !frozen; ++i)
    if (add_to_slot(directory, (first + i) % limits::kSpillSlots, lines, events, result, frozen)) return true;
  no_slot_until_ = monotonic_ns() + kNoSlotNanoseconds;
  return false;
}

// No slot is free, but one may have room. False: not in this one. Whoever adds to a slot holds a lock on it, and looks then
// whether it is still one: who takes it away holds that lock, too.
bool Buffer::add_to_slot(const Directory& directory, std::size_t number, std::string_view lines, std::uint32_t events,
                         CommitResult& result, bool& frozen) noexcept {
  char slot[layout::kNameBytes];
  layout::write_slot_name(false, number, slot);
  struct stat st;
  const Fd file = directory.open_file(slot, O_RDWR | O_APPEND, rules_, st);
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || !directory.is_only_name(slot, st) ||
      ::fstat(file.get(), &st) != 0) {
    return false;
  }
  const auto size = static_cast<std::uint64_t>(st.st_size);
  if (size + 1 + lines.size() > options_.spill_bytes) return false;
  frozen = is_frozen(directory);
  if (frozen) return false;
  const bool heal = ends_within_line(file, size);
  LOGYSTERA_KILL_POINT("slot-opened");
  const ssize_t written = write_lines(file, heal, lines);
  int error = written < 0 ? errno : ENOSPC;
  if (written == static_cast<ssize_t>(lines.size() + (heal ? 1 : 0))) {
    if (!options_.sync_commits || make_durable(file.get())) {
      LOGYSTERA_KILL_POINT("slot-written");
      result.committed += events;
      return true;
    }
    error = errno;
  }
  // Nobody else adds to it meanwhile.
  if (written > 0 && ::ftruncate(file.get(), st.st_size) != 0) error = errno;
  drop_failed_write(result, error, events);
  return true;
}

// The slots are for the time between two dispatches, which may be long on a site whose cron job does not run: who has met many
// that are taken turns them into segments as soon as it has the lock, so that the next commits find one free.
void Buffer::empty_slots(Lock& lock) noexcept {
  slots_fill_ = false;
  no_slot_until_ = 0;
  try {
    take_spills(lock);
  } catch (const std::bad_alloc&) {
    return;  // the next one, or a dispatcher
  }
}

}  // namespace logystera::agent
