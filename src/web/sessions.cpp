#include "web/sessions.hpp"

#include "core/hmac.hpp"
#include "core/random.hpp"

namespace logystera::web {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretChars = 43;
constexpr std::int64_t kTouchSeconds = 60;  // how exact the idle time is kept

}  // namespace

Result<std::string> Sessions::sign_in(const store::NewSession& session) {
  auto secret = random_text(kSecretBytes);
  if (!secret) return secret;
  const std::int64_t stale = session.created_at - kSessionIdleSeconds;
  if (auto added = accounts_.add_session(sha256(secret.value()), session, stale); !added) return added.error();
  return secret;
}

Result<std::optional<SignedIn>> Sessions::find(std::string_view secret, std::int64_t now) {
  if (secret.size() != kSecretChars) return std::optional<SignedIn>();
  const Digest hash = sha256(secret);
  auto session = accounts_.find_session(hash);
  if (!session) return session.error();
  if (!session.value()) return std::optional<SignedIn>();
  const store::Session& found = *session.value();
  const auto role = found.user == 0 ? std::optional(Role::admin) : role_of(found.role);
  const bool old = now - found.seen_at > kSessionIdleSeconds || now - found.created_at > kSessionSeconds;
  const bool ahead = found.seen_at - now > kSessionAheadSeconds || found.created_at - now > kSessionAheadSeconds;
  if (old || ahead || found.disabled || !role) {
    if (auto ended = accounts_.end_session(hash); !ended) return ended.error();
    return std::optional<SignedIn>();
  }
  // That it cannot be noted is no reason to refuse: a full disk must not lock out who comes to look at it. Not noted, it ends the sooner.
  if (now - found.seen_at >= kTouchSeconds) (void)accounts_.touch_session(hash, now);
  return std::optional(SignedIn{found.user, found.user_name, *role, found.sites, found.key, found.id, found.zone});
}

Result<Visitor> Sessions::visitor(const server::Request& request, const Cookies& cookies, std::int64_t now) {
  Visitor visitor;
  visitor.secret = cookies.secret_of(request, kSessionCookie);
  if (visitor.secret.empty()) return visitor;
  auto session = find(visitor.secret, now);
  if (!session) return session.error();
  visitor.signed_in = std::move(session).value();
  return visitor;
}

Result<Done> Sessions::sign_out(std::string_view secret) { return accounts_.end_session(sha256(secret)); }

}  // namespace logystera::web
