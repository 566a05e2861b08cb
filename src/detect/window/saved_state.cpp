// Windows written down and read back.
//
// Groups are written in the order they were used in, so that memory running short evicts the same ones afterwards. Hits below
// the threshold are written in the order they came, and enter again by a clock that goes with them: a cell then never says
// less than it did (below_threshold.hpp), so the same groups come out of it at the same hits.
#include <algorithm>
#include <bit>
#include <cmath>

#include "core/bytes.hpp"
#include "core/hmac.hpp"
#include "detect/span.hpp"
#include "detect/window/state.hpp"

namespace logystera::detect {
namespace {

constexpr std::string_view kMagic = "logystera windows\n";
constexpr std::uint32_t kVersion = 1;
// Times of a log lie within a few hundred years of 1970; sums of one and a span must not overflow.
constexpr std::int64_t kTimeMost = std::int64_t{1} << 62;

struct Seen {
  std::int64_t time = 0;
  std::uint64_t id = 0;
};

struct SavedGroup {
  GroupKey key = 0;
  std::int64_t newest = 0;
  std::uint64_t used = 0;
  std::vector<Measured> samples;
  bool detailed = false;
  std::vector<Seen> seen;
  std::vector<std::int64_t> inputs;
  double sum = 0;
  std::int64_t opened = 0, fired = 0;
  bool ever_fired = false;
};

struct SavedHit {
  std::int64_t time = 0;
  std::uint64_t key = 0, what = 0;
  bool counted = false;
};

struct SavedPlan {
  std::int64_t clock = kNever;
  std::vector<SavedGroup> groups;
  std::vector<SavedHit> below;
  std::vector<Attempts::Saved> attempts;
};

static_assert(sizeof(Measured) == 16 && sizeof(Seen) == 16);  // rows without holes

template <typename Io>
void pass(Io& io, SavedGroup& group) {
  io.number(group.key);
  io.number(group.newest);
  io.number(group.used);
  io.rows(group.samples);
  io.boolean(group.detailed);
  if (!group.detailed) return;
  io.rows(group.seen);
  io.rows(group.inputs);
  io.number(group.sum);
  io.number(group.opened);
  io.number(group.fired);
  io.boolean(group.ever_fired);
}

template <typename Io>
void pass(Io& io, SavedHit& hit) {
  io.number(hit.time);
  io.number(hit.key);
  io.number(hit.what);
  io.boolean(hit.counted);
}

}  // namespace

// Where the writer and the reader of core look for it.
template <typename Io>
static void pass(Io& io, Attempts::Saved& connection) {
  io.number(connection.key);
  io.number(connection.newest);
  io.boolean(connection.begun);
  io.boolean(connection.counted);
}

namespace {

template <typename Io>
void pass(Io& io, SavedPlan& plan) {
  io.number(plan.clock);
  io.list(plan.groups);
  io.list(plan.below);
  io.list(plan.attempts);
}

template <typename Io>
void pass(Io& io, WindowStats& stats) {
  // Groups and cells are counted anew.
  io.number(stats.hits);
  io.number(stats.forgotten);
  io.number(stats.out_of_order);
  io.number(stats.clock_jumps);
}

bool is_time(std::int64_t time) noexcept { return time > -kTimeMost && time < kTimeMost; }

SavedGroup saved(const Group& group) {
  SavedGroup out;
  out.key = group.key;
  out.newest = group.newest;
  out.used = group.used;
  out.samples.assign(group.samples.begin(), group.samples.end());
  if (!group.more) return out;
  out.detailed = true;
  for (const auto& [time, id] : group.more->by_time) out.seen.push_back({time, id});
  out.inputs = group.more->inputs;
  out.sum = group.more->sum;
  out.opened = group.more->opened;
  out.fired = group.more->fired;
  out.ever_fired = group.more->ever_fired;
  return out;
}

// Whether a group can have come to be by counting.
bool sound(const SavedGroup& group, const Window& window, std::uint64_t hits) {
  if (!is_time(group.newest) || group.used == 0 || group.used > hits) return false;
  std::int64_t before = -kTimeMost;
  for (const Measured& sample : group.samples) {
    if (!is_time(sample.time) || sample.time < before || !std::isfinite(sample.number)) return false;
    before = sample.time;
  }
  if (!group.detailed) return true;
  for (const Seen& seen : group.seen)
    if (!is_time(seen.time)) return false;
  if (!group.inputs.empty() && group.inputs.size() != window.inputs.size()) return false;
  for (std::int64_t input : group.inputs)
    if (input != kNever && !is_time(input)) return false;
  return std::isfinite(group.sum) && is_time(group.opened) && is_time(group.fired);
}

void fill(Group& group, const SavedGroup& from) {
  group.newest = from.newest;
  for (const Measured& sample : from.samples) group.samples.push_back(sample);
  if (!from.detailed) return;
  GroupDetail& detail = group.detail();
  for (const Seen& seen : from.seen)
    if (detail.last_seen.emplace(seen.id, seen.time).second) detail.by_time.emplace(seen.time, seen.id);
  detail.inputs = from.inputs;
  detail.sum = from.sum;
  detail.opened = from.opened;
  detail.fired = from.fired;
  detail.ever_fired = from.ever_fired;
}

}  // namespace

std::uint64_t Windows::State::fingerprint() const {
  std::string text;
  ByteWriter out(text);
  const auto subjects = [&out](const std::vector<Subject>& list) {
    out.number(static_cast<std::uint32_t>(list.size()));
    for (const Subject& subject : list) out.text(subject.written);
  };
  for (const Plan& plan : plans) {
    const Window& window = *plan.window;
    out.text(rules.rules[plan.rule].id);
    out.number(static_cast<std::uint8_t>(window.kind));
    out.boolean(window.attempts);
    out.number(window.span_ns);
    out.number(window.percentile);
    for (std::uint32_t input : window.inputs) out.text(rules.rules[input].id);
    for (std::uint32_t input : window.forgiving) out.text("forgives " + rules.rules[input].id);
    subjects(window.group_by);
    subjects(window.fields);
    for (const Window::Bound& bound : window.bounds) {
      out.number(static_cast<std::uint8_t>(bound.compare));
      out.number(bound.number);
    }
    for (const Window::Alias& alias : window.aliases) {
      out.text(alias.name);
      for (const auto& [rule, subject] : alias.fields) {
        out.text(rules.rules[rule].id);
        out.text(subject.written);
      }
    }
  }
  return hash(text);  // of the key, too
}

std::string Windows::save() const {
  const State& state = *state_;
  std::string bytes(kMagic);
  ByteWriter out(bytes);
  out.number(kVersion);
  out.number(state.fingerprint());
  out.number(state.now);
  WindowStats stats = state.stats;
  pass(out, stats);
  std::vector<SavedPlan> plans;
  for (const State::Plan& plan : state.plans) {
    SavedPlan& one = plans.emplace_back();
    one.clock = plan.clock;
    plan.groups.each_by_use([&one](const Group& group) { one.groups.push_back(saved(group)); });
    if (plan.below) {
      plan.below->each([&one](const BelowThreshold::Hit& hit) {
        one.below.push_back({hit.time, hit.key, hit.what, hit.counted});
      });
    }
    if (plan.attempts) one.attempts = plan.attempts->save();
  }
  out.list(plans);
  return bytes;
}

Result<Done> Windows::restore(std::string_view saved) {
  const auto fresh = [this] {
    State& old = *state_;
    auto made = std::make_unique<State>(old.rules, old.names, old.options, old.hash);
    state_ = std::move(made);
  };
  const auto refused = [&](const char* why) {
    fresh();
    return Error{std::string("saved windows: ") + why, ErrorKind::broken};
  };
  fresh();
  State& state = *state_;
  if (saved.substr(0, kMagic.size()) != kMagic) return refused("not what this program writes");
  ByteReader in(saved.substr(kMagic.size()));
  std::uint32_t version = 0;
  std::uint64_t fingerprint = 0;
  in.number(version);
  if (!in.ok() || version != kVersion) return refused("of another version");
  in.number(fingerprint);
  if (!in.ok() || fingerprint != state.fingerprint()) return refused("of other rules or another key");
  in.number(state.now);
  pass(in, state.stats);
  std::vector<SavedPlan> plans;
  in.list(plans);
  if (!in.ok() || !in.at_end() || !is_time(state.now) || plans.size() != state.plans.size())
    return refused("damaged in its frame");

  for (std::uint32_t i = 0; i < plans.size(); ++i) {
    State::Plan& plan = state.plans[i];
    const SavedPlan& from = plans[i];
    if (from.clock != kNever && !is_time(from.clock)) return refused("damaged in a clock");
    if (plan.threshold > 0 && from.clock != kNever)
      plan.below = std::make_unique<BelowThreshold>(plan.threshold, plan.window->span_ns,
                                                    BelowThreshold::cells_for(from.below.size()));
    if (!from.attempts.empty()) {
      if (!plan.window->attempts) return refused("damaged in attempts");
      state.make_attempts(plan).restore(from.attempts);
    }
    std::uint64_t used = 0;
    for (const SavedGroup& one : from.groups) {
      if (!sound(one, *plan.window, state.stats.hits) || one.used < used || plan.groups.find(one.key))
        return refused("damaged in a group");
      used = one.used;
      Group& group = plan.groups.add(one.key);
      plan.groups.use(group, one.used);
      fill(group, one);
      ++state.stats.groups;
      state.stats.cells += group.cells();
      if (plan.below) plan.below->track(one.key);
      if (!plan.at_once) state.closing.emplace(group.opened() + plan.window->span_ns, i, one.key);
    }
    if (!from.below.empty() && !plan.below) return refused("damaged in hits of another window");
    for (const SavedHit& hit : from.below) {
      if (!is_time(hit.time) || hit.time > from.clock) return refused("damaged in the time of a hit");
      plan.clock = std::max(plan.clock, hit.time);
      if (minus(plan.clock, hit.time) > plan.window->span_ns) return refused("damaged in the order of hits");
      if (plan.window->kind == Window::Kind::sum && !std::isfinite(std::bit_cast<double>(hit.what)))
        return refused("damaged in a number");
      const Contribution contribution{.counted = hit.counted, .number = std::bit_cast<double>(hit.what), .id = hit.what};
      if (!state.stays_below(i, contribution, hit.key, hit.time))
        state.enter_below(i, {hit.time, hit.key, hit.what, 0, hit.counted});
    }
    plan.clock = from.clock;
  }
  if (state.stats.cells > state.options.cells) state.make_room();
  return Done{};
}

void Windows::seed_fired(std::uint32_t rule, std::uint64_t group, std::int64_t time_ns) {
  State& state = *state_;
  if (!is_time(time_ns)) return;
  for (std::uint32_t i = 0; i < state.plans.size(); ++i) {
    State::Plan& plan = state.plans[i];
    if (plan.rule != rule || !plan.at_once) continue;
    state.seed_fired(i, group, time_ns);
  }
}

}  // namespace logystera::detect
