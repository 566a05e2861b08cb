// Server-sent events (WHATWG HTML, 9.2): text/event-stream, which a browser reads by EventSource and takes up again by itself.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server/message.hpp"
#include "server/stream.hpp"

namespace logystera::server {

/// One browser's stream. Copies are the same stream, which ends with the last of them. Thread-safe.
class EventStream {
 public:
  explicit EventStream(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}

  /// `name` and `id` are one line each, cut where they are more; empty: none. `data` may have several. False: nobody reads it any
  /// more.
  bool send(std::string_view name, std::string_view data, std::string_view id = {}) const;
  bool open() const { return sink_->open(); }
  /// There is nothing more to say; a browser asks again after a few seconds.
  void end() const { sink_->end(); }

 private:
  std::shared_ptr<Sink> sink_;
};

/// `start` is called with the stream once its header is on its way; on the route's workers when it has some. Lines that are no events
/// are sent between them, so that proxies keep the connection and a reader that has gone is noticed.
Answer event_stream(std::function<void(EventStream)> start);

/// One event as it is written.
std::string event_text(std::string_view name, std::string_view data, std::string_view id);

}  // namespace logystera::server
