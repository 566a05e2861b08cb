// What one request has recorded for one buffer: the arena with its event lines, the caps, and the counts. Knows no PHP; the
// extension walks the values and tells an EventWriter what each label is.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "agent/buffer.hpp"
#include "agent/signal_set.hpp"
#include "core/hmac.hpp"
#include "core/json.hpp"
#include "core/uuid.hpp"

namespace logystera::agent {

/// Memory for the lines of one request, contiguous so that one write commits it. The whole of limits::kArenaBytes is reserved
/// as addresses when the first event comes; only pages that are written become memory, and those beyond the first 64 KiB are
/// given back when the request ends.
class LineMemory {
 public:
  LineMemory() = default;
  ~LineMemory();
  LineMemory(const LineMemory&) = delete;
  LineMemory& operator=(const LineMemory&) = delete;

  /// Room for one event line at the end, or nullptr: the arena is full (or addresses are).
  char* room() noexcept {
    if (data_ == nullptr && !map()) return nullptr;
    return size_ + limits::kEventBytes <= limits::kArenaBytes ? data_ + size_ : nullptr;
  }
  void keep(std::size_t bytes) noexcept { size_ += bytes; }
  std::string_view lines() const noexcept { return {data_, size_}; }
  std::size_t size() const noexcept { return size_; }
  void clear() noexcept;

 private:
  static constexpr std::size_t kKeptBytes = 64 * 1024;
  bool map() noexcept;

  char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// How values are turned into labels; the same for all events of a recorder.
struct LabelRules {
  HmacKey uid_key{""};
  bool anonymize_ip = false;
};

/// Counts of one request, for stats().
struct RequestCounts {
  std::uint64_t recorded = 0;
  std::uint64_t committed = 0;
  std::uint64_t truncated = 0;       // values cut to their bound
  std::uint64_t labels_dropped = 0;  // labels the catalogue does not name for the type
  std::uint64_t labels_nulled = 0;   // values of a kind the label cannot hold
};

class EventWriter;

class Request {
 public:
  /// A fresh allowance after `allowance_seconds` for long-running command line processes; 0: one request, one allowance.
  void configure(std::uint32_t max_events, std::uint32_t allowance_seconds) noexcept;

  /// Keeps what each type has used of its cap when another set of signals takes over in the middle of a request.
  void carry_caps(const SignalSet& from, const SignalSet& to) noexcept;

  /// Starts the next request: caps, counts and arena empty. Costs a few stores when nothing was recorded.
  void reset() noexcept;

  /// Whether an event of this type may be recorded now; counts the drop otherwise.
  bool admit(const SignalSet& signals, std::uint16_t index, std::int64_t now) noexcept;
  /// Counts an event refused before it had a type of ours.
  void refuse(Drop reason, std::int64_t now) noexcept;

  LineMemory& arena() noexcept { return arena_; }
  RequestCounts& counts() noexcept { return counts_; }
  const RequestCounts& counts() const noexcept { return counts_; }
  const DropCounts& drops() const noexcept { return drops_; }
  std::uint32_t pending_events() const noexcept { return pending_events_; }
  std::int64_t first_pending_at() const noexcept { return first_pending_at_; }

  /// Hands everything pending to the buffer. The caps stay as they are.
  CommitResult commit(Buffer& buffer) noexcept;
  /// The next event begins a new allowance, where there is one of so many seconds. Counts go on.
  void renew_allowance() noexcept { allowance_since_ = 0; }
  /// Whether there is anything the buffer has not been told: events, or drops.
  bool unsaid() const noexcept { return unsaid_; }
  /// Forgets what is pending: the events belong to another process (after a fork).
  void forget() noexcept;

 private:
  friend class EventWriter;
  void finish_event(std::uint16_t index, std::size_t bytes, std::int64_t now) noexcept;
  /// `SECONDS,"timestamp":SECONDS,"event_id":"`: made once a second, since most events of a request share it.
  std::string_view stamp(std::int64_t now) noexcept;

  LineMemory arena_;
  RequestCounts counts_;
  DropCounts drops_{};       // of this request, all of them
  DropCounts unreported_{};  // of these, what the buffer has not been told yet
  std::array<std::uint16_t, limits::kSignals> per_type_{};
  std::uint32_t total_ = 0;
  std::uint32_t pending_events_ = 0;
  std::uint32_t max_events_ = limits::kEventsPerRequest;
  std::uint32_t allowance_seconds_ = 0;
  std::int64_t allowance_since_ = 0;
  std::int64_t first_pending_at_ = 0;
  std::array<char, 80> stamp_{};
  std::size_t stamp_size_ = 0;
  std::int64_t stamped_at_ = 0;
  bool dirty_ = false;
  bool unsaid_ = false;
};

/// Writes one event line into the arena. Construct, give labels, finish; an unfinished event leaves no trace.
class EventWriter {
 public:
  EventWriter(Request& request, const Signal& signal, std::uint16_t index, const LabelRules& rules, UuidSource& uuids,
              std::int64_t now) noexcept;

  bool ok() const noexcept { return !out_.full(); }

  /// Finds the label; nullptr (and counted) if the type does not name it. Labels given in the catalogue's order are found
  /// at once.
  const Label* label(std::string_view name) noexcept {
    const Label* expected = next_label_;
    if (expected == labels_end_ || !expected->is(name)) return find_label(name);
    next_label_ = expected + 1 != labels_end_ ? expected + 1 : signal_.labels.data();
    return expected;
  }

  // One of these per label found. A value the label cannot hold becomes null and is counted.
  void text(const Label& label, std::string_view value) noexcept;
  void integer(const Label& label, std::int64_t value) noexcept;
  void number(const Label& label, double value) noexcept;
  void boolean(const Label& label, bool value) noexcept;
  void null(const Label& label) noexcept;
  void unfit(const Label& label) noexcept;

  void open_list(const Label& label) noexcept;
  /// False when the list already has 64 items; the rest is counted as truncated.
  bool item(std::string_view value) noexcept;
  bool item(std::int64_t value) noexcept;
  void skip_item() noexcept;
  void close_list() noexcept;

  /// Ends the line and keeps it. False: it did not fit (32 KiB) and was counted as dropped.
  bool finish() noexcept;

 private:
  const Label* find_label(std::string_view name) noexcept;
  void begin(const Label& label) noexcept {
    // The first label leaves out the comma its fragment starts with.
    const std::size_t skip = first_ ? 1 : 0;
    first_ = false;
    out_.append_padded(label.fragment.data() + skip, label.fragment_size - skip);
  }
  void uid(std::string_view value) noexcept;
  json::Bound bound_of(const Label& label) const noexcept;

  Request& request_;
  const Signal& signal_;
  const LabelRules& rules_;
  json::Output out_;
  std::int64_t now_;
  const Label* next_label_;
  const Label* labels_end_;
  std::uint16_t index_;
  std::uint16_t items_ = 0;
  bool first_ = true;
};

/// Lower-case 64-digit hash of a user id in decimal; the anonymous user (empty or "0") has no hash: an empty string.
std::size_t hash_uid(const HmacKey& key, std::string_view id, char (&out)[64]) noexcept;

}  // namespace logystera::agent
