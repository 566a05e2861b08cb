#include "store/who.hpp"

namespace logystera::store {

std::string_view outcome_name(Who::Outcome outcome) noexcept {
  switch (outcome) {
    case Who::Outcome::unknown: return {};
    case Who::Outcome::answered: return "answered";
    case Who::Outcome::redirected: return "redirected";
    case Who::Outcome::refused: return "refused";
    case Who::Outcome::not_found: return "not_found";
    case Who::Outcome::failed: return "failed";
    case Who::Outcome::logged_in: return "logged_in";
    case Who::Outcome::login_failed: return "login_failed";
  }
  return {};
}

Who::Outcome outcome_from(std::int64_t number) noexcept {
  return number > 0 && number < Who::kOutcomes ? static_cast<Who::Outcome>(number) : Who::Outcome::unknown;
}

Who::Outcome outcome_of_status(std::int64_t status) noexcept {
  if (status < 200 || status > 599) return Who::Outcome::unknown;
  if (status < 300) return Who::Outcome::answered;
  if (status < 400) return Who::Outcome::redirected;
  switch (status) {
    case 401:
    case 403:
    case 405:
    case 407:
    case 429:
    case 451: return Who::Outcome::refused;
    case 404:
    case 410: return Who::Outcome::not_found;
    default: return Who::Outcome::failed;
  }
}

std::string actor_words(const Who& who) {
  if (who.address.empty()) return who.account;
  return who.account.empty() ? who.address : who.address + " as " + who.account;
}

std::string outcome_words(const Who& who) {
  if (who.status != 0) return "answered " + std::to_string(who.status);
  switch (who.outcome) {
    case Who::Outcome::unknown: return {};
    case Who::Outcome::answered: return "answered";
    case Who::Outcome::redirected: return "redirected";
    case Who::Outcome::refused: return "refused";
    case Who::Outcome::not_found: return "not found";
    case Who::Outcome::failed: return "failed";
    case Who::Outcome::logged_in: return "logged in";
    case Who::Outcome::login_failed: return "login failed";
  }
  return {};
}

std::string words_beside(std::string_view message, const Who& who) {
  std::string words;
  const auto add = [&](std::string_view part) { words += (words.empty() ? "" : ", ") + std::string(part); };
  const auto is_new = [&](std::string_view part) { return !part.empty() && message.find(part) == std::string_view::npos; };
  if (is_new(who.address)) add(is_new(who.account) ? actor_words(who) : who.address);
  else if (is_new(who.account)) add(who.account);
  if (is_new(who.target)) add(who.target);
  if (who.status != 0) {
    if (is_new(" " + std::to_string(who.status) + " ")) add(outcome_words(who));
  } else if (who.outcome == Who::Outcome::logged_in) {
    add(outcome_words(who));
  }
  return words;
}

void append_who(JsonText& json, const Who& who) {
  const auto text = [&](std::string_view name, std::string_view value) {
    json.key(name);
    if (value.empty()) json.null();
    else json.string(value);
  };
  json.key("actor").begin_object();
  text("address", who.address);
  text("account", who.account);
  json.end_object();
  text("target", who.target);
  json.key("status");
  if (who.status == 0) json.null();
  else json.integer(who.status);
  text("outcome", outcome_name(who.outcome));
}

}  // namespace logystera::store
