// Who changed what, and who looked at personal data. Rows are added and grow old; nothing changes one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

/// None of it holds a secret.
struct AuditRow {
  std::int64_t id = 0;                  // in the order they were added
  std::int64_t at = 0;                  // unix seconds
  std::string actor = {};               // a user's or a token's name, or how else somebody got in
  std::string address = {};             // of whoever asked; empty: a command on this machine
  std::string action = {};              // "user.add"
  std::string object = {};              // what it was done to
  std::string before = {}, after = {};  // JSON, or nothing
};

struct AuditQuery {
  std::optional<std::int64_t> since = {}, until = {};  // unix seconds, both included
  std::string actor = {}, action = {};                 // empty: any; an action ending in '.' is all that begin with it
  std::int64_t before_id = 0;                          // those added before; 0: from the newest on
  std::size_t limit = 100;
};

class AuditStore {
 public:
  virtual ~AuditStore() = default;

  virtual Result<Done> add(const AuditRow& row) = 0;
  /// The newest first.
  virtual Result<std::vector<AuditRow>> list(const AuditQuery& query) = 0;
  /// Removes at most `most` of those from before `oldest`, the oldest first. How many.
  virtual Result<std::uint64_t> prune(std::int64_t oldest, std::size_t most) = 0;
};

}  // namespace logystera::store
