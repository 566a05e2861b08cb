#include "agent/dispatch.hpp"

#include <algorithm>
#include <utility>

#include "agent/buffer.hpp"
#include "agent/checkpoint.hpp"
#include "agent/dispatch_lock.hpp"
#include "agent/proxy.hpp"
#include "agent/run.hpp"
#include "agent/seal.hpp"
#include "agent/signed_call.hpp"

namespace logystera::agent {
namespace {

constexpr std::size_t kPathBytes = 4096;
constexpr std::size_t kUserAgentBytes = 128;

struct TroubleText {
  std::string_view name, remedy;
};
constexpr TroubleText kTroubles[] = {
    {"none", ""},
    {"network", "The gateway could not be reached, or the connection broke; it is tried again by itself."},
    {"tls", "The gateway's certificate does not hold: check the gateway URL, this server's clock and the CA bundle."},
    {"proxy", "The proxy refuses: check its address and its credentials."},
    {"unacknowledged",
     "The answer is not the gateway's own: check the gateway URL, and what stands between it and this server."},
    {"unauthorized", "The gateway does not know these credentials: copy entity token and secret again."},
    {"forbidden", "The gateway knows this entity but takes nothing from it: have it enabled there."},
    {"clock", "This server's clock differs too much from the gateway's: set it (NTP)."},
    {"throttled", "The gateway asks for a pause; it is tried again by itself."},
    {"gateway", "The gateway has a problem of its own; it is tried again by itself."},
    {"redirected", "The gateway URL leads elsewhere: enter the address it is redirected to."},
    {"refused_all", "The gateway refuses every event: update this software or the gateway; the events are kept."},
    {"too_large", "A single event is too large for something before the gateway: raise its limit on request bodies."},
    {"version", "The gateway requires a newer version of this software: update it."},
    {"address", "There is no Logystera gateway at this URL: check the gateway URL."},
    {"local", "This server has a problem of its own: see the error."},
};
static_assert(sizeof kTroubles / sizeof *kTroubles == static_cast<std::size_t>(Trouble::count_));

bool is_printable(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

Result<Done> in_range(std::string_view name, std::uint32_t value, std::uint32_t least, std::uint32_t most) {
  if (value >= least && value <= most) return Done{};
  return Error{std::string(name) + ": must be " + std::to_string(least) + "-" + std::to_string(most) + ", is " +
                   std::to_string(value),
               ErrorKind::invalid};
}

// The values themselves are secrets, or hold one, and are not repeated.
Result<Done> check_proxy(const DispatchOptions& options) {
  const Result<Proxy> proxy = Proxy::parse(options.proxy);
  if (!proxy) return proxy.error();
  const std::string_view password = options.proxy_password.view();
  if (password.empty()) return Done{};
  if (password.size() > kSecretValueBytesMax || password.find('\0') != std::string_view::npos) {
    return Error{"proxy_password: must have at most " + std::to_string(kSecretValueBytesMax) + " bytes, none of them NUL",
                 ErrorKind::invalid};
  }
  if (proxy->has_user && proxy->password.view().empty()) return Done{};
  return Error{"proxy_password: needs a user in `proxy` (http://USER@HOST:PORT) that has no password there",
               ErrorKind::invalid};
}

CallResult without_memory() noexcept {
  CallResult result;
  result.error = "out of memory";  // short enough to need none
  return result;
}

DispatchState state_of(const Checkpoint& checkpoint, const Moment& at) noexcept {
  DispatchState state;
  state.known = true;
  state.suspended = checkpoint.suspended;
  state.trouble = checkpoint.trouble;
  state.http_status = checkpoint.http_status;
  state.last_attempt = checkpoint.attempt.wall;
  state.last_success = checkpoint.last_success;
  const std::uint32_t left = Wait{checkpoint.attempt, checkpoint.wait_seconds}.left(at);
  if (left != 0) state.next_attempt = at.wall + left;
  state.failures = checkpoint.failures;
  state.auth_failures = checkpoint.auth_failures;
  state.clock_skew = checkpoint.clock_skew;
  state.batch_limit = checkpoint.batch_limit_until > at.wall ? checkpoint.batch_limit : 0;
  state.events_sent = checkpoint.events_sent;
  state.batches_sent = checkpoint.batches_sent;
  state.requests = checkpoint.requests;
  state.duplicates = checkpoint.duplicates;
  state.dead_lettered = checkpoint.dead_lettered;
  state.bytes_sent = checkpoint.bytes_sent;
  return state;
}

}  // namespace

std::string_view name_of(FlushStatus status) noexcept {
  switch (status) {
    case FlushStatus::idle: return "idle";
    case FlushStatus::sent: return "sent";
    case FlushStatus::partial: return "partial";
    case FlushStatus::backoff: return "backoff";
    case FlushStatus::suspended: return "suspended";
    case FlushStatus::busy: return "busy";
    case FlushStatus::unavailable: return "unavailable";
  }
  return "unavailable";
}

std::string_view name_of(CallStatus status) noexcept {
  switch (status) {
    case CallStatus::ok: return "ok";
    case CallStatus::unreachable: return "unreachable";
    case CallStatus::refused: return "refused";
  }
  return "unreachable";
}

std::string_view name_of(Trouble trouble) noexcept {
  return trouble < Trouble::count_ ? kTroubles[static_cast<std::size_t>(trouble)].name : "none";
}

std::string_view remedy_for(Trouble trouble) noexcept {
  return trouble < Trouble::count_ ? kTroubles[static_cast<std::size_t>(trouble)].remedy : "";
}

Result<Done> validate(const DispatchOptions& options) {
  const struct {
    std::string_view name;
    std::uint32_t value, least, most;
  } ranges[] = {
      {"batch_size", options.batch_size, limits::kBatchEventsMin, limits::kBatchEventsMax},
      {"sent_bytes", options.sent_bytes, 0, limits::kSentBytes},
      {"connect_timeout", options.connect_timeout_seconds, 1, 60},
      {"timeout", options.timeout_seconds, 1, 300},
      {"max_seconds", options.max_seconds, 1, 3600},
  };
  for (const auto& range : ranges) {
    if (Result<Done> good = in_range(range.name, range.value, range.least, range.most); !good) return good;
  }
  if (Result<Done> good = check_proxy(options); !good) return good;
  if (!options.ca_bundle.empty() && (options.ca_bundle.front() != '/' || options.ca_bundle.size() > kPathBytes ||
                                     options.ca_bundle.find('\0') != std::string::npos)) {
    return Error{"ca_bundle: must be the absolute path of a PEM file", ErrorKind::invalid};
  }
  if (options.user_agent.size() > kUserAgentBytes || !is_printable(options.user_agent)) {
    return Error{"user_agent: must be printable ASCII of at most " + std::to_string(kUserAgentBytes) + " characters",
                 ErrorKind::invalid};
  }
  if (options.clock == nullptr) return Error{"clock: is missing", ErrorKind::invalid};
  return Done{};
}

struct Dispatcher::Inner {
  Buffer buffer;
  Credentials credentials;
  DispatchOptions options;
};

Dispatcher::Dispatcher(std::unique_ptr<Inner> inner) noexcept : inner_(std::move(inner)) {}
Dispatcher::~Dispatcher() = default;
Dispatcher::Dispatcher(Dispatcher&&) noexcept = default;
Dispatcher& Dispatcher::operator=(Dispatcher&&) noexcept = default;

Result<Dispatcher> Dispatcher::open(std::string buffer_dir, Credentials credentials, DispatchOptions options) {
  if (Result<Done> good = validate(options); !good) return good.error();
  BufferOptions buffer_options;
  buffer_options.share_group = options.share_group;
  buffer_options.allow_network_fs = options.allow_network_fs;
  buffer_options.sent_bytes = options.sent_bytes;
  Result<Buffer> buffer = Buffer::open(std::move(buffer_dir), buffer_options);
  if (!buffer) return buffer.error();
  return Dispatcher(
      // NOLINTNEXTLINE(modernize-make-unique): Inner is an aggregate, which make_unique takes from C++20 on
      std::unique_ptr<Inner>(new Inner{std::move(buffer).value(), std::move(credentials), std::move(options)}));
}

FlushResult Dispatcher::flush() noexcept try {
  return DispatchRun(inner_->buffer, inner_->credentials, inner_->options).go();
} catch (...) {
  FlushResult result;
  result.status = FlushStatus::unavailable;
  return result;
}

DispatchState Dispatcher::state() const noexcept {
  Checkpoint checkpoint;
  if (!read_checkpoint(inner_->buffer.directory(), checkpoint)) return {};
  DispatchState state = state_of(checkpoint, inner_->options.clock());
  if (checkpoint.credentials != sha256(inner_->credentials.fingerprint())) {
    state.suspended = false;
    state.trouble = Trouble::none;
    state.failures = state.auth_failures = 0;
    state.next_attempt = 0;
  }
  return state;
}

std::vector<HistoryEntry> Dispatcher::history(std::size_t limit) const noexcept {
  return read_dispatch_history(inner_->buffer.directory(), limit);
}

CallResult Dispatcher::ping() const noexcept try { return agent::ping(inner_->credentials, inner_->options); } catch (...) {
  return without_memory();
}

CallResult Dispatcher::disconnect() const noexcept try {
  return agent::disconnect(inner_->credentials, inner_->options);
} catch (...) {
  return without_memory();
}

CallResult Dispatcher::support(const SupportMessage& message) const noexcept try {
  return agent::support(inner_->credentials, inner_->options, message);
} catch (...) {
  return without_memory();
}

Result<Done> Dispatcher::resume() noexcept try {
  const Buffer& buffer = inner_->buffer;
  const Directory directory = buffer.enter();
  if (!directory) return buffer.not_entered(errno);
  const DispatchLock lock = DispatchLock::take(directory, buffer.rules());
  if (lock.state() == DispatchLock::State::busy)
    return Error{"another dispatcher is at work; try again when it is done", ErrorKind::busy};
  if (lock.state() == DispatchLock::State::failed) {
    return Error{buffer.directory() + "/dispatch.lock: cannot be used: " + describe_errno(lock.error()),
                 kind_of_errno(lock.error())};
  }
  Result<CheckpointFile> slots = CheckpointFile::open(directory, buffer.directory(), buffer.rules());
  if (!slots) return slots.error();
  Checkpoint checkpoint = slots->load();
  checkpoint.suspended = false;
  checkpoint.failures = checkpoint.auth_failures = 0;
  checkpoint.wait_seconds = 0;
  checkpoint.trouble = Trouble::none;
  return slots->save(checkpoint, CheckpointFile::Durable::yes);
} catch (...) {
  return Error{"out of memory"};
}

DispatchState read_dispatch_state(const std::string& buffer_dir) noexcept {
  Checkpoint checkpoint;
  return read_checkpoint(buffer_dir, checkpoint) ? state_of(checkpoint, now()) : DispatchState{};
}

}  // namespace logystera::agent
