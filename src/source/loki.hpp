// Grafana Loki: query_range, oldest first. Its websocket (tail) drops what is not taken quickly enough, and is not used.
//
// Where it is from: Loki's HTTP API (docs/sources/reference/loki-http-api.md) and what it answers beyond limits
// (pkg/querier/queryrange/limits.go): "max entries limit per query exceeded, limit > … (5001 > 5000)", "the query time range exceeds the
// limit (query length: 48h0m0s, limit: 1d)".
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "net/http.hpp"
#include "source/paged_source.hpp"

namespace logystera::source {

struct LokiTarget {
  std::string query;   // LogQL, of log lines
  std::string tenant;  // X-Scope-OrgID: "a", or "a|b"; empty: none
};

class LokiStore final : public PagedStore {
 public:
  /// `stop`, if given, outlives it.
  LokiStore(net::Server server, LokiTarget target, const std::atomic<bool>* stop);

  Bounds bounds() const override;
  Page page(const Ask& ask) override;
  void ahead(const Ask& ask) override;

 private:
  net::Request request_of(const Ask& ask) const;
  Page read(net::Answer answer, const Ask& ask) const;

  const LokiTarget target_;
  net::Client client_;
};

/// "721h", "1d", "30d1h", "1h30m0s" as nanoseconds; 0: it is none.
std::int64_t loki_span_ns(std::string_view text) noexcept;

}  // namespace logystera::source
