#include "access/second_factor.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base64.hpp"

namespace logystera::access {
namespace {

/// Overwritten at the end.
struct Secret {
  std::string bytes;
  ~Secret() { wipe(bytes); }
};

std::string kept_for(const store::User& user) { return fmt::format("totp of user {}", user.id); }

std::string begun_for(const store::User& user, std::string_view session) {
  return fmt::format("totp begun by user {} in {}", user.id, to_hex(sha256(session)));
}

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> from_hex(std::string_view hex) {
  std::string bytes;
  if (hex.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit_of(hex[i]), low = digit_of(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

Error begin_again() { return Error{"this is not what was begun in this session: begin again", ErrorKind::invalid}; }

}  // namespace

Result<SecondFactor::Begun> SecondFactor::begin(const store::User& user, std::string_view issuer,
                                                std::string_view session) const {
  auto made = make_totp_secret();
  if (!made) return made.error();
  Secret secret{std::move(made).value()};
  auto sealed = seal_.seal(secret.bytes, begun_for(user, session));
  if (!sealed) return sealed.error();
  return Begun{base32(secret.bytes), totp_uri(secret.bytes, user.name, issuer), to_hex(sealed.value())};
}

Result<std::vector<std::string>> SecondFactor::turn_on(const store::User& user, std::string_view sealed,
                                                       std::string_view session, std::string_view code, std::int64_t now,
                                                       const Note& note) {
  const auto bytes = from_hex(sealed);
  if (!bytes) return begin_again();
  auto opened = seal_.unseal(*bytes, begun_for(user, session));
  if (!opened) return begin_again();
  Secret secret{std::move(opened).value()};
  const auto step = totp_step(secret.bytes, code, now, 0);
  if (!step) return Error{"the code is wrong: is the clock of the telephone right?", ErrorKind::invalid};
  auto kept = seal_.seal(secret.bytes, kept_for(user));
  if (!kept) return kept.error();
  std::vector<std::string> codes;
  std::vector<Digest> hashes;
  for (std::size_t i = 0; i < kRecoveryCodes; ++i) {
    auto recovery = make_recovery_code();
    if (!recovery) return recovery.error();
    hashes.push_back(recovery_hash(recovery.value()));
    codes.push_back(std::move(recovery).value());
  }
  auto transaction = store_.begin();
  if (!transaction) return transaction.error();
  store::AccountStore& accounts = transaction.value()->accounts();
  auto set = accounts.set_totp(user.id, kept.value(), hashes);
  if (!set) return set.error();
  if (!set.value()) return Error{fmt::format("user {}: is not there any more", user.name), ErrorKind::not_found};
  if (auto used = accounts.use_totp_step(user.id, *step); !used) return used.error();
  if (auto noted = note(*transaction.value(), "user.second_factor", user.name, "", R"({"on":true})"); !noted) {
    return noted.error();
  }
  if (auto committed = transaction.value()->commit(); !committed) return committed.error();
  return codes;
}

Result<Done> SecondFactor::turn_off(const store::User& user, const Note& note) {
  auto transaction = store_.begin();
  if (!transaction) return transaction.error();
  if (auto set = transaction.value()->accounts().set_totp(user.id, "", {}); !set) return set.error();
  if (auto noted = note(*transaction.value(), "user.second_factor", user.name, R"({"on":true})", ""); !noted) return noted;
  return transaction.value()->commit();
}

Result<bool> SecondFactor::holds(const store::User& user, std::string_view code, std::int64_t now) {
  auto opened = seal_.unseal(user.sealed_totp, kept_for(user));
  if (!opened) {
    return Error{
        fmt::format("user {}: the second factor's secret does not open with this key file: restore the key that belongs "
                    "to this database",
                    user.name),
        ErrorKind::broken};
  }
  Secret secret{std::move(opened).value()};
  if (const auto step = totp_step(secret.bytes, code, now, user.totp_step)) {
    return store_.accounts().use_totp_step(user.id, *step);  // of two at once, one
  }
  return store_.accounts().use_recovery_code(user.id, recovery_hash(code));
}

}  // namespace logystera::access
