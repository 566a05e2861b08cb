// The pages on which people look after themselves (account) and after others (settings): users, tokens, sessions, the audit.
//
// What changes something is a plain form with its token, is noted in the audit with the change, and leads back (303). Secrets are
// shown once, on the page that answers the form that made them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/second_factor.hpp"
#include "access/tokens.hpp"
#include "access/users.hpp"
#include "server/router.hpp"
#include "server/workers.hpp"
#include "store/retention.hpp"
#include "store/store.hpp"
#include "web/attempt_limit.hpp"
#include "web/audit.hpp"
#include "web/form.hpp"
#include "web/sessions.hpp"
#include "web/shell.hpp"

namespace logystera::access {

/// Passwords a person types to change something of his account. What is right is given back.
inline constexpr web::AttemptLimit::Rate kPasswordsOfUser{10, 1};
inline constexpr std::string_view kSettingsSection = "/settings";  // of the navigation
inline constexpr std::size_t kAuditRows = 50;                      // of a page

class PeoplePages {
 public:
  struct Parts {
    store::Store& store;
    Users& users;
    SecondFactor& second_factor;
    const web::Shell& shell;
    const web::Audit& audit;
    const web::Arrival& arrival;
    std::function<std::int64_t()> now;
    std::function<void(std::string_view)> log;
    std::shared_ptr<server::Workers> passwords;  // where passwords are hashed
    store::ConfiguredRetention retention = {};   // what the configuration says
    web::Elapsed elapsed = monotonic_seconds;
  };
  /// What `parts` refers to must outlive it. The error is a lack of randomness.
  static Result<std::unique_ptr<PeoplePages>> make(Parts parts);

  std::vector<server::Route> routes(const std::shared_ptr<server::Workers>& workers);

 private:
  using Request = server::Request;
  using Answer = server::Answer;
  using Form = web::Form;
  using Handle = Result<Answer> (PeoplePages::*)(const Request&, const Form&);

  PeoplePages(Parts parts, std::string_view secret);
  server::Route get(std::string path, Handle handle, std::string role, std::shared_ptr<server::Workers> workers);
  server::Route post(std::string path, Handle handle, std::string role, std::shared_ptr<server::Workers> workers);

  // account.cpp
  Result<Answer> account(const Request& request, const Form& form);
  Result<Answer> set_zone(const Request& request, const Form& form);
  Result<Answer> change_password(const Request& request, const Form& form);
  Result<Answer> begin_second_factor(const Request& request, const Form& form);
  Result<Answer> turn_on_second_factor(const Request& request, const Form& form);
  Result<Answer> turn_off_second_factor(const Request& request, const Form& form);
  Result<Answer> add_own_token(const Request& request, const Form& form);
  Result<Answer> revoke_own_token(const Request& request, const Form& form);
  Result<Answer> end_session(const Request& request, const Form& form);

  // retention.cpp
  Result<Answer> retention(const Request& request, const Form& form);
  Result<Answer> set_retention(const Request& request, const Form& form);

  // settings.cpp
  Result<Answer> settings(const Request& request, const Form& form);
  Result<Answer> user_list(const Request& request, const Form& form);
  Result<Answer> add_user(const Request& request, const Form& form);
  Result<Answer> user_page(const Request& request, const Form& form);
  Result<Answer> change_user(const Request& request, const Form& form);
  Result<Answer> set_user_password(const Request& request, const Form& form);
  Result<Answer> end_user_second_factor(const Request& request, const Form& form);
  Result<Answer> remove_user(const Request& request, const Form& form);
  Result<Answer> token_list(const Request& request, const Form& form);
  Result<Answer> add_token(const Request& request, const Form& form);
  Result<Answer> revoke_token(const Request& request, const Form& form);
  Result<Answer> audit_list(const Request& request, const Form& form);
  Result<Answer> about(const Request& request, const Form& form);

  Note note_of(const Request& request) const;
  Result<store::User> myself(const Request& request) const;
  /// The user's own password, held against a limit; the refusal in words, or nothing.
  Result<std::string> wrong_password(const store::User& user, std::string_view password);
  Result<store::SiteChoice> sites_in(std::string_view lines) const;
  static std::string site_words(const store::SiteChoice& sites);
  Result<NewToken> token_in(const Form& form) const;
  std::vector<web::View> token_rows(const std::vector<store::ApiToken>& tokens) const;
  Answer shown_once(const Request& request, MadeToken made, std::string_view back, std::string_view back_label) const;
  Answer page(const Request& request, std::string_view name, std::string title, std::string_view section,
              web::View view) const;
  Answer failed(const Request& request, const Error& error) const;

  Parts parts_;
  Tokens tokens_;
  web::AttemptLimit passwords_of_user_;
};

}  // namespace logystera::access
