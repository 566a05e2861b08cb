// An answer's body on its way from whoever makes it to the connection that sends it. It knows no sockets.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace logystera::server {

/// The two ends of a streamed body: a Sink puts bytes in, a connection takes them out. Thread-safe.
class Pipe {
 public:
  /// What may wait for the client. A reader that is further behind is cut off: it comes back, and nothing is held for it.
  static constexpr std::size_t kWaitingBytes = 256 * 1024;

  enum class State {
    open,    // more may come
    whole,   // this was all
    broken,  // it will never be whole
  };

  /// False: it is not open, or there is no room, which breaks it.
  bool put(std::string_view bytes);
  void end();
  void give_up();
  State state() const;

  /// All that waits, which may be nothing.
  State take(std::string& bytes);
  /// `ready` is called, from any thread and with a lock held, when there is something to take or the state has changed. It only hands
  /// over.
  void on_ready(std::function<void()> ready);
  /// Nobody takes anything more. `ready` is not called after it.
  void close();

 private:
  void change_to(State state);

  mutable std::mutex mutex_;
  std::string waiting_;
  State state_ = State::open;
  std::function<void()> ready_;
};

/// Where the bytes of a streamed answer go. Its calls never wait, and may come from any thread.
class Sink {
 public:
  explicit Sink(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}
  /// Without end() the answer breaks off, and the client can tell.
  ~Sink() { pipe_->give_up(); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  /// False: nobody takes them: the client is gone or too far behind, or the server ends.
  bool write(std::string_view bytes) { return pipe_->put(bytes); }
  /// That was all.
  void end() { pipe_->end(); }
  bool open() const { return pipe_->state() == Pipe::State::open; }

 private:
  std::shared_ptr<Pipe> pipe_;
};

}  // namespace logystera::server
