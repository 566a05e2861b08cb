// bench_server_fill DATABASE FINDINGS EVENTS [ALERTS]: fills a store that has its sites already, through the store's own interfaces: events of
// every type of the catalogue over thirteen days (four fifths http.request), findings over four weeks, and a twentieth as many
// occurrences of errors as there are findings (one at least), in 2,000 groups; alerts of every state, a hundredth as many as there are
// findings (one at least) unless it is said. With no findings and no events, alerts alone. The same every time but for the events' ids.
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/catalogue.hpp"
#include "core/json_text.hpp"
#include "core/uuid.hpp"
#include "core/wire.hpp"
#include "store/store.hpp"

using namespace logystera;

namespace {

constexpr std::int64_t kEventSeconds = 13 * 24 * 3600;    // less than bulk events are kept by default
constexpr std::int64_t kFindingSeconds = 28 * 24 * 3600;  // less than findings are
constexpr std::size_t kBatch = 500;
constexpr std::size_t kBatchesWaiting = 16;
constexpr std::size_t kRowsOfATransaction = 20'000;
constexpr unsigned kErrorGroups = 2'000;

struct Rule {
  const char *id, *title;
  Level level;
  unsigned share;  // of 100
};
constexpr Rule kRules[] = {
    {"WEB_SCANNER", "Scanner", Level::low, 40},
    {"SUDO_COMMAND", "Command run with sudo", Level::low, 25},
    {"WEB_PROBE", "Probe for a known weakness", Level::medium, 15},
    {"SSH_BRUTE_FORCE", "Many failed logins", Level::high, 10},
    {"WEB_SQL_INJECTION", "SQL in a parameter", Level::high, 9},
    {"WEB_SHELL", "Command through a web shell", Level::critical, 1},
};

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 2;
}

void append_label(JsonText& json, const LabelSpec& label, std::mt19937_64& random) {
  const std::uint64_t number = random() % 10'000;
  const std::string name(label.name);
  switch (label.kind) {
    case LabelKind::integer: json.count(name, number); break;
    case LabelKind::number: json.key(name).decimal(static_cast<double>(number) / 4); break;
    case LabelKind::boolean: json.member(name, number % 2 == 0); break;
    case LabelKind::list: json.key(name).begin_array().string("editor").string("reviewer").end_array(); break;
    case LabelKind::uid: json.member(name, std::string(64, "0123456789abcdef"[number % 16])); break;
    case LabelKind::path: json.member(name, "/news/" + std::to_string(number)); break;
    case LabelKind::ip: json.member(name, "192.0.2." + std::to_string(number % 256)); break;
    default: json.member(name, "some text of number " + std::to_string(number)); break;
  }
}

std::string line_of(const SignalSpec& signal, std::int64_t at, const std::string& id, std::mt19937_64& random) {
  JsonText json;
  json.begin_object()
      .member("event_type", signal.type)
      .number("created_at", at)
      .number("timestamp", at)
      .member("event_id", id);
  json.key("labels").begin_object();
  for (std::uint8_t i = 0; i < signal.label_count; ++i) append_label(json, signal.labels[i], random);
  json.end_object().end_object();
  return json.take();
}

// A batch with the texts its views point at.
struct Filling {
  std::vector<std::string> lines, ids;
  std::string batch_id;
  store::Batch batch;
};

Result<Done> add_events(store::Store& store, std::size_t events, std::int64_t now) {
  auto sites = store.entities().list();
  if (!sites) return sites.error();
  if (sites->empty()) return Error{"the store has no sites"};
  std::vector<const SignalSpec*> signals;
  for (const SignalSpec& signal : catalogue::all()) signals.push_back(&signal);
  const SignalSpec* const request = catalogue::find("http.request");
  auto writer = store.start_batch_writer();
  if (!writer) return writer.error();
  std::mt19937_64 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  UuidSource ids;
  std::mutex mutex;
  std::condition_variable stored;
  std::size_t waiting = 0, accepted = 0;
  std::optional<Error> problem;
  for (std::size_t done = 0; done < events;) {
    auto filling = std::make_shared<Filling>();
    store::Batch& batch = filling->batch;
    batch.entity = sites.value()[random() % sites->size()].token;
    const std::size_t size = std::min(kBatch, events - done);
    for (std::size_t i = 0; i < size; ++i) {
      const SignalSpec& signal = random() % 5 != 0 ? *request : *signals[random() % signals.size()];
      const std::int64_t at = now - kEventSeconds + static_cast<std::int64_t>((done + i) * kEventSeconds / events);
      filling->ids.push_back(ids.next());
      filling->lines.push_back(line_of(signal, at, filling->ids.back(), random));
      batch.events.push_back({{}, signal.type, store::event_id_of(filling->ids.back()), at});
      batch.received_at = at;
    }
    for (std::size_t i = 0; i < size; ++i) batch.events[i].line = filling->lines[i];
    filling->batch_id = wire::batch_id(batch.entity, filling->lines.front());
    batch.id = filling->batch_id;
    done += size;
    std::unique_lock<std::mutex> lock(mutex);
    stored.wait(lock, [&] { return waiting < kBatchesWaiting; });
    if (problem) break;
    ++waiting;
    lock.unlock();
    writer.value()->append(batch, [&, filling](const Result<store::Appended>& appended) {
      const std::lock_guard<std::mutex> guard(mutex);
      --waiting;
      if (!appended) problem = appended.error();
      else accepted += appended->accepted;
      stored.notify_one();
    });
  }
  std::unique_lock<std::mutex> lock(mutex);
  stored.wait(lock, [&] { return waiting == 0; });
  if (problem) return *problem;
  if (accepted != events) return Error{std::to_string(accepted) + " events were stored, not " + std::to_string(events)};
  return Done{};
}

// Calls add(stores, i) for each i, many to a transaction.
template <typename Add>
Result<Done> in_transactions(store::Store& store, std::size_t count, Add&& add) {
  for (std::size_t i = 0; i < count;) {
    auto transaction = store.begin();
    if (!transaction) return transaction.error();
    for (const std::size_t end = std::min(count, i + kRowsOfATransaction); i < end; ++i) {
      if (Result<Done> added = add(*transaction.value(), i); !added) return added;
    }
    if (auto committed = transaction.value()->commit(); !committed) return committed;
  }
  return Done{};
}

const Rule& rule_of(std::uint64_t hundredth) {
  unsigned below = 0;
  for (const Rule& rule : kRules) {
    below += rule.share;
    if (hundredth < below) return rule;
  }
  return kRules[0];
}

Result<Done> add_findings(store::Store& store, std::size_t count, std::int64_t now) {
  std::mt19937_64 random(2);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  return in_transactions(store, count, [&](store::Stores& stores, std::size_t i) -> Result<Done> {
    const Rule& rule = rule_of(random() % 100);
    store::Finding finding;
    finding.rule = rule.id;
    finding.title = rule.title;
    finding.level = rule.level;
    finding.source = "/var/log/site-" + std::to_string(random() % 50) + (random() % 2 == 0 ? "/access.log" : "/auth.log");
    finding.time = now - kFindingSeconds + static_cast<std::int64_t>(i * kFindingSeconds / count);
    finding.line = i + 1;
    finding.message = "ip_" + std::to_string(random() % 100'000) + " asked for /page/" +
                      std::to_string(random() % 1'000'000) + " in a way that rule " + rule.id + " knows";
    if (auto added = stores.findings().add(finding); !added) return added.error();
    return Done{};
  });
}

Result<Done> add_errors(store::Store& store, std::size_t count, std::int64_t now) {
  std::mt19937_64 random(3);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  return in_transactions(store, count, [&](store::Stores& stores, std::size_t i) -> Result<Done> {
    const std::uint64_t group = random() % kErrorGroups;
    store::ErrorOccurrence error;
    error.fingerprint = "f" + std::to_string(100'000 + group);
    error.pattern = "worker <NUM> of queue " + std::to_string(group) + " failed: no answer within <NUM> seconds";
    error.severity = group % 10 == 0 ? Severity::critical : Severity::error;
    error.source = "/var/log/site-" + std::to_string(group % 50) + "/php.log";
    error.time = now - kFindingSeconds + static_cast<std::int64_t>(i * kFindingSeconds / count);
    error.line = i + 1;
    error.message = "worker " + std::to_string(random() % 64) + " of queue " + std::to_string(group) + " failed";
    if (auto added = stores.errors().add({error}); !added) return added.error();
    return Done{};
  });
}

// Of ten alerts five are open, one of them snoozed and one acknowledged; one is of the past, and the rest are resolved.
alert::Alert alert_of(std::size_t i, std::size_t count, const std::vector<store::Entity>& sites, std::int64_t now,
                      std::mt19937_64& random) {
  const Rule& rule = rule_of(random() % 100);
  alert::Alert alert;
  for (std::size_t byte = 0; byte < 4; ++byte) alert.key[byte] = static_cast<std::uint8_t>(i >> (8 * byte));
  alert.rule = rule.id;
  alert.title = rule.title;
  alert.level = rule.level;
  if (!sites.empty()) alert.site = sites[random() % sites.size()].token;
  alert.group_label = "ip_" + std::to_string(10'000'000 + random() % 1'000'000);
  alert.last_time = alert.last_hit_at = now - static_cast<std::int64_t>((count - i) * (alert::kDay / 2) / count);
  alert.first_time = alert.opened_at = alert.last_time - static_cast<std::int64_t>(random() % 5'000);
  alert.hits = 1 + random() % 500;
  alert.findings = 1 + random() % 9;
  alert.state = i % 10 < 5 ? alert::State::firing : alert::State::resolved;
  alert.late = i % 10 == 5;
  if (i % 10 == 3) alert.state = alert::State::acknowledged;
  if (i % 10 == 4) {
    alert.snooze = {.until = now + alert::kDay, .at = now, .by = "anna", .reason = "a deployment"};
    alert.suppressed = 7;
  }
  if (alert.state == alert::State::resolved) {
    alert.resolved_at = now - 60;
    alert.resolved_by = alert.late ? "late" : "quiet";
  }
  return alert;
}

Result<Done> add_alerts(store::Store& store, std::size_t count, std::int64_t now) {
  auto sites = store.entities().list();
  if (!sites) return sites.error();
  std::mt19937_64 random(4);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  return in_transactions(store, count, [&](store::Stores& stores, std::size_t i) -> Result<Done> {
    auto added = stores.alerts().add(alert_of(i, count, sites.value(), now, random));
    if (!added) return added.error();
    if (auto attached = stores.alerts().attach(added.value(), 1); !attached) return attached;
    for (const char* what : {"opened", "note"}) {
      const bool noted = what[0] == 'n';
      auto logged = stores.alerts().log({0, added.value(), now - 60, noted ? "anna" : "rule", what, "",
                                         noted ? "" : "firing", noted ? "seen before, from the same network" : ""});
      if (!logged) return logged;
    }
    return Done{};
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return fail(Error{"usage: bench_server_fill DATABASE FINDINGS EVENTS [ALERTS]"});
  store::OpenOptions options;
  options.durability = store::Durability::process;  // what is lost with the machine's power is filled in again
  auto store = store::open("sqlite:" + std::string(argv[1]), options);
  if (!store) return fail(store.error());
  const std::int64_t now = std::time(nullptr);
  const std::size_t findings = std::strtoul(argv[2], nullptr, 10), events = std::strtoul(argv[3], nullptr, 10);
  if (auto added = add_findings(*store.value(), findings, now); !added) return fail(added.error());
  const std::size_t alerts = argc == 5 ? std::strtoul(argv[4], nullptr, 10) : std::max<std::size_t>(1, findings / 100);
  if (auto added = add_alerts(*store.value(), alerts, now); !added) return fail(added.error());
  if (findings == 0 && events == 0) return 0;
  if (auto added = add_errors(*store.value(), std::max<std::size_t>(1, findings / 20), now); !added)
    return fail(added.error());
  if (auto added = add_events(*store.value(), events, now); !added) return fail(added.error());
  return 0;
}
