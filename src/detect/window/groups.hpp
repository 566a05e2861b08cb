// The groups of one window: what each has counted, found by key and in the order they were used in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace logystera {
struct Record;
}

namespace logystera::detect {

using GroupKey = std::uint64_t;  // a keyed hash, or 0 without group-by

struct Measured {
  std::int64_t time;
  double number;
};

// What was counted, in order of time, taken from the front as it grows old. Most groups of an access log count one hit
// before they are forgotten, so one has a place here.
class History {
 public:
  History() noexcept : one_{} {}
  ~History() { clear(); }
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  const Measured& front() const noexcept { return *begin(); }
  const Measured* begin() const noexcept { return inside() ? &one_ : more_.all + more_.first; }
  const Measured* end() const noexcept { return begin() + size_; }
  void push_back(Measured one) {
    if (inside() && size_ == 0) {
      one_ = one;
      size_ = 1;
      return;
    }
    if (inside() || more_.first + size_ == capacity_) make_room();
    more_.all[more_.first + size_++] = one;
  }
  void pop_front() noexcept {
    --size_;
    if (!inside()) more_.first = size_ == 0 ? 0 : more_.first + 1;
  }
  void clear() noexcept {
    if (!inside()) delete[] more_.all;
    size_ = 0;
    capacity_ = 0;
  }

 private:
  bool inside() const noexcept { return capacity_ == 0; }
  // Moves everything to the front, or to twice the room if that would not free half of it.
  void make_room() {
    constexpr std::uint32_t kRoomLeast = 2;
    if (!inside() && more_.first > 0 && more_.first >= capacity_ / 2) {
      std::memmove(more_.all, begin(), size_ * sizeof(Measured));
    } else {
      const std::uint32_t room = inside() ? kRoomLeast : capacity_ * 2;
      auto* const larger = new Measured[room];
      std::memcpy(larger, begin(), size_ * sizeof(Measured));
      if (!inside()) delete[] more_.all;
      more_.all = larger;
      capacity_ = room;
    }
    more_.first = 0;
  }

  union {
    Measured one_;
    struct {
      Measured* all;
      std::uint32_t first;
    } more_;  // instead, when there is a capacity
  };
  std::uint32_t size_ = 0, capacity_ = 0;
};

// What only some groups remember.
struct GroupDetail {
  std::map<std::uint64_t, std::int64_t> last_seen;           // distinct: value hash → newest time
  std::set<std::pair<std::int64_t, std::uint64_t>> by_time;  // distinct: the same, oldest first
  std::vector<std::int64_t> inputs;  // temporal: newest hit of each; ordered: newest start of a chain so far
  double sum = 0;                    // sum, average: of the samples
  std::int64_t opened = 0;           // judged windows: first hit
  std::int64_t fired = 0;            // when it last fired
  bool ever_fired = false;
  // For WindowOptions::further.
  bool growing = false;            // among those take_further() asks
  std::uint64_t before = 0;        // hits of a record that is many, which its first firing tells and samples do not hold
  std::uint64_t further = 0;       // hits after a firing that were not told yet
  std::int64_t further_first = 0;  // time of the first of them,
  std::int64_t further_last = 0;   // of the last,
  const Record* further_record = nullptr;  // and the last one's record, while it is fed
};

// One window's memory of one group: a line of the processor's cache, since a log's addresses have one each.
struct alignas(64) Group {
  GroupKey key = 0;
  std::uint32_t place = 0;  // where it lies
  std::int64_t newest = 0;
  std::uint64_t used = 0;  // number of the hit that used it last; 0: nobody's
  History samples;         // count, sum, average, percentile: oldest first
  std::unique_ptr<GroupDetail> more;

  std::size_t distinct() const noexcept { return more ? more->last_seen.size() : 0; }
  std::size_t cells() const noexcept { return 1 + samples.size() + distinct(); }
  double sum() const noexcept { return more ? more->sum : 0; }
  std::int64_t opened() const noexcept { return more ? more->opened : 0; }
  GroupDetail& detail() {
    if (!more) more = std::make_unique<GroupDetail>();
    return *more;
  }
  void drop_oldest_sample() {
    if (more) more->sum -= samples.front().number;
    samples.pop_front();
  }
  void drop_oldest_value() {
    more->last_seen.erase(more->by_time.begin()->second);
    more->by_time.erase(more->by_time.begin());
  }
  // Forgets the oldest of what it counted. False: there is nothing.
  bool shorten() {
    if (!samples.empty()) drop_oldest_sample();
    else if (distinct() > 0) drop_oldest_value();
    else return false;
    return true;
  }
};

static_assert(sizeof(Group) == 64);

// The groups of one window, found by key and in the order they were used in. An access log meets a new group every few
// lines and forgets one as often, so groups lie in blocks that stay, and the table holds places in them: nothing is
// allocated once as many groups are there as the log has at a time.
class Groups {
 public:
  // Nothing is allocated before the first group: a site has windows of many rules, and hits of few.
  Groups() = default;

  std::size_t size() const noexcept { return size_; }
  Group* find(GroupKey key) noexcept {
    if (slots_.empty()) return nullptr;
    for (std::size_t i = slot_of(key);; i = (i + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[i];
      if (slot.place == 0) return nullptr;
      if (slot.tag == tag_of(key) && at(slot.place).key == key) return &at(slot.place);
    }
  }
  // Ask the processor to fetch what finding `key` will touch; the second needs the first done.
  void fetch_slot(GroupKey key) const noexcept { __builtin_prefetch(&slots_[slot_of(key)]); }
  void fetch_group(GroupKey key) const noexcept {
    const Slot& slot = slots_[slot_of(key)];
    if (slot.place != 0) __builtin_prefetch(&at(slot.place));
  }
  // `key` is not there yet; `use` it next.
  Group& add(GroupKey key) {
    if (slots_.empty()) {
      slots_.resize(kSlotsLeast);
      uses_.resize(kUsesLeast);
      blocks_.push_back(std::make_unique<Group[]>(kBlock));
    }
    if ((size_ + 1) * 2 > slots_.size()) grow();
    std::uint32_t place;
    if (!free_.empty()) {
      place = free_.back();
      free_.pop_back();
    } else {
      place = made_++;
      if (place / kBlock == blocks_.size()) blocks_.push_back(std::make_unique<Group[]>(kBlock));
    }
    enter(tag_of(key), place);
    Group& group = at(place);
    group.key = key;
    group.place = place;
    ++size_;
    return group;
  }
  void remove(Group& group) {
    const std::uint32_t place = group.place;
    std::size_t hole = slot_of(group.key);
    while (slots_[hole].place != place) hole = (hole + 1) & (slots_.size() - 1);
    // What stands behind and belongs before the hole moves up.
    for (std::size_t i = hole;;) {
      i = (i + 1) & (slots_.size() - 1);
      if (slots_[i].place == 0) break;
      const std::size_t home = slots_[i].tag & (slots_.size() - 1);
      if (((i - home) & (slots_.size() - 1)) < ((i - hole) & (slots_.size() - 1))) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = {};
    group.used = 0;
    group.samples.clear();
    group.more.reset();
    free_.push_back(place);
    --size_;
  }
  // Makes it the one used last, by hit `number`: numbers only grow.
  void use(Group& group, std::uint64_t number) {
    group.used = number;
    if (last_use_ != first_use_ && use_at(last_use_ - 1).place == group.place) {
      use_at(last_use_ - 1).number = number;
      return;
    }
    if (last_use_ - first_use_ == uses_.size()) make_room_for_uses();
    use_at(last_use_++) = {number, group.place};
  }
  // Each group, the one used longest ago first. One hit can use a group twice: the first of equal numbers counts, as below.
  template <typename Each>
  void each_by_use(Each&& each) const {
    std::vector<bool> had(made_);
    for (std::uint64_t i = first_use_; i != last_use_; ++i) {
      const Use& use = use_at(i);
      if (at(use.place).used != use.number || had[use.place]) continue;
      had[use.place] = true;
      each(at(use.place));
    }
  }
  Group* least_recently_used() noexcept {
    for (; first_use_ != last_use_; ++first_use_) {
      const Use& use = use_at(first_use_);
      if (at(use.place).used == use.number) return &at(use.place);
    }
    return nullptr;
  }
  // Those to be forgotten soon have not been touched for long, and a log's times make many expire at once: asks for what
  // forgetting them will touch, one with each hit.
  void prefetch_least_recently_used() const noexcept {
    constexpr std::uint64_t kGroupAhead = 96, kSlotAhead = 64;
    if (first_use_ + kGroupAhead >= last_use_) return;
    __builtin_prefetch(&at(use_at(first_use_ + kGroupAhead).place));
    fetch_slot(at(use_at(first_use_ + kSlotAhead).place).key);
  }

 private:
  static constexpr std::size_t kSlotsLeast = 4;
  static constexpr std::uint32_t kBlock = 8;
  static constexpr std::size_t kUsesLeast = 4;
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t place = 0;  // 0: free
  };
  struct Use {
    std::uint64_t number;
    std::uint32_t place;
  };

  Group& at(std::uint32_t place) noexcept { return blocks_[place / kBlock][place % kBlock]; }
  const Group& at(std::uint32_t place) const noexcept { return blocks_[place / kBlock][place % kBlock]; }
  // Keys are keyed hashes already: any of their bits do. The same bits for tag and slot: what belongs where can be told
  // without looking at the groups.
  std::size_t slot_of(GroupKey key) const noexcept { return tag_of(key) & (slots_.size() - 1); }
  static std::uint32_t tag_of(GroupKey key) noexcept { return static_cast<std::uint32_t>(key >> 32); }
  void enter(std::uint32_t tag, std::uint32_t place) noexcept {
    std::size_t i = tag & (slots_.size() - 1);
    while (slots_[i].place != 0) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = {tag, place};
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.place != 0) enter(slot.tag, slot.place);
  }
  // Uses that others followed are only passed over when their turn comes. Takes those out, or doubles the room. Hits that are handed over
  // together use their groups under one number: of a group's equal uses the first stays.
  void make_room_for_uses() {
    std::vector<Use> kept(size_ * 2 > uses_.size() ? uses_.size() * 2 : uses_.size());
    std::vector<bool> had(made_);
    std::uint64_t count = 0;
    for (std::uint64_t i = first_use_; i != last_use_; ++i) {
      const Use& use = use_at(i);
      if (at(use.place).used != use.number || had[use.place]) continue;
      had[use.place] = true;
      kept[count++] = use;
    }
    uses_.swap(kept);
    first_use_ = 0;
    last_use_ = count;
  }
  Use& use_at(std::uint64_t i) noexcept { return uses_[i & (uses_.size() - 1)]; }
  const Use& use_at(std::uint64_t i) const noexcept { return uses_[i & (uses_.size() - 1)]; }

  std::vector<Slot> slots_;                       // open addressing, a power of two, at most half full
  std::vector<std::unique_ptr<Group[]>> blocks_;  // of kBlock groups; place 0 is nobody's
  std::uint32_t made_ = 1;
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
  std::vector<Use> uses_;  // in order, a ring; a group's last one alone counts
  std::uint64_t first_use_ = 0, last_use_ = 0;
};

}  // namespace logystera::detect
