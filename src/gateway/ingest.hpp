// What the gateway does with a signed batch (ARCHITECTURE.md, "Wire"). The order of the checks is the contract: nothing is
// inflated or parsed for a sender that is not known.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/limits.hpp"
#include "gateway/entities.hpp"
#include "gateway/rate_limit.hpp"
#include "gateway/signature_check.hpp"
#include "gateway/signed_route.hpp"
#include "server/http.hpp"
#include "store/event_store.hpp"

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
  /// See SignatureCheck::Options.
  std::function<void(std::string_view token, std::int64_t ahead)> clock_refused = {};
};

class Ingest {
 public:
  /// `entities` and `writer` must outlive it and every reply it still owes.
  Ingest(Entities& entities, store::BatchWriter& writer, IngestOptions options);

  /// POST /v1/ingest replies 202 or 200 only once the events are durable; POST /v1/ping says whether token, secret and clock are
  /// right, and stores nothing.
  std::vector<server::Route> routes();
  /// Batches that were answered 503, since the store could not take them. Thread-safe.
  std::uint64_t failures() const noexcept { return failures_; }

 private:
  struct Work;
  void ingest(std::shared_ptr<const SignedRequest> sent, const server::Reply& reply);
  server::Answer ping(const SignedRequest& sent);
  bool unpack_within_rate(Work& work, server::Answer& refusal);
  bool unpack(Work& work, server::Answer& refusal) const;
  void finish(const Work& work, const Result<store::Appended>& appended, const server::Reply& reply) const;

  store::BatchWriter& writer_;
  IngestOptions options_;
  SignatureCheck check_;
  RateLimiter limiter_;
  mutable std::atomic<std::uint64_t> failures_{0};
};

}  // namespace logystera::gateway
