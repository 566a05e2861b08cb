// The store and its entities, opened together as every gateway command needs them.
#pragma once

#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/config.hpp"
#include "core/result.hpp"
#include "gateway/entities.hpp"
#include "store/retention.hpp"
#include "store/store.hpp"

namespace logystera::cli {

struct GatewayStore {
  std::unique_ptr<store::Store> store;
  std::unique_ptr<gateway::Entities> entities;  // points into `store`
};

/// Opens the store and its key file; with Access::create both are made when there is neither.
Result<GatewayStore> open_gateway_store(const Globals& globals, store::Access access);

/// For how long things are kept, as far as the configuration says.
store::ConfiguredRetention configured_retention(const Config& config);

/// The store alone.
Result<std::unique_ptr<store::Store>> open_store(const Globals& globals, store::Access access);

}  // namespace logystera::cli
