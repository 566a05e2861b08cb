// The life of three sites, everything that can happen to them included, through the detector: the same findings however it is cut, whenever
// it is made anew, with rules that were compiled and rules out of the cache, and those the oracle has.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "core/clock.hpp"
#include "detect/incidents.hpp"
#include "detect/signal_context.hpp"
#include "oracle/rule_oracle.hpp"
#include "oracle/window_oracle.hpp"
#include "parse/format.hpp"
#include "parse/source.hpp"
#include "processor/detector.hpp"
#include "script.hpp"

using namespace logystera;
using namespace logystera::processor;
using namespace logystera::testing;
using logystera::test::Incidents;
using logystera::test::Weeks;

namespace {

using Findings = std::multiset<std::string>;

const std::vector<Weeks::Line>& life() {
  static const std::vector<Weeks::Line> lines = [] {
    Incidents weeks(4);
    weeks.quiet(7);
    weeks.attack(1);
    weeks.all(2);
    return weeks.take();
  }();
  return lines;
}

std::string token_of(int site) { return "ent_" + std::string(Weeks::kNames[site]); }

std::vector<Input> inputs_of(int only = -1) {
  static std::vector<std::string> tokens, names;
  if (tokens.empty())
    for (int site = 0; site < Weeks::kSites; ++site) {
      tokens.push_back(token_of(site));
      names.emplace_back(Weeks::kNames[site]);
    }
  std::vector<Input> inputs;
  std::uint64_t seq = 0;
  for (const Weeks::Line& line : life()) {
    ++seq;
    if (only >= 0 && line.site != only) continue;
    const auto site = static_cast<std::size_t>(line.site);
    inputs.push_back({seq, tokens[site], names[site], line.time, line.time, line.text});
  }
  return inputs;
}

/// A program whose rules came out of the cache, which an earlier start has filled.
std::shared_ptr<const analysis::Program> cached_program() {
  Scratch home;
  const char* const before[] = {std::getenv("XDG_CACHE_HOME"), std::getenv("XDG_STATE_HOME")};
  const std::string kept[] = {before[0] ? before[0] : "", before[1] ? before[1] : ""};
  ::setenv("XDG_CACHE_HOME", home.file("cache").c_str(), 1);
  ::setenv("XDG_STATE_HOME", home.file("state").c_str(), 1);
  std::shared_ptr<const analysis::Program> program;
  bool from_cache = false;
  for (int start = 0; start < 2; ++start) {
    analysis::ProgramOptions options;
    options.salt = "salt";
    options.timezone = "UTC";
    options.rule_cache = options.say_origins = true;
    analysis::ProgramNotes notes;
    program = std::move(analysis::Program::make(options, notes)).value();
    for (const std::string& warning : notes.warnings)
      from_cache = from_cache || warning.find("from the cache") != std::string::npos;
  }
  for (int i = 0; i < 2; ++i) {
    const char* const name = i == 0 ? "XDG_CACHE_HOME" : "XDG_STATE_HOME";
    if (before[i]) ::setenv(name, kept[i].c_str(), 1);
    else ::unsetenv(name);
  }
  REQUIRE(from_cache);
  return program;
}

std::string hex(const std::string& bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

std::unique_ptr<Detector> detector_of(const std::shared_ptr<const analysis::Program>& program, Bench& bench) {
  DetectorOptions options;
  options.key = "key";
  options.read = [](std::string_view, std::int64_t, std::int64_t, std::uint64_t, const std::function<bool(const Input&)>&) {
    return Result<Done>(Done{});
  };
  options.seen = [&bench](std::string_view site) { return bench.store->seen().list(site); };
  return std::make_unique<Detector>(program, std::move(options));
}

/// What is found, with the windows' part of it; `cut` gives the size of the next step, and whether the detector dies before that.
template <typename Cut>
Findings found(const std::shared_ptr<const analysis::Program>& program, const std::vector<Input>& inputs, Cut cut) {
  Bench bench;
  for (int site = 0; site < Weeks::kSites; ++site) bench.site(token_of(site));
  Findings out;
  Position position;
  auto detector = detector_of(program, bench);
  for (std::size_t at = 0; at < inputs.size();) {
    const auto [wanted, dies, commits] = cut(at);
    if (dies) {
      detector = detector_of(program, bench);
      for (const store::SiteWindows& saved : bench.store->site_windows().list().value()) REQUIRE(detector->restore(saved));
      std::vector<Input> before;
      for (const Input& event : inputs)
        if (event.seq > position.warm && event.seq <= position.seq) before.push_back(event);
      REQUIRE(detector->warm(before).ok());
    }
    const std::size_t size = std::min<std::size_t>(std::max<std::size_t>(1, wanted), inputs.size() - at);
    Effects effects;
    REQUIRE(detector->process(std::span(inputs).subspan(at, size), effects).ok());
    if (!commits) {  // what was found is not stored: it dies now, and the next looks again
      detector = detector_of(program, bench);
      for (const store::SiteWindows& saved : bench.store->site_windows().list().value()) REQUIRE(detector->restore(saved));
      std::vector<Input> before;
      for (const Input& event : inputs)
        if (event.seq > position.warm && event.seq <= position.seq) before.push_back(event);
      REQUIRE(detector->warm(before).ok());
      continue;
    }
    at += size;
    position.seq = inputs[at - 1].seq;
    detector->take_seen(effects);
    if (position.seq - position.warm > 500) detector->save(position.seq - 100, SIZE_MAX, effects);
    const std::uint64_t first = detector->first_unsaved();
    position.warm = first == 0 ? position.seq : first - 1;
    for (const Found& one : effects.found)
      out.insert(fmt::format("{} {} {} {} {} {} {}", one.finding.rule, one.finding.site, one.finding.first_time,
                             one.finding.time, hex(one.finding.group), one.finding.hits, one.clears));
    effects.found.clear();
    bench.keep(effects);
  }
  return out;
}

struct Step {
  std::size_t size;
  bool dies, commits;
};

const Findings& whole() {
  static const Findings findings = found(signal_program(), inputs_of(), [](std::size_t) {
    return Step{4096, false, true};
  });
  return findings;
}

/// What the oracle has of detections and of windows over detections, as "rule site time".
Findings naive() {
  const auto program = signal_program();
  const std::vector<detect::Rule>& rules = program->rules().rules;
  Findings out;
  for (int site = 0; site < Weeks::kSites; ++site) {
    FieldNames names(FieldNames::Over{program->names()});
    const parse::Format* const format = program->formats().find("logystera_events");
    auto parser = std::move(parse::make_parser(*format, {names, parse::TimeContext(0, program->zone())})).value();
    const detect::SignalContext context({std::string(Weeks::kNames[site]), nullptr, {"administrator"}}, names);
    std::map<std::uint32_t, std::vector<oracle::WindowHit>> hits;  // window → its hits
    for (const Weeks::Line& line : life()) {
      if (line.site != site) continue;
      RecordBatch batch;
      batch.text.resize(line.text.size());
      std::copy(line.text.begin(), line.text.end(), batch.text.data());
      Record& record = batch.records.emplace_back();
      record.kind = RecordKind::signal;
      batch.begin_fields();
      REQUIRE(parser->read({batch.text.data(), line.text.size()}, batch, record) == parse::LineRead::record);
      batch.end_fields(record);
      record.format = "logystera_events";
      record.raw = {batch.text.data(), line.text.size()};
      record.time_ns = line.time * kSecondNs;
      record.time_known = true;
      context.add_to(record, batch);
      const auto text = [&](const detect::Subject& subject) {
        bool there = false;
        const auto seen = oracle::look(subject, record, names, there);
        return seen.empty() ? std::string(there ? "=" : "-") : "=" + seen.front().text;
      };
      std::vector<std::uint32_t> hit;
      for (std::uint32_t i = 0; i < rules.size(); ++i) {
        if (!rules[i].when || rules[i].seen || !oracle::hits(rules[i], record, names)) continue;
        hit.push_back(i);
        if (!rules[i].silent && rules[i].level != detect::Level::informational)
          out.insert(fmt::format("{} {} {}", rules[i].id, token_of(site), line.time));
      }
      for (std::uint32_t i = 0; i < rules.size(); ++i) {
        if (!rules[i].window) continue;
        for (const std::uint32_t input : hit) {
          const auto& inputs = rules[i].window->inputs;
          if (std::find(inputs.begin(), inputs.end(), input) == inputs.end()) continue;
          std::string group, value;
          for (const detect::Subject& subject : rules[i].window->group_by) group += text(subject) + "\n";
          for (const detect::Subject& subject : rules[i].window->fields) value += text(subject) + "\n";
          hits[i].push_back({line.time * kSecondNs, input, group, value, 0,
                             rules[i].window->kind != detect::Window::Kind::distinct || value[0] == '='});
        }
      }
    }
    for (const auto& [window, of_it] : hits)
      for (const auto& [time, group] : oracle::firings_as_they_come(*rules[window].window, of_it))
        out.insert(fmt::format("{} {} {}", rules[window].id, token_of(site), time / kSecondNs));
  }
  return out;
}

// Windows the naive count can do: over detections alone, under one name for each field, of hits that are all alike.
std::set<std::string> counted_naively() {
  const std::vector<detect::Rule>& rules = signal_program()->rules().rules;
  std::set<std::string> out;
  for (const detect::Rule& rule : rules) {
    if (!rule.id.starts_with("SIGNAL_") || rule.seen || rule.absence || rule.silent) continue;
    if (rule.window) {
      if (!rule.window->aliases.empty() || rule.window->attempts || !rule.window->fires_at_once()) continue;
      if (std::any_of(rule.window->inputs.begin(), rule.window->inputs.end(),
                      [&](std::uint32_t input) { return rules[input].window || rules[input].seen; }))
        continue;
    }
    out.insert(rule.id);
  }
  return out;
}

}  // namespace

TEST_CASE("a_detector_finds_in_the_life_of_sites_what_the_oracle_finds") {
  const std::set<std::string> rules = counted_naively();
  CHECK(rules.size() > 80);
  Findings wanted, got;
  for (const std::string& one : naive())
    if (rules.contains(one.substr(0, one.find(' ')))) wanted.insert(one);
  for (const std::string& one : whole()) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at <= one.size();) {
      const std::size_t end = std::min(one.find(' ', at), one.size());
      words.push_back(one.substr(at, end - at));
      at = end + 1;
    }
    if (rules.contains(words[0]) && words.back() == "false") got.insert(words[0] + " " + words[1] + " " + words[3]);
  }
  CHECK(wanted.size() > 500);
  CHECK(got == wanted);
}

TEST_CASE("rules_out_of_the_cache_find_the_same_in_the_life_of_sites") {
  CHECK(found(cached_program(), inputs_of(), [](std::size_t) { return Step{4096, false, true}; }) == whole());
}

TEST_CASE("the_life_of_sites_cut_at_any_place_by_detectors_that_die_there_gives_the_same") {
  const auto cached = cached_program();
  for (const unsigned seed : {1u, 2u, 3u}) {
    std::mt19937 random(seed);
    CHECK(found(seed % 2 == 0 ? signal_program() : cached, inputs_of(), [&](std::size_t) {
            return Step{random() % 300, random() % 5 == 0, random() % 7 != 0};
          }) == whole());
  }
}

TEST_CASE("each_site_by_itself_gives_what_it_gives_among_the_others") {
  Findings all;
  for (int site = 0; site < Weeks::kSites; ++site)
    all.merge(found(signal_program(), inputs_of(site), [](std::size_t) { return Step{777, false, true}; }));
  CHECK(all == whole());
}
