#include "detect/sample.hpp"

#include <algorithm>

#include "core/clock.hpp"
#include "detect/absence.hpp"
#include "detect/engine.hpp"
#include "detect/known.hpp"
#include "detect/taxonomy.hpp"
#include "detect/windows.hpp"

namespace logystera::detect {
namespace {

using Kind = yaml::Node::Kind;

constexpr std::int64_t kStartNs = std::int64_t{1'767'225'600} * kSecondNs;  // 2026-01-01T00:00:00Z

// `{n}` is the round the sample is in.
std::string filled(std::string text, std::uint32_t round) {
  const std::string number = std::to_string(round);
  for (std::size_t at = text.find("{n}"); at != std::string::npos; at = text.find("{n}", at)) text.replace(at, 3, number);
  return text;
}
std::string_view filled(const std::string& text, std::uint32_t round, Arena& arena) {
  return arena.copy(text.find("{n}") == std::string::npos ? std::string_view(text) : filled(text, round));
}

void set_value(Value& value, const yaml::Node& node, std::string_view text) {
  value.text_data = text.data();
  value.text_size = static_cast<std::uint32_t>(text.size());
  switch (node.kind) {
    case Kind::null: value.kind = Value::Kind::null; break;
    case Kind::boolean:
      value.kind = Value::Kind::boolean;
      value.as.boolean = node.boolean;
      break;
    case Kind::integer:
      value.kind = Value::Kind::integer;
      value.as.integer = node.integer;
      break;
    case Kind::real:
      value.kind = Value::Kind::real;
      value.as.real = node.real;
      break;
    default: value.kind = Value::Kind::string; break;
  }
}

void add_field(const std::string& name, const yaml::Node& node, std::uint32_t round, FieldNames& names,
               RecordBatch& batch) {
  const FieldId id = names.add(name);
  if (node.is_list()) {
    Value* items = batch.arena.array<Value>(node.items.size());
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      new (items + i) Value;
      set_value(items[i], node.items[i], filled(node.items[i].text, round, batch.arena));
    }
    auto* list = batch.arena.array<ValueList>(1);
    *list = {items, static_cast<std::uint32_t>(node.items.size())};
    Value& value = batch.add_field(id);
    value.kind = Value::Kind::list;
    value.as.list = list;
    return;
  }
  const std::string_view text = filled(node.text, round, batch.arena);
  if (node.is_string() && name.size() >= 2 && name.compare(name.size() - 2, 2, "ip") == 0) {
    batch.add_ip(id, text);
    return;
  }
  set_value(batch.add_field(id), node, text);
}

Result<Done> add_record(const yaml::Node& map, std::uint32_t round, std::int64_t time, FieldNames& names,
                        RecordBatch& batch) {
  Record record;
  record.time_ns = time;
  record.time_known = record.parsed = true;
  batch.begin_fields();
  for (const yaml::Node::Entry& entry : map.entries) {
    const std::string& key = entry.key;
    if (entry.value.is_map()) return Error{"a field's value is a text, a number or a list: " + key, ErrorKind::invalid};
    const std::string_view text = filled(entry.value.text, round, batch.arena);
    if (key == "kind") {
      const int kind = record_kind_from(text);
      if (kind < 0) return Error{"there is no kind '" + std::string(text) + "'", ErrorKind::invalid};
      record.kind = static_cast<RecordKind>(kind);
    } else if (key == "severity") {
      bool known = false;
      for (int i = 0; i <= static_cast<int>(Severity::critical); ++i)
        if (severity_name(static_cast<Severity>(i)) == text) {
          record.severity = static_cast<Severity>(i);
          known = true;
        }
      if (!known)
        return Error{"there is no severity '" + std::string(text) + "': DEBUG, INFO, WARNING, ERROR or CRITICAL",
                     ErrorKind::invalid};
    } else if (key == "message") {
      record.message = text;
    } else if (key == "raw") {
      record.raw = text;
    } else if (key == "host") {
      record.host = text;
    } else if (key == "source") {
      record.source = text;
    } else if (key == "format") {
      record.format = text;
    } else {
      add_field(key, entry.value, round, names, batch);
    }
  }
  batch.end_fields(record);
  batch.records.push_back(record);
  return Done{};
}

}  // namespace

Result<Done> build_sample(const Sample& sample, const LineReader& read_lines, FieldNames& names, RecordBatch& batch) {
  if (!sample.lines.empty()) {
    std::string text;
    for (std::uint32_t round = 1; round <= sample.repeat; ++round)
      for (const std::string& line : sample.lines) text += filled(line, round) + "\n";
    if (Result<Done> read = read_lines(sample.format, text, names, batch); !read) return read;
    if (sample.every_ns == 0) return Done{};
    std::int64_t time = kStartNs;
    for (Record& record : batch.records) {
      record.time_ns = time;
      record.time_known = true;
      time += sample.every_ns;
    }
    return Done{};
  }
  std::int64_t time = kStartNs;
  for (std::uint32_t round = 1; round <= sample.repeat; ++round)
    for (const yaml::Node& map : sample.records) {
      if (Result<Done> added = add_record(map, round, time, names, batch); !added) return added;
      time += sample.every_ns;
    }
  return Done{};
}

Result<std::vector<SampleFailure>> run_samples(const RuleSet& rules, const LineReader& read_lines, std::size_t& ran) {
  std::vector<SampleFailure> failures;
  // Rules that only others count have samples, too.
  RuleSet heard = rules;
  for (Rule& rule : heard.rules)
    if (rule.id.find('#') == std::string::npos) rule.silent = false;
  FieldNames names;
  Result<Engine> engine = Engine::compile(heard, names);
  if (!engine) return engine.error();
  Session session(engine.value());
  ran = 0;
  for (std::uint32_t i = 0; i < rules.rules.size(); ++i) {
    const Rule& rule = rules.rules[i];
    for (const Sample& sample : rule.samples) {
      if (is_part(rule)) continue;  // a window's own detection repeats its samples
      ++ran;
      RecordBatch batch;
      if (Result<Done> built = build_sample(sample, read_lines, names, batch); !built) {
        failures.push_back({rule.id, sample.at, built.error().message});
        continue;
      }
      Windows windows(heard, names);
      Absences absences(heard);
      std::vector<Match> matches;
      bool hit = false;
      std::int64_t now = 0;
      for (const Record& record : batch.records) {
        const auto hits = session.match(record);
        hit = hit || (!rule.seen && std::find(hits.begin(), hits.end(), i) != hits.end());
        windows.feed(record, hits, matches);
        now = std::max(now, record.time_ns);
        absences.note(record, now, matches);
      }
      windows.finish(matches);
      if (sample.then_ns > 0) absences.tick(now + sample.then_ns, matches);
      hit = hit || std::any_of(matches.begin(), matches.end(),
                               [i](const Match& match) { return match.rule == i && !match.clears; });
      if (hit != sample.fires)
        failures.push_back(
            {rule.id, sample.at,
             sample.fires ? "should fire on this sample and does not" : "fires on this sample and should not"});
    }
  }
  return failures;
}

}  // namespace logystera::detect
