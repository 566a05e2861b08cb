// Many answers that are read at the same time and may never end (Docker's logs), by one thread.
//
// What a server sends waits in a buffer a stream until it is taken. A full buffer is no longer filled: the connection is left alone, and
// the server waits. So memory is bounded, and nothing is dropped.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/http.hpp"

namespace logystera::net {

class Streams {
 public:
  static constexpr std::size_t kBufferBytes = 256 * 1024;  // plus what libcurl hands over at once, 16 KiB

  /// `stop`, if given, outlives them; set, it ends a wait within a tenth of a second.
  explicit Streams(Server server, const std::atomic<bool>* stop = nullptr);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  /// Starts a request; its number is never given out again. 0: no memory.
  std::uint64_t open(const Request& request);
  /// Ends one; what it had is gone.
  void close(std::uint64_t stream);
  std::size_t size() const noexcept;

  struct Ready {
    std::uint64_t stream;
    std::string* bytes;              // what has come; take from its front (or all) before the next wait
    const Outcome* ended = nullptr;  // not null: it is over, and this is what came of it; close() it
  };
  /// Those that have bytes or are over; waits for at most `patience` until there is one. Valid until the next call of any member.
  const std::vector<Ready>& wait(std::chrono::milliseconds patience);

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace logystera::net
