#include "server/seats.hpp"

#include <tuple>
#include <utility>

namespace logystera::server {

Seats::Taken Seats::take(const std::string& address, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  Taken taken;
  const bool by_address = limits_.per_address < limits_.connections;
  const bool known = by_address && is_proven(address, now);
  const auto sits = origins_.find(address);
  if (by_address && sits != origins_.end() && sits->second.seats >= limits_.per_address) {
    Entry* const own = victim(&address, now);
    if (!own) {
      taken.refusal = Refusal::address;
      return taken;
    }
    displace(*own);
    taken.displaced = true;
  }
  const bool full = open_ >= limits_.connections || (!known && strangers_ >= limits_.connections - limits_.reserve);
  if (full) {
    Entry* const other = victim(nullptr, now);
    if (!other) {
      taken.refusal = Refusal::full;
      return taken;
    }
    displace(*other);
    taken.displaced = true;
  }
  Entry entry;
  entry.origin = origins_.try_emplace(address).first;
  ++entry.origin->second.seats;
  ++entry.origin->second.entries;
  entry.since = now;
  entry.by_reserve = known;
  ++open_;
  strangers_ += !known;
  taken.seat = std::make_shared<Seat>(*this, entries_.insert(entries_.end(), std::move(entry)));
  return taken;
}

bool Seats::displace_one(Clock::time_point now) {
  std::lock_guard lock(mutex_);
  Entry* const entry = victim(nullptr, now);
  if (entry) displace(*entry);
  return entry != nullptr;
}

// Who goes first has the lowest rank; nothing: he cannot be asked to go.
std::optional<int> Seats::rank_of(const Entry& entry, Clock::time_point now) const {
  enum Rank : int { kLeaving, kAnswered, kAsking, kSlow, kProven };
  if (entry.lost || entry.state == State::busy) return std::nullopt;
  if (entry.state == State::leaving) return kLeaving;
  if (entry.state == State::body) return now - entry.since >= kSlowBody ? std::optional<int>(kSlow) : std::nullopt;
  if (entry.proven) return kProven;
  return entry.state == State::answered ? kAnswered : kAsking;
}

Seats::Entry* Seats::victim(const std::string* of_address, Clock::time_point now) {
  Entry* found = nullptr;
  std::tuple<int, std::size_t, Clock::time_point> best;
  for (Entry& entry : entries_) {
    if (of_address && entry.origin->first != *of_address) continue;
    const auto rank = rank_of(entry, now);
    if (!rank) continue;
    const std::tuple<int, std::size_t, Clock::time_point> place{*rank, SIZE_MAX - entry.origin->second.seats, entry.since};
    if (found && place >= best) continue;
    found = &entry;
    best = place;
  }
  return found;
}

void Seats::displace(Entry& entry) {
  entry.lost = true;
  leave_origin(entry);
  if (entry.leave) entry.leave();
}

void Seats::leave_origin(Entry& entry) {
  --open_;
  strangers_ -= !entry.by_reserve;
  --entry.origin->second.seats;
}

bool Seats::is_proven(const std::string& address, Clock::time_point now) const {
  const auto found = proven_.find(address);
  return found != proven_.end() && now - found->second < kProvenFor;
}

void Seats::prove(const std::string& address, Clock::time_point now) {
  if (proven_.size() >= kProvenMost && proven_.find(address) == proven_.end()) {
    auto oldest = proven_.begin();
    for (auto at = proven_.begin(); at != proven_.end(); ++at)
      if (at->second < oldest->second) oldest = at;
    proven_.erase(oldest);
  }
  proven_[address] = now;
}

std::size_t Seats::taken() const {
  std::lock_guard lock(mutex_);
  return open_;
}

void Seats::wake_all() {
  std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_)
    if (entry.wake) entry.wake();
}

void Seats::wait_until_empty(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, most, [this] { return entries_.empty(); });
}

Seats::Seat::~Seat() {
  std::lock_guard lock(seats_.mutex_);
  if (!entry_->lost) seats_.leave_origin(*entry_);
  const auto origin = entry_->origin;
  seats_.entries_.erase(entry_);
  if (--origin->second.entries == 0) seats_.origins_.erase(origin);
  seats_.changed_.notify_all();
}

void Seats::Seat::on(std::function<void()> leave, std::function<void()> wake) {
  std::lock_guard lock(seats_.mutex_);
  entry_->leave = std::move(leave);
  entry_->wake = std::move(wake);
  if (entry_->lost) entry_->leave();
}

bool Seats::Seat::enter(State state, Clock::time_point now) {
  std::lock_guard lock(seats_.mutex_);
  if (entry_->lost) return false;
  entry_->state = state;
  entry_->since = now;
  return true;
}

void Seats::Seat::prove(Clock::time_point now) {
  std::lock_guard lock(seats_.mutex_);
  entry_->proven = true;
  if (!entry_->by_reserve && !entry_->lost) --seats_.strangers_;
  entry_->by_reserve = true;
  seats_.prove(entry_->origin->first, now);
}

}  // namespace logystera::server
