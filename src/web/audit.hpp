// Who did what, noted where it is done: every change, and every use of personal data.
//
//   auto transaction = store.begin();
//   transaction->findings().dismiss(dismissal);
//   audit.note(*transaction, request, "finding.dismiss", rule, "", reason);
//   transaction->commit();
//
// What is noted belongs into the transaction of the change, so that there is neither without the other. Secrets are never noted:
// `before` and `after` are what a person may read a year later.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "core/result.hpp"
#include "server/message.hpp"
#include "store/store.hpp"
#include "web/arrival.hpp"

namespace logystera::web {

inline constexpr std::size_t kAuditTextBytes = 4096;  // of each text; what is longer is cut

class Audit {
 public:
  /// `arrival` must outlive it. `now`: unix seconds.
  Audit(const Arrival& arrival, std::function<std::int64_t()> now) : arrival_(arrival), now_(std::move(now)) {}

  /// Who and from where is the request's. `action` is "thing.verb", `object` what it was done to, `before` and `after` JSON or nothing.
  Result<Done> note(store::Stores& stores, const server::Request& request, std::string_view action, std::string_view object,
                    std::string_view before = {}, std::string_view after = {}) const;
  /// Of somebody who is only just known: at a sign-in.
  Result<Done> note_of(std::string_view actor, store::Stores& stores, const server::Request& request,
                       std::string_view action, std::string_view object, std::string_view before = {},
                       std::string_view after = {}) const;

 private:
  const Arrival& arrival_;
  std::function<std::int64_t()> now_;
};

}  // namespace logystera::web
