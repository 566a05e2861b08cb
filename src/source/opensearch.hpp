// OpenSearch and Elasticsearch, by plain HTTP: their own clients refuse the other product.
//
// Read once, entries are asked for in one point in time, sorted by time and _shard_doc, page after page by search_after, where the server
// has both. Elsewhere, and followed, pages begin at the time of the last entry, and what comes again is known by _index and _id.
//
// Where it is from: Elasticsearch's rest-api-spec tests search/90_search_after.yml, search/350_point_in_time.yml, search/240_date_nanos.yml,
// OpenSearch's pit/10_basic.yml, and FieldSortBuilder there, which takes numeric_type and no format.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "net/http.hpp"
#include "source/paged_source.hpp"

namespace logystera::source {

struct OpensearchTarget {
  std::string index;  // or several, with commas and '*'
  std::string query;  // of a query string; empty: everything
  std::string timestamp_field = "@timestamp", message_field = "message", severity_field = "level", host_field = "host.name";
};

/// What a server is.
struct OpensearchInfo {
  std::string name, cluster, version, distribution;  // "opensearch", "elasticsearch"
  std::string health;                                // "green"; empty: it may not be asked
  std::string index;                                 // what it was asked about
  std::int64_t documents = -1;                       // in the index; -1: it may not be asked
  bool points_in_time = false, shard_doc = false;
};

class OpensearchStore final : public PagedStore {
 public:
  /// `stop`, if given, outlives it.
  OpensearchStore(net::Server server, OpensearchTarget target, const std::atomic<bool>* stop);
  ~OpensearchStore() override;

  Bounds bounds() const override;
  Page page(const Ask& ask) override;
  void ahead(const Ask& ask) override;
  void end_look() override;
  /// Asks the server. An error is one of its address, its credentials, or the network.
  Result<OpensearchInfo> info();

 private:
  std::string search_path() const;
  net::Outcome send(const char* method, const std::string& path, const std::string& body);
  net::Outcome learn();
  Page open_point();
  Page refusal(net::Outcome outcome, const Ask& ask);
  Page read(net::Answer answer, const Ask& ask);
  std::string body_of(const Ask& ask) const;
  std::string place() const;
  std::string index_path() const;

  const OpensearchTarget target_;
  net::Client client_;
  bool known_ = false;  // info_ is
  OpensearchInfo info_;
  bool is_opensearch_ = false, formats_times_ = false;
  std::string point_;       // in time; empty: none is open
  bool no_points_ = false;  // they are refused
};

/// Says what is wrong with an index's name; nothing: it can be asked for.
std::optional<Error> wrong_with_index(const std::string& index);

}  // namespace logystera::source
