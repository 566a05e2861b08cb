// Who may have a connection, and who goes first when there are too many.
//
// What keeps one client from shutting all others out:
// - One address (IPv6: one /64) holds `per_address` seats at most. A newcomer beyond takes the seat of the address's own oldest
//   connection that has no request under way; only if all have is he turned away.
// - When the house is full somebody else's seat is taken the same way: first of those that have been answered, then of those that
//   have not asked yet, then of slow bodies; within each, of the address that has most. Nobody loses a seat whose request is worked
//   on.
// - The last `reserve` seats are for addresses from which a valid signature came lately. A connection that carried one keeps its
//   seat longer than others.
//
// It knows no sockets: a seat is told to be left by its callback. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace logystera::server {

class Seats {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::size_t connections = 512;
    std::size_t per_address = 64;  // connections: no limit by address, nor any trust in one
    std::size_t reserve = 64;      // of connections
  };
  /// How long after its last valid signature an address may use the reserve.
  static constexpr std::chrono::hours kProvenFor{1};
  static constexpr std::size_t kProvenMost = 4096;  // addresses
  /// From when on a body that is still coming counts as slow.
  static constexpr std::chrono::seconds kSlowBody{5};

  enum class State : std::uint8_t {
    answered,  // waits for another request
    asking,    // TLS handshake, no request yet, or its header is coming
    body,      // is coming
    busy,      // a request is worked on, or its answer written
    leaving,   // reads what a refused client still sends
  };
  enum class Refusal : std::uint8_t { full, address };

  class Seat;
  struct Taken {
    std::shared_ptr<Seat> seat;      // none: turned away
    std::optional<Refusal> refusal;  // why
    bool displaced = false;          // somebody else had to leave for it
  };

  explicit Seats(Limits limits) : limits_(limits) {}

  /// `address`: an address_key. The seat is given back when the last reference ends.
  Taken take(const std::string& address, Clock::time_point now = Clock::now());
  /// Takes any one seat that can be taken, for want of something else than seats. False: there was none.
  bool displace_one(Clock::time_point now = Clock::now());

  std::size_t taken() const;
  /// Calls `wake` of all.
  void wake_all();
  /// Waits until nobody is left, at most that long.
  void wait_until_empty(std::chrono::milliseconds most);

 private:
  struct Origin {
    std::size_t seats = 0;    // that are not lost
    std::size_t entries = 0;  // that point here, lost ones included
  };
  struct Entry {
    std::unordered_map<std::string, Origin>::iterator origin;
    State state = State::asking;
    Clock::time_point since;
    bool proven = false;      // a valid signature came over it
    bool by_reserve = false;  // may use the reserve
    bool lost = false;
    std::function<void()> leave, wake;
  };
  using Entries = std::list<Entry>;

  std::optional<int> rank_of(const Entry& entry, Clock::time_point now) const;
  Entry* victim(const std::string* of_address, Clock::time_point now);
  void displace(Entry& entry);
  void leave_origin(Entry& entry);
  bool is_proven(const std::string& address, Clock::time_point now) const;
  void prove(const std::string& address, Clock::time_point now);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Entries entries_;                       // by age
  std::size_t open_ = 0, strangers_ = 0;  // entries that are not lost; those without a claim on the reserve
  std::unordered_map<std::string, Origin> origins_;
  std::unordered_map<std::string, Clock::time_point> proven_;
};

/// A connection's place, for as long as it lives.
class Seats::Seat {
 public:
  Seat(Seats& seats, Entries::iterator entry) : seats_(seats), entry_(entry) {}
  ~Seat();
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  /// `leave` ends the connection, `wake` its wait for another request. Both are called with a lock held, and only hand over.
  void on(std::function<void()> leave, std::function<void()> wake);
  /// False: the seat is lost, and the connection must end without beginning anything more.
  bool enter(State state, Clock::time_point now = Clock::now());
  /// A valid signature came over this connection.
  void prove(Clock::time_point now = Clock::now());

 private:
  Seats& seats_;
  Entries::iterator entry_;
};

}  // namespace logystera::server
