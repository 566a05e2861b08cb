#include "ask/columns.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <utility>

#include "redact/field_traits.hpp"
#include "source/file_source.hpp"

namespace logystera::ask {
namespace {

using filter::Own;

constexpr std::pair<std::string_view, std::string_view> kFriendly[] = {
    {"addresses", "client_ip"}, {"address", "client_ip"}, {"ips", "client_ip"},
    {"ip", "client_ip"},        {"paths", "path"},        {"urls", "url"},
    {"statuses", "status"},     {"codes", "status"},      {"users", "user"},
    {"accounts", "user"},       {"programs", "program"},  {"methods", "method"},
    {"hosts", "host"},          {"agents", "user_agent"}, {"user_agents", "user_agent"},
    {"referers", "referer"},    {"referrers", "referer"}, {"vhosts", "vhost"},
    {"levels", "level"},        {"severities", "level"},  {"sources", "source"},
    {"formats", "format"},      {"kinds", "kind"},        {"messages", "message"},
    {"actions", "action"},      {"modules", "module"},    {"types", "type"}};

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool same_letters(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

// What was met of a field.
struct Met {
  bool integers = false, reals = false, texts = false;

  Type type() const noexcept { return texts || (!integers && !reals) ? Type::text : reals ? Type::real : Type::integer; }
};

class Sample {
 public:
  void add(const RecordBatch& batch) {
    for (const Record& record : batch.records)
      for (const Value& value : record) note(value);
  }
  const std::vector<FieldId>& order() const noexcept { return order_; }
  bool met(FieldId field) const { return met_.find(field) != met_.end(); }
  Type type(FieldId field) const {
    const auto at = met_.find(field);
    return at == met_.end() ? Type::text : at->second.type();
  }

 private:
  void note(const Value& value) {
    const auto [at, is_new] = met_.try_emplace(value.field);
    if (is_new) order_.push_back(value.field);
    switch (value.kind) {
      case Value::Kind::null: break;
      case Value::Kind::integer:
      case Value::Kind::boolean: at->second.integers = true; break;
      case Value::Kind::real: at->second.reals = true; break;
      default: at->second.texts = true; break;
    }
  }
  std::unordered_map<FieldId, Met> met_;
  std::vector<FieldId> order_;
};

void sample_set(const source::SourceSet& set, const Logs& logs, Sample& sample) {
  const analysis::Program& program = logs.program();
  source::FileSource reader(set, program.formats(), program.names(), {.source = program.pipeline().source, .resume = {}});
  RecordBatch batch;
  for (std::size_t records = 0; records < kRecordsSampled;) {
    auto state = reader.next(batch, std::chrono::milliseconds(0));
    if (!state || state.value() == source::State::ended) return;  // whoever reads it whole says what is wrong
    sample.add(batch);
    records += std::max<std::size_t>(batch.size(), 1);
  }
}

}  // namespace

std::string_view field_of_friendly(std::string_view name) noexcept {
  for (const auto& [friendly, field] : kFriendly)
    if (same_letters(name, friendly)) return field;
  return name;
}

std::string friendly_names() {
  return "addresses, paths, urls, status, methods, agents, referers, hosts, users, programs, actions, levels, sources";
}

std::vector<std::string_view> names_to_count() {
  std::vector<std::string_view> names;
  for (const auto& friendly : kFriendly) names.push_back(friendly.first);
  for (std::size_t own = 1; own <= static_cast<std::size_t>(Own::line); ++own)
    names.push_back(filter::own_name(static_cast<Own>(own)));
  return names;
}

const Column* find_column(const std::vector<Column>& columns, std::string_view name) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& one) { return same_letters(one.name, name); });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<Column> columns_of(const Logs& logs, const std::vector<std::string>& mentioned) {
  Sample sample;
  for (std::size_t i = 0; i < std::min(logs.sets().size(), kSourcesSampled); ++i) sample_set(logs.sets()[i], logs, sample);
  const FieldNames& names = logs.program().names();

  std::vector<Column> columns;
  const auto own = [&](Own which, Type type = Type::text, bool hidden = false) {
    Column column;
    column.name = filter::own_name(which);
    column.own = which;
    column.type = type;
    column.hidden = hidden;
    columns.push_back(std::move(column));
  };
  own(Own::time);
  own(Own::level);
  own(Own::source);
  own(Own::line, Type::integer);
  own(Own::host);
  const std::size_t fields_at = columns.size();
  own(Own::message);
  own(Own::raw, Type::text, true);
  own(Own::format, Type::text, true);
  own(Own::kind, Type::text, true);
  Column all;
  all.name = "fields";
  all.all_fields = all.hidden = true;
  columns.push_back(std::move(all));

  std::vector<FieldId> fields = sample.order();
  for (const std::string& name : mentioned) {
    const bool prefixed = std::string_view(name).starts_with(filter::kFieldPrefix);
    const FieldId id = names.find(prefixed ? std::string_view(name).substr(filter::kFieldPrefix.size()) : name);
    const bool known = id != field::none && id < field::known_count_;
    if (known && !sample.met(id)) fields.push_back(id);
  }
  std::vector<Column> of_fields;
  for (const FieldId id : fields) {
    Column column;
    column.name = logs.program().labels().label(id).text;
    const bool taken = find_column(columns, column.name) != nullptr;
    if (taken) column.name = std::string(filter::kFieldPrefix) + column.name;
    column.field = id;
    column.type = sample.type(id);
    const redact::FieldTrait trait = redact::trait_of(names.name(id));
    column.redacted = trait == redact::FieldTrait::phone || trait == redact::FieldTrait::secret;
    // A statement ends at a NUL.
    if (column.name.empty() || column.name.find('\0') != std::string::npos) continue;
    if (find_column(of_fields, column.name) || find_column(columns, column.name)) continue;
    of_fields.push_back(std::move(column));
    if (columns.size() + of_fields.size() == kColumnsMost) break;
  }
  columns.insert(columns.begin() + static_cast<std::ptrdiff_t>(fields_at), of_fields.begin(), of_fields.end());
  return columns;
}

}  // namespace logystera::ask
