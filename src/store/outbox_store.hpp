// What is to be told, to whom and by when: one row a piece of news and receiver, written in the transaction of what it tells about.
//
// A sender takes what is due as batches: the rows of one receiver, site and bundle make one message, whose number is given before it is
// tried and stays the same however often that is. So a message that was sent and not noted as sent goes out again under the same
// identity, and nothing goes out that is not in here.
//
//   queued --take()--> sending --sent()--> sent
//     ^                  |  \--failed()--> failed (waits for its next try, then as queued)
//     |  release()       |  \--bury()----> dead --retry()--> queued
//     +------------------+                   \--discard()--> discarded
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

/// Stored as its number: never renumbered.
enum class OutboxState : std::uint8_t { queued = 0, sending = 1, sent = 2, failed = 3, dead = 4, discarded = 5 };
/// "queued", "sending", "sent", "failed", "dead", "discarded".
std::string_view outbox_state_name(OutboxState state) noexcept;
std::optional<OutboxState> outbox_state_from(std::string_view name) noexcept;

struct OutboxRow {
  std::int64_t id = 0;  // never given out again
  std::int64_t channel = 0;
  std::string target;      // of the channel's receivers the one it is for; empty: it has one
  std::int64_t alert = 0;  // 0: about no alert
  std::string site;        // token; empty: of no site
  std::string route;       // by whose name it is here
  std::string kind;        // "opened", "resolved", … (notify/news.hpp)
  std::string
      bundle;  // what it may share a message with, of the same channel, target and site; empty: what is told at once
  std::string dedupe;  // unique for good: the same news does not come twice
  std::string body;    // JSON
  OutboxState state = OutboxState::queued;
  std::int64_t attempts = 0;
  std::int64_t batch = 0;  // the id of the first row of its message; 0: not tried yet
  std::int64_t next_at = 0;
  std::int64_t since = 0;  // when it was to go for the first time, or was told to be tried again
  std::int64_t created_at = 0;
  std::int64_t sent_at = 0;
  std::string error = {};  // of the last try, or why it was discarded
};

/// A message's rows, by their ids.
struct OutboxBatch {
  std::int64_t number = 0;
  std::vector<OutboxRow> rows;
};

/// Whom a group of rows is for.
struct OutboxGroup {
  std::int64_t channel = 0;
  std::string target;
  std::string site;
};

/// How it stands with a group.
struct OutboxGroupState {
  std::int64_t waiting_until = 0;  // the earliest next_at of untried rows without a bundle; 0: there are none
  std::int64_t last_sent_at = 0;   // of its last message without a bundle
  std::int64_t storm_until = 0;    // the earliest next_at of untried rows of the bundle "storm"; 0: there are none
  std::int64_t storm_sent_at = 0;  // of its last message of that bundle
};

/// How it stands with all of a channel.
struct OutboxCounts {
  std::int64_t channel = 0;
  std::uint64_t waiting = 0, dead = 0;  // queued, sending and failed; dead
  std::int64_t oldest_waiting = 0;      // the earliest `since` of what is due and waits; 0: nothing is
};

struct OutboxFilter {
  std::optional<std::int64_t> channel = {}, alert = {};
  std::vector<OutboxState> states = {};  // empty: any
  std::int64_t before_id = 0;            // 0: from the newest on
  std::size_t limit = 50;
};

class OutboxStore {
 public:
  virtual ~OutboxStore() = default;

  static constexpr std::size_t kBodyBytes = 64 * 1024;
  static constexpr std::size_t kErrorBytes = 500;  // what is longer is cut

  /// False: there is one with this dedupe already, and nothing is changed. Error too_large: the body. States and ids given are ignored.
  virtual Result<bool> add(const OutboxRow& row) = 0;
  virtual Result<std::optional<OutboxRow>> find(std::int64_t id) = 0;
  /// The newest first.
  virtual Result<std::vector<OutboxRow>> list(const OutboxFilter& filter) = 0;
  /// All rows about an alert, by their ids.
  virtual Result<std::vector<OutboxRow>> of_alert(std::int64_t alert) = 0;
  virtual Result<OutboxGroupState> group(const OutboxGroup& group) = 0;
  /// Alerts whose opening was queued by that route at that time or later.
  virtual Result<std::uint64_t> openings(std::string_view route, std::int64_t since) = 0;
  /// When the last row of the bundle "storm" was queued by that route; 0: never.
  virtual Result<std::int64_t> last_storm(std::string_view route) = 0;

  /// Changes what an untried row says, and when it goes at the latest. False: it was tried, or is not there.
  virtual Result<bool> rewrite(const OutboxRow& row) = 0;
  /// Discards the untried rows of an alert; with `kinds` those of them, and what failed and was a message of its own. How many.
  virtual Result<std::uint64_t> withdraw(std::int64_t alert, const std::vector<std::string>& kinds,
                                         std::string_view reason) = 0;
  /// Moves a group's untried openings without a bundle into the bundle "storm".
  virtual Result<Done> fold_into_storm(const OutboxGroup& group, std::int64_t next_at) = 0;
  /// Moves what a receiver has due into the bundle "digest", at that time.
  virtual Result<Done> postpone(std::int64_t channel, std::string_view target, std::int64_t now, std::int64_t next_at) = 0;

  /// Channels that have something due.
  virtual Result<std::vector<std::int64_t>> due(std::int64_t now) = 0;
  /// Its receivers that have, who has waited longest first.
  virtual Result<std::vector<std::string>> targets(std::int64_t channel, std::int64_t now) = 0;
  /// The channel's next message for that receiver, which is being sent from now on: of one alert and receiver nothing goes before what is
  /// due, or was tried, before it. `most` rows at the most.
  virtual Result<std::optional<OutboxBatch>> take(std::int64_t channel, std::string_view target, std::int64_t now,
                                                  std::size_t most) = 0;
  virtual Result<Done> sent(std::int64_t batch, std::int64_t now) = 0;
  virtual Result<Done> failed(std::int64_t batch, std::int64_t next_at, std::string_view error) = 0;
  /// It will not be sent. What tells the end of an alert whose opening never arrived there is discarded with it.
  virtual Result<Done> bury(std::int64_t batch, std::string_view error) = 0;
  /// What was being sent when the process died waits again. How many rows.
  virtual Result<std::uint64_t> release() = 0;
  /// Buries what waits and was to go before that time. How many rows.
  virtual Result<std::uint64_t> bury_older(std::int64_t channel, std::int64_t since, std::string_view error) = 0;
  /// A dead row, and what was in its message, is tried again, as the same message. False: it is not dead.
  virtual Result<bool> retry(std::int64_t id, std::int64_t now) = 0;
  /// It is over with what waits or is dead, and with what was in its message. False: it is neither.
  virtual Result<bool> discard(std::int64_t id, std::string_view reason) = 0;

  /// The batch a receiver was told of the alert in first, for threads; 0: none.
  virtual Result<std::int64_t> opening_batch(std::int64_t channel, std::string_view target, std::int64_t alert) = 0;
  /// When messages were sent to a receiver, since then, the oldest first.
  virtual Result<std::vector<std::int64_t>> sent_times(std::int64_t channel, std::string_view target,
                                                       std::int64_t since) = 0;
  virtual Result<std::vector<OutboxCounts>> counts(std::int64_t now) = 0;
  /// When the next row is due; nothing where none waits.
  virtual Result<std::optional<std::int64_t>> next_due() = 0;
  /// Removes `most` rows at the most that are over: dead and discarded ones made before `dead_before`, sent ones before `sent_before`.
  virtual Result<std::uint64_t> prune(std::int64_t dead_before, std::int64_t sent_before, std::size_t most) = 0;
};

}  // namespace logystera::store
