// Findings become alerts here: the state machine of src/alert over the rows of src/store, in the transaction that is given, so that a
// finding, what it does to an alert, and whoever is to be told are stored together or not at all. Nobody keeps a copy of an alert: a
// detector, a person's click and a command of another process follow one another in the database.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.hpp"
#include "alert/state.hpp"
#include "core/hmac.hpp"
#include "core/result.hpp"
#include "store/store.hpp"

namespace logystera::processor {

/// What a rule says of its alerts; of a rule nobody knows, what holds for all.
using PolicyOf = std::function<alert::Policy(std::string_view rule)>;

/// What those are told who are to be told, within the transaction of what they are told of. Empty: nobody.
using Telling = std::function<Result<Done>(store::Stores& stores, std::span<const alert::Tell> tells)>;

/// How alerts are identified, from the key that secrets are sealed under (gateway::Vault::derived("alerts")).
struct Raising {
  const HmacKey& identity;
  PolicyOf policy;
  alert::Settings settings = {};
};

/// Takes findings into alerts, in the transaction of `stores`, in their order; gives what is to be told.
Result<std::vector<alert::Tell>> raise(store::Stores& stores, std::span<const alert::Hit> hits, const Raising& raising,
                                       std::int64_t now);

/// What somebody does to an alert, in the transaction of `stores`. Errors: not_found, there is none in `sites`; invalid and denied, see
/// alert::act(); exists, another one of the same identity is open.
Result<std::vector<alert::Tell>> act(store::Stores& stores, std::int64_t id, const alert::Action& action,
                                     const store::SiteScope& sites, std::int64_t now);

inline constexpr std::size_t kDueMost = 500;  // alerts of one call of tick()

/// What is due, at most kDueMost of it, in the transaction of `stores`; switches that have ended go too.
struct Ticked {
  std::vector<alert::Tell> tells;
  bool more = false;  // there is more due: call it again
};
Result<Ticked> tick(store::Stores& stores, std::int64_t now);
/// Whether tick() has something to do; costs little.
Result<bool> is_due(store::Stores& stores, std::int64_t now);

/// Sets the switch of a rule, at one site or everywhere, in place of the one there was. A snooze of a rule snoozes the alerts of it
/// that are open; when another switch takes its place, those speak again, unless one of a wider or narrower scope silences them.
/// Errors: invalid, muted or disabled without a reason, a snooze without an end; exists, a snooze where another switch stands.
Result<std::vector<alert::Tell>> set_switch(store::Stores& stores, const store::RuleSwitch& one, std::int64_t now);
/// Takes it back. An error of kind not_found where there is none.
Result<std::vector<alert::Tell>> clear_switch(store::Stores& stores, std::string_view rule, std::string_view site,
                                              std::string_view actor, std::int64_t now);

/// The strictest switch of a rule at a site, what ended left out.
alert::Switches switches_at(std::span<const store::RuleSwitch> all, std::string_view rule, std::string_view site,
                            std::int64_t now);

/// A thread that calls tick() while a server runs.
class AlertClock {
 public:
  /// `store` must outlive it. `log` is told when the store cannot be written, once until it can again.
  static Result<std::unique_ptr<AlertClock>> start(store::Store& store, std::function<std::int64_t()> now, Telling telling,
                                                   std::function<void(std::string_view)> log);
  /// Ends after the transaction it is in.
  virtual ~AlertClock() = default;
};

/// One round of it: until nothing is due, or a great deal was done. How many messages came of it.
Result<std::uint64_t> tick_all(store::Store& store, std::int64_t now, const Telling& telling);

}  // namespace logystera::processor
