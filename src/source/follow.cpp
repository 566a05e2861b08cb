// One file: which file is read, which ones were left and which one comes next change together, and every decision is made of all three.
// What a single file is stands in log_file.cpp, how parts are named in rotation.cpp.
#include "source/follow.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <thread>

#include "core/clock.hpp"
#include "core/file_time.hpp"
#include "source/rotation.hpp"

namespace logystera::source {
namespace {

constexpr unsigned kQuietPolls = 5;  // then a record that may go on, and a line without its end, are shown
constexpr auto kGraceMost = std::chrono::seconds(5);
constexpr std::size_t kLateMost = 16;      // old files watched for late lines
constexpr std::size_t kNewerMost = 64;     // newer parts held open
constexpr std::size_t kNoticesMost = 100;  // until somebody asks
constexpr int kListings = 8;               // a listing taken while names change is taken again
constexpr int kStepsMost = 64;             // a poll
constexpr auto kPollEvery = std::chrono::milliseconds(200);
constexpr std::int64_t kTimesNs = kSecondNs;  // what packing may round a file's time by

// The clock that files' times are of.
std::int64_t now_ns() { return nanoseconds_of(time_of(CLOCK_REALTIME_COARSE)); }

// For dates in lines: the clock that is set, and that whoever wrote them looked at.
std::int64_t date_ns() { return wall_ns(); }

}  // namespace

Follower::Follower(FilePath log, const parse::Formats& formats, FieldNames& names, Options options)
    : log_(std::move(log)),
      part_(std::make_shared<Part>()),
      formats_(formats),
      options_(std::move(options)),
      time_(date_ns(), options_.source.zone),
      reading_{path_, formats_, names, options_.source, time_, [this](std::string text) { say(std::move(text)); }},
      rotated_dirs_(options_.rotated_dirs) {
  part_->name = path_;
}

void Follower::say(std::string text) {
  if (notices_.size() < kNoticesMost) notices_.push_back(std::move(text));
}

Result<std::unique_ptr<Follower>> Follower::open(FilePath log, const parse::Formats& formats, FieldNames& names,
                                                 Options options) {
  std::unique_ptr<Follower> follower(new Follower(std::move(log), formats, names, std::move(options)));
  auto begun = follower->options_.resume ? follower->resume(*follower->options_.resume) : follower->begin();
  if (!begun) return begun.error();
  if (const std::string_view what = follower->file_->refusal(); !what.empty())
    return Error{fmt::format("{}: {}", follower->path_, what)};
  return follower;
}

Result<std::unique_ptr<LogFile>> Follower::open_log() {
  if (log_.found) {
    auto found = open_found(log_);
    if (!found) return found.error();
    return LogFile::open(std::move(found).value(), path_, reading_);
  }
  Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return Error{fmt::format("{}: cannot be opened: {}", path_, std::strerror(errno)), kind_of_errno(errno)};
  return LogFile::open(std::move(fd), path_, reading_);
}

// Null, and said, if it cannot be read. One that vanished is not spoken of: it has another name now.
std::unique_ptr<LogFile> Follower::open_part(const FilePath& part, bool& vanished) {
  auto fd = open_found(part);
  if (!fd) {
    struct stat status {};
    if (::lstat(part.path.c_str(), &status) == 0) say(fd.error().message);
    else vanished = true;
    return nullptr;
  }
  auto file = LogFile::open(std::move(fd).value(), part.path, reading_);
  if (!file) {
    say(file.error().message);
    return nullptr;
  }
  return std::move(file).value();
}

// The names of the older parts, oldest first, as they were in two looks that were the same: while logrotate renames one after
// the other, a listing may show a file twice or not at all.
std::vector<FilePath> Follower::listing() {
  WalkOptions walk;
  walk.follow_links = options_.follow_links;
  std::vector<FilePath> listed, before;
  std::vector<std::pair<dev_t, ino_t>> inodes, inodes_before;
  for (int i = 0; i < kListings; ++i) {
    PassedOver passed;
    listed = rotated_parts(path_, rotated_dirs_, walk, passed, true);
    inodes.clear();
    for (const FilePath& part : listed) {
      struct stat status {};
      if (::stat(part.path.c_str(), &status) != 0) status = {};
      inodes.emplace_back(status.st_dev, status.st_ino);
    }
    if (i > 0 && listed == before && inodes == inodes_before) break;
    before = listed;
    inodes_before = inodes;
  }
  return listed;
}

// Opened, so that renaming and removing them changes nothing any more.
std::vector<Follower::RotatedPart> Follower::parts() {
  std::vector<RotatedPart> opened;
  for (int i = 0; i < kListings; ++i) {
    opened.clear();
    bool vanished = false;
    for (const FilePath& path : listing()) {
      RotatedPart part{nullptr, path.path, {}};
      if (is_unpackable(path.path)) {
        if (::lstat(path.path.c_str(), &part.status) == 0) opened.push_back(std::move(part));
        else vanished = true;
        continue;
      }
      part.file = open_part(path, vanished);
      if (!part.file) continue;
      part.status = part.file->status();
      const bool twice = std::any_of(opened.begin(), opened.end(), [&](const RotatedPart& other) {
        return other.status.st_dev == part.status.st_dev && other.status.st_ino == part.status.st_ino;
      });
      if (!twice) opened.push_back(std::move(part));
    }
    if (!vanished) break;
  }
  return opened;
}

void Follower::remember(const FileMark& mark) {
  if (mark.head_bytes == 0) return;  // an empty file may yet be written to
  std::erase_if(known_, [&](const FileMark& one) { return one.head == mark.head && one.inode == mark.inode; });
  known_.push_back(mark);
  if (known_.size() > kKnownMost) known_.erase(known_.begin());
}

// Whether a part is one of those that were there before the one being read. A head that was seen before is not enough if the
// file was written since and is another one: logs may begin alike.
bool Follower::known(LogFile& part) {
  const struct stat status = part.status();
  return std::any_of(known_.begin(), known_.end(), [&](const FileMark& mark) {
    return (part.is(mark.device, mark.inode) || written_ns(status) < mark.written_ns + kTimesNs) && part.copies(mark);
  });
}

Result<Done> Follower::begin() {
  auto file = open_log();
  if (!file) return file.error();
  file_ = std::move(file).value();
  if (!options_.from_start)
    if (auto begun = file_->begin_at_end(); !begun) return begun;
  for (RotatedPart& part : parts()) {
    if (!part.file || part.file->is(file_->mark().device, file_->mark().inode)) continue;
    (void)part.file->look();
    remember(part.file->mark());
  }
  seen_ns_ = now_ns();
  return Done{};
}

// The file a place is in, going on there: by inode first, then by content, the log's own file before its parts and the newer of
// those before the older.
std::unique_ptr<LogFile> Follower::find(const Place& place, bool reading) {
  const bool content = place.before_bytes > 0;
  const bool old_form = !content && place.offset > 0 && place.file.head_bytes == 0;
  if (!content && !old_form) return nullptr;
  std::vector<std::unique_ptr<LogFile>> candidates;
  for (RotatedPart& part : parts())
    if (part.file) candidates.push_back(std::move(part.file));
  if (auto log = open_log()) candidates.push_back(std::move(log).value());
  std::reverse(candidates.begin(), candidates.end());
  struct Try {
    bool same_inode, exact;
  };
  for (const Try& one : {Try{true, true}, Try{false, true}, Try{false, false}}) {
    if (old_form && !one.same_inode) break;
    for (const auto& candidate : candidates) {
      if (one.same_inode && !candidate->is(place.file.device, place.file.inode)) continue;
      if (!one.exact && candidate->path() == path_) continue;  // the log, made shorter, is no copy
      auto file = candidate->again();
      if (file && file.value()->go_on(place, one.exact)) return std::move(file).value();
    }
  }
  return reading ? find_by_inode(place) : nullptr;
}

// Renamed to what no known scheme makes of a name: it still has its inode.
std::unique_ptr<LogFile> Follower::find_by_inode(const Place& place) {
  std::vector<std::string> directories = rotated_dirs_;
  const std::size_t slash = path_.rfind('/');
  directories.push_back(slash == std::string::npos ? "" : path_.substr(0, std::max<std::size_t>(slash, 1)));
  WalkOptions walk;
  walk.depth_most = 0;
  walk.files_most = walk.entries_most;
  for (const std::string& directory : directories) {
    std::vector<FilePath> files;
    PassedOver passed;
    if (!walk_directory(directory, walk, files, passed)) continue;
    for (const FilePath& candidate : files) {
      struct stat status {};
      if (::lstat(candidate.path.c_str(), &status) != 0 || status.st_dev != place.file.device ||
          status.st_ino != place.file.inode)
        continue;
      bool vanished = false;
      if (auto file = open_part(candidate, vanished); file && file->go_on(place, true)) return file;
    }
  }
  return nullptr;
}

Result<Done> Follower::resume(const LogPosition& left) {
  known_ = left.known;
  seen_ns_ = left.seen_ns;
  for (std::size_t i = 0; i + 1 < left.places.size(); ++i) {
    const Place& place = left.places[i];
    if (auto file = find(place, false)) late_.push_back({std::move(file), Clock::now() + options_.late});
  }
  const Place& place = left.places.back();
  file_ = find(place, true);
  if (file_ && known_.empty() && place.before_bytes == 0) {
    // As an earlier version kept it: which parts are older is taken from their names.
    for (RotatedPart& part : parts()) {
      if (part.file && part.file->is(place.file.device, place.file.inode)) break;
      if (!part.file) continue;
      (void)part.file->look();
      remember(part.file->mark());
    }
  }
  if (file_) return Done{};
  if (place.offset > 0)
    say(fmt::format(
        "{}: the file it was left in (at byte {}) is not found any more, nor a copy of it: what was written to it "
        "after that is lost, unless it lies where {} could point to",
        path_, place.offset, options_.rotated_dirs_name));
  // Everything that is not known is newer than what was left.
  auto log = open_log();
  for (RotatedPart& part : parts()) {
    if (log && log.value()->is(part.status.st_dev, part.status.st_ino)) continue;
    if (!part.file) {
      if (written_ns(part.status) >= seen_ns_) say_unpackable(part);
    } else if (!known(*part.file) && newer_.size() < kNewerMost) {
      // Anew: to look whether it is known may have taken bytes from it.
      if (auto fresh = part.file->again()) newer_.push_back(std::move(fresh).value());
    }
  }
  if (newer_.empty()) {
    if (!log) return log.error();
    file_ = std::move(log).value();
    return Done{};
  }
  file_ = std::move(newer_.front());
  newer_.pop_front();
  return Done{};
}

void Follower::say_unpackable(const RotatedPart& part) {
  say(fmt::format("{}: {} bytes are not read: {}", part.path, part.status.st_size, passed_text(Passed::unpackable)));
}

// False: nothing that may be read has the log's name.
bool Follower::look_at_log(struct stat& status) const {
  const bool through_links = !log_.found || log_.follow_links;
  return ::fstatat(AT_FDCWD, path_.c_str(), &status, through_links ? 0 : AT_SYMLINK_NOFOLLOW) == 0 &&
         !S_ISLNK(status.st_mode);
}

bool Follower::missing() const {
  struct stat status {};
  return !look_at_log(status);
}

// Once for each that takes the log's place.
void Follower::say_link() {
  struct stat status {};
  const bool link = ::lstat(path_.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
  if (link && !link_said_) say(fmt::format("{}: passed over: {}", path_, passed_text(Passed::link)));
  link_said_ = link;
}

bool Follower::gone() const { return missing() && newer_.empty() && !file_->packed() && file_->status().st_nlink == 0; }

bool Follower::reads(std::uint64_t device, std::uint64_t inode) const noexcept {
  const auto same = [&](const LogFile& one) { return one.is(device, inode); };
  return same(*file_) || std::any_of(newer_.begin(), newer_.end(), [&](const auto& one) { return same(*one); }) ||
         std::any_of(late_.begin(), late_.end(), [&](const Late& one) { return same(*one.file); });
}

bool Follower::knows(const FilePath& path) {
  if (known_.empty()) return false;
  auto fd = open_found(path);
  if (!fd) return false;
  auto file = LogFile::open(std::move(fd).value(), path.path, reading_);
  return file && known(*file.value());
}

bool Follower::replaced() const {
  struct stat status {};
  return look_at_log(status) && S_ISREG(status.st_mode) && !file_->is(status.st_dev, status.st_ino);
}

// The kernel knows the name an open file has now: where a rotation moved it, its other parts lie, too.
void Follower::look_where_it_went() {
  if (file_->packed()) return;
  char name[PATH_MAX];
  const ssize_t size = ::readlink(fmt::format("/proc/self/fd/{}", file_->descriptor()).c_str(), name, sizeof name);
  if (size <= 0) return;
  const std::string now(name, static_cast<std::size_t>(size));
  const std::size_t slash = now.rfind('/');
  if (now.ends_with(" (deleted)") || slash == std::string::npos) return;
  const std::string directory = now.substr(0, std::max<std::size_t>(slash, 1));
  char own[PATH_MAX];
  const std::size_t own_slash = path_.rfind('/');
  const std::string own_directory =
      own_slash == std::string::npos ? "." : path_.substr(0, std::max<std::size_t>(own_slash, 1));
  if (::realpath(own_directory.c_str(), own) && directory == own) return;
  if (std::find(rotated_dirs_.begin(), rotated_dirs_.end(), directory) == rotated_dirs_.end())
    rotated_dirs_.push_back(directory);
}

// The parts that are newer than the one being read, oldest first.
std::vector<std::unique_ptr<LogFile>> Follower::newer_parts() {
  std::vector<std::unique_ptr<LogFile>> newer;
  const FileMark mark = file_->mark();
  look_where_it_went();
  struct stat log {};
  if (!look_at_log(log)) log = {};
  listed_for_ = {log.st_dev, log.st_ino};
  std::vector<RotatedPart> candidates = parts();
  std::erase_if(candidates, [&](const RotatedPart& part) {
    const bool watched = std::any_of(late_.begin(), late_.end(), [&](const Late& late) {
      return late.file->is(part.status.st_dev, part.status.st_ino);
    });
    return watched || (part.status.st_dev == log.st_dev && part.status.st_ino == log.st_ino);
  });
  auto ours = std::find_if(candidates.begin(), candidates.end(), [&](const RotatedPart& part) {
    return part.status.st_dev == mark.device && part.status.st_ino == mark.inode;
  });
  // Packed meanwhile: it begins the same, or, where that cannot be seen, was last written when ours was.
  const struct stat own = file_->status();
  if (ours == candidates.end()) {
    const auto packed = std::find_if(candidates.rbegin(), candidates.rend(), [&](const RotatedPart& part) {
      if (part.file) return part.file->packed() && part.file->copies(mark);
      return part.status.st_mtim.tv_sec == own.st_mtim.tv_sec;
    });
    if (packed != candidates.rend()) ours = std::prev(packed.base());
  }
  const bool found = ours != candidates.end();
  for (auto at = found ? std::next(ours) : candidates.begin(); at != candidates.end(); ++at) {
    if (!at->file) {
      if (found || written_ns(at->status) >= seen_ns_) say_unpackable(*at);
      continue;
    }
    if (!found && known(*at->file)) continue;
    if (newer.size() == kNewerMost) break;  // the rest is looked for again after these
    // Anew: to look whether it is known may have taken bytes from it.
    if (auto fresh = at->file->again()) newer.push_back(std::move(fresh).value());
  }
  return newer;
}

// The log's first bytes are there. Of a file of which nothing was read, nothing shows that it held something else before: that
// was copied, then, and the copy is a part nobody knows. True if there are such parts; they come first.
bool Follower::parts_before() {
  const FileMark mark = file_->mark();
  for (RotatedPart& part : parts()) {
    if (!part.file || part.file->is(mark.device, mark.inode) || known(*part.file) || part.file->copies(mark)) continue;
    const bool watched = std::any_of(late_.begin(), late_.end(), [&](const Late& late) {
      return late.file->is(part.status.st_dev, part.status.st_ino);
    });
    if (watched || part.status.st_size == 0 || newer_.size() == kNewerMost) continue;
    if (auto fresh = part.file->again()) newer_.push_back(std::move(fresh).value());
  }
  if (newer_.empty()) return false;
  newer_.front()->expect_like(*file_);
  file_ = std::move(newer_.front());
  newer_.pop_front();
  return true;
}

void Follower::go_on_with(std::unique_ptr<LogFile> next) {
  if (!next->format()) next->expect_like(*file_);
  remember(file_->mark());
  if (!file_->packed()) {
    late_.push_back({std::move(file_), Clock::now() + options_.late});
    if (late_.size() > kLateMost) late_.erase(late_.begin());
  }
  file_ = std::move(next);
  left_at_.reset();
  next_at_.reset();
  quiet_polls_ = 0;
  last_bytes_ = Clock::now();
}

// The file being read does not hold any more what was read of it: it was truncated, with or without a copy, or written anew.
Result<Follower::Step> Follower::changed(RecordBatch& batch) {
  ++truncations_;
  std::vector<RotatedPart> listed = parts();
  std::unique_ptr<LogFile> copy;
  for (const bool exact : {true, false}) {
    for (auto part = listed.rbegin(); part != listed.rend() && !copy; ++part) {
      if (!part->file) continue;
      auto candidate = part->file->again();
      if (candidate && candidate.value()->take_over(*file_, exact)) copy = std::move(candidate).value();
    }
  }
  const std::uint64_t read = file_->read_bytes();
  if (copy) {
    // The log's own file comes after the copy, and after copies that are newer.
    file_ = std::move(copy);
    return Step::progress;
  }
  auto log = open_log();
  if (!log) {
    // One that is missing may be between two names.
    if (log.error().kind != ErrorKind::not_found && log.error().message != unopened_) say(log.error().message);
    unopened_ = log.error().message;
    return Step::nothing;
  }
  unopened_.clear();
  if (log.value()->is(file_->mark().device, file_->mark().inode) || replaced())
    say(fmt::format(
        "{}: it was emptied or written anew after {} bytes were read, and there is no copy of it: what came after "
        "those and before that is lost ({} names where copies lie)",
        path_, read, options_.rotated_dirs_name));
  for (RotatedPart& part : listed) {
    if (!part.file && written_ns(part.status) >= seen_ns_) say_unpackable(part);
    if (!part.file || known(*part.file) || newer_.size() == kNewerMost) continue;
    if (auto fresh = part.file->again()) newer_.push_back(std::move(fresh).value());
  }
  const std::unique_ptr<LogFile> before = std::move(file_);
  if (newer_.empty()) {
    file_ = std::move(log).value();
  } else {
    file_ = std::move(newer_.front());
    newer_.pop_front();
  }
  file_->expect_like(*before);
  return before->hand_out_parts(batch) ? Step::records : Step::progress;
}

// Whether the file being read, which is not the log's own any more, may be left.
bool Follower::time_to_leave() {
  const auto now = Clock::now();
  if (!left_at_) left_at_ = now;
  if (!newer_.empty() || (file_->packed() && replaced())) return true;  // nobody writes to what was rotated twice
  struct stat status {};
  const bool holds = look_at_log(status) && status.st_size > 0;
  if (!holds) return false;
  if (!next_at_) next_at_ = now;
  return now - std::max(*left_at_, last_bytes_) >= options_.grace || now - *next_at_ >= kGraceMost;
}

// Nothing more came from the file being read.
Result<Follower::Step> Follower::ended(RecordBatch& batch) {
  const bool away = missing(), gone = replaced();
  if (away && log_.found && !log_.follow_links) say_link();
  if (!gone && !away && !file_->packed()) {
    left_at_.reset();
    next_at_.reset();
    seen_ns_ = now_ns();
    if (!file_->unfinished()) time_.caught_up(seen_ns_);
    if (++quiet_polls_ >= kQuietPolls && file_->hand_out(batch, LogFile::Expect::quiet)) return Step::records;
    return Step::nothing;
  }
  struct stat log {};
  const bool there = look_at_log(log);
  if (newer_.empty() && (!there || listed_for_ != std::pair{log.st_dev, log.st_ino}))
    for (auto& part : newer_parts()) newer_.push_back(std::move(part));
  if (!time_to_leave()) {
    if (++quiet_polls_ >= kQuietPolls && file_->hand_out(batch, LogFile::Expect::quiet)) return Step::records;
    return Step::nothing;
  }
  if (file_->packed() && !file_->unfinished() && file_->hand_out_parts(batch)) return Step::records;
  // Its records are whole now; a line without its end may still get it, unless nobody can write it.
  if (file_->hand_out(batch, file_->packed() ? LogFile::Expect::last : LogFile::Expect::lines)) return Step::records;
  if (newer_.empty())
    for (auto& part : newer_parts()) newer_.push_back(std::move(part));
  if (!newer_.empty()) {
    ++rotations_;
    go_on_with(std::move(newer_.front()));
    newer_.pop_front();
    return Step::progress;
  }
  if (!gone) return Step::nothing;  // packed, and the log's own file is not there
  auto next = open_log();
  if (!next) return Step::nothing;  // between the names; the next look sees it
  ++rotations_;
  go_on_with(std::move(next).value());
  return Step::progress;
}

Result<Follower::Step> Follower::step(RecordBatch& batch) {
  if (file_->parts_overdue(options_.parts) && file_->hand_out_parts(batch)) return Step::records;
  const bool first = file_->read_bytes() == 0 && file_->path() == path_;
  auto look = file_->look();
  if (!look) return look.error();
  if (first && look.value() == LogFile::Look::bytes && parts_before()) return Step::progress;
  if (look.value() == LogFile::Look::changed) return changed(batch);
  if (look.value() == LogFile::Look::nothing) return ended(batch);
  quiet_polls_ = 0;
  last_bytes_ = Clock::now();
  return file_->hand_out(batch, LogFile::Expect::more) ? Step::records : Step::progress;
}

// What is still written to files that were left.
Result<bool> Follower::late_lines(RecordBatch& batch) {
  for (std::size_t i = 0; i < late_.size();) {
    LogFile& file = *late_[i].file;
    if (file.parts_overdue(options_.parts) && file.hand_out_parts(batch)) return true;
    auto look = file.look();
    if (look && look.value() == LogFile::Look::bytes) {
      late_[i].until = Clock::now() + options_.late;
      for (FileMark& mark : known_)
        if (file.is(mark.device, mark.inode)) mark.written_ns = now_ns();
      if (file.hand_out(batch, LogFile::Expect::more)) return true;
    } else if (file.hand_out(batch, LogFile::Expect::lines)) {
      return true;
    } else if (!look || look.value() == LogFile::Look::changed) {
      const bool any = file.hand_out_parts(batch);
      late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
      if (any) return true;
      continue;
    } else if (Clock::now() >= late_[i].until) {
      bool any = file.hand_out(batch, LogFile::Expect::last);
      any = any || file.hand_out_parts(batch);
      late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
      if (any) return true;
      continue;
    }
    ++i;
  }
  return false;
}

Result<bool> Follower::poll(RecordBatch& batch) {
  batch.clear();
  time_.set_now(date_ns());
  // In turns: a service that stays with the old file must not keep the new one waiting.
  if ((late_turn_ = !late_turn_)) {
    auto late = late_lines(batch);
    if (!late || late.value()) return late;
  }
  for (int i = 0; i < kStepsMost; ++i) {
    batch.clear();
    auto done = step(batch);
    if (!done) return done.error();
    if (done.value() == Step::records) return true;
    if (done.value() == Step::nothing) break;
  }
  batch.clear();
  return false;
}

// The name records point at lives as long as the part, which whoever holds them holds; a file of the log may be left before.
void Follower::belongs_to_part(RecordBatch& batch) {
  for (Record& record : batch.records) record.source = part_->name;
  if (part_->format != format()) part_->format = format();
}

Result<State> Follower::next(RecordBatch& batch, std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  for (;;) {
    auto more = poll(batch);
    if (!more) return more.error();
    if (more.value()) {
      belongs_to_part(batch);
      return State::records;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return State::idle;
    std::this_thread::sleep_for(std::min(left, kPollEvery));
  }
}

bool Follower::finish(RecordBatch& batch) {
  std::vector<LogFile*> files;
  for (const Late& late : late_) files.push_back(late.file.get());
  files.push_back(file_.get());
  for (LogFile* const file : files) {
    batch.clear();
    if (!file->hand_out(batch, LogFile::Expect::lines) && !file->hand_out_parts(batch)) continue;
    belongs_to_part(batch);
    return true;
  }
  batch.clear();
  return false;
}

std::string_view Follower::format() const noexcept {
  return file_ && file_->format() ? std::string_view(file_->format()->name) : std::string_view();
}

LogPosition Follower::log_position() const {
  LogPosition position;
  for (const Late& late : late_) position.places.push_back(late.file->place());
  position.places.push_back(file_->place());
  position.known = known_;
  position.seen_ns = seen_ns_;
  return position;
}

}  // namespace logystera::source
