// What the tests of the dashboard share: its pages on a store of their own, asked over a socket by whoever a test says.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "analysis/current_program.hpp"
#include "catch.hpp"
#include "dashboard/dashboard.hpp"
#include "gateway/entities.hpp"
#include "gateway/vault.hpp"
#include "scratch.hpp"
#include "server/serving.hpp"
#include "store/store.hpp"
#include "web/shell.hpp"

namespace logystera::testing {

inline constexpr std::int64_t kNow = 1'774'211'679;  // 2026-03-22T20:34:39Z

/// Texts of strangers that would like to be markup, formulas, or other texts.
inline const std::vector<std::string> kStrange{
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title><svg/onload=alert(1)>",
    "{{title}}{{{title}}}{{> head}}",
    "=HYPERLINK(\"https://evil.example/\")",
    "\xe2\x80\xaegnp.exe",
    "line\xe2\x80\xa8separator",
    "\x1b[31mred\x1b[0m",
    "\xc2\x85 next line",
    std::string(4096, 'x'),
};

struct Looking {
  Scratch scratch;
  std::int64_t now = kNow;
  std::unique_ptr<store::Store> store =
      std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
  gateway::Entities entities =
      std::move(
          gateway::Entities::open(store->entities(), std::move(gateway::Vault::open(scratch.file("a.key"), true)).value()))
          .value();
  analysis::CurrentProgram program = [] {
    analysis::ProgramOptions options;
    options.rule_cache = false;
    options.metrics = true;
    options.salt = "a salt of the tests";
    analysis::ProgramNotes notes;
    return analysis::CurrentProgram(analysis::Program::make(options, notes));
  }();
  web::FormTokens forms{"a secret of the tests"};
  web::Shell shell{forms};
  query::Pseudonyms pseudonyms{"a key of the tests"};
  std::mutex mutex;
  std::string logged;
  std::vector<std::string> noted;  // "action object before after"
  bool notes_fail = false;         // nothing can be noted
  web::Principal who;              // of the next request
  std::unique_ptr<dashboard::Dashboard> dashboard;
  std::unique_ptr<Serving> serving;

  /// Its fleet's file is in `scratch`, and so are the logs a browser may name.
  explicit Looking(std::shared_ptr<const dashboard::Explainer> explainer = {}, bool fleet_read_only = false) {
    who.kind = web::Principal::Kind::session;
    who.role = web::Role::admin;
    who.user = 1;
    who.name = "anna";
    who.session = std::string(43, 's');
    dashboard::Options options;
    options.now = [this] { return now; };
    options.log = [this](std::string_view text) {
      const std::lock_guard lock(mutex);
      logged += std::string(text) + "\n";
    };
    options.note = [this](store::Stores&, const server::Request& request, std::string_view action, std::string_view object,
                          std::string_view before, std::string_view after) -> Result<Done> {
      const std::lock_guard lock(mutex);
      if (notes_fail) return Error{"the disk is full"};
      noted.push_back(request.principal->name + " " + std::string(action) + " " + std::string(object) + " " +
                      std::string(before) + " " + std::string(after));
      return Done{};
    };
    options.explainer = std::move(explainer);
    options.fleet = {scratch.file("targets.yaml"), fleet_read_only, {scratch.file("logs")}};
    options.gateway_url = [] { return std::string("https://gateway.example"); };
    dashboard = std::make_unique<dashboard::Dashboard>(*store, entities, program, shell, pseudonyms, std::move(options));
    auto routes = dashboard->routes(std::make_shared<server::Workers>(server::Workers::Options{}));
    shell.link(routes);
    serving =
        std::make_unique<Serving>(std::move(routes), server::Limits{},
                                  [this](server::Request& request, std::string_view role) -> std::optional<server::Answer> {
                                    if (!who.may(*web::role_of(role)))
                                      return server::problem(403, "forbidden", "not with this role");
                                    request.principal = std::make_shared<const web::Principal>(who);
                                    return std::nullopt;
                                  });
  }
  // Handlers end before what they use.
  ~Looking() { serving->server->stop(); }

  std::string get(const std::string& path) const { return serving->ask("GET", path); }
  /// A page of status 200.
  std::string page(const std::string& path) const {
    const std::string answer = get(path);
    INFO(path);
    INFO(answer.substr(0, 2000));
    REQUIRE(has_status(answer, 200));
    return body_of(answer);
  }
  std::string post(const std::string& path, std::string fields, bool with_token = true) const {
    if (with_token) fields += "&csrf=" + forms.token(web::kFormPurpose, who.session);
    return serving->ask("POST", path, "Content-Type: application/x-www-form-urlencoded\r\n", fields);
  }
  /// A file that is streamed, whole.
  std::string file(const std::string& path) const {
    const std::string answer = get(path);
    INFO(answer.substr(0, 500));
    REQUIRE(has_status(answer, 200));
    bool whole = false;
    const std::string body = joined_chunks(body_of(answer), whole);
    CHECK(whole);
    return body;
  }

  void find(std::int64_t age, const std::string& message, const std::string& rule = "SSH_BRUTE_FORCE",
            const std::string& source = "auth.log", Level level = Level::high) {
    store::Finding finding;
    finding.rule = rule;
    finding.title = "Title of " + rule;
    finding.level = level;
    finding.source = source;
    finding.time = now - age;
    finding.line = 7;
    finding.message = message;
    REQUIRE(store->findings().add(finding).value());
  }
  void err(std::int64_t age, const std::string& fingerprint, const std::string& message) {
    store::ErrorOccurrence occurrence;
    occurrence.fingerprint = fingerprint;
    occurrence.pattern = occurrence.message = message;
    occurrence.severity = Severity::error;
    occurrence.source = "app.log";
    occurrence.time = now - age;
    occurrence.line = static_cast<std::uint64_t>(age) + 1;
    REQUIRE(store->errors().add({occurrence}).ok());
  }
  std::string site(const std::string& name) { return entities.add(name, now - 1000).value().token; }
  /// Stores one event of that site.
  void send(const std::string& token, const std::string& type, const std::string& labels, std::int64_t age = 10) {
    const std::string id = fresh_id();
    const std::string at = std::to_string(now - age);
    const std::string line = "{\"event_type\":\"" + type + "\",\"created_at\":" + at + ",\"timestamp\":" + at +
                             ",\"event_id\":\"" + id + "\",\"labels\":" + labels + "}";
    store::Batch batch;
    batch.entity = token;
    const std::string batch_id = id.substr(0, 8) + std::string(24, 'a');
    batch.id = batch_id;
    batch.received_at = now;
    batch.agent = "0.1.1";
    batch.events.push_back({line, type, store::event_id_of(id), now - age});
    REQUIRE(store->events().append(batch).ok());
  }

 private:
  int ids_ = 0;
  std::string fresh_id() {
    std::string digits = std::to_string(++ids_);
    return std::string(8 - digits.size(), '0') + digits + "-0000-4000-8000-000000000000";
  }
};

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline std::size_t times_in(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace logystera::testing
