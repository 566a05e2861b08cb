#include "cli/gateway_store.hpp"

namespace logystera::cli {

Result<std::unique_ptr<store::Store>> open_store(const Globals& globals, store::Access access) {
  auto url = store_url(globals);
  if (!url) return url.error();
  auto opened = store::open(url.value(), {.access = access});
  if (!opened) return store_failure(opened.error());
  return opened;
}

store::ConfiguredRetention configured_retention(const Config& config) {
  store::ConfiguredRetention retention = config.retention;
  retention.otherwise.findings_days = config.findings_retention_days;
  return retention;
}

Result<GatewayStore> open_gateway_store(const Globals& globals, store::Access access) {
  auto opened = open_store(globals, access);
  if (!opened) return opened.error();
  auto key = key_path(globals);
  if (!key) return key.error();
  GatewayStore gate;
  gate.store = std::move(opened).value();
  auto known = gate.store->entities().list();
  if (!known) return known.error();
  // A new key may be made only while no secret is sealed under an old one.
  auto vault = gateway::Vault::open(key.value(), known->empty());
  if (!vault) return vault.error();
  auto entities = gateway::Entities::open(gate.store->entities(), std::move(vault).value());
  if (!entities) return entities.error();
  gate.entities = std::make_unique<gateway::Entities>(std::move(entities).value());
  return gate;
}

}  // namespace logystera::cli
