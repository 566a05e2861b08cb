#include "server/event_stream.hpp"

#include <algorithm>
#include <utility>

namespace logystera::server {
namespace {

constexpr std::string_view kComment = ":\n\n";

// A line feed would begin a field of its own, and a NUL make readers pass over an id.
std::string_view one_line(std::string_view text) noexcept {
  return text.substr(0, text.find_first_of(std::string_view("\r\n\0", 3)));
}

}  // namespace

std::string event_text(std::string_view name, std::string_view data, std::string_view id) {
  std::string text;
  const auto field = [&](std::string_view key, std::string_view value) {
    text.append(key).append(": ").append(value).append("\n");
  };
  if (!one_line(id).empty()) field("id", one_line(id));
  if (!one_line(name).empty()) field("event", one_line(name));
  for (bool last = false; !last;) {
    const std::size_t end = std::min(data.find_first_of("\r\n"), data.size());
    field("data", data.substr(0, end));
    last = end == data.size();
    data.remove_prefix(end);
    data.remove_prefix(data.starts_with("\r\n") ? 2 : last ? 0 : 1);
  }
  text += "\n";
  return text;
}

bool EventStream::send(std::string_view name, std::string_view data, std::string_view id) const {
  return sink_->write(event_text(name, data, id));
}

Answer event_stream(std::function<void(EventStream)> start) {
  Answer answer;
  answer.content_type = "text/event-stream";
  answer.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would hold events back until its buffer is full
  answer.streamed.heartbeat = kComment;
  answer.streamed.start = [start = std::move(start)](std::shared_ptr<Sink> sink) { start(EventStream(std::move(sink))); };
  return answer;
}

}  // namespace logystera::server
