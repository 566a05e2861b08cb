// Signing in and out: the password, the second factor, the configured token, and the first administrator.
//
// A session is always new: one that was there before, or was planted, gains nothing. What the forms carry is bound to a cookie made
// for them, so that nobody can make a stranger's browser sign in as somebody else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.hpp"
#include "access/second_factor.hpp"
#include "access/setup.hpp"
#include "access/users.hpp"
#include "server/message.hpp"
#include "server/router.hpp"
#include "web/audit.hpp"
#include "web/form.hpp"

namespace logystera::access {

/// Attempts to sign in: of one address, for one name (as typed) from one address, and for one name from anywhere. What succeeds is
/// given back. One address alone takes from nobody else what he needs to sign in.
inline constexpr web::AttemptLimit::Rate kLoginsOfAddress{20, 4};
inline constexpr web::AttemptLimit::Rate kLoginsForName{10, 1};
inline constexpr web::AttemptLimit::Rate kLoginsForNameOfAll{60, 10};
/// Codes of a second factor for one user. What succeeds is given back.
inline constexpr web::AttemptLimit::Rate kCodesForUser{5, 1};
inline constexpr std::int64_t kSecondStepSeconds = 5 * 60;  // from the password to the code

/// The path in `next`, when a redirect there stays here and does not lead back to signing in; else "/".
std::string safe_next(std::string_view next);

class Login {
 public:
  struct Parts {
    store::Store& store;
    Users& users;
    Access& access;
    SecondFactor& second_factor;
    SetupSecret& setup;
    const web::Arrival& arrival;
    const web::FormTokens& forms;
    const web::Audit& audit;
    std::function<std::int64_t()> now;  // unix seconds
    std::function<void(std::string_view)> log;
    web::Elapsed elapsed = monotonic_seconds;
  };
  /// What `parts` refers to must outlive it. The error is a lack of randomness.
  static Result<std::unique_ptr<Login>> make(Parts parts);

  /// What reads the database runs on `workers`; passwords have a thread of their own, which whoever else hashes them shares.
  std::vector<server::Route> routes(const std::shared_ptr<server::Workers>& workers);
  const std::shared_ptr<server::Workers>& passwords() const noexcept { return passwords_; }

 private:
  /// A form that was sent to sign in, with what it is bound to.
  struct Attempt {
    const server::Request& request;
    const web::Form& form;
    std::string secret;   // of the form's cookie
    std::string client;   // address
    std::string address;  // its key
    std::string next;
  };
  using Handle = server::Answer (Login::*)(const server::Request&);

  Login(Parts parts, std::string_view secret);
  server::Route route(const char* method, const char* path, std::size_t body_bytes, Handle handle,
                      std::shared_ptr<server::Workers> workers);

  server::Answer login_page(const server::Request& request);
  server::Answer log_in(const server::Request& request);
  server::Answer second_step(const server::Request& request);
  server::Answer log_out(const server::Request& request);
  server::Answer setup_page(const server::Request& request);
  server::Answer set_up(const server::Request& request);

  Result<web::Form> form_of(const server::Request& request, std::string& secret, server::Answer& refusal) const;
  server::Answer with_password(const Attempt& attempt);
  server::Answer with_key(const Attempt& attempt);
  server::Answer begin_session(const Attempt& attempt, const store::NewSession& session, std::string_view name);
  server::Answer ask(const server::Request& request, std::string_view next, std::string_view problem = {},
                     std::string_view name = {}) const;
  server::Answer ask_for_code(const Attempt& attempt, const store::User& user, std::int64_t until,
                              std::string_view problem = {}) const;
  server::Answer ask_to_set_up(const server::Request& request, std::string_view problem = {},
                               std::string_view name = {}) const;
  server::Answer later(server::Answer page, std::uint32_t seconds) const;
  server::Answer with_form_cookie(const server::Request& request, std::string_view secret, server::Answer answer) const;
  Result<std::string> form_cookie(const server::Request& request) const;
  std::string pending(const std::string& secret, const store::User& user, std::int64_t until) const;
  server::Answer failed(const Error& error) const;

  Parts parts_;
  web::Sessions sessions_;
  web::AttemptLimit logins_of_address_, logins_for_name_, logins_for_name_of_all_, codes_for_user_;
  std::shared_ptr<server::Workers> passwords_;
};

}  // namespace logystera::access
