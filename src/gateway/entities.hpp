// The sites that may send: their tokens and secrets. A secret is in the clear only between unsealing and the
// check it is needed for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "gateway/vault.hpp"
#include "store/entity_store.hpp"

namespace logystera::gateway {

/// What `add` and `rotate` hand out once; it cannot be shown again.
struct IssuedSecret {
  std::string token;
  std::string secret;  // 43 characters of base64url: 32 random bytes
};

/// An entity that is not stored yet, and what its site is to be told.
struct NewEntity {
  store::Entity entity;
  IssuedSecret issued;
};

/// What is needed to check one request. Secrets are wiped at the end.
struct Sender {
  std::string token;
  std::string name;
  bool known = false;  // false: a stand-in, so that checking it costs what checking a real one costs
  bool disabled = false;
  std::string secret;
  std::string previous;  // what a signature may be made with besides; random when there is none

  Sender() = default;
  ~Sender();
  Sender(Sender&&) noexcept = default;
  Sender& operator=(Sender&&) noexcept = default;
};

/// Names: 1-100 bytes of UTF-8 without control characters; they need not be unique.
Result<Done> check_entity_name(std::string_view name);

class Entities {
 public:
  /// `store` must outlive it. The error says why there is no randomness or key.
  static Result<Entities> open(store::EntityStore& store, Vault vault);

  Result<IssuedSecret> add(std::string_view name, std::int64_t now);
  /// What add() would store, for whoever stores it together with something else.
  Result<NewEntity> make(std::string_view name, std::int64_t now) const;
  /// The present secret becomes the previous one, good for limits::kPreviousSecretSeconds more.
  Result<IssuedSecret> rotate(std::string_view token, std::int64_t now);
  Result<Done> set_disabled(std::string_view token, bool disabled);
  /// The name is for people; see add().
  Result<Done> rename(std::string_view token, std::string_view name);
  /// The same entities in a transaction, whose store this is: what is changed through them is changed with the rest of it.
  Entities within(store::EntityStore& store) const { return Entities(store, vault_, stand_in_); }
  /// Ends an entity for good: its secrets are erased, so that it is from then on as unknown as one that never was. Durable
  /// when it returns; false when there is none, or it was revoked before.
  Result<bool> revoke(std::string_view token, std::int64_t now) { return store_->revoke(token, now); }
  Result<std::vector<store::Entity>> list() { return store_->list(); }

  /// The sender to check a request of `token` against at time `now`. An unknown token gives a stand-in of
  /// equal cost.
  Result<Sender> sender(std::string_view token, std::int64_t now) const;

  /// For what else is kept under the same key.
  const Vault& vault() const noexcept { return *vault_; }

 private:
  Entities(store::EntityStore& store, std::shared_ptr<const Vault> vault, std::string stand_in)
      : store_(&store), vault_(std::move(vault)), stand_in_(std::move(stand_in)) {}
  Result<store::Entity> existing(std::string_view token);
  Result<Done> update(const store::Entity& entity);

  store::EntityStore* store_;
  std::shared_ptr<const Vault> vault_;
  std::string stand_in_;  // a random secret, sealed for the empty token
};

}  // namespace logystera::gateway
