#include "server/stream.hpp"

#include <utility>

namespace logystera::server {

void Pipe::change_to(State state) {
  if (state_ != State::open) return;
  state_ = state;
  if (ready_) ready_();
}

bool Pipe::put(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (state_ != State::open) return false;
  if (waiting_.size() + bytes.size() > kWaitingBytes) {
    change_to(State::broken);
    return false;
  }
  const bool was_empty = waiting_.empty();
  waiting_ += bytes;
  if (was_empty && !waiting_.empty() && ready_) ready_();
  return true;
}

void Pipe::end() {
  const std::lock_guard lock(mutex_);
  change_to(State::whole);
}

void Pipe::give_up() {
  const std::lock_guard lock(mutex_);
  change_to(State::broken);
}

Pipe::State Pipe::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

Pipe::State Pipe::take(std::string& bytes) {
  const std::lock_guard lock(mutex_);
  bytes.clear();
  bytes.swap(waiting_);
  return state_;
}

void Pipe::on_ready(std::function<void()> ready) {
  const std::lock_guard lock(mutex_);
  ready_ = std::move(ready);
  if (ready_ && (!waiting_.empty() || state_ != State::open)) ready_();
}

void Pipe::close() {
  const std::lock_guard lock(mutex_);
  ready_ = nullptr;
  if (state_ == State::open) state_ = State::broken;
  waiting_.clear();
}

}  // namespace logystera::server
