// Where channels, routes and what is in the outbox are looked after, by a page, the API or the command line: what is wrong is refused in
// words for a person, what is changed is noted in the audit with the change, and no secret comes out again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "notify/channel.hpp"
#include "notify/route.hpp"
#include "store/store.hpp"

namespace logystera::notify {

/// Notes in the audit, in the transaction of the change: "channel.add", its name, before and after as JSON without secrets.
using Note = std::function<Result<Done>(store::Stores& stores, std::string_view action, std::string_view object,
                                        std::string_view before, std::string_view after)>;

/// A channel as somebody wants it. A secret that is not given stays as it is.
struct ChannelWish {
  std::string name;
  ChannelOptions options;
  std::optional<std::string> url = {}, signing = {}, password = {};
};

class Desk {
 public:
  struct Options {
    std::function<std::int64_t()> now;  // unix seconds
    Seal seal;
    std::function<void()> wake = {};  // there is something to send
  };
  /// `store` must outlive it.
  Desk(store::Store& store, Options options) : store_(&store), options_(std::move(options)) {}

  /// Its number. Errors: invalid, exists, too_large.
  Result<std::int64_t> add(const ChannelWish& wish, const Note& note);
  /// Its kind stays. A mail server's password goes to no other server than the one it was given for: with another host or user it has to
  /// be given again.
  Result<Done> change(std::int64_t id, const ChannelWish& wish, const Note& note);
  Result<Done> enable(std::int64_t id, bool enabled, const Note& note);
  /// Not while a route names it.
  Result<Done> remove(std::int64_t id, const Note& note);
  /// Queues a message that says it is a test, by `who`: a row for each receiver. What their `dedupe` begins with, for whoever waits.
  Result<std::string> test(std::int64_t id, std::string_view who, const Note& note);
  /// What a person says of the last test: that the other side has taken it is no proof that anybody can see it.
  Result<Done> confirm(std::int64_t id, bool arrived, const Note& note);

  /// Errors: invalid. None: the default ones hold again.
  Result<Done> set_routes(const std::vector<Route>& routes, const Note& note);

  /// Of the outbox. Errors: not_found, and invalid where it is neither dead nor waiting.
  Result<Done> retry(std::int64_t row, const Note& note);
  Result<Done> discard(std::int64_t row, const Note& note);

 private:
  /// What somebody does to a message of the outbox; `done` says whether it could be done, else `refusal` is the error.
  Result<Done> change(std::int64_t row, const Note& note, std::string_view action, std::string_view refusal,
                      const std::function<Result<bool>(store::OutboxStore& outbox)>& done);
  Result<Done> finish(std::unique_ptr<store::Transaction> transaction) const;
  store::Store* store_;
  Options options_;
};

/// Of the audit and for the API: {"id", "name", "kind", "enabled", …} without secrets.
std::string described(const store::Channel& channel);

}  // namespace logystera::notify
