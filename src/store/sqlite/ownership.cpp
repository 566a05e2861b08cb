#include "store/sqlite/ownership.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "core/fd.hpp"

namespace logystera::store::sqlite {
namespace {

// The file format: https://www.sqlite.org/fileformat2.html, sections 1.3 (header), 1.6 (b-tree page), 4.1 (write-ahead log).
constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr std::size_t kHeadBytes = 108;  // the header, and that of the b-tree page behind it: all that is looked at
constexpr std::size_t kUserVersionAt = 60, kApplicationIdAt = 68, kPageKindAt = 100, kCellsAt = 103;
constexpr unsigned char kLeafTable = 0x0d;
constexpr std::size_t kLogHeaderBytes = 32, kFrameHeaderBytes = 24;
constexpr std::size_t kPageBytesLeast = 512, kPageBytesMost = 65536;

constexpr int kPrimaryCode = 0xff;  // of SQLite's result codes: what is above says more about it

using Head = std::array<unsigned char, kHeadBytes>;

std::uint32_t number_at(const unsigned char* at, std::size_t bytes) noexcept {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) number = number << 8 | at[i];
  return number;
}

/// The file through SQLite's own layer. Closing a descriptor of ours would drop the locks that other connections of this process
/// hold on the file (POSIX locks belong to the process); SQLite's layer knows of them and keeps the descriptor.
class DatabaseFile {
 public:
  DatabaseFile() = default;
  ~DatabaseFile() {
    if (file_ && file_->pMethods) file_->pMethods->xClose(file_);
  }
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

  bool open(const std::string& path) {
    sqlite3_vfs* const layer = sqlite3_vfs_find(nullptr);
    if (!layer) return false;
    name_.assign(static_cast<std::size_t>(layer->mxPathname) + 2,
                 '\0');  // SQLite looks for parameters behind the name's end
    const int named = layer->xFullPathname(layer, path.c_str(), layer->mxPathname, name_.data());
    if ((named & kPrimaryCode) != SQLITE_OK) return false;
    memory_ =
        std::make_unique<std::max_align_t[]>(static_cast<std::size_t>(layer->szOsFile) / sizeof(std::max_align_t) + 1);
    file_ = reinterpret_cast<sqlite3_file*>(memory_.get());
    file_->pMethods = nullptr;
    int granted = 0;
    return layer->xOpen(layer, name_.c_str(), file_, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, &granted) == SQLITE_OK;
  }

  /// False when the file is shorter.
  bool read(Head& into) {
    return file_->pMethods->xRead(file_, into.data(), static_cast<int>(into.size()), 0) == SQLITE_OK;
  }

 private:
  std::string name_;
  std::unique_ptr<std::max_align_t[]> memory_;
  sqlite3_file* file_ = nullptr;
};

// The first page as the log's last commit left it; nothing when the log does not have it. Frames of an earlier round bear other
// salts. Their checksums are not worked out: what a power cut tore belongs to the same program as what it did not.
std::optional<Head> first_page_in_log(const std::string& path) {
  const Fd log(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!log) return std::nullopt;
  std::array<unsigned char, kLogHeaderBytes> header{};
  const auto read = [&log](void* into, std::size_t size, std::uint64_t at) {
    return read_up_to(log.get(), static_cast<char*>(into), size, static_cast<off_t>(at)) == static_cast<ssize_t>(size);
  };
  if (!read(header.data(), header.size(), 0)) return std::nullopt;
  const std::size_t page_bytes = number_at(&header[8], 4);
  if (page_bytes < kPageBytesLeast || page_bytes > kPageBytesMost) return std::nullopt;
  std::optional<Head> committed, pending;
  std::array<unsigned char, kFrameHeaderBytes> frame{};
  for (std::uint64_t at = kLogHeaderBytes; read(frame.data(), frame.size(), at); at += kFrameHeaderBytes + page_bytes) {
    if (std::memcmp(&frame[8], &header[16], 8) != 0) break;
    if (number_at(&frame[0], 4) == 1) {
      Head page{};
      if (!read(page.data(), page.size(), at + kFrameHeaderBytes)) break;
      pending = page;
    }
    const bool commits = number_at(&frame[4], 4) != 0;
    if (commits && pending) committed = pending;
  }
  return committed;
}

enum class Owner : std::uint8_t { us, nobody, another };

Owner owner_of(const Head& head) noexcept {
  const std::uint32_t application = number_at(&head[kApplicationIdAt], 4);
  if (application == kApplicationId) return Owner::us;
  const bool has_tables = head[kPageKindAt] != kLeafTable || number_at(&head[kCellsAt], 2) != 0;
  return application == 0 && number_at(&head[kUserVersionAt], 4) == 0 && !has_tables ? Owner::nobody : Owner::another;
}

}  // namespace

Result<Done> check_ownership(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return Error{fmt::format("store {}: {}: check that it exists, and name the right file", path, std::strerror(errno)),
                 kind_of_errno(errno)};
  }
  if (!S_ISREG(status.st_mode)) {
    return Error{fmt::format("store {}: no regular file: name another one", path), ErrorKind::denied};
  }
  if (status.st_size == 0) return Done{};
  DatabaseFile file;
  if (!file.open(path)) {
    const bool descriptors = errno == EMFILE || errno == ENFILE;
    return Error{fmt::format("store {}: cannot be opened: {}: {}", path, std::strerror(errno),
                             descriptors ? "raise 'ulimit -n' (LimitNOFILE= of a service)"
                                         : "check that it belongs to the user the program runs as"),
                 kind_of_errno(errno)};
  }
  Head head{};
  if (!file.read(head) || std::memcmp(head.data(), kMagic.data(), kMagic.size()) != 0) {
    return Error{fmt::format("store {}: this file is no database: name another one", path), ErrorKind::broken};
  }
  Owner owner = owner_of(head);
  if (owner == Owner::nobody) {
    if (const auto newer = first_page_in_log(path + "-wal")) owner = owner_of(*newer);
  }
  if (owner != Owner::another) return Done{};
  return Error{fmt::format("store {}: this database belongs to another program: name another file", path),
               ErrorKind::denied};
}

}  // namespace logystera::store::sqlite
