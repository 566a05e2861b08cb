#include "agent/drop_records.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include "agent/buffer_header.hpp"

namespace logystera::agent {
namespace {

constexpr std::uint64_t kMagic = 0x01535052444f474c;  // "LGODRPS" and format 1, little endian
constexpr std::size_t kRounds = 8;
constexpr long kPauseNanoseconds = 50'000;
constexpr char kBlankFile[DropRecords::kFileBytes] = {};

struct Record {
  std::uint64_t magic;
  std::uint32_t reasons;
  std::uint32_t unused;
  DropCount drops[kDropReasons];
  std::uint8_t rest[DropRecords::kRecordBytes - 16 - sizeof(DropCount) * kDropReasons - 4];
  std::uint32_t crc;
};
static_assert(sizeof(Record) == DropRecords::kRecordBytes, "a record is one sector");

off_t place_of(std::size_t number) noexcept { return static_cast<off_t>(number * DropRecords::kRecordBytes); }

std::uint32_t crc_of(const Record& record) noexcept {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(&record), static_cast<uInt>(offsetof(Record, crc))));
}

// A record that does not read (new, or damaged by a power loss) counts nothing. An older version knew fewer reasons.
DropCounts read_record(int fd, std::size_t number) noexcept {
  DropCounts counts{};
  Record record;
  if (::pread(fd, &record, sizeof record, place_of(number)) != static_cast<ssize_t>(sizeof record)) return counts;
  if (record.magic != kMagic || record.reasons > kDropReasons || record.crc != crc_of(record)) return counts;
  std::copy(record.drops, record.drops + record.reasons, counts.begin());
  return counts;
}

bool write_record(int fd, std::size_t number, const DropCounts& counts) noexcept {
  Record record{};
  record.magic = kMagic;
  record.reasons = kDropReasons;
  std::copy(counts.begin(), counts.end(), record.drops);
  record.crc = crc_of(record);
  return ::pwrite(fd, &record, sizeof record, place_of(number)) == static_cast<ssize_t>(sizeof record);
}

bool set_lock(int fd, std::size_t number, short type) noexcept {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = place_of(number);
  range.l_len = static_cast<off_t>(DropRecords::kRecordBytes);
  return ::fcntl(fd, F_OFD_SETLK, &range) == 0;
}

}  // namespace

DropRecords DropRecords::open(const Directory& directory, const FileRules& rules) noexcept {
  struct stat st;
  Fd file = directory.open_file(kFileName, O_RDWR, rules, st);
  if (file || errno != ENOENT) return DropRecords(std::move(file));
  // Whole from its first moment, so that its block is there when the disk is full. If that cannot be, it grows by writing.
  directory.make_file(kFileName, rules, {std::string_view(kBlankFile, sizeof kBlankFile)});
  return DropRecords(directory.open_file(kFileName, O_RDWR | O_CREAT, rules, st));
}

DropRecords DropRecords::look(const Directory& directory) noexcept {
  Fd file = directory.open_unchecked(kFileName, O_RDONLY);
  struct stat st;
  const bool usable = file && ::fstat(file.get(), &st) == 0 && S_ISREG(st.st_mode) && directory.is_only_name(kFileName, st);
  return DropRecords(usable ? std::move(file) : Fd());
}

bool DropRecords::add(const DropCounts& counts, By by) noexcept {
  const auto first = static_cast<std::size_t>(::getpid());
  const std::size_t own = by == By::lock_holder ? kRecords - kSharedRecords : 0;  // tried before the shared ones
  const std::size_t usable = own + kSharedRecords;
  // The system would not write. An older version's file is shorter, and on a full disk only its records have room: each is tried once.
  bool refused = false;
  for (std::size_t i = 0; i < kRounds * usable; ++i) {
    const std::size_t in_round = i % usable;
    if (in_round == 0 && refused) return false;
    const std::size_t number =
        in_round < own ? kSharedRecords + (first + in_round) % own : (first + in_round) % kSharedRecords;
    if (!set_lock(file_.get(), number, F_WRLCK)) {
      // Whoever seals the counts has them all, for some microseconds.
      const struct timespec pause = {0, kPauseNanoseconds};
      if (in_round + 1 == usable && i + 1 != kRounds * usable) ::nanosleep(&pause, nullptr);
      continue;
    }
    DropCounts sum = read_record(file_.get(), number);
    add_drops(sum, counts);
    const bool written = write_record(file_.get(), number, sum);
    set_lock(file_.get(), number, F_UNLCK);
    if (written) return true;
    refused = true;
  }
  return false;
}

DropCounts DropRecords::read() const noexcept {
  DropCounts sum{};
  for (std::size_t i = 0; i < kRecords; ++i) add_drops(sum, read_record(file_.get(), i));
  return sum;
}

DropCounts DropRecords::take() noexcept {
  DropCounts sum{};
  for (std::size_t i = 0; i < kRecords; ++i) {
    taken_[i] = set_lock(file_.get(), i, F_WRLCK);
    if (taken_[i]) add_drops(sum, read_record(file_.get(), i));
  }
  return sum;
}

void DropRecords::clear_taken() noexcept {
  for (std::size_t i = 0; i < kRecords; ++i) {
    if (!taken_[i]) continue;
    write_record(file_.get(), i, DropCounts{});
    set_lock(file_.get(), i, F_UNLCK);
    taken_[i] = false;
  }
}

}  // namespace logystera::agent
