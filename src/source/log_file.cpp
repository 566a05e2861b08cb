#include "source/log_file.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "core/fd.hpp"
#include "core/file_time.hpp"
#include "parse/evtx.hpp"

namespace logystera::source {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kSampleBytes = 64 * 1024;
constexpr std::size_t kHeldMost = 8 * 1024 * 1024;  // bytes that wait for a record in parts
constexpr std::uint64_t kSaidAgainTimes = 10;
constexpr std::size_t kEncodingLeast = 16;  // bytes an encoding is told by, unless no more come

// `size` bytes at `at`, or fewer at the end.
std::string bytes_at(int fd, std::uint64_t at, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = read_up_to(fd, bytes.data(), size, static_cast<off_t>(at));
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

}  // namespace

Result<std::unique_ptr<LogFile>> LogFile::open(Fd fd, std::string path, const LogReading& reading) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Error{path + ": not a regular file: only those can be followed; 'logystera scan -' reads a pipe",
                 ErrorKind::denied};
  std::unique_ptr<LogFile> file(new LogFile(std::move(fd), std::move(path), reading));
  file->device_ = status.st_dev;
  file->inode_ = status.st_ino;
  const std::string magic = bytes_at(file->fd_.get(), 0, 4);
  if (magic.substr(0, 3) != "\x1f\x8b\x08" && magic != "\x28\xb5\x2f\xfd") return file;
  const int copy = ::fcntl(file->fd_.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0)
    return Error{fmt::format("{}: cannot be opened: {}", file->path_, std::strerror(errno)), kind_of_errno(errno)};
  ::lseek(copy, 0, SEEK_SET);
  parse::InputLimits limits = reading.options.input;
  limits.decode = false;
  auto input = parse::open_input(copy, file->path_, limits);
  if (!input) return input.error();
  file->stream_ = std::move(input->stream);
  return file;
}

std::string_view LogFile::refusal() const {
  constexpr std::size_t kMagicBytes = 512;
  if (!reading_.options.format.empty()) return {};
  const std::string head = bytes_at(fd_.get(), 0, kMagicBytes);
  if (parse::is_evtx(head))
    return "a Windows event log (EVTX), which is not written line by line: 'logystera scan' reads it";
  return parse::known_binary(head);
}

Result<std::unique_ptr<LogFile>> LogFile::again() const {
  Fd copy(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return Error{fmt::format("{}: cannot be opened: {}", path_, std::strerror(errno)), kind_of_errno(errno)};
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
  held_ -= std::min(held_, bytes);
}

// Records were made of the next so many bytes. They are done with, but for those from the first part of an open record on.
void LogFile::made_records(std::size_t bytes) {
  shown_ -= std::min<std::uint64_t>(shown_, bytes);
  held_ += bytes;
  const auto oldest = records_->oldest_part();
  if (!oldest) {
    oldest_part_ = 0;
    parts_due_ = false;
    return consume(held_);
  }
  if (oldest->line != oldest_part_) parts_since_ = std::chrono::steady_clock::now();
  oldest_part_ = oldest->line;
  consume(held_ - std::min<std::uint64_t>(held_, oldest->back));
  parts_due_ = parts_due_ || held_ > kHeldMost;
}

bool LogFile::parts_overdue(std::chrono::milliseconds wait) const {
  return oldest_part_ > 0 && (parts_due_ || std::chrono::steady_clock::now() - parts_since_ >= wait);
}

bool LogFile::hand_out_parts(RecordBatch& batch) {
  if (!records_ || oldest_part_ == 0) return false;
  records_->finish(batch);
  made_records(0);
  return !batch.records.empty();
}

Place LogFile::place() const {
  const bool held = held_ > 0;
  Place place{mark(),
              read_ - pending_.size(),
              before_.size(),
              mark_of(before_),
              held       ? oldest_part_
              : records_ ? records_->next_line()
                         : line_,
              !held && (records_ ? records_->within_long_line() : within_long_line_),
              held ? 0 : shown_};
  return place;
}

FileMark LogFile::mark() const {
  const struct stat now = status();
  return {device_, inode_, head_.size(), mark_of(head_), written_ns(now), head_};
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
  if (packed())
    return Error{path_ + ": is packed, and nobody writes to such a file: 'logystera scan' reads it", ErrorKind::invalid};
  const std::uint64_t size = static_cast<std::uint64_t>(status().st_size);
  const std::size_t most = std::min<std::uint64_t>(size, reading_.options.line_bytes + 1);
  encoding_ = parse::recognise_encoding(bytes_at(fd_.get(), 0, parse::kEncodingSample)).encoding;
  if (size < kEncodingLeast) encoding_.reset();
  const std::size_t unit = parse::unit_bytes(encoding());
  std::string tail = bytes_at(fd_.get(), size - most, most);
  tail.erase(0, (unit - (size - most) % unit) % unit);
  std::size_t newline = tail.rfind('\n');
  if (unit > 1) {
    const std::string text = text_of(tail);
    newline = text.rfind('\n');
    if (newline != std::string::npos) newline = parse::encoded_size(encoding(), tail, newline + 1) - 1;
  }
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
  held_ = other.held_;
  changes_said_ = other.changes_said_;
  unnamed_said_ = other.unnamed_said_;
  encoding_ = other.encoding_;
  expected_encoding_ = other.expected_encoding_;
  oldest_part_ = other.oldest_part_;
  parts_since_ = other.parts_since_;
  parts_due_ = other.parts_due_;
  other.pending_.clear();
  other.records_.reset();
  other.held_ = 0;
  other.oldest_part_ = 0;
  return true;
}

// Whether the bytes before read_ still are what they were.
bool LogFile::same_before() {
  const struct stat now = status();
  if (static_cast<std::uint64_t>(now.st_size) < read_) return false;
  const std::int64_t changed = written_ns(now);
  if (changed == changed_ns_ && now.st_size == size_ && static_cast<std::uint64_t>(size_) == read_) return true;
  changed_ns_ = changed;
  size_ = now.st_size;
  const std::string before = before_read();
  if (bytes_at(fd_.get(), read_ - before.size(), before.size()) != before) return false;
  return bytes_at(fd_.get(), 0, head_.size()) == head_;
}

// What a truncation leaves of a file whose writer goes on where he was: nothing, up to where he is.
void LogFile::pass_hole() {
  if (pending_.size() > held_) return;
  char first = 1;
  if (::pread(fd_.get(), &first, 1, static_cast<off_t>(read_)) != 1 || first != '\0' || !same_before()) return;
  off_t data = ::lseek(fd_.get(), static_cast<off_t>(read_), SEEK_DATA);
  if (data < 0) data = errno == ENXIO ? status().st_size : static_cast<off_t>(read_);
  const std::uint64_t to = static_cast<std::uint64_t>(data);
  if (to <= read_) return;
  reading_.say(fmt::format("{}: {} bytes that were never written (a hole) passed over", path_, to - read_));
  if (read_ == 0) head_.assign(std::min<std::uint64_t>(to, kHeadBytes), '\0');
  before_.assign(std::min<std::uint64_t>(to, kBeforeBytes), '\0');
  // What waits for parts was before it: nothing completes it any more.
  pending_.clear();
  held_ = 0;
  parts_due_ = true;
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
  if (got < 0) return Error{fmt::format("{}: cannot be read: {}", path_, std::strerror(errno)), kind_of_errno(errno)};
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
  for (const std::uint64_t from : {std::uint64_t{0}, place > kSampleBytes ? (place - kSampleBytes) / 4 * 4 : 0}) {
    const std::string sample = text_of(bytes_at(fd_.get(), from, std::min<std::uint64_t>(kSampleBytes, place - from)));
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

// Bytes of the file as UTF-8.
std::string LogFile::text_of(std::string_view bytes) const {
  std::string text;
  parse::TextDecoder(encoding()).decode(bytes, text);
  return text;
}

// What the bytes mean, once there are enough of them to tell. A file that goes on with what another one was copied from has no
// mark of its own: then the encoding is that one's, if there are NULs as there would be.
bool LogFile::choose_encoding(bool enough) {
  if (encoding_) return true;
  std::string head = packed() ? head_ : bytes_at(fd_.get(), 0, parse::kEncodingSample);
  std::size_t hole = std::min(head.find_first_not_of('\0'), head.size());
  if (hole > 4) {  // more than what stands before the first letter
    hole = read_ > pending_.size() ? read_ - pending_.size() : hole;
    hole -= hole % 2;
    head = packed() ? head_.substr(std::min(hole, head_.size())) : bytes_at(fd_.get(), hole, parse::kEncodingSample);
  }
  if (head.size() < kEncodingLeast && !enough) return false;
  parse::Encoding found = parse::recognise_encoding(head).encoding;
  if (found == parse::Encoding::bytes && head.find('\0') != std::string::npos) found = expected_encoding_;
  encoding_ = found;
  return true;
}

// Chooses a format for the first time: the one that is asked for, or by what stands before the place, or by what is there now.
bool LogFile::choose_format(bool whole_lines) {
  if (!choose_encoding(!whole_lines)) return false;
  const std::uint64_t place = read_ - pending_.size();
  const parse::Format* chosen = nullptr;
  std::size_t seen = 0;
  std::string sample;
  const auto by = [&](std::string text) {
    const bool line = text.find('\n') != std::string::npos;
    if (!line && whole_lines) return;
    const parse::Detection found = parse::detect_log(text, !line, reading_.formats, reading_.time);
    if (!found.format || (chosen && found.format->reader == "plaintext")) return;
    chosen = found.format;
    seen = found.sampled;
    sample = std::move(text);
  };
  const bool given = !reading_.options.format.empty();
  const std::string pending = text_of(std::string_view(pending_).substr(0, kSampleBytes));
  if (given) {
    chosen = reading_.formats.find(reading_.options.format);
  } else if (format_) {
    chosen = format_;  // of the file before: a guess, which one line may prove wrong
  } else {
    if (!packed() && place > 0) {
      const std::uint64_t from = place > kSampleBytes ? (place - kSampleBytes) / 4 * 4 : 0;
      std::string before = text_of(bytes_at(fd_.get(), from, place - from));
      if (from > 0) before.erase(0, std::min(before.find('\n'), before.size() - 1) + 1);
      by(std::move(before));
      if (!chosen || chosen->reader == "plaintext")
        by(text_of(bytes_at(fd_.get(), 0, std::min<std::uint64_t>(place, kSampleBytes))));
    }
    if (!chosen) by(pending);
  }
  if (!chosen && (!whole_lines || pending.find('\n') != std::string::npos || pending_.size() > reading_.options.line_bytes))
    chosen = reading_.formats.find("plaintext");
  if (!chosen || !make_records(*chosen, line_, place, within_long_line_)) return false;
  if (!given) records_->watch(reading_.formats, reading_.names, seen);
  const std::string_view looked_at = sample.empty() ? std::string_view(pending) : std::string_view(sample);
  records_->join_parts(!parse::is_wide(encoding()) &&
                       parse::parts_end_somewhere(looked_at, *chosen, {reading_.names, reading_.time}));
  return true;
}

// What the reader has found meanwhile: lines of another format.
void LogFile::say_changes() {
  const auto& changes = records_->changes();
  for (; changes_said_ < changes.size(); ++changes_said_) {
    const parse::Format* const found = changes[changes_said_].format;
    reading_.say(fmt::format("{}: read as {} from here on, not as {}", reading_.name, found->name, format_->name));
    format_ = found;
  }
  // At the first, and whenever they have become ten times as many.
  const std::uint64_t unnamed = records_->counts().unnamed_fields;
  if (unnamed == 0 || unnamed < unnamed_said_ * kSaidAgainTimes) return;
  unnamed_said_ = unnamed;
  reading_.say(fmt::format("{}: {} fields were left out until now: too many different names, or names too long",
                           reading_.name, unnamed));
}

bool LogFile::hand_out(RecordBatch& batch, Expect expect) {
  if (parts_due_ && hand_out_parts(batch)) return true;
  if (!unfinished() || (!records_ && !choose_format(expect == Expect::more))) return false;
  std::string decoded;
  std::string_view text = fresh();
  if (parse::is_wide(encoding())) {
    parse::TextDecoder decoder(encoding());
    decoder.decode(text, decoded);
    if (expect == Expect::last) decoder.finish(decoded);
    text = decoded;
  }
  const std::size_t newline = text.rfind('\n');
  const std::size_t whole = newline == std::string_view::npos ? 0 : newline + 1;
  // Quiet: the lines that have an end are through; one that has none is shown, and comes again whole.
  const bool lines_first = (expect == Expect::quiet || expect == Expect::lines) && whole > 0;
  if (expect == Expect::lines && whole == 0) return false;
  const std::size_t size = lines_first ? whole : text.size();
  if (whole == 0 && expect != Expect::more && shown_ > 0) {
    if (expect == Expect::last) made_records(fresh().size());
    return false;
  }
  batch.text.resize(size);
  if (size > 0) std::memcpy(batch.text.data(), text.data(), size);
  if (expect == Expect::quiet && !lines_first) {
    records_->peek(batch);
    if (!batch.records.empty()) shown_ = fresh().size();
    return !batch.records.empty();
  }
  const std::size_t done = records_->read(batch, lines_first || expect == Expect::last);
  say_changes();
  if (parse::is_wide(encoding())) {
    made_records(expect == Expect::last && done == text.size() ? fresh().size()
                                                               : parse::encoded_size(encoding(), fresh(), done));
    records_->resume(records_->next_line(), read_ - pending_.size(), records_->within_long_line());
  } else {
    made_records(done);
  }
  if (expect == Expect::last) records_->finish(batch), made_records(0);
  return !batch.records.empty();
}

}  // namespace logystera::source
