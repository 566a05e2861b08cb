#include "analysis/stage.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/hmac.hpp"
#include "detect/program_image.hpp"

namespace logystera::analysis {
namespace {

bool has_tag(const detect::Rule& rule, std::string_view tag) {
  return std::find(rule.tags.begin(), rule.tags.end(), tag) != rule.tags.end();
}

// The severity of a rule tagged `probe` is that of an attempt that was answered. One that found nothing, or was refused, limited or
// sent on to the same thing under its proper address, is no more than low, whatever it would have done. A server that failed over it may
// have been hurt.
detect::Level level_by_outcome(detect::Level level, const store::Who& who) noexcept {
  constexpr int kMoved = 301, kMovedForGood = 308, kServerFailed = 500, kUnavailable = 503;
  using Outcome = store::Who::Outcome;
  const bool nothing_came_of_it = who.outcome == Outcome::not_found || who.outcome == Outcome::refused ||
                                  (who.outcome == Outcome::failed && who.status < kServerFailed) || who.status == kMoved ||
                                  who.status == kMovedForGood || who.status == kUnavailable;
  return nothing_came_of_it ? std::min(level, detect::Level::low) : level;
}

std::uint64_t body_bytes(const Record& record) noexcept {
  const Value* const bytes = record.find(field::bytes);
  return bytes && bytes->kind == Value::Kind::integer && bytes->as_integer() > 0
             ? static_cast<std::uint64_t>(bytes->as_integer())
             : 0;
}

// After redaction: the message is the record's as it is then.
Finding finding_of(const detect::Rule& rule, const detect::Match& match, const std::string& source, WhoReader& who,
                   std::uint64_t run) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  Finding finding;
  finding.rule = rule.id;
  finding.title = rule.title;
  finding.author = rule.dialect == detect::Dialect::sigma ? rule.author : std::string();
  finding.level = rule.level;
  finding.source = source;
  finding.time_ns = match.time_ns;
  finding.first_ns = rule.is_window() ? std::min(match.first_ns, match.time_ns) : match.time_ns;
  finding.time_known = match.time_known;
  finding.window = rule.is_window();
  if (finding.window) finding.series = ((match.group ^ run) * kOdd + match.rule) * kOdd | 1;
  finding.hits = match.hits;
  finding.fresh = match.fresh;
  finding.measure = match.measure;
  finding.operations = has_tag(rule, detect::kOperationsTag);
  finding.scan = has_tag(rule, detect::kScanTag);
  if (const Record* const record = match.record) {
    finding.source = std::string(record->source);
    finding.line = record->line;
    finding.message = std::string(record->message.empty() ? record->raw : record->message);
    finding.who = who.read(rule, *record);
    finding.probe = has_tag(rule, detect::kProbeTag);
    if (finding.probe) {
      finding.level = level_by_outcome(finding.level, finding.who);
      finding.bytes = body_bytes(*record);
    }
  }
  return finding;
}

}  // namespace

redact::Options StageOptions::redaction() const {
  return {.mode = mode, .salt = salt, .digits = digits, .patterns = patterns};
}

detect::WindowOptions StageOptions::window_options() const {
  constexpr std::string_view kPurpose = "detect/groups/v1";
  detect::WindowOptions windows;
  windows.cells = window_cells;
  windows.further = further;
  if (!salt.empty()) windows.key = bytes_of(hmac_sha256(salt, kPurpose));
  return windows;
}

Stage::Stage(const detect::Engine* engine, const FieldNames& names, const StageOptions& options)
    : engine_(engine),
      names_(names),
      enrichers_(options.enrichers),
      filter_(options.filter),
      wanted_(options.wanted),
      shown_(options.shown),
      declared_(options.declared),
      window_options_(options.window_options()),
      redactor_(options.redaction()) {}

Stage::Stage(const Stage& other)
    : engine_(other.engine_),
      names_(other.names_),
      enrichers_(other.enrichers_),
      filter_(other.filter_),
      wanted_(other.wanted_),
      shown_(other.shown_),
      declared_(other.declared_),
      window_options_(other.window_options_),
      redactor_(other.redactor_) {}

Stage::Worker Stage::worker() const {
  Worker worker(engine_ ? std::optional<detect::Session>(*engine_) : std::nullopt, redactor_, names_);
  if (enrichers_) worker.enriching_.emplace(*enrichers_);
  if (filter_) worker.filtering_.emplace(*filter_);
  if (worker.session_ && !declared_.empty()) worker.session_->declare(declared_);
  return worker;
}

void Stage::select(Worker& worker, RecordBatch& batch) const {
  worker.all_ = batch.records;
  worker.wanted_.clear();
  for (std::size_t i = 0; i < worker.all_.size(); ++i)
    if ((!worker.filtering_ || worker.filtering_->wants(worker.all_[i])) && (!wanted_ || wanted_(worker.all_[i])))
      worker.wanted_.push_back(static_cast<std::uint32_t>(i));
  for (std::size_t i = 0; i < worker.wanted_.size(); ++i) batch.records[i] = worker.all_[worker.wanted_[i]];
  batch.records.resize(worker.wanted_.size());
  worker.left_out = worker.all_.size() - worker.wanted_.size();
}

void Stage::match(Worker& worker, const RecordBatch& batch) {
  worker.hits_.clear();
  worker.hits_ends_.clear();
  worker.matches_.clear();
  worker.further_.clear();
  if (!worker.session_) return;
  for (const Record& record : batch.records) {
    const auto hits = worker.session_->match(record);
    worker.hits_.insert(worker.hits_.end(), hits.begin(), hits.end());
    worker.hits_ends_.push_back(static_cast<std::uint32_t>(worker.hits_.size()));
  }
}

void Stage::count(Worker& worker, const RecordBatch& batch, Ends ends) {
  worker.first_record = records_;
  records_ += batch.size();
  if (!engine_) return;
  if (!windows_) windows_.emplace(engine_->rules(), names_, window_options_);
  windows_->feed(batch.records, worker.hits_, worker.hits_ends_, worker.matches_);
  windows_->take_further(worker.further_);
  if (!ends.last_of_source) return;
  windows_->finish(worker.matches_);
  forgotten_ += windows_->stats().forgotten;
  windows_.reset();
}

void Stage::redact(Worker& worker, RecordBatch& batch) {
  const auto before = worker.redactor_.counts();
  worker.redactor_.redact(batch, names_);
  for (std::size_t i = 0; i < before.size(); ++i) worker.redacted[i] = worker.redactor_.counts()[i] - before[i];
}

// Leaves what is shown, in the cells it has.
void Stage::strip(RecordBatch& batch) const {
  for (Record& record : batch.records) {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < record.field_count; ++i)
      if (shown_->has(record.fields[i].field)) record.fields[count++] = record.fields[i];
    record.field_count = count;
    record.raw = record.message = record.host = {};
  }
}

// A private key is followed through what is left out as well: its end may stand in a record that is wanted. Matches point into
// the batch's records, which therefore stay where they are.
void Stage::redact_in_turn(Worker& worker, RecordBatch& batch) {
  if (worker.left_out == 0) return redact(worker, batch);
  batch.records.swap(worker.all_);
  redact(worker, batch);
  batch.records.swap(worker.all_);
  for (std::size_t i = 0; i < worker.wanted_.size(); ++i) batch.records[i] = worker.all_[worker.wanted_[i]];
}

bool Stage::process(Worker& worker, RecordBatch& batch, const std::string& source, Ends ends, Turn& turn) {
  worker.findings.clear();
  worker.further.clear();
  if (worker.enriching_) worker.enriching_->enrich(batch, names_);
  if (worker.filtering_ || wanted_) select(worker, batch);
  match(worker, batch);
  const bool key_possible = shown_ ? redact::Redactor::may_begin_key(batch) : worker.redactor_.look_ahead(batch);

  if (!turn.enter()) return false;
  count(worker, batch, ends);
  if (ends.first_of_part) open_key_ = 0;
  const bool in_turn = key_possible || open_key_ != 0;
  worker.redactor_.continue_source(open_key_);
  if (in_turn) {
    redact_in_turn(worker, batch);
    open_key_ = worker.redactor_.open_key();
  }
  turn.leave();

  if (shown_) strip(batch);
  // What stays as it is need not be looked at by whoever shows a part of it and counts nothing.
  const bool as_it_is = shown_ && (shown_->fields.empty() || worker.redactor_.mode() == redact::Mode::dry_run);
  if (!in_turn && !as_it_is) redact(worker, batch);
  worker.findings.reserve(worker.matches_.size());
  std::size_t last = 0;
  const auto made_of = [&](const detect::Match& match) {
    const detect::Rule& rule = engine_->rules().rules[match.rule];
    Finding finding = finding_of(rule, match, source, worker.who_, reinterpret_cast<std::uintptr_t>(this));
    if (match.record) last = static_cast<std::size_t>(match.record - batch.records.data());
    finding.at = last;
    return finding;
  };
  for (const detect::Match& match : worker.matches_) worker.findings.push_back(made_of(match));
  for (const detect::Match& match : worker.further_) worker.further.push_back(made_of(match));
  return true;
}

}  // namespace logystera::analysis
