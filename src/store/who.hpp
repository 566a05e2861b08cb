// Whom a finding is about: who did it, to what, and how that ended. All texts are redacted, like the finding's message: an address is
// its pseudonym wherever the message has one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/json_text.hpp"

namespace logystera::store {

inline constexpr std::size_t kWhoBytes = 512;  // of each text; what is longer is cut at a character

/// Each member may be empty, or 0: the event does not say.
struct Who {
  /// Numbers are stored: never changed, never given out again.
  enum class Outcome : std::uint8_t {
    unknown = 0,
    answered = 1,      // HTTP 2xx
    redirected = 2,    // HTTP 3xx
    refused = 3,       // HTTP 401, 403, 405, 407, 429, 451; not allowed to log in, to use sudo, …
    not_found = 4,     // HTTP 404, 410
    failed = 5,        // any other HTTP status; what was tried did not succeed
    logged_in = 6,     //
    login_failed = 7,  // wrong password, no such account
  };
  static constexpr std::uint8_t kOutcomes = 8;

  std::string address;  // of the network, or a host's name
  std::string account;  // that acted, or was tried; of a window, the last one's
  std::string target;   // what was acted upon: a path, a command, an account, a host
  int status = 0;       // HTTP
  Outcome outcome = Outcome::unknown;

  /// Whether somebody is named.
  bool has_actor() const noexcept { return !address.empty() || !account.empty(); }
  bool empty() const noexcept { return !has_actor() && target.empty() && status == 0 && outcome == Outcome::unknown; }
  friend bool operator==(const Who&, const Who&) = default;
};

/// "not_found"; empty for an unknown one.
std::string_view outcome_name(Who::Outcome outcome) noexcept;
/// Of a stored number; unknown for one that is none.
Who::Outcome outcome_from(std::int64_t number) noexcept;
/// What an HTTP status says; unknown outside of 200 to 599.
Who::Outcome outcome_of_status(std::int64_t status) noexcept;

/// "ip_8390373f as root", "root", or empty.
std::string actor_words(const Who& who);
/// "answered 404", "logged in", or empty.
std::string outcome_words(const Who& who);
/// What `message` does not say already: "ip_8390373f, /.env, answered 404"; empty where it says all of it.
std::string words_beside(std::string_view message, const Who& who);

/// "actor":{"address":…,"account":…},"target":…,"status":…,"outcome":… as members of an object that has begun; null where it is unknown.
void append_who(JsonText& json, const Who& who);

}  // namespace logystera::store
