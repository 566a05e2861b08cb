// See log_set.hpp.
#include "source/log_set.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <thread>

#include "core/clock.hpp"
#include "core/file_time.hpp"

namespace logystera::source {
namespace {

constexpr unsigned kGoneLooks = 2;   // without anything of it
constexpr unsigned kPartLooks = 30;  // lines may come late
constexpr auto kRetryMost = std::chrono::seconds(60);
constexpr auto kSleepMost = std::chrono::milliseconds(200);
constexpr int kLookShare = 50;  // a look takes no more of the time than this part of it
constexpr auto kLookMost = std::chrono::seconds(60);
constexpr const char* kFollowed = "1";

std::string key_of_argument(const std::string& path) { return "logs:" + whole_path(path); }

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Of each path, whether there is nothing where it leads, or nothing in it.
std::vector<bool> absent(const std::vector<LiveLog>& found, const std::vector<NoLogs>& problems, std::size_t paths) {
  std::vector<bool> absent(paths);
  for (const LiveLog& one : found)
    if (struct stat status{}; !one.file.found && ::lstat(one.file.path.c_str(), &status) != 0) absent[one.argument] = true;
  for (const NoLogs& one : problems) absent[one.argument] = one.why.kind == ErrorKind::not_found;
  return absent;
}

std::set<std::string> unlisted(const std::vector<std::string>& paths, const PassedOver& passed,
                               const std::vector<NoLogs>& problems) {
  std::set<std::string> directories;
  for (const NoLogs& one : problems)
    if (one.why.kind != ErrorKind::not_found) directories.insert(without_slash(paths[one.argument]));
  for (const auto& [path, reason] : passed.named)
    if (reason == Passed::unreadable) directories.insert(path);
  return directories;
}

bool below(const std::set<std::string>& directories, const std::string& path) {
  return std::any_of(directories.begin(), directories.end(), [&](const std::string& directory) {
    return path.starts_with(directory) && (directory.back() == '/' || path[directory.size()] == '/');
  });
}

}  // namespace

LogSet::LogSet(std::vector<std::string> paths, const parse::Formats& formats, FieldNames& names, Options options)
    : paths_(std::move(paths)), formats_(formats), names_(names), options_(std::move(options)) {}

Result<std::unique_ptr<LogSet>> LogSet::open(std::vector<std::string> paths, const parse::Formats& formats,
                                             FieldNames& names, Options options) {
  if (paths.empty()) return Error{"no log is named: name files, directories or patterns", ErrorKind::invalid};
  std::unique_ptr<LogSet> set(new LogSet(std::move(paths), formats, names, std::move(options)));
  if (auto begun = set->begin(); !begun) return begun.error();
  return set;
}

// Whether all of a log of which nothing is kept is to be read.
bool LogSet::is_new(const LiveLog& found) const {
  if (options_.following.from_start || before_[found.argument]) return true;
  if (!begun_) return false;
  if (below(unlisted_, found.file.path)) return false;
  struct stat status {};
  return !absent_[found.argument] || ::stat(found.file.path.c_str(), &status) != 0 || written_ns(status) >= begun_ns_;
}

Result<LogSet::Log> LogSet::log_of(LiveLog found) {
  const bool from_start = is_new(found);
  Log log(std::move(found), from_start);
  if (!options_.left) return log;
  auto left = options_.left(log.key);
  if (!left) return left.error();
  if (!left->has_value()) return log;
  auto position = LogPosition::of_text(left.value()->text);
  if (!position) return options_.unusable ? options_.unusable(log.key, position.error()) : position.error();
  log.left = std::move(position).value();
  return log;
}

LogSet::Log* LogSet::followed(const std::string& whole) const {
  const auto found = std::find_if(logs_.begin(), logs_.end(), [&](const auto& log) { return log->whole == whole; });
  return found == logs_.end() ? nullptr : found->get();
}

bool LogSet::full(const std::string& path) {
  if (logs_.size() < options_.logs_most) return false;
  if (!std::exchange(full_, true))
    say(fmt::format("{}: it is not followed: {} logs are already, and no more at once: {}", path, logs_.size(),
                    options_.more_logs));
  return true;
}

void LogSet::push(Log log) {
  if (full(log.file.path)) return;
  logs_.push_back(std::make_unique<Log>(std::move(log)));
  if (logs_.back()->waits_for.empty()) open(*logs_.back());
}

// A log, and before it those of the `older` parts of its set that are not known to have been read to their end.
Result<Done> LogSet::add(Log log, const std::vector<FilePath>& older) {
  std::vector<Log> parts;
  std::size_t known = 0;  // of the parts: up to the newest that is followed or that something is kept of
  for (const FilePath& part : older) {
    const LiveLog one{part, whole_path(part.path), log.argument, {}};
    if (!followed(one.whole) && aside(one, logs_.size())) continue;
    auto made = log_of(one);
    if (!made) return made.error();
    parts.push_back(std::move(made).value());
    if (parts.back().left || followed(parts.back().whole)) known = parts.size();
  }
  for (std::size_t at = 0; at < parts.size(); ++at) {
    Log& part = parts[at];
    Log* const other = followed(part.whole);
    if (!other && !part.left && (at < known || known == 0 || log.left)) continue;
    part.from_start = true;
    part.waits_for = std::exchange(log.waits_for, part.whole);
    (other ? *other : part).awaited = true;
    if (!other) push(std::move(part));
  }
  push(std::move(log));
  return Done{};
}

// Whether another log is to be read to its end before this one.
bool LogSet::waits(Log& log) const {
  if (log.waits_for.empty()) return false;
  const Log* const other = followed(log.waits_for);
  if (other && other->awaited && (other->follower || !other->waits_for.empty())) return true;
  log.waits_for.clear();
  return false;
}

Result<Done> LogSet::begin() {
  for (const std::string& path : paths_) {
    bool before = false;
    if (options_.left) {
      auto left = options_.left(key_of_argument(path));
      if (!left) return left.error();
      before = left->has_value();
    }
    before_.push_back(before);
  }
  begun_ns_ = nanoseconds_of(time_of(CLOCK_REALTIME_COARSE));
  std::vector<NoLogs> problems;
  std::vector<LiveLog> found = live_logs(paths_, options_.following.follow_links, passed_, problems);
  absent_ = absent(found, problems, paths_.size());
  unlisted_ = unlisted(paths_, passed_, problems);
  if (found.size() > options_.logs_most)
    return Error{fmt::format("{} logs are meant, and at most {} are followed at once: {}", found.size(), options_.logs_most,
                             options_.more_logs),
                 ErrorKind::too_large};
  say_problems(problems);
  std::vector<LiveLog> fresh;
  for (LiveLog& one : found) {
    auto log = log_of(one);
    if (!log) return log.error();
    if (!log->left) {
      fresh.push_back(std::move(one));
      continue;
    }
    if (auto added = add(std::move(log).value(), one.older); !added) return added;
  }
  // After those that are gone on with: a file of theirs may have another name by now.
  const std::size_t resumed = logs_.size();
  for (LiveLog& one : fresh) {
    if (aside(one, resumed)) continue;
    auto log = log_of(one);
    if (!log) return log.error();
    if (auto added = add(std::move(log).value(), one.older); !added) return added;
  }
  begun_ = true;
  look_at_ = Clock::now() + options_.look_every;
  if (reading() > 0) return Done{};
  const bool all_named = std::all_of(logs_.begin(), logs_.end(), [](const auto& log) { return !log->file.found; });
  if (!logs_.empty() && all_named && problems.empty()) return Error{logs_.front()->trouble, ErrorKind::not_found};
  if (logs_.empty() && !problems.empty() && problems.front().why.kind != ErrorKind::not_found) return problems.front().why;
  return Done{};
}

void LogSet::say_problems(const std::vector<NoLogs>& problems) {
  std::set<std::string> now;
  for (const NoLogs& problem : problems) {
    if (!problems_.contains(problem.why.message)) say(problem.why.message + "; it is looked at again");
    now.insert(problem.why.message);
  }
  problems_ = std::move(now);
}

// Whether one of the first `most` logs holds the file: it was renamed to this name, or has two.
bool LogSet::aside(const LiveLog& found, std::size_t most) {
  struct stat status {};
  if (::stat(found.file.path.c_str(), &status) != 0) return false;
  const std::tuple file{status.st_dev, status.st_ino, written_ns(status)};
  const auto before = aside_.find(found.whole);
  const bool known = before != aside_.end() && before->second == file;
  const auto any = [&](const auto& holds) {
    return std::any_of(logs_.begin(), logs_.begin() + static_cast<std::ptrdiff_t>(most),
                       [&](const auto& log) { return log->follower && holds(*log->follower); });
  };
  if (!known && !any([&](const Follower& one) { return one.reads(status.st_dev, status.st_ino); }) &&
      !any([&](Follower& one) { return one.knows(found.file); }))
    return false;
  aside_[found.whole] = file;
  return true;
}

void LogSet::open(Log& log) {
  Follower::Options following = options_.following;
  following.from_start = log.from_start;
  following.resume = log.left;
  auto opened = Follower::open(log.file, formats_, names_, std::move(following));
  if (!opened) return fails(log, opened.error());
  if (!log.trouble.empty()) say(log.file.path + ": it is read now");
  log.follower = std::move(opened).value();
  log.trouble.clear();
  log.retry = std::chrono::milliseconds(0);
  log.again_at = {};
  log.away_looks = 0;
  take_notices(*log.follower);
}

void LogSet::fails(Log& log, const Error& error) {
  // All of what is not there yet is new.
  if (error.kind == ErrorKind::not_found && !log.left) log.from_start = true;
  const bool awaited = error.kind == ErrorKind::not_found;
  if (log.trouble != error.message && (log.trouble.empty() || !awaited)) say(error.message + "; it is tried again");
  log.trouble = error.message;
  log.follower.reset();
  log.retry = awaited ? options_.look_every
                      : std::min(std::max(log.retry * 2, options_.look_every), std::chrono::milliseconds(kRetryMost));
  log.again_at = Clock::now() + log.retry;
}

void LogSet::take_notices(Follower& follower) {
  for (std::string& notice : follower.notices()) say(std::move(notice));
}

std::size_t LogSet::reading() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(logs_.begin(), logs_.end(), [](const auto& log) { return log->follower != nullptr; }));
}

Result<Done> LogSet::look() {
  const auto begun = Clock::now();
  PassedOver unsaid;
  std::vector<NoLogs> problems;
  std::vector<LiveLog> found = live_logs(paths_, options_.following.follow_links, unsaid, problems);
  say_problems(problems);
  std::set<std::string> meant;
  for (const LiveLog& one : found) meant.insert(one.whole);
  std::erase_if(aside_, [&](const auto& one) { return !meant.contains(one.first); });
  const std::vector<bool> away = absent(found, problems, paths_.size());
  const std::set<std::string> not_listed = unlisted(paths_, unsaid, problems);
  // What cannot be seen now may be there all the same.
  const auto unseen = [&](const Log& log) { return away[log.argument] || below(not_listed, log.file.path); };
  for (std::size_t at = logs_.size(); at-- > 0;) {
    const Log& log = *logs_[at];
    if (!log.follower && log.waits_for.empty() && !meant.contains(log.whole) && !unseen(log)) forget(at);
  }
  std::set<std::string_view> followed;
  for (const auto& log : logs_) followed.insert(log->whole);
  for (const LiveLog& one : found) {
    if (followed.contains(one.whole) || aside(one, logs_.size()) || full(one.file.path)) continue;
    auto log = log_of(one);
    if (!log) return log.error();
    if (auto added = add(std::move(log).value(), one.older); !added) return added;
  }
  for (std::size_t at = 0; at < paths_.size(); ++at) absent_[at] = absent_[at] && away[at];
  std::erase_if(unlisted_, [&](const std::string& directory) { return !not_listed.contains(directory); });
  for (const auto& log : logs_)
    if (log->follower) judge(*log, log->file.found && !meant.contains(log->whole) && !unseen(*log));
  look_at_ = Clock::now() + std::clamp<Clock::duration>(kLookShare * (Clock::now() - begun), options_.look_every,
                                                        std::max<Clock::duration>(options_.look_every, kLookMost));
  return Done{};
}

// `part`: its name is one of a rotated part of another log by now, or of nothing that is followed.
void LogSet::judge(Log& log, bool part) {
  const bool gone = log.follower->gone();
  struct stat status {};
  if (part) part = !log.follower->missing() && ::stat(log.file.path.c_str(), &status) == 0;
  // A walk that meets two names of a file finds either.
  const auto other_name = [&](const auto& one) {
    return std::get<0>(one.second) == status.st_dev && std::get<1>(one.second) == status.st_ino;
  };
  if (part) part = std::none_of(aside_.begin(), aside_.end(), other_name);
  if (!gone && !part) {
    log.away_looks = 0;
    log.leaves = false;
    return;
  }
  if (!std::exchange(log.polled, false)) return;
  log.away_looks = log.away_looks == 0 || log.batches != log.batches_seen ? 1 : log.away_looks + 1;
  log.batches_seen = log.batches;
  log.leaves = log.away_looks >= (gone ? kGoneLooks : kPartLooks);
}

void LogSet::forget(std::size_t at) {
  Log& log = *logs_[at];
  forgotten_.push_back(log.key);
  aside_.clear();  // a file it held may be another log now
  const bool awaited = !log.file.found && log.follower;
  if (log.follower)
    say(log.file.path + (awaited                ? ": it is gone, and read again once it is back"
                         : log.follower->gone() ? ": it is gone"
                                                : ": it is a part of a newer log now, and not followed any more"));
  if (!awaited) {
    logs_.erase(logs_.begin() + static_cast<std::ptrdiff_t>(at));
    full_ = false;
    return;
  }
  log.left.reset();
  log.leaves = false;
  log.trouble = log.file.path + ": it is not there";  // said already
  fails(log, {log.trouble, ErrorKind::not_found});
}

Result<State> LogSet::next(RecordBatch& batch, std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  for (;;) {
    current_ = nullptr;
    if (Clock::now() >= look_at_)
      if (auto looked = look(); !looked) return looked.error();
    auto wake = look_at_;
    for (std::size_t left = logs_.size(); left > 0 && !logs_.empty(); --left) {
      turn_ = turn_ + 1 < logs_.size() ? turn_ + 1 : 0;
      Log& log = *logs_[turn_];
      const auto now = Clock::now();
      if (now < log.again_at) {
        wake = std::min(wake, log.again_at);
        continue;
      }
      if (waits(log)) continue;
      if (!log.follower) {
        open(log);
        wake = std::min(wake, log.again_at);
        if (!log.follower) continue;
      }
      log.polled = true;
      auto state = log.follower->next(batch, std::chrono::milliseconds(0));
      take_notices(*log.follower);
      if (state && state.value() == State::records) {
        ++log.batches;
        current_ = &log;
        return State::records;
      }
      if (log.leaves || log.awaited) {
        if (log.follower->finish(batch)) {
          current_ = &log;
          return State::records;
        }
        log.awaited = false;
      }
      if (log.leaves) {
        forget(turn_);
        continue;
      }
      if (!state) {
        log.left = log.follower->log_position();
        fails(log, state.error());
        continue;
      }
      log.again_at = now + options_.poll_every;
      wake = std::min(wake, log.again_at);
    }
    batch.clear();
    const auto now = Clock::now();
    const bool stopped = options_.stop && options_.stop->load();
    if (now >= until || stopped || !notices_.empty() || !forgotten_.empty()) return State::idle;
    std::this_thread::sleep_for(std::min<Clock::duration>({wake - now, until - now, kSleepMost}));
  }
}

bool LogSet::finish(RecordBatch& batch) {
  for (const auto& log : logs_) {
    if (!log->follower || !log->follower->finish(batch)) continue;
    current_ = log.get();
    return true;
  }
  current_ = nullptr;
  batch.clear();
  return false;
}

std::vector<std::pair<std::string, Position>> LogSet::positions() const {
  std::vector<std::pair<std::string, Position>> all;
  for (const auto& log : logs_)
    if (log->follower) all.emplace_back(log->key, log->follower->position());
  for (const std::string& path : paths_) all.emplace_back(key_of_argument(path), Position{kFollowed});
  return all;
}

}  // namespace logystera::source
