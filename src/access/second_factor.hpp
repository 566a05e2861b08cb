// The second factor of a person: begun, turned on, checked and turned off. Its secret is sealed wherever it lies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "access/note.hpp"
#include "access/seal.hpp"
#include "access/totp.hpp"
#include "core/result.hpp"
#include "store/store.hpp"

namespace logystera::access {

class SecondFactor {
 public:
  /// `store` must outlive it.
  SecondFactor(store::Store& store, Seal seal) : store_(store), seal_(std::move(seal)) {}

  /// What a person needs to set up an app. `sealed` goes with the form and comes back: nothing is stored before a code has shown that
  /// the app has the secret. Good for this user and `session` alone.
  struct Begun {
    std::string key;  // as it is typed
    std::string uri;
    std::string sealed;
  };
  Result<Begun> begin(const store::User& user, std::string_view issuer, std::string_view session) const;
  /// The recovery codes, to be shown once. An error of kind invalid: the code is wrong, or what came back is not what was begun.
  Result<std::vector<std::string>> turn_on(const store::User& user, std::string_view sealed, std::string_view session,
                                           std::string_view code, std::int64_t now, const Note& note);
  Result<Done> turn_off(const store::User& user, const Note& note);

  /// Whether it is a code of the app, or one of the recovery codes, which is then used up. An error when the secret does not open.
  Result<bool> holds(const store::User& user, std::string_view code, std::int64_t now);

 private:
  store::Store& store_;
  Seal seal_;
};

}  // namespace logystera::access
