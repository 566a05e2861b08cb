// What an answer means: the table of statuses, as one function without side effects (docs/dispatch.md prints it).
//
// The rule above the table: only an answer with a valid Logystera-Ack may advance the offset or put an event into dead/.
// Whoever stands between site and gateway can delay events with any status he likes, and lose none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dispatch.hpp"
#include "agent/transport.hpp"

namespace logystera::agent {

enum class Decision : std::uint8_t {
  accept,  // stored (or known already): advance
  split,   // acknowledged 400 or 422: some event in it is refused for good; find it
  shrink,  // 413: the batch is too large; halve it
  retime,  // acknowledged clock_skew: sign again with the gateway's time
  wait,    // keep everything, stop the run, come back later
};

/// One event of the batch the gateway will not store.
struct Rejection {
  std::uint32_t line = 0;  // from 1; 0: not said
  std::string event_id;    // empty: not said
  std::string reason;
  bool retryable = false;
};

struct Verdict {
  Decision decision = Decision::wait;
  Trouble trouble = Trouble::none;
  bool acknowledged = false;
  bool at_cap = false;  // wait the full 30 minutes: trying soon will not help
  bool counts_as_auth_failure = false;
  bool duplicate = false;                    // the gateway had the batch already
  std::optional<std::uint32_t> retry_after;  // seconds
  std::int64_t server_time = 0;              // with retime
  std::vector<Rejection> rejected;           // with accept
  std::string message;                       // for history and error; empty when all is well
};

/// `wall` is our clock (for a Retry-After date).
Verdict judge(const HttpAnswer& answer, std::string_view secret, std::string_view batch_id, std::int64_t wall);

}  // namespace logystera::agent
