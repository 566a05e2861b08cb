#include "store/sqlite/checkpoints.hpp"

namespace logystera::store::sqlite {

bool Checkpoints::due(int frames, Clock::time_point now) {
  // Whoever reads may have been put aside while holding it; the next commit asks again.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return false;
  if (frames < every_) next_ = every_;  // the log has begun anew
  if (frames < next_) return false;
  if (readers_ > 0) {
    if (!closed_) {
      closed_ = true;
      closed_until_ = now + patience_;
    }
    if (now < closed_until_) return false;
  }
  next_ = frames + every_;
  return true;
}

void Checkpoints::done() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = false;
  }
  opened_.notify_all();
}

void Checkpoints::enter() {
  std::unique_lock lock(mutex_);
  // Nobody may have written since: then there is no hurry.
  if (!opened_.wait_for(lock, patience_, [this] { return !closed_; })) closed_ = false;
  ++readers_;
}

void Checkpoints::leave() {
  const std::lock_guard lock(mutex_);
  --readers_;
}

}  // namespace logystera::store::sqlite
