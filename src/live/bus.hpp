// Tells browsers that something has changed, so that their pages need not ask all the time: which kind of thing, and how many, never
// what. What a page then fetches it fetches with its own session.
//
// A stream ends by itself after some minutes. The browser takes it up again, and who asks is looked at anew: a session that has ended
// meanwhile hears nothing more.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/event_stream.hpp"
#include "server/message.hpp"
#include "store/watch.hpp"
#include "web/principal.hpp"

namespace logystera::live {

struct Options {
  std::size_t streams = 200;
  std::size_t streams_of_one =
      8;  // of one session or token, where a newer one ends the oldest; a browser needs one, whatever tabs it has
  std::size_t remembered = 1'000;  // changes a stream that is taken up again is told of
  std::chrono::seconds lifetime{600};
};

/// Thread-safe.
class Bus {
 public:
  using Clock = std::chrono::steady_clock;

  /// `epoch` tells this process's changes from those before a restart: a few letters and digits.
  explicit Bus(std::string epoch, Options options = {});

  /// The answer to somebody who wants to hear: a stream, or 503. What he missed since the change `last_id` comes first, or `resync`
  /// when that is not known any more.
  server::Answer join(std::shared_ptr<const web::Principal> who, std::string_view last_id);

  /// Tells everybody who may know.
  void publish(const store::Changes& changes);
  /// Ends streams whose time is up, and forgets those that have gone.
  void tidy(Clock::time_point now);

  /// Somebody hears.
  bool has_listeners() const;
  std::size_t listeners() const;

 private:
  /// One change as it is told: `site` is empty where it concerns no site.
  struct Change {
    std::uint64_t number = 0;
    std::string topic, site, data;
  };
  struct Places;
  /// One of the streams there may be, from the answer to its end.
  class Place;
  struct Listener {
    server::EventStream stream;
    std::shared_ptr<const web::Principal> who;
    std::shared_ptr<Place> place;
    Clock::time_point until;
  };

  static std::string key_of(const web::Principal& who);
  static bool may_hear(const web::Principal& who, const Change& change);
  std::string id_of(std::uint64_t number) const;
  void end_oldest_of(const std::string& key);
  void add(const server::EventStream& stream, std::shared_ptr<const web::Principal> who, std::shared_ptr<Place> place,
           const std::string& last_id);
  bool catch_up(const server::EventStream& stream, const web::Principal& who, std::string_view last_id) const;
  void tell(std::string topic, std::string site, std::uint64_t count);

  const std::string epoch_;
  const Options options_;
  mutable std::mutex mutex_;
  std::uint64_t number_ = 0;
  std::deque<Change> changes_;
  std::vector<Listener> listeners_;
  std::shared_ptr<Places> places_;
};

}  // namespace logystera::live
