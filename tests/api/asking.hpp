// What the tests of the API share: a store, the rules that are built in, and the API served over a socket. Who asks is said by a header
// of the test's: "X-Who: analyst" or "X-Who: viewer ent_a" (restricted to that site); without it nobody does.
#pragma once

#include <fmt/core.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "../server/serving.hpp"
#include "analysis/current_program.hpp"
#include "api/api.hpp"
#include "api/problem.hpp"
#include "catch.hpp"
#include "gateway/entities.hpp"
#include "scratch.hpp"
#include "store/store.hpp"
#include "web/problem.hpp"

namespace logystera::testing {

inline constexpr std::int64_t kNow = 1'774'211'679;

struct Said {
  int status = 0;
  std::string head, body;

  /// The header's value; empty when it is not there.
  std::string header(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
  rapidjson::Document json() const {
    rapidjson::Document document;
    document.Parse(body.c_str());
    INFO(body);
    REQUIRE_FALSE(document.HasParseError());
    return document;
  }
  /// A value by its pointer, as text; "?" when it is not there.
  std::string at(const std::string& pointer) const {
    const rapidjson::Document document = json();
    const rapidjson::Value* found = rapidjson::Pointer(pointer.c_str()).Get(document);
    if (!found) return "?";
    if (found->IsString()) return found->GetString();
    if (found->IsBool()) return found->GetBool() ? "true" : "false";
    if (found->IsNull()) return "null";
    if (found->IsInt64()) return std::to_string(found->GetInt64());
    if (found->IsArray()) return "[" + std::to_string(found->Size()) + "]";
    return "{}";
  }
};

class Asking {
 public:
  query::Detection detection;  // as it says it stands

  explicit Asking(api::Rate rate = {.per_second = 0}, int query_ms = 2000) {
    store::OpenOptions options{.access = store::Access::create};
    options.query_ms = query_ms;
    store = std::move(store::open("sqlite:" + scratch.file("a.db"), options)).value();
    entities = std::make_unique<gateway::Entities>(
        std::move(gateway::Entities::open(store->entities(),
                                          std::move(gateway::Vault::open(scratch.file("a.key"), true)).value()))
            .value());
    analysis::ProgramNotes remarks;
    analysis::ProgramOptions wanted;
    wanted.rule_cache = false;
    wanted.metrics = true;
    wanted.salt = "a salt of sixteen bytes";
    program = std::make_unique<analysis::CurrentProgram>(analysis::Program::make(wanted, remarks));
    desk = std::make_unique<upload::Desk>(*program);
    const gateway::Vault& vault = entities->vault();
    notify = std::make_unique<notify::Desk>(
        *store, notify::Desk::Options{
                    [this] { return now; },
                    {[&vault](std::string_view secret, std::string_view to) { return vault.seal(secret, to); },
                     [&vault](std::string_view sealed, std::string_view to) { return vault.unseal(sealed, to); }}});
    api = std::make_unique<api::Api>(api::Parts{*store,
                                                *entities,
                                                *program,
                                                arrival,
                                                pseudonyms,
                                                *desk,
                                                *notify,
                                                [this] { return now; },
                                                [this](std::string_view text) { logged += std::string(text) + "\n"; },
                                                rate,
                                                scratch.file("targets.yaml"),
                                                {},
                                                [this] { return detection; }});
    server::Workers::Options threads = api::Api::workers();
    threads.gives_way = false;  // beside a machine full of other tests an answer would come late
    workers = std::make_shared<server::Workers>(threads);
    std::vector<server::Route> routes = api->routes(workers);
    routes.push_back(api->metrics_route(workers));
    serving = std::make_unique<Serving>(
        std::move(routes), server::Limits{},
        [](server::Request& request, std::string_view role) -> std::optional<server::Answer> {
          const std::string said = request.joined("X-Who");
          auto principal = std::make_shared<web::Principal>();
          const auto given = web::role_of(said.substr(0, said.find(' ')));
          if (!given) return web::api_problem(401, "unauthorized", "Not signed in", "send a token");
          principal->role = *given;
          principal->kind = web::Principal::Kind::token;
          principal->name = said;
          if (const std::size_t space = said.find(' '); space != std::string::npos) {
            principal->all_sites = false;
            principal->sites = {said.substr(space + 1)};
          }
          request.principal = principal;
          if (!principal->may(*web::role_of(role)))
            return web::api_problem(403, "role_too_low", "Not allowed", "ask an administrator");
          return std::nullopt;
        },
        server::TlsFiles{}, api::reworded);
  }

  Said ask(const std::string& method, const std::string& path, const std::string& who = "viewer",
           const std::string& body = "", const std::string& headers = "") {
    std::string more = headers;
    if (!who.empty()) more += "X-Who: " + who + "\r\n";
    if (!body.empty() && headers.find("Content-Type") == std::string::npos) more += "Content-Type: application/json\r\n";
    const std::string answer = serving->ask(method, path, more, body);
    Said said;
    const std::size_t end = answer.find("\r\n\r\n");
    REQUIRE(end != std::string::npos);
    said.head = answer.substr(0, end + 2);
    said.body = answer.substr(end + 4);
    said.status = std::stoi(answer.substr(9, 3));
    if (!notes.empty()) record(method, path, said);
    return said;
  }
  Said get(const std::string& path, const std::string& who = "viewer") { return ask("GET", path, who); }

  std::int64_t finding(const std::string& rule, Level level, std::int64_t time,
                       const std::string& source = "/var/log/auth.log", const std::string& message = "m") {
    store::Finding one;
    one.rule = rule;
    one.title = "A title";
    one.level = level;
    one.source = source;
    one.time = time;
    one.line = 7;
    one.message = message;
    REQUIRE(store->findings().add(one).value());
    return store->findings().page({}, {.limit = 1}).value().rows.at(0).id;
  }
  std::string site(const std::string& name = "shop") { return entities->add(name, kNow).value().token; }
  std::string event(const std::string& token, unsigned number, const std::string& type = "auth.login_failed",
                    const std::string& labels = R"({"username":"anna","ip":"203.0.113.9"})", std::int64_t created = kNow) {
    const std::string id = fmt::format("00000000-0000-4000-8000-{:012x}", number);
    const std::string line =
        fmt::format(R"({{"event_type":"{0}","created_at":{1},"timestamp":{1},"event_id":"{2}","labels":{3}}})", type,
                    created, id, labels);
    const std::string batch_id = "b" + std::to_string(number);
    store::Batch batch;
    batch.entity = token;
    batch.id = batch_id;
    batch.received_at = kNow;
    batch.events = {{line, type, store::event_id_of(id), created}};
    REQUIRE(store->events().append(batch).value().accepted == 1);
    return id;
  }

  Scratch scratch;
  std::int64_t now = kNow;
  std::string logged;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<gateway::Entities> entities;
  std::unique_ptr<analysis::CurrentProgram> program;
  web::Arrival arrival;
  const query::Pseudonyms pseudonyms{"a key"};
  std::unique_ptr<notify::Desk> notify;
  std::unique_ptr<api::Api> api;
  std::shared_ptr<server::Workers> workers;
  std::unique_ptr<Serving> serving;
  std::unique_ptr<upload::Desk> desk;

 private:
  /// Each answer a line of JSON in the file LOGYSTERA_API_ANSWERS names, for whoever holds them against the contract.
  void record(const std::string& method, const std::string& path, const Said& said) {
    JsonText json(JsonText::Reader::program);
    json.begin_object()
        .member("method", method)
        .member("path", path.substr(0, path.find('?')))
        .number("status", said.status);
    json.member("type", said.header("Content-Type")).member("body", said.body).end_object();
    if (std::FILE* file = std::fopen(notes.c_str(), "a")) {
      std::fprintf(file, "%s\n", json.text().c_str());
      std::fclose(file);
    }
  }
  std::string notes = std::getenv("LOGYSTERA_API_ANSWERS") ? std::getenv("LOGYSTERA_API_ANSWERS") : "";
};

}  // namespace logystera::testing
