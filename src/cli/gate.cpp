#include "cli/gate.hpp"

#include <ctime>

namespace logystera::cli {

Result<std::unique_ptr<store::Store>> open_store(const Globals& globals, store::Access access) {
  auto url = store_url(globals);
  if (!url) return url.error();
  return store::open(url.value(), access);
}

Result<Gate> open_gate(const Globals& globals, store::Access access) {
  auto url = store_url(globals);
  if (!url) return url.error();
  auto path = store::sqlite_path(url.value());
  if (!path) return path.error();
  auto opened = store::open(url.value(), access);
  if (!opened) return opened.error();
  Gate gate;
  gate.store = std::move(opened).value();
  auto known = gate.store->entities();
  if (!known) return known.error();
  // A new key may be made only while no secret is sealed under an old one.
  auto vault = gateway::Vault::open(gateway::key_path_for(path.value()), known->empty());
  if (!vault) return vault.error();
  auto entities = gateway::Entities::open(*gate.store, std::move(vault).value());
  if (!entities) return entities.error();
  gate.entities = std::make_unique<gateway::Entities>(std::move(entities).value());
  return gate;
}

Result<store::AccountStore> open_accounts(const Globals& globals, store::Access access) {
  auto url = store_url(globals);
  if (!url) return url.error();
  auto path = store::sqlite_path(url.value());
  if (!path) return path.error();
  // It makes the file and brings it to the newest schema.
  auto opened = store::open(url.value(), access);
  if (!opened) return opened.error();
  return store::AccountStore::open(path.value());
}

std::int64_t unix_now() noexcept { return static_cast<std::int64_t>(std::time(nullptr)); }

}  // namespace logystera::cli
