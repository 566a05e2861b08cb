#include "notify/sender.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base64.hpp"
#include "core/clock.hpp"
#include "core/faults.hpp"
#include "core/hmac.hpp"
#include "core/printable.hpp"
#include "core/random.hpp"
#include "net/delivery.hpp"
#include "notify/plan.hpp"

namespace logystera::notify {
namespace {

using store::Channel;
using store::OutboxBatch;
using store::OutboxRow;
using Fault = net::Delivered::Fault;

constexpr std::size_t kRowsOfMessage = 5000, kPruned = 500, kKeyBytes = 32;
constexpr std::int64_t kHour = 3600, kPruneEvery = kHour;
constexpr std::string_view kKeyName = "notify.message_key";

// A message on its way.
struct Trip {
  Channel channel;
  ChannelOptions options;
  OutboxBatch batch;
  std::optional<net::Delivered> over;  // what came of it, and is not noted yet
};

double kernel_random() {
  auto text = random_text(4);
  if (!text) return 0.5;
  double sum = 0;
  for (const char c : text.value()) sum = (sum + static_cast<unsigned char>(c)) / 256.0;
  return sum;
}

bool is_over_for_good(const ChannelOptions& options, const net::Delivered& one) {
  constexpr int kForbidden = 403, kNotFound = 404, kGone = 410;
  switch (options.kind) {
    case ChannelKind::slack:
    case ChannelKind::teams:
      return one.fault == Fault::refused && (one.status == kForbidden || one.status == kNotFound || one.status == kGone);
    case ChannelKind::webhook: return one.fault == Fault::refused && one.status == kGone;
    case ChannelKind::email: return one.fault == Fault::credentials;
  }
  return false;
}

// Teams' older webhooks say 200 and, in words, that it was none (learn.microsoft.com, "Rate limiting for connectors").
void read_between_the_lines(const ChannelOptions& options, net::Delivered& one) {
  if (options.kind != ChannelKind::teams || one.fault != Fault::none) return;
  if (one.answer.find("returned HTTP error") == std::string::npos) return;
  one.fault = Fault::passing;
  one.error = "it answered " + std::to_string(one.status) + ", and in it: " + printable(one.answer.substr(0, 200));
}

}  // namespace

Rate rate_of(ChannelKind kind) noexcept {
  switch (kind) {
    case ChannelKind::slack: return {1, 3};
    case ChannelKind::teams: return {1, 1};
    case ChannelKind::webhook: return {10, 10};
    case ChannelKind::email: break;
  }
  return {10, 30};  // its receivers have limits of their own
}

struct Courier::Inner {
  store::Store& store;
  SenderOptions options;
  net::Deliveries deliveries;
  std::map<std::int64_t, Trip> trips;  // by channel
  struct Bucket {
    double tokens = 0;
    std::int64_t at = 0;
  };
  std::map<std::int64_t, Bucket> buckets;
  std::map<std::int64_t, std::int64_t> held_until;         // channels, by the other side's Retry-After
  std::map<std::string, std::deque<std::int64_t>> mailed;  // by address
  std::string key;
  std::int64_t pruned_at = 0;

  Inner(store::Store& its_store, SenderOptions wanted) : store(its_store), options(std::move(wanted)) {
    if (!options.random) options.random = kernel_random;
  }

  Result<Done> begin();
  Result<Done> start_all(std::int64_t now);
  Result<Done> start(const Channel& channel, std::int64_t now);
  Result<bool> start_to(const Channel& channel, const ChannelOptions& its, const std::string& target, std::int64_t now);
  Result<Done> hand_over(Trip& trip, const Secrets& secrets, std::int64_t now);
  Result<std::vector<std::string>> thread_of(const Trip& trip, const Message& message);
  Result<Done> note(Trip& trip, std::int64_t now);
  Result<Done> note_failure(store::Stores& stores, const Trip& trip, const net::Delivered& one, std::int64_t now);
  Result<Done> switch_off(store::Stores& stores, const Channel& channel, const std::string& reason, std::int64_t now);
  Result<Done> switch_off_receiver(store::Stores& stores, const Trip& trip, const std::string& reason, std::int64_t now);
  bool has_token(std::int64_t channel, ChannelKind kind, std::int64_t now);
  std::optional<std::int64_t> full_until(const std::string& address, std::int64_t now);
  std::int64_t next_try(const Trip& trip, const net::Delivered& one, std::int64_t now);
};

Result<Done> Courier::Inner::begin() {
  auto known = store.settings().find(kKeyName);
  if (!known) return known.error();
  if (known.value()) {
    key = *known.value();
  } else {
    auto made = random_text(kKeyBytes);
    if (!made) return made.error();
    key = '"' + made.value() + '"';
    if (auto put = store.settings().put(kKeyName, key); !put) return put;
  }
  auto released = store.outbox().release();
  if (!released) return released.error();
  auto channels = store.channels().list();
  if (!channels) return channels.error();
  const std::int64_t now = options.now();
  for (const Channel& channel : channels.value()) {
    auto its = options_of(channel);
    if (!its) continue;
    for (const Receiver& receiver : its->receivers) {
      auto times = store.outbox().sent_times(channel.id, receiver.address, now - kHour);
      if (!times) return times.error();
      auto& all = mailed[receiver.address];
      all.insert(all.end(), times->begin(), times->end());
      std::sort(all.begin(), all.end());
    }
  }
  return Done{};
}

bool Courier::Inner::has_token(std::int64_t channel, ChannelKind kind, std::int64_t now) {
  const Rate rate = rate_of(kind);
  const auto [entry, fresh] = buckets.try_emplace(channel, Bucket{rate.burst, now});
  Bucket& bucket = entry->second;
  if (now < bucket.at) bucket.at = now;  // the clock was set back
  bucket.tokens = std::min(rate.burst, bucket.tokens + static_cast<double>(now - bucket.at) * rate.per_second);
  bucket.at = now;
  return bucket.tokens >= 1;
}

std::optional<std::int64_t> Courier::Inner::full_until(const std::string& address, std::int64_t now) {
  std::deque<std::int64_t>& times = mailed[address];
  while (!times.empty() && (times.front() <= now - kHour || times.front() > now)) times.pop_front();
  if (times.size() < kMailsPerHour) return std::nullopt;
  return times.front() + kHour;
}

Result<Done> Courier::Inner::start_all(std::int64_t now) {
  auto due = store.outbox().due(now);
  if (!due) return due.error();
  for (const std::int64_t id : due.value()) {
    if (trips.count(id) != 0) continue;
    auto channel = store.channels().find(id);
    if (!channel) return channel.error();
    if (!channel.value()) continue;  // it was removed just now, and with it what waited
    if (auto done = start(*channel.value(), now); !done) return done;
  }
  return Done{};
}

Result<Done> Courier::Inner::start(const Channel& channel, std::int64_t now) {
  if (!channel.enabled) {
    const std::string why =
        channel.off_reason.empty() ? "the channel is switched off" : "the channel is off: " + channel.off_reason;
    auto gone = store.outbox().bury_older(channel.id, now - kTryingSeconds, why);
    if (!gone) return gone.error();
    return Done{};
  }
  if (const auto held = held_until.find(channel.id); held != held_until.end() && held->second > now) return Done{};
  auto its = options_of(channel);
  if (!its) return store.channels().note(channel.id, now, its.error().message);
  if (!has_token(channel.id, its->kind, now)) return Done{};
  auto targets = store.outbox().targets(channel.id, now);
  if (!targets) return targets.error();
  for (const std::string& target : targets.value()) {
    if (its->kind == ChannelKind::email) {
      auto gone = give_up_gone(store, channel.id, its.value(), target, now);
      if (!gone) return gone.error();
      if (gone.value()) continue;
      if (const auto full = full_until(target, now)) {
        if (auto done = store.outbox().postpone(channel.id, target, now, *full); !done) return done;
        continue;
      }
    }
    auto started = start_to(channel, its.value(), target, now);
    if (!started) return started.error();
    if (started.value()) return Done{};
  }
  return Done{};
}

Result<bool> Courier::Inner::start_to(const Channel& channel, const ChannelOptions& its, const std::string& target,
                                      std::int64_t now) {
  auto batch = store.outbox().take(channel.id, target, now, its.kind == ChannelKind::webhook ? 1 : kRowsOfMessage);
  if (!batch) return batch.error();
  if (!batch.value()) return false;
  Trip& trip = trips.emplace(channel.id, Trip{channel, its, std::move(*batch.value()), {}}).first->second;
  buckets[channel.id].tokens -= 1;
  LOGYSTERA_KILL_POINT("notify_before_send");
  auto secrets = unseal(options.seal, channel);
  auto started = secrets ? hand_over(trip, secrets.value(), now) : Result<Done>(secrets.error());
  if (started) return true;
  // It could not even be started: that is noted as any other failure.
  net::Delivered failed;
  failed.fault = Fault::configuration;
  failed.error = started.error().message;
  trip.over = std::move(failed);
  if (auto noted = note(trip, now); !noted) return noted.error();
  trips.erase(channel.id);
  return true;
}

Result<std::vector<std::string>> Courier::Inner::thread_of(const Trip& trip, const Message& message) {
  std::vector<std::string> ids;
  for (const News& news : message.alerts) {
    if (news.alert == 0) continue;
    auto first = store.outbox().opening_batch(trip.channel.id, trip.batch.rows.front().target, news.alert);
    if (!first) return first.error();
    if (first.value() == 0 || first.value() == trip.batch.number) continue;
    auto row = store.outbox().find(first.value());
    if (!row) return row.error();
    if (!row.value()) continue;
    const std::string id = message_id(key, *row.value());
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

Result<Done> Courier::Inner::hand_over(Trip& trip, const Secrets& secrets, std::int64_t now) {
  const OutboxRow& first = trip.batch.rows.front();
  const ChannelOptions& its = trip.options;
  auto message =
      compose(trip.batch, message_id(key, first), trip.channel, its, options.links ? options.links() : Links(), now);
  if (!message) return message.error();
  net::DeliveryOptions how;
  how.reach = its.allow_private ? net::Reach::with_private : net::Reach::global;
  how.ca_certs = options.ca_certs;
  const auto number = static_cast<std::uint64_t>(trip.channel.id);
  bool started = false;
  if (its.kind == ChannelKind::email) {
    auto thread = thread_of(trip, message.value());
    if (!thread) return thread.error();
    net::Mail post;
    post.host = its.host;
    post.port = its.port;
    post.tls_at_once = its.tls == MailTls::at_once;
    post.allow_plain = its.tls == MailTls::if_offered;
    post.user = its.user;
    post.password = secrets.password;
    post.from = its.from;
    post.to = first.target;
    post.data = mail(message.value(), {its.from, first.target, std::move(thread).value()});
    started = deliveries.start(number, std::move(post), how);
  } else {
    net::Post post{secrets.url, {{"Content-Type", "application/json"}}, {}};
    post.body = its.kind == ChannelKind::slack   ? slack(message.value())
                : its.kind == ChannelKind::teams ? teams(message.value())
                                                 : webhook(message.value());
    if (its.kind == ChannelKind::webhook) {
      const std::string id = "msg_" + message->id, timestamp = std::to_string(now);
      auto signing = signing_key(secrets.signing);
      if (!signing) return signing.error();
      post.headers.emplace_back("webhook-id", id);
      post.headers.emplace_back("webhook-timestamp", timestamp);
      if (!signing->empty())
        post.headers.emplace_back(
            "webhook-signature",
            "v1," + base64(bytes_of(hmac_sha256(signing.value(), id + "." + timestamp + "." + post.body))));
      wipe(signing.value());
    }
    started = deliveries.start(number, std::move(post), how);
  }
  if (!started) return Error{"the message cannot be sent: its address is none, or memory is short"};
  return Done{};
}

std::int64_t Courier::Inner::next_try(const Trip& trip, const net::Delivered& one, std::int64_t now) {
  const std::int64_t attempts = std::max<std::int64_t>(1, trip.batch.rows.front().attempts);
  const std::size_t step = std::min<std::size_t>(static_cast<std::size_t>(attempts - 1), std::size(kBackoff) - 1);
  const double factor = 1 - kJitter + 2 * kJitter * options.random();
  std::int64_t wait = std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(kBackoff[step]) * factor));
  if (one.retry_after) wait = std::max<std::int64_t>(wait, one.retry_after->count());
  return now + wait;
}

Result<Done> Courier::Inner::switch_off(store::Stores& stores, const Channel& channel, const std::string& reason,
                                        std::int64_t now) {
  auto off = stores.channels().switch_off(channel.id, reason);
  if (!off) return off.error();
  if (!off.value()) return Done{};
  options.log(fmt::format("channel '{}' is switched off: {}", printable(channel.name), reason));
  News news;
  news.kind = News::Kind::channel_off;
  news.level = Level::high;
  news.title = fmt::format("Channel '{}' is switched off, nothing is sent to it", channel.name);
  news.note = reason;
  news.at = now;
  const std::string body = to_json(news);
  auto channels = stores.channels().list();
  if (!channels) return channels.error();
  auto others = addressees(channels.value());
  if (!others) return others.error();
  for (const Addressee& other : others.value()) {
    if (other.id == channel.id) continue;
    for (const std::string& target : other.targets) {
      OutboxRow row;
      row.channel = other.id;
      row.target = target;
      row.kind = kind_name(news.kind);
      row.dedupe = fmt::format("off:{}:{}:{}:{}", channel.id, now, other.id, target);
      row.body = body;
      row.next_at = row.created_at = now;
      if (auto added = stores.outbox().add(row); !added) return added.error();
    }
  }
  return Done{};
}

Result<Done> Courier::Inner::switch_off_receiver(store::Stores& stores, const Trip& trip, const std::string& reason,
                                                 std::int64_t now) {
  auto channel = stores.channels().find(trip.channel.id);
  if (!channel) return channel.error();
  if (!channel.value()) return Done{};
  auto its = options_of(*channel.value());
  if (!its) return its.error();
  const std::string& target = trip.batch.rows.front().target;
  bool any = false;
  for (Receiver& receiver : its->receivers) {
    if (receiver.address == target) receiver.off = reason;
    any = any || receiver.off.empty();
  }
  channel.value()->options = to_json(its.value());
  if (auto changed = stores.channels().update(*channel.value()); !changed) return changed.error();
  options.log(fmt::format("channel '{}': nothing is sent to one of its receivers any more: {}",
                          printable(trip.channel.name), reason));
  if (!any) return switch_off(stores, *channel.value(), "no receiver is left: " + reason, now);
  return Done{};
}

Result<Done> Courier::Inner::note_failure(store::Stores& stores, const Trip& trip, const net::Delivered& one,
                                          std::int64_t now) {
  store::OutboxStore& outbox = stores.outbox();
  if (auto noted = stores.channels().note(trip.channel.id, now, one.error); !noted) return noted;
  if (one.fault == Fault::receiver) {
    if (auto off = switch_off_receiver(stores, trip, one.error, now); !off) return off;
    return outbox.bury(trip.batch.number, one.error);
  }
  if (trip.options.kind == ChannelKind::email && one.fault == Fault::refused)
    return outbox.bury(trip.batch.number, one.error);
  if (is_over_for_good(trip.options, one))
    if (auto off = switch_off(stores, trip.channel, one.error, now); !off) return off;
  std::int64_t since = now;
  for (const OutboxRow& row : trip.batch.rows) since = std::min(since, row.since);
  if (now - since >= kTryingSeconds) return outbox.bury(trip.batch.number, one.error);
  const std::int64_t next = std::min(next_try(trip, one, now), since + kTryingSeconds);
  return outbox.failed(trip.batch.number, next, one.error);
}

Result<Done> Courier::Inner::note(Trip& trip, std::int64_t now) {
  const net::Delivered& one = *trip.over;
  auto transaction = store.begin();
  if (!transaction) return transaction.error();
  store::Stores& stores = *transaction.value();
  if (one.fault == Fault::none) {
    if (auto done = stores.outbox().sent(trip.batch.number, now); !done) return done;
    if (auto done = stores.channels().note(trip.channel.id, now, ""); !done) return done;
    if (trip.batch.rows.front().kind == kind_name(News::Kind::test))
      if (auto done = stores.channels().note_test(trip.channel.id, now); !done) return done;
  } else if (auto done = note_failure(stores, trip, one, now); !done) {
    return done;
  }
  if (auto done = transaction.value()->commit(); !done) return done;
  if (one.fault == Fault::none && trip.options.kind == ChannelKind::email)
    mailed[trip.batch.rows.front().target].push_back(now);
  if (one.fault == Fault::passing && one.retry_after) held_until[trip.channel.id] = now + one.retry_after->count();
  else held_until.erase(trip.channel.id);
  if (one.fault != Fault::none)
    options.log(fmt::format("a message to channel '{}' was not sent: {}", printable(trip.channel.name), one.error));
  return Done{};
}

Courier::Courier(store::Store& store, SenderOptions options) : inner_(new Inner(store, std::move(options))) {}
Courier::~Courier() = default;

Result<Done> Courier::begin() { return inner_->begin(); }

Result<Done> Courier::step(std::chrono::milliseconds patience) {
  Inner& inner = *inner_;
  Result<Done> result = Done{};
  const auto keep = [&result](Result<Done> one) {
    if (!one && result) result = std::move(one);
  };
  // What could not be noted before comes first.
  const auto note_all = [&] {
    for (auto trip = inner.trips.begin(); trip != inner.trips.end();) {
      if (!trip->second.over) {
        ++trip;
        continue;
      }
      auto noted = inner.note(trip->second, inner.options.now());
      if (noted) trip = inner.trips.erase(trip);
      else ++trip;
      keep(std::move(noted));
    }
  };
  note_all();
  const std::int64_t now = inner.options.now();
  if (result) keep(inner.start_all(now));
  for (net::Delivered& one : inner.deliveries.wait(patience)) {
    const auto trip = inner.trips.find(static_cast<std::int64_t>(one.number));
    if (trip == inner.trips.end()) continue;
    read_between_the_lines(trip->second.options, one);
    if (one.fault == Fault::none) LOGYSTERA_KILL_POINT("notify_after_success");
    trip->second.over = std::move(one);
  }
  note_all();
  if (result && (now - inner.pruned_at >= kPruneEvery || now < inner.pruned_at)) {
    inner.pruned_at = now;
    if (auto gone = inner.store.outbox().prune(now - kDeadSeconds, now - kSentSeconds, kPruned); !gone) keep(gone.error());
  }
  return result;
}

void Courier::wake() noexcept { inner_->deliveries.wake(); }

struct Sender::Running {
  Running(store::Store& store, SenderOptions options) : log(options.log), courier(store, std::move(options)) {}
  std::function<void(std::string_view)> log;
  Courier courier;
  std::atomic<bool> ending{false};
  std::thread thread;

  void work() {
    std::string said;
    while (!ending) {
      auto done = courier.step(std::chrono::seconds(1));
      if (done) {
        said.clear();
        continue;
      }
      if (said != done.error().message) log(done.error().message);  // once, however long it lasts
      said = done.error().message;
      for (int tenths = 0; tenths < 10 && !ending; ++tenths) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
};

Result<std::unique_ptr<Sender>> Sender::start(store::Store& store, SenderOptions options) {
  auto running = std::make_unique<Running>(store, std::move(options));
  if (auto begun = running->courier.begin(); !begun) return begun.error();
  try {
    running->thread = std::thread([raw = running.get()] { raw->work(); });
  } catch (const std::system_error& error) {
    return Error{
        fmt::format("messages cannot be sent: no thread can be started: {}: raise 'ulimit -u'", error.code().message())};
  }
  return std::unique_ptr<Sender>(new Sender(std::move(running)));
}

Sender::Sender(std::unique_ptr<Running> running) : running_(std::move(running)) {}

Sender::~Sender() {
  running_->ending = true;
  running_->courier.wake();
  if (running_->thread.joinable()) running_->thread.join();
}

void Sender::wake() noexcept { running_->courier.wake(); }

}  // namespace logystera::notify
