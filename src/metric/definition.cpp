#include "metric/definition.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace logystera::metric {
namespace {

using yaml::Node;

constexpr std::string_view kAny = "any", kEventType = "event_type";
// What the server knows of a signal beside its labels.
constexpr std::string_view kOfServer[] = {"admin", "local_hour", "local_weekday"};

bool is_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > kNameBytes || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

const LabelSpec* label_of(std::string_view event_type, std::string_view label) noexcept {
  const SignalSpec* const signal = catalogue::find(event_type);
  if (!signal) return nullptr;
  for (std::size_t i = 0; i < signal->label_count; ++i)
    if (signal->labels[i].name == label) return &signal->labels[i];
  return nullptr;
}

bool is_of_server(std::string_view label) noexcept {
  return std::find(std::begin(kOfServer), std::end(kOfServer), label) != std::end(kOfServer);
}

/// One document on its way to a definition. The first thing that is wrong is said, and nothing else.
class Reader {
 public:
  Reader(std::string_view file, const Node& root) : file_(file), root_(root) {}

  bool read(Definition& into) {
    out_ = &into;
    const Node* const metric = root_.find("metric");
    if (!root_.is_map() || !metric || root_.entries.size() != 1)
      return wrong(root_, "a document is 'metric: {name: …, type: …, when: …}' and nothing else");
    if (!metric->is_map()) return wrong(*metric, "metric is a map: name, help, type, when, value, labels, series");
    if (!knows(*metric, {"name", "help", "type", "when", "value", "labels", "series"})) return false;
    into.file = file_;
    into.at = metric->at;
    return read_name(*metric) && read_help(*metric) && read_type(*metric) && read_when(*metric) && read_value(*metric) &&
           read_labels(*metric) && read_series(*metric);
  }
  std::string problem;

 private:
  bool wrong(const Node& at, std::string message) {
    problem = yaml::describe(file_, {at.at, std::move(message)});
    return false;
  }
  bool knows(const Node& map, std::initializer_list<std::string_view> keys) {
    for (const Node::Entry& entry : map.entries) {
      if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) continue;
      std::string known;
      for (const std::string_view key : keys) known += fmt::format("{}{}", known.empty() ? "" : ", ", key);
      problem = yaml::describe(file_, {entry.at, fmt::format("there is no '{}' here: there are {}", entry.key, known)});
      return false;
    }
    return true;
  }

  bool read_name(const Node& metric) {
    const Node* const name = metric.find("name");
    if (!name) return wrong(metric, "name is missing: add one, as in 'name: drupal_logins_total'");
    if (!name->is_string() || !is_name(name->text))
      return wrong(*name, fmt::format("a name has small letters, digits and _, begins with a letter, and at most {} bytes",
                                      kNameBytes));
    if (name->text.starts_with("logystera_"))
      return wrong(*name, "names that begin with logystera_ are the gateway's own: choose another");
    out_->name = name->text;
    return true;
  }
  bool read_help(const Node& metric) {
    const Node* const help = metric.find("help");
    if (!help || !help->is_string() || help->text.empty() || help->text.size() > kTextBytes)
      return wrong(help ? *help : metric,
                   fmt::format("help says in a sentence what is counted, in at most {} bytes", kTextBytes));
    out_->help = help->text;
    return true;
  }
  bool read_type(const Node& metric) {
    const Node* const type = metric.find("type");
    for (const Type one : {Type::counter, Type::gauge, Type::distribution}) {
      if (!type || type->text != type_name(one)) continue;
      out_->type = one;
      if ((one == Type::counter) != out_->name.ends_with("_total"))
        return wrong(*metric.find("name"), one == Type::counter
                                               ? "the name of a counter ends in _total: add it"
                                               : "a name that ends in _total is a counter's: leave it out");
      return true;
    }
    return wrong(type ? *type : metric, "type is counter, gauge or distribution");
  }

  bool read_when(const Node& metric) {
    const Node* const when = metric.find("when");
    if (!when || !when->is_map()) return wrong(when ? *when : metric, "when is a map, at least {event_type: TYPE}");
    const Node* const types = when->find(kEventType);
    if (!types) return wrong(*when, "when needs event_type: a type, a list of them, or any");
    if (!types->is_list() && types->text == kAny) {
      // All of them.
    } else if (types->is_list()) {
      if (types->items.empty() || types->items.size() > catalogue::all().size())
        return wrong(*types, "event_type is a type, a list of them, or any");
      for (const Node& one : types->items)
        if (!read_event_type(one)) return false;
    } else if (!read_event_type(*types)) {
      return false;
    }
    if (when->entries.size() - 1 > kConditionsMost)
      return wrong(*when, fmt::format("when has more than {} conditions: leave some out", kConditionsMost));
    for (const Node::Entry& entry : when->entries)
      if (entry.key != kEventType && !read_condition(entry)) return false;
    return true;
  }
  bool read_event_type(const Node& type) {
    if (!type.is_string() || !catalogue::find(type.text))
      return wrong(type, fmt::format("there is no signal '{}': docs/signals.md lists them", type.text));
    if (std::find(out_->event_types.begin(), out_->event_types.end(), type.text) != out_->event_types.end())
      return wrong(type, fmt::format("'{}' is named twice: leave one out", type.text));
    out_->event_types.push_back(type.text);
    return true;
  }
  // Whether one of the types has it; what it is, if it is a label of theirs.
  bool is_label(const Node& at, const std::string& label, const LabelSpec*& spec) {
    spec = nullptr;
    if (is_of_server(label)) return true;
    for (const std::string& type : out_->event_types)
      if ((spec = label_of(type, label))) return true;
    if (out_->event_types.empty())
      return wrong(at, fmt::format("'{}' is no label all signals have: name an event_type that has it", label));
    std::string known;
    const SignalSpec& first = *catalogue::find(out_->event_types.front());
    for (std::size_t i = 0; i < first.label_count; ++i)
      known += fmt::format("{}{}", known.empty() ? "" : ", ", first.labels[i].name);
    return wrong(at, fmt::format("{} has no label '{}': it has {}", first.type, label, known));
  }

  bool read_text(const Node& node, std::string& into) {
    if (!node.is_scalar() || node.is_null() || node.text.size() > kTextBytes)
      return wrong(node, fmt::format("write a text of at most {} bytes", kTextBytes));
    into = node.text;
    return true;
  }
  bool read_texts(const Node& node, std::vector<std::string>& into) {
    if (!node.is_list()) return read_text(node, into.emplace_back());
    if (node.items.empty() || node.items.size() > kTextsMost)
      return wrong(node, fmt::format("write a list of 1 to {} texts", kTextsMost));
    for (const Node& item : node.items)
      if (!read_text(item, into.emplace_back())) return false;
    return true;
  }
  bool read_number(const Node& node, std::optional<double>& into) {
    if (node.kind != Node::Kind::integer && node.kind != Node::Kind::real) return wrong(node, "write a number");
    into = node.real;
    return true;
  }
  bool read_condition(const Node::Entry& entry) {
    Condition condition;
    condition.label = entry.key;
    Node at;
    at.at = entry.at;
    const LabelSpec* spec = nullptr;
    if (!is_label(at, entry.key, spec)) return false;
    const Node& value = entry.value;
    if (!value.is_map()) {
      if (!read_texts(value, condition.texts)) return false;
    } else {
      if (value.entries.empty()) return wrong(value, "an empty condition always holds: leave it out");
      if (!knows(value, {"not", "min", "max", "starts_with", "empty"})) return false;
      for (const Node::Entry& each : value.entries) {
        const Node& is = each.value;
        if (each.key == "not") {
          condition.negated = true;
          if (!read_texts(is, condition.texts)) return false;
        } else if (each.key == "min" || each.key == "max") {
          if (!read_number(is, each.key == "min" ? condition.min : condition.max)) return false;
        } else if (each.key == "starts_with") {
          if (!read_text(is, condition.prefix)) return false;
          if (condition.prefix.empty()) return wrong(is, "everything begins with an empty text: write one that is not");
        } else {
          if (is.kind != Node::Kind::boolean) return wrong(is, "empty is true or false");
          condition.empty = is.boolean;
        }
      }
      if (condition.min && condition.max && *condition.min > *condition.max)
        return wrong(value, "min is greater than max: nothing can be both");
    }
    out_->conditions.push_back(std::move(condition));
    return true;
  }

  bool read_value(const Node& metric) {
    const Node* const value = metric.find("value");
    if (!value) {
      if (out_->type == Type::counter) return true;
      return wrong(metric, fmt::format("a {} needs a value: the label it measures", type_name(out_->type)));
    }
    const Node* label = value;
    if (value->is_map()) {
      if (!knows(*value, {"label", "divide"})) return false;
      label = value->find("label");
      if (const Node* const divide = value->find("divide")) {
        if (divide->kind != Node::Kind::integer || (divide->integer != 1 && divide->integer != 1000))
          return wrong(*divide, "divide is 1 or 1000, which makes seconds of milliseconds");
        out_->divide = static_cast<int>(divide->integer);
      }
    }
    if (!label || !label->is_string()) return wrong(*value, "value names a label, or is {label: LABEL, divide: 1000}");
    const LabelSpec* spec = nullptr;
    if (!is_label(*label, label->text, spec)) return false;
    const bool number = spec && (spec->kind == LabelKind::integer || spec->kind == LabelKind::number ||
                                 (spec->kind == LabelKind::boolean && out_->type == Type::gauge));
    if (!number) return wrong(*label, fmt::format("'{}' is no number: choose a label that is", label->text));
    out_->value = label->text;
    return true;
  }

  bool read_labels(const Node& metric) {
    const Node* const labels = metric.find("labels");
    if (!labels) return true;
    if (!labels->is_list() || labels->items.size() > kLabelsMost)
      return wrong(*labels, fmt::format("labels is a list of at most {}", kLabelsMost));
    for (const Node& one : labels->items)
      if (!read_label(one)) return false;
    std::sort(out_->labels.begin(), out_->labels.end(), [](const Label& a, const Label& b) { return a.name < b.name; });
    return true;
  }
  bool read_label(const Node& node) {
    Label made;
    if (node.is_map()) {
      if (!knows(node, {"name", "label", "as"})) return false;
      const Node *const name = node.find("name"), *const label = node.find("label"), *const as = node.find("as");
      if (!name || !name->is_string() || !label || !label->is_string())
        return wrong(node, "a label is LABEL, or {name: NAME, label: LABEL, as: hundreds}");
      if (as && as->text != "hundreds") return wrong(*as, "as is hundreds, which makes 4xx of 404: leave it out otherwise");
      made = {name->text, label->text, as != nullptr};
    } else if (node.is_string()) {
      made = {node.text, node.text, false};
    } else {
      return wrong(node, "a label is LABEL, or {name: NAME, label: LABEL, as: hundreds}");
    }
    if (!is_name(made.name))
      return wrong(node,
                   fmt::format("a label's name has small letters, digits and _, begins with a letter, and at most {} bytes",
                               kNameBytes));
    for (const std::string_view ours : {"site", "le", "quantile", "job", "instance"})
      if (made.name == ours) return wrong(node, fmt::format("a label cannot be called {}: choose another name", ours));
    for (const Label& other : out_->labels)
      if (other.name == made.name) return wrong(node, fmt::format("two labels are called {}: leave one out", made.name));
    if (made.label != kEventType && !may_be_label(node, made)) return false;
    out_->labels.push_back(std::move(made));
    return true;
  }
  bool may_be_label(const Node& node, const Label& made) {
    const LabelSpec* spec = nullptr;
    if (!is_label(node, made.label, spec)) return false;
    if (!spec) return true;
    if (spec->privacy != "none")
      return wrong(node,
                   fmt::format("'{}' tells of a person, and metrics are shown to whoever may see the site: leave it out",
                               made.label));
    const LabelKind kind = spec->kind;
    if (kind != LabelKind::string && kind != LabelKind::boolean && kind != LabelKind::integer)
      return wrong(node, fmt::format("'{}' has as many values as there are signals, and each is a series: leave it out",
                                     made.label));
    return true;
  }
  bool read_series(const Node& metric) {
    const Node* const series = metric.find("series");
    if (!series) return true;
    if (series->kind != Node::Kind::integer || series->integer < 1 || series->integer > kSeriesMost)
      return wrong(*series,
                   fmt::format("series is how many combinations of label values a site may have, 1 to {}", kSeriesMost));
    out_->series_most = static_cast<std::uint32_t>(series->integer);
    return true;
  }

  const std::string file_;
  const Node& root_;
  Definition* out_ = nullptr;
};

}  // namespace

std::string_view type_name(Type type) noexcept {
  switch (type) {
    case Type::counter: return "counter";
    case Type::gauge: return "gauge";
    case Type::distribution: return "distribution";
  }
  return {};
}

std::string counter_of(std::string_view event_type) {
  std::string name = fmt::format("drupal_{}_total", event_type);
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

Definitions Definitions::built_in() {
  Definitions out;
  for (const SignalSpec& signal : catalogue::all()) {
    Definition& made = out.all_.emplace_back();
    made.name = counter_of(signal.type);
    made.help = fmt::format("Signals of type {}: {}", signal.type, signal.summary);
    made.event_types.emplace_back(signal.type);
  }
  for (const BuiltInFile& file : built_in_files()) out.add(file.name, file.text);
  return out;
}

const Definition* Definitions::find(std::string_view name) const noexcept {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Definition& one) { return one.name == name; });
  return found == all_.end() ? nullptr : &*found;
}

void Definitions::add(std::string_view file, std::string_view text) {
  yaml::Limits limits;
  limits.bytes = 1024 * 1024;
  limits.depth = 8;
  limits.documents = kDefinitionsMost;
  const yaml::Documents documents = yaml::parse(text, limits);
  for (const Node& root : documents.roots) add(file, root);
  if (!documents.ok()) problems_.push_back(yaml::describe(file, documents.problem));
}

void Definitions::add(std::string_view file, const Node& root) {
  Reader reader(file, root);
  Definition made;
  if (!reader.read(made)) {
    problems_.push_back(std::move(reader.problem));
    return;
  }
  if (const Definition* const there = find(made.name)) {
    const std::string where = there->file.empty() ? std::string("built in, of the catalogue")
                                                  : fmt::format("in {} line {}", there->file, there->at.line);
    problems_.push_back(yaml::describe(
        file, {made.at, fmt::format("there is a metric {} already, {}: choose another name", made.name, where)}));
    return;
  }
  if (all_.size() >= kDefinitionsMost) {
    problems_.push_back(yaml::describe(
        file, {made.at, fmt::format("there are {} metrics, and there cannot be more: remove some", kDefinitionsMost)}));
    return;
  }
  all_.push_back(std::move(made));
}

}  // namespace logystera::metric
