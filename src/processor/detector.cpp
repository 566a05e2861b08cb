#include "processor/detector.hpp"

#include <algorithm>

#include "processor/detector_state.hpp"

namespace logystera::processor {

Detector::Detector(std::shared_ptr<const analysis::Program> program, DetectorOptions options)
    : state_(std::make_unique<State>(std::move(program), std::move(options))) {}
Detector::~Detector() = default;

Result<Done> Detector::process(std::span<const Input> events, Effects& effects) {
  State& state = *state_;
  if (state.idle()) return Done{};
  state.redacted.clear();
  if (auto read = state.read(events); !read) return read;
  RecordBatch& records = state.step;
  records.swap(state.batch);  // a look at late events needs the other one
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (auto metered = state.meter(events[i], records.records[i], &effects.found); !metered) return metered;
    if (!state.session) continue;
    Site& site = state.site_of(events[i].site, events[i].name);
    if (auto known = state.know(site); !known) return known;
    state.count(site, records.records[i], events[i].received_at, true, effects);
    if (!state.late_run_is_over(site)) continue;
    if (auto looked = state.look_again(site, events[i].seq, events[i].received_at, effects); !looked) return looked;
    // So that a restart, which does not look again, goes on from behind it.
    effects.windows.push_back({site.token, site.seen_seq, site.saved()});
    site.unsaved = 0;
  }
  return Done{};
}

Result<Done> Detector::warm(std::span<const Input> events, std::uint64_t windows_after) {
  State& state = *state_;
  if (state.idle()) return Done{};
  if (auto read = state.read(events); !read) return read;
  Effects none;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (auto metered = state.meter(events[i], state.batch.records[i], nullptr); !metered) return metered;
    if (!state.session || events[i].seq <= windows_after) continue;
    Site& site = state.site_of(events[i].site, events[i].name);
    if (events[i].seq <= site.seen_seq) continue;
    if (auto known = state.know(site); !known) return known;
    state.count(site, state.batch.records[i], events[i].received_at, false, none);
  }
  return Done{};
}

void Detector::forget_settings() { state_->contexts.clear(); }

void Detector::take_seen(Effects& effects) {
  for (auto& [token, site] : state_->sites) State::take_seen(site, effects);
}

void Detector::take_metrics(Effects& effects) {
  if (state_->metering) state_->metering->take(effects.metrics, effects.left_out);
  if (state_->anomalies) state_->anomalies->take(effects.usual);
}

bool Detector::has_metrics() const noexcept { return state_->metering && !state_->metering->empty(); }

Result<Done> Detector::tick(std::int64_t now, Effects& effects, bool judge_absences) {
  State& state = *state_;
  state.give_metrics_room(now);
  constexpr std::int64_t kMeteredIdle = 3'600;
  if (state.anomalies) state.anomalies->forget(now - kMeteredIdle);
  if (!state.session) return Done{};
  state.look_at_troubled();
  SitesAway away;
  if (state.watches && state.options.may_not_send) {
    auto found = state.options.may_not_send();
    if (!found) return found.error();
    away = std::move(found).value();
  }
  for (auto at = state.sites.begin(); at != state.sites.end();) {
    Site& site = at->second;
    if (site.received == INT64_MIN) site.received = now;  // what it has found is known, and none of its events
    const std::int64_t quiet = now - site.received;
    if (site.late > 0 && quiet >= kQuietSeconds) {
      if (auto looked = state.look_again(site, site.seen_seq, now, effects); !looked) return looked;
      if (site.unsaved == 0) site.unsaved = site.seen_seq;
      save(site.seen_seq, SIZE_MAX, effects);
    }
    const bool rests = away.resting.contains(site.token);
    if ((judge_absences || rests) && site.absences) {
      std::vector<detect::Match> missing;
      bool changed = false;
      if (rests) changed = site.absences->rest(now * kSecondNs, missing);
      else site.absences->tick(now * kSecondNs, missing);
      if (!missing.empty()) state.tell(site, missing, nullptr, false, effects);
      if (changed || !missing.empty()) {
        // That it has been said is stored with it.
        effects.windows.push_back({site.token, site.seen_seq, site.saved()});
        site.unsaved = 0;
      }
    }
    if (quiet < 2 * std::max(state.longest, kQuietSeconds)) {
      ++at;
      continue;
    }
    // Nothing it has counted can matter any more.
    if (site.windows) {
      std::vector<detect::Match> last;
      site.windows->finish(last);
      if (!last.empty()) state.tell(site, last, nullptr, false, effects);
      state.drop_windows(site);
    }
    State::take_seen(site, effects);
    if (site.absences && !away.gone.contains(site.token)) {  // what it is known by when it says nothing
      if (site.unsaved != 0) {
        effects.windows.push_back({site.token, site.seen_seq, site.saved()});
        site.unsaved = 0;
      }
      state.forget_seen(site);
      ++at;
      continue;
    }
    effects.forgotten_sites.push_back(site.token);
    at = state.sites.erase(at);
  }
  return Done{};
}

bool Detector::restore(const store::SiteWindows& saved) {
  State& state = *state_;
  if (!state.session) return true;
  Site& site = state.site_of(saved.site, {});
  std::string_view text = saved.state;
  site.seen_seq = saved.seq;
  bool good = site.take(text);
  if (good && !text.empty()) good = state.windows_of(site).restore(text).ok();
  if (good) return true;
  state.drop_windows(site);
  site.counted.clear();
  site.seen_seq = 0;
  site.late = 0;
  return false;
}

void Detector::seed(const store::Finding& finding) {
  State& state = *state_;
  std::uint64_t group = 0;
  if (!state.session || finding.group.size() != sizeof group) return;
  std::memcpy(&group, finding.group.data(), sizeof group);
  const std::vector<detect::Rule>& rules = state.program->rules().rules;
  for (std::uint32_t rule = 0; rule < rules.size(); ++rule) {
    if (rules[rule].id == finding.rule && rules[rule].window && rules[rule].window->fires_at_once())
      state.windows_of(state.site_of(finding.site, {})).seed_fired(rule, group, finding.time * kSecondNs);
  }
}

std::uint64_t Detector::first_unsaved() const {
  std::uint64_t first = 0;
  for (const auto& [token, site] : state_->sites)
    if (site.unsaved != 0 && (first == 0 || site.unsaved < first)) first = site.unsaved;
  return first;
}

void Detector::save(std::uint64_t through, std::size_t bytes, Effects& effects) {
  std::vector<Site*> due;
  for (auto& [token, site] : state_->sites)
    if (site.unsaved != 0 && site.unsaved <= through) due.push_back(&site);
  std::sort(due.begin(), due.end(), [](const Site* a, const Site* b) { return a->unsaved < b->unsaved; });
  std::size_t written = 0;
  for (Site* site : due) {
    if (written >= bytes) return;
    effects.windows.push_back({site->token, site->seen_seq, site->saved()});
    written += effects.windows.back().state.size();
    site->unsaved = 0;
  }
}

std::int64_t Detector::longest_span() const noexcept { return state_->longest; }

DetectorStats Detector::stats() const {
  DetectorStats stats;
  stats.sites = state_->sites.size();
  stats.sites_with_windows = state_->with_windows;
  stats.late = state_->late_events;
  stats.reevaluated = state_->reevaluated;
  stats.forgotten = state_->gone_forgotten;
  for (const auto& [token, site] : state_->sites)
    if (site.windows) stats.forgotten += site.windows->stats().forgotten;
  stats.damaged_settings.assign(state_->troubled.begin(), state_->troubled.end());
  return stats;
}

const std::shared_ptr<const analysis::Program>& Detector::program() const noexcept { return state_->program; }

}  // namespace logystera::processor
