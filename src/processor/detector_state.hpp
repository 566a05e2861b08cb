// What a Detector works with: one site's events at a time through the engine and its windows. Known to detector.cpp alone.
#pragma once

#include <fmt/core.h>
#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "analysis/who_reader.hpp"
#include "core/clock.hpp"
#include "detect/engine.hpp"
#include "detect/signal_context.hpp"
#include "parse/format.hpp"
#include "plugin/hook.hpp"
#include "processor/detector.hpp"
#include "processor/found.hpp"
#include "processor/site.hpp"
#include "redact/redactor.hpp"

namespace logystera::processor {

inline constexpr std::size_t kCellsLeast = 4'096;
inline constexpr std::size_t kTroubledMost = 100;                        // sites with damaged settings that are named
inline constexpr std::size_t kOwnNamesMost = FieldNames::kOwnNames / 2;  // beyond, a new table is begun between two steps
// A late run has ended after so many events of the site that were not late, or when it has become long: then a look costs no more than
// ten events for each late one.
inline constexpr std::uint64_t kEndOfLateRun = 1'000, kLookedAtForEach = 10;
inline constexpr std::int64_t kQuietSeconds = 30;  // or when the site has been quiet for so long

struct Detector::State {
  State(std::shared_ptr<const analysis::Program> given, DetectorOptions chosen)
      : program(std::move(given)), options(std::move(chosen)), redactor(program->pipeline().redaction()) {
    if (options.metering && program->metrics()) metering.emplace(*program->metrics(), *options.metering);
    if (metering && options.anomalies) anomalies.emplace(*program->metrics(), *options.anomalies);
    if (!program->engine()) {
      if (metering) renew_names();
      return;
    }
    session.emplace(*program->engine());
    if (program->pipeline().enrichers) enriching.emplace(*program->pipeline().enrichers);
    const std::vector<detect::Rule>& rules = program->rules().rules;
    fed_by.resize(rules.size());
    asked.resize(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) {
      asked[i] = rules[i].seen || rules[i].ends ||
                 (rules[i].is_detection() && rules[i].alert && !rules[i].alert->group_by.empty());
      asks_seen = asks_seen || rules[i].seen.has_value();
      watches = watches || rules[i].absence.has_value();
    }
    least_span.assign(rules.size(), std::numeric_limits<std::int64_t>::max());
    // Inputs come before the windows over them, so a detection that feeds a window feeds those over it too.
    for (std::uint32_t window = 0; window < rules.size(); ++window) {
      if (!rules[window].window) continue;
      const std::int64_t span = rules[window].window->span_ns / kSecondNs;
      longest = std::max(longest, span);
      std::set<std::uint32_t> inputs;
      for (const std::uint32_t input : rules[window].window->inputs) {
        if (!rules[input].window) inputs.insert(input);
        else
          for (std::uint32_t base = 0; base < input; ++base)
            if (std::find(fed_by[base].begin(), fed_by[base].end(), input) != fed_by[base].end()) inputs.insert(base);
      }
      for (const std::uint32_t input : inputs) {
        fed_by[input].push_back(window);
        least_span[input] = std::min(least_span[input], span);
      }
    }
    renew_names();
  }

  void renew_names() {
    parser.reset();
    contexts.clear();
    names = std::make_unique<FieldNames>(FieldNames::Over{program->names()});
    who.emplace(*names);
    const parse::Format* const format = program->formats().find("logystera_events");
    auto made = parse::make_parser(*format, {*names, parse::TimeContext(0, program->zone())});
    if (made) parser = std::move(made).value();
  }

  Site& site_of(std::string_view token, std::string_view name) {
    const auto known = sites.find(token);
    if (known != sites.end()) {
      if (!name.empty()) known->second.name = name;
      return known->second;
    }
    Site& made = sites[std::string(token)];
    made.token = token;
    made.name = name.empty() ? token : name;
    forget_seen(made);
    if (watches) made.absences = std::make_unique<detect::Absences>(program->rules());
    return made;
  }

  // What is damaged of a site's settings is as for all sites, and said: one site's must not stop the rest. Settings that the store cannot
  // read, as when the disk fails, must not be taken for none.
  Result<const detect::SignalContext*> context_of(const Input& event) {
    constexpr std::size_t kContextsMost = 10'000;
    const auto known = contexts.find(event.site);
    if (known != contexts.end() && known->second.entity() == event.name) return &known->second;
    if (contexts.size() >= kContextsMost) contexts.clear();
    detect::SignalContext::Site site;
    site.entity = event.name;
    analysis::Zone zone = program->zone();
    if (options.site_settings) {
      auto said = options.site_settings(event.site);
      if (!said) return said.error();
      note_trouble(event.site, said.value());
      if (!said->zone.empty())
        if (auto own = analysis::parse_zone(said->zone)) zone = std::move(own).value();
      if (!said->admin_roles.empty()) site.administrative = std::move(said->admin_roles);
    }
    site.offset_at = [zone = std::move(zone)](std::int64_t seconds) { return zone->offset_at(seconds); };
    return &contexts.insert_or_assign(std::string(event.site), detect::SignalContext(std::move(site), *names))
                .first->second;
  }

  void note_trouble(std::string_view site, const store::SiteSettings& said) {
    std::string words = said.damaged;
    if (!said.zone.empty() && !analysis::parse_zone(said.zone))
      words += fmt::format("{}there is no time zone {} here", words.empty() ? "" : ", ", said.zone);
    const auto known = troubled.find(site);
    if (words.empty() && known != troubled.end()) troubled.erase(known);
    if (words.empty() || (known == troubled.end() && troubled.size() >= kTroubledMost)) return;
    troubled.insert_or_assign(std::string(site), std::move(words));
  }
  // Of a site that sends nothing more, too.
  void look_at_troubled() {
    std::vector<std::string> sites_then;
    for (const auto& [token, words] : troubled) sites_then.push_back(token);
    for (const std::string& token : sites_then) {
      auto said = options.site_settings(token);
      if (!said) continue;  // the next event says so
      note_trouble(token, said.value());
      if (!troubled.contains(token)) contexts.erase(token);
    }
  }

  void forget_seen(Site& site) const {
    site.seen = std::make_unique<detect::SeenMemory>();
    site.seen_read = !asks_seen || !options.seen;
  }
  bool idle() const noexcept { return !session && !metering; }
  // `found`: where to what is unusual; null: it has been recorded already.
  Result<Done> meter(const Input& event, const Record& record, std::vector<Found>* found) {
    if (!metering) return Done{};
    const std::int64_t time = record.time_ns / kSecondNs;
    auto counted = metering->count(event.site, event.seq, record, time, event.received_at);
    if (!counted || !anomalies) return counted;
    return anomalies->count(event.site, event.name, event.seq, record, time, event.received_at, found);
  }

  // Of sites that are quiet at once; and every day of series nobody counts into any more, by a clock that may be set back.
  void give_metrics_room(std::int64_t now) {
    constexpr std::int64_t kIdle = 3'600, kEvery = 24 * kIdle;
    if (!metering) return;
    metering->forget(now - kIdle);
    if (metered_anew == 0 || now < metered_anew) metered_anew = now;
    if (now - metered_anew >= kEvery && metering->renew()) metered_anew = now;
  }

  // Reads what is stored of what the site has shown, once: what cannot be read must not be taken for new, nor be written over.
  Result<Done> know(Site& site) const {
    if (site.seen_read) return Done{};
    auto stored = options.seen(site.token);
    if (!stored) return stored.error();
    for (store::SeenValue& one : stored.value())
      site.seen->load({std::move(one.rule), one.value, {one.first_ns, one.last_ns}, false});
    site.seen_read = true;
    return Done{};
  }
  static void take_seen(Site& site, Effects& effects) {
    NewlySeen changes{site.token, {}};
    for (detect::SeenMemory::Entry& one : site.seen->take_changes())
      changes.values.push_back({std::move(one.rule), one.value, one.times.first_ns, one.times.last_ns, one.forgotten});
    if (!changes.values.empty()) effects.seen.push_back(std::move(changes));
  }

  detect::Windows& windows_of(Site& site) {
    if (site.windows) return *site.windows;
    detect::WindowOptions chosen;
    chosen.cells = options.cells;
    chosen.key = options.key;
    chosen.seen = site.seen.get();
    chosen.clears = true;
    site.windows = std::make_unique<detect::Windows>(program->rules(), program->names(), std::move(chosen));
    ++with_windows;
    share_out();
    return *site.windows;
  }
  void drop_windows(Site& site) {
    if (!site.windows) return;
    gone_forgotten += site.windows->stats().forgotten;
    site.windows.reset();
    site.counted.clear();
    --with_windows;
    share_out();
  }
  void share_out() {
    const std::size_t share = std::max(kCellsLeast, options.cells / std::max<std::size_t>(with_windows, 1));
    for (auto& [token, site] : sites)
      if (site.windows) site.windows->set_cells(share);
  }

  // Reads the lines of the events into `batch`: of each event a record, whose line is the event's seq.
  Result<Done> read(std::span<const Input> events) {
    if (names->size() > program->names().size() + kOwnNamesMost) renew_names();
    batch.clear();
    std::size_t bytes = 0;
    for (const Input& event : events) bytes += event.line.size() + 1;
    batch.text.resize(bytes);
    char* at = batch.text.data();
    for (const Input& event : events) {
      std::copy(event.line.begin(), event.line.end(), at);
      const std::string_view line(at, event.line.size());
      at += event.line.size();
      *at++ = '\n';
      Record& record = batch.records.emplace_back();
      record.kind = RecordKind::signal;
      batch.begin_fields();
      const bool parsed = parser && parser->read(line, batch, record) == parse::LineRead::record;
      if (!parsed) {
        batch.drop_fields();
        record = Record();
        record.kind = RecordKind::signal;
        record.message = line;
      }
      batch.end_fields(record);
      record.parsed = parsed;
      record.format = "logystera_events";
      record.raw = line;
      record.line = event.seq;
      record.source = event.name;
      if (record.host.empty()) record.host = event.name;
      record.time_ns = time_of_event(event) * kSecondNs;
      record.time_known = true;
      const auto context = context_of(event);
      if (!context) return context.error();
      context.value()->add_to(record, batch);
    }
    if (enriching) enriching->enrich(batch, *names);
    return Done{};
  }

  static std::int64_t time_of_event(const Input& event) noexcept {
    return std::clamp<std::int64_t>(event.created_at, 0, std::max<std::int64_t>(event.received_at, 0));
  }

  std::uint32_t group_of(const detect::Window& window, const Record& record) const {
    std::string text;
    for (const detect::Subject& subject : window.group_by) {
      text += '\0';
      text += text_of(subject, record);
    }
    return static_cast<std::uint32_t>(std::hash<std::string>{}(text));
  }
  std::string_view text_of(const detect::Subject& subject, const Record& record) const {
    for (const detect::Place& place : subject.places)
      if (place.part == detect::Part::field)
        if (const Value* value = record.find(names->find(place.name)); value && value->kind != Value::Kind::null)
          return value->text();
    return {};
  }

  void note(Site& site, std::uint32_t hit, const Record& record) const {
    for (const std::uint32_t window : fed_by[hit]) {
      if (site.counted.size() == kCountedMost) site.counted.pop_front();
      site.counted.push_back(
          {window, group_of(*program->rules().rules[window].window, record), record.time_ns / kSecondNs, record.line});
    }
  }

  // One event of a site, in its turn.
  void count(Site& site, const Record& record, std::int64_t received, bool effects_wanted, Effects& effects) {
    const std::int64_t time = record.time_ns / kSecondNs;
    if (site.clock != INT64_MIN && received + longest < site.clock) {
      drop_windows(site);  // the gateway's own clock was ahead, and was set back
      site.clock = INT64_MIN;
    }
    const std::int64_t behind = site.clock == INT64_MIN ? 0 : site.clock - time;
    site.clock = std::max(site.clock, time);
    site.received = received;
    site.seen_seq = record.line;
    if (site.unsaved == 0) site.unsaved = record.line;
    const auto found = session->match(record);
    hits.assign(found.begin(), found.end());
    matches.clear();
    bool counts = false, late = false;
    std::size_t left = 0;
    for (const std::uint32_t hit : hits) {
      if (behind > least_span[hit]) {
        late = true;
        if (!program->rules().rules[hit].silent) matches.push_back(detect::match_of(hit, record));
        continue;
      }
      hits[left++] = hit;
      counts = counts || asked[hit];
      if (!fed_by[hit].empty()) {
        counts = true;
        note(site, hit, record);
      }
    }
    hits.resize(left);
    if (late) {
      site.late_from = site.late == 0 ? time : std::min(site.late_from, time);
      site.late_to = site.late == 0 ? time : std::max(site.late_to, time);
      ++site.late;
      ++late_events;
      site.since_late = 0;
    } else if (site.late > 0) {
      ++site.since_late;
    }
    // Time that goes back is the late event's own.
    if (counts || (site.windows && behind <= 0)) {
      windows_of(site).feed(record, hits, matches);
    } else {
      for (const std::uint32_t hit : hits)
        if (!program->rules().rules[hit].silent) matches.push_back(detect::match_of(hit, record));
    }
    if (site.absences) site.absences->note(record, received * kSecondNs, matches);
    if (effects_wanted && !matches.empty()) tell(site, matches, &record, false, effects);
  }

  void tell(Site& site, const std::vector<detect::Match>& all, const Record* record, bool again, Effects& effects) {
    // The groups of windows first, as they are before redaction.
    std::vector<Found> made;
    for (const detect::Match& match : all) {
      const detect::Rule& rule = program->rules().rules[match.rule];
      if (rule.level == detect::Level::informational) continue;
      Found one = found_of(site, rule, match, again);
      if (rule.window && !again) {
        const std::uint32_t group = record ? group_of(*rule.window, *record) : 0;
        for (const Counted& counted : site.counted)
          if (counted.window == match.rule && (!record || counted.group == group) && counted.time >= one.finding.first_time)
            one.finding.evidence.push_back(counted.seq);
      }
      if (match.record) one.finding.evidence.push_back(match.record->line);
      made.push_back(std::move(one));
    }
    if (made.empty()) return;
    if (record) {
      Record shown = *record;
      std::vector<Value> values(record->begin(), record->end());
      shown.fields = values.data();
      redactor.begin_source();
      redactor.redact(shown, redacted, *names);
      for (std::size_t i = 0, m = 0; i < all.size() && m < made.size(); ++i) {
        const detect::Rule& rule = program->rules().rules[all[i].rule];
        if (rule.level == detect::Level::informational) continue;
        store::Finding& finding = made[m++].finding;
        if (!all[i].record) continue;
        finding.message = std::string(shown.message.empty() ? shown.raw : shown.message);
        finding.who = who->read(rule, shown);
        if (!rule.window && !rule.alert) continue;
        for (const detect::Subject& subject : rule.window ? rule.window->group_by : rule.alert->group_by) {
          const std::string_view text = text_of(subject, shown);
          if (text.empty()) continue;
          finding.group_label += (finding.group_label.empty() ? "" : ", ") + subject.written + "=" + std::string(text);
        }
      }
    }
    for (Found& one : made) effects.found.push_back(std::move(one));
  }

  bool late_run_is_over(const Site& site) const noexcept {
    return site.late > 0 &&
           (site.since_late >= kEndOfLateRun || site.late >= std::max(kEndOfLateRun, site.looked_at / kLookedAtForEach));
  }

  // Asks the windows about the late range once more, in the order of time, with all that is stored up to `through`.
  Result<Done> look_again(Site& site, std::uint64_t through, std::int64_t now, Effects& effects) {
    struct Stored {
      std::int64_t time;
      std::uint64_t seq;
      std::size_t at, size;
      std::int64_t created_at, received_at;
    };
    const std::int64_t from = site.late_from, to = site.late_to;
    const std::uint64_t late = std::exchange(site.late, 0);
    site.since_late = 0;
    std::vector<Stored> events;
    std::string lines;
    bool too_many = false;
    auto read_all = options.read(site.token, from - longest, to + longest, through, [&](const Input& event) {
      too_many = events.size() == kReevaluatedEvents || lines.size() + event.line.size() > kReevaluatedBytes;
      if (too_many) return false;
      events.push_back(
          {time_of_event(event), event.seq, lines.size(), event.line.size(), event.created_at, event.received_at});
      lines += event.line;
      return true;
    });
    if (!read_all) {
      site.late = late;
      return read_all;
    }
    site.looked_at = events.size();
    if (too_many) {
      effects.unevaluated.push_back({site.token, from, to, late,
                                     fmt::format("more than {} events, or {} MiB of them, lie around what came late",
                                                 kReevaluatedEvents, kReevaluatedBytes >> 20),
                                     now});
      return Done{};
    }
    reevaluated += events.size();
    std::sort(events.begin(), events.end(),
              [](const Stored& a, const Stored& b) { return a.time != b.time ? a.time < b.time : a.seq < b.seq; });
    detect::Windows scratch(program->rules(), program->names(),
                            detect::WindowOptions{.cells = std::max(kCellsLeast, options.cells / 4), .key = options.key});
    constexpr std::size_t kAtOnce = 1024;
    std::vector<Input> inputs;
    std::vector<detect::Match> fired, kept;
    const auto overlaps = [&](const detect::Match& match) {
      return program->rules().rules[match.rule].window && match.time_ns >= from * kSecondNs &&
             match.first_ns <= to * kSecondNs;
    };
    for (std::size_t begin = 0; begin < events.size(); begin += kAtOnce) {
      inputs.clear();
      for (std::size_t i = begin; i < std::min(events.size(), begin + kAtOnce); ++i) {
        const Stored& one = events[i];
        inputs.push_back({one.seq, site.token, site.name, one.created_at, one.received_at,
                          std::string_view(lines).substr(one.at, one.size)});
      }
      if (auto done = read(inputs); !done) return done;
      for (const Record& record : batch.records) {
        const auto found = session->match(record);
        hits.assign(found.begin(), found.end());
        fired.clear();
        scratch.feed(record, hits, fired);
        kept.clear();
        std::copy_if(fired.begin(), fired.end(), std::back_inserter(kept), overlaps);
        if (!kept.empty()) tell(site, kept, &record, true, effects);
      }
    }
    fired.clear();
    scratch.finish(fired);
    kept.clear();
    std::copy_if(fired.begin(), fired.end(), std::back_inserter(kept), overlaps);
    if (!kept.empty()) tell(site, kept, nullptr, true, effects);
    gone_forgotten += scratch.stats().forgotten;
    return Done{};
  }

  const std::shared_ptr<const analysis::Program> program;
  const DetectorOptions options;
  std::optional<detect::Session> session;
  std::optional<plugin::EnrichSession> enriching;
  std::optional<Metering> metering;
  std::int64_t metered_anew = 0;  // when the room of series was counted anew, unix seconds; 0: not yet
  std::optional<Anomalies> anomalies;
  redact::Redactor redactor;
  std::unique_ptr<FieldNames> names;
  std::optional<analysis::WhoReader> who;  // of `names`
  std::unique_ptr<parse::LineParser> parser;
  RecordBatch batch, step;
  Arena redacted;                                  // of the step
  std::vector<std::vector<std::uint32_t>> fed_by;  // detection → windows that count it, through others too
  std::vector<bool> asked;                         // detections that windows are asked about even where none counts them
  bool asks_seen = false;                          // a rule asks for what is new
  bool watches = false;                            // a rule asks for what stays away
  std::map<std::string, detect::SignalContext, std::less<>> contexts;  // of sites, for `names`
  std::map<std::string, std::string, std::less<>> troubled;            // sites whose settings are damaged, and which
  std::vector<std::int64_t> least_span;  // detection → seconds; the most there is: no window counts it
  std::int64_t longest = 0;
  std::map<std::string, Site, std::less<>> sites;
  std::size_t with_windows = 0;
  std::uint64_t late_events = 0, reevaluated = 0, gone_forgotten = 0;
  std::vector<std::uint32_t> hits;
  std::vector<detect::Match> matches;
};

}  // namespace logystera::processor
