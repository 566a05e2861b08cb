#include "detect/windows.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <list>
#include <map>
#include <set>
#include <unordered_map>

#include "core/hmac.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

using GroupKey = std::uint64_t;

// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash that takes tens of nanoseconds for a short text.
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
    State state{k0_ ^ 0x736f6d6570736575, k1_ ^ 0x646f72616e646f6d, k0_ ^ 0x6c7967656e657261, k1_ ^ 0x7465646279746573};
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + at, sizeof word);
      state.absorb(word);
    }
    std::uint64_t last = static_cast<std::uint64_t>(text.size()) << 56;
    for (unsigned shift = 0; at < text.size(); ++at, shift += 8)
      last |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[at])) << shift;
    state.absorb(last);
    state.v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
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
      round();
      v0 ^= word;
    }
  };
  std::uint64_t k0_, k1_;
};

struct Measured {
  std::int64_t time;
  double number;
};

// What was counted, in order of time, taken from the front as it grows old. Often one or two, so nothing is set aside.
class History {
 public:
  bool empty() const noexcept { return first_ == all_.size(); }
  std::size_t size() const noexcept { return all_.size() - first_; }
  const Measured& front() const noexcept { return all_[first_]; }
  const Measured* begin() const noexcept { return all_.data() + first_; }
  const Measured* end() const noexcept { return all_.data() + all_.size(); }
  void push_back(Measured one) { all_.push_back(one); }
  void pop_front() {
    if (++first_ * 2 < all_.size()) return;
    all_.erase(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }

 private:
  std::vector<Measured> all_;
  std::size_t first_ = 0;
};

// One window's memory of one group.
struct Group {
  History samples;                                           // count, sum, average, percentile: oldest first
  std::map<std::uint64_t, std::int64_t> last_seen;           // distinct: value hash → newest time
  std::set<std::pair<std::int64_t, std::uint64_t>> by_time;  // distinct: the same, oldest first
  std::vector<std::int64_t> inputs;  // temporal: newest hit of each; ordered: newest start of a chain so far
  double sum = 0;
  std::int64_t opened = 0;  // judged windows: first hit
  std::int64_t newest = 0;
  std::int64_t fired = 0;  // when it last fired
  bool ever_fired = false;
  std::uint64_t used = 0;                                        // number of the hit that used it last
  std::list<std::pair<GroupKey, const Group*>>::iterator quiet;  // place in the plan's order of use

  std::size_t cells() const noexcept { return 1 + samples.size() + last_seen.size(); }
};

constexpr std::int64_t kNever = INT64_MIN;

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
    std::vector<Reader> group_by, fields;
    std::vector<std::vector<Reader>> aliases;  // alias → one for each of Alias::fields
    std::unordered_map<GroupKey, Group> groups;
    std::list<std::pair<GroupKey, const Group*>> quiet;  // longest quiet first
    std::int64_t clock = kNever;                         // time of the newest hit, as far as time goes forward
  };
  std::vector<Plan> plans;                         // in rule order, so inputs come before windows over them
  std::vector<std::vector<std::uint32_t>> fed_by;  // rule → plans that count it
  std::set<std::tuple<std::int64_t, std::uint32_t, GroupKey>> closing;  // judged windows: when, plan, group
  std::int64_t now = 0;
  std::string key_bytes;  // scratch

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
  void count(std::uint32_t plan_index, std::uint32_t input, const Cause& cause, std::vector<Match>& out);
  bool remember(Plan& plan, Group& group, std::uint32_t input, const Record* record, std::int64_t time);
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
  void forget(std::uint32_t plan_index, GroupKey group);
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
    group.sum -= group.samples.front().number;
    group.samples.pop_front();
  }
  if (group.samples.empty()) group.sum = 0;  // no rounding left over from what is gone
  while (!group.by_time.empty() && group.by_time.begin()->first < oldest) {
    group.last_seen.erase(group.by_time.begin()->second);
    group.by_time.erase(group.by_time.begin());
  }
}

double Windows::State::measure(const Plan& plan, const Group& group, std::int64_t time) const {
  const Window& window = *plan.window;
  const std::int64_t oldest = time - window.span_ns;
  switch (window.kind) {
    case Window::Kind::count: return static_cast<double>(group.samples.size());
    case Window::Kind::distinct: return static_cast<double>(group.last_seen.size());
    case Window::Kind::sum: return group.sum;
    case Window::Kind::average: return group.samples.empty() ? 0 : group.sum / static_cast<double>(group.samples.size());
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
      return static_cast<double>(std::count_if(group.inputs.begin(), group.inputs.end(),
                                               [oldest](std::int64_t seen) { return seen != kNever && seen >= oldest; }));
    case Window::Kind::ordered: {
      double length = 0;
      for (std::size_t i = 0; i < group.inputs.size(); ++i)
        if (group.inputs[i] != kNever && group.inputs[i] >= oldest) length = static_cast<double>(i + 1);
      return length;
    }
  }
  return 0;
}

bool Windows::State::satisfied(const Plan& plan, double value) const {
  return std::all_of(plan.window->bounds.begin(), plan.window->bounds.end(),
                     [value](const Window::Bound& bound) { return holds(value, bound.compare, bound.number); });
}

// Enters a hit into the group; false if it has nothing the window counts.
bool Windows::State::remember(Plan& plan, Group& group, std::uint32_t input, const Record* from, std::int64_t time) {
  const Window& window = *plan.window;
  const bool of_fields = window.kind == Window::Kind::distinct || window.kind == Window::Kind::sum ||
                         window.kind == Window::Kind::average || window.kind == Window::Kind::percentile;
  if (of_fields && !from) return false;
  std::string_view text;
  const Value* value = nullptr;
  switch (window.kind) {
    case Window::Kind::count: {
      group.samples.push_back({time, 0});
      // "N or more" needs the last N times; what it is compared with may be no whole number.
      if (plan.at_once && !window.bounds.empty()) {
        double most = 1;
        for (const Window::Bound& bound : window.bounds) most = std::max(most, std::floor(bound.number) + 1);
        if (static_cast<double>(group.samples.size()) > most) group.samples.pop_front();
      }
      return true;
    }
    case Window::Kind::distinct: {
      std::string bytes;
      for (Reader& reader : plan.fields) {
        if (!read(reader, *from, text, &value)) return false;
        bytes += std::to_string(text.size()) + ":";
        bytes += text;
      }
      const std::uint64_t id = hash(bytes);
      const auto [seen, fresh] = group.last_seen.emplace(id, time);
      if (!fresh) {
        group.by_time.erase({seen->second, id});
        seen->second = time;
      }
      group.by_time.emplace(time, id);
      return true;
    }
    case Window::Kind::sum:
    case Window::Kind::average:
    case Window::Kind::percentile: {
      double number = 0;
      if (!read(plan.fields[0], *from, text, &value)) return false;
      if (!(value ? number_of(*value, number) : number_of(text, number)) || !std::isfinite(number)) return false;
      group.samples.push_back({time, number});
      group.sum += number;
      return true;
    }
    case Window::Kind::temporal:
    case Window::Kind::ordered: {
      group.inputs.resize(window.inputs.size(), kNever);
      // From the end: one record that is two steps of a sequence must not be both at once unless it is both rules.
      for (std::size_t i = window.inputs.size(); i-- > 0;) {
        if (window.inputs[i] != input) continue;
        if (window.kind == Window::Kind::temporal || i == 0) group.inputs[i] = time;
        else if (group.inputs[i - 1] != kNever && time - group.inputs[i - 1] <= window.span_ns)
          group.inputs[i] = std::max(group.inputs[i], group.inputs[i - 1]);
      }
      return true;
    }
  }
  return false;
}

std::uint64_t Windows::State::hits_in(const Plan& plan, const Group& group) const {
  switch (plan.window->kind) {
    case Window::Kind::distinct: return group.last_seen.size();
    case Window::Kind::temporal:
    case Window::Kind::ordered: return group.inputs.size();
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
  if (!group.by_time.empty()) match.first_ns = group.by_time.begin()->first;
  for (std::int64_t seen : group.inputs)
    if (seen != kNever && seen >= time - plan.window->span_ns) match.first_ns = std::min(match.first_ns, seen);
  out.push_back(match);
}

void Windows::State::judge(std::uint32_t plan_index, GroupKey group_key, std::int64_t time, std::vector<Match>& out) {
  Plan& plan = plans[plan_index];
  const auto found = plan.groups.find(group_key);
  if (found == plan.groups.end()) return;
  Group& group = found->second;
  const double value = measure(plan, group, group.opened + plan.window->span_ns);
  const bool fires = satisfied(plan, value);
  if (fires) emit(plan, group_key, group, value, time, nullptr, out);
  const std::uint32_t rule = plan.rule;
  forget(plan_index, group_key);
  if (fires) hit(rule, {nullptr, rule, group_key, time}, out);
}

void Windows::State::close_until(std::int64_t time, std::vector<Match>& out) {
  while (!closing.empty() && std::get<0>(*closing.begin()) < time) {
    const auto [when, plan, group] = *closing.begin();
    judge(plan, group, when, out);
  }
}

void Windows::State::forget(std::uint32_t plan_index, GroupKey group_key) {
  Plan& plan = plans[plan_index];
  const auto found = plan.groups.find(group_key);
  stats.cells -= found->second.cells();
  --stats.groups;
  plan.quiet.erase(found->second.quiet);
  if (!plan.at_once) closing.erase({found->second.opened + plan.window->span_ns, plan_index, group_key});
  plan.groups.erase(found);
}

void Windows::State::make_room() {
  while (stats.cells > options.cells && stats.groups > 1) {
    std::uint32_t longest = 0;
    std::uint64_t least = ~std::uint64_t{0};
    for (std::uint32_t i = 0; i < plans.size(); ++i) {
      if (plans[i].quiet.empty()) continue;
      const std::uint64_t used = plans[i].quiet.front().second->used;
      if (used >= least) continue;
      least = used;
      longest = i;
    }
    forget(longest, plans[longest].quiet.front().first);
    ++stats.forgotten;
  }
}

// Groups no later hit can find anything in: what they counted has left the window, and hits that come late by less than
// the span have had as long again.
void Windows::State::drop_expired(std::uint32_t plan_index) {
  Plan& plan = plans[plan_index];
  if (!plan.at_once) return;  // those are judged, not dropped
  constexpr std::int64_t kSpansKept = 2;
  while (!plan.quiet.empty()) {
    const auto& [front, group] = plan.quiet.front();
    if (plan.clock - group->newest <= kSpansKept * plan.window->span_ns) return;
    forget(plan_index, front);
  }
}

void Windows::State::count(std::uint32_t plan_index, std::uint32_t input, const Cause& cause, std::vector<Match>& out) {
  Plan& plan = plans[plan_index];
  const Window& window = *plan.window;
  const GroupKey group_id = cause.record            ? group_key(plan, input, cause.base, *cause.record)
                            : plan.group_by.empty() ? 0
                                                    : cause.group;
  ++stats.hits;
  std::int64_t time = cause.time;
  // The window's clock goes forward; a step back beyond what may come late is a clock that was set.
  if (plan.clock == kNever || time > plan.clock || plan.clock - time > window.span_ns) plan.clock = time;
  auto found = plan.groups.find(group_id);
  if (found != plan.groups.end() && time < found->second.newest) {
    if (found->second.newest - time <= window.span_ns) {
      time = found->second.newest;
      ++stats.out_of_order;
    } else {
      forget(plan_index, group_id);
      found = plan.groups.end();
      ++stats.clock_jumps;
    }
  }
  if (found == plan.groups.end()) {
    found = plan.groups.try_emplace(group_id).first;
    found->second.opened = found->second.newest = time;
    found->second.quiet = plan.quiet.emplace(plan.quiet.end(), group_id, &found->second);
    ++stats.groups;
    ++stats.cells;
    if (!plan.at_once) closing.emplace(time + window.span_ns, plan_index, group_id);
  }
  Group& group = found->second;
  plan.quiet.splice(plan.quiet.end(), plan.quiet, group.quiet);
  group.used = stats.hits;
  const std::size_t cells = group.cells();
  if (plan.at_once) expire(plan, group, time);
  group.newest = time;
  const bool counted = remember(plan, group, input, cause.record, time);
  stats.cells += group.cells();
  stats.cells -= cells;
  if (plan.at_once && counted) {
    const double value = measure(plan, group, time);
    if (satisfied(plan, value) && (!group.ever_fired || time - group.fired >= window.span_ns)) {
      group.fired = time;
      group.ever_fired = true;
      emit(plan, group_id, group, value, time, cause.record, out);
      hit(plan.rule, {cause.record, cause.base, group_id, cause.time}, out);
    }
  }
  drop_expired(plan_index);
  make_room();
}

// `rule` fired: windows that count it get their turn.
void Windows::State::hit(std::uint32_t rule, const Cause& cause, std::vector<Match>& out) {
  for (std::uint32_t plan : fed_by[rule]) count(plan, rule, cause, out);
}

Windows::Windows(const RuleSet& rules, const FieldNames& names, WindowOptions options) {
  std::string secret = options.key;
  if (secret.empty()) {
    secret.resize(32);
    // Without randomness the hashes would be guessable, not wrong; a program that cannot get 32 bytes has other worries.
    if (RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), static_cast<int>(secret.size())) != 1)
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
    for (const Subject& subject : window.group_by) plan.group_by.push_back(state_->reader(subject));
    for (const Subject& subject : window.fields) plan.fields.push_back(state_->reader(subject));
    for (const Window::Alias& alias : window.aliases) {
      plan.aliases.emplace_back();
      for (const auto& [rule, subject] : alias.fields) plan.aliases.back().push_back(state_->reader(subject));
    }
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
  State& state = *state_;
  if (record.time_known) {
    state.now = record.time_ns;
    state.close_until(state.now, out);
  }
  for (std::uint32_t rule : hits) {
    if (!state.rules.rules[rule].silent) {
      Match match;
      match.rule = rule;
      match.time_ns = record.time_ns;
      match.time_known = record.time_known;
      match.record = &record;
      match.first_ns = record.time_ns;
      out.push_back(match);
    }
    state.hit(rule, {&record, rule, 0, state.now}, out);
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
