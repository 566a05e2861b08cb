#include "access/setup.hpp"

#include "core/random.hpp"

namespace logystera::access {
namespace {

constexpr std::size_t kSecretBytes = 32;

}  // namespace

Result<std::string> SetupSecret::make(std::int64_t now) {
  auto secret = random_text(kSecretBytes);
  if (!secret) return secret;
  const std::lock_guard lock(mutex_);
  hash_ = sha256(secret.value());
  made_at_ = now;
  tries_left_ = kSetupTries;
  return secret;
}

SetupSecret::Check SetupSecret::check(std::string_view secret, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  if (tries_left_ <= 0 || now < made_at_ || now - made_at_ > kSetupSeconds) return Check::ended;
  if (equal_constant_time(bytes_of(sha256(secret)), bytes_of(hash_))) return Check::right;
  --tries_left_;
  return Check::wrong;
}

}  // namespace logystera::access
