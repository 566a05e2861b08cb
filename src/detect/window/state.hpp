// The inside of Windows: a plan for each window rule, and the groups it counts. Its own sources share it: windows.cpp counts,
// saved_state.cpp writes it down and reads it back.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "detect/attempts.hpp"
#include "detect/rule.hpp"
#include "detect/window/below_threshold.hpp"
#include "detect/window/groups.hpp"
#include "detect/window/sip_hash.hpp"
#include "detect/window/subject_reader.hpp"
#include "detect/windows.hpp"

namespace logystera::detect {

constexpr std::int64_t kNever = INT64_MIN;

// What a hit contributes to a window that counts it.
struct Contribution {
  bool counted = true;      // false: it has nothing the window counts
  double number = 0;        // sum, average, percentile
  std::uint64_t id = 0;     // distinct: hash of the value
  std::uint32_t times = 1;  // count: how many hits it is; distinct: how many attempts, which no bound is compared with
};

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
    std::vector<SubjectReader> group_by, fields;
    FieldId by_field = field::none;  // the records' field that is the whole of the group-by, if that is so simple
    std::vector<std::vector<SubjectReader>> aliases;  // alias → one for each of Alias::fields
    Groups groups;
    double threshold = 0;                // no group can fire before it measures that much; 0: cannot be said of the window
    std::unique_ptr<Attempts> attempts;  // of a window that counts attempts, from the first hit on
    std::unique_ptr<BelowThreshold> below;  // in front of the groups then, from the first hit on
    std::int64_t clock = kNever;            // time of the newest hit, as far as time goes forward
  };
  // What is asked about a detection's hit beyond the windows it feeds.
  struct Beside {
    std::vector<SubjectReader> seen;      // the fields of `seen:`
    std::uint32_t groups = kNoPlan;       // in alert_plans: how its alerts are grouped
    std::uint32_t ends_plan = kNoPlan;    // of a `clear:` whose rule is a window: its plan
    std::uint32_t ends_groups = kNoPlan;  // of a `clear:` whose rule is a detection: in alert_plans
  };
  static constexpr std::uint32_t kNoPlan = ~0u;
  std::vector<std::uint32_t> beside_of;  // rule → in `besides`, or kNoPlan: nothing is asked
  std::vector<Beside> besides;
  std::deque<Window> alert_windows;  // group_by of alerts, as windows that count nothing
  std::vector<Plan> alert_plans;
  std::unique_ptr<SeenMemory> own_seen;
  SeenValues* memory = nullptr;  // of rules with `seen:`; null: there are none

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
  // What groups counted beyond their firings: those that have something to tell, and what was told.
  std::vector<std::pair<std::uint32_t, GroupKey>> growing;
  std::vector<Match> further;

  // Why a rule fired: a record that came in through the detection `base`; or a window that was judged, which has no record
  // but its group and its time. Loading sees to it that windows over such a window ask for nothing more.
  struct Cause {
    const Record* record;
    std::uint32_t base;
    GroupKey group;
    std::int64_t time;
  };

  State(const RuleSet& set, const FieldNames& field_names, const WindowOptions& chosen, const SipHash& keyed);

  // The text of a group-by name in a record that came through `rule`, which may itself be a window over others.
  bool group_text(Plan& plan, std::size_t index, std::uint32_t input, std::uint32_t base, const Record& record,
                  std::string_view& text);
  GroupKey group_key(Plan& plan, std::uint32_t input, std::uint32_t base, const Record& record);
  void hit(std::uint32_t rule, const Cause& cause, std::vector<Match>& out);
  void count(std::uint32_t plan_index, std::uint32_t input, const Cause& cause, GroupKey group_id, std::vector<Match>& out);
  void forgive(std::uint32_t plan_index, std::uint32_t input, const Cause& cause, GroupKey group_id);
  Attempts& make_attempts(Plan& plan);
  Contribution contribution_of(Plan& plan, std::uint32_t input, const Record* record);
  void remember(const Plan& plan, Group& group, std::uint32_t input, const Contribution& contribution,
                std::int64_t time) const;
  Group& enter(std::uint32_t plan_index, std::uint32_t input, const Contribution& contribution, GroupKey key,
               std::int64_t& time);
  bool stays_below(std::uint32_t plan_index, const Contribution& contribution, GroupKey key, std::int64_t time);
  void enter_below(std::uint32_t plan_index, const BelowThreshold::Hit& hit);
  void make_below(std::uint32_t plan_index);
  void expire(const Plan& plan, Group& group, std::int64_t time) const;
  double measure(const Plan& plan, const Group& group, std::int64_t time) const;
  bool satisfied(const Plan& plan, double measure) const;
  std::uint64_t hits_in(const Plan& plan, const Group& group) const;
  void emit(const Plan& plan, GroupKey group_key, const Group& group, double value, std::int64_t time, const Record* record,
            std::uint64_t fresh, std::vector<Match>& out) const;
  void keep_further(std::uint32_t plan_index, Group& group, std::uint32_t times, std::int64_t time, const Record* record);
  void tell_further(std::uint32_t plan_index, Group& group);
  bool tells_further(const Plan& plan) const noexcept;
  std::uint64_t fresh_in(const Plan& plan, const Group& group, std::uint32_t times) const;
  void judge(std::uint32_t plan_index, GroupKey group, std::int64_t time, std::vector<Match>& out);
  void close_until(std::int64_t time, std::vector<Match>& out);
  void make_room();
  void drop_expired(std::uint32_t plan_index);
  void evict(std::uint32_t plan_index, Group& group);
  void seed_fired(std::uint32_t plan_index, GroupKey key, std::int64_t time);
  Plan plan_of(const Window& window, std::uint32_t rule) const;
  void plan_besides();
  // Whether the memory of the site lets a hit count; it is remembered either way.
  bool let_through(Beside& beside, std::uint32_t rule, const Record& record);
  GroupKey alert_group(const Beside& beside, std::uint32_t rule, const Record& record);
  // The end of a condition, if the hit is one.
  void clear(const Beside& beside, std::uint32_t rule, const Record& record, std::vector<Match>& out);
  // What the windows of these rules are, and what the key is: saved state of others is refused.
  std::uint64_t fingerprint() const;
};

}  // namespace logystera::detect
