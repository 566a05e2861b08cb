// Events as sites send them, a store they lie in, and what a detector makes of them.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "analysis/program.hpp"
#include "catch.hpp"
#include "processor/record.hpp"
#include "scratch.hpp"

namespace logystera::testing {

inline constexpr std::int64_t kStart = 1'774'211'679;

/// An event that is still to be stored.
struct Sent {
  std::string site;
  std::int64_t created_at = 0, received_at = 0;
  std::string type, labels;  // labels: JSON
};

inline std::string uuid_of(std::uint64_t number) { return fmt::format("00000000-0000-4000-8000-{:012x}", number); }

inline std::string line_of(const Sent& sent, std::uint64_t number) {
  return fmt::format(R"({{"event_type":"{}","created_at":{},"timestamp":{},"event_id":"{}","labels":{}}})", sent.type,
                     sent.created_at, sent.created_at, uuid_of(number), sent.labels);
}

inline std::shared_ptr<const analysis::Program> signal_program() {
  static const std::shared_ptr<const analysis::Program> program = [] {
    analysis::ProgramOptions options;
    options.salt = "salt";
    options.timezone = "UTC";
    options.rule_cache = false;
    options.metrics = true;
    analysis::ProgramNotes notes;
    return std::move(analysis::Program::make(options, notes)).value();
  }();
  return program;
}

struct Bench {
  Scratch scratch;
  std::unique_ptr<store::Store> store;
  std::uint64_t events = 0;
  std::map<std::string, unsigned> batches;

  Bench() { open(); }
  void open() {
    store = std::move(store::open("sqlite:" + scratch.file("a.db"),
                                  {.access = store::Access::create, .durability = store::Durability::process}))
                .value();
  }
  void site(const std::string& token) {
    if (store->entities().find(token).value()) return;
    store::Entity entity;
    entity.token = token;
    entity.name = "site " + token;
    entity.sealed_secret = "s";
    REQUIRE(store->entities().add(entity).ok());
  }
  void put(const std::vector<Sent>& all) {
    for (const Sent& sent : all) site(sent.site);
    auto transaction = std::move(store->begin()).value();
    for (const Sent& sent : all) {
      const std::uint64_t number = ++events;
      const std::string line = line_of(sent, number), batch_id = fmt::format("b{}", number);
      store::Batch batch;
      batch.entity = sent.site;
      batch.id = batch_id;
      batch.received_at = sent.received_at;
      batch.events.push_back({line, sent.type, store::event_id_of(uuid_of(number)), sent.created_at});
      REQUIRE(transaction->events().append(batch).ok());
    }
    REQUIRE(transaction->commit().ok());
  }
  std::unique_ptr<processor::Detector> detector(std::shared_ptr<const analysis::Program> with = signal_program()) {
    processor::DetectorOptions options;
    options.key = "key";
    options.read = processor::reader_of(*store);
    options.seen = [this](std::string_view site) { return store->seen().list(site); };
    options.site_settings = [this](std::string_view site) { return store::site_settings(store->settings(), site); };
    options.may_not_send = [this] { return processor::sites_that_may_not_send(*store); };
    return std::make_unique<processor::Detector>(std::move(with), std::move(options));
  }

  struct Stored {
    std::vector<store::EventRow> rows;
    std::vector<processor::Input> inputs;
  };
  Stored stored() {
    Stored out;
    REQUIRE(store->events()
                .read({},
                      [&](const store::StoredEvent& event) {
                        store::EventRow row;
                        row.sequence = event.sequence;
                        row.created_at = event.created_at;
                        row.received_at = event.received_at;
                        row.entity = event.entity;
                        row.name = event.name;
                        row.line = event.line;
                        out.rows.push_back(std::move(row));
                        return true;
                      })
                .ok());
    for (const store::EventRow& row : out.rows)
      out.inputs.push_back({row.sequence, row.entity, row.name, row.created_at, row.received_at, row.line});
    return out;
  }
  void keep(const processor::Effects& effects, const processor::OnFindings& on_findings = nullptr) {
    auto transaction = std::move(store->begin()).value();
    REQUIRE(processor::store_effects(*transaction, effects, on_findings).ok());
    REQUIRE(transaction->commit().ok());
  }
  /// Everything of the findings but their numbers and when they were stored.
  std::vector<std::string> findings(const std::string& site = {}) {
    std::vector<std::string> out;
    store::FindingFilter filter;
    filter.site = site;
    store::PageRequest<store::TimeKey> request;
    request.limit = 100'000;
    const auto page = std::move(store->findings().page(filter, request)).value();
    REQUIRE_FALSE(page.more);
    for (const store::Finding& row : page.rows) {
      const store::Finding one = store->findings().get(row.id).value().value();
      std::string text = fmt::format("{} {} {}-{} x{} [{}] {} |", one.rule, one.site, one.first_time, one.time, one.hits,
                                     one.group_label, one.message);
      for (const std::uint64_t seq : one.evidence) text += fmt::format(" {}", seq);
      out.push_back(std::move(text));
    }
    std::sort(out.begin(), out.end());
    return out;
  }
};

/// Attacks between what happens anyway, at several sites whose clocks and buffers are what they are.
inline std::vector<Sent> script(unsigned seed, std::size_t count) {
  std::mt19937 random(seed);
  const auto any = [&](unsigned most) { return static_cast<unsigned>(random() % most); };
  std::vector<Sent> all;
  std::int64_t now = kStart;
  const std::string sites[] = {"ent_a", "ent_b", "ent_c"};
  while (all.size() < count) {
    now += any(30) == 0 ? 300 + any(900) : any(4);
    Sent sent;
    sent.site = sites[any(3)];
    sent.received_at = now;
    sent.created_at = now - any(4);
    if (any(40) == 0) sent.created_at = now - 300 - any(20'000);  // out of a buffer
    if (any(90) == 0) sent.created_at = now + any(100'000);       // a clock that runs ahead
    switch (any(6)) {
      case 0:
      case 1:
      case 2:
        sent.type = "auth.login_failed";
        sent.labels = fmt::format(R"({{"client_ip":"203.0.113.{}","username":"u{}"}})", now / 200 % 5, any(12));
        break;
      case 3:
        sent.type = "user.role_changed";
        sent.labels =
            any(4) == 0 ? R"({"uid":"a","roles_added":["administrator"]})" : R"({"uid":"a","roles_added":["editor"]})";
        break;
      case 4:
        sent.type = "http.request";
        sent.labels = fmt::format(R"({{"client_ip":"203.0.113.{}","status":404,"path":"/wp-login.php","invented{}":1}})",
                                  any(4), any(1000));
        break;
      default: sent.type = "auth.login"; sent.labels = R"({"uid":"a","client_ip":"203.0.113.1"})";
    }
    all.push_back(std::move(sent));
  }
  return all;
}

}  // namespace logystera::testing
