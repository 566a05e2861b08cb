#include "source/docker_follow.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/clock.hpp"
#include "core/printable.hpp"

namespace logystera::source {
namespace {

constexpr std::chrono::seconds kListEvery{10}, kListAgain{1}, kRemembered{600}, kRestsAfter{60}, kAgainAfterEnd{1};
constexpr std::chrono::milliseconds kQuiet{300}, kLookMost{50}, kBetweenEvents{200};
constexpr std::size_t kEventBytes = 1024 * 1024;
constexpr std::string_view kPositionHead = "docker2 ";
// Of a position, 256 KiB in all: 45 bytes a digest, 210 a container without them.
constexpr std::size_t kDigests = 2048, kDigestsOfStreamMost = 512;
constexpr int kStatusGone = 404, kStatusBeingRemoved = 409;

bool take_number(std::string_view& text, std::int64_t& number, char end) noexcept {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || at == text.data() + text.size() || *at != end) return false;
  text.remove_prefix(static_cast<std::size_t>(at + 1 - text.data()));
  return true;
}

}  // namespace

bool wanted(const Listed& listed, const std::vector<std::string>& names) {
  return names.empty() || std::any_of(names.begin(), names.end(), [&listed](const std::string& name) {
           return std::find(listed.synonyms.begin(), listed.synonyms.end(), name) != listed.synonyms.end();
         });
}

struct DockerFollow::Followed {
  Followed(const Listed& listed, const DockerReading& reading, std::string_view key)
      : id(listed.id), runs(listed.runs), container(listed, reading, key, false) {}

  /// Nothing of it is to come.
  bool still() const { return stream == 0 && !runs && !container.holds_lines(); }

  const std::string id;
  bool runs;
  DockerContainer container;
  std::uint64_t stream = 0;  // 0: not connected
  bool ended = false;        // nothing more to come until it starts again
  bool refused = false;      // its log cannot be read
  Backoff backoff;
  Clock::time_point heard_at = Clock::now(), retry_at = Clock::now(), ended_at{};
  std::optional<Clock::time_point> gone_at;
};

DockerFollow::DockerFollow(const net::Server& server, const parse::Formats& formats, FieldNames& names,
                           DockerOptions options)
    : options_(std::move(options)),
      reading_(formats, names, options_.source),
      api_(server, options_.stop),
      streams_(server, options_.stop),
      begun_ns_(wall_ns()),
      from_ns_(begun_ns_),
      events_backoff_(kListAgain),
      listed_ns_(begun_ns_) {}

DockerFollow::~DockerFollow() = default;

Result<Done> DockerFollow::begin() {
  if (options_.resume)
    if (auto taken = take_position(options_.resume->text); !taken) return taken;
  if (auto begun = api_.begin(); !begun) return begun;
  if (auto looked = look(); !looked) return looked;
  for (const std::string& name : options_.names) {
    const bool there = std::any_of(containers_.begin(), containers_.end(),
                                   [&name](const auto& one) { return one.second->container.name() == name; });
    if (!there) say(fmt::format("no container {} runs yet: it is read once it starts", printable(name)));
  }
  return Done{};
}

// "docker2 NEWEST-CREATED LISTED", and a line a container: its id and its position.
Result<Done> DockerFollow::take_position(std::string_view text) {
  const Error broken{"what is stored of how far Docker's logs were read is damaged", ErrorKind::broken};
  if (!text.starts_with(kPositionHead)) return broken;
  text.remove_prefix(kPositionHead.size());
  if (!take_number(text, resumed_created_, ' ') || !take_number(text, from_ns_, '\n')) return broken;
  newest_created_ = resumed_created_;
  while (!text.empty()) {
    const std::size_t end = text.find('\n'), blank = text.find(' ');
    if (end == text.npos || blank > end || !is_container_id(text.substr(0, blank))) return broken;
    resting_.emplace(text.substr(0, blank), Resting{std::string(text.substr(blank + 1, end - blank - 1)), ++rests_});
    text.remove_prefix(end + 1);
  }
  return Done{};
}

Position DockerFollow::position() const {
  const std::size_t share = kDigests / (2 * std::max<std::size_t>(containers_.size(), 1));
  Position position{fmt::format("{}{} {}\n", kPositionHead, newest_created_, listed_ns_)};
  for (const auto& [id, one] : containers_)
    position.text += id + ' ' + one->container.position(std::min(share, kDigestsOfStreamMost)) + '\n';
  for (const auto& [id, rests] : resting_) position.text += id + ' ' + rests.position + '\n';
  return position;
}

Result<Done> DockerFollow::look() {
  const std::int64_t now = wall_ns();
  auto listed = api_.list(true, options_.labels);
  listed_at_ = Clock::now();
  if (!listed) return listed.error();
  std::set<std::string> there;
  for (const Listed& one : listed.value())
    if (wanted(one, options_.names)) there.insert(one.id);
  rest_and_forget(there);  // before others come in their place
  for (const Listed& one : listed.value()) {
    if (!there.contains(one.id)) continue;
    meet(one);
    newest_created_ = std::max(newest_created_, one.created);
  }
  listed_ns_ = now;
  first_list_ = broke_off_said_ = event_ = false;
  stirred_.clear();
  return Done{};
}

// Followed are those that run, that began after this source (or its position), and those whose position is known.
void DockerFollow::meet(const Listed& listed) {
  const bool stirred = stirred_.contains(listed.id);  // it may have started and ended meanwhile
  if (const auto known = containers_.find(listed.id); known != containers_.end()) {
    known->second->runs = listed.runs;
    if (stirred) known->second->ended = false;
    return;
  }
  const bool young =
      options_.resume && first_list_ ? listed.created > resumed_created_ : !first_list_ && !before_.contains(listed.id);
  const bool resumed = options_.resume && first_list_ && resting_.contains(listed.id);
  if (!listed.runs && !stirred && !resumed && (!young || resting_.contains(listed.id))) {
    if (first_list_) before_.insert(listed.id);
    return;
  }
  if (containers_.size() >= kContainers && !make_room()) {
    if (first_list_ && !young) before_.insert(listed.id);
    if (!std::exchange(crowded_said_, true))
      say(fmt::format("{} containers are followed at most: {} and others after it are not; choose by names or labels",
                      kContainers, printable(listed.name)));
    return;
  }
  auto made = std::make_unique<Followed>(listed, reading_, options_.key);
  if (const auto rests = resting_.find(listed.id); rests != resting_.end()) {
    if (auto done = made->container.resume(rests->second.position); !done) {
      say(fmt::format("{}: {}; it is read from now on", printable(listed.name), done.error().message));
      made->container.begin_at(begun_ns_);
    }
    resting_.erase(rests);
  } else if (options_.since_ns) {
    made->container.begin_at(*options_.since_ns);
  } else if (!young) {
    made->container.begin_at(from_ns_);
  }
  containers_.emplace(listed.id, std::move(made));
}

// Of those that have been read to their end, the one that is gone, or has ended, the longest.
bool DockerFollow::make_room() {
  Followed* oldest = nullptr;
  const auto rank = [](const Followed& one) { return std::make_pair(!one.gone_at, one.gone_at.value_or(one.ended_at)); };
  for (auto& [id, one] : containers_)
    if (one->still() && (one->gone_at || one->ended) && (!oldest || rank(*one) < rank(*oldest))) oldest = one.get();
  if (!oldest) return false;
  drop(*oldest, !oldest->gone_at);
  return true;
}

void DockerFollow::drop(Followed& one, bool rests) {
  const std::string id = one.id;
  if (rests) resting_.emplace(id, Resting{one.container.position(1), ++rests_});
  one.container.finish();
  containers_.erase(id);
}

void DockerFollow::rest_and_forget(const std::set<std::string>& there) {
  const Clock::time_point now = Clock::now();
  std::erase_if(resting_, [&there](const auto& rests) { return !there.contains(rests.first); });
  for (auto it = containers_.begin(); it != containers_.end();) {
    Followed& one = *it->second;
    if (there.contains(it->first)) {
      one.gone_at.reset();
    } else {
      one.runs = false;
      if (!one.gone_at) one.gone_at = now;
    }
    const bool forget = one.still() && one.gone_at && now - *one.gone_at > kRemembered;
    const bool rest = one.still() && !one.gone_at && one.ended && now - one.ended_at > kRestsAfter;
    ++it;
    if (forget || rest) drop(one, rest);
  }
  while (resting_.size() > kContainers)
    resting_.erase(std::min_element(resting_.begin(), resting_.end(),
                                    [](const auto& a, const auto& b) { return a.second.turn < b.second.turn; }));
}

void DockerFollow::look_if_due() {
  const auto since = Clock::now() - listed_at_;
  if (since < (!trouble_.empty() ? kListAgain : kListEvery) && !(event_ && since >= kBetweenEvents)) return;
  auto looked = look();
  if (!looked && !stopped()) {
    if (trouble_.empty()) say(fmt::format("the daemon does not answer: {}", looked.error().message));
    trouble_ = looked.error().message;
  }
  if (looked && !std::exchange(trouble_, {}).empty()) say("the daemon answers again");
}

void DockerFollow::open_events() {
  if (events_ != 0 || !trouble_.empty() || Clock::now() < events_retry_at_) return;
  event_bytes_.clear();
  events_ = streams_.open({.path = api_.events_path(listed_ns_)});
}

void DockerFollow::hear_events(std::string& bytes) {
  events_backoff_.works(Clock::now());
  event_bytes_ += std::exchange(bytes, {});
  for (std::size_t end; (end = event_bytes_.find('\n')) != event_bytes_.npos; event_bytes_.erase(0, end + 1)) {
    event_ = true;
    if (std::string id = container_of_event(event_bytes_.substr(0, end)); !id.empty()) stirred_.insert(std::move(id));
  }
  if (event_bytes_.size() > kEventBytes) event_bytes_.clear();
}

void DockerFollow::connect(Followed& one) {
  bool terminal = false;
  if (const net::Outcome outcome = api_.has_terminal(one.id, terminal); !outcome.ok()) return over(one, outcome);
  one.container.begin_answer(terminal);
  one.stream = streams_.open({.path = api_.log_path(one.id, true, one.container.since_ns())});
  if (one.stream) by_stream_[one.stream] = &one;
  one.backoff.works(Clock::now());
}

void DockerFollow::connect_due() {
  for (auto& [id, one] : containers_) {
    if (one->stream != 0 || one->refused) continue;
    if (!one->gone_at && (one->runs || !one->ended) && Clock::now() >= one->retry_at) connect(*one);
    // While it runs, an answer that ended ends no line: the daemon is going, and answers again later.
    else if (one->ended && !one->runs) one->container.end_answer();
  }
}

void DockerFollow::leave(Followed& one) {
  if (one.stream == 0) return;
  by_stream_.erase(one.stream);
  streams_.close(std::exchange(one.stream, 0));
}

// An answer has ended, or none came.
void DockerFollow::over(Followed& one, const net::Outcome& outcome) {
  leave(one);
  const Clock::time_point now = Clock::now();
  const int status = outcome.answer.status;
  if (outcome.ok() || outcome.fault == net::Fault::stopped || status == kStatusGone || status == kStatusBeingRemoved) {
    one.ended = true;
    one.ended_at = now;
    one.retry_at = now + kAgainAfterEnd;
  } else if (outcome.fault == net::Fault::passing) {
    if (!std::exchange(broke_off_said_, true))
      say(fmt::format("{}: the connection broke off: {}", printable(one.container.name()), daemon_says(outcome)));
    one.retry_at = now + one.backoff.failed(now, random_bits(), outcome.retry_after);
  } else {
    say(fmt::format("{}: its log cannot be read: {}", printable(one.container.name()), daemon_says(outcome)));
    one.refused = true;
  }
}

// What comes until then, at the latest.
void DockerFollow::hear(std::chrono::milliseconds patience) {
  bool events_over = false;
  std::vector<std::pair<Followed*, net::Outcome>> ended;
  std::vector<Followed*> broken;
  for (const auto& ready : streams_.wait(patience)) {
    if (ready.stream == events_) {
      hear_events(*ready.bytes);
      events_over = ready.ended != nullptr;
      continue;
    }
    const auto owner = by_stream_.find(ready.stream);
    if (owner == by_stream_.end()) continue;
    Followed& one = *owner->second;
    if (!ready.bytes->empty()) one.heard_at = Clock::now();
    if (const auto taken = one.container.take(*ready.bytes); !taken) {
      say(fmt::format("{}: {}; its log is not read", printable(one.container.name()), taken.error().message));
      broken.push_back(&one);
    } else if (ready.ended && !one.container.full()) {
      ended.emplace_back(&one, *ready.ended);
    }
  }
  for (Followed* one : broken) {
    one->refused = true;
    leave(*one);
  }
  for (const auto& [one, outcome] : ended) over(*one, outcome);
  if (!events_over) return;
  streams_.close(std::exchange(events_, 0));
  const Clock::time_point now = Clock::now();
  events_retry_at_ = now + events_backoff_.failed(now, random_bits());
  listed_at_ = std::min(listed_at_, now - kListEvery + kListAgain);  // not at once: the daemon may be ending
}

// In turns, beginning behind the one that was last.
bool DockerFollow::hand_out(RecordBatch& batch) {
  auto at = containers_.upper_bound(last_handed_out_);
  for (std::size_t i = 0; i < containers_.size(); ++i, ++at) {
    if (at == containers_.end()) at = containers_.begin();
    Followed& one = *at->second;
    const bool quiet = one.stream == 0 || Clock::now() - one.heard_at >= kQuiet;
    const bool any = one.container.hand_out(batch, quiet);
    for (std::string& notice : one.container.notices()) say(std::move(notice));
    if (!any) continue;
    part_ = one.container.part();
    last_handed_out_ = at->first;
    return true;
  }
  return false;
}

Result<State> DockerFollow::next(RecordBatch& batch, std::chrono::milliseconds patience) {
  batch.clear();
  const auto until = Clock::now() + patience;
  for (;;) {
    open_events();
    look_if_due();
    connect_due();
    hear(std::min(kLookMost, patience));
    if (hand_out(batch)) return State::records;
    if (stopped() || Clock::now() >= until) return State::idle;
  }
}

bool DockerFollow::finish(RecordBatch& batch) {
  batch.clear();
  for (auto& [id, one] : containers_) {
    if (one->container.hand_out(batch, true)) {
      part_ = one->container.part();
      return true;
    }
    one->container.finish();
  }
  return false;
}

}  // namespace logystera::source
