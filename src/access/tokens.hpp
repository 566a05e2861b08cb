// The tokens programs come with: made, listed and ended. Every change and its line in the audit are one transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/note.hpp"
#include "core/result.hpp"
#include "store/store.hpp"
#include "web/principal.hpp"

namespace logystera::access {

inline constexpr std::size_t kTokenNameBytes = 64;
inline constexpr std::int64_t kDaySeconds = 24 * 3600;
inline constexpr std::int64_t kTokenDays = 90;  // until it ends, unless another time is asked for
inline constexpr std::int64_t kTokenDaysMost = 3650;
inline constexpr std::size_t kTokensOfOneMost = 200;

struct NewToken {
  std::int64_t user = 0;  // whose it is; 0: the server's
  std::string_view name;
  web::Role role = web::Role::viewer;
  store::SiteChoice sites = {};
  std::optional<std::int64_t> days = kTokenDays;  // none: it never ends
};

/// What was made. The token is shown once and forgotten: overwritten at the end.
struct MadeToken {
  std::int64_t id = 0;
  std::string token;
  std::int64_t expires_at = 0;  // 0: never

  MadeToken() = default;
  MadeToken(MadeToken&&) noexcept = default;
  MadeToken& operator=(MadeToken&&) noexcept = default;
  ~MadeToken();
};

class Tokens {
 public:
  /// `store` must outlive it.
  explicit Tokens(store::Store& store) : store_(&store) {}

  /// The name is 1-64 bytes of UTF-8 without control characters, and for people alone.
  Result<MadeToken> add(const NewToken& token, std::int64_t now, const Note& note);
  /// `owner`: of this user alone. An error when there is none.
  Result<Done> revoke(std::int64_t id, std::optional<std::int64_t> owner, const Note& note);
  /// By age.
  Result<std::vector<store::ApiToken>> list(std::optional<std::int64_t> owner = {}) {
    return store_->accounts().tokens(owner);
  }

 private:
  store::Store* store_;
};

/// Whether somebody may make a token that may so much: never more than himself. The error says what is too much.
Result<Done> may_make(const web::Principal& who, const NewToken& token);

}  // namespace logystera::access
