// `logystera fleet tail`: every target at once, a thread each, merged into one stream in the order in which it comes.
//
// A target that breaks off, or cannot be opened, is tried again and again beside the others. What waits between its thread and the one
// that analyses is bounded: a full queue stops the thread, which stops reading, and whoever sends waits.
//
// A path that means no log is looked at again until it does; each log it means then gets a thread of its own. With --resume it is kept
// that a path was followed: logs below it of which nothing is kept appeared since, and are read from their beginning.
#include <fmt/core.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "cli/fleet.hpp"
#include "cli/fleet_queue.hpp"
#include "cli/fleet_sources.hpp"
#include "cli/interrupt.hpp"
#include "cli/live_position.hpp"
#include "cli/live_stream.hpp"
#include "cli/open_files.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "source/backoff.hpp"

namespace logystera::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLook = std::chrono::milliseconds(100);
constexpr auto kSaveEvery = std::chrono::seconds(1), kIdleSaveEvery = std::chrono::seconds(10);
constexpr std::size_t kDownSaid = 10;
constexpr std::uint64_t kFilesOfAFeed = 3, kFilesBeside = 64;  // a log and a rotated part of it, or both ends of a child
constexpr unsigned kSoonSaves = 5;                             // at its beginning a source finds out where it is
constexpr const char* kPathFollowed = "1";
constexpr auto kRefusedAgain = std::chrono::minutes(5);  // what configuration or credentials are about

void say(std::string_view text) { fmt::print(stderr, "logystera fleet tail: {}\n", printable(text)); }

// A target's state, for the heartbeat and for what is said when it changes.
class Health {
 public:
  explicit Health(std::string name) : name_(std::move(name)) {}

  const std::string& name() const noexcept { return name_; }
  /// It has one feed more. Before that is begun.
  void expect() {
    const std::lock_guard lock(mutex_);
    ++feeds_;
  }
  /// Of one of its feeds; `why` empty: it is up. Says what changes. The target is up once each of them is.
  void set(std::size_t feed, const std::string& why) {
    const std::lock_guard lock(mutex_);
    troubles_[feed] = why;
    std::string now;
    for (const auto& [at, trouble] : troubles_)
      if (now.empty()) now = trouble;
    if (now.empty() && troubles_.size() < feeds_) return;
    const bool changed = !known_ || now.empty() != why_.empty();
    if (changed && !now.empty()) say(fmt::format("{} is down: {}", name_, now));
    else if (changed && known_) say(fmt::format("{} is up again", name_));
    if (changed) since_ = wall_seconds();
    known_ = true;
    why_ = now;
  }
  struct Seen {
    std::string name, why;
    std::int64_t since = 0;  // Unix seconds
    bool known = false, up = false;
  };
  Seen seen() const {
    const std::lock_guard lock(mutex_);
    return {name_, why_, since_, known_, known_ && why_.empty()};
  }

 private:
  const std::string name_;
  mutable std::mutex mutex_;
  std::size_t feeds_ = 0;
  std::map<std::size_t, std::string> troubles_;  // feed → why it is down
  bool known_ = false;
  std::string why_;
  std::int64_t since_ = 0;
};

// One feed's thread.
class Feed {
 public:
  /// `positions` is where `begin` was loaded from.
  Feed(std::size_t number, FleetFeed feed, Health& health, FleetQueue& queue, const Positions& positions, Begin begin,
       double poll_seconds)
      : number_(number),
        feed_(std::move(feed)),
        health_(health),
        queue_(queue),
        positions_(positions),
        begin_(std::move(begin)),
        poll_(poll_seconds) {}

  void run(Stop stop) {
    while (!stop.load()) {
      bool unusable = false;
      const Error error = feed_.look ? look() : follow(stop, unusable);
      if (stop.load() || !found_.empty()) break;
      health_.set(number_, error.message);
      const bool refused = unusable || error.kind == ErrorKind::invalid || error.kind == ErrorKind::denied;
      const auto wait = refused ? std::chrono::duration_cast<std::chrono::milliseconds>(kRefusedAgain)
                                : backoff_.failed(Clock::now(), source::random_bits());
      for (const auto until = Clock::now() + wait; !stop.load() && Clock::now() < until;)
        std::this_thread::sleep_for(kLook);
    }
    if (!found_.empty()) queue_.put({.feed = number_, .batch = {}, .part = {}, .label = {}, .position = {}, .found = true});
    queue_.put({.feed = number_, .batch = {}, .part = {}, .label = label_, .position = {}, .last = true});
  }
  /// Whether there was no log when it was asked for: all that comes is new.
  bool absent() const noexcept { return absent_; }
  /// What it looked for, once it has handed over that this is there.
  std::vector<FleetFeed> found() { return std::exchange(found_, {}); }

 private:
  // Until it ends for whatever reason. `unusable`: where it begins is none of its places.
  Error follow(Stop stop, bool& unusable) {
    auto opened = feed_.open(begin_);
    if (opened) {
      backoff_.works(Clock::now());
      return read(*opened.value(), stop);
    }
    const ErrorKind kind = opened.error().kind;
    unusable = begin_.position && kind == ErrorKind::broken;
    // All of a log that is not there yet is new.
    if (!feed_.waits && !begin_.position && kind == ErrorKind::not_found) begin_.from_start = absent_ = true;
    return unusable ? positions_.unusable(opened.error()) : opened.error();
  }
  Error look() {
    auto found = feed_.look();
    absent_ = found || found.error().kind == ErrorKind::not_found;
    if (!found) return found.error();
    found_ = std::move(found).value();
    return Error{};
  }
  void say_notices(source::RecordSource& source) {
    // That it is down, and up again, is said of the target.
    for (const std::string& notice : source.notices())
      if (source.trouble().empty() || notice.find(source.trouble()) == std::string::npos)
        say(fmt::format("{}: {}", health_.name(), notice));
  }
  bool hand_over(source::RecordSource& source, RecordBatch& batch) {
    begin_.position = source.position();
    handed_over_ = Clock::now();
    handed_over_text_ = begin_.position->text;
    if (begin_.position->text.empty()) begin_.position.reset();
    return queue_.put({.feed = number_,
                       .batch = std::exchange(batch, RecordBatch()),
                       .part = source.part(),
                       .label = source.label(),
                       .position = source.position()});
  }
  // Until it ends for whatever reason.
  Error read(source::RecordSource& source, Stop stop) {
    label_ = source.label();
    const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(poll_));
    RecordBatch batch;
    // Where it begins is where a run that is killed before anything comes has to begin.
    if (!hand_over(source, batch)) return Error{};
    for (;;) {
      if (stop.load()) break;
      // Before it is read: a batch that waits for room would be one more for each target.
      if (!queue_.room(number_)) return Error{};
      auto state = source.next(batch, feed_.waits ? pause : std::chrono::milliseconds(0));
      // The user's signal reaches what is read too, and an end of that is none of the target's.
      if (stop.load() && !state) break;
      say_notices(source);
      if (!state) {
        // Where it goes on once it can: a log that is not there begins at its beginning.
        batch.clear();
        if (source.position().text != handed_over_text_) (void)hand_over(source, batch);
        return state.error();
      }
      health_.set(number_, source.trouble());
      if (state.value() == source::State::ended) break;
      if (state.value() == source::State::records && !hand_over(source, batch)) return Error{};
      // Where it is moves without records too: it has connected, a log was rotated.
      if (state.value() == source::State::idle &&
          Clock::now() - handed_over_ >= (saves_ < kSoonSaves ? kSaveEvery : kIdleSaveEvery)) {
        ++saves_;
        if (source.position().text == handed_over_text_) handed_over_ = Clock::now();
        else if (!hand_over(source, batch)) return Error{};
      }
      if (state.value() != source::State::idle || feed_.waits) continue;
      for (const auto until = Clock::now() + pause; !stop.load() && Clock::now() < until;)
        std::this_thread::sleep_for(std::min<Clock::duration>(kLook, until - Clock::now()));
    }
    while (source.finish(batch))
      if (!hand_over(source, batch)) break;
    say_notices(source);
    return Error{"it has ended"};
  }

  const std::size_t number_;
  const FleetFeed feed_;
  std::vector<FleetFeed> found_;
  std::atomic<bool> absent_ = false;
  Health& health_;
  FleetQueue& queue_;
  const Positions& positions_;
  Begin begin_;
  const double poll_;
  Clock::time_point handed_over_{};  // the last position, and it
  std::string handed_over_text_;
  unsigned saves_ = 0;  // without records
  source::Backoff backoff_{std::chrono::milliseconds(1'000)};
  std::string label_;
};

class Fleet {
 public:
  Fleet(const Analysis& analysis, const FleetTailOptions& options, bool json, Stream& stream)
      : analysis_(analysis), options_(options), json_(json), stream_(stream) {}
  ~Fleet() { end(); }
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  Result<Done> start(const std::vector<fleet::Target>& targets);
  Result<Done> follow();

 private:
  struct Followed {
    std::string key, path_key;
    std::size_t target = 0;
    bool looks = false;   // for logs of its path
    bool placed = false;  // it has said where it is
    Lane* lane = nullptr;
    std::unique_ptr<Positions> positions;
    std::unique_ptr<Feed> feed;
  };

  Result<Done> add(const fleet::Target& target);
  Result<Done> follow(FleetFeed feed, std::size_t target);
  Result<bool> followed_before(const std::string& path_key);
  Result<Done> take_found(std::size_t feed);
  Result<Done> keep_paths();
  void begin(Followed& one);
  Result<Done> take(FleetItem& item);
  Result<Done> beat();
  void end();

  const Analysis& analysis_;
  const FleetTailOptions& options_;
  const bool json_;
  Stream& stream_;
  std::atomic<bool> stop_{false};
  std::vector<std::string> names_;                         // a target each: what its findings are of that no record made
  std::vector<std::unique_ptr<Lane>> lanes_;               // a target each: its logs are counted together
  std::vector<std::unique_ptr<Health>> healths_;           // a target each
  std::vector<std::pair<FleetFeed, std::size_t>> wanted_;  // of which target
  std::vector<Followed> followed_;
  std::size_t ended_ = 0;  // of them
  struct Path {
    std::unique_ptr<Positions> positions;
    bool before = false;  // an earlier run followed it
  };
  std::map<std::string, Path> paths_;  // by key
  std::unique_ptr<FleetQueue> queue_;
  std::vector<std::thread> threads_;
};

Result<Done> Fleet::add(const fleet::Target& target) {
  const std::size_t at = lanes_.size();
  names_.push_back(fleet::source_prefix(target.name));
  lanes_.push_back(
      std::make_unique<Lane>(analysis_, lanes_.empty() ? nullptr : lanes_.front().get(), target.name, target.groups));
  healths_.push_back(std::make_unique<Health>(target.name));
  // What is wrong with one target stops no other.
  auto resolved = fleet::resolve(target, fleet::environment);
  if (!resolved) {
    healths_.back()->set(0, resolved.error().message);
    return Done{};
  }
  auto feeds = fleet_feeds(resolved.value(), analysis_, options_.analysis.follow_links, stop_);
  if (!feeds) {
    healths_.back()->set(0, feeds.error().message);
    return Done{};
  }
  for (FleetFeed& feed : feeds.value()) {
    healths_[at]->expect();
    wanted_.emplace_back(std::move(feed), at);
  }
  return Done{};
}

Result<Done> Fleet::start(const std::vector<fleet::Target>& targets) {
  for (const fleet::Target& target : targets)
    if (auto added = add(target); !added) return added;
  if (wanted_.empty()) return Error{"no target can be followed: see above", ErrorKind::invalid};
  const std::uint64_t files = open_files_most(), needed = kFilesBeside + kFilesOfAFeed * wanted_.size();
  if (files < needed)
    say(fmt::format(
        "{} logs and servers are followed, which takes up to {} open files, and this process may have {}: those that "
        "cannot be opened are tried again; raise 'ulimit -n' (LimitNOFILE= of a service)",
        grouped(wanted_.size()), grouped(needed), grouped(files)));
  queue_ = std::make_unique<FleetQueue>(wanted_.size());
  for (auto& [feed, target] : wanted_)
    if (auto followed = follow(std::move(feed), target); !followed) return followed;
  for (Followed& one : followed_) begin(one);
  return Done{};
}

Result<Done> Fleet::follow(FleetFeed feed, std::size_t target) {
  Followed one;
  one.key = feed.key;
  one.path_key = feed.path_key;
  one.target = target;
  one.looks = static_cast<bool>(feed.look);
  one.lane = lanes_[target].get();
  one.positions = std::make_unique<Positions>(stream_, feed.key, options_.resume, options_.reset_position);
  Begin begin{.position = {}, .from_start = options_.from_start || feed.appeared};
  const auto of_target = [&](const Error& error) {
    return Error{healths_[target]->name() + ": " + error.message, error.kind};
  };
  if (!feed.path_key.empty()) {
    auto before = followed_before(feed.path_key);
    if (!before) return of_target(before.error());
    begin.from_start = begin.from_start || before.value();
  }
  if (!feed.look) {
    auto position = one.positions->load();
    if (!position) return of_target(position.error());
    begin.position = std::move(position).value();
    one.placed = begin.position.has_value();
  }
  one.feed = std::make_unique<Feed>(followed_.size(), std::move(feed), *healths_[target], *queue_, *one.positions,
                                    std::move(begin), options_.poll_seconds);
  followed_.push_back(std::move(one));
  return Done{};
}

void Fleet::begin(Followed& one) {
  threads_.emplace_back([this, feed = one.feed.get()] { feed->run(stop_); });
}

Result<bool> Fleet::followed_before(const std::string& path_key) {
  const auto known = paths_.find(path_key);
  if (known != paths_.end()) return known->second.before;
  Path path{std::make_unique<Positions>(stream_, path_key, options_.resume, options_.reset_position)};
  auto kept = path.positions->load();
  if (!kept) return kept.error();
  path.before = kept->has_value();
  return paths_.emplace(path_key, std::move(path)).first->second.before;
}

// Logs of which no place is kept are new to the next run: not for a path whose log is there and could not be opened.
Result<Done> Fleet::keep_paths() {
  if (!options_.resume) return Done{};
  std::set<std::string_view> unknown;
  for (const Followed& one : followed_)
    if (!one.placed && !one.feed->absent()) unknown.insert(one.path_key);
  for (auto& [key, path] : paths_) {
    if (unknown.contains(key)) continue;
    if (auto kept = path.positions->keep({kPathFollowed}); !kept) return kept;
  }
  return Done{};
}

// Logs of a path that had none.
Result<Done> Fleet::take_found(std::size_t feed) {
  const std::size_t target = followed_[feed].target, first = followed_.size();
  for (FleetFeed& found : followed_[feed].feed->found()) {
    const auto same = [&](const Followed& one) { return !one.looks && one.key == found.key; };
    if (std::any_of(followed_.begin(), followed_.end(), same)) continue;
    healths_[target]->expect();
    queue_->add();
    if (auto followed = follow(std::move(found), target); !followed) return followed;
  }
  healths_[target]->set(feed, {});
  for (std::size_t at = first; at < followed_.size(); ++at) begin(followed_[at]);
  return Done{};
}

Result<Done> Fleet::take(FleetItem& item) {
  if (item.last) ++ended_;
  if (item.last || (item.found && stop_)) return Done{};
  if (item.found) return take_found(item.feed);
  Followed& from = followed_[item.feed];
  from.placed = from.placed || !item.position.text.empty();
  if (!item.batch.empty())
    if (auto taken = stream_.take(*from.lane, item.batch, item.label); !taken) return taken;
  return from.positions->keep(std::move(item.position));
}

Result<Done> Fleet::beat() {
  std::size_t up = 0;
  std::vector<Health::Seen> down;
  for (const auto& health : healths_) {
    Health::Seen seen = health->seen();
    if (seen.up) ++up;
    else down.push_back(std::move(seen));
  }
  const std::int64_t newest = stream_.newest_ns() / kSecondNs;
  const std::int64_t lag = newest > 0 ? std::max<std::int64_t>(0, wall_seconds() - newest) : -1;
  if (json_) {
    JsonText json;
    json.begin_object().key("heartbeat").begin_object().count("up", up).key("down").begin_array();
    for (const Health::Seen& one : down) {
      json.begin_object().member("target", one.name).member("reason", one.known ? one.why : "not read yet");
      json.member("since", one.known ? rfc3339(one.since * kSecondNs) : std::string()).end_object();
    }
    json.end_array().count("events", stream_.events()).count("findings", stream_.findings());
    if (lag >= 0) json.count("lag_seconds", static_cast<std::uint64_t>(lag));
    json.end_object().end_object();
    fmt::print("{}\n", json.text());
    std::fflush(stdout);
    return std::ferror(stdout) ? Result<Done>(Error{kOutputLost}) : Result<Done>(Done{});
  }
  std::string line = fmt::format("{} of {} targets up, {} events, {} findings", up, healths_.size(),
                                 grouped(stream_.events()), grouped(stream_.findings()));
  if (lag >= 0) line += fmt::format(", the newest event is {} s old", grouped(static_cast<std::uint64_t>(lag)));
  say(line);
  // A line each: of many, the first; all of them are in the JSON.
  for (std::size_t at = 0; at < std::min(down.size(), kDownSaid); ++at) {
    const Health::Seen& one = down[at];
    say(one.known ? fmt::format("  {} down since {}: {}", one.name, local_time(one.since), one.why)
                  : fmt::format("  {} not read yet", one.name));
  }
  if (down.size() > kDownSaid) say(fmt::format("  and {} more; 'fleet list --check' asks all", down.size() - kDownSaid));
  return Done{};
}

Result<Done> Fleet::follow() {
  const auto every = std::chrono::duration<double>(options_.heartbeat_seconds);
  auto beaten = Clock::now();
  const auto paths_at = beaten + kIdleSaveEvery;
  bool paths_kept = false;
  while (!interrupted().load()) {
    if (!paths_kept && Clock::now() >= paths_at) {
      paths_kept = true;
      if (auto kept = keep_paths(); !kept) return kept;
    }
    if (auto item = queue_->take(kLook))
      if (auto taken = take(*item); !taken) return taken;
    if (every.count() > 0 && Clock::now() - beaten >= every) {
      beaten = Clock::now();
      if (auto beaten_well = beat(); !beaten_well) return beaten_well;
    }
  }
  // What the threads still hand over is taken, until each has said that it was its last.
  stop_ = true;
  while (ended_ < followed_.size())
    if (auto item = queue_->take(kLook))
      if (auto taken = take(*item); !taken) return taken;
  if (auto kept = keep_paths(); !kept) return kept;
  for (std::size_t at = 0; at < lanes_.size(); ++at)
    if (auto finished = stream_.finish(*lanes_[at], names_[at]); !finished) return finished;
  if (auto finished = stream_.finish(); !finished) return finished;
  return stream_.commit(std::nullopt);
}

void Fleet::end() {
  stop_ = true;
  if (queue_) queue_->close();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace

int run_fleet_tail(const Globals& globals, const FleetTailOptions& options) {
  constexpr const char* kCommand = "fleet tail";
  // A batch is made in its feed's thread and freed in this one. The allocator learns to keep such pieces, in an arena a thread: with 64
  // feeds that was half of the memory. Fixed, the threshold gives them back.
  constexpr int kGivenBackFrom = 128 << 10;
  ::mallopt(M_MMAP_THRESHOLD, kGivenBackFrom);
  if (auto wrong = wrong_together(options)) return fail(kCommand, *wrong);
  auto targets = chosen_targets(kCommand, globals, options.selection);
  if (!targets) return fail(kCommand, targets.error());
  auto prepared = prepare(kCommand, globals, options.analysis);
  if (!prepared) return fail(kCommand, prepared.error());
  const Analysis analysis = std::move(prepared).value();
  auto stream = Stream::make(analysis, options, globals.json);
  if (!stream) return fail(kCommand, stream.error());
  {
    Fleet fleet(analysis, options, globals.json, *stream.value());
    if (auto started = fleet.start(targets.value()); !started) return fail(kCommand, started.error());
    if (auto done = fleet.follow(); !done) return fail(kCommand, done.error());
  }
  say_hook_notes(kCommand, *analysis.program);
  if (const std::uint64_t lost = stream.value()->lost(); lost > 0)
    say(fmt::format("{} findings could not be delivered to the webhook", lost));
  return kExitDone;
}

}  // namespace logystera::cli
