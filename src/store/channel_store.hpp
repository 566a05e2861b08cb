// Where messages about alerts go: a chat, a mailbox, a program. What is secret of a channel is sealed by whoever has the key of the
// store; here it is bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

struct Channel {
  std::int64_t id = 0;  // never given out again
  std::string name;     // unique, whatever its case
  std::string kind;     // "slack", "teams", "email", "webhook"
  std::string options;  // JSON, without secrets
  std::string sealed;   // its secrets
  std::string shown;    // what of them may be seen: "hooks.example.org …aB3d"
  bool enabled = true;
  std::string off_reason = {};  // why the program has switched it off; empty: it has not
  std::int64_t created_at = 0;
  std::int64_t last_sent_at = 0;    // of the last message that was taken
  std::int64_t last_failed_at = 0;  // of the last that was not
  std::string last_error = {};
  std::int64_t tested_at = 0;     // of the last test that was taken by the other side
  std::int64_t confirmed_at = 0;  // when a person said that a test arrived
};

class ChannelStore {
 public:
  virtual ~ChannelStore() = default;

  static constexpr std::size_t kChannelsMost = 100;

  /// Its number. Errors: exists, by its name; too_large, beyond kChannelsMost.
  virtual Result<std::int64_t> add(const Channel& channel) = 0;
  virtual Result<std::optional<Channel>> find(std::int64_t id) = 0;
  virtual Result<std::optional<Channel>> find(std::string_view name) = 0;
  /// By name.
  virtual Result<std::vector<Channel>> list() = 0;
  /// Name, options, sealed, shown, enabled and off_reason, and what a person has said of a test. False: there is none. Error: exists.
  virtual Result<bool> update(const Channel& channel) = 0;
  /// What waits for it is discarded.
  virtual Result<bool> remove(std::int64_t id) = 0;

  /// What came of a message. An empty error: it was taken.
  virtual Result<Done> note(std::int64_t id, std::int64_t now, std::string_view error) = 0;
  virtual Result<Done> note_test(std::int64_t id, std::int64_t now) = 0;
  /// Switches it off for that reason; false where it is off already, or gone.
  virtual Result<bool> switch_off(std::int64_t id, std::string_view reason) = 0;
};

}  // namespace logystera::store
