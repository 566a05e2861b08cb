// The messages sites have sent to whoever runs the gateway.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

struct SupportRequest {
  std::string reference;  // "sup_…", unique
  std::string entity;     // token of an entity that exists
  std::string batch;      // wire::batch_id of the request: the same text again is the same request
  std::int64_t received_at = 0;
  std::string message;
  std::string email;        // empty: none
  std::string diagnostics;  // a JSON object; empty: none
  // Read-only for callers.
  std::string entity_name;
};

class SupportStore {
 public:
  virtual ~SupportStore() = default;

  /// Stores a request and gives its reference: the one it was first stored under when it is a repeat.
  virtual Result<std::string> add(const SupportRequest& request) = 0;
  /// The newest `limit`, oldest first; messages and diagnostics are left out.
  virtual Result<std::vector<SupportRequest>> list(std::uint64_t limit) = 0;
  virtual Result<std::optional<SupportRequest>> find(std::string_view reference) = 0;
};

}  // namespace logystera::store
