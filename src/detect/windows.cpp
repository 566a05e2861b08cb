#include "detect/windows.hpp"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "core/hmac.hpp"
#include "detect/attempts.hpp"
#include "detect/quiet_hits.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

using GroupKey = std::uint64_t;

// SipHash-1-3 (Aumasson and Bernstein, 2012, with the rounds that hash tables use): a keyed hash that takes ten nanoseconds
// for a short text.
class SipHash {
 public:
  explicit SipHash(std::string_view secret) noexcept {
    const Digest digest = sha256(secret);
    std::memcpy(&k0_, digest.data(), sizeof k0_);
    std::memcpy(&k1_, digest.data() + sizeof k0_, sizeof k1_);
  }
  ~SipHash() {
    wipe(&k0_, sizeof k0_);
    wipe(&k1_, sizeof k1_);
  }

  std::uint64_t operator()(std::string_view text) const noexcept {
    State state = begin();
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + at, sizeof word);
      state.absorb(word);
    }
    std::uint64_t last = static_cast<std::uint64_t>(text.size()) << 56;
    for (unsigned shift = 0; at < text.size(); ++at, shift += 8)
      last |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[at])) << shift;
    return state.finish(last);
  }
  /// Of a number, as of a text of four bytes.
  std::uint64_t number(std::uint32_t number) const noexcept {
    State state = begin();
    return state.finish(std::uint64_t{sizeof number} << 56 | number);
  }

 private:
  struct State {
    std::uint64_t v0, v1, v2, v3;

    void round() noexcept {
      v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
      v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
    }
    void absorb(std::uint64_t word) noexcept {
      v3 ^= word;
      round();
      v0 ^= word;
    }
    std::uint64_t finish(std::uint64_t last) noexcept {
      absorb(last);
      v2 ^= 0xff;
      for (int i = 0; i < 3; ++i) round();
      return v0 ^ v1 ^ v2 ^ v3;
    }
  };
  State begin() const noexcept {
    return {k0_ ^ 0x736f6d6570736575, k1_ ^ 0x646f72616e646f6d, k0_ ^ 0x6c7967656e657261, k1_ ^ 0x7465646279746573};
  }

  std::uint64_t k0_, k1_;
};

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

// What a hit brings to a window that counts it.
struct Brought {
  bool counted = true;      // false: it has nothing the window counts
  double number = 0;        // sum, average, percentile
  std::uint64_t id = 0;     // distinct: hash of the value
  std::uint32_t times = 1;  // count: how many hits it is
};

// What only some groups remember.
struct Particulars {
  std::map<std::uint64_t, std::int64_t> last_seen;           // distinct: value hash → newest time
  std::set<std::pair<std::int64_t, std::uint64_t>> by_time;  // distinct: the same, oldest first
  std::vector<std::int64_t> inputs;  // temporal: newest hit of each; ordered: newest start of a chain so far
  double sum = 0;                    // sum, average: of the samples
  std::int64_t opened = 0;           // judged windows: first hit
  std::int64_t fired = 0;            // when it last fired
  bool ever_fired = false;
};

// One window's memory of one group: a line of the processor's cache, since a log's addresses have one each.
struct alignas(64) Group {
  GroupKey key = 0;
  std::uint32_t place = 0;  // where it lies
  std::int64_t newest = 0;
  std::uint64_t used = 0;  // number of the hit that used it last; 0: nobody's
  History samples;         // count, sum, average, percentile: oldest first
  std::unique_ptr<Particulars> more;

  std::size_t distinct() const noexcept { return more ? more->last_seen.size() : 0; }
  std::size_t cells() const noexcept { return 1 + samples.size() + distinct(); }
  double sum() const noexcept { return more ? more->sum : 0; }
  std::int64_t opened() const noexcept { return more ? more->opened : 0; }
  Particulars& particulars() {
    if (!more) more = std::make_unique<Particulars>();
    return *more;
  }
};

static_assert(sizeof(Group) == 64);

// The groups of one window, found by key and in the order they were used in. An access log meets a new group every few
// lines and forgets one as often, so groups lie in blocks that stay, and the table holds places in them: nothing is
// allocated once as many groups are there as the log has at a time.
class Groups {
 public:
  Groups() : slots_(kSlotsLeast), uses_(kUsesLeast) { blocks_.push_back(std::make_unique<Group[]>(kBlock)); }

  std::size_t size() const noexcept { return size_; }
  Group* find(GroupKey key) noexcept {
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
  Group* longest_quiet() noexcept {
    for (; first_use_ != last_use_; ++first_use_) {
      const Use& use = use_at(first_use_);
      if (at(use.place).used == use.number) return &at(use.place);
    }
    return nullptr;
  }
  // Those to be forgotten soon have not been touched for long, and a log's times make many expire at once: asks for what
  // forgetting them will touch, one with each hit.
  void fetch_quiet() const noexcept {
    constexpr std::uint64_t kGroupAhead = 96, kSlotAhead = 64;
    if (first_use_ + kGroupAhead >= last_use_) return;
    __builtin_prefetch(&at(use_at(first_use_ + kGroupAhead).place));
    fetch_slot(at(use_at(first_use_ + kSlotAhead).place).key);
  }

 private:
  static constexpr std::size_t kSlotsLeast = 16;
  static constexpr std::uint32_t kBlock = 64;
  static constexpr std::size_t kUsesLeast = 16;
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
  // Uses that others followed are only passed over when their turn comes. Takes those out, or doubles the room.
  void make_room_for_uses() {
    std::vector<Use> kept(size_ * 2 > uses_.size() ? uses_.size() * 2 : uses_.size());
    std::uint64_t count = 0;
    for (std::uint64_t i = first_use_; i != last_use_; ++i)
      if (at(use_at(i).place).used == use_at(i).number) kept[count++] = use_at(i);
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

constexpr std::int64_t kNever = INT64_MIN;
constexpr std::size_t kShortKeyBytes = 56;  // of a group's text; longer ones are hashed where they can grow

// A subject with its field names resolved, in the order of its places.
struct Reader {
  const Subject* subject;
  std::vector<FieldId> ids;
  std::size_t known_names = 0;  // how many there were when the ids were looked up last
};

// The text a record has for a subject, and the value it is of if that is a field; false if there is none.
bool text_of(const Reader& reader, const Record& record, std::string_view& out, const Value** value) {
  *value = nullptr;
  std::size_t field = 0;
  for (const Place& place : reader.subject->places) {
    std::string_view text;
    switch (place.part) {
      case Part::field: {
        const Value* found = record.find(reader.ids[field++]);
        if (!found || found->kind == Value::Kind::null) continue;
        *value = found;
        out = found->text();
        return true;
      }
      case Part::message: text = record.message; break;
      case Part::raw: text = record.raw; break;
      case Part::source: text = record.source; break;
      case Part::host: text = record.host; break;
      case Part::format: text = record.format; break;
      case Part::kind: text = record_kind_name(record.kind); break;
      case Part::severity: text = severity_name(record.severity); break;
      case Part::time:
      case Part::anywhere: continue;
    }
    if (text.empty()) continue;
    out = text;
    return true;
  }
  return false;
}

// Whether the value is a dotted quad, be it typed or a text: one address is one group whatever told of it.
bool is_ipv4(const Value& value, std::uint32_t& out) noexcept {
  if (value.kind == Value::Kind::ip && value.ip_is_v4) {
    out = value.as.ipv4;
    return true;
  }
  constexpr std::size_t kLeast = 7, kMost = 15;
  const std::string_view text = value.text();
  if (value.kind != Value::Kind::string || text.size() < kLeast || text.size() > kMost || text[0] < '0' || text[0] > '9')
    return false;
  IpAddress address;
  if (text.find(':') != std::string_view::npos || !parse_ip(text, address)) return false;
  out = 0;
  for (std::size_t i = 12; i < sizeof address.bytes; ++i) out = out << 8 | address.bytes[i];
  return true;
}

// What a group must measure before the window can fire, if hits of several groups together tell that none of them does;
// else 0.
double quiet_below(const Window& window) {
  const bool adds_up =
      window.kind == Window::Kind::count || window.kind == Window::Kind::distinct || window.kind == Window::Kind::sum;
  if (!adds_up || !window.fires_at_once() || window.group_by.empty() || window.span_ns <= 0) return 0;
  double least = 1;
  for (const Window::Bound& bound : window.bounds) least = std::max(least, bound.number);
  return least > 1 ? least : 0;
}

}  // namespace

struct Windows::State {
  const RuleSet& rules;
  const FieldNames& names;
  WindowOptions options;
  SipHash hash;
  WindowStats stats;

  struct Plan {
    std::uint32_t rule;
    const Window* window;
    bool at_once;
    double most = 0;  // count, at once: hits that are kept
    std::vector<Reader> group_by, fields;
    FieldId by_field = field::none;            // the records' field that is the whole of the group-by, if that is so simple
    std::vector<std::vector<Reader>> aliases;  // alias → one for each of Alias::fields
    Groups groups;
    double quiet_below = 0;              // no group can fire before it measures that much; 0: cannot be said of the window
    std::unique_ptr<Attempts> attempts;  // of a window that counts attempts, from the first hit on
    std::unique_ptr<QuietHits> quiet;    // in front of the groups then, from the first hit on
    std::int64_t clock = kNever;         // time of the newest hit, as far as time goes forward
  };
  std::vector<Plan> plans;                         // in rule order, so inputs come before windows over them
  std::vector<std::vector<std::uint32_t>> fed_by;  // rule → plans that count it
  std::set<std::tuple<std::int64_t, std::uint32_t, GroupKey>> closing;  // judged windows: when, plan, group
  std::int64_t now = 0;
  std::string key_bytes;  // scratch
  // The groups a run of records is about to be counted in, in that order.
  struct Ahead {
    std::uint32_t plan;
    GroupKey key;
  };
  std::vector<Ahead> ahead;

  // Why a rule fired: a record that came in through the detection `base`; or a window that was judged, which has no record
  // but its group and its time. Loading sees to it that windows over such a window ask for nothing more.
  struct Cause {
    const Record* record;
    std::uint32_t base;
    GroupKey group;
    std::int64_t time;
  };

  State(const RuleSet& r, const FieldNames& n, WindowOptions o, const std::string& secret)
      : rules(r), names(n), options(std::move(o)), hash(secret) {}

  Reader reader(const Subject& subject);
  void refresh(Reader& reader) const;
  bool read(Reader& reader, const Record& record, std::string_view& text, const Value** value) const;
  // The text of a group-by name in a record that came through `rule`, which may itself be a window over others.
  bool group_text(Plan& plan, std::size_t index, std::uint32_t input, std::uint32_t base, const Record& record,
                  std::string_view& text);
  GroupKey group_key(Plan& plan, std::uint32_t input, std::uint32_t base, const Record& record);
  void hit(std::uint32_t rule, const Cause& cause, std::vector<Match>& out);
  void count(std::uint32_t plan_index, std::uint32_t input, const Cause& cause, GroupKey group_id, std::vector<Match>& out);
  Brought bring(Plan& plan, std::uint32_t input, const Record* record);
  void remember(const Plan& plan, Group& group, std::uint32_t input, const Brought& brought, std::int64_t time) const;
  Group& enter(std::uint32_t plan_index, std::uint32_t input, const Brought& brought, GroupKey key, std::int64_t& time);
  bool keep_quiet(std::uint32_t plan_index, const Brought& brought, GroupKey key, std::int64_t time);
  void enter_quiet(std::uint32_t plan_index, const QuietHits::Hit& hit);
  void expire(const Plan& plan, Group& group, std::int64_t time) const;
  double measure(const Plan& plan, const Group& group, std::int64_t time) const;
  bool satisfied(const Plan& plan, double measure) const;
  std::uint64_t hits_in(const Plan& plan, const Group& group) const;
  void emit(const Plan& plan, GroupKey group_key, const Group& group, double value, std::int64_t time, const Record* record,
            std::vector<Match>& out) const;
  void judge(std::uint32_t plan_index, GroupKey group, std::int64_t time, std::vector<Match>& out);
  void close_until(std::int64_t time, std::vector<Match>& out);
  void make_room();
  void drop_expired(std::uint32_t plan_index);
  void forget(std::uint32_t plan_index, Group& group);
};

Reader Windows::State::reader(const Subject& subject) {
  Reader out{&subject, {}, names.size()};
  for (const Place& place : subject.places)
    if (place.part == Part::field) out.ids.push_back(names.find(place.name));
  return out;
}

// Fields a parser meets later get their number then.
void Windows::State::refresh(Reader& reader) const {
  const std::size_t known = names.size();
  if (known == reader.known_names) return;
  reader.known_names = known;
  std::size_t field = 0;
  for (const Place& place : reader.subject->places) {
    if (place.part != Part::field) continue;
    FieldId& id = reader.ids[field++];
    if (id == field::none) id = names.find(place.name);
  }
}

bool Windows::State::read(Reader& reader, const Record& record, std::string_view& text, const Value** value) const {
  if (std::find(reader.ids.begin(), reader.ids.end(), static_cast<FieldId>(field::none)) != reader.ids.end())
    refresh(reader);
  return text_of(reader, record, text, value);
}

bool Windows::State::group_text(Plan& plan, std::size_t index, std::uint32_t input, std::uint32_t base,
                                const Record& record, std::string_view& text) {
  const Value* value = nullptr;
  const std::string& name = plan.window->group_by[index].written;
  for (std::size_t a = 0; a < plan.window->aliases.size(); ++a) {
    const Window::Alias& alias = plan.window->aliases[a];
    if (alias.name != name) continue;
    for (std::size_t f = 0; f < alias.fields.size(); ++f)
      if (alias.fields[f].first == input || alias.fields[f].first == base)
        return read(plan.aliases[a][f], record, text, &value);
    return false;
  }
  return read(plan.group_by[index], record, text, &value);
}

GroupKey Windows::State::group_key(Plan& plan, std::uint32_t input, std::uint32_t base, const Record& record) {
  if (plan.group_by.empty()) return 0;
  if (plan.by_field != field::none) {
    const Value* const value = record.find(plan.by_field);
    if (std::uint32_t address; value && is_ipv4(*value, address)) return hash.number(address);
    if (value && value->kind != Value::Kind::null && value->text_size <= kShortKeyBytes) {
      char bytes[sizeof(std::uint64_t) + kShortKeyBytes];
      const std::uint64_t size = value->text_size;
      std::memcpy(bytes, &size, sizeof size);
      std::memcpy(bytes + sizeof size, value->text_data, size);
      return hash({bytes, sizeof size + size});
    }
  }
  // Length before text, so that no two different keys read the same; absent is not empty.
  key_bytes.clear();
  for (std::size_t i = 0; i < plan.group_by.size(); ++i) {
    std::string_view text;
    const bool there = group_text(plan, i, input, base, record, text);
    const std::uint64_t size = there ? text.size() : ~std::uint64_t{0};
    key_bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
    if (there) key_bytes += text;
  }
  return hash(key_bytes);
}

void Windows::State::expire(const Plan& plan, Group& group, std::int64_t time) const {
  const std::int64_t oldest = time - plan.window->span_ns;
  while (!group.samples.empty() && group.samples.front().time < oldest) {
    if (group.more) group.more->sum -= group.samples.front().number;
    group.samples.pop_front();
  }
  if (!group.more) return;
  Particulars& more = *group.more;
  if (group.samples.empty()) more.sum = 0;  // no rounding left over from what is gone
  while (!more.by_time.empty() && more.by_time.begin()->first < oldest) {
    more.last_seen.erase(more.by_time.begin()->second);
    more.by_time.erase(more.by_time.begin());
  }
}

double Windows::State::measure(const Plan& plan, const Group& group, std::int64_t time) const {
  const Window& window = *plan.window;
  const std::int64_t oldest = time - window.span_ns;
  switch (window.kind) {
    case Window::Kind::count: return static_cast<double>(group.samples.size());
    case Window::Kind::distinct: return static_cast<double>(group.distinct());
    case Window::Kind::sum: return group.sum();
    case Window::Kind::average: return group.samples.empty() ? 0 : group.sum() / static_cast<double>(group.samples.size());
    case Window::Kind::percentile: {
      if (group.samples.empty()) return 0;
      std::vector<double> numbers;
      for (const Measured& sample : group.samples) numbers.push_back(sample.number);
      const auto rank = static_cast<std::size_t>(std::ceil(window.percentile / 100 * static_cast<double>(numbers.size())));
      const auto at = numbers.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
      std::nth_element(numbers.begin(), at, numbers.end());
      return *at;
    }
    case Window::Kind::temporal:
      if (!group.more) return 0;
      return static_cast<double>(std::count_if(group.more->inputs.begin(), group.more->inputs.end(),
                                               [oldest](std::int64_t seen) { return seen != kNever && seen >= oldest; }));
    case Window::Kind::ordered: {
      double length = 0;
      if (!group.more) return 0;
      const std::vector<std::int64_t>& inputs = group.more->inputs;
      for (std::size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i] != kNever && inputs[i] >= oldest) length = static_cast<double>(i + 1);
      return length;
    }
  }
  return 0;
}

bool Windows::State::satisfied(const Plan& plan, double value) const {
  return std::all_of(plan.window->bounds.begin(), plan.window->bounds.end(),
                     [value](const Window::Bound& bound) { return holds(value, bound.compare, bound.number); });
}

// What the window counts of a hit.
Brought Windows::State::bring(Plan& plan, std::uint32_t input, const Record* from) {
  constexpr Brought kNothing{.counted = false};
  std::string_view text;
  const Value* value = nullptr;
  switch (plan.window->kind) {
    case Window::Kind::count: {
      // A window that fired is one hit, whatever its last record stands for.
      if (!from || rules.rules[input].is_window()) return {};
      if (!plan.window->attempts) return {.times = from->repeated};
      if (!plan.attempts) plan.attempts = std::make_unique<Attempts>([this](std::string_view key) { return hash(key); });
      const std::uint32_t times = plan.attempts->added_by(*from);
      return {.counted = times > 0, .times = times};
    }
    case Window::Kind::temporal:
    case Window::Kind::ordered: return {};
    case Window::Kind::distinct: {
      if (!from) return kNothing;
      std::string bytes;
      for (Reader& reader : plan.fields) {
        if (!read(reader, *from, text, &value)) return kNothing;
        bytes += std::to_string(text.size()) + ":";
        bytes += text;
      }
      return {.id = hash(bytes)};
    }
    case Window::Kind::sum:
    case Window::Kind::average:
    case Window::Kind::percentile: {
      double number = 0;
      if (!from || !read(plan.fields[0], *from, text, &value)) return kNothing;
      if (!(value ? number_of(*value, number) : number_of(text, number)) || !std::isfinite(number)) return kNothing;
      return {.number = number};
    }
  }
  return kNothing;
}

// Enters what a hit brings into the group.
void Windows::State::remember(const Plan& plan, Group& group, std::uint32_t input, const Brought& brought,
                              std::int64_t time) const {
  const Window& window = *plan.window;
  switch (window.kind) {
    case Window::Kind::count: {
      for (std::uint32_t i = 0; i < brought.times; ++i) {
        group.samples.push_back({time, 0});
        // "N or more" needs the last N times; what it is compared with may be no whole number.
        if (plan.most > 0 && static_cast<double>(group.samples.size()) > plan.most) group.samples.pop_front();
      }
      return;
    }
    case Window::Kind::distinct: {
      Particulars& more = group.particulars();
      const auto [seen, fresh] = more.last_seen.emplace(brought.id, time);
      if (!fresh) {
        more.by_time.erase({seen->second, brought.id});
        seen->second = time;
      }
      more.by_time.emplace(time, brought.id);
      return;
    }
    case Window::Kind::sum:
    case Window::Kind::average:
    case Window::Kind::percentile:
      group.samples.push_back({time, brought.number});
      group.particulars().sum += brought.number;
      return;
    case Window::Kind::temporal:
    case Window::Kind::ordered: {
      std::vector<std::int64_t>& inputs = group.particulars().inputs;
      inputs.resize(window.inputs.size(), kNever);
      // From the end: one record that is two steps of a sequence must not be both at once unless it is both rules.
      for (std::size_t i = window.inputs.size(); i-- > 0;) {
        if (window.inputs[i] != input) continue;
        if (window.kind == Window::Kind::temporal || i == 0) inputs[i] = time;
        else if (inputs[i - 1] != kNever && time - inputs[i - 1] <= window.span_ns)
          inputs[i] = std::max(inputs[i], inputs[i - 1]);
      }
    }
  }
}

std::uint64_t Windows::State::hits_in(const Plan& plan, const Group& group) const {
  switch (plan.window->kind) {
    case Window::Kind::distinct: return group.distinct();
    case Window::Kind::temporal:
    case Window::Kind::ordered: return group.more ? group.more->inputs.size() : 0;
    default: return group.samples.size();
  }
}

void Windows::State::emit(const Plan& plan, GroupKey group_key, const Group& group, double value, std::int64_t time,
                          const Record* record, std::vector<Match>& out) const {
  if (rules.rules[plan.rule].silent) return;
  Match match;
  match.rule = plan.rule;
  match.time_ns = time;
  match.time_known = !record || record->time_known;
  match.record = record;
  match.hits = hits_in(plan, group);
  match.measure = value;
  match.group = group_key;
  match.first_ns = time;
  if (!group.samples.empty()) match.first_ns = group.samples.front().time;
  if (group.more) {
    if (!group.more->by_time.empty()) match.first_ns = group.more->by_time.begin()->first;
    for (std::int64_t seen : group.more->inputs)
      if (seen != kNever && seen >= time - plan.window->span_ns) match.first_ns = std::min(match.first_ns, seen);
  }
  out.push_back(match);
}

void Windows::State::judge(std::uint32_t plan_index, GroupKey group_key, std::int64_t time, std::vector<Match>& out) {
  Plan& plan = plans[plan_index];
  Group* const found = plan.groups.find(group_key);
  if (!found) return;
  Group& group = *found;
  const double value = measure(plan, group, group.opened() + plan.window->span_ns);
  const bool fires = satisfied(plan, value);
  if (fires) emit(plan, group_key, group, value, time, nullptr, out);
  const std::uint32_t rule = plan.rule;
  forget(plan_index, group);
  if (fires) hit(rule, {nullptr, rule, group_key, time}, out);
}

void Windows::State::close_until(std::int64_t time, std::vector<Match>& out) {
  while (!closing.empty() && std::get<0>(*closing.begin()) < time) {
    const auto [when, plan, group] = *closing.begin();
    judge(plan, group, when, out);
  }
}

void Windows::State::forget(std::uint32_t plan_index, Group& group) {
  Plan& plan = plans[plan_index];
  stats.cells -= group.cells();
  --stats.groups;
  if (!plan.at_once) closing.erase({group.opened() + plan.window->span_ns, plan_index, group.key});
  if (plan.quiet) plan.quiet->group_gone(group.key);
  plan.groups.remove(group);
}

// Hits of groups that are far from their bound go first: so a flood of new groups cannot push out one that is counted.
void Windows::State::make_room() {
  constexpr std::size_t kAtOnce = 64;  // this part of the cells, so that not every hit looks at every window
  while (stats.cells > options.cells) {
    Plan* fullest = nullptr;
    for (Plan& plan : plans)
      if (plan.quiet && plan.quiet->size() > (fullest ? fullest->quiet->size() : 0)) fullest = &plan;
    if (!fullest) break;
    const std::size_t dropped = std::min(fullest->quiet->size(), options.cells / kAtOnce + 1);
    fullest->quiet->drop(dropped);
    stats.cells -= dropped;
    stats.forgotten += dropped;
  }
  while (stats.cells > options.cells && stats.groups > 1) {
    std::uint32_t longest = 0;
    std::uint64_t least = ~std::uint64_t{0};
    for (std::uint32_t i = 0; i < plans.size(); ++i) {
      const Group* const quiet = plans[i].groups.longest_quiet();
      if (!quiet || quiet->used >= least) continue;
      least = quiet->used;
      longest = i;
    }
    forget(longest, *plans[longest].groups.longest_quiet());
    ++stats.forgotten;
  }
}

// Groups no later hit can find anything in: what they counted has left the window, and hits that come late by less than
// the span have had as long again.
void Windows::State::drop_expired(std::uint32_t plan_index) {
  Plan& plan = plans[plan_index];
  if (!plan.at_once) return;  // those are judged, not dropped
  if (plan.quiet) stats.cells -= plan.quiet->drop_old(plan.clock);
  if (plan.groups.size() == 0) return;
  plan.groups.fetch_quiet();
  constexpr std::int64_t kSpansKept = 2;
  while (Group* const quiet = plan.groups.longest_quiet()) {
    if (plan.clock - quiet->newest <= kSpansKept * plan.window->span_ns) return;
    forget(plan_index, *quiet);
  }
}

// Enters a hit into its group, made if it is new, as one more of the window's hits. Which group, and at what time: a late hit
// happens when the one before it did.
Group& Windows::State::enter(std::uint32_t plan_index, std::uint32_t input, const Brought& brought, GroupKey key,
                             std::int64_t& time) {
  Plan& plan = plans[plan_index];
  const Window& window = *plan.window;
  Group* found = plan.groups.find(key);
  if (found && time < found->newest) {
    if (found->newest - time <= window.span_ns) {
      time = found->newest;
      ++stats.out_of_order;
    } else {
      forget(plan_index, *found);
      found = nullptr;
      ++stats.clock_jumps;
    }
  }
  if (!found) {
    found = &plan.groups.add(key);
    found->newest = time;
    ++stats.groups;
    ++stats.cells;
    if (plan.quiet) plan.quiet->group_made(key);
    if (!plan.at_once) {
      found->particulars().opened = time;
      closing.emplace(time + window.span_ns, plan_index, key);
    }
  }
  Group& group = *found;
  plan.groups.use(group, stats.hits);
  const std::size_t cells = group.cells();
  if (plan.at_once) expire(plan, group, time);
  group.newest = time;
  if (brought.counted) remember(plan, group, input, brought, time);
  stats.cells += group.cells();
  stats.cells -= cells;
  return group;
}

// True if no group of the hit's cell can have reached the bound: there is nothing more to do about the hit then.
bool Windows::State::keep_quiet(std::uint32_t plan_index, const Brought& brought, GroupKey key, std::int64_t time) {
  Plan& plan = plans[plan_index];
  if (plan.quiet->loud(key)) return false;
  const bool of_number = plan.window->kind == Window::Kind::sum;
  const std::uint64_t what = of_number ? std::bit_cast<std::uint64_t>(brought.number) : brought.id;
  const double weight = !brought.counted ? 0 : of_number ? std::max(brought.number, 0.0) : 1;
  // One that is several hits is rare, and counted in its group.
  if (brought.times <= 1 && plan.quiet->keep({time, key, what, 0, brought.counted}, weight, plan.clock)) {
    ++stats.cells;
    return true;
  }
  plan.quiet->take(key, [&](const QuietHits::Hit& hit) { enter_quiet(plan_index, hit); });
  return false;
}

// A hit kept until now: no window had been reached with it.
void Windows::State::enter_quiet(std::uint32_t plan_index, const QuietHits::Hit& hit) {
  std::int64_t time = hit.time;
  // Windows with an input that matters keep nothing quiet.
  enter(plan_index, 0, {.counted = hit.counted, .number = std::bit_cast<double>(hit.what), .id = hit.what}, hit.key, time);
}

void Windows::State::count(std::uint32_t plan_index, std::uint32_t input, const Cause& cause, GroupKey key,
                           std::vector<Match>& out) {
  Plan& plan = plans[plan_index];
  const Window& window = *plan.window;
  ++stats.hits;
  std::int64_t time = cause.time;
  // The window's clock goes forward; a step back beyond what may come late is a clock that was set.
  if (plan.clock == kNever || time > plan.clock) {
    plan.clock = time;
  } else if (plan.clock - time > window.span_ns) {
    // Hits are kept by a clock that does not go back. What the old one would have forgotten goes first.
    if (plan.quiet) {
      stats.cells -= plan.quiet->size();
      plan.quiet->take_all([&](const QuietHits::Hit& hit) { enter_quiet(plan_index, hit); });
      drop_expired(plan_index);
    }
    plan.clock = time;
  }
  if (plan.quiet_below > 0 && !plan.quiet) plan.quiet = std::make_unique<QuietHits>(plan.quiet_below, window.span_ns);
  const Brought brought = bring(plan, input, cause.record);
  if (!plan.quiet || !keep_quiet(plan_index, brought, key, time)) {
    Group& group = enter(plan_index, input, brought, key, time);
    if (plan.at_once && brought.counted) {
      const double value = measure(plan, group, time);
      if (satisfied(plan, value) &&
          (!group.more || !group.more->ever_fired || time - group.more->fired >= window.span_ns)) {
        group.particulars().fired = time;
        group.particulars().ever_fired = true;
        emit(plan, key, group, value, time, cause.record, out);
        hit(plan.rule, {cause.record, cause.base, key, cause.time}, out);
      }
    }
  }
  drop_expired(plan_index);
  if (stats.cells > options.cells) make_room();
}

// `rule` fired: windows that count it get their turn.
void Windows::State::hit(std::uint32_t rule, const Cause& cause, std::vector<Match>& out) {
  for (std::uint32_t plan : fed_by[rule]) {
    const GroupKey group_id = cause.record                   ? group_key(plans[plan], rule, cause.base, *cause.record)
                              : plans[plan].group_by.empty() ? 0
                                                             : cause.group;
    count(plan, rule, cause, group_id, out);
  }
}

Windows::Windows(const RuleSet& rules, const FieldNames& names, WindowOptions options) {
  std::string secret = options.key;
  if (secret.empty()) {
    secret.resize(32);
    // The system's, since OpenSSL takes two milliseconds to make a generator of its own. Without randomness the hashes would be
    // guessable, not wrong; a program that cannot get 32 bytes has other worries.
    if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size()))
      std::memset(secret.data(), 0x5A, secret.size());
  }
  state_ = std::make_unique<State>(rules, names, std::move(options), secret);
  wipe(secret);
  state_->fed_by.resize(rules.rules.size());
  for (std::uint32_t i = 0; i < rules.rules.size(); ++i) {
    if (!rules.rules[i].window) continue;
    const Window& window = *rules.rules[i].window;
    State::Plan plan;
    plan.rule = i;
    plan.window = &window;
    plan.at_once = window.fires_at_once();
    if (plan.at_once && !window.bounds.empty()) {
      plan.most = 1;
      for (const Window::Bound& bound : window.bounds) plan.most = std::max(plan.most, std::floor(bound.number) + 1);
    }
    plan.quiet_below = quiet_below(window);
    for (const Subject& subject : window.group_by) plan.group_by.push_back(state_->reader(subject));
    for (const Subject& subject : window.fields) plan.fields.push_back(state_->reader(subject));
    for (const Window::Alias& alias : window.aliases) {
      plan.aliases.emplace_back();
      for (const auto& [rule, subject] : alias.fields) plan.aliases.back().push_back(state_->reader(subject));
    }
    if (window.aliases.empty() && plan.group_by.size() == 1 && plan.group_by[0].subject->places.size() == 1 &&
        plan.group_by[0].ids.size() == 1)
      plan.by_field = plan.group_by[0].ids[0];
    std::vector<std::uint32_t> fed(window.inputs);
    std::sort(fed.begin(), fed.end());
    fed.erase(std::unique(fed.begin(), fed.end()), fed.end());
    for (std::uint32_t input : fed) state_->fed_by[input].push_back(static_cast<std::uint32_t>(state_->plans.size()));
    state_->plans.push_back(std::move(plan));
  }
}

Windows::~Windows() = default;
Windows::Windows(Windows&&) noexcept = default;

void Windows::feed(const Record& record, std::span<const std::uint32_t> hits, std::vector<Match>& out) {
  const auto end = static_cast<std::uint32_t>(hits.size());
  feed({&record, 1}, hits, {&end, 1}, out);
}

void Windows::feed(std::span<const Record> records, std::span<const std::uint32_t> hits,
                   std::span<const std::uint32_t> ends, std::vector<Match>& out) {
  State& state = *state_;
  // Which groups, first: a long log's groups are not in the processor's cache, but they can be asked for ahead.
  state.ahead.clear();
  std::uint32_t from = 0;
  for (std::size_t i = 0; i < records.size(); from = ends[i++])
    for (std::uint32_t rule : hits.subspan(from, ends[i] - from))
      for (std::uint32_t plan : state.fed_by[rule])
        state.ahead.push_back({plan, state.group_key(state.plans[plan], rule, rule, records[i])});

  constexpr std::size_t kSlotsAhead = 16, kGroupsAhead = 8;
  std::size_t at = 0;
  from = 0;
  for (std::size_t i = 0; i < records.size(); from = ends[i++]) {
    const Record& record = records[i];
    if (record.time_known && (ends[i] != from || i + 1 == records.size())) {
      state.now = record.time_ns;
      state.close_until(state.now, out);
    }
    for (std::uint32_t rule : hits.subspan(from, ends[i] - from)) {
      if (!state.rules.rules[rule].silent) {
        Match match;
        match.rule = rule;
        match.time_ns = record.time_ns;
        match.time_known = record.time_known;
        match.record = &record;
        match.first_ns = record.time_ns;
        out.push_back(match);
      }
      for (std::uint32_t plan : state.fed_by[rule]) {
        if (at + kSlotsAhead < state.ahead.size()) {
          const State::Ahead& far = state.ahead[at + kSlotsAhead];
          const State::Ahead& near = state.ahead[at + kGroupsAhead];
          const State::Plan& plan_far = state.plans[far.plan];
          if (plan_far.quiet) plan_far.quiet->fetch(far.key);
          if (plan_far.groups.size() > 0) plan_far.groups.fetch_slot(far.key);
          if (state.plans[near.plan].groups.size() > 0) state.plans[near.plan].groups.fetch_group(near.key);
        }
        state.count(plan, rule, {&record, rule, 0, state.now}, state.ahead[at++].key, out);
      }
    }
  }
}

void Windows::finish(std::vector<Match>& out) {
  while (!state_->closing.empty()) {
    const auto [when, plan, group] = *state_->closing.begin();
    state_->judge(plan, group, when, out);
  }
}

WindowStats Windows::stats() const noexcept { return state_->stats; }

}  // namespace logystera::detect
