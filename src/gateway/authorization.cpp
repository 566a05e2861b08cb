#include "gateway/authorization.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/base64.hpp"
#include "core/hmac.hpp"
#include "core/json_text.hpp"
#include "core/random.hpp"
#include "core/utf8.hpp"

namespace logystera::gateway {
namespace {

using web::Form;
using web::percent_encoded;

constexpr std::size_t kCodeBytes = 32;
constexpr std::size_t kCodeCharsMax = 128;
constexpr std::size_t kChallengeChars = 43;    // base64url of 32 bytes
constexpr std::size_t kVerifierCharsMin = 43;  // RFC 7636 §4.1
constexpr std::size_t kVerifierCharsMax = 128;
constexpr std::size_t kEntityNameBytes = 100;

bool is_alnum(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_base64url(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

bool is_verifier(std::string_view text) noexcept {
  return text.size() >= kVerifierCharsMin && text.size() <= kVerifierCharsMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; });
}

// RFC 6749 appendix A.5: VSCHAR.
bool is_state(std::string_view text) noexcept {
  return text.size() >= kStateCharsMin && text.size() <= kStateCharsMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

bool is_site_name(std::string_view text) noexcept {
  return characters_of(text) <= kSiteNameChars &&
         std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

Error about(std::string_view parameter, std::string_view words) {
  return Error{fmt::format("{}: {}", parameter, words), ErrorKind::invalid};
}

// What people call the site: where it is, without what goes without saying.
std::string name_of(const WebAddress& client) {
  std::string name = client.host_and_port() + client.path;
  while (name.ends_with('/')) name.pop_back();
  return name.substr(0, kEntityNameBytes);
}

// Who has allowed it is who has done it: the site only fetches what was allowed.
Result<store::AuditRow> connected(store::Stores& stores, const store::Grant& grant, const store::Entity& entity) {
  store::AuditRow row;
  row.actor = "local";
  if (grant.user != 0) {
    auto user = stores.accounts().find_user(grant.user);
    if (!user) return user.error();
    row.actor = user.value() ? user.value()->name : fmt::format("user {}", grant.user);
  }
  JsonText after;
  after.begin_object().member("name", entity.name).member("client", grant.client_id).end_object();
  row.action = "site.connect";
  row.object = entity.token;
  row.after = after.take();
  return row;
}

}  // namespace

std::string challenge_of(std::string_view verifier) { return base64url(bytes_of(sha256(verifier))); }

Result<AuthorizationRequest> AuthorizationRequest::read(const Form& form) {
  AuthorizationRequest request;
  auto client = WebAddress::parse(form["client_id"]);
  if (!client) return about("client_id", client.error().message);
  if (client->has_query) return about("client_id", "is the site's base address and has no query");
  auto redirect = WebAddress::parse(form["redirect_uri"]);
  if (!redirect) return about("redirect_uri", redirect.error().message);
  if (redirect->origin() != client->origin()) {
    return about("redirect_uri", "must have the same scheme, host and port as client_id");
  }
  request.client = std::move(client).value();
  request.redirect = std::move(redirect).value();
  if (form["response_type"] != "code") return about("response_type", "must be code");
  if (!is_state(form["state"])) {
    return about("state", fmt::format("must have {} to {} printable characters, new and random for each attempt",
                                      kStateCharsMin, kStateCharsMax));
  }
  if (form["code_challenge_method"] == "plain") {
    return about("code_challenge_method",
                 "plain is not taken, since it shows the verifier to whoever sees this address; use S256");
  }
  if (form["code_challenge_method"] != "S256") return about("code_challenge_method", "must be S256");
  const std::string_view challenge = form["code_challenge"];
  if (challenge.size() != kChallengeChars || !is_base64url(challenge)) {
    return about("code_challenge", "must be the SHA-256 of the verifier as 43 characters of base64url");
  }
  if (!is_site_name(form["site_name"])) {
    return about("site_name", fmt::format("may have {} characters and no control characters", kSiteNameChars));
  }
  request.state = form["state"];
  request.challenge = challenge;
  request.site_name = form["site_name"];
  return request;
}

std::string AuthorizationRequest::query() const {
  std::string query = "response_type=code&client_id=" + percent_encoded(client.text) +
                      "&redirect_uri=" + percent_encoded(redirect.text) + "&state=" + percent_encoded(state) +
                      "&code_challenge=" + challenge + "&code_challenge_method=S256";
  if (!site_name.empty()) query += "&site_name=" + percent_encoded(site_name);
  return query;
}

std::string AuthorizationRequest::back_with(const std::string& parameters) const {
  const char last = redirect.text.back();
  const char* joint = !redirect.has_query ? "?" : last == '?' || last == '&' ? "" : "&";
  return redirect.text + joint + parameters;
}

Result<std::string> Authorization::issue(const AuthorizationRequest& request, std::int64_t user) {
  auto code = random_text(kCodeBytes);
  if (!code) return code;
  const std::int64_t now = options_.now();
  store::Grant grant;
  grant.user = user;
  grant.client_id = request.client.text;
  grant.redirect_uri = request.redirect.text;
  grant.challenge = request.challenge;
  grant.issued_at = now;
  if (auto added = store_.accounts().add_code(sha256(code.value()), grant, now - kReplaySeconds); !added)
    return added.error();
  return code;
}

Result<Authorization::Shown> Authorization::use(std::string_view code, const store::Entity& entity,
                                                const std::string& address, std::int64_t now,
                                                const std::function<bool(const store::Grant&)>& agrees) {
  const Digest hash = sha256(code);
  auto begun = store_.begin();
  if (!begun) return begun.error();
  store::Transaction& transaction = *begun.value();
  auto found = transaction.accounts().find_code(hash);
  if (!found) return found.error();
  if (!found.value()) return Shown{};
  const store::Code& known = *found.value();
  if (known.used_at != 0) return Shown{Use::replayed, known.entity, known.grant.issued_at};
  Shown shown{Use::refused, {}, known.grant.issued_at};
  if (agrees(known.grant)) {
    shown.use = Use::made;
    shown.entity = entity.token;
    if (auto added = transaction.entities().add(entity); !added) return added.error();
    auto row = connected(transaction, known.grant, entity);
    if (!row) return row.error();
    row->at = now;
    row->address = address;
    if (auto noted = transaction.audit().add(row.value()); !noted) return noted.error();
  }
  if (auto used = transaction.accounts().use_code(hash, now, shown.entity); !used) return used.error();
  if (auto committed = transaction.commit(); !committed) return committed.error();
  return shown;
}

Result<bool> Authorization::revoke_replayed(const std::string& entity, const std::string& address, std::int64_t now) {
  auto transaction = store_.begin();
  if (!transaction) return transaction.error();
  store::Stores& stores = *transaction.value();
  auto revoked = entities_.within(stores.entities()).revoke(entity, now);
  if (!revoked || !revoked.value()) return revoked;
  store::AuditRow row;
  row.at = now;
  row.actor = "site";
  row.address = address;
  row.action = "site.disconnect";
  row.object = entity;
  row.after = R"({"reason":"the code that made it was used again"})";
  if (auto noted = stores.audit().add(row); !noted) return noted.error();
  if (auto done = transaction.value()->commit(); !done) return done.error();
  return true;
}

Result<bool> Authorization::redeem(const Form& form, IssuedEntity& issued, TokenError& refusal,
                                   const std::string& address) {
  const auto refuse = [&](std::string_view code, std::string description) {
    refusal = {code, std::move(description)};
    return Result<bool>(false);
  };
  if (!form.has("grant_type")) return refuse("invalid_request", "grant_type is missing");
  if (form["grant_type"] != "authorization_code") {
    return refuse("unsupported_grant_type", "grant_type must be authorization_code");
  }
  for (const std::string_view name : {"code", "redirect_uri", "client_id", "code_verifier"}) {
    if (form[name].empty()) return refuse("invalid_request", fmt::format("{} is missing", name));
  }
  if (form["code"].size() > kCodeCharsMax) return refuse("invalid_request", "code is longer than any code");
  if (!is_verifier(form["code_verifier"])) {
    return refuse("invalid_request", "code_verifier must have 43 to 128 letters, digits and - . _ ~");
  }
  const std::int64_t now = options_.now();
  auto client = WebAddress::parse(form["client_id"]);
  const std::string name = client ? name_of(client.value()) : std::string("site");
  auto made = entities_.make(name, now);
  if (!made) return made.error();
  const std::string challenge = challenge_of(form["code_verifier"]);
  const auto check = [&](const store::Grant& grant) {
    // A clock that was set back makes no code good for longer.
    const bool in_time = now - grant.issued_at <= kCodeSeconds && grant.issued_at - now <= kCodeSeconds;
    // Byte by byte, as it was shown to the person who allowed it.
    return in_time && grant.client_id == form["client_id"] && grant.redirect_uri == form["redirect_uri"] &&
           equal_constant_time(grant.challenge, challenge);
  };
  auto shown = use(form["code"], made->entity, address, now, check);
  if (!shown) return shown.error();
  if (shown->use == Use::made) {
    issued = {std::move(made->issued), made->entity.name};
    options_.log(fmt::format("entity {}: connected by its site", shown->entity));
    return true;
  }
  const bool recent = now - shown->issued_at <= kReplaySeconds;
  if (shown->use == Use::replayed && recent && !shown->entity.empty()) {
    // Somebody else may hold what the code has made (RFC 6749 §4.1.2).
    auto revoked = revoke_replayed(shown->entity, address, now);
    if (!revoked) return revoked.error();
    if (revoked.value()) {
      options_.log(fmt::format("entity {}: revoked, because the code that made it was used again", shown->entity));
    }
  }
  // One answer for all of it: whoever tries codes learns nothing about which part was wrong.
  return refuse("invalid_grant",
                "the code is unknown, expired, used before, or was given out for another client_id, "
                "redirect_uri or code_verifier: connect again");
}

}  // namespace logystera::gateway
