#include "detect/engine.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "detect/literal_sieve.hpp"
#include "detect/program.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

using Anchor = LiteralIndex::Anchor;

// All literals of all log sources a record is of, for all its spots at once: most of a line's fields are parts of the
// line, and one pass over it costs less than one over each field for each log source. Where a literal was found tells whose
// it is. The sieve takes the line as it is; the index, folded. Neither is asked about a line that folding changes beyond ASCII:
// its texts are folded and searched each for itself.
struct LinePlan {
  struct Filed {
    std::uint32_t trigger;
    std::uint32_t size;
    Spot spot;
    Anchor anchor;
  };
  LiteralSieve sieve;     // ids are indexes of `filed`
  LiteralIndex literals;  // instead, where the sieve has too many
  bool sieved = false;
  bool any_bytes = false;  // a literal is no UTF-8: it may be found within a character
  std::vector<Filed> filed;
};

// A rule looked at for every record of its log source. Most ask one thing of one field, which can be told at a glance.
struct Always {
  enum class Glance : std::uint8_t {
    none,       // only by evaluating it
    exists,     // whether the field is there, decided
    number,     // a comparison with an integer, decided
    number_of,  // a comparison with an integer that is one of several conditions: false, or evaluate them
    long_text,  // an expression that no shorter text matches: too short, or evaluate it
  };
  std::uint32_t rule;
  Glance glance = Glance::none;
  Spot spot = 0;
  const CompiledTest* test = nullptr;
};

}  // namespace

const ScopePlan& Engine::Program::plan(std::uint32_t scope) const {
  ScopePlan& plan = plans[scope];
  std::call_once(plan.made, [&] {
    std::unordered_map<Spot, std::size_t> places;
    const auto of = [&](std::uint32_t spot) -> SpotPlan& {
      const auto [known, fresh] = places.emplace(static_cast<Spot>(spot), plan.spots.size());
      if (fresh) {
        plan.spots.emplace_back();
        plan.spots.back().spot = static_cast<Spot>(spot);
      }
      return plan.spots[known->second];
    };
    for (const FiledText& filed : texts_of(scopes[scope]))
      of(filed.spot).literals.add(text(filed.literal), filed.anchor, filed.trigger);
    const Range numbers = scopes[scope].numbers;
    for (std::uint32_t i = 0; i < numbers.count; ++i) {
      const FiledNumber& filed = filed_numbers[numbers.first + i];
      of(filed.spot).numbers.emplace(filed.number, filed.rules);
    }
    for (SpotPlan& spot : plan.spots) spot.literals.build();
  });
  return plan;
}

void Engine::Program::finish() {
  indexed.clear();
  for (const CompiledTest& test : tests) indexed.push_back(test.indexed);
  regexes = std::make_unique<LazyRegex[]>(regex_count);
  plans = std::make_unique<ScopePlan[]>(scopes.size());
}

void Engine::Program::make_all() const {
  for (std::uint32_t i = 0; i < scopes.size(); ++i) plan(i);
  for (const CompiledTest& test : tests)
    if (test.kind == Test::Kind::regex) regexes[test.row].get(text(test.literal));
}

Engine::Engine(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;
const EngineStats& Engine::stats() const noexcept { return program_->stats; }
const RuleSet& Engine::rules() const noexcept { return *program_->rules; }

// ---- Session ------------------------------------------------------------------------------------------------------

struct Session::State {
  const Engine::Program& program;
  Logsource declared;
  Spot rewritten;  // of url_plain, whose texts are no part of the line

  // Per record.
  const Record* record = nullptr;
  std::uint32_t epoch = 0;
  std::vector<std::uint32_t> spot_epoch;        // spot → epoch in which its chain is valid
  std::vector<std::uint32_t> spot_first;        // spot → first value of the record, + 1
  std::vector<std::uint32_t> next;              // value → next value of the same spot, + 1
  std::vector<std::string_view> folded_values;  // value → folded text, if folded_epoch says so
  std::vector<std::uint32_t> folded_epoch;
  std::string_view folded_parts[16];
  std::uint32_t folded_part_epoch[16] = {};
  char time_text[32];
  std::string_view time_view;
  Arena arena;
  std::vector<std::uint32_t> answers;  // test → epoch × 2 + answer
  std::vector<std::uint32_t> seen;     // rule → epoch in which it became a candidate
  std::vector<std::uint32_t> candidates;
  std::vector<std::uint32_t> hits;
  std::uint64_t confirmations = 0;

  // The first of each field that scopes look at; before `told_keys` those they are told by.
  enum Told : std::uint8_t {
    told_program,
    told_channel,
    told_event_id,
    told_provider,
    told_event_type,
    told_keys,
    told_url = told_keys,
    told_method,
    told_url_plain,
    told_count
  };
  const Value* told[told_count + 1];  // the last of those nobody asks for
  static constexpr auto kTold = [] {
    std::array<std::uint8_t, field::known_count_> places{};
    places.fill(told_count);
    places[field::url] = told_url;
    places[field::method] = told_method;
    places[field::url_plain] = told_url_plain;
    places[field::program] = told_program;
    places[field::Channel] = told_channel;
    places[field::EventID] = told_event_id;
    places[field::Provider_Name] = told_provider;
    places[field::event_type] = told_event_type;
    return places;
  }();
  bool within_line = false;  // every text is part of the line, or empty, and there is no list
  // The line has letters beyond ASCII that folding changes: folded it may have other places, and no text in it is a part of
  // it then. A text that lies in a line without such letters has none either.
  bool wide = false;

  // Log source of a record → scopes that take it in.
  struct Scopes {
    std::vector<std::uint32_t> list;
    std::vector<const ScopePlan*> plans;  // of each
    std::vector<Always> always;           // of all
    // What else is asked of a record whose texts collect_line has seen to: numbers, and texts that are never in a line.
    struct Numbers {
      Spot spot;
      std::vector<std::pair<double, Range>> rules;  // in the order of the numbers
    };
    std::vector<Numbers> numbers;
    std::vector<const SpotPlan*> rest;
    std::uint32_t lines = 0;  // records with a line met so far; a LinePlan is made when it pays
    std::unique_ptr<const LinePlan> line_plan;
  };
  std::map<std::vector<std::uint32_t>, Scopes> scope_lists;
  std::size_t line_plans = 0;
  std::unordered_map<std::string, Scopes*> scopes_of;
  std::string scope_key, last_scope_key;
  Scopes* last_scopes = nullptr;  // of last_scope_key
  RecordKind last_kind = RecordKind::text;
  std::string last_format;
  bool last_plain = false;  // the last record had none of the fields scopes look at, and was not proxied

  explicit State(const Engine::Program& p)
      : program(p), rewritten(field::url_plain < p.spot_of_field.size() ? p.spot_of_field[field::url_plain] : kNoSpot) {
    spot_epoch.resize(p.spot_names.size());
    spot_first.resize(p.spot_names.size());
    answers.resize(p.tests.size());
    seen.resize(p.roots.size());
  }

  void begin(const Record& now);
  Scopes& scopes();
  void forget_scopes();
  // Spots whose texts are usually parts of the line. What was rewritten never is.
  bool found_in_line(Spot spot) const noexcept {
    if (spot < kPartSpots) return spot != rewritten;
    return spot == spot_of(Part::raw) || spot == spot_of(Part::message) || spot == spot_of(Part::anywhere);
  }
  void arrange(Scopes& scopes, std::vector<std::uint32_t> list) const;
  Always always(std::uint32_t rule) const;
  const LinePlan* line_plan(Scopes& now);
  void candidate(std::uint32_t rule) {
    if (seen[rule] == epoch) return;
    seen[rule] = epoch;
    candidates.push_back(rule);
  }
  void collect(const SpotPlan& plan, bool line_done);
  void collect_numbers(const Scopes& now);
  bool holds_always(const Always& always);
  void collect_line(const LinePlan& plan);
  void pull(const Trigger& trigger) {
    if (trigger.test != Trigger::kNoTest) answers[trigger.test] = epoch << 1 | 1;
    for (std::uint32_t rule : program.rules_of(trigger.rules)) candidate(rule);
  }
  void collect_text(const LiteralIndex& literals, std::string_view text) {
    if (!literals.empty()) literals.scan(text, [&](std::uint32_t id, std::size_t) { pull(program.triggers[id]); });
  }
  void collect_anywhere(const SpotPlan& plan, bool line_done);

  std::string_view part_text(Part part);
  std::string_view folded_part(Part part);
  std::string_view fold_copy(std::string_view text);
  bool regex_found(const CompiledTest& test, std::string_view text);
  std::string_view folded_value(std::uint32_t index);
  bool folded_with_raw(std::string_view text) const noexcept { return !wide && inside_raw(text); }
  bool inside_raw(std::string_view text) const noexcept {
    return record->raw.data() && text.data() >= record->raw.data() &&
           text.data() + text.size() <= record->raw.data() + record->raw.size();
  }

  bool evaluate(std::uint32_t node);
  bool answer(std::uint32_t test);
  bool decide(const CompiledTest& test);
  bool decide_spot(const CompiledTest& test, Spot spot);
  bool text_matches(const CompiledTest& test, std::string_view text) const;
  bool decide_plain(const CompiledTest& test, std::string_view text, std::string_view folded_text, const Value* value);
  bool field_ref(const CompiledTest& test, std::string_view text);
  bool present(Spot spot) const noexcept;
};

void Session::State::begin(const Record& now) {
  record = &now;
  // Answers keep the epoch above one bit: after 2^31 records all marks start over.
  if (++epoch == 0x7FFF'FFFF) {
    epoch = 1;
    for (auto* marks : {&spot_epoch, &folded_epoch, &answers, &seen}) std::fill(marks->begin(), marks->end(), 0);
    std::fill(std::begin(folded_part_epoch), std::end(folded_part_epoch), 0);
  }
  arena.clear();
  candidates.clear();
  hits.clear();
  time_view = {};
  if (next.size() < now.field_count) {
    next.resize(now.field_count);
    folded_values.resize(now.field_count);
    folded_epoch.resize(now.field_count);
  }
  std::fill(std::begin(told), std::end(told), nullptr);
  const char* const line = now.raw.data();
  const std::size_t size = now.raw.size();
  const auto outside = [&](const char* text, std::size_t bytes) {
    return bytes != 0 && (bytes > size || static_cast<std::size_t>(text - line) > size - bytes);
  };
  bool any_outside = outside(now.message.data(), now.message.size());
  // Backwards, so that chains run in source order.
  for (std::uint32_t i = now.field_count; i-- > 0;) {
    const Value& value = now.fields[i];
    any_outside = any_outside || value.kind == Value::Kind::list || outside(value.text_data, value.text_size);
    const FieldId id = value.field;
    told[id < kTold.size() ? kTold[id] : std::uint8_t{told_count}] = &value;
    if (id >= program.spot_of_field.size()) continue;
    const Spot spot = program.spot_of_field[id];
    if (spot == kNoSpot) continue;
    next[i] = spot_epoch[spot] == epoch ? spot_first[spot] : 0;
    spot_epoch[spot] = epoch;
    spot_first[spot] = i + 1;
  }
  within_line = !any_outside && !told[told_url_plain];
}

Session::State::Scopes& Session::State::scopes() {
  constexpr std::size_t kRemembered = 8192;  // combinations; hostile programs names must not grow this for ever
  const bool web = record->kind == RecordKind::web_access;
  const Value* const url = told[told_url];
  const Value* const method = told[told_method];
  const bool proxied = web && ((url && url->text().find("://") != std::string_view::npos) ||
                               (method && equal_ignoring_case(method->text(), "CONNECT")));
  // The usual case of a long log, without building a key.
  const bool plain = !proxied && std::all_of(told, told + told_keys, [](const Value* value) { return !value; });
  if (plain && last_plain && last_scopes && record->kind == last_kind && record->format == last_format) return *last_scopes;
  last_plain = plain;
  last_kind = record->kind;
  last_format = record->format;
  scope_key.clear();
  const auto part = [this](std::string_view text) {
    scope_key += text;
    scope_key += '\0';
  };
  scope_key += static_cast<char>('a' + static_cast<int>(record->kind));
  part(record->format);
  if (web) scope_key += proxied ? 'p' : '-';
  for (std::size_t i = 0; i < told_keys; ++i) part(told[i] ? told[i]->text() : std::string_view());
  if (last_scopes && scope_key == last_scope_key) return *last_scopes;
  last_scope_key = scope_key;
  const auto found = scopes_of.find(scope_key);
  if (found != scopes_of.end()) return *(last_scopes = found->second);
  if (scopes_of.size() >= kRemembered) forget_scopes();
  std::vector<std::uint32_t> list;
  for (std::uint32_t i = 0; i < program.scopes.size(); ++i)
    if (in_scope(program.scope_rules[i], *record, declared)) list.push_back(i);
  Scopes& scopes = scope_lists[list];
  if (scopes.list.empty()) arrange(scopes, std::move(list));
  scopes_of.emplace(scope_key, &scopes);
  return *(last_scopes = &scopes);
}

void Session::State::arrange(Scopes& scopes, std::vector<std::uint32_t> list) const {
  scopes.list = std::move(list);
  for (std::uint32_t scope : scopes.list) {
    const ScopePlan& plan = program.plan(scope);
    scopes.plans.push_back(&plan);
    for (std::uint32_t rule : program.rules_of(program.scopes[scope].always)) scopes.always.push_back(always(rule));
    for (const SpotPlan& spot : plan.spots) {
      if (spot.spot >= kPartSpots) {
        if (!found_in_line(spot.spot) || !spot.numbers.empty()) scopes.rest.push_back(&spot);
      } else if (!spot.numbers.empty()) {
        scopes.numbers.push_back({spot.spot, {spot.numbers.begin(), spot.numbers.end()}});
        auto& rules = scopes.numbers.back().rules;
        std::sort(rules.begin(), rules.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      }
    }
  }
}

Always Session::State::always(std::uint32_t rule) const {
  Always out{.rule = rule};
  const Node& root = program.nodes[program.roots[rule]];
  const bool one_of = root.kind == Expression::Kind::all && root.count > 0;
  const Node& node = one_of ? program.nodes[root.first] : root;
  if (node.kind != Expression::Kind::test) return out;
  const CompiledTest& test = program.tests[node.first];
  const std::span<const Spot> spots = program.spots(test);
  if (spots.size() != 1 || spots[0] >= kPartSpots) return out;
  out.spot = spots[0];
  out.test = &test;
  if (one_of) out.glance = test.kind == Test::Kind::number ? Always::Glance::number_of : Always::Glance::none;
  else if (test.kind == Test::Kind::exists) out.glance = Always::Glance::exists;
  else if (test.kind == Test::Kind::number) out.glance = Always::Glance::number;
  else if (test.kind == Test::Kind::regex && test.least_bytes > 0) out.glance = Always::Glance::long_text;
  return out;
}

void Session::State::forget_scopes() {
  scopes_of.clear();
  scope_lists.clear();
  last_scopes = nullptr;
  line_plans = 0;
}

// Built when a log turns out to have more than a few lines of that sort; null until then, and for more sorts than a log has.
const LinePlan* Session::State::line_plan(Scopes& now) {
  constexpr std::uint32_t kLinesBefore = 200;
  constexpr std::size_t kPlansMost = 64;
  if (now.line_plan || ++now.lines < kLinesBefore || line_plans == kPlansMost) return now.line_plan.get();
  auto plan = std::make_unique<LinePlan>();
  std::vector<std::string_view> literals;
  for (std::uint32_t scope : now.list)
    for (const FiledText& filed : program.texts_of(program.scopes[scope])) {
      if (!found_in_line(filed.spot)) continue;
      literals.push_back(program.text(filed.literal));
      plan->any_bytes = plan->any_bytes || !json::is_utf8(literals.back());
      plan->filed.push_back({filed.trigger, filed.literal.size, filed.spot, filed.anchor});
    }
  plan->sieved = plan->sieve.build(literals);
  if (!plan->sieved) {
    for (std::uint32_t id = 0; id < literals.size(); ++id) plan->literals.add(literals[id], Anchor::anywhere, id);
    plan->literals.build();
  }
  ++line_plans;
  now.line_plan = std::move(plan);
  return now.line_plan.get();
}

std::string_view Session::State::fold_copy(std::string_view text) {
  if (text.empty()) return {};
  char* const out = arena.allocate(text.size());
  constexpr std::uint64_t kBeyondAscii = 0x8080808080808080;
  std::uint64_t bits = 0;
  // A block of known size at a time: compilers make a few vector instructions of it.
  constexpr std::size_t kBlock = 32;
  const auto lower = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return static_cast<char>(byte + (static_cast<unsigned char>(byte - 'A') < 26 ? 32 : 0));
  };
  std::size_t at = 0;
  for (; at + kBlock <= text.size(); at += kBlock) {
    LOGYSTERA_UNINITIALIZED char block[kBlock];
    std::memcpy(block, text.data() + at, kBlock);
    std::uint64_t words[kBlock / sizeof(std::uint64_t)];
    std::memcpy(words, block, kBlock);
    for (std::uint64_t word : words) bits |= word;
    for (char& c : block) c = lower(c);
    std::memcpy(out + at, block, kBlock);
  }
  for (; at < text.size(); ++at) {
    bits |= static_cast<unsigned char>(text[at]);
    out[at] = lower(text[at]);
  }
  if ((bits & kBeyondAscii) == 0 || !folds_beyond_ascii(text)) return {out, text.size()};
  char* const wider = arena.allocate(folded_room(text.size()));
  return {wider, static_cast<std::size_t>(fold_into(text, wider) - wider)};
}

std::string_view Session::State::folded_value(std::uint32_t index) {
  if (folded_epoch[index] != epoch) {
    folded_epoch[index] = epoch;
    const std::string_view text = record->fields[index].text();
    // Most fields are parts of the raw line, which is folded once.
    folded_values[index] =
        folded_with_raw(text) && !text.empty()
            ? folded_part(Part::raw).substr(static_cast<std::size_t>(text.data() - record->raw.data()), text.size())
            : fold_copy(text);
  }
  return folded_values[index];
}

std::string_view Session::State::part_text(Part part) {
  switch (part) {
    case Part::message: return record->message;
    case Part::raw: return record->raw;
    case Part::source: return record->source;
    case Part::host: return record->host;
    case Part::format: return record->format;
    case Part::kind: return record_kind_name(record->kind);
    case Part::severity: return severity_name(record->severity);
    case Part::time: {
      if (!record->time_known || !time_view.empty()) return time_view;
      const CivilTime time = civil_of(record->time_ns);
      std::int64_t second = record->time_ns / kSecondNs % 60;
      if (second < 0) second += 60;
      const int size = std::snprintf(time_text, sizeof time_text, "%04d-%02d-%02dT%02d:%02d:%02dZ", time.year, time.month,
                                     time.day, time.hour, time.minute, static_cast<int>(second));
      time_view = {time_text, static_cast<std::size_t>(size)};
      return time_view;
    }
    case Part::field:
    case Part::anywhere: break;
  }
  return {};
}

std::string_view Session::State::folded_part(Part part) {
  const auto index = static_cast<std::size_t>(part);
  if (folded_part_epoch[index] != epoch) {
    folded_part_epoch[index] = epoch;
    folded_parts[index] = fold_copy(part_text(part));
  }
  return folded_parts[index];
}

void Session::State::collect_anywhere(const SpotPlan& plan, bool line_done) {
  // A text that lies within raw cannot hold a literal raw does not hold: literals of keywords have no anchors.
  if (!record->raw.empty() && !line_done) collect_text(plan.literals, folded_part(Part::raw));
  if (!record->message.empty() && !folded_with_raw(record->message))
    collect_text(plan.literals, folded_part(Part::message));
  for (std::uint32_t i = 0; i < record->field_count; ++i)
    if (!folded_with_raw(record->fields[i].text())) collect_text(plan.literals, folded_value(i));
}

// The literals of every spot, as far as its texts are parts of the line.
void Session::State::collect_line(const LinePlan& plan) {
  const auto found_at = [&](std::uint32_t id, std::size_t place) {
    const LinePlan::Filed& filed = plan.filed[id];
    const auto fits = [&](std::string_view text) {
      if (!inside_raw(text)) return false;
      const auto from = static_cast<std::size_t>(text.data() - record->raw.data());
      if (place < from || place + filed.size > from + text.size()) return false;
      const bool at_start = place == from, at_end = place + filed.size == from + text.size();
      switch (filed.anchor) {
        case Anchor::anywhere: return true;
        case Anchor::start: return at_start;
        case Anchor::end: return at_end;
        case Anchor::whole: return at_start && at_end;
      }
      return true;
    };
    bool hit = false;
    if (filed.spot == spot_of(Part::anywhere)) hit = true;
    else if (filed.spot >= kPartSpots) hit = fits(part_text(static_cast<Part>(filed.spot - kPartSpots)));
    else if (present(filed.spot))
      for (std::uint32_t i = spot_first[filed.spot]; i != 0 && !hit; i = next[i - 1]) {
        const Value& value = record->fields[i - 1];
        hit = value.kind != Value::Kind::list && fits(value.text());  // items of a list are looked at one by one
      }
    if (hit) pull(program.triggers[filed.trigger]);
  };
  // What the sieve finds holds, folded or not, where a literal is of whole characters; but of a wide line it is too little.
  const bool afterwards = plan.sieved && !plan.any_bytes;
  wide = !afterwards && folds_beyond_ascii(record->raw);
  if (wide) return;
  // One call, so that compilers put the search in its place.
  if (plan.sieved) wide = plan.sieve.scan(record->raw, found_at) && afterwards && folds_beyond_ascii(record->raw);
  else plan.literals.scan(folded_part(Part::raw), found_at);
}

// `line_done`: collect_line has seen to texts that are parts of the line.
void Session::State::collect(const SpotPlan& plan, bool line_done) {
  if (plan.spot == spot_of(Part::anywhere)) {
    collect_anywhere(plan, line_done);
    return;
  }
  if (plan.spot >= kPartSpots) {
    const Part part = static_cast<Part>(plan.spot - kPartSpots);
    const bool done = line_done && found_in_line(plan.spot) && inside_raw(part_text(part));
    if (!done && !plan.literals.empty() && !part_text(part).empty()) collect_text(plan.literals, folded_part(part));
    // Numbers in the record's own texts: rare enough to confirm them all.
    for (const auto& [number, rules] : plan.numbers)
      for (std::uint32_t rule : program.rules_of(rules)) candidate(rule);
    return;
  }
  if (spot_epoch[plan.spot] != epoch) return;
  for (std::uint32_t i = spot_first[plan.spot]; i != 0; i = next[i - 1]) {
    const Value& value = record->fields[i - 1];
    const auto look_up = [&](const Value& one) {
      double number = 0;
      if (plan.numbers.empty() || !number_of(one, number)) return;
      if (const auto found = plan.numbers.find(number); found != plan.numbers.end())
        for (std::uint32_t rule : program.rules_of(found->second)) candidate(rule);
    };
    if (value.kind != Value::Kind::list) {
      const bool done = line_done && found_in_line(plan.spot) && inside_raw(value.text());
      if (!done && !plan.literals.empty()) collect_text(plan.literals, folded_value(i - 1));
      look_up(value);
      continue;
    }
    for (const Value& item : value.as_list()) {
      if (!plan.literals.empty()) collect_text(plan.literals, fold_copy(item.text()));
      look_up(item);
    }
  }
}

// The numbers of a record without lists.
void Session::State::collect_numbers(const Scopes& now) {
  for (const Scopes::Numbers& numbers : now.numbers) {
    if (!present(numbers.spot)) continue;
    for (std::uint32_t i = spot_first[numbers.spot]; i != 0; i = next[i - 1]) {
      double number = 0;
      if (!number_of(record->fields[i - 1], number)) continue;
      const auto found = std::lower_bound(numbers.rules.begin(), numbers.rules.end(), number,
                                          [](const auto& wanted, double given) { return wanted.first < given; });
      if (found == numbers.rules.end() || found->first != number) continue;
      for (std::uint32_t rule : program.rules_of(found->second)) candidate(rule);
    }
  }
}

bool Session::State::holds_always(const Always& always) {
  if (always.glance == Always::Glance::none) return evaluate(program.roots[always.rule]);
  const bool there = present(always.spot);
  if (always.glance == Always::Glance::exists) return there == (always.test->flag != 0);
  if (!there) return false;
  const std::uint32_t first = spot_first[always.spot] - 1;
  const Value& value = record->fields[first];
  if (next[first] == 0) {
    if ((always.glance == Always::Glance::number || always.glance == Always::Glance::number_of) &&
        value.kind == Value::Kind::integer) {
      const bool held = holds(value.as_real(), always.test->compare, always.test->number);
      if (!held || always.glance == Always::Glance::number) return held;
    }
    if (always.glance == Always::Glance::long_text && value.kind != Value::Kind::list &&
        value.text_size < always.test->least_bytes)
      return false;
  }
  return evaluate(program.roots[always.rule]);
}

bool Session::State::evaluate(std::uint32_t index) {
  const Node& node = program.nodes[index];
  switch (node.kind) {
    case Expression::Kind::test: return answer(node.first);
    case Expression::Kind::negation: return !evaluate(node.first);
    case Expression::Kind::all:
      for (std::uint32_t i = 0; i < node.count; ++i)
        if (!evaluate(node.first + i)) return false;
      return true;
    case Expression::Kind::any:
      for (std::uint32_t i = 0; i < node.count; ++i)
        if (evaluate(node.first + i)) return true;
      return false;
  }
  return false;
}

bool Session::State::answer(std::uint32_t test) {
  std::uint32_t& known = answers[test];
  if (known >> 1 == epoch) return known & 1;
  if (program.indexed[test] != 0) return false;
  const bool result = decide(program.tests[test]);
  known = epoch << 1 | (result ? 1u : 0u);
  return result;
}

bool Session::State::present(Spot spot) const noexcept { return spot_epoch[spot] == epoch; }

bool Session::State::decide(const CompiledTest& test) {
  if (test.kind == Test::Kind::exists || test.kind == Test::Kind::null) {
    bool there = false, valued = false, counted = false;
    for (Spot spot : program.spots(test)) {
      if (spot >= kPartSpots) {
        const bool some = !part_text(static_cast<Part>(spot - kPartSpots)).empty();
        there = there || some;
        valued = valued || some;
        continue;
      }
      if (!present(spot)) continue;
      there = true;
      for (std::uint32_t i = spot_first[spot]; i != 0; i = next[i - 1]) {
        const Value& value = record->fields[i - 1];
        if (value.kind == Value::Kind::list) {
          for (const Value& item : value.as_list()) {
            counted = true;
            valued = valued || item.kind != Value::Kind::null;
          }
        } else {
          counted = true;
          valued = valued || value.kind != Value::Kind::null;
        }
      }
    }
    if (test.kind == Test::Kind::exists) return there == (test.flag != 0);
    return !there || (counted && !valued);
  }
  const std::span<const Spot> spots = program.spots(test);
  return std::any_of(spots.begin(), spots.end(), [&](Spot spot) { return decide_spot(test, spot); });
}

bool Session::State::decide_spot(const CompiledTest& test, Spot spot) {
  if (spot == spot_of(Part::anywhere)) {
    const bool contains = test.kind == Test::Kind::text && test.shape == Shape::contains;
    if (!record->raw.empty() && decide_plain(test, record->raw, folded_part(Part::raw), nullptr)) return true;
    if (!record->message.empty() && !(contains && folded_with_raw(record->message)) &&
        decide_plain(test, record->message, folded_part(Part::message), nullptr))
      return true;
    for (std::uint32_t i = 0; i < record->field_count; ++i) {
      const std::string_view text = record->fields[i].text();
      if (text.empty() || (contains && folded_with_raw(text))) continue;
      if (decide_plain(test, text, test.cased != 0 ? text : folded_value(i), nullptr)) return true;
    }
    return false;
  }
  if (spot >= kPartSpots) {
    const Part part = static_cast<Part>(spot - kPartSpots);
    const std::string_view text = part_text(part);
    return !text.empty() && decide_plain(test, text, test.cased != 0 ? text : folded_part(part), nullptr);
  }
  if (!present(spot)) return false;
  for (std::uint32_t i = spot_first[spot]; i != 0; i = next[i - 1]) {
    const Value& value = record->fields[i - 1];
    if (value.kind != Value::Kind::list) {
      const bool fold = test.kind == Test::Kind::text && test.cased == 0;
      if (decide_plain(test, value.text(), fold ? folded_value(i - 1) : value.text(), &value)) return true;
      continue;
    }
    for (const Value& item : value.as_list()) {
      const bool fold = test.kind == Test::Kind::text && test.cased == 0;
      if (decide_plain(test, item.text(), fold ? fold_copy(item.text()) : item.text(), &item)) return true;
    }
  }
  return false;
}

// `text` is the value's, or folded already if the test is uncased.
bool Session::State::text_matches(const CompiledTest& test, std::string_view text) const {
  const std::string_view literal = program.text(test.literal);
  switch (test.shape) {
    case Shape::whole: return text == literal;
    case Shape::starts:
      return text.size() >= literal.size() && std::memcmp(text.data(), literal.data(), literal.size()) == 0;
    case Shape::ends:
      return text.size() >= literal.size() &&
             std::memcmp(text.data() + text.size() - literal.size(), literal.data(), literal.size()) == 0;
    case Shape::contains:
      return literal.empty() ||
             (text.size() >= literal.size() && memmem(text.data(), text.size(), literal.data(), literal.size()) != nullptr);
    case Shape::glob: return matches(program.patterns[test.row], text);
  }
  return false;
}

bool Session::State::decide_plain(const CompiledTest& test, std::string_view text, std::string_view folded_text,
                                  const Value* value) {
  if (value && value->kind == Value::Kind::null) return false;
  switch (test.kind) {
    case Test::Kind::text: return text_matches(test, test.cased != 0 ? text : folded_text);
    case Test::Kind::regex: return regex_found(test, text);
    case Test::Kind::number: {
      double number = 0;
      const bool read = value ? number_of(*value, number) : number_of(text, number);
      return read && holds(number, test.compare, test.number);
    }
    case Test::Kind::boolean:
      if (value && value->kind == Value::Kind::boolean) return value->as_boolean() == (test.flag != 0);
      if (value && value->kind != Value::Kind::string) return false;
      return equal_folded(text, test.flag != 0 ? "true" : "false");
    case Test::Kind::network: {
      // The zone says on which interface, not which address: fe80::1%eth0 (RFC 4007).
      const std::size_t zone = text.find('%');
      if (zone != std::string_view::npos && zone + 1 < text.size() &&
          text.substr(0, zone).find(':') != std::string_view::npos)
        text = text.substr(0, zone);
      IpAddress address;
      return parse_ip(text, address) && contains(program.networks[test.row], address);
    }
    case Test::Kind::field_ref: return field_ref(test, text);
    case Test::Kind::time_part: {
      CivilTime time;
      return parse_civil(text, time) && holds(time_part(time, test.part), test.compare, test.number);
    }
    case Test::Kind::null:
    case Test::Kind::exists: break;
  }
  return false;
}

bool Session::State::regex_found(const CompiledTest& test, std::string_view text) {
  if (text.size() < test.least_bytes) return false;
  const re2::RE2& regex = program.regexes[test.row].get(program.text(test.literal));
  if (found(regex, text)) return true;
  if (test.flag == 0 || folded_with_raw(text) || !folds_beyond_ascii(text)) return false;
  char* const plain = arena.allocate(text.size());
  const auto size = static_cast<std::size_t>(fold_lookalikes_into(text, plain) - plain);
  return size != text.size() && found(regex, {plain, size});
}

bool Session::State::field_ref(const CompiledTest& test, std::string_view text) {
  const bool cased = test.cased != 0;
  if (!cased) text = fold_copy(text);
  const auto same = [&](std::string_view as_written) {
    const std::string_view other = cased ? as_written : fold_copy(as_written);
    switch (test.reference) {
      case Test::Shape::whole: return text == other;
      case Test::Shape::starts: return text.starts_with(other);
      case Test::Shape::ends: return text.ends_with(other);
      case Test::Shape::contains: return text.find(other) != std::string_view::npos;
    }
    return false;
  };
  for (Spot spot : program.other_spots(test)) {
    if (spot >= kPartSpots) {
      const std::string_view part = part_text(static_cast<Part>(spot - kPartSpots));
      if (!part.empty() && same(part)) return true;
      continue;
    }
    if (!present(spot)) continue;
    for (std::uint32_t i = spot_first[spot]; i != 0; i = next[i - 1]) {
      const Value& value = record->fields[i - 1];
      if (value.kind == Value::Kind::list) {
        for (const Value& item : value.as_list())
          if (item.kind != Value::Kind::null && same(item.text())) return true;
      } else if (value.kind != Value::Kind::null && same(value.text())) {
        return true;
      }
    }
  }
  return false;
}

Session::Session(const Engine& engine) : state_(std::make_unique<State>(*engine.program_)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

void Session::declare(Logsource source) {
  state_->declared = std::move(source);
  state_->forget_scopes();
}

std::uint64_t Session::confirmations() const noexcept { return state_->confirmations; }

std::span<const std::uint32_t> Session::match(const Record& record) {
  State& state = *state_;
  state.begin(record);
  State::Scopes& scopes = state.scopes();
  const LinePlan* line = record.raw.empty() ? nullptr : state.line_plan(scopes);
  if (line) state.collect_line(*line);
  else state.wide = folds_beyond_ascii(record.raw);
  if (state.wide) line = nullptr;
  if (line && state.within_line) {
    state.collect_numbers(scopes);
    for (const SpotPlan* plan : scopes.rest) state.collect(*plan, true);
  } else {
    for (const ScopePlan* plan : scopes.plans)
      for (const SpotPlan& spot : plan->spots) state.collect(spot, line != nullptr);
  }
  state.confirmations += state.candidates.size() + scopes.always.size();
  for (const Always& always : scopes.always)
    if (state.holds_always(always)) state.hits.push_back(always.rule);
  for (std::uint32_t rule : state.candidates)
    if (state.evaluate(state.program.roots[rule])) state.hits.push_back(rule);
  if (state.hits.size() > 1) std::sort(state.hits.begin(), state.hits.end());
  return state.hits;
}

}  // namespace logystera::detect
