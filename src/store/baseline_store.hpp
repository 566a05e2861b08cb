// What is usual in a log, learnt in earlier runs: one baseline a source and model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

struct StoredBaseline {
  std::string source, model;
  std::uint32_t bucket_seconds = 0;
  std::uint64_t observations = 0;
  std::int64_t updated_at = 0;
  std::string state;  // detect::Baseline's bytes
};

class BaselineStore {
 public:
  virtual ~BaselineStore() = default;

  /// In the place of the one of that source and model.
  virtual Result<Done> put(const StoredBaseline& baseline) = 0;
  virtual Result<std::optional<StoredBaseline>> find(std::string_view source, std::string_view model) = 0;
  /// By source and model, without their states.
  virtual Result<std::vector<StoredBaseline>> list() = 0;
  /// Removes those of one source, or, with an empty one, all. How many.
  virtual Result<std::uint64_t> reset(std::string_view source) = 0;
};

}  // namespace logystera::store
