// What `serve` is made of: the rooms put together, and which route runs on which threads.
//
// Command line, tests and benchmarks make one and hand its routes to a server::Server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.hpp"
#include "analysis/current_program.hpp"
#include "app/self_watch.hpp"
#include "core/result.hpp"
#include "dashboard/dashboard.hpp"
#include "gateway/connect.hpp"
#include "gateway/entities.hpp"
#include "gateway/rate_limit.hpp"
#include "processor/raise.hpp"
#include "processor/record.hpp"
#include "server/http.hpp"
#include "server/router.hpp"
#include "store/retention.hpp"
#include "store/store.hpp"
#include "web/attempt_limit.hpp"

namespace logystera::app {

struct Options {
  /// Unix seconds.
  std::function<std::int64_t()> now;
  /// What limits of attempts and the setup secret go by.
  web::Elapsed elapsed = monotonic_seconds;
  /// Told what an operator should know: never secrets, bodies or labels. From any thread.
  std::function<void(std::string_view)> log;
  gateway::RateLimit rate;
  std::string min_agent_version;           // "1.2.0"; empty: any
  store::ConfiguredRetention retention;    // what the configuration says
  std::size_t proxies = 0;                 // in front, one behind the other; 0: none
  bool tls = false;                        // the listeners' own
  std::string api_token = {};              // of an administrator; empty: none
  bool reachable = false;                  // from other machines, by a listener or a proxy
  bool open_to_all = false;                // on purpose
  bool detect = true;                      // looks at what sites send, as it arrives
  processor::OnFindings on_findings = {};  // what follows from findings, where they are stored; empty: alerts
  std::shared_ptr<const dashboard::Explainer> explainer = {};  // of alerts, findings and errors; null: nobody
  /// Whoever is to be told of alerts, within the transaction of what he is told of; empty: nobody.
  processor::Telling telling = {};
  dashboard::FleetFile fleet = {};   // whether it is read-only follows from the API token
  std::string notify_ca_certs = {};  // file in PEM that vouches for where alerts go; empty: the system's
  SelfWatchOptions self_watch = {};
  /// How the operator says under which address the gateway is reached, behind "its operator".
  std::string_view address_remedy = "has to say which";
  /// And what he does about a proxy he has said nothing of.
  std::string_view proxy_remedy = access::Access::Options().proxy_remedy;
};

class Application {
 public:
  /// What it is given must outlive it, and the server its routes are handed to must have stopped before it ends. `program`: what logs
  /// and lines that are handed over are looked at with.
  static Result<std::unique_ptr<Application>> make(store::Store& store, gateway::Entities& entities,
                                                   const analysis::CurrentProgram& program, const Options& options);
  virtual ~Application() = default;

  /// What people look at: pages, and what they ask for in turn.
  virtual std::vector<server::Route> pages() = 0;
  /// What sites send.
  virtual std::vector<server::Route> ingest() = 0;
  /// For each listener.
  virtual std::vector<server::Route> health() = 0;
  virtual decltype(server::Listener::authorize) authorize() = 0;
  /// How people get in, as it is at the start.
  struct Entry {
    access::Access::Mode mode;
    std::string setup_secret;  // to be told once, where there is nobody and others could come first; empty: there is none
  };
  virtual Result<Entry> entry() = 0;
  /// For each listener: what the server refuses in the words of whoever asks.
  virtual decltype(server::Listener::refused) refused() = 0;
  /// Tells where it is reached, once the listeners know.
  virtual void open(gateway::PublicAddresses addresses) = 0;
  /// Stores what was taken and still waits. After the server has stopped taking requests, and before the server ends.
  virtual void finish() noexcept = 0;

  /// Threads beside those that serve connections.
  static unsigned threads() noexcept;
};

}  // namespace logystera::app
