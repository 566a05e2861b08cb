#include "gateway/entities.hpp"

#include <fmt/core.h>

#include "core/hmac.hpp"
#include "core/json.hpp"
#include "core/limits.hpp"
#include "core/random.hpp"
#include "core/wire.hpp"

namespace logystera::gateway {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kTokenBytes = 15;  // 20 characters of base64url
constexpr std::size_t kNameBytes = 100;

}  // namespace

Result<Done> check_entity_name(std::string_view name) {
  bool printable = !name.empty() && name.size() <= kNameBytes && json::is_utf8(name);
  for (const char c : name) printable = printable && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  if (!printable)
    return Error{fmt::format("entity name: must be 1 to {} bytes of text without control characters", kNameBytes),
                 ErrorKind::invalid};
  return Done{};
}

Sender::~Sender() {
  wipe(secret);
  wipe(previous);
}

Result<Entities> Entities::open(store::EntityStore& store, Vault vault) {
  Entities entities(store, std::make_shared<const Vault>(std::move(vault)), {});
  auto random = random_text(kSecretBytes);
  if (!random) return random.error();
  auto sealed = entities.vault_->seal(random.value(), "");
  if (!sealed) return sealed.error();
  entities.stand_in_ = std::move(sealed).value();
  // A key that belongs to another database is found out now, not at the first request.
  auto known = store.list();
  if (!known) return known.error();
  for (const store::Entity& entity : known.value()) {
    if (entity.revoked_at != 0) continue;
    auto secret = entities.vault_->unseal(entity.sealed_secret, entity.token);
    if (!secret) return secret.error();
    wipe(secret.value());
    break;
  }
  return entities;
}

Result<IssuedSecret> Entities::add(std::string_view name, std::int64_t now) {
  auto made = make(name, now);
  if (!made) return made.error();
  if (auto added = store_->add(made->entity); !added) return added.error();
  return std::move(made->issued);
}

Result<NewEntity> Entities::make(std::string_view name, std::int64_t now) const {
  if (auto good = check_entity_name(name); !good) return good.error();
  auto token = random_text(kTokenBytes);
  if (!token) return token.error();
  auto secret = random_text(kSecretBytes);
  if (!secret) return secret.error();
  store::Entity entity;
  entity.token = "ent_" + token.value();
  entity.name = name;
  entity.created_at = now;
  auto sealed = vault_->seal(secret.value(), entity.token);
  if (!sealed) return sealed.error();
  entity.sealed_secret = std::move(sealed).value();
  IssuedSecret issued{entity.token, std::move(secret).value()};
  return NewEntity{std::move(entity), std::move(issued)};
}

Result<store::Entity> Entities::existing(std::string_view token) {
  auto found = store_->find(token);
  if (!found) return found.error();
  if (!found.value()) {
    return Error{fmt::format("entity {}: there is none with this token: 'logystera entity list' shows them", token),
                 ErrorKind::not_found};
  }
  if (found.value()->revoked_at != 0) {
    return Error{
        fmt::format("entity {}: was disconnected and has no secret any more: connect the site again, or register it anew "
                    "with 'logystera entity add'",
                    token),
        ErrorKind::denied};
  }
  return std::move(*found.value());
}

Result<IssuedSecret> Entities::rotate(std::string_view token, std::int64_t now) {
  auto entity = existing(token);
  if (!entity) return entity.error();
  auto secret = random_text(kSecretBytes);
  if (!secret) return secret.error();
  auto sealed = vault_->seal(secret.value(), token);
  if (!sealed) return sealed.error();
  entity->sealed_previous = std::exchange(entity->sealed_secret, std::move(sealed).value());
  entity->rotated_at = now;
  if (auto done = update(entity.value()); !done) return done.error();
  return IssuedSecret{std::string(token), std::move(secret).value()};
}

Result<Done> Entities::set_disabled(std::string_view token, bool disabled) {
  auto entity = existing(token);
  if (!entity) return entity.error();
  entity->disabled = disabled;
  return update(entity.value());
}

Result<Done> Entities::rename(std::string_view token, std::string_view name) {
  if (auto good = check_entity_name(name); !good) return good;
  auto renamed = store_->rename(token, name);
  if (!renamed) return renamed.error();
  if (!renamed.value()) return Error{fmt::format("entity {}: there is none with this token", token), ErrorKind::not_found};
  return Done{};
}

Result<Done> Entities::update(const store::Entity& entity) {
  auto updated = store_->update(entity);
  if (!updated) return updated.error();
  if (!updated.value())
    return Error{fmt::format("entity {}: was disconnected at this very moment", entity.token), ErrorKind::busy};
  return Done{};
}

Result<Sender> Entities::sender(std::string_view token, std::int64_t now) const {
  store::Entity entity;
  Sender sender;
  if (wire::is_token(token)) {
    auto found = store_->find(token);
    if (!found) return found.error();
    if (found.value() && found.value()->revoked_at == 0) {
      entity = std::move(*found.value());
      sender.known = true;
    }
  }
  if (!sender.known) entity.sealed_secret = stand_in_;
  sender.token = entity.token;
  sender.name = entity.name;
  sender.disabled = entity.disabled;
  auto secret = vault_->unseal(entity.sealed_secret, entity.token);
  if (!secret) return secret.error();
  sender.secret = std::move(secret).value();
  const bool graced = !entity.sealed_previous.empty() && now - entity.rotated_at < limits::kPreviousSecretSeconds;
  auto previous = graced ? vault_->unseal(entity.sealed_previous, entity.token) : vault_->unseal(stand_in_, "");
  if (!previous) return previous.error();
  sender.previous = std::move(previous).value();
  return sender;
}

}  // namespace logystera::gateway
