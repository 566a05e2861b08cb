// What an operator is told of a server under pressure: each kind of event at once when it first happens, then at most once a
// minute with how often it did. A flood must not fill the log, and nothing that was refused goes uncounted.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace logystera::server {

/// Thread-safe.
class Notices {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes kInterval{1};

  enum class Kind : std::uint8_t {
    full,            // turned away: no seat
    address_full,    // turned away: all seats of the address are at work
    displaced,       // a connection was closed for another
    descriptors,     // no file descriptor for a connection
    accept_failed,   // a connection could not be taken for another reason
    refused_header,  // a request whose header is unsound
    failed,          // a handler threw, or went without an answer
  };
  static constexpr std::size_t kKinds = 7;

  /// What limits are called where the operator sets them.
  struct Settings {
    std::string_view connections, per_address;
  };

  Notices(std::function<void(std::string_view)> log, Settings settings) : log_(std::move(log)), settings_(settings) {}

  /// `about`: the client's address, or what the system said.
  void note(Kind kind, std::string_view about, Clock::time_point now = Clock::now());
  /// Says what has not been said since the last time; called once a minute, and at the end.
  void flush(Clock::time_point now = Clock::now());
  /// How often it happened since the server began.
  std::uint64_t count(Kind kind) const;

 private:
  struct Tally {
    std::uint64_t total = 0, unsaid = 0;
    bool said = false;
    Clock::time_point said_at;
    std::string about;  // of the last one
  };
  void say(Kind kind, Tally& tally, Clock::time_point now);

  std::function<void(std::string_view)> log_;
  Settings settings_;
  mutable std::mutex mutex_;
  std::array<Tally, kKinds> tallies_;
};

}  // namespace logystera::server
