#include "analysis/trial.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "analysis/rules.hpp"
#include "analysis/stage.hpp"
#include "detect/explain.hpp"
#include "detect/known.hpp"
#include "detect/loader.hpp"
#include "detect/packs.hpp"
#include "detect/words.hpp"
#include "redact/labels.hpp"
#include "source/memory_source.hpp"
#include "store/text.hpp"

namespace logystera::analysis {
namespace {

using detect::Expression;

constexpr std::string_view kSource = "tried";
constexpr std::size_t kWindowCells = 4096;
constexpr std::size_t kFieldsShown = 64, kFieldBytes = 1024;
constexpr std::size_t kRulesTried = 20;
constexpr std::uint64_t kSampleRecords = 200'000;  // of a draft, in all

// What one engine says of lines to one rule.
class Trying {
 public:
  Trying(const Program& program, const detect::Engine& engine, FieldNames& names, std::uint32_t rule)
      : program_(program), engine_(engine), names_(names), rule_(rule) {
    options_ = program.pipeline();
    options_.mode = redact::Mode::redact;  // whatever the program is set to: what comes back may be read by others
    options_.window_cells = kWindowCells;
    add_detections(rule);
  }

  Result<Trial> run(std::string_view lines, const std::string& format) {
    options_.source.format = format.empty() ? options_.source.format : format;
    if (auto read = look(lines); !read) return read.error();
    take_through(lines);
    explain();
    return std::move(trial_);
  }

 private:
  struct Detection {
    std::uint32_t rule;
    detect::Explanation explained;
  };

  // The detections whose hits decide: the rule itself, or all that is counted, however indirectly.
  void add_detections(std::uint32_t rule) {
    if (!met_.insert(rule).second) return;
    const detect::Rule& known = engine_.rules().rules[rule];
    if (known.is_window()) {
      for (const std::uint32_t input : known.window->inputs) add_detections(input);
      return;
    }
    detections_.push_back({rule, detect::explain(engine_, rule)});
    for (std::string& words : detect::words_of(detections_.back().explained.scope)) {
      if (std::find(trial_.scope.begin(), trial_.scope.end(), words) == trial_.scope.end())
        trial_.scope.push_back(std::move(words));
    }
  }

  std::unique_ptr<source::MemorySource> open(std::string_view lines) const {
    return std::make_unique<source::MemorySource>(lines, std::string(kSource), program_.formats(), names_, options_.source);
  }

  // Before redaction: which parts of which condition hold.
  Result<Done> look(std::string_view lines) {
    detect::Session session(engine_);
    if (!options_.declared.empty()) session.declare(options_.declared);
    std::optional<plugin::EnrichSession> enriching;
    if (options_.enrichers) enriching.emplace(*options_.enrichers);
    const auto log = open(lines);
    RecordBatch batch;
    for (;;) {
      auto state = log->next(batch, std::chrono::milliseconds(0));
      if (!state) return state.error();
      if (state.value() != source::State::records) break;
      if (enriching) enriching->enrich(batch, names_);
      for (const Record& record : batch.records) look_at(session, record);
    }
    const auto part = log->part();
    if (part->problem && trial_.records == 0) return Error{part->problem->message, ErrorKind::invalid};
    trial_.format = part->title.empty() ? part->format : part->title;
    return Done{};
  }

  void look_at(detect::Session& session, const Record& record) {
    ++trial_.records;
    kinds_.emplace(record_kind_name(record.kind));
    const auto hits = session.match(record);
    const std::vector<std::uint32_t> matched(hits.begin(), hits.end());
    TriedRecord tried;
    const Detection* nearest = nullptr;
    std::vector<bool> holds;
    for (const Detection& detection : detections_) {
      detect::Session::Look found = session.look(detection.rule);
      const bool hit = std::binary_search(matched.begin(), matched.end(), detection.rule);
      if (!found.in_scope) continue;
      const bool nearer = !tried.looked_at || (hit && !tried.hit);
      tried.looked_at = true;
      tried.hit = tried.hit || hit;
      if (!nearer) continue;
      nearest = &detection;
      holds = std::move(found.holds);
    }
    trial_.looked_at += tried.looked_at;
    trial_.hits += tried.hit;
    if (trial_.sampled.size() == kTrialRecordsShown) return;
    if (nearest) {
      if (nearest->rule != rule_) tried.detection = engine_.rules().rules[nearest->rule].id;
      std::size_t at = 0;
      put(nearest->explained.condition, 0, holds, at, tried.conditions);
    }
    trial_.sampled.push_back(std::move(tried));
  }

  static void put(const detect::ExplainedCondition& condition, unsigned depth, const std::vector<bool>& holds,
                  std::size_t& at, std::vector<TriedCondition>& out) {
    if (at == holds.size()) return;
    out.push_back({depth, detect::words_of(condition), holds[at++]});
    for (const detect::ExplainedCondition& child : condition.children) put(child, depth + 1, holds, at, out);
  }

  // The order of every run: matched, counted, redacted; and what is shown of it.
  void take_through(std::string_view lines) {
    Stage stage(&engine_, names_, options_);
    Stage::Worker worker = stage.worker();
    const redact::FieldLabels labels(names_, options_.redaction());
    const auto log = open(lines);
    RecordBatch batch;
    Turn turn;
    std::size_t at = 0;
    for (bool first = true, last = false; !last; first = false) {
      auto state = log->next(batch, std::chrono::milliseconds(0));
      last = !state || state.value() != source::State::records;
      if (last) batch.clear();
      stage.process(worker, batch, std::string(kSource), {.first_of_part = first, .last_of_source = last}, turn);
      for (const Record& record : batch.records) {
        if (at < trial_.sampled.size()) show(record, labels, trial_.sampled[at++]);
      }
      for (Finding& finding : worker.findings) take(finding);
    }
  }

  static void show(const Record& record, const redact::FieldLabels& labels, TriedRecord& tried) {
    tried.line = record.line;
    tried.parsed = record.parsed;
    tried.time_known = record.time_known;
    tried.time_ns = record.time_ns;
    tried.kind = record_kind_name(record.kind);
    tried.severity = severity_name(record.severity);
    tried.message = store::storable(record.message.empty() ? record.raw : record.message);
    for (const Value& value : record) {
      if (tried.fields.size() == kFieldsShown) break;
      tried.fields.push_back({labels.label(value.field).text, store::storable(value.text().substr(0, kFieldBytes))});
    }
  }

  void take(Finding& finding) {
    if (finding.rule != engine_.rules().rules[rule_].id) return;
    trial_.fires = true;
    if (++trial_.findings_total > kTrialFindingsShown) return;
    finding.message = store::storable(finding.message);
    trial_.findings.push_back(std::move(finding));
  }

  void explain() {
    const detect::Rule& rule = engine_.rules().rules[rule_];
    if (rule.is_window()) trial_.counts = detect::words_of(*rule.window);
    if (trial_.fires) return;
    if (trial_.records == 0) {
      trial_.why = "there is no line to look at";
    } else if (trial_.looked_at == 0) {
      trial_.why = fmt::format("it looks at {}; these lines were read as kind {}", joined(trial_.scope, ", or "),
                               joined({kinds_.begin(), kinds_.end()}, ", "));
    } else if (trial_.hits == 0) {
      trial_.why = fmt::format("it looks at {} of {}, and its condition holds for none", trial_.looked_at, records());
    } else if (rule.is_window()) {
      trial_.why = fmt::format("{} of {} count, and that is not enough: {}", trial_.hits, records(), trial_.counts);
    } else {
      trial_.why = fmt::format("its condition holds for {} of {}, but it makes no finding of its own: other rules count it",
                               trial_.hits, records());
    }
  }

  std::string records() const { return fmt::format("{} {}", trial_.records, trial_.records == 1 ? "line" : "lines"); }

  static std::string joined(const std::vector<std::string>& words, std::string_view between) {
    std::string out;
    for (const std::string& word : words) out.append(out.empty() ? "" : between).append(word);
    return out;
  }

  const Program& program_;
  const detect::Engine& engine_;
  FieldNames& names_;
  const std::uint32_t rule_;
  PipelineOptions options_;
  std::set<std::uint32_t> met_;
  std::vector<Detection> detections_;
  std::set<std::string> kinds_;
  Trial trial_;
};

Result<Done> check(const Program& program, std::string_view lines, const std::string& format) {
  if (!format.empty() && !program.formats().find(format))
    return Error{"there is no format '" + format + "'", ErrorKind::not_found};
  if (lines.size() > kTrialBytes)
    return Error{fmt::format("lines to try may have {} bytes, got {}", kTrialBytes, lines.size()), ErrorKind::invalid};
  return Done{};
}

void run_samples(const detect::RuleSet& rules, Draft& draft) {
  std::uint64_t records = 0;
  for (const detect::Rule& rule : rules.rules) {
    for (const detect::Sample& sample : rule.samples)
      records += sample.repeat * std::max<std::uint64_t>(1, sample.records.size() + sample.lines.size());
  }
  if (records > kSampleRecords) {
    draft.samples_problem = fmt::format(
        "the samples are {} records, and at most {} are run here: use 'logystera rules test'", records, kSampleRecords);
    return;
  }
  auto failures = detect::run_samples(rules, sample_reader(), draft.samples);
  if (failures) draft.failures = std::move(failures).value();
  else draft.samples_problem = failures.error().message;
}

}  // namespace

Result<Trial> try_rule(const Program& program, std::uint32_t rule, std::string_view lines, const std::string& format) {
  if (auto fine = check(program, lines, format); !fine) return fine.error();
  FieldNames names(FieldNames::Over{program.names()});
  return Trying(program, *program.engine(), names, rule).run(lines, format);
}

void show_instead(Trial& trial, std::string_view message, const std::vector<TriedRecord::Field>& fields) {
  for (TriedRecord& record : trial.sampled) {
    record.message = message;
    record.fields = fields;
  }
  for (Finding& finding : trial.findings) finding.message = finding.title;
}

Result<std::vector<std::uint32_t>> rules_looking_at(const Program& program, std::string_view lines,
                                                    const std::string& format) {
  if (auto fine = check(program, lines, format); !fine) return fine.error();
  FieldNames names(FieldNames::Over{program.names()});
  parse::SourceOptions options = program.pipeline().source;
  if (!format.empty()) options.format = format;
  source::MemorySource log(lines, std::string(kSource), program.formats(), names, options);
  detect::Session session(*program.engine());
  const auto& rules = program.engine()->rules().rules;
  std::vector<bool> looks(rules.size());
  RecordBatch batch;
  for (;;) {
    auto state = log.next(batch, std::chrono::milliseconds(0));
    if (!state) return state.error();
    if (state.value() != source::State::records) break;
    for (const Record& record : batch.records) {
      (void)session.match(record);
      for (std::uint32_t i = 0; i < rules.size(); ++i)
        looks[i] = looks[i] || (!rules[i].is_window() && session.look(i).in_scope);
    }
  }
  // A rule that counts looks at what it counts, which may be counting itself.
  for (bool more = true; std::exchange(more, false);) {
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
      if (looks[i] || !rules[i].is_window()) continue;
      const auto& inputs = rules[i].window->inputs;
      looks[i] = std::any_of(inputs.begin(), inputs.end(), [&](std::uint32_t input) { return looks[input]; });
      more = more || looks[i];
    }
  }
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < rules.size(); ++i)
    if (looks[i] && !rules[i].silent) found.push_back(i);
  return found;
}

bool Draft::sound() const noexcept {
  return problem.empty() && !documents.empty() && failures.empty() && samples_problem.empty() &&
         std::all_of(documents.begin(), documents.end(), [](const auto& one) { return one.loaded; });
}

Result<Draft> check_draft(const Program& program, std::string_view text, std::string_view lines,
                          const std::string& format) {
  if (auto fine = check(program, lines, format); !fine) return fine.error();
  Draft draft;
  detect::Loader loader(detect::built_in_options());
  loader.add_text("rule", text);
  detect::RuleSet rules = loader.finish();
  draft.documents = std::move(rules.documents);
  if (draft.documents.empty()) draft.problem = "there is no rule in it";
  FieldNames names(FieldNames::Over{program.names()});
  auto engine = detect::Engine::compile(rules, names);
  if (!engine) {
    draft.problem = engine.error().message;
    return draft;
  }
  run_samples(rules, draft);
  for (std::uint32_t i = 0; i < rules.rules.size() && !lines.empty() && draft.tried.size() < kRulesTried; ++i) {
    if (detect::is_part(rules.rules[i])) continue;
    auto trial = Trying(program, engine.value(), names, i).run(lines, format);
    if (!trial) return trial.error();
    draft.tried.push_back({rules.rules[i].id, rules.rules[i].title, std::move(trial).value()});
  }
  return draft;
}

}  // namespace logystera::analysis
