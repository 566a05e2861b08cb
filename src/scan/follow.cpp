#include "scan/follow.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "scan/rotation.hpp"

namespace logystera::scan {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kSampleBytes = 64 * 1024;
constexpr unsigned kQuietPolls = 5;  // then a last line without its end is taken as it stands
constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t now_ns() { return static_cast<std::int64_t>(std::time(nullptr)) * kSecond; }

Error failed(const std::string& path, const char* doing) {
  return Error{fmt::format("{}: {}: {}", path, doing, std::strerror(errno))};
}

}  // namespace

Follower::Follower(std::string path, const parse::Formats& formats, FieldNames& names, Options options)
    : path_(std::move(path)),
      formats_(formats),
      names_(names),
      options_(std::move(options)),
      time_(now_ns(), options_.source.zone) {}

Follower::~Follower() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<Follower>> Follower::open(const std::string& path, const parse::Formats& formats, FieldNames& names,
                                                 Options options) {
  std::unique_ptr<Follower> follower(new Follower(path, formats, names, std::move(options)));
  if (auto resumed = follower->resume(); !resumed) return resumed.error();
  if (follower->fd_ >= 0) return follower;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return failed(path, "cannot be opened");
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    return Error{path + ": not a regular file: only those can be followed; 'logystera scan -' reads a pipe"};
  }
  const bool from_start = follower->options_.from_start || follower->options_.resume;
  if (auto taken = follower->take(fd, from_start ? 0 : static_cast<std::uint64_t>(status.st_size)); !taken)
    return taken.error();
  return follower;
}

// Opens the file somebody left off in, if it is still there under its name or a rotated one's.
Result<Done> Follower::resume() {
  if (!options_.resume) return Done{};
  PassedOver passed;
  std::vector<FilePath> parts = rotated_parts(path_, {}, {}, passed);
  parts.emplace_back(path_);
  for (const FilePath& part : parts) {
    const int fd = ::open(part.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) continue;
    struct stat status {};
    const Position& left = *options_.resume;
    if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_dev == left.device &&
        status.st_ino == left.inode && static_cast<std::uint64_t>(status.st_size) >= left.offset)
      return take(fd, left.offset);
    ::close(fd);
  }
  return Done{};
}

// Takes over `fd` and reads on from `offset`, or, if that is within a line, from the line after it.
Result<Done> Follower::take(int fd, std::uint64_t offset) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  struct stat status {};
  if (::fstat(fd, &status) != 0) return failed(path_, "cannot be looked at");
  device_ = status.st_dev;
  inode_ = status.st_ino;
  read_ = offset;
  pending_.clear();
  quiet_polls_ = 0;
  if (!format_ && offset > 0) detect();
  return Done{};
}

// Tells the format by what the file begins with; false if there is no whole line yet.
bool Follower::detect() {
  std::string sample(kSampleBytes, '\0');
  const ssize_t got = ::pread(fd_, sample.data(), sample.size(), 0);
  sample.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::size_t whole = sample.rfind('\n');
  if (whole == std::string::npos) return false;
  sample.resize(whole + 1);
  const parse::TimeContext& time = time_;
  if (!options_.source.format.empty()) format_ = formats_.find(options_.source.format);
  else format_ = parse::detect_format(sample, formats_, time).format;
  if (!format_) format_ = formats_.find("plaintext");
  auto parser = parse::make_parser(*format_, {names_, time});
  auto fallback = parse::make_parser(*formats_.find("plaintext"), {names_, time});
  if (!parser || !fallback) return false;
  records_.emplace(*format_, std::move(parser).value(), std::move(fallback).value(), path_, options_.source, time);
  return true;
}

bool Follower::replaced() const {
  struct stat status {};
  return ::stat(path_.c_str(), &status) == 0 && (status.st_dev != device_ || status.st_ino != inode_);
}

// Appends new bytes to what is pending; false if there are none.
Result<bool> Follower::read_more() {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) return failed(path_, "cannot be looked at");
  if (static_cast<std::uint64_t>(status.st_size) < read_) {
    ++truncations_;
    read_ = 0;
    pending_.clear();
  }
  const std::size_t before = pending_.size();
  pending_.resize(before + kReadBytes);
  const ssize_t got = ::pread(fd_, pending_.data() + before, kReadBytes, static_cast<off_t>(read_));
  if (got < 0) {
    const Error error = failed(path_, "cannot be read");
    pending_.resize(before);
    return error;
  }
  pending_.resize(before + static_cast<std::size_t>(got));
  read_ += static_cast<std::uint64_t>(got);
  return got > 0;
}

// Makes records of what is pending; false if that gave none.
bool Follower::hand_out(RecordBatch& batch, bool final) {
  if (pending_.empty() || (!records_ && !detect())) return false;
  batch.text.resize(pending_.size());
  std::memcpy(batch.text.data(), pending_.data(), pending_.size());
  pending_.erase(0, records_->read(batch, final));
  return !batch.records.empty();
}

Result<bool> Follower::poll(RecordBatch& batch) {
  batch.clear();
  const std::int64_t now = now_ns();
  time_.set_now(now);
  auto more = read_more();
  if (!more) return more.error();
  if (!more.value() && pending_.empty()) time_.caught_up(now);
  quiet_polls_ = more.value() ? 0 : quiet_polls_ + 1;
  if (more.value()) return hand_out(batch, false);
  if (replaced()) {
    // The old file is through. Whoever renamed it may still write its last lines for a moment.
    if (quiet_polls_ < 2) return false;
    if (hand_out(batch, true)) return true;
    const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;  // between the names; the next poll looks again
    ++rotations_;
    if (auto taken = take(fd, 0); !taken) return taken.error();
    return false;
  }
  return quiet_polls_ == kQuietPolls && hand_out(batch, true);
}

std::string_view Follower::format() const noexcept {
  return format_ ? std::string_view(format_->name) : std::string_view();
}

Position Follower::position() const noexcept { return {device_, inode_, read_ - pending_.size()}; }

}  // namespace logystera::scan
