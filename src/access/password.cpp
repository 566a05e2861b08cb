#include "access/password.hpp"

#include <fmt/core.h>
#include <sodium.h>

#include <algorithm>

#include "core/json.hpp"
#include "core/utf8.hpp"

namespace logystera::access {
namespace {

bool start_libsodium() {
  static const bool started = ::sodium_init() >= 0;
  return started;
}

}  // namespace

Result<Done> check_password(std::string_view password) {
  if (!json::is_utf8(password)) return Error{"password: is not UTF-8 text", ErrorKind::invalid};
  if (characters_of(password) < kPasswordCharsMin || password.size() > kPasswordBytesMax) {
    return Error{fmt::format("password: must have at least {} characters and at most {} bytes", kPasswordCharsMin,
                             kPasswordBytesMax),
                 ErrorKind::invalid};
  }
  return Done{};
}

Result<std::string> hash_password(std::string_view password) {
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  const bool hashed =
      start_libsodium() &&
      ::crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                              crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) == 0;
  if (!hashed) return Error{"password: cannot be hashed: that takes 64 MiB of memory for a moment"};
  hash.resize(hash.find('\0'));
  return hash;
}

bool password_holds(std::string_view password, const std::string& hash) {
  return start_libsodium() && ::crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

}  // namespace logystera::access
