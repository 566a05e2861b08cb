// What was delivered and stays readable for a while: sent/, counted in the total cap and the first to go when room is needed.
//
// A delivered segment moves there by one rename; a small one is added to the newest file there and then removed like any other,
// or a relay that sends each second would leave thousands of files. Both happen once a durable checkpoint says that the segment
// is done, and nothing in sent/ is ever listed for sending: a process that dies in between leaves the segment for the next run,
// which does the same again and finds what was added already.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "agent/append.hpp"
#include "agent/buffer.hpp"
#include "agent/buffer_layout.hpp"
#include "agent/buffer_lock.hpp"
#include "core/faults.hpp"
#include "core/walk.hpp"

namespace logystera::agent {
namespace {

constexpr std::uint64_t kAddedBytesMax = 256 * 1024;  // a larger segment is moved instead
constexpr std::uint64_t kFileBytesMax = 1024 * 1024;  // a file of added segments; what goes first goes by such pieces
constexpr std::size_t kFilesMax = 64;

struct SentFile {
  std::string name;
  std::uint64_t bytes;
};

// Oldest first: names begin with the sequence.
std::vector<SentFile> list(const Directory& sent) {
  std::vector<SentFile> files;
  layout::walk(sent, [&](const char* name, layout::Kind kind, std::uint64_t, const struct stat& st) {
    if (kind == layout::Kind::segment || kind == layout::Kind::drops_segment)
      files.push_back({name, static_cast<std::uint64_t>(st.st_size)});
  });
  std::sort(files.begin(), files.end(), [](const SentFile& a, const SentFile& b) { return a.name < b.name; });
  return files;
}

bool read_at(const Fd& file, std::uint64_t from, std::string& text) {
  if (::lseek(file.get(), static_cast<off_t>(from), SEEK_SET) < 0) return false;
  return read_up_to(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Where `text` is to be added: behind what is there, without a line that was torn, and without `text` itself or a part of it, as
// somebody leaves it who dies while he adds it. Event ids make its first line one of a kind.
std::uint64_t place_for(const Fd& file, std::uint64_t size, std::string_view text) {
  std::string tail(static_cast<std::size_t>(std::min<std::uint64_t>(size, text.size())), '\0');
  if (tail.empty() || !read_at(file, size - tail.size(), tail)) return size;
  const std::uint64_t begin = size - tail.size();
  const std::size_t first_line = tail.find(text.substr(0, text.find('\n') + 1));
  if (first_line != std::string::npos) return begin + first_line;
  const std::size_t last_newline = tail.rfind('\n');
  if (last_newline + 1 == tail.size() || last_newline == std::string::npos) return size;
  return begin + last_newline + 1;
}

}  // namespace

// Lets go of the oldest until at most `most` bytes are left.
void Buffer::evict_sent(Lock& lock, std::uint64_t most) noexcept try {
  BufferHeader& header = lock.header();
  const Directory sent = lock.directory().subdirectory(layout::kSent, rules_, Directory::Missing::leave);
  std::uint64_t left = 0;
  if (sent) {
    std::vector<SentFile> files = list(sent);
    std::size_t count = files.size();
    for (const SentFile& file : files) left += file.bytes;
    for (const SentFile& file : files) {
      if (left <= most && count <= kFilesMax) break;
      if (!sent.remove(file.name.c_str())) continue;
      left -= file.bytes;
      --count;
    }
  }
  if (header.sent_bytes == left) return;
  header.sent_bytes = left;
  lock.save();
} catch (...) {
  // Out of memory: it stays, and stays counted.
}

// Also counts what is there: the header may be of a version that knows none of it.
void Buffer::trim_sent() noexcept {
  Lock lock(*this, Lock::Wait::for_a_moment);
  if (lock.held()) evict_sent(lock, options_.sent_bytes);
}

// True when the segment itself has moved; otherwise the caller removes it, whether or not its lines were added.
bool Buffer::retain(Lock& lock, const Segment& segment, std::uint64_t counted_bytes) {
  BufferHeader& header = lock.header();
  const std::uint64_t size = segment.bytes;
  if (size == 0 || size > options_.sent_bytes || header.frozen) return false;
  evict_sent(lock, options_.sent_bytes - size);
  // Only where there is room to spare: beside a full current file, all spill slots, and the segment itself while it is there twice.
  const std::uint64_t used = header.closed_bytes - counted_bytes + header.dead_bytes + header.sent_bytes + 2 * size;
  if (used + options_.segment_bytes + spill_reserve() > options_.event_bytes()) return false;
  const Directory sent = lock.directory().subdirectory(layout::kSent, rules_, Directory::Missing::make);
  if (!sent || add_to_sent(lock, sent, segment)) return false;
  if (!lock.directory().move_into(segment.name.c_str(), sent)) return false;
  header.sent_bytes += size;
  return true;
}

bool Buffer::add_to_sent(Lock& lock, const Directory& sent, const Segment& segment) {
  if (segment.bytes > kAddedBytesMax) return false;
  const std::vector<SentFile> files = list(sent);
  if (files.empty() || files.back().bytes + segment.bytes > kFileBytesMax) return false;
  struct stat st;
  const Fd from = lock.directory().open_file(segment.name.c_str(), O_RDONLY, rules_, st);
  std::string text(static_cast<std::size_t>(segment.bytes), '\0');
  if (!from || !read_at(from, 0, text)) return false;
  const Fd to = sent.open_file(files.back().name.c_str(), O_RDWR | O_APPEND, rules_, st);
  if (!to) return false;
  const auto size = static_cast<std::uint64_t>(st.st_size);
  const std::uint64_t place = place_for(to, size, text);
  if (place != size && ::ftruncate(to.get(), static_cast<off_t>(place)) != 0) return false;
  BufferHeader& header = lock.header();
  header.sent_bytes -= std::min(header.sent_bytes, size - place);
  header.sent_bytes += segment.bytes;
  lock.save();  // before the bytes are there: the header never lags behind the directory
  if (write_all(to.get(), text)) {
    LOGYSTERA_KILL_POINT("segment-added");
    return true;
  }
  header.sent_bytes -= std::min(header.sent_bytes, segment.bytes);
  [[maybe_unused]] const bool undone = ::ftruncate(to.get(), static_cast<off_t>(place)) == 0;
  return false;
}

}  // namespace logystera::agent
