// The pages a person looks at: what was found, which errors recur, what sites send, which rules watch. One file a page: it reads its
// filter from the address, asks the store, and fills a template of web/templates.
//
// Everything works without a script; what a page shows is in its address, so it can be kept and sent to somebody. Lists are read by
// key and not by number: "older" costs the same however far one goes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/current_program.hpp"
#include "assist/provider.hpp"
#include "core/hmac.hpp"
#include "core/result.hpp"
#include "gateway/entities.hpp"
#include "processor/raise.hpp"
#include "query/detection.hpp"
#include "query/signal.hpp"
#include "server/router.hpp"
#include "server/workers.hpp"
#include "store/store.hpp"
#include "web/attempt_limit.hpp"
#include "web/shell.hpp"

namespace logystera::dashboard {

/// Notes in the audit, within the transaction of the change, what whoever sent `request` did: "finding.dismiss", of what, and what
/// was and is now.
using Note = std::function<Result<Done>(store::Stores& stores, const server::Request& request, std::string_view action,
                                        std::string_view object, std::string_view before, std::string_view after)>;

/// Who explains findings and errors, and how often one may ask.
struct Explainer {
  assist::Settings settings;
  std::shared_ptr<assist::Http> http;
  std::shared_ptr<server::Workers> workers;  // which wait for the model
  std::shared_ptr<web::AttemptLimit> limit;
  std::string words;  // "gemma3:4b of ollama at localhost:11434"

  /// Asked by libcurl, by two threads. The error says why the settings cannot be used.
  static Result<std::shared_ptr<const Explainer>> make(assist::Settings settings);
  /// The same, asked by `http`.
  static Result<std::shared_ptr<const Explainer>> make(assist::Settings settings, std::shared_ptr<assist::Http> http);
  static constexpr unsigned kThreads = 2;
};

/// The targets of a fleet that a page shows, and may add to.
struct FleetFile {
  std::string path = "targets.yaml";
  bool read_only = false;              // an API token is set: whoever has it is no person
  std::vector<std::string> web_paths;  // directories: a target of type file that is added in a browser lies in one of them
};

/// Links in messages that snooze an alert (alert/link.hpp), for whoever has one.
struct SnoozeLinks {
  HmacKey key;                                                // that signs them
  std::function<std::string(const server::Request&)> client;  // the address of whoever asks
  std::shared_ptr<web::AttemptLimit> limit;                   // how often one may
  /// What people call a channel; nothing: links of that one are off.
  std::function<std::optional<std::string>(store::Stores& stores, std::int64_t channel)> channel;
};

struct Options {
  std::function<std::int64_t()> now;  // unix seconds
  /// Told what an operator should know; from any thread.
  std::function<void(std::string_view)> log;
  Note note;
  /// Where sites send to, for the words that say how to connect one; empty: not known.
  std::function<std::string()> gateway_url;
  std::shared_ptr<const Explainer> explainer = {};  // null: nobody
  FleetFile fleet = {};
  processor::Telling telling = {};                                                  // of what is done to alerts
  std::shared_ptr<const SnoozeLinks> links = {};                                    // null: there are none
  std::function<query::Detection()> detection = [] { return query::Detection(); };  // how it stands
};

class Dashboard {
 public:
  /// All of them must outlive it.
  Dashboard(store::Store& store, gateway::Entities& entities, const analysis::CurrentProgram& program,
            const web::Shell& shell, const query::Pseudonyms& pseudonyms, Options options);
  ~Dashboard();

  /// Each with the role it needs; all of them read the database, on `workers`.
  std::vector<server::Route> routes(const std::shared_ptr<server::Workers>& workers);

  /// The sites of the header's switch (web::Shell::Options); read once in a few seconds.
  std::vector<web::Shell::Site> sites();

 private:
  struct Rooms;
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace logystera::dashboard
