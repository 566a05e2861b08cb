// One file: documents are read as drafts and then resolved against each other, in one order and with one report. What a document
// says is read elsewhere: native.cpp, sigma/.
#include "detect/loader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <unordered_map>

#include "core/clock.hpp"
#include "core/walk.hpp"
#include "detect/draft.hpp"
#include "detect/regex.hpp"
#include "detect/taxonomy.hpp"

namespace logystera::detect {

using yaml::Node;

// ---- shared by both dialects ----

std::string read_text(const Node& map, std::string_view key, bool required, Notes& notes) {
  const Node* value = map.find(key);
  if (!value || value->is_null()) {
    if (required) notes.refuse(map.at, "'" + std::string(key) + "' is missing");
    return {};
  }
  if (!value->is_scalar()) {
    notes.refuse(value->at, "'" + std::string(key) + "' must be a text, not " + std::string(yaml::kind_name(value->kind)));
    return {};
  }
  return value->text;
}

std::vector<std::string> read_texts(const Node& map, std::string_view key, Notes& notes) {
  std::vector<std::string> texts;
  const Node* value = map.find(key);
  if (!value || value->is_null()) return texts;
  if (value->is_scalar()) return {value->text};
  if (value->is_map()) {
    notes.refuse(value->at, "'" + std::string(key) + "' must be a text or a list of texts, not a map");
    return texts;
  }
  for (const Node& item : value->items) {
    if (item.is_scalar()) texts.push_back(item.text);
    else notes.refuse(item.at, "'" + std::string(key) + "' must be a text or a list of texts");
  }
  return texts;
}

std::int64_t read_span(const Node& value, Notes& notes) {
  std::int64_t number = 0;
  const char* end = value.text.data() + value.text.size();
  const auto [at, error] = std::from_chars(value.text.data(), end, number);
  const std::string unit(at, end);
  const std::int64_t factor = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86400 : 0;
  if (!value.is_scalar() || error != std::errc() || factor == 0 || number <= 0) {
    notes.refuse(value.at, "'" + value.text + "' is no time span: write a number and s, m, h or d, as 30s or 24h");
    return 0;
  }
  if (number > kSpanMaxNs / kSecondNs / factor) {
    notes.refuse(value.at, "'" + value.text + "' is longer than the 90 days a window may last");
    return 0;
  }
  return number * factor * kSecondNs;
}

std::optional<Compare> compare_from(std::string_view name) noexcept {
  for (Compare compare :
       {Compare::less, Compare::less_equal, Compare::greater, Compare::greater_equal, Compare::equal, Compare::not_equal})
    if (compare_name(compare) == name) return compare;
  return std::nullopt;
}

void only_keys(const Node& map, std::initializer_list<std::string_view> keys, std::string_view what, Notes& notes) {
  for (const Node::Entry& entry : map.entries) {
    if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) continue;
    std::string known;
    for (std::string_view key : keys) known += (known.empty() ? "" : ", ") + std::string(key);
    notes.refuse(entry.at, "unknown key '" + entry.key + "' in " + std::string(what) + ": it has " + known);
  }
}

bool check_regex(const std::string& regex, yaml::Position at, Notes& notes) {
  constexpr std::size_t kRegexText = 8 * 1024;
  if (regex.size() > kRegexText) {
    notes.refuse(at, "a regular expression of more than 8 KiB: split it");
    return false;
  }
  const auto compiled = compile_regex(regex);
  if (compiled->ok()) return true;
  for (std::string_view look : {"(?=", "(?!", "(?<=", "(?<!"})
    if (regex.find(look) != std::string::npos) {
      notes.refuse(at, "look-around ('" + std::string(look) +
                           "') is not supported, since it cannot run in linear time: test "
                           "what must and must not be there as conditions of their own");
      return false;
    }
  if (compiled->error_code() == re2::RE2::ErrorBadEscape && compiled->error_arg().size() == 2 &&
      compiled->error_arg()[1] >= '1' && compiled->error_arg()[1] <= '9') {
    notes.refuse(at, "back-references ('" + compiled->error_arg() +
                         "') are not supported, since they cannot run in linear "
                         "time: write the alternatives out");
    return false;
  }
  notes.refuse(at, "not a usable regular expression: " + compiled->error());
  return false;
}

// ---- the loader ----

struct Loader::State {
  LoadOptions options;
  std::vector<DocumentReport> documents;
  std::vector<Draft> drafts;
  std::vector<FilterDraft> filters;

  void document(std::string_view name, const Node& root);
};

Loader::Loader(LoadOptions options) : state_(std::make_unique<State>()) { state_->options = std::move(options); }
Loader::~Loader() = default;
Loader::Loader(Loader&&) noexcept = default;
Loader& Loader::operator=(Loader&&) noexcept = default;

namespace {

DocumentReport::Kind kind_of(const Node& root) {
  if (root.find("correlation")) return DocumentReport::Kind::sigma_correlation;
  if (root.find("filter")) return DocumentReport::Kind::sigma_filter;
  const Node* detection = root.find("detection");
  if (root.find("logsource") ||
      (detection && detection->is_map() && !detection->find("match") && !root.find("window") && !root.find("applies_to")))
    return DocumentReport::Kind::sigma_rule;
  const Node* alert = root.find("alert");
  const bool absence = alert && alert->is_map() && alert->find("absence");
  if (detection || root.find("window") || absence) return DocumentReport::Kind::native_rule;
  return DocumentReport::Kind::unknown;
}

// A file of Sigma's placeholders that lies among rules, as it does in this project's own directory: names with texts or lists of
// texts, and nothing that a rule has.
bool holds_placeholders(std::string_view name, const Node& root) {
  const std::string_view file = name.substr(name.rfind('/') + 1);
  if ((file != "placeholders.yml" && file != "placeholders.yaml") || !root.is_map()) return false;
  if (root.find("title") || root.find("id") || kind_of(root) != DocumentReport::Kind::unknown) return false;
  return std::all_of(root.entries.begin(), root.entries.end(), [](const Node::Entry& entry) {
    return entry.value.is_scalar() ||
           (!entry.value.is_map() && std::all_of(entry.value.items.begin(), entry.value.items.end(),
                                                 [](const Node& item) { return item.is_scalar(); }));
  });
}

}  // namespace

void Loader::State::document(std::string_view name, const Node& root) {
  if (holds_placeholders(name, root)) return;
  const std::size_t number = documents.size();
  DocumentReport& report = documents.emplace_back();
  report.file = std::string(name);
  report.at = root.at;
  Notes notes(report);
  if (!root.is_map()) {
    notes.refuse(root.at, "a rule is a map, and this is " + std::string(yaml::kind_name(root.kind)));
    return;
  }
  report.kind = kind_of(root);
  const auto keep = [&](Draft draft) {
    report.id = draft.rule.id;
    report.title = draft.rule.title;
    if (!notes.clean()) return;
    draft.document = number;
    draft.rule.pack = std::string(name);
    for (Draft& hit : draft.own_inputs) hit.rule.pack = draft.rule.pack;
    for (Rule& clear : draft.clears) clear.pack = draft.rule.pack;
    drafts.push_back(std::move(draft));
  };
  switch (report.kind) {
    case DocumentReport::Kind::native_rule: keep(read_native(root, notes)); break;
    case DocumentReport::Kind::sigma_rule: keep(read_sigma_rule(root, options.placeholders, notes)); break;
    case DocumentReport::Kind::sigma_correlation: keep(read_sigma_correlation(root, notes)); break;
    case DocumentReport::Kind::sigma_filter: {
      FilterDraft filter = read_sigma_filter(root, options.placeholders, notes);
      report.title = filter.title;
      if (const Node* id = root.find("id")) report.id = id->text;
      filter.document = number;
      if (notes.clean()) filters.push_back(std::move(filter));
      break;
    }
    case DocumentReport::Kind::unknown:
      notes.refuse(root.at,
                   "no rule is recognised here: a native rule has 'detection' with 'match', a Sigma rule 'logsource' "
                   "and 'detection', a correlation 'correlation', a filter 'filter'");
  }
}

void Loader::add_text(std::string_view name, std::string_view text) {
  yaml::Documents documents = yaml::parse(text, state_->options.limits);
  for (const Node& root : documents.roots) state_->document(name, root);
  if (documents.ok()) {
    if (!documents.roots.empty()) return;
    documents.problem = {{1, 1}, "there is nothing in it"};
  }
  DocumentReport& report = state_->documents.emplace_back();
  report.file = std::string(name);
  report.at = documents.problem.at;
  report.problems.push_back(std::move(documents.problem));
}

void Loader::add_node(std::string_view name, const Node& root) { state_->document(name, root); }

Result<Done> Loader::add_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return Error{path + ": cannot be opened: check the path and its permissions", kind_of_errno(errno)};
  return add_opened(path, file.get());
}

namespace {

// Of a pipe as of a file.
Result<std::string> text_of_file(const std::string& path, int fd, std::size_t most) {
  std::string text;
  for (;;) {
    char block[64 * 1024];
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{path + ": cannot be read: " + std::strerror(errno), kind_of_errno(errno)};
    if (got == 0) break;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > most)
      return Error{path + ": more than the " + std::to_string(most) + " bytes a rule file may have: split it",
                   ErrorKind::invalid};
  }
  return text;
}

}  // namespace

Result<Done> Loader::add_opened(const std::string& path, int fd) {
  auto text = text_of_file(path, fd, state_->options.limits.bytes);
  if (!text) return text.error();
  add_text(path, text.value());
  return Done{};
}

Result<std::string> rule_file_text(const std::string& path) {
  auto file = open_found(FilePath(path));
  if (!file) return file.error();
  return text_of_file(path, file->get(), yaml::Limits().bytes);
}

Result<Done> Loader::add_directory(const std::string& path, bool follow_links) {
  WalkOptions options;
  options.follow_links = follow_links;
  options.hidden = true;
  options.wanted = [](std::string_view name) { return name.ends_with(".yml") || name.ends_with(".yaml"); };
  std::vector<FilePath> files;
  PassedOver passed;
  if (auto walked = walk_directory(path, options, files, passed); !walked) return walked;
  for (const auto& [name, reason] : passed.named) {
    DocumentReport& report = state_->documents.emplace_back();
    report.file = name;
    report.problems.push_back({{1, 1}, "passed over: " + std::string(passed_text(reason))});
  }
  for (const FilePath& file : files) {
    auto fd = open_found(file);
    if (!fd) return fd.error();
    if (auto added = add_opened(file.path, fd->get()); !added) return added;
  }
  return Done{};
}

namespace {

// Puts drafts into a RuleSet: inputs before the windows over them.
class Resolver {
 public:
  Resolver(std::vector<Draft> drafts, std::vector<FilterDraft> filters, std::vector<DocumentReport> documents)
      : drafts_(std::move(drafts)), filters_(std::move(filters)) {
    set_.documents = std::move(documents);
  }

  RuleSet run() {
    for (DocumentReport& report : set_.documents) report.loaded = report.problems.empty();
    index();
    for (FilterDraft& filter : filters_) apply(filter);
    state_.assign(drafts_.size(), State::waiting);
    place_.resize(drafts_.size());
    for (std::size_t i = 0; i < drafts_.size(); ++i) visit(i);
    for (const Draft& draft : drafts_)
      for (const Reference& reference : draft.inhibited_by)
        if (!lookup(reference.name))
          set_.documents[draft.document].warnings.push_back(
              {reference.at, "it is inhibited by '" + reference.name + "', and there is no such rule"});
    return std::move(set_);
  }

 private:
  enum class State : std::uint8_t { waiting, open, placed, refused };

  void refuse(std::size_t document, yaml::Position at, std::string message) {
    set_.documents[document].problems.push_back({at, std::move(message)});
    set_.documents[document].loaded = false;
  }

  void index() {
    std::vector<Draft> kept;
    for (Draft& draft : drafts_) {
      const auto [found, fresh] = by_id_.emplace(draft.rule.id, kept.size());
      if (!fresh) {
        const Rule& first = kept[found->second].rule;
        refuse(draft.document, draft.rule.at,
               "the id '" + draft.rule.id + "' is taken by " + first.pack + ":" + std::to_string(first.at.line) +
                   ": give one of them another");
        continue;
      }
      if (!draft.rule.name.empty()) by_name_.emplace(draft.rule.name, kept.size());
      kept.push_back(std::move(draft));
    }
    drafts_ = std::move(kept);
  }

  std::optional<std::size_t> lookup(const std::string& name) const {
    if (const auto found = by_id_.find(name); found != by_id_.end()) return found->second;
    if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
    return std::nullopt;
  }

  void apply(FilterDraft& filter) {
    std::vector<std::size_t> targets;
    const auto wanted = [](const std::string& filter_part, const std::string& rule_part) {
      return filter_part.empty() || filter_part == rule_part;
    };
    const auto same_source = [&](const Logsource& rule) {
      return wanted(filter.logsource.product, rule.product) && wanted(filter.logsource.category, rule.category) &&
             wanted(filter.logsource.service, rule.service);
    };
    if (filter.any_rule)
      for (std::size_t i = 0; i < drafts_.size(); ++i) targets.push_back(i);
    for (const Reference& reference : filter.rules) {
      const std::optional<std::size_t> found = lookup(reference.name);
      if (!found)
        set_.documents[filter.document].warnings.push_back(
            {reference.at, "the filter names '" + reference.name + "', and there is no such rule"});
      else targets.push_back(*found);
    }
    for (std::size_t target : targets) {
      Draft& draft = drafts_[target];
      if (draft.rule.dialect != Dialect::sigma || !same_source(draft.rule.scope.logsource)) {
        if (!filter.any_rule)
          set_.documents[filter.document].warnings.push_back(
              {filter.rules.front().at,
               "the filter's log source is not that of '" + draft.rule.id + "': not applied to it"});
        continue;
      }
      const auto join = [&](Rule& rule) {
        if (rule.when) rule.when = Expression::every({std::move(*rule.when), filter.when});
      };
      join(draft.rule);
      for (Draft& hit : draft.own_inputs) join(hit.rule);
    }
  }

  // Depth first; a draft met again while open closes a cycle. Depth is bounded by the chain of distinct correlations.
  void visit(std::size_t i) {
    constexpr int kChain = 32;
    if (state_[i] != State::waiting) return;
    Draft& draft = drafts_[i];
    if (++depth_ > kChain) {
      refuse(draft.document, draft.rule.at, "a chain of more than 32 correlations: shorten it");
      state_[i] = State::refused;
      --depth_;
      return;
    }
    state_[i] = State::open;
    bool good = true;
    std::vector<std::size_t> inputs, forgiving;
    const auto refer = [&](const Reference& reference, std::vector<std::size_t>& to) {
      const std::optional<std::size_t> found = lookup(reference.name);
      if (!found) {
        refuse(draft.document, reference.at,
               "there is no rule with the id or name '" + reference.name + "': load the file it is in, too");
        good = false;
        return;
      }
      if (state_[*found] == State::open) {
        refuse(draft.document, reference.at,
               "'" + reference.name + "' counts this rule in turn, directly or not: break the cycle");
        good = false;
        return;
      }
      visit(*found);
      if (state_[*found] == State::refused) {
        refuse(draft.document, reference.at, "it counts '" + reference.name + "', which was refused");
        good = false;
      }
      to.push_back(*found);
    };
    for (const Reference& reference : draft.inputs) refer(reference, inputs);
    for (const Reference& reference : draft.forgives) refer(reference, forgiving);
    --depth_;
    // A cycle through here may have been found below.
    if (!good || !set_.documents[draft.document].loaded) {
      state_[i] = State::refused;
      return;
    }
    state_[i] = place(i, inputs, forgiving) ? State::placed : State::refused;
  }

  // False if the window turned out not to be possible.
  bool place(std::size_t i, const std::vector<std::size_t>& inputs, const std::vector<std::size_t>& forgiving) {
    Draft& draft = drafts_[i];
    const std::size_t before = set_.rules.size();
    std::vector<std::uint32_t> indexes;
    std::vector<Logsource> sources;
    for (std::size_t input : inputs) {
      indexes.push_back(place_[input]);
      collect_sources(place_[input], sources);
    }
    for (Draft& hit : draft.own_inputs) {
      indexes.push_back(static_cast<std::uint32_t>(set_.rules.size()));
      sources.push_back(hit.rule.scope.logsource);
      set_.rules.push_back(std::move(hit.rule));
    }
    if (draft.rule.window) {
      Window& window = *draft.rule.window;
      for (std::size_t one : forgiving) {
        window.forgiving.push_back(place_[one]);
        indexes.push_back(place_[one]);
        collect_sources(place_[one], sources);
      }
      window.inputs = std::move(indexes);
      // Names mean what they mean in the log sources of the rules counted: `c-ip` is client_ip for a webserver rule.
      for (std::vector<Subject>* subjects : {&window.group_by, &window.fields})
        for (Subject& subject : *subjects) widen(subject, sources);
      for (const Draft::Alias& alias : draft.aliases) window.aliases.push_back(resolve(alias, draft));
      if (window.bounds.empty())
        window.bounds.push_back({Compare::greater_equal, static_cast<double>(window.inputs.size())});
      check(draft);
    }
    if (!set_.documents[draft.document].loaded) {
      set_.rules.resize(before);
      return false;
    }
    // Rules a correlation counts speak through it, unless it says `generate` (correlation specification, "Generate").
    if (draft.rule.dialect == Dialect::sigma && !draft.generate)
      for (std::size_t input : inputs) set_.rules[place_[input]].silent = true;
    place_[i] = static_cast<std::uint32_t>(set_.rules.size());
    set_.rules.push_back(std::move(draft.rule));
    for (Rule& clear : draft.clears) {
      clear.ends = place_[i];
      set_.rules.push_back(std::move(clear));
    }
    return true;
  }

  void collect_sources(std::uint32_t rule, std::vector<Logsource>& out) const {
    const Rule& input = set_.rules[rule];
    if (!input.window) {
      if (std::find(out.begin(), out.end(), input.scope.logsource) == out.end()) out.push_back(input.scope.logsource);
      return;
    }
    for (std::uint32_t inner : input.window->inputs) collect_sources(inner, out);
  }

  static void widen(Subject& subject, const std::vector<Logsource>& sources) {
    for (const Logsource& source : sources)
      for (const Place& place : subject_of(source, subject.written).places)
        if (subject.places.front().part == Part::field &&
            std::find(subject.places.begin(), subject.places.end(), place) == subject.places.end())
          subject.places.push_back(place);
  }

  Window::Alias resolve(const Draft::Alias& alias, const Draft& draft) {
    Window::Alias out;
    out.name = alias.name;
    for (const auto& [reference, field] : alias.fields) {
      const std::optional<std::size_t> found = lookup(reference.name);
      const auto& inputs = draft.rule.window->inputs;
      if (!found || std::find(inputs.begin(), inputs.end(), place_[*found]) == inputs.end()) {
        refuse(draft.document, reference.at,
               "the alias '" + alias.name + "' names '" + reference.name + "', which is not among the correlation's rules");
        continue;
      }
      std::vector<Logsource> sources;
      collect_sources(place_[*found], sources);
      Subject subject = subject_of(sources.size() == 1 ? sources.front() : Logsource{}, field);
      if (sources.size() > 1) widen(subject, sources);
      out.fields.emplace_back(place_[*found], std::move(subject));
    }
    return out;
  }

  // Whether a rule may fire without a record: a window judged when it is full, or one over such a window.
  bool recordless(std::uint32_t rule) const {
    const Rule& input = set_.rules[rule];
    if (!input.window) return false;
    if (!input.window->fires_at_once()) return true;
    return std::any_of(input.window->inputs.begin(), input.window->inputs.end(),
                       [this](std::uint32_t inner) { return recordless(inner); });
  }

  void check(const Draft& draft) {
    const Window& window = *draft.rule.window;
    for (std::uint32_t input : window.inputs) {
      if (!recordless(input)) continue;
      const Window& inner = *set_.rules[input].window;
      const auto same = [](const Subject& a, const Subject& b) { return a.written == b.written; };
      const bool same_groups = window.group_by.empty() || std::equal(window.group_by.begin(), window.group_by.end(),
                                                                     inner.group_by.begin(), inner.group_by.end(), same);
      if (same_groups && window.fields.empty() && window.aliases.empty()) continue;
      refuse(draft.document, draft.rule.at,
             "'" + set_.rules[input].id +
                 "' is judged when its time is over, with no event left to take fields from: group by "
                 "the same fields as it does, in the same order, and count it only");
    }
    for (std::uint32_t forgiving : window.forgiving) {
      const Rule& rule = set_.rules[forgiving];
      const auto counted = std::count(window.inputs.begin(), window.inputs.end(), forgiving);
      if (!rule.is_detection())
        refuse(draft.document, draft.rule.at,
               "it forgives by '" + rule.id + "', which looks at no single event: name one that does");
      else if (counted > 1)
        refuse(draft.document, draft.rule.at, "'" + rule.id + "' cannot both count and forgive: leave it out of one");
    }
    const bool counted = window.kind == Window::Kind::count || window.kind == Window::Kind::distinct;
    for (const Window::Bound& bound : window.bounds)
      if (counted && bound.number > kCountMax)
        refuse(draft.document, draft.rule.at, "a window counts up to 1,000,000: lower the number or shorten the span");
  }

  std::vector<Draft> drafts_;
  std::vector<FilterDraft> filters_;
  RuleSet set_;
  std::unordered_map<std::string, std::size_t> by_id_, by_name_;
  std::vector<State> state_;
  std::vector<std::uint32_t> place_;
  int depth_ = 0;
};

}  // namespace

RuleSet Loader::finish() {
  Resolver resolver(std::move(state_->drafts), std::move(state_->filters), std::move(state_->documents));
  RuleSet set = resolver.run();
  LoadOptions options = std::move(state_->options);
  state_ = std::make_unique<State>();
  state_->options = std::move(options);
  return set;
}

Result<PlaceholderValues> load_placeholders(std::string_view name, std::string_view text) {
  const yaml::Documents documents = yaml::parse(text);
  if (!documents.ok()) return Error{yaml::describe(name, documents.problem), ErrorKind::invalid};
  PlaceholderValues values;
  for (const Node& root : documents.roots) {
    if (!root.is_map())
      return Error{yaml::describe(name, {root.at, "a placeholder file is a map of names to values"}), ErrorKind::invalid};
    for (const Node::Entry& entry : root.entries) {
      std::vector<std::string>& list = values[entry.key];
      if (entry.value.is_scalar()) {
        if (!entry.value.is_null()) list.push_back(entry.value.text);
        continue;
      }
      for (const Node& item : entry.value.items) {
        if (!item.is_scalar() || entry.value.is_map())
          return Error{yaml::describe(name, {item.at, "a placeholder's value is a text or a list of texts"}),
                       ErrorKind::invalid};
        list.push_back(item.text);
      }
      if (entry.value.is_map())
        return Error{yaml::describe(name, {entry.value.at, "a placeholder's value is a text or a list of texts"}),
                     ErrorKind::invalid};
    }
  }
  return values;
}

}  // namespace logystera::detect
