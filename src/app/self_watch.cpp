#include "app/self_watch.hpp"

#include <fmt/core.h>
#include <sys/statvfs.h>
#include <time.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "alert/gateway.hpp"
#include "app/telling.hpp"
#include "detect/rule.hpp"
#include "yaml/yaml.hpp"

namespace logystera::app {
namespace {

using processor::Sign;
using processor::Vitals;

constexpr std::size_t kRangesLooked = 50, kRefusedMost = 10'000;
constexpr std::int64_t kClockOld = 24 * 3600, kRefusedOld = 3600;

// Goes on while the machine sleeps, and nobody sets it.
std::int64_t elapsed_seconds() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return time.tv_sec;
}

class Thread final : public SelfWatch {
 public:
  explicit Thread(Parts parts)
      : parts_(std::move(parts)),
        watch_(parts_.options.limits),
        thread_([this](const std::stop_token& stop) { work(stop); }) {}

  void clock_refused(std::string_view site, std::int64_t ahead) override {
    const std::lock_guard lock(mutex_);
    if (refused_.size() >= kRefusedMost && !refused_.contains(std::string(site))) return;
    refused_[std::string(site)] = {ahead, parts_.now()};
  }
  std::vector<std::string> hints() const override {
    const std::lock_guard lock(mutex_);
    return hints_;
  }

 private:
  struct Refused {
    std::int64_t ahead = 0, at = 0;
  };

  void work(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      if (auto done = round(); !done) say(done.error().message);
      else said_.clear();
      wake.wait_for(lock, stop, parts_.options.every, [] { return false; });
    }
  }

  // What cannot be read is left out, and said; the rest is judged all the same.
  Result<Done> round() {
    Vitals vitals;
    const Result<Done> again = tell_what_waits();
    Result<Done> read = collect(vitals);
    if (!again && read) read = again;
    const std::vector<Sign> signs = watch_.look(vitals);
    remember(signs);
    auto stored = store(signs, vitals.now);
    if (stored) watch_.recorded();
    return read ? stored : read;
  }

  Result<Done> tell_what_waits() {
    if (!parts_.telling || !again_.due(elapsed_seconds())) return Done{};
    const auto told = tell_again(parts_.store, parts_.telling);
    again_.tried(told && told.value(), elapsed_seconds());
    return told ? Result<Done>(Done{}) : told.error();
  }

  void remember(const std::vector<Sign>& signs) {
    std::vector<std::string> hints;
    for (const Sign& sign : signs) {
      const alert::GatewayRule* const rule = alert::gateway_rule(sign.rule);
      if (!rule || sign.level < Level::high) continue;
      hints.push_back(fmt::format("{}{}{}: {}", rule->title, sign.label.empty() ? "" : ", ", sign.label, sign.words));
    }
    const std::lock_guard lock(mutex_);
    hints_ = std::move(hints);
  }

  Result<Done> store(const std::vector<Sign>& signs, std::int64_t now) {
    auto news = processor::has_news(parts_.store.reading(), signs, parts_.identity, now);
    if (!news) return news.error();
    if (!news.value()) return Done{};
    auto transaction = parts_.store.begin();
    if (!transaction) return transaction.error();
    auto tells = processor::record(*transaction.value(), signs, parts_.identity, now);
    if (!tells) return tells.error();
    if (parts_.telling && !tells->empty()) {
      if (auto told = parts_.telling(*transaction.value(), tells.value()); !told) return told;
    }
    return transaction.value()->commit();
  }

  Result<Done> collect(Vitals& vitals) {
    vitals.now = parts_.now();
    vitals.elapsed = elapsed_seconds();
    const query::Detection detection = parts_.detection();
    vitals.detects = detection.on;
    vitals.lag_seconds = detection.lag_seconds;
    vitals.problem = detection.problem;
    vitals.overflows = detection.ring_overflows;
    vitals.forgotten = detection.windows_forgotten;
    vitals.damaged_settings = detection.damaged_settings;
    vitals.store_failures = parts_.store_failures();
    vitals.removal_problem = parts_.removal_problem();
    add_rules(vitals);
    add_disk(vitals);
    auto sites = add_sites(vitals);
    auto messages = add_messages(vitals);
    auto waiting = untold(parts_.store.reading());
    if (!waiting) return waiting.error();
    vitals.untold = waiting->waiting;
    vitals.untold_reason = waiting->reason;
    if (waiting->let_go > 0) vitals.untold_reason += fmt::format(" ({} were let go)", waiting->let_go);
    return sites ? messages : sites;
  }

  void add_rules(Vitals& vitals) const {
    const auto program = parts_.program.get();
    vitals.reload_refused = parts_.program.refused();
    if (!program) {
      vitals.no_rules = program.error().message;
      return;
    }
    const detect::RuleSet& rules = program.value()->rules();
    vitals.rules_refused = rules.refused();
    for (const detect::DocumentReport& report : rules.documents) {
      if (report.problems.empty()) continue;
      vitals.first_refused = yaml::describe(report.file, report.problems.front());
      break;
    }
  }

  void add_disk(Vitals& vitals) const {
    struct statvfs disk {};
    if (parts_.options.disk.empty() || ::statvfs(parts_.options.disk.c_str(), &disk) != 0) return;
    vitals.disk = Vitals::Disk{std::uint64_t{disk.f_bavail} * disk.f_frsize, std::uint64_t{disk.f_blocks} * disk.f_frsize};
  }

  Result<Done> add_sites(Vitals& vitals) {
    store::Stores& stores = parts_.store.reading();
    auto ranges = stores.site_windows().unevaluated({}, kRangesLooked);
    if (!ranges) return ranges.error();
    vitals.unevaluated = std::move(ranges).value();
    auto sites = stores.entities().list();
    if (!sites) return sites.error();
    const std::lock_guard lock(mutex_);
    std::erase_if(refused_, [&](const auto& one) { return vitals.now - one.second.at > kRefusedOld; });
    for (const store::Entity& site : sites.value()) {
      vitals.site_names[site.token] = site.name;
      const auto refused = refused_.find(site.token);
      if (refused != refused_.end() && (site.last_seen_at > refused->second.at || site.disabled || site.revoked_at != 0))
        refused_.erase(refused);
      else if (refused != refused_.end()) vitals.clocks.push_back({site.token, site.name, refused->second.ahead, true});
      else if (site.clock_skew && !site.disabled && site.revoked_at == 0 && vitals.now - site.last_seen_at <= kClockOld)
        vitals.clocks.push_back({site.token, site.name, *site.clock_skew, false});
    }
    return Done{};
  }

  Result<Done> add_messages(Vitals& vitals) {
    store::Stores& stores = parts_.store.reading();
    auto channels = stores.channels().list();
    if (!channels) return channels.error();
    auto counts = stores.outbox().counts(vitals.now);
    if (!counts) return counts.error();
    for (const store::Channel& channel : channels.value()) {
      Vitals::Channel& one = vitals.channels.emplace_back();
      one.id = channel.id;
      one.name = channel.name;
      one.enabled = channel.enabled;
      one.off_reason = channel.off_reason;
      one.created_at = channel.created_at;
      one.last_sent_at = channel.last_sent_at;
      for (const store::OutboxCounts& count : counts.value()) {
        if (count.channel != channel.id) continue;
        one.waiting = count.waiting;
        one.dead = count.dead;
        one.oldest_waiting = count.oldest_waiting;
      }
    }
    return Done{};
  }

  // What is wrong is wrong every few seconds.
  void say(const std::string& words) {
    if (words == said_) return;
    said_ = words;
    parts_.log("the gateway cannot look after itself: " + words);
  }

  const Parts parts_;
  processor::SelfWatch watch_;
  TellingAgain again_;
  std::string said_;
  mutable std::mutex mutex_;
  std::map<std::string, Refused> refused_;  // sites, by token
  std::vector<std::string> hints_;
  std::jthread thread_;  // last: it runs as soon as it exists
};

}  // namespace

Result<std::unique_ptr<SelfWatch>> SelfWatch::start(Parts parts) {
  try {
    return std::unique_ptr<SelfWatch>(std::make_unique<Thread>(std::move(parts)));
  } catch (const std::system_error& error) {
    return Error{fmt::format("no thread can be started: {}: raise 'ulimit -u'", error.code().message())};
  }
}

}  // namespace logystera::app
