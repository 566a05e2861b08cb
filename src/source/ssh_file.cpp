#include "source/ssh_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <sstream>
#include <thread>

#include "source/position.hpp"

namespace logystera::source {
namespace {

constexpr std::string_view kTitle = "logystera ssh 1";
constexpr std::string_view kHeader = "logystera-file ";
constexpr std::size_t kBeforeMost = 64;
constexpr std::size_t kGreetingMost = 64 * 1024;  // what a login may print in front
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr auto kRefusedAgain = std::chrono::minutes(5);

// How the script ends.
constexpr int kNoFile = 3, kUnreadable = 4, kThrough = 10, kTruncated = 11, kChanged = 12;

// $1 path, $2 mode, $3 inode, $4 offset. No single quote may stand in it: it is sent as one single-quoted word.
//
// Reading is cat on a descriptor that stays open: it goes on where the last one stopped. The parent is the connection; without it
// nobody reads.
constexpr std::string_view kScript = R"sh(
f=$1 m=$2 i=$3 o=$4 p=$PPID how=$2 c=""
LC_ALL=C; export LC_ALL
set -f
id() { set -- $(ls -diL "$1" 2>/dev/null); printf %s "$1"; }
size() { set -- $(wc -c 2>/dev/null <"$1"); printf %s "${1:-0}"; }
t=$f
case $m in
at | next)
  k=0 t="" c=$f
  while [ $k -le 99 ]; do
    if [ "$(id "$c")" = "$i" ]; then t=$c; break; fi
    k=$((k + 1)) c=$f.$k
    if [ $k -gt 1 ] && [ ! -e "$c" ]; then break; fi
  done
  if [ -z "$t" ]; then how=lost t=$f o=0
  elif [ $m = next ] && [ $k -gt 0 ]; then
    k=$((k - 1)) o=0 t=$f
    if [ $k -gt 0 ]; then t=$f.$k; fi
  elif [ $m = next ]; then how=at
  fi ;;
copy) t=$f.1 ;;
start) o=0 ;;
esac
[ -e "$t" ] || exit 3
[ -r "$t" ] && [ ! -d "$t" ] || exit 4
n=$(id "$t") s=$(size "$t")
if [ $m = end ]; then o=$s; fi
if [ $m = copy ] && [ "$s" -lt "$o" ]; then exit 3; fi
if [ "$s" -lt "$o" ]; then
  if [ "$t" = "$f" ] && [ -r "$f.1" ] && [ "$(size "$f.1")" -ge "$o" ]; then t=$f.1 how=copy n=$(id "$f.1")
  else how=cut o=0
  fi
fi
exec 3<"$t" || exit 4
[ "$(id "$t")" = "$n" ] || exit 12
b=0
if [ "$o" -gt 64 ]; then b=$((o - 64)); dd bs=1 skip=$b count=0 <&3 2>/dev/null; fi
echo "logystera-file $how $n $o $b"
l=$s q=0
while :; do
  cat <&3 || exit 5
  kill -0 "$p" 2>/dev/null || exit 0
  if [ "$t" != "$f" ]; then
    if [ $how != copy ]; then sleep 1; cat <&3; fi
    exit 10
  fi
  j=$(id "$f")
  if [ "$j" = "$n" ]; then
    z=$(size "$f")
    if [ "$z" -lt "$l" ]; then exit 11; fi
    l=$z q=0
  elif [ -n "$j" ]; then
    q=$((q + 1))
    if [ $q -gt 2 ] && [ "$(size "$f")" -gt 0 ]; then cat <&3; exit 10; fi
  fi
  sleep 1
done
)sh";

constexpr std::string_view kModes[] = {"end", "start", "at", "next", "copy"};

std::string_view word_of(SshPlace::Mode mode) { return kModes[static_cast<std::size_t>(mode)]; }

}  // namespace

std::string SshPlace::text() const {
  return fmt::format("{}\n{} {} {} {} {} {}\nend\n", kTitle, word_of(mode), inode, offset, line, before_bytes,
                     before.empty() ? "-" : before);
}

Result<SshPlace> SshPlace::of_text(std::string_view text) {
  std::istringstream in{std::string(text)};
  SshPlace place;
  std::string title, mode, end;
  std::getline(in, title);
  in >> mode >> place.inode >> place.offset >> place.line >> place.before_bytes >> place.before >> end;
  const auto* found = std::find(std::begin(kModes), std::end(kModes), mode);
  if (title != kTitle || !in || end != "end" || found == std::end(kModes) || place.before_bytes > kBeforeMost)
    return Error{"the position of the file that was kept is damaged", ErrorKind::broken};
  place.mode = static_cast<Mode>(found - std::begin(kModes));
  if (place.before == "-") place.before.clear();
  return place;
}

SshFile::SshFile(const parse::Formats& formats, FieldNames& names, Options options)
    : options_(std::move(options)),
      part_(std::make_shared<Part>()),
      feed_(options_.name, formats, names, options_.source),
      place_(options_.begin) {
  part_->name = options_.name;
  feed_.go_on(place_.offset, place_.line);
}

void SshFile::say(std::string text) { notices_.push_back(options_.name + ": " + std::move(text)); }

SshPlace SshFile::place() const {
  SshPlace place = place_;
  if (!file_) return place;
  place.mode = place_.mode == SshPlace::Mode::copy ? SshPlace::Mode::copy : SshPlace::Mode::at;
  place.offset = feed_.offset();
  place.line = feed_.line();
  const std::size_t known = static_cast<std::size_t>(feed_.offset() - recent_from_);
  const std::size_t bytes = std::min({known, recent_.size(), kBeforeMost});
  place.before_bytes = bytes;
  place.before = bytes == 0 ? std::string() : mark_of(std::string_view(recent_).substr(known - bytes, bytes));
  return place;
}

Position SshFile::position() const { return {place().text()}; }

Result<Done> SshFile::start() {
  place_ = place();
  file_ = false;
  feed_.go_on(place_.offset, place_.line);
  recent_.clear();
  head_.clear();
  stage_ = Stage::header;
  worked_ = false;
  const std::string path = options_.path.front() == '-' ? "./" + options_.path : options_.path;
  auto child = Child::start(
      ssh_command(options_.target, {"sh", "-c", std::string(kScript), "sh", path, std::string(word_of(place_.mode)),
                                    std::to_string(place_.inode), std::to_string(place_.offset)}));
  if (!child) return Error{options_.name + ": " + child.error().message, child.error().kind};
  child_.emplace(std::move(child).value());
  ran_ = true;
  return Done{};
}

// Too many processes or open files, no memory: that passes where it has run before. A program that is gone does not come back.
Result<Done> SshFile::not_started(const Error& error) {
  if (!ran_ || error.kind == ErrorKind::not_found) return error;
  const auto now = Clock::now();
  again_at_ = now + backoff_.failed(now, random_bits());
  if (trouble_.empty()) notices_.push_back(error.message + "; it is tried again");
  trouble_ = error.message;
  return Done{};
}

// The child is asked anew at once, with the place as it is but for the mode.
void SshFile::restart(SshPlace::Mode mode) {
  place_ = place();
  file_ = false;
  place_.mode = mode;
  if (mode == SshPlace::Mode::start) place_.offset = 0, place_.before_bytes = 0, place_.before.clear();
  if (child_) child_->kill();
  child_.reset();
  again_at_ = {};
}

// "logystera-file HOW INODE OFFSET FROM"; false: it is something else.
bool SshFile::header(std::string_view line) {
  if (line.substr(0, kHeader.size()) != kHeader) return false;
  std::istringstream in{std::string(line.substr(kHeader.size()))};
  std::uint64_t inode = 0, offset = 0, from = 0;
  in >> how_ >> inode >> offset >> from;
  if (!in || from > offset || offset - from > kBeforeMost) return false;
  const bool same = how_ == "at" || how_ == "copy";
  if (how_ == "lost") say("the file that was read last is gone: lines between it and this one may be lost");
  if (how_ == "cut") say("the file was truncated: lines that were in it may be lost");
  if (!same) {
    place_.before_bytes = 0;
    place_.before.clear();
  }
  place_.inode = how_ == "copy" ? place_.inode : inode;
  place_.offset = offset;
  place_.mode = how_ == "copy" ? SshPlace::Mode::copy : SshPlace::Mode::at;
  feed_.go_on(offset, place_.line);
  recent_.clear();
  recent_from_ = from;
  before_want_ = static_cast<std::size_t>(offset - from);
  stage_ = Stage::before;
  return true;
}

// The bytes before the place are there: whether they are what was read.
void SshFile::compare() {
  const std::size_t known = static_cast<std::size_t>(place_.before_bytes);
  const bool right = known == 0 || (known <= recent_.size() &&
                                    mark_of(std::string_view(recent_).substr(recent_.size() - known)) == place_.before);
  if (right) {
    file_ = true;
    stage_ = Stage::bytes;
    return;
  }
  // Written anew, or its inode is another file's now: the copy of before may stand beside it.
  if (place_.mode == SshPlace::Mode::at) return restart(SshPlace::Mode::copy);
  say("the file was written anew: lines that were in it may be lost");
  restart(SshPlace::Mode::start);
}

Result<Done> SshFile::took(std::string_view bytes) {
  if (stage_ == Stage::header) {
    head_ += bytes;
    for (std::size_t end; stage_ == Stage::header && (end = head_.find('\n')) != head_.npos;) {
      (void)header(std::string_view(head_).substr(0, end));
      head_.erase(0, end + 1);
    }
    if (stage_ == Stage::header) {
      if (head_.size() > kGreetingMost)
        return Error{options_.name + ": the other side sends something else than what it was asked for", ErrorKind::broken};
      return Done{};
    }
    bytes = head_;
  }
  if (stage_ == Stage::before) {
    const std::size_t part = std::min(bytes.size(), before_want_ - recent_.size());
    recent_ += bytes.substr(0, part);
    const std::string rest(bytes.substr(part));
    head_.clear();
    if (recent_.size() < before_want_) return Done{};
    compare();
    if (stage_ != Stage::bytes || !child_) return Done{};
    recent_ += rest;
    feed_.add(rest);
  } else {
    recent_ += bytes;
    feed_.add(bytes);
  }
  worked_ = true;
  backoff_.works(Clock::now());
  if (!trouble_.empty()) say("is read again");
  trouble_.clear();
  return Done{};
}

Result<Done> SshFile::ended() {
  const Child::End end = child_->end();
  child_.reset();
  const auto now = Clock::now();
  if (file_ && end.code == kThrough) {
    flush_ = true;
    return Done{};
  }
  if (end.code == kTruncated || end.code == kChanged || end.code == kThrough) {
    again_at_ = now;
    return Done{};
  }
  // The copy is gone as well.
  if (place_.mode == SshPlace::Mode::copy && !file_ && (end.code == kNoFile || end.code == kUnreadable)) {
    say("the file was written anew: lines that were in it may be lost");
    restart(SshPlace::Mode::start);
    return Done{};
  }
  const bool begun = file_ || place_.inode != 0;
  if (!begun && end.code == kNoFile) {
    place_.mode = SshPlace::Mode::start;  // all of what is not there yet is new
    return Error{options_.name + ": there is no such file", ErrorKind::not_found};
  }
  if (!begun && end.code == kUnreadable)
    return Error{options_.name + ": cannot be read: check its owner and mode", ErrorKind::denied};
  const auto verdict = judge_ssh(end, worked_ || begun);
  if (verdict == JournalSource::Verdict::final) return Error{options_.name + ": " + end.text(), ErrorKind::invalid};
  auto wait = backoff_.failed(now, random_bits());
  if (verdict == JournalSource::Verdict::refused) wait = kRefusedAgain;
  again_at_ = now + wait;
  if (trouble_.empty()) say(fmt::format("the connection ended ({}); it is tried again", end.text()));
  trouble_ = end.text();
  return Done{};
}

Result<State> SshFile::next(RecordBatch& batch, std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  bool quiet = false;
  for (;;) {
    const bool records = feed_.take(batch, flush_  ? LineFeed::Expect::last
                                           : quiet ? LineFeed::Expect::quiet
                                                   : LineFeed::Expect::more);
    if (feed_.offset() > recent_from_ + kBeforeMost) {
      const std::size_t old = static_cast<std::size_t>(feed_.offset() - recent_from_ - kBeforeMost);
      recent_.erase(0, std::min(old, recent_.size()));
      recent_from_ = feed_.offset() - kBeforeMost;
    }
    if (flush_ && !records) {
      flush_ = false;
      restart(place_.mode == SshPlace::Mode::copy ? SshPlace::Mode::start : SshPlace::Mode::next);
    }
    if (records) {
      part_->counts = feed_.counts();
      if (feed_.format()) part_->format = feed_.format()->name;
      return State::records;
    }
    quiet = false;
    const auto now = Clock::now();
    const auto left =
        std::max(std::chrono::milliseconds(0), std::chrono::duration_cast<std::chrono::milliseconds>(until - now));
    const auto piece = std::min(left, std::chrono::milliseconds(100));
    if (options_.stop && options_.stop->load()) return State::idle;
    if (!child_) {
      if (now >= again_at_) {
        if (auto started = start(); !started)
          if (auto passes = not_started(started.error()); !passes) return passes.error();
        continue;
      }
      if (left.count() == 0) return State::idle;
      std::this_thread::sleep_for(std::min<Clock::duration>(piece, again_at_ - now));
      continue;
    }
    std::string bytes;
    switch (child_->read(bytes, kReadBytes, piece)) {
      case Child::Got::bytes:
        if (auto done = took(bytes); !done) return done.error();
        break;
      case Child::Got::ended:
        if (auto done = ended(); !done) return done.error();
        break;
      case Child::Got::nothing:
        quiet = feed_.waiting() > 0 && feed_.holds_line();
        if (!quiet && left.count() == 0) return State::idle;
    }
  }
}

bool SshFile::finish(RecordBatch& batch) {
  if (child_) child_->kill();
  child_.reset();
  batch.clear();
  return feed_.holds_line() && feed_.take(batch, LineFeed::Expect::quiet);
}

}  // namespace logystera::source
