#include "store/sqlite/checkpoints.hpp"

namespace logystera::store::sqlite {

bool Checkpoints::due(int frames, Clock::time_point now) {
  // Whoever reads may have been put aside while holding it; the next commit asks again.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return false;
  constexpr int kApart = 8;  // as a share of what is waited at most
  rarely_ = !committed_ || now - *committed_ > patience_ / kApart;
  committed_ = now;
  frames_ = frames;
  if (frames < every_) next_ = every_;  // the log has begun anew
  if (frames < next_ || copying_) return false;
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
    closed_ = copying_ = false;
  }
  opened_.notify_all();
}

void Checkpoints::enter() {
  std::unique_lock lock(mutex_);
  // Nobody may have written since: then there is no hurry.
  if (!opened_.wait_for(lock, patience_, [this] { return !closed_; })) closed_ = false;
  ++readers_;
}

bool Checkpoints::leave(bool can_copy) {
  const std::lock_guard lock(mutex_);
  // Between commits that follow each other at once no copy is whole but the writer's own.
  if (--readers_ > 0 || !closed_ || copying_ || !rarely_ || !can_copy) return false;
  next_ = frames_ + every_;
  return copying_ = true;
}

}  // namespace logystera::store::sqlite
