// One file: the steps a hit goes through (its group, what it contributes, what has expired, whether the window fires) change one
// State in a fixed order. What they are made of stands beside it in files of its own.
#include "detect/windows.hpp"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/hmac.hpp"
#include "detect/span.hpp"
#include "detect/text.hpp"
#include "detect/window/state.hpp"

namespace logystera::detect {
namespace {

constexpr std::size_t kShortKeyBytes = 56;  // of a group's text; longer ones are hashed where they can grow

// What a group must measure before the window can fire, if hits of several groups together tell that none of them does;
// else 0.
double threshold(const Window& window) {
  const bool adds_up =
      window.kind == Window::Kind::count || window.kind == Window::Kind::distinct || window.kind == Window::Kind::sum;
  if (!adds_up || !window.fires_at_once() || window.group_by.empty() || window.span_ns <= 0) return 0;
  double least = 1;
  for (const Window::Bound& bound : window.bounds) least = std::max(least, bound.number);
  return least > 1 ? least : 0;
}

}  // namespace

bool Windows::State::group_text(Plan& plan, std::size_t index, std::uint32_t input, std::uint32_t base,
                                const Record& record, std::string_view& text) {
  const Value* value = nullptr;
  const std::string& name = plan.window->group_by[index].written;
  for (std::size_t a = 0; a < plan.window->aliases.size(); ++a) {
    const Window::Alias& alias = plan.window->aliases[a];
    if (alias.name != name) continue;
    for (std::size_t f = 0; f < alias.fields.size(); ++f)
      if (alias.fields[f].first == input || alias.fields[f].first == base)
        return plan.aliases[a][f].read(record, text, &value);
    return false;
  }
  return plan.group_by[index].read(record, text, &value);
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
  const std::int64_t oldest = minus(time, plan.window->span_ns);
  while (!group.samples.empty() && group.samples.front().time < oldest) group.drop_oldest_sample();
  if (!group.more) return;
  GroupDetail& more = *group.more;
  if (group.samples.empty()) more.sum = 0;  // no rounding left over from what is gone
  while (!more.by_time.empty() && more.by_time.begin()->first < oldest) group.drop_oldest_value();
}

double Windows::State::measure(const Plan& plan, const Group& group, std::int64_t time) const {
  const Window& window = *plan.window;
  const std::int64_t oldest = minus(time, window.span_ns);
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

Attempts& Windows::State::make_attempts(Plan& plan) {
  plan.attempts = std::make_unique<Attempts>([this](std::string_view key) { return hash(key); });
  return *plan.attempts;
}

// What the window counts of a hit.
Contribution Windows::State::contribution_of(Plan& plan, std::uint32_t input, const Record* from) {
  constexpr Contribution kNothing{.counted = false};
  std::string_view text;
  const Value* value = nullptr;
  switch (plan.window->kind) {
    case Window::Kind::count: {
      // A window that fired is one hit, whatever its last record stands for.
      if (!from || rules.rules[input].is_window()) return {};
      if (!plan.window->attempts) return {.times = from->repeated};
      const std::uint32_t times = (plan.attempts ? *plan.attempts : make_attempts(plan)).added_by(*from);
      return {.counted = times > 0, .times = times};
    }
    case Window::Kind::temporal:
    case Window::Kind::ordered: return {};
    case Window::Kind::distinct: {
      if (!from) return kNothing;
      std::string bytes;
      for (SubjectReader& reader : plan.fields) {
        if (!reader.read(*from, text, &value)) return kNothing;
        bytes += std::to_string(text.size()) + ":";
        bytes += text;
      }
      Contribution one{.id = hash(bytes)};
      if (options.further && !rules.rules[input].is_window())
        one.times = from->kind == RecordKind::auth ? (plan.attempts ? *plan.attempts : make_attempts(plan)).added_by(*from)
                                                   : from->repeated;
      return one;
    }
    case Window::Kind::sum:
    case Window::Kind::average:
    case Window::Kind::percentile: {
      double number = 0;
      if (!from || !plan.fields[0].read(*from, text, &value)) return kNothing;
      if (!(value ? number_of(*value, number) : number_of(text, number)) || !std::isfinite(number)) return kNothing;
      return {.number = number};
    }
  }
  return kNothing;
}

// Enters what a hit brings into the group.
void Windows::State::remember(const Plan& plan, Group& group, std::uint32_t input, const Contribution& contribution,
                              std::int64_t time) const {
  const Window& window = *plan.window;
  switch (window.kind) {
    case Window::Kind::count: {
      for (std::uint32_t i = 0; i < contribution.times; ++i) {
        group.samples.push_back({time, 0});
        // "N or more" needs the last N times; what it is compared with may be no whole number.
        if (plan.most > 0 && static_cast<double>(group.samples.size()) > plan.most) {
          group.samples.pop_front();
          if (contribution.times > 1) ++group.detail().before;
        }
      }
      return;
    }
    case Window::Kind::distinct: {
      GroupDetail& more = group.detail();
      const auto [seen, fresh] = more.last_seen.emplace(contribution.id, time);
      if (!fresh) {
        more.by_time.erase({seen->second, contribution.id});
        seen->second = time;
      }
      more.by_time.emplace(time, contribution.id);
      return;
    }
    case Window::Kind::sum:
    case Window::Kind::average:
    case Window::Kind::percentile:
      group.samples.push_back({time, contribution.number});
      group.detail().sum += contribution.number;
      return;
    case Window::Kind::temporal:
    case Window::Kind::ordered: {
      std::vector<std::int64_t>& inputs = group.detail().inputs;
      inputs.resize(window.inputs.size(), kNever);
      // From the end: one record that is two steps of a sequence must not be both at once unless it is both rules.
      for (std::size_t i = window.inputs.size(); i-- > 0;) {
        if (window.inputs[i] != input) continue;
        if (window.kind == Window::Kind::temporal || i == 0) inputs[i] = time;
        else if (inputs[i - 1] != kNever && minus(time, inputs[i - 1]) <= window.span_ns)
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
                          const Record* record, std::uint64_t fresh, std::vector<Match>& out) const {
  if (rules.rules[plan.rule].silent) return;
  Match match;
  match.rule = plan.rule;
  match.time_ns = time;
  match.time_known = !record || record->time_known;
  match.record = record;
  match.hits = hits_in(plan, group);
  match.fresh = fresh;
  match.measure = value;
  match.group = group_key;
  match.first_ns = time;
  if (!group.samples.empty()) match.first_ns = group.samples.front().time;
  if (group.more) {
    if (!group.more->by_time.empty()) match.first_ns = group.more->by_time.begin()->first;
    for (std::int64_t seen : group.more->inputs)
      if (seen != kNever && seen >= minus(time, plan.window->span_ns)) match.first_ns = std::min(match.first_ns, seen);
  }
  out.push_back(match);
}

// Whether what a group counts is its hits, each of which can be told once.
bool Windows::State::tells_further(const Plan& plan) const noexcept {
  return options.further && plan.at_once && plan.window->kind != Window::Kind::temporal &&
         plan.window->kind != Window::Kind::ordered && !rules.rules[plan.rule].silent;
}

std::uint64_t Windows::State::fresh_in(const Plan& plan, const Group& group, std::uint32_t times) const {
  if (!tells_further(plan)) return hits_in(plan, group);
  if (group.more && group.more->ever_fired) return std::max<std::uint32_t>(1, times);
  return hits_in(plan, group) + (group.more ? group.more->before : 0);
}

// A hit of a group that fired before.
void Windows::State::keep_further(std::uint32_t plan_index, Group& group, std::uint32_t times, std::int64_t time,
                                  const Record* record) {
  constexpr std::int64_t kApartNs = std::int64_t{1800} * 1'000'000'000;  // what is told in one piece has no longer pause
  if (!record || !tells_further(plans[plan_index])) return;
  GroupDetail& more = *group.more;
  if (more.further > 0 && (minus(time, more.further_last) > kApartNs || minus(time, more.further_first) > kApartNs))
    tell_further(plan_index, group);
  if (more.further == 0) more.further_first = time;
  if (!std::exchange(more.growing, true)) growing.emplace_back(plan_index, group.key);
  more.further += times;
  more.further_last = time;
  more.further_record = record;
}

void Windows::State::tell_further(std::uint32_t plan_index, Group& group) {
  GroupDetail& more = *group.more;
  Match match;
  match.rule = plans[plan_index].rule;
  match.time_ns = more.further_last;
  match.time_known = more.further_record->time_known;
  match.record = more.further_record;
  match.hits = match.fresh = std::exchange(more.further, 0);
  match.group = group.key;
  match.first_ns = more.further_first;
  further.push_back(match);
}

void Windows::State::judge(std::uint32_t plan_index, GroupKey group_key, std::int64_t time, std::vector<Match>& out) {
  Plan& plan = plans[plan_index];
  Group* const found = plan.groups.find(group_key);
  if (!found) return;
  Group& group = *found;
  const double value = measure(plan, group, group.opened() + plan.window->span_ns);
  const bool fires = satisfied(plan, value);
  if (fires) emit(plan, group_key, group, value, time, nullptr, hits_in(plan, group), out);
  const std::uint32_t rule = plan.rule;
  evict(plan_index, group);
  if (fires) hit(rule, {nullptr, rule, group_key, time}, out);
}

void Windows::State::close_until(std::int64_t time, std::vector<Match>& out) {
  while (!closing.empty() && std::get<0>(*closing.begin()) < time) {
    const auto [when, plan, group] = *closing.begin();
    judge(plan, group, when, out);
  }
}

void Windows::State::evict(std::uint32_t plan_index, Group& group) {
  Plan& plan = plans[plan_index];
  if (group.more && group.more->growing && group.more->further > 0) tell_further(plan_index, group);
  stats.cells -= group.cells();
  --stats.groups;
  if (!plan.at_once) closing.erase({group.opened() + plan.window->span_ns, plan_index, group.key});
  if (plan.below) plan.below->untrack(group.key);
  plan.groups.remove(group);
}

// Hits of groups that are far from their bound go first: so a flood of new groups cannot push out one that is counted.
void Windows::State::make_room() {
  constexpr std::size_t kAtOnce = 64;  // this part of the cells, so that not every hit looks at every window
  while (stats.cells > options.cells) {
    Plan* fullest = nullptr;
    for (Plan& plan : plans)
      if (plan.below && plan.below->size() > (fullest ? fullest->below->size() : 0)) fullest = &plan;
    if (!fullest) break;
    const std::size_t dropped = std::min(fullest->below->size(), options.cells / kAtOnce + 1);
    fullest->below->drop(dropped);
    stats.cells -= dropped;
    stats.forgotten += dropped;
  }
  while (stats.cells > options.cells && stats.groups > 1) {
    std::uint32_t longest = 0;
    std::uint64_t least = ~std::uint64_t{0};
    for (std::uint32_t i = 0; i < plans.size(); ++i) {
      const Group* const quiet = plans[i].groups.least_recently_used();
      if (!quiet || quiet->used >= least) continue;
      least = quiet->used;
      longest = i;
    }
    evict(longest, *plans[longest].groups.least_recently_used());
    ++stats.forgotten;
  }
}

namespace {
constexpr std::int64_t kSpansKept = 2;  // a group that has been quiet for longer is over
}

// Groups no later hit can find anything in: what they counted has left the window, and hits that come late by less than
// the span have had as long again.
void Windows::State::drop_expired(std::uint32_t plan_index) {
  Plan& plan = plans[plan_index];
  if (!plan.at_once) return;  // those are judged, not dropped
  if (plan.below) stats.cells -= plan.below->drop_old(plan.clock);
  if (plan.groups.size() == 0) return;
  plan.groups.prefetch_least_recently_used();
  while (Group* const quiet = plan.groups.least_recently_used()) {
    if (minus(plan.clock, quiet->newest) <= kSpansKept * plan.window->span_ns) return;
    evict(plan_index, *quiet);
  }
}

// Enters a hit into its group, made if it is new, as one more of the window's hits. Which group, and at what time: a late hit
// happens when the one before it did.
Group& Windows::State::enter(std::uint32_t plan_index, std::uint32_t input, const Contribution& contribution, GroupKey key,
                             std::int64_t& time) {
  Plan& plan = plans[plan_index];
  const Window& window = *plan.window;
  Group* found = plan.groups.find(key);
  if (found && time < found->newest) {
    if (minus(found->newest, time) <= window.span_ns) {
      time = found->newest;
      ++stats.out_of_order;
    } else {
      evict(plan_index, *found);
      found = nullptr;
      ++stats.clock_jumps;
    }
  }
  if (found && options.further && plan.at_once && minus(time, found->newest) > kSpansKept * window.span_ns) {
    evict(plan_index, *found);
    found = nullptr;
  }
  if (!found) {
    found = &plan.groups.add(key);
    found->newest = time;
    ++stats.groups;
    ++stats.cells;
    if (plan.below) plan.below->track(key);
    if (!plan.at_once) {
      found->detail().opened = time;
      closing.emplace(time + window.span_ns, plan_index, key);
    }
  }
  Group& group = *found;
  plan.groups.use(group, stats.hits);
  const std::size_t cells = group.cells();
  if (plan.at_once) expire(plan, group, time);
  group.newest = time;
  if (contribution.counted) remember(plan, group, input, contribution, time);
  // No group takes the place of all others.
  for (; group.cells() > options.cells / 2 && group.shorten(); ++stats.forgotten) {
  }
  stats.cells += group.cells();
  stats.cells -= cells;
  return group;
}

// The firing stands for the hits that led to it, which are not there to be counted.
void Windows::State::seed_fired(std::uint32_t plan_index, GroupKey key, std::int64_t time) {
  Plan& plan = plans[plan_index];
  ++stats.hits;
  if (plan.clock == kNever || time > plan.clock) plan.clock = time;
  if (plan.below) plan.below->take(key, [&](const BelowThreshold::Hit& hit) { enter_below(plan_index, hit); });
  Group* found = plan.groups.find(key);
  if (!found) found = &enter(plan_index, 0, {.counted = false}, key, time);
  GroupDetail& detail = found->detail();
  detail.fired = detail.ever_fired ? std::max(detail.fired, time) : time;
  detail.ever_fired = true;
}

// True if no group of the hit's cell can have reached the bound: there is nothing more to do about the hit then.
bool Windows::State::stays_below(std::uint32_t plan_index, const Contribution& contribution, GroupKey key,
                                 std::int64_t time) {
  Plan& plan = plans[plan_index];
  if (plan.below->tracked(key)) return false;
  const bool of_number = plan.window->kind == Window::Kind::sum;
  const std::uint64_t what = of_number ? std::bit_cast<std::uint64_t>(contribution.number) : contribution.id;
  const double weight = !contribution.counted ? 0 : of_number ? std::max(contribution.number, 0.0) : 1;
  // One that is several hits is rare, and counted in its group.
  if (contribution.times <= 1 &&
      plan.below->add({time, key, what, 0, contribution.counted, contribution.times == 0}, weight, plan.clock)) {
    ++stats.cells;
    return true;
  }
  plan.below->take(key, [&](const BelowThreshold::Hit& hit) { enter_below(plan_index, hit); });
  return false;
}

// A hit kept until now: no window had been reached with it.
void Windows::State::enter_below(std::uint32_t plan_index, const BelowThreshold::Hit& hit) {
  std::int64_t time = hit.time;
  // Windows with an input that matters keep nothing quiet.
  enter(plan_index, 0,
        {.counted = hit.counted,
         .number = std::bit_cast<double>(hit.what),
         .id = hit.what,
         .times = hit.again ? std::uint32_t{0} : std::uint32_t{1}},
        hit.key, time);
}

// In front of a plan's groups, with few cells first and eight times as many when those are crowded: what lay in them is counted group by
// group then, which is what happens to it sooner or later anyway.
void Windows::State::make_below(std::uint32_t plan_index) {
  Plan& plan = plans[plan_index];
  std::size_t cells = BelowThreshold::kCellsLeast;
  if (plan.below) {
    if (!plan.below->crowded()) return;
    cells = BelowThreshold::cells_for(plan.below->size());
    stats.cells -= plan.below->size();
    plan.below->take_all([&](const BelowThreshold::Hit& hit) { enter_below(plan_index, hit); });
  }
  plan.below = std::make_unique<BelowThreshold>(plan.threshold, plan.window->span_ns, cells);
  plan.groups.each_by_use([&plan](const Group& group) { plan.below->track(group.key); });
}

// What the group has counted of the hit's value is as if it had not been. A group without hits stays as it is: it moves no time.
void Windows::State::forgive(std::uint32_t plan_index, std::uint32_t input, const Cause& cause, GroupKey key) {
  Plan& plan = plans[plan_index];
  const Contribution contribution = contribution_of(plan, input, cause.record);
  if (!contribution.counted) return;
  // A cell only adds up, so its groups are counted by themselves from now on.
  if (plan.below && !plan.below->tracked(key))
    plan.below->take(key, [&](const BelowThreshold::Hit& hit) { enter_below(plan_index, hit); });
  if (Group* const group = plan.groups.find(key); group && group->more) {
    GroupDetail& more = *group->more;
    stats.cells -= group->cells();
    if (const auto seen = more.last_seen.find(contribution.id); seen != more.last_seen.end()) {
      more.by_time.erase({seen->second, contribution.id});
      more.last_seen.erase(seen);
    }
    stats.cells += group->cells();
  }
  if (stats.cells > options.cells) make_room();
}

void Windows::State::count(std::uint32_t plan_index, std::uint32_t input, const Cause& cause, GroupKey key,
                           std::vector<Match>& out) {
  Plan& plan = plans[plan_index];
  const Window& window = *plan.window;
  if (!window.forgiving.empty() && window.forgives(input)) return forgive(plan_index, input, cause, key);
  ++stats.hits;
  std::int64_t time = cause.time;
  // The window's clock goes forward; a step back beyond what may come late is a clock that was set.
  if (plan.clock == kNever || time > plan.clock) {
    plan.clock = time;
  } else if (minus(plan.clock, time) > window.span_ns) {
    // Hits are kept by a clock that does not go back. What the old one would have forgotten goes first.
    if (plan.below) {
      stats.cells -= plan.below->size();
      plan.below->take_all([&](const BelowThreshold::Hit& hit) { enter_below(plan_index, hit); });
      drop_expired(plan_index);
    }
    plan.clock = time;
  }
  if (plan.threshold > 0) make_below(plan_index);
  const Contribution contribution = contribution_of(plan, input, cause.record);
  if (!plan.below || !stays_below(plan_index, contribution, key, time)) {
    Group& group = enter(plan_index, input, contribution, key, time);
    if (plan.at_once && contribution.counted) {
      const double value = measure(plan, group, time);
      const bool fired_before = group.more && group.more->ever_fired;
      if (satisfied(plan, value) && (!fired_before || minus(time, group.more->fired) >= window.span_ns)) {
        const std::uint64_t fresh = fresh_in(plan, group, contribution.times);
        GroupDetail& detail = group.detail();
        // What adds nothing may make it fire again; a match tells of one all the same.
        if (contribution.times == 0 && detail.further > 0) --detail.further;
        if (detail.further > 0) tell_further(plan_index, group);
        detail.fired = time;
        detail.ever_fired = true;
        emit(plan, key, group, value, time, cause.record, fresh, out);
        hit(plan.rule, {cause.record, cause.base, key, cause.time}, out);
      } else if (fired_before) {
        keep_further(plan_index, group, contribution.times, time, cause.record);
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

Windows::State::State(const RuleSet& set, const FieldNames& field_names, const WindowOptions& chosen, const SipHash& keyed)
    : rules(set), names(field_names), options(chosen), hash(keyed) {
  options.key.clear();
  now = options.now_ns;
  fed_by.resize(rules.rules.size());
  for (std::uint32_t i = 0; i < rules.rules.size(); ++i) {
    if (!rules.rules[i].window) continue;
    const Window& window = *rules.rules[i].window;
    std::vector<std::uint32_t> fed(window.inputs);
    std::sort(fed.begin(), fed.end());
    fed.erase(std::unique(fed.begin(), fed.end()), fed.end());
    for (std::uint32_t input : fed) fed_by[input].push_back(static_cast<std::uint32_t>(plans.size()));
    plans.push_back(plan_of(window, i));
  }
  plan_besides();
}

Windows::State::Plan Windows::State::plan_of(const Window& window, std::uint32_t rule) const {
  const auto reader = [this](const Subject& subject) { return SubjectReader(subject, names); };
  Plan plan;
  plan.rule = rule;
  plan.window = &window;
  plan.at_once = window.fires_at_once();
  if (plan.at_once && !window.bounds.empty()) {
    plan.most = 1;
    for (const Window::Bound& bound : window.bounds) plan.most = std::max(plan.most, std::floor(bound.number) + 1);
  }
  plan.threshold = threshold(window);
  for (const Subject& subject : window.group_by) plan.group_by.push_back(reader(subject));
  for (const Subject& subject : window.fields) plan.fields.push_back(reader(subject));
  for (const Window::Alias& alias : window.aliases) {
    plan.aliases.emplace_back();
    for (const auto& [input, subject] : alias.fields) plan.aliases.back().push_back(reader(subject));
  }
  if (window.aliases.empty() && plan.group_by.size() == 1 && plan.group_by[0].subject().places.size() == 1 &&
      plan.group_by[0].ids().size() == 1)
    plan.by_field = plan.group_by[0].ids()[0];
  return plan;
}

Windows::Windows(const RuleSet& rules, const FieldNames& names, WindowOptions options) {
  std::string secret = options.key;
  wipe(options.key);
  if (secret.empty()) {
    secret.resize(32);
    // The system's, since OpenSSL takes two milliseconds to make a generator of its own. Without randomness the hashes would be
    // guessable, not wrong; a program that cannot get 32 bytes has other worries.
    if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size()))
      std::memset(secret.data(), 0x5A, secret.size());
  }
  state_ = std::make_unique<State>(rules, names, options, SipHash(secret));
  wipe(secret);
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

  if (state.memory) {
    const auto timed = std::find_if(records.begin(), records.end(), [](const Record& one) { return one.time_known; });
    if (timed != records.end()) state.memory->watched(timed->time_ns);
  }

  constexpr std::size_t kSlotsAhead = 16, kGroupsAhead = 8;
  std::size_t at = 0;
  from = 0;
  for (std::size_t i = 0; i < records.size(); from = ends[i++]) {
    const Record& record = records[i];
    // Every record moves the time, hits or not: what is judged must not depend on where one run of records ends.
    if (record.time_known) {
      state.now = record.time_ns;
      state.close_until(state.now, out);
    }
    for (std::uint32_t rule : hits.subspan(from, ends[i] - from)) {
      const std::uint32_t more = state.beside_of[rule];
      if (more != State::kNoPlan && !state.let_through(state.besides[more], rule, record)) {
        at += state.fed_by[rule].size();
        continue;
      }
      if (!state.rules.rules[rule].silent) {
        out.push_back(match_of(rule, record));
        if (more != State::kNoPlan) out.back().group = state.alert_group(state.besides[more], rule, record);
      }
      if (more != State::kNoPlan) state.clear(state.besides[more], rule, record, out);
      for (std::uint32_t plan : state.fed_by[rule]) {
        if (at + kSlotsAhead < state.ahead.size()) {
          const State::Ahead& far = state.ahead[at + kSlotsAhead];
          const State::Ahead& near = state.ahead[at + kGroupsAhead];
          const State::Plan& plan_far = state.plans[far.plan];
          if (plan_far.below) plan_far.below->fetch(far.key);
          if (plan_far.groups.size() > 0) plan_far.groups.fetch_slot(far.key);
          if (state.plans[near.plan].groups.size() > 0) state.plans[near.plan].groups.fetch_group(near.key);
        }
        state.count(plan, rule, {&record, rule, 0, state.now}, state.ahead[at++].key, out);
      }
    }
  }
}

void Windows::take_further(std::vector<Match>& out) {
  State& state = *state_;
  for (const auto& [plan, key] : std::exchange(state.growing, {})) {
    Group* const group = state.plans[plan].groups.find(key);
    if (!group || !group->more || !std::exchange(group->more->growing, false)) continue;
    if (group->more->further > 0) state.tell_further(plan, *group);
    group->more->further_record = nullptr;
  }
  out.insert(out.end(), state.further.begin(), state.further.end());
  state.further.clear();
}

void Windows::finish(std::vector<Match>& out) {
  while (!state_->closing.empty()) {
    const auto [when, plan, group] = *state_->closing.begin();
    state_->judge(plan, group, when, out);
  }
}

WindowStats Windows::stats() const noexcept { return state_->stats; }

void Windows::set_cells(std::size_t cells) noexcept { state_->options.cells = cells; }

}  // namespace logystera::detect