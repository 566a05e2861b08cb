// What the state machine of alerts has to say, put in the words of messages and handed to the outbox.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "analysis/program.hpp"
#include "processor/raise.hpp"
#include "store/store.hpp"

namespace logystera::app {

/// The rules whose words and tags messages have; null: there are none, and messages go without.
using ProgramOf = std::function<std::shared_ptr<const analysis::Program>()>;

/// Makes rows of the outbox within the transaction it is given, and takes back those that are no longer wanted: when somebody has
/// acknowledged or snoozed an alert, or it stands under another. Where there are no channels it does nothing. `now`: unix seconds.
/// What cannot be told, since a route or a channel is damaged, undoes nothing of what it tells of: it is kept in the store with the
/// reason, and told later (tell_again()).
processor::Telling telling(ProgramOf program, std::function<std::int64_t()> now);

inline constexpr std::size_t kUntoldMost = 1000;  // beyond, the oldest are let go, and counted

/// What waits to be told.
struct Untold {
  std::uint64_t waiting = 0, let_go = 0;
  std::string reason;  // of the newest
};
Result<Untold> untold(store::Stores& stores);
/// Tries it once more with a telling(), in a transaction of its own. Whether nothing waits any more; where all of it still does, for the
/// same reason, nothing is written.
Result<bool> tell_again(store::Store& store, const processor::Telling& telling);

/// When it is tried again: at once, and while it fails ever more rarely, after 10, 20, 40 … seconds, until it is every 5 minutes. Times
/// are seconds of a clock that nobody sets.
class TellingAgain {
 public:
  static constexpr std::int64_t kFirst = 10, kMost = 5 * 60;

  bool due(std::int64_t elapsed) const noexcept { return elapsed >= next_; }
  void tried(bool well, std::int64_t elapsed) noexcept {
    wait_ = well ? 0 : wait_ == 0 ? kFirst : std::min(2 * wait_, kMost);
    next_ = elapsed + wait_;
  }

 private:
  std::int64_t wait_ = 0, next_ = 0;
};

/// What people call a channel, for whoever comes by a link of its messages; nothing where there is no such channel, a person has
/// switched it off, or its links are off.
std::optional<std::string> name_of_channel(store::Stores& stores, std::int64_t channel);

}  // namespace logystera::app
