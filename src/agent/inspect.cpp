#include "agent/inspect.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>

#include "agent/buffer_header.hpp"
#include "agent/buffer_layout.hpp"
#include "agent/drop_records.hpp"
#include "agent/file.hpp"
#include "core/event.hpp"
#include "core/shell_word.hpp"

namespace logystera::agent {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
// A commit is one write(2), but a reader without the lock can come between its first and its last page.
constexpr auto kCommitPause = std::chrono::milliseconds(50);
// The header is one write(2) too, and its checksum tells when a reader has come between.
constexpr int kHeaderTries = 5;

// Whose the files are, as the directory itself says: whoever looks at it need not be its owner.
FileRules rules_of(const Directory& directory) {
  FileRules rules;
  struct stat st;
  if (!directory.look(st)) return rules;
  rules.owner = st.st_uid;
  rules.group = st.st_gid;
  rules.share_group = (st.st_mode & S_IWGRP) != 0;
  return rules;
}

class Inspector {
 public:
  Inspector(const Directory& directory, Inspection& inspection) : directory_(directory), inspection_(inspection) {}

  void file(const std::string& name, bool live);
  void dead_letters();

 private:
  void fault(const std::string& file, std::uint64_t line, std::string reason);
  void line(const std::string& file, std::uint64_t number, std::string_view text);
  /// Reads on from the descriptor's offset to the end, giving whole lines to `line`; what is left stays in `rest`.
  bool lines(int fd, const std::string& name, std::uint64_t& number, std::string& rest);

  const Directory& directory_;
  Inspection& inspection_;
};

void Inspector::fault(const std::string& file, std::uint64_t line, std::string reason) {
  ++inspection_.faults;
  if (inspection_.named.size() < kFaultsNamed) inspection_.named.push_back({file, line, std::move(reason)});
}

void Inspector::line(const std::string& file, std::uint64_t number, std::string_view text) {
  EventView event;
  const LineFault found = read_event_line(text, event);
  if (found != LineFault::none) return fault(file, number, std::string(name_of(found)));
  ++inspection_.events;
  ++inspection_.by_type[std::string(event.type)];
}

bool Inspector::lines(int fd, const std::string& name, std::uint64_t& number, std::string& rest) {
  std::string chunk(kReadBytes, '\0');
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) return true;
    inspection_.bytes += static_cast<std::uint64_t>(got);
    std::string_view left(chunk.data(), static_cast<std::size_t>(got));
    for (std::size_t end; (end = left.find('\n')) != std::string_view::npos; left.remove_prefix(end + 1)) {
      rest.append(left.substr(0, std::min(end, kLineBytesMax + 1)));
      line(name, ++number, rest);
      rest.clear();
    }
    // A line without end must not fill the memory: what is over the limit is too long whatever follows.
    rest.append(left.substr(0, kLineBytesMax + 1 - std::min(rest.size(), kLineBytesMax + 1)));
  }
}

void Inspector::file(const std::string& name, bool live) {
  const Fd fd = directory_.open_unchecked(name.c_str(), O_RDONLY);
  if (!fd) {
    if (errno == ENOENT) return;  // sent and removed, or sealed under another name, since the directory was listed
    return fault(name, 0, errno == ELOOP ? "a symbolic link" : std::strerror(errno));
  }
  struct stat info;
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return fault(name, 0, "not a regular file");
  if (info.st_nlink > 1 || !directory_.is_only_name(name.c_str(), info))
    return fault(name, 0, "a file with several names (hard links)");
  ++inspection_.files;
  std::uint64_t number = 0;
  std::string rest;
  bool readable = lines(fd.get(), name, number, rest);
  if (readable && live && !rest.empty()) {
    std::this_thread::sleep_for(kCommitPause);
    readable = lines(fd.get(), name, number, rest);
  }
  if (!readable) return fault(name, number + 1, std::strerror(errno));
  if (!rest.empty()) fault(name, number + 1, "torn: no newline at the end");
}

void Inspector::dead_letters() {
  const Directory dead = directory_.subdirectory(layout::kDead, rules_of(directory_), Directory::Missing::leave);
  const Fd fd = dead ? dead.open_unchecked(layout::kDeadLetters, O_RDONLY) : Fd();
  struct stat info;
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) || !dead.is_only_name(layout::kDeadLetters, info)) {
    return;
  }
  std::string chunk(kReadBytes, '\0');
  for (ssize_t got; (got = ::read(fd.get(), chunk.data(), chunk.size())) > 0;) {
    inspection_.dead_letters += static_cast<std::uint64_t>(std::count(chunk.begin(), chunk.begin() + got, '\n'));
  }
}

Error directory_error(const std::string& directory, const std::string& what, ErrorKind kind = ErrorKind::denied) {
  return Error{"buffer directory " + directory + ": " + what, kind};
}

Error cannot_be_read(const std::string& directory, int error) {
  if (error == ELOOP) return directory_error(directory, "is a symbolic link; name the directory it points to");
  if (error == ENOTDIR) return directory_error(directory, "is not a directory");
  return directory_error(
      directory, std::string(std::strerror(error)) + ": name the directory a site buffers in, as a user who may read it",
      kind_of_errno(error));
}

bool read_header(const Directory& directory, BufferHeader& header) {
  const Fd fd = directory.open_unchecked(layout::kLock, O_RDONLY);
  struct stat info;
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1) return false;
  for (int i = 0; i < kHeaderTries; ++i) {
    if (header.read(fd.get())) return true;
    std::this_thread::sleep_for(kCommitPause / kHeaderTries);
  }
  return false;
}

}  // namespace

Result<Survey> survey(const std::string& path) {
  const Directory directory = Directory::open(path);
  struct stat info;
  if (!directory || !directory.look(info)) return cannot_be_read(path, errno);
  if ((info.st_mode & S_IWOTH) != 0) {
    return directory_error(path, "can be written by everybody; run: chmod o-w " + shell_word(path));
  }
  Survey found;
  BufferStats& stats = found.stats;
  stats.cap_bytes = BufferOptions().event_bytes();
  const bool listed = layout::walk(directory, [&](const char*, layout::Kind, std::uint64_t, const struct stat& file) {
    ++stats.files;
    stats.pending_bytes += static_cast<std::uint64_t>(file.st_size);
  });
  if (!listed) {
    return directory_error(path, std::string(std::strerror(errno)) + ": run this as a user who may read it");
  }
  stats.sent_bytes = layout::sent_bytes(directory, rules_of(directory));
  stats.bytes = stats.pending_bytes + stats.sent_bytes + layout::dead_letter_bytes(directory, rules_of(directory));
  BufferHeader header;
  found.counted = read_header(directory, header);
  if (found.counted) {
    stats.spilled = header.spilled;
    stats.healed = header.healed;
    stats.drops = header.drops;
  }
  if (const DropRecords records = DropRecords::look(directory)) {
    found.counted = true;
    add_drops(stats.drops, records.read());
  }
  return found;
}

Result<Inspection> inspect(const std::string& path) {
  const Directory directory = Directory::open(path);
  if (!directory) return cannot_be_read(path, errno);
  Fd again = directory.open_unchecked(".", O_RDONLY | O_DIRECTORY);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(again ? ::fdopendir(again.get()) : nullptr, &::closedir);
  if (!dir) return cannot_be_read(path, errno);
  again.release();
  std::vector<std::pair<std::string, layout::Kind>> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    std::uint64_t sequence = 0;
    const layout::Kind kind = layout::parse_name(entry->d_name, sequence);
    // A part is a spill that is being written; only its rename makes it one of the buffer's files.
    if (kind != layout::Kind::other && kind != layout::Kind::part) names.emplace_back(entry->d_name, kind);
  }
  std::sort(names.begin(), names.end());
  Inspection inspection;
  Inspector inspector(directory, inspection);
  for (const auto& [name, kind] : names) inspector.file(name, kind == layout::Kind::current);
  inspector.dead_letters();
  return inspection;
}

}  // namespace logystera::agent
