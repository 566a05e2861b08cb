#include "agent/buffer_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include <cerrno>

#include "agent/buffer_layout.hpp"
#include "core/bounded_text.hpp"
#include "core/clock.hpp"

namespace logystera::agent {
namespace {

constexpr int kTries = 5;  // a commit holds the lock for about two microseconds
constexpr int kSpinPauses = 200;
constexpr int kReopenings = 3;  // the file was replaced under us: look again this often
constexpr int kBlockMilliseconds = 10'000;
constexpr int kMomentMilliseconds = 50;

void pause_processor() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

int try_lock(int fd) noexcept {
  int result;
  do {
    result = ::flock(fd, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

// Whether it is the file with the name, and has no other.
bool Buffer::Lock::has_its_name(const struct stat& st) const noexcept { return directory_.is_only_name(layout::kLock, st); }

// Locks the file the last commit left open. False where this commit has to open it by its name.
bool Buffer::Lock::try_kept(Wait wait) noexcept {
  OpenFiles& open = *buffer_.open_files_;
  if (!open.lock_file) return false;
  fd_ = std::move(open.lock_file);
  directory_ = std::move(open.directory);
  if (open.fork_mark->just_forked() || open.lock_second != monotonic_seconds()) return false;
  if (!acquire(wait)) {
    reuse_ = error_ == EWOULDBLOCK;
    return reuse_;
  }
  LOGYSTERA_UNINITIALIZED struct stat st;
  const timespec& changed = open.lock_changed;
  // Unlinked, renamed, or its header written by somebody else: what is the lock now, the name tells.
  held_ = ::fstat(fd_.get(), &st) == 0 && st.st_nlink != 0 && st.st_ctim.tv_sec == changed.tv_sec &&
          st.st_ctim.tv_nsec == changed.tv_nsec && buffer_.cache_->matches(st) && buffer_.rules_.accept(st);
  return held_;
}

Buffer::Lock::Lock(const Buffer& buffer, Wait wait) noexcept
    : buffer_(buffer), keeps_(wait == Wait::try_briefly || wait == Wait::try_once) {
  if (keeps_ && try_kept(wait)) return;
  error_ = 0;
  fd_.reset();
  directory_ = buffer.enter();
  if (!directory_) {
    error_ = errno;
    return;
  }
  const FileRules& rules = buffer.rules_;
  for (int i = 0; i < kReopenings; ++i) {
    fd_ = directory_.open_unchecked(layout::kLock, O_RDWR);
    if (!fd_ && errno == ENOENT) {
      // Made with the right owner and mode; by this process or by another that was faster.
      struct stat made;
      fd_ = directory_.open_file(layout::kLock, O_RDWR | O_CREAT, rules, made);
    }
    if (!fd_) {
      error_ = errno;
      return;
    }
    if (!acquire(wait)) {
      fd_.reset();
      return;
    }
    // One fstat for three questions: may this file be used at all, does it still have its name, is our header current?
    struct stat st;
    if (::fstat(fd_.get(), &st) != 0) {
      error_ = errno;
      return;
    }
    // The file may have been unlinked or replaced between open and flock; a lock on a file without a name excludes nobody.
    if (has_its_name(st)) {
      if (!rules.accept_or_settle(fd_.get(), st)) {
        fd_.reset();
        error_ = EPERM;
        return;
      }
      held_ = true;
      if (keeps_) {
        buffer.open_files_->lock_changed = st.st_ctim;
        buffer.open_files_->lock_second = monotonic_seconds();
      }
      load(st);
      return;
    }
    if (st.st_nlink > 1 || !S_ISREG(st.st_mode)) {
      fd_.reset();
      error_ = EPERM;
      return;
    }
    fd_.reset();
  }
  error_ = EWOULDBLOCK;
}

Buffer::Lock::~Lock() {
  if (!reuse_) {
    // Closing is the unlock, except of what stays open. Without a header that is known for certain it has to be read anyway.
    if (!held_ || !keeps_ || !is_known() || ::flock(fd_.get(), LOCK_UN) != 0) return;
  }
  OpenFiles& open = *buffer_.open_files_;
  if (!open.fork_mark) open.fork_mark.emplace();
  open.lock_file = std::move(fd_);
  open.directory = std::move(directory_);
}

bool Buffer::Lock::acquire(Wait wait) noexcept {
  const int tries = wait == Wait::block          ? kBlockMilliseconds
                    : wait == Wait::for_a_moment ? kMomentMilliseconds
                    : wait == Wait::try_briefly  ? kTries
                                                 : 1;
  for (int i = 0; i < tries; ++i) {
    if (try_lock(fd_.get()) == 0) return true;
    error_ = errno;
    if (error_ != EWOULDBLOCK) return false;
    if (!keeps_) {
      // Polling, because a blocking flock could not be given up when the holder is stopped.
      const struct timespec millisecond = {0, 1'000'000};
      ::nanosleep(&millisecond, nullptr);
      continue;
    }
    // In place: giving up the processor takes as long as all the others want it, on a busy machine milliseconds.
    if (busy_since_ == 0) busy_since_ = monotonic_ns();
    if (i + 1 == tries) break;
    for (int p = 0; p < kSpinPauses; ++p) pause_processor();
  }
  return false;
}

void Buffer::Lock::load(const struct stat& st) noexcept {
  HeaderCache& cache = *buffer_.cache_;
  if (cache.matches(st)) return;
  if (cache.header.read(fd_.get())) {
    // A size that does not belong to the generation was left by a writer that died: usable, but not to be remembered.
    if (st.st_size == cache.header.file_size()) cache.remember(st);
    else cache.size = -1;
    return;
  }
  // New, torn or overwritten: the directory itself knows.
  cache.header = BufferHeader{};
  const timespec now = time_of(CLOCK_REALTIME);
  cache.header.generation = static_cast<std::uint64_t>(now.tv_sec) << 12 | static_cast<std::uint64_t>(now.tv_nsec >> 20);
  cache.header.born_at_ms = now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
  buffer_.rescan(*this);
  save();
}

bool Buffer::Lock::save() noexcept {
  HeaderCache& cache = *buffer_.cache_;
  struct stat st;
  const bool written = cache.header.write(fd_.get());
  if (written && ::fstat(fd_.get(), &st) == 0) {
    cache.remember(st);
    buffer_.open_files_->lock_changed = st.st_ctim;
  } else {
    cache.size = -1;
  }
  return written;
}

}  // namespace logystera::agent
