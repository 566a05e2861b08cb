// Graylog: its search for messages by an absolute range of time, oldest first.
//
// Two ways, told apart by asking: /api/search/universal/absolute, which versions from 2 on have and which gives all of a message, and where
// that is gone /api/search/messages (5.1 and later), which gives the fields it is asked for.
//
// Times are milliseconds, and nothing tells messages of one apart but _id. `offset` is not used: one version does not pass it on, and
// beyond 10,000 none does. Where it is from: graylog2-server's AbsoluteSearchResource.java, MessagesRequestSpec.java, ResponseSchemaEntry.java.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "net/http.hpp"
#include "source/paged_source.hpp"

namespace logystera::source {

struct GraylogTarget {
  std::string query = "*";           // as Graylog's search bar takes it
  std::vector<std::string> streams;  // ids; empty: all that may be read
};

class GraylogStore final : public PagedStore {
 public:
  /// `stop`, if given, outlives it.
  GraylogStore(net::Server server, GraylogTarget target, const std::atomic<bool>* stop);

  Bounds bounds() const override;
  Page page(const Ask& ask) override;
  void ahead(const Ask& ask) override;

 private:
  net::Request request_of(const Ask& ask) const;
  std::string rows_wanted(const Ask& ask) const;  // a request's body
  Page page_of_messages(const Ask& ask);
  Page read(net::Answer answer, const Ask& ask) const;
  Page read_rows(net::Answer answer, const Ask& ask) const;
  Page refusal(net::Outcome outcome) const;

  const GraylogTarget target_;
  net::Client client_;
  bool by_rows_ = false;  // the universal search is not there
};

/// Says what is wrong with the id of a stream; nothing: it can be asked for.
std::optional<Error> wrong_with_stream(const std::string& id);

}  // namespace logystera::source
