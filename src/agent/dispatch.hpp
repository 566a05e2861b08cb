// The dispatcher: drains a buffer directory to the gateway, signed, batch by batch, each event at least once.
//
// One run at a time per directory (dispatch.lock). A run claims the buffer, then for each sealed file, oldest first: reads
// a batch, writes its bounds to the checkpoint (intent), posts it, and only on an answer whose Logystera-Ack proves it came
// from the gateway writes the new offset durably and goes on. A file is removed only after a durable checkpoint says it is
// done. Whatever happens in between, the next run repeats the same bytes under the same batch id and the gateway stores
// each event once. Nothing on disk, however damaged, stops a run: without a usable checkpoint it starts at the oldest
// event again.
//
// Files in the buffer directory: dispatch.lock (never unlinked), dispatch.state.a and .b (the two checkpoint slots),
// dispatch.history (the last 500 gateway requests). docs/dispatch.md tells the same for people who run it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/credentials.hpp"
#include "agent/moment.hpp"
#include "core/limits.hpp"
#include "core/result.hpp"

namespace logystera::agent {

struct DispatchOptions {
  /// Events in a batch, 10-500; it closes earlier at 512 KiB.
  std::uint32_t batch_size = limits::kBatchEventsDefault;
  /// http://, https:// or socks5h://[USER[:PASSWORD]@]HOST:PORT. Empty: none. The environment's *_proxy variables are
  /// ignored unless `proxy_from_environment`: a web server's environment is not where this is decided.
  std::string proxy;
  /// Of the user that `proxy` names without one, as it is (no %XX). Empty: none. At most 1,024 bytes.
  Secret proxy_password;
  bool proxy_from_environment = false;
  /// PEM file of certificate authorities instead of the system's. Verification cannot be switched off.
  std::string ca_bundle;
  std::uint32_t connect_timeout_seconds = 5;  // 1-60
  std::uint32_t timeout_seconds = 15;         // 1-300, one request from start to end
  std::uint32_t max_seconds = 45;             // 1-3600, one run
  /// Requests in one run; 0: as many as fit into max_seconds (the relay and a manual flush).
  std::uint32_t max_requests = 50;
  /// How many bytes of what was delivered stay readable in the buffer's sent/, 0-5,242,880; 0: none, and what is there goes.
  std::uint32_t sent_bytes = 0;
  /// As the buffer's: directory shared by a group, or on a network file system.
  bool share_group = false;
  bool allow_network_fs = false;
  /// Sent as User-Agent; printable ASCII, at most 128 characters. The gateway reads the version behind "logystera/".
  std::string user_agent = "logystera/" LOGYSTERA_VERSION " (agent)";
  /// Source of time; tests set their own.
  Moment (*clock)() noexcept = &now;
};

/// Every option within its range; the error names the option, the value and the range.
Result<Done> validate(const DispatchOptions& options);

enum class FlushStatus : std::uint8_t {
  idle,         // nothing to send
  sent,         // everything the buffer held when the run began is delivered
  partial,      // stopped by max_requests or max_seconds; the rest waits for the next run
  backoff,      // an attempt failed, now or earlier: nothing is tried before retry_at
  suspended,    // 5 authentication failures in a row: until the credentials change or resume()
  busy,         // another dispatcher is at work on this directory
  unavailable,  // directory, buffer or checkpoint cannot be used; `error` says why
};
std::string_view name_of(FlushStatus status) noexcept;

struct FlushResult {
  FlushStatus status = FlushStatus::idle;
  std::uint64_t sent = 0;           // events acknowledged in this run
  std::uint64_t batches = 0;        // batches acknowledged
  std::uint64_t requests = 0;       // HTTP requests made
  std::uint64_t dead_lettered = 0;  // events or torn lines put into dead/
  std::uint64_t remaining_bytes = 0;
  std::int64_t retry_at = 0;  // unix seconds; 0: whenever the next run comes
  std::string error;          // for a person: what is wrong and what to do; empty when nothing is
};

/// What kept the last attempt from succeeding.
enum class Trouble : std::uint8_t {
  none,
  network,         // resolving, connecting, reset, timeout: the gateway may or may not have the batch
  tls,             // the certificate does not hold; never sent
  proxy,           // 407 or a refused CONNECT
  unacknowledged,  // an answer without a valid Logystera-Ack: a captive portal, a wrong secret, something in between
  unauthorized,    // 401
  forbidden,       // 403
  clock,           // the gateway's clock and ours differ by more than it allows
  throttled,       // 429
  gateway,         // 5xx, 408, 425
  redirected,      // 3xx: never followed
  refused_all,     // every event is refused: the two ends do not speak the same protocol
  too_large,       // 413 for a single event, from something that is not the gateway
  version,         // 426: this agent is older than the gateway accepts
  address,         // 404, 405, 410, 415, 501: no Logystera gateway at this URL
  local,           // the checkpoint cannot be written (disk full?)
  count_,
};
std::string_view name_of(Trouble trouble) noexcept;
/// One sentence for the Status page: what to do about it.
std::string_view remedy_for(Trouble trouble) noexcept;

/// What the checkpoint tells about the dispatcher. All times are unix seconds, 0 = never.
struct DispatchState {
  bool known = false;  // false: no run yet, or both slots unreadable
  bool suspended = false;
  Trouble trouble = Trouble::none;  // of the last attempt
  int http_status = 0;              // of the last attempt; 0: no answer
  std::int64_t last_attempt = 0;
  std::int64_t last_success = 0;
  std::int64_t next_attempt = 0;    // 0: any time
  std::uint32_t failures = 0;       // consecutive
  std::uint32_t auth_failures = 0;  // consecutive 401/403
  std::int64_t clock_skew = 0;      // seconds the gateway's clock is ahead of ours, when it told us
  std::uint32_t batch_limit = 0;    // events, learned from 413; 0: none
  std::uint64_t events_sent = 0;    // since the directory exists
  std::uint64_t batches_sent = 0;
  std::uint64_t requests = 0;
  std::uint64_t duplicates = 0;  // batches the gateway already had
  std::uint64_t dead_lettered = 0;
  std::uint64_t bytes_sent = 0;  // request bodies as sent
};

/// One gateway request.
struct HistoryEntry {
  std::int64_t at = 0;  // unix seconds, when it ended
  std::uint32_t events = 0;
  std::uint64_t bytes = 0;  // body as sent
  int http_status = 0;      // 0: no answer
  std::uint32_t duration_ms = 0;
  bool acknowledged = false;
  std::string batch;  // batch id
  std::string error;  // empty when delivered
};

/// What became of one signed request besides dispatch.
enum class CallStatus : std::uint8_t {
  ok,           // the gateway has done it, and its signed answer says so
  unreachable,  // no answer, or none that is the gateway's own: it may or may not have been done
  refused,      // the gateway will not do it, or the request broke a limit and was never sent
};
std::string_view name_of(CallStatus status) noexcept;

struct CallResult {
  CallStatus status = CallStatus::unreachable;
  int http_status = 0;    // 0: no answer
  std::string error;      // cause and remedy; empty when all is well
  std::string reference;  // support(): under which the gateway keeps the message
};

/// A message to the people who run the gateway.
struct SupportMessage {
  std::string_view message;                          // 1-10,000 characters
  std::optional<std::string_view> email;             // where to answer, at most 254 bytes
  std::optional<std::string_view> diagnostics_json;  // one JSON object, nested at most 31 deep
};

/// The two below need neither credentials nor a lock, create nothing, and take a damaged file for an empty one.
DispatchState read_dispatch_state(const std::string& buffer_dir) noexcept;
/// Newest first.
std::vector<HistoryEntry> read_dispatch_history(const std::string& buffer_dir, std::size_t limit = 50) noexcept;

class Dispatcher {
 public:
  /// Validates the options, then opens (or creates) the buffer directory. No network, no lock.
  static Result<Dispatcher> open(std::string buffer_dir, Credentials credentials, DispatchOptions options = {});
  ~Dispatcher();
  Dispatcher(Dispatcher&&) noexcept;
  Dispatcher& operator=(Dispatcher&&) noexcept;

  /// One run, at most max_seconds long (plus one request already begun). Never throws, never blocks on another dispatcher.
  FlushResult flush() noexcept;

  /// As read_dispatch_state, but not suspended when these credentials are not those that were refused.
  DispatchState state() const noexcept;
  std::vector<HistoryEntry> history(std::size_t limit = 50) const noexcept;

  /// Whether gateway, token, secret and (within what dispatch corrects by itself) clock are right. Stores nothing anywhere.
  CallResult ping() const noexcept;
  /// Ends these credentials at the gateway: once it is ok, nothing signed with them is taken any more. `refused` with
  /// HTTP 401 means that the gateway does not know them (any more).
  CallResult disconnect() const noexcept;
  /// All of it together at most 256 KiB as JSON. The same text again gets the same reference and is kept once.
  CallResult support(const SupportMessage& message) const noexcept;

  /// Ends suspension and backoff, so that the next flush() sends. Fails while another dispatcher runs.
  Result<Done> resume() noexcept;

 private:
  struct Inner;
  explicit Dispatcher(std::unique_ptr<Inner> inner) noexcept;
  std::unique_ptr<Inner> inner_;
};

}  // namespace logystera::agent
