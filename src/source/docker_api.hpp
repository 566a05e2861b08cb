// What is asked of Docker's daemon, over a unix socket or TCP (Engine API): its version, its containers, where their logs are.
//
// Names, images and words of the daemon are others' texts: ids are checked before they stand in a path, and errors show the rest printable.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "net/http.hpp"

namespace logystera::source {

/// A container as the daemon lists it.
struct Listed {
  std::string id;  // hex digits
  std::string name, image;
  std::int64_t created = 0;           // unix seconds
  std::vector<std::string> synonyms;  // every name it has, `name` among them
  bool runs = false;                  // or is paused, or starts again
};

class DockerApi {
 public:
  /// `stop`, if given, outlives it.
  DockerApi(net::Server server, const std::atomic<bool>* stop) : client_(std::move(server), stop) {}

  /// Asks for the version; before anything else. An error (busy, failed): there is no daemon; (invalid): it is none of Docker's.
  Result<Done> begin();
  /// `stopped`: those that do not run as well. `labels`: "KEY" or "KEY=VALUE", all of them.
  Result<std::vector<Listed>> list(bool stopped, const std::vector<std::string>& labels);
  /// Whether it writes to a terminal, which has one stream and no frames.
  net::Outcome has_terminal(const std::string& id, bool& terminal);
  /// Of its log with times, from `since_ns` on, included.
  std::string log_path(const std::string& id, bool follow, std::int64_t since_ns) const;
  /// Of what starts and ends from then on, one JSON object a line.
  std::string events_path(std::int64_t since_ns) const;

 private:
  net::Client client_;
  std::string version_;  // "/v1.41"
};

/// Whether it can stand in a path: hex digits.
bool is_container_id(std::string_view id) noexcept;

/// Whom an event is of; empty: of no container.
std::string container_of_event(const std::string& line);

/// What the daemon said of what it would not do, in its own words if it said any; shown printable.
std::string daemon_says(const net::Outcome& outcome);

}  // namespace logystera::source
