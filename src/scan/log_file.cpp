#include "scan/log_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace logystera::scan {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kSampleBytes = 64 * 1024;
constexpr std::size_t kMisfitsLeast = 5;      // lines in a row, before a format that was chosen by many is doubted
constexpr std::size_t kMisfitsLater = 16;     // and before it is doubted again
constexpr std::size_t kMisfitLines = 32;      // that are looked at
constexpr double kConfidenceLeast = 0.5;      // of the format that takes its place
constexpr std::uint64_t kDecidedOnMany = 32;  // lines
constexpr unsigned kSwitchesShift = 6;        // each change asks for twice as many lines as the one before, to a limit

// `size` bytes at `at`, or fewer at the end.
std::string bytes_at(int fd, std::uint64_t at, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::pread(fd, bytes.data() + filled, size - filled, static_cast<off_t>(at + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

std::size_t lines_in(std::string_view text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

Result<std::unique_ptr<LogFile>> LogFile::open(Fd fd, std::string path, const LogReading& reading) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Error{path + ": not a regular file: only those can be followed; 'logystera scan -' reads a pipe"};
  std::unique_ptr<LogFile> file(new LogFile(std::move(fd), std::move(path), reading));
  file->device_ = status.st_dev;
  file->inode_ = status.st_ino;
  const std::string magic = bytes_at(file->fd_.get(), 0, 4);
  if (magic.substr(0, 3) != "\x1f\x8b\x08" && magic != "\x28\xb5\x2f\xfd") return file;
  const int copy = ::fcntl(file->fd_.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return Error{fmt::format("{}: cannot be opened: {}", file->path_, std::strerror(errno))};
  ::lseek(copy, 0, SEEK_SET);
  auto input = parse::open_input(copy, file->path_, reading.options.input);
  if (!input) return input.error();
  file->stream_ = std::move(input->stream);
  return file;
}

Result<std::unique_ptr<LogFile>> LogFile::again() const {
  Fd copy(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return Error{fmt::format("{}: cannot be opened: {}", path_, std::strerror(errno))};
  return open(std::move(copy), path_, reading_);
}

struct stat LogFile::status() const noexcept {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) status = {};
  return status;
}

void LogFile::keep_head(std::string_view bytes) {
  if (head_.size() < kHeadBytes && read_ == head_.size()) head_ += bytes.substr(0, kHeadBytes - head_.size());
}

// The last kBeforeBytes before read_.
std::string LogFile::before_read() const {
  std::string bytes;
  if (pending_.size() < kBeforeBytes)
    bytes = before_.substr(before_.size() - std::min(before_.size(), kBeforeBytes - pending_.size()));
  return bytes + pending_.substr(pending_.size() - std::min(pending_.size(), kBeforeBytes));
}

void LogFile::consume(std::size_t bytes) {
  if (bytes >= kBeforeBytes) {
    before_ = pending_.substr(bytes - kBeforeBytes, kBeforeBytes);
  } else {
    before_.append(pending_, 0, bytes);
    if (before_.size() > kBeforeBytes) before_.erase(0, before_.size() - kBeforeBytes);
  }
  pending_.erase(0, bytes);
  shown_ -= std::min<std::uint64_t>(shown_, bytes);
}

Place LogFile::place() const {
  Place place{mark(),
              read_ - pending_.size(),
              before_.size(),
              mark_of(before_),
              records_ ? records_->next_line() : line_,
              records_ ? records_->within_long_line() : within_long_line_,
              shown_};
  return place;
}

FileMark LogFile::mark() const {
  const struct stat now = status();
  return {device_, inode_, head_.size(), mark_of(head_), now.st_mtim.tv_sec * 1'000'000'000LL + now.st_mtim.tv_nsec, head_};
}

std::string LogFile::head() {
  while (packed() && head_.size() < kHeadBytes && read_ == head_.size()) {
    const auto got = look();
    if (!got || got.value() != Look::bytes) break;
  }
  return packed() ? head_ : bytes_at(fd_.get(), 0, kHeadBytes);
}

bool LogFile::copies(const FileMark& mark) {
  const std::string own = head();
  return begins_with(mark) || (!own.empty() && own.size() < mark.text.size() && mark.text.compare(0, own.size(), own) == 0);
}

bool LogFile::begins_with(const FileMark& mark) {
  const std::string head = this->head();
  return mark.head_bytes > 0 && head.size() >= mark.head_bytes && mark_of(head.substr(0, mark.head_bytes)) == mark.head;
}

Result<Done> LogFile::begin_at_end() {
  if (packed()) return Error{path_ + ": is packed, and nobody writes to such a file: 'logystera scan' reads it"};
  const std::uint64_t size = static_cast<std::uint64_t>(status().st_size);
  const std::size_t most = std::min<std::uint64_t>(size, reading_.options.line_bytes + 1);
  const std::string tail = bytes_at(fd_.get(), size - most, most);
  const std::size_t newline = tail.rfind('\n');
  // A line that has no end yet is whole when its end comes. It was there before, so it is not shown until then.
  std::uint64_t unfinished = newline == std::string::npos ? tail.size() : tail.size() - newline - 1;
  within_long_line_ = unfinished > reading_.options.line_bytes;
  if (within_long_line_) unfinished = 0;
  Place place;
  place.offset = size - unfinished;
  place.within_long_line = within_long_line_;
  place.shown = unfinished;
  go_on(place, true);
  return Done{};
}

// A packed file is unpacked up to there; a plain one is compared.
bool LogFile::reaches(std::uint64_t offset, std::string_view before_mark, std::uint64_t before_bytes) {
  if (!packed()) {
    if (static_cast<std::uint64_t>(status().st_size) < offset) return false;
    head_ = bytes_at(fd_.get(), 0, std::min<std::uint64_t>(kHeadBytes, offset));
    const std::uint64_t keep = std::min<std::uint64_t>(offset, kBeforeBytes);
    before_ = bytes_at(fd_.get(), offset - keep, keep);
    read_ = offset;
    pending_.clear();
  } else {
    for (;;) {
      consume(std::min<std::uint64_t>(pending_.size(), offset - std::min(offset, read_ - pending_.size())));
      if (read_ - pending_.size() >= offset) break;
      auto got = look();
      if (!got || got.value() != Look::bytes) break;
    }
    if (read_ - pending_.size() != offset) return false;
  }
  if (before_bytes == 0) return true;
  return before_.size() >= before_bytes &&
         mark_of(std::string_view(before_).substr(before_.size() - before_bytes)) == before_mark;
}

bool LogFile::go_on(const Place& place, bool exact) {
  if (place.file.head_bytes > 0 && !begins_with(place.file)) return false;
  line_ = place.line;
  within_long_line_ = place.within_long_line;
  if (!reaches(place.offset, place.before, place.before_bytes)) {
    const bool shorter = packed() ? ended_ : static_cast<std::uint64_t>(status().st_size) < place.offset;
    if (exact || !shorter || place.file.head_bytes < kHeadBytes) return false;
    if (!packed()) head_ = bytes_at(fd_.get(), 0, kHeadBytes);
    read_ = place.offset;
    pending_.clear();
    ended_ = true;
    return true;
  }
  shown_ = place.shown;
  return true;
}

bool LogFile::take_over(LogFile& other, bool exact) {
  const std::string before = other.before_read();
  const Place place{other.mark(), other.read_, before.size(), mark_of(before)};
  if (!go_on(place, exact)) return false;
  const std::string rest = std::move(pending_);  // a packed file's, unpacked beyond the place
  before_ = std::move(other.before_);
  pending_ = std::move(other.pending_) + rest;
  shown_ = other.shown_;
  records_ = std::move(other.records_);
  format_ = other.format_;
  line_ = other.line_;
  within_long_line_ = other.within_long_line_;
  decided_on_ = other.decided_on_;
  other.pending_.clear();
  other.records_.reset();
  return true;
}

// Whether the bytes before read_ still are what they were.
bool LogFile::same_before() {
  const struct stat now = status();
  if (static_cast<std::uint64_t>(now.st_size) < read_) return false;
  const std::int64_t changed = now.st_mtim.tv_sec * 1'000'000'000LL + now.st_mtim.tv_nsec;
  if (changed == changed_ns_ && now.st_size == size_ && static_cast<std::uint64_t>(size_) == read_) return true;
  changed_ns_ = changed;
  size_ = now.st_size;
  const std::string before = before_read();
  if (bytes_at(fd_.get(), read_ - before.size(), before.size()) != before) return false;
  return bytes_at(fd_.get(), 0, head_.size()) == head_;
}

// What a truncation leaves of a file whose writer goes on where he was: nothing, up to where he is.
void LogFile::pass_hole() {
  if (!pending_.empty()) return;
  char first = 1;
  if (::pread(fd_.get(), &first, 1, static_cast<off_t>(read_)) != 1 || first != '\0' || !same_before()) return;
  off_t data = ::lseek(fd_.get(), static_cast<off_t>(read_), SEEK_DATA);
  if (data < 0) data = errno == ENXIO ? status().st_size : static_cast<off_t>(read_);
  const std::uint64_t to = static_cast<std::uint64_t>(data);
  if (to <= read_) return;
  reading_.say(fmt::format("{}: {} bytes that were never written (a hole) passed over", path_, to - read_));
  if (read_ == 0) head_.assign(std::min<std::uint64_t>(to, kHeadBytes), '\0');
  before_.assign(std::min<std::uint64_t>(to, kBeforeBytes), '\0');
  read_ = to;
  if (records_) records_->resume(records_->next_line(), read_, records_->within_long_line());
}

Result<LogFile::Look> LogFile::look() {
  const std::size_t before = pending_.size();
  if (packed()) {
    if (ended_) return Look::nothing;
    pending_.resize(before + kReadBytes);
    auto got = stream_->read(pending_.data() + before, kReadBytes);
    pending_.resize(before + (got ? got.value() : 0));
    if (!got) reading_.say(fmt::format("{}; what follows in it could not be read", got.error().message));
    ended_ = !got || got.value() == 0;
    keep_head(std::string_view(pending_).substr(before));
    read_ += pending_.size() - before;
    return ended_ ? Look::nothing : Look::bytes;
  }
  if (ended_) return Look::nothing;
  pass_hole();
  std::string more(kReadBytes, '\0');
  const ssize_t got = ::pread(fd_.get(), more.data(), more.size(), static_cast<off_t>(read_));
  if (got < 0) return Error{fmt::format("{}: cannot be read: {}", path_, std::strerror(errno))};
  more.resize(static_cast<std::size_t>(got));
  // After the read: had it been truncated before, these would be bytes of another log.
  if (!same_before()) return Look::changed;
  keep_head(more);
  pending_ += more;
  read_ += more.size();
  return more.empty() ? Look::nothing : Look::bytes;
}

bool LogFile::make_records(const parse::Format& format, std::uint64_t line, std::uint64_t offset, bool within_long_line) {
  const parse::Format* const text = reading_.formats.find("plaintext");
  if (!text) return false;
  auto parser = parse::make_parser(format, {reading_.names, reading_.time});
  auto fallback = parse::make_parser(*text, {reading_.names, reading_.time});
  if (!parser || !fallback) return false;
  records_ = std::make_unique<parse::LineRecords>(format, std::move(parser).value(), std::move(fallback).value(),
                                                  reading_.name, reading_.options, reading_.time);
  format_ = &format;
  prime();
  records_->resume(line, offset, within_long_line);
  return true;
}

// Shows a new parser what the file says about itself ahead of the place: W3C's #Fields.
void LogFile::prime() {
  if (format_->reader != "w3c" || packed() || read_ == pending_.size()) return;
  const std::uint64_t place = read_ - pending_.size();
  RecordBatch batch;
  for (const std::uint64_t from : {std::uint64_t{0}, place > kSampleBytes ? place - kSampleBytes : 0}) {
    const std::string sample = bytes_at(fd_.get(), from, std::min<std::uint64_t>(kSampleBytes, place - from));
    std::string directives;
    for (std::size_t at = 0; at < sample.size();) {
      const std::size_t end = std::min(sample.find('\n', at), sample.size() - 1) + 1;
      if (sample[at] == '#' && sample[end - 1] == '\n') directives += sample.substr(at, end - at);
      at = end;
    }
    batch.clear();
    batch.text.resize(directives.size());
    if (!directives.empty()) std::memcpy(batch.text.data(), directives.data(), directives.size());
    records_->read(batch, true);
  }
}

// Chooses a format for the first time: the one that is asked for, or by what stands before the place, or by what is there now.
bool LogFile::choose_format(bool whole_lines) {
  const std::uint64_t place = read_ - pending_.size();
  const parse::Format* chosen = nullptr;
  const auto by = [&](std::string_view sample) {
    const std::size_t newline = sample.rfind('\n');
    if (newline == std::string_view::npos && whole_lines) return;
    const parse::Detection found = parse::detect_format(sample.substr(0, newline), reading_.formats, reading_.time);
    if (!found.format || (chosen && found.format->reader == "plaintext")) return;
    chosen = found.format;
    decided_on_ = found.sampled;
  };
  if (!reading_.options.format.empty()) {
    chosen = reading_.formats.find(reading_.options.format);
  } else if (format_) {
    chosen = format_;  // of the file before: a guess, which one line may prove wrong
    decided_on_ = 0;
  } else {
    if (!packed() && place > 0) {
      const std::uint64_t from = place > kSampleBytes ? place - kSampleBytes : 0;
      std::string sample = bytes_at(fd_.get(), from, place - from);
      if (from > 0) sample.erase(0, std::min(sample.find('\n'), sample.size() - 1) + 1);
      by(sample);
      if (!chosen || chosen->reader == "plaintext")
        by(bytes_at(fd_.get(), 0, std::min<std::uint64_t>(place, kSampleBytes)));
    }
    if (!chosen) by(std::string_view(pending_).substr(0, kSampleBytes));
  }
  if (!chosen &&
      (!whole_lines || pending_.find('\n') != std::string::npos || pending_.size() > reading_.options.line_bytes))
    chosen = reading_.formats.find("plaintext");
  return chosen && make_records(*chosen, line_, place, within_long_line_);
}

// Lines that do not fit are looked at again: another format may have begun. Then `batch` is made anew in that one. A format
// chosen by little gives way at once, one that many lines stood for only to several in a row, and each time to more.
bool LogFile::reconsider(RecordBatch& batch, std::size_t whole, bool final, std::size_t& done) {
  if (!reading_.options.format.empty() || batch.records.empty()) return false;
  const bool text = format_->reader == "plaintext";
  std::size_t fitting = 0;
  for (const Record& record : batch.records) fitting += record.parsed && !text;
  if (fitting * 2 > batch.records.size()) {
    decided_on_ += fitting;
    misfits_.clear();
    misfit_lines_ = misfits_wanted_ = 0;
    return false;
  }
  const std::string_view lines = std::string_view(pending_).substr(0, whole);
  const bool weak = switches_ == 0 && decided_on_ < kDecidedOnMany && (text || decided_on_ == 0);
  if (text) decided_on_ += lines_in(lines);
  misfits_ += lines;
  misfit_lines_ += lines_in(lines);
  if (misfit_lines_ < (weak ? 1 : std::max(kMisfitsLeast << std::min(switches_, kSwitchesShift), misfits_wanted_)))
    return false;
  // To look costs a parse of these lines in every format.
  std::size_t from = misfits_.size(), kept = 0;
  while (from > 0 && kept <= kMisfitLines && misfits_.size() - from < kSampleBytes)
    if (misfits_[--from] == '\n') ++kept;
  const parse::Detection found =
      parse::detect_format(std::string_view(misfits_).substr(from), reading_.formats, reading_.time);
  misfits_.clear();
  misfit_lines_ = 0;
  misfits_wanted_ = kMisfitsLater;
  if (!found.format || found.format == format_ || found.format->reader == "plaintext") return false;
  if (found.confidence < kConfidenceLeast || found.matched * 5 < found.sampled * 4) return false;
  reading_.say(fmt::format("{}: read as {} from here on, not as {}", reading_.name, found.format->name, format_->name));
  const std::uint64_t offset = read_ - pending_.size();
  if (!make_records(*found.format, line_, offset, within_long_line_)) return false;
  ++switches_;
  decided_on_ = found.matched;
  misfits_wanted_ = 0;
  const std::size_t size = batch.text.size();
  batch.clear();
  batch.text.resize(size);
  std::memcpy(batch.text.data(), pending_.data(), size);
  done = records_->read(batch, final);
  return true;
}

bool LogFile::hand_out(RecordBatch& batch, Expect expect) {
  if (pending_.empty() || (!records_ && !choose_format(expect == Expect::more))) return false;
  const std::size_t newline = pending_.rfind('\n');
  const std::size_t whole = newline == std::string::npos ? 0 : newline + 1;
  // Quiet: the lines that have an end are through; one that has none is shown, and comes again whole.
  const bool lines_first = (expect == Expect::quiet || expect == Expect::lines) && whole > 0;
  if (expect == Expect::lines && whole == 0) return false;
  const std::size_t size = lines_first ? whole : pending_.size();
  if (whole == 0 && expect != Expect::more && shown_ > 0) {
    if (expect == Expect::last) consume(pending_.size());
    return false;
  }
  batch.text.resize(size);
  std::memcpy(batch.text.data(), pending_.data(), size);
  line_ = records_->next_line();
  within_long_line_ = records_->within_long_line();
  if (expect == Expect::quiet && !lines_first) {
    records_->peek(batch);
    shown_ = pending_.size();
    return !batch.records.empty();
  }
  const bool final = lines_first || expect == Expect::last;
  std::size_t done = records_->read(batch, final);
  if (whole > 0) reconsider(batch, whole, final, done);
  consume(done);
  return !batch.records.empty();
}

}  // namespace logystera::scan
