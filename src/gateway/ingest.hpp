// What the gateway does with a signed request (ARCHITECTURE.md, "Wire"). The order of the checks is the
// contract: nothing of a request is looked at before its signature holds, and nothing is inflated or parsed
// for a sender that is not known.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/limits.hpp"
#include "gateway/entities.hpp"
#include "gateway/rate_limit.hpp"
#include "server/message.hpp"
#include "store/store.hpp"

namespace logystera::gateway {

/// Lines of one batch; ten times what an agent sends.
inline constexpr std::size_t kBatchLinesMax = 10 * limits::kBatchEventsMax;

struct IngestOptions {
  RateLimit rate;
  std::string min_agent_version;  // "1.2.0"; empty: any
  /// Unix seconds; a test's clock may differ from the machine's.
  std::function<std::int64_t()> now;
  /// Told what an operator should know: never secrets, bodies or labels.
  std::function<void(std::string_view)> log;
};

class Ingest {
 public:
  /// `entities` and `store` must outlive it and every reply it still owes.
  Ingest(Entities& entities, store::Store& store, IngestOptions options);

  /// POST /v1/ingest. Replies 202 or 200 only once the events are durable.
  void ingest(server::Request request, const server::Reply& reply);
  /// POST /v1/ping: says whether token, secret and clock are right, and stores nothing.
  void ping(server::Request request, const server::Reply& reply);

 private:
  struct Verified;
  struct Work;
  bool verify(const server::Request& request, Verified& verified, server::Answer& refusal) const;
  bool admit(const server::Request& request, const Verified& verified, server::Answer& refusal) const;
  bool unpack_within_rate(Work& work, server::Answer& refusal);
  bool unpack(Work& work, server::Answer& refusal) const;
  void finish(const Work& work, const Result<store::Appended>& appended, const server::Reply& reply) const;

  Entities& entities_;
  store::Store& store_;
  IngestOptions options_;
  RateLimiter limiter_;
};

/// Whether dotted version `a` is older than `b`; missing parts count as 0, and what is no version is not
/// older.
bool older_version(std::string_view a, std::string_view b) noexcept;

/// "1.2.3" out of a User-Agent that names "logystera/1.2.3"; empty when it does not.
std::string_view agent_version(std::string_view user_agent) noexcept;

}  // namespace logystera::gateway
