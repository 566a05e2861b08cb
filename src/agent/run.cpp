#include "agent/run.hpp"

#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "agent/dispatch_lock.hpp"
#include "agent/signed_call.hpp"
#include "core/faults.hpp"
#include "core/wire.hpp"

namespace logystera::agent {
namespace {

constexpr std::size_t kGzipFromBytes = 512;             // below it the header costs more than it saves
constexpr std::int64_t kBatchLimitSeconds = 24 * 3600;  // how long a limit learned from 413 is believed
constexpr std::uint32_t kRefusedUnproven = 2;           // dead letters without proof that the gateway accepts anything
constexpr int kProbes = 2;                              // events of the same batch tried as such a proof
constexpr std::uint32_t kBatchesPerSync = 16;           // a power loss repeats at most so many (the gateway stores once)
constexpr std::uint32_t kRequestMillisecondsMin = 1000;

std::uint32_t random_bits() noexcept {
  std::uint32_t bits = 0;
  if (::getrandom(&bits, sizeof bits, GRND_NONBLOCK) != sizeof bits) bits = static_cast<std::uint32_t>(now().since_boot);
  return bits;
}

std::string said(const Verdict& verdict) {
  std::string text = std::string(name_of(verdict.trouble));
  if (!verdict.message.empty()) text += " (" + verdict.message + ")";
  return text + ": " + std::string(remedy_for(verdict.trouble));
}

}  // namespace

DispatchRun::DispatchRun(Buffer& buffer, const Credentials& credentials, const DispatchOptions& options)
    : buffer_(buffer),
      credentials_(credentials),
      options_(options),
      deadline_(std::chrono::steady_clock::now() + std::chrono::seconds(options.max_seconds)) {}

FlushResult DispatchRun::go() {
  directory_ = buffer_.enter();
  if (!directory_) {
    give_up(FlushStatus::unavailable, buffer_.not_entered(errno).message);
    return std::move(result_);
  }
  const DispatchLock lock = DispatchLock::take(directory_, buffer_.rules());
  if (lock.state() == DispatchLock::State::busy) {
    result_.status = FlushStatus::busy;
    return std::move(result_);
  }
  if (lock.state() == DispatchLock::State::failed) {
    give_up(FlushStatus::unavailable,
            buffer_.directory() + "/dispatch.lock: cannot be used: " + describe_errno(lock.error()));
    return std::move(result_);
  }
  if (begin() == Step::stop) return conclude();
  for (const Segment& segment : segments_)
    if (drain(segment) == Step::stop) break;
  return conclude();
}

DispatchRun::Step DispatchRun::begin() {
  Result<CheckpointFile> slots = CheckpointFile::open(directory_, buffer_.directory(), buffer_.rules());
  if (!slots) return give_up(FlushStatus::unavailable, slots.error().message);
  slots_.emplace(std::move(slots).value());
  checkpoint_ = slots_->load();
  adopt_credentials();
  buffer_.trim_sent();
  if (!may_try()) return Step::stop;
  if (checkpoint_.batch_limit_until <= options_.clock().wall) checkpoint_.batch_limit = 0;
  Result<std::vector<Segment>> claimed = buffer_.claim();
  if (!claimed) return give_up(FlushStatus::unavailable, claimed.error().message);
  segments_ = std::move(claimed).value();
  history_.emplace(HistoryFile::open(directory_, buffer_.rules()));
  return Step::go_on;
}

// Failures, suspension and skew were those of the credentials they happened with.
void DispatchRun::adopt_credentials() noexcept {
  const Digest fingerprint = sha256(credentials_.fingerprint());
  if (checkpoint_.credentials == fingerprint) return;
  checkpoint_.credentials = fingerprint;
  checkpoint_.suspended = false;
  checkpoint_.failures = checkpoint_.auth_failures = checkpoint_.refused_in_a_row = 0;
  checkpoint_.wait_seconds = 0;
  checkpoint_.clock_skew = 0;
  checkpoint_.batch_limit = 0;
  checkpoint_.trouble = Trouble::none;
}

bool DispatchRun::may_try() {
  if (checkpoint_.suspended) {
    give_up(FlushStatus::suspended,
            std::string(name_of(checkpoint_.trouble)) + " " + std::to_string(checkpoint_.auth_failures) +
                " times in a row, so nothing is sent: " + std::string(remedy_for(checkpoint_.trouble)) +
                " Dispatch goes on when they are saved.");
    return false;
  }
  const Moment at = options_.clock();
  const Wait wait{checkpoint_.attempt, checkpoint_.wait_seconds};
  if (wait.clock_went_back(at)) {
    checkpoint_.attempt = at;
    if (record(CheckpointFile::Durable::no) == Step::stop) return false;
  }
  if (wait.left(at) == 0) return true;
  give_up(FlushStatus::backoff, "waiting after " + std::string(name_of(checkpoint_.trouble)) + ": " +
                                    std::string(remedy_for(checkpoint_.trouble)));
  return false;
}

// --- A segment ---

DispatchRun::Step DispatchRun::drain(const Segment& segment) {
  Result<int> opened = buffer_.open_segment(segment.name);
  if (!opened) {  // left alone: it must not hold up the others
    if (result_.error.empty()) result_.error = opened.error().message;
    return Step::go_on;
  }
  const Fd file(opened.value());
  struct stat st {};
  if (::fstat(file.get(), &st) != 0)
    return give_up(FlushStatus::unavailable, buffer_.path_of(segment.name) + ": cannot be read");
  const auto size = static_cast<std::uint64_t>(st.st_size);
  const std::uint64_t identity = identify(file.get(), size);
  const bool resumed = checkpoint_.segment_name() == segment.name && checkpoint_.identity == identity;
  if (!resumed) {
    checkpoint_.set_segment(segment.name);
    checkpoint_.identity = identity;
    checkpoint_.offset = checkpoint_.intent_end = 0;
    checkpoint_.done = false;
  }
  struct Ahead {
    std::uint64_t offset;
    std::uint32_t events;
    Batch batch;
    Packed packed;
  };
  std::optional<Ahead> ahead;
  while (!checkpoint_.done && checkpoint_.offset < size) {
    if (!has_budget()) return give_up(FlushStatus::partial, {});
    const std::uint32_t events =
        checkpoint_.batch_limit != 0 ? std::min(checkpoint_.batch_limit, options_.batch_size) : options_.batch_size;
    const bool known =
        ahead && ahead->offset == checkpoint_.offset && ahead->events == events && checkpoint_.intent_end == 0;
    Result<Batch> batch =
        known ? Result<Batch>(std::move(ahead->batch))
              : read_batch(file.get(), checkpoint_.offset, size, {events, limits::kBatchBytes, checkpoint_.intent_end});
    if (known) ready_ = std::move(ahead->packed);
    ahead.reset();
    if (!batch) return give_up(FlushStatus::unavailable, buffer_.path_of(segment.name) + ": " + batch.error().message);
    // While the gateway works on this batch: the one that most likely comes next.
    meanwhile_ = [this, &ahead, &file, size, events, from = batch->end] {
      if (ahead || from >= size) return;
      if (Result<Batch> next = read_batch(file.get(), from, size, {events, limits::kBatchBytes, 0})) {
        Packed packed = next->lines.empty() ? Packed{} : pack(next->body);
        ahead = Ahead{from, events, std::move(next).value(), std::move(packed)};
      }
    };
    ready_for_ = known && !batch->lines.empty() ? std::string_view(batch->body) : std::string_view();
    const Step step = batch->lines.empty() ? advance(batch.value(), 0) : deliver(batch.value(), 0, batch->lines.size());
    meanwhile_ = nullptr;
    ready_for_ = {};
    if (step == Step::stop) return Step::stop;
  }
  return finish(segment);
}

DispatchRun::Step DispatchRun::finish(const Segment& segment) {
  checkpoint_.done = true;
  if (record(CheckpointFile::Durable::yes) == Step::stop) return Step::stop;
  LOGYSTERA_KILL_POINT("segment-done");
  // Going on without removing it would make the checkpoint forget that it is done.
  if (Result<Done> removed = buffer_.remove(segment); !removed) {
    return give_up(FlushStatus::unavailable, removed.error().message);
  }
  return Step::go_on;
}

// --- A batch: lines [first, last) of it ---

DispatchRun::Step DispatchRun::deliver(const Batch& batch, std::size_t first, std::size_t last) {
  switch (attempt(batch, first, last)) {
    case Outcome::accepted: return Step::go_on;
    case Outcome::refused: return find_refused(batch, first, last, true);
    case Outcome::too_large: return halve(batch, first, last);
    case Outcome::stopped: break;
  }
  return Step::stop;
}

// Bisects lines of which at least one is refused for good. When the left half is accepted the right half must hold it, and
// is not sent as a whole: with one refused event among n this makes at most 2·⌈log2 n⌉ + 2 requests, the first included.
// A single event is dead-lettered only when it was itself refused, not by elimination.
DispatchRun::Step DispatchRun::find_refused(const Batch& batch, std::size_t first, std::size_t last, bool refused_itself) {
  if (last - first == 1) return refused_itself ? dead_letter_event(batch, first) : deliver(batch, first, last);
  const std::size_t middle = first + (last - first + 1) / 2;
  switch (attempt(batch, first, middle)) {
    case Outcome::accepted: return find_refused(batch, middle, last, false);
    case Outcome::refused:
      if (find_refused(batch, first, middle, true) == Step::stop) return Step::stop;
      return deliver(batch, middle, last);
    case Outcome::too_large:
      if (halve(batch, first, middle) == Step::stop) return Step::stop;
      return deliver(batch, middle, last);
    case Outcome::stopped: break;
  }
  return Step::stop;
}

DispatchRun::Step DispatchRun::halve(const Batch& batch, std::size_t first, std::size_t last) {
  const std::size_t events = last - first;
  if (events == 1) return last_->acknowledged ? dead_letter_event(batch, first) : failed(*last_);
  checkpoint_.batch_limit = static_cast<std::uint32_t>((events + 1) / 2);
  checkpoint_.batch_limit_until = options_.clock().wall + kBatchLimitSeconds;
  const std::size_t middle = first + (events + 1) / 2;
  if (deliver(batch, first, middle) == Step::stop) return Step::stop;
  return deliver(batch, middle, last);
}

// The gateway has refused this one event, by itself and signed. It goes to dead/, unless the gateway refuses everything:
// then it is the two ends that do not understand each other, and emptying the buffer into dead/ would help nobody.
DispatchRun::Step DispatchRun::dead_letter_event(const Batch& batch, std::size_t index) {
  const Verdict verdict = *last_;
  if (++checkpoint_.refused_in_a_row > kRefusedUnproven && !gateway_accepts_others(batch, index)) {
    if (stopped_) return Step::stop;
    checkpoint_.intent_end = 0;  // events that come in meanwhile may join the batch and prove otherwise
    Verdict mismatch = verdict;
    mismatch.trouble = Trouble::refused_all;
    mismatch.at_cap = true;
    return failed(mismatch);
  }
  const std::string_view line = batch.line(index);
  if (Result<Done> stored = buffer_.dead_letter(line.substr(0, line.size() - 1), Drop::rejected, verdict.message);
      !stored) {
    return give_up(FlushStatus::unavailable, stored.error().message);
  }
  ++result_.dead_lettered;
  ++checkpoint_.dead_lettered;
  return advance(batch, index + 1);
}

// Tries a few other events one by one. Whichever is accepted will be sent once more with its batch; the gateway keeps one.
bool DispatchRun::gateway_accepts_others(const Batch& batch, std::size_t index) {
  std::vector<std::string> candidates;
  const std::size_t others = batch.lines.size() - index - 1;
  if (others > 0) candidates.emplace_back(batch.line(batch.lines.size() - 1));
  for (int i = 1; i < kProbes && others > 1; ++i)
    candidates.emplace_back(batch.line(index + 1 + random_bits() % (others - 1)));
  if (std::optional<std::string> line = line_of_newest_segment()) candidates.push_back(std::move(*line));
  for (const std::string& candidate : candidates) {
    if (!has_budget()) return give_up(FlushStatus::partial, {}) == Step::go_on;
    const Verdict verdict = post(candidate, 1);
    if (verdict.decision == Decision::wait) return failed(verdict) == Step::go_on;
    if (verdict.decision == Decision::accept && verdict.rejected.empty()) {
      checkpoint_.refused_in_a_row = 0;
      return true;
    }
  }
  return false;
}

std::optional<std::string> DispatchRun::line_of_newest_segment() {
  const Segment& newest = segments_.back();
  if (newest.name == checkpoint_.segment_name()) return std::nullopt;
  Result<int> opened = buffer_.open_segment(newest.name);
  if (!opened) return std::nullopt;
  const Fd file(opened.value());
  Result<Batch> batch = read_batch(file.get(), 0, newest.bytes, {1, limits::kBatchBytes, 0});
  if (!batch || batch->lines.empty()) return std::nullopt;
  return std::string(batch->line(0));
}

// --- A request ---

DispatchRun::Outcome DispatchRun::attempt(const Batch& batch, std::size_t first, std::size_t last) {
  if (!has_budget()) {
    give_up(FlushStatus::partial, {});
    return Outcome::stopped;
  }
  // Not made durable: after a power loss other bounds only mean that the gateway sees known events in another batch.
  checkpoint_.intent_end = batch.offset_behind(last);
  if (record(CheckpointFile::Durable::no) == Step::stop) return Outcome::stopped;
  LOGYSTERA_KILL_POINT("intent-written");
  const std::size_t begin = batch.lines[first].begin;
  const std::string_view body = std::string_view(batch.body).substr(begin, batch.lines[last - 1].end - begin);
  const Verdict verdict = post(body, static_cast<std::uint32_t>(last - first));
  LOGYSTERA_KILL_POINT("answer-received");
  switch (verdict.decision) {
    case Decision::accept:
      if (!settle_rejections(batch, first, last, verdict)) return Outcome::stopped;
      return advance(batch, last) == Step::go_on ? Outcome::accepted : Outcome::stopped;
    case Decision::split: return Outcome::refused;
    case Decision::shrink: return Outcome::too_large;
    default: failed(verdict); return Outcome::stopped;
  }
}

// An accepted batch may still name events that are not stored: those to be sent again go once more, as a batch of their own;
// those refused for good go to dead/. Ids we never sent, and second mentions, mean nothing. False: the run must stop, with
// the offset where it was.
bool DispatchRun::settle_rejections(const Batch& batch, std::size_t first, std::size_t last, const Verdict& verdict) {
  std::vector<const Rejection*> refused(last - first, nullptr);
  for (const Rejection& rejection : verdict.rejected) {
    for (std::size_t i = first; i < last; ++i) {
      EventView event;
      std::string_view line = batch.line(i);
      line.remove_suffix(1);
      const bool named = rejection.event_id.empty()
                             ? rejection.line == i - first + 1
                             : read_event_line(line, event) == LineFault::none && event.event_id == rejection.event_id;
      if (named && refused[i - first] == nullptr) refused[i - first] = &rejection;
    }
  }
  std::string again;
  std::uint32_t again_events = 0;
  for (std::size_t i = first; i < last; ++i) {
    if (refused[i - first] == nullptr || !refused[i - first]->retryable) continue;
    again += batch.line(i);
    ++again_events;
  }
  if (again_events != 0) {
    Verdict second = has_budget() ? post(again, again_events) : verdict;
    if (second.decision != Decision::accept || !second.rejected.empty()) {
      if (second.trouble == Trouble::none) second.trouble = Trouble::gateway;
      if (second.message.empty()) second.message = "some events are to be sent again later";
      failed(second);
      return false;
    }
  }
  std::uint64_t dead = 0;
  for (std::size_t i = first; i < last; ++i) {
    if (refused[i - first] == nullptr || refused[i - first]->retryable) continue;
    const std::string_view line = batch.line(i);
    const std::string& reason = refused[i - first]->reason;
    if (Result<Done> stored = buffer_.dead_letter(line.substr(0, line.size() - 1), Drop::rejected, reason); !stored) {
      give_up(FlushStatus::unavailable, stored.error().message);
      return false;
    }
    ++dead;
  }
  result_.dead_lettered += dead;
  checkpoint_.dead_lettered += dead;
  succeeded(verdict, last - first - dead);
  return true;
}

// Everything before line `last` is dealt with: its scraps are dead-lettered, the offset recorded. In that order: dying in between
// buries them twice, the other order would lose them uncounted.
DispatchRun::Step DispatchRun::advance(const Batch& batch, std::size_t last) {
  const std::uint64_t offset = batch.offset_behind(last);
  for (const Scrap& scrap : batch.scraps) {
    if (scrap.file_end <= checkpoint_.offset || scrap.file_end > offset) continue;
    if (Result<Done> stored = buffer_.dead_letter(scrap.text, Drop::corrupt, name_of(scrap.fault)); !stored) {
      return give_up(FlushStatus::unavailable, stored.error().message);
    }
    ++result_.dead_lettered;
    ++checkpoint_.dead_lettered;
  }
  checkpoint_.offset = offset;
  checkpoint_.intent_end = 0;
  // The death of this process cannot take the offset; a power loss can, and then the gateway sees batches again that it has
  // stored. So not every batch waits for the disk; one that put letters aside does, or they would be put aside twice.
  const bool durable = ++since_durable_ >= kBatchesPerSync || result_.dead_lettered != durable_dead_letters_;
  if (durable) {
    since_durable_ = 0;
    durable_dead_letters_ = result_.dead_lettered;
  }
  if (record(durable ? CheckpointFile::Durable::yes : CheckpointFile::Durable::no) == Step::stop) return Step::stop;
  LOGYSTERA_KILL_POINT("batch-recorded");
  return Step::go_on;
}

Verdict DispatchRun::post(std::string_view body, std::uint32_t events) {
  // The very bytes that were packed ahead: they live until the batch is done.
  const bool ready = !ready_for_.empty() && body.data() == ready_for_.data() && body.size() == ready_for_.size();
  const Packed packed = ready ? ready_ : pack(body);
  Verdict verdict = post_once(body, packed, events);
  // The gateway has told, signed, what time it has. Only then is its time used: anyone can forge a Date header, and a
  // signature for a time of his choice is what a replayer would want.
  if (verdict.decision == Decision::retime && has_budget()) {
    checkpoint_.clock_skew = verdict.server_time - options_.clock().wall;
    verdict = post_once(body, packed, events);
  }
  if (verdict.decision == Decision::retime) verdict.decision = Decision::wait;
  last_ = verdict;
  return verdict;
}

DispatchRun::Packed DispatchRun::pack(std::string_view body) {
  Packed packed{wire::batch_id(credentials_.entity_token(), body), {}};
  if (body.size() >= kGzipFromBytes) packed.gzip = gzip_.pack(body);
  if (packed.gzip.size() >= body.size()) packed.gzip.clear();
  return packed;
}

Verdict DispatchRun::post_once(std::string_view body, const Packed& packed, std::uint32_t events) {
  const std::string& batch_id = packed.batch_id;
  Verdict verdict;
  if (!transport_) {
    Result<Transport> opened = Transport::open(options_);
    if (!opened) {
      verdict.trouble = Trouble::local;
      verdict.message = opened.error().message;
      return verdict;
    }
    transport_.emplace(std::move(opened).value());
  }
  const std::string_view sent = packed.gzip.empty() ? body : std::string_view(packed.gzip);
  const std::string_view encoding = packed.gzip.empty() ? "identity" : "gzip";
  const std::int64_t timestamp = options_.clock().wall + checkpoint_.clock_skew;
  const std::vector<std::string> headers =
      signed_headers(credentials_, {wire::kIngestPath, wire::kContentType, encoding, batch_id, sent, timestamp});
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now()).count();
  const auto timeout = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(left, kRequestMillisecondsMin, std::int64_t{options_.timeout_seconds} * 1000));
  const HttpAnswer answer =
      transport_->post(credentials_.gateway_url() + std::string(wire::kIngestPath), headers, sent, timeout, meanwhile_);
  const Moment at = options_.clock();
  verdict = judge(answer, credentials_.secret(), batch_id, at.wall);
  ++result_.requests;
  ++checkpoint_.requests;
  checkpoint_.bytes_sent += sent.size();
  checkpoint_.attempt = at;
  checkpoint_.http_status = static_cast<std::uint16_t>(answer.status);
  history_->append(
      {at.wall, events, sent.size(), answer.status, answer.duration_ms, verdict.acknowledged, batch_id, verdict.message});
  return verdict;
}

bool DispatchRun::has_budget() const noexcept {
  if (options_.max_requests != 0 && result_.requests >= options_.max_requests) return false;
  return result_.requests == 0 || std::chrono::steady_clock::now() < deadline_;
}

// --- Keeping books ---

void DispatchRun::succeeded(const Verdict& verdict, std::uint64_t events) {
  checkpoint_.failures = checkpoint_.auth_failures = 0;
  if (events != 0) checkpoint_.refused_in_a_row = 0;
  checkpoint_.wait_seconds = 0;
  checkpoint_.trouble = Trouble::none;
  checkpoint_.last_success = checkpoint_.attempt.wall;
  checkpoint_.events_sent += events;
  ++checkpoint_.batches_sent;
  if (verdict.duplicate) ++checkpoint_.duplicates;
  result_.sent += events;
  ++result_.batches;
}

DispatchRun::Step DispatchRun::failed(const Verdict& verdict) {
  checkpoint_.failures = std::min(checkpoint_.failures + 1, UINT32_MAX - 1);
  checkpoint_.trouble = verdict.trouble;
  checkpoint_.attempt = options_.clock();
  if (verdict.counts_as_auth_failure && ++checkpoint_.auth_failures >= limits::kAuthFailures) checkpoint_.suspended = true;
  const std::uint32_t ceiling = verdict.at_cap ? limits::kBackoffCapSeconds : backoff_ceiling(checkpoint_.failures);
  checkpoint_.wait_seconds = spread(ceiling, random_bits());
  if (verdict.retry_after) {
    checkpoint_.wait_seconds = throttled_delay(checkpoint_.wait_seconds, *verdict.retry_after, random_bits());
  }
  give_up(checkpoint_.suspended ? FlushStatus::suspended : FlushStatus::backoff, said(verdict));
  record(CheckpointFile::Durable::yes);
  return Step::stop;
}

DispatchRun::Step DispatchRun::give_up(FlushStatus status, std::string error) {
  stopped_ = true;
  result_.status = status;
  if (!error.empty()) result_.error = std::move(error);
  return Step::stop;
}

DispatchRun::Step DispatchRun::record(CheckpointFile::Durable durable) {
  if (Result<Done> saved = slots_->save(checkpoint_, durable); !saved) {
    return give_up(FlushStatus::unavailable, saved.error().message);
  }
  return Step::go_on;
}

FlushResult DispatchRun::conclude() {
  if (!stopped_) {
    const bool moved = result_.batches != 0 || result_.dead_lettered != 0;
    result_.status = moved ? FlushStatus::sent : result_.error.empty() ? FlushStatus::idle : FlushStatus::unavailable;
  }
  const Moment at = options_.clock();
  const std::uint32_t left = Wait{checkpoint_.attempt, checkpoint_.wait_seconds}.left(at);
  if (result_.status == FlushStatus::backoff) result_.retry_at = at.wall + left;
  if (Result<BufferStats> stats = buffer_.stats()) {
    const std::uint64_t delivered = checkpoint_.done || checkpoint_.segment_name().empty() ? 0 : checkpoint_.offset;
    result_.remaining_bytes = stats->pending_bytes - std::min(stats->pending_bytes, delivered);
  }
  return std::move(result_);
}

}  // namespace logystera::agent
