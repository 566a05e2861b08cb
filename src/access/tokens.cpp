#include "access/tokens.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "access/token.hpp"
#include "core/hmac.hpp"
#include "core/json.hpp"
#include "core/json_text.hpp"

namespace logystera::access {
namespace {

std::string described(const store::ApiToken& token) {
  JsonText text(JsonText::Reader::program);
  text.begin_object().member("name", token.name).member("role", token.role);
  if (token.user != 0) text.number("user", token.user);
  if (!token.sites.all) {
    text.key("sites").begin_array();
    for (const std::string& site : token.sites.tokens) text.string(site);
    text.end_array();
  }
  text.number("expires_at", token.expires_at).end_object();
  return text.take();
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kTokenNameBytes && json::is_utf8(name) &&
         std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

}  // namespace

MadeToken::~MadeToken() { wipe(token); }

Result<MadeToken> Tokens::add(const NewToken& wanted, std::int64_t now, const Note& note) {
  if (!is_name(wanted.name)) {
    return Error{fmt::format("token name: must be 1 to {} bytes of text that say what uses it", kTokenNameBytes),
                 ErrorKind::invalid};
  }
  if (wanted.days && (*wanted.days < 1 || *wanted.days > kTokenDaysMost)) {
    return Error{fmt::format("a token lasts 1 to {} days, got {}", kTokenDaysMost, *wanted.days), ErrorKind::invalid};
  }
  if (wanted.role == web::Role::admin && !wanted.sites.all) {
    return Error{"an administrator sees all sites: choose the role viewer or analyst, or all sites", ErrorKind::invalid};
  }
  auto made = make_token();
  if (!made) return made.error();
  MadeToken token;
  token.token = std::move(made).value();
  token.expires_at = wanted.days ? now + *wanted.days * kDaySeconds : 0;
  store::ApiToken row;
  row.user = wanted.user;
  row.name = wanted.name;
  row.prefix = token.token.substr(0, kTokenShownChars);
  row.role = web::name_of(wanted.role);
  row.sites = wanted.sites;
  row.created_at = now;
  row.expires_at = token.expires_at;
  auto transaction = store_->begin();
  if (!transaction) return transaction.error();
  store::Stores& stores = *transaction.value();
  auto others = stores.accounts().tokens(wanted.user);
  if (!others) return others.error();
  if (others->size() >= kTokensOfOneMost) {
    return Error{fmt::format("there are {} tokens already: revoke those nobody uses", others->size()),
                 ErrorKind::too_large};
  }
  auto id = stores.accounts().add_token(row, token_hash(token.token));
  if (!id) return id.error();
  token.id = id.value();
  if (auto noted = note(stores, "token.add", std::to_string(token.id), "", described(row)); !noted) return noted.error();
  if (auto committed = transaction.value()->commit(); !committed) return committed.error();
  return token;
}

Result<Done> Tokens::revoke(std::int64_t id, std::optional<std::int64_t> owner, const Note& note) {
  auto transaction = store_->begin();
  if (!transaction) return transaction.error();
  store::Stores& stores = *transaction.value();
  auto token = stores.accounts().find_token(id);
  if (!token) return token.error();
  if (!token.value() || (owner && token.value()->user != *owner)) {
    return Error{fmt::format("token {}: there is none of this number", id), ErrorKind::not_found};
  }
  if (auto removed = stores.accounts().remove_token(id); !removed) return removed.error();
  if (auto noted = note(stores, "token.revoke", std::to_string(id), described(*token.value()), ""); !noted) return noted;
  return transaction.value()->commit();
}

Result<Done> may_make(const web::Principal& who, const NewToken& token) {
  if (!who.may(token.role)) {
    return Error{fmt::format("a token may not do more than you: {} at most", web::name_of(who.role)), ErrorKind::denied};
  }
  if (who.all_sites) return Done{};
  const bool within = !token.sites.all && std::all_of(token.sites.tokens.begin(), token.sites.tokens.end(),
                                                      [&](const std::string& site) { return who.sees(site); });
  if (!within) return Error{"a token may not see more sites than you: choose among yours", ErrorKind::denied};
  return Done{};
}

}  // namespace logystera::access
