#include "redact/patterns.hpp"

#include <libfyaml.h>
#include <re2/re2.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "redact/bytes.hpp"

namespace logystera::redact {
namespace {

struct DocumentEnd {
  void operator()(fy_document* document) const noexcept { fy_document_destroy(document); }
};
struct DiagEnd {
  void operator()(fy_diag* diag) const noexcept { fy_diag_destroy(diag); }
};
using Document = std::unique_ptr<fy_document, DocumentEnd>;
using Diag = std::unique_ptr<fy_diag, DiagEnd>;

// The first token of a node: a container has none of its own that can be asked for.
fy_token* first_token(fy_node* node) {
  void* next = nullptr;
  while (node && !fy_node_is_scalar(node)) {
    next = nullptr;
    if (fy_node_is_mapping(node)) {
      fy_node_pair* pair = fy_node_mapping_iterate(node, &next);
      node = pair ? fy_node_pair_key(pair) : nullptr;
    } else {
      node = fy_node_sequence_iterate(node, &next);
    }
  }
  return node ? fy_node_get_scalar_token(node) : nullptr;
}

// Where a node stands, as file:line:column.
std::string place(const std::string& path, fy_node* node) {
  fy_token* token = first_token(node);
  const fy_mark* mark = token ? fy_token_start_mark(token) : nullptr;
  if (mark == nullptr) return path;
  return path + ":" + std::to_string(mark->line + 1) + ":" + std::to_string(mark->column + 1);
}

Error fault(const std::string& path, fy_node* node, const std::string& what) {
  return Error{place(path, node) + ": " + what, ErrorKind::invalid};
}

std::string_view scalar(fy_node* node) {
  std::size_t size = 0;
  const char* text = fy_node_get_scalar(node, &size);
  return text ? std::string_view(text, size) : std::string_view();
}

// One entry of `patterns:`.
Result<Pattern> read_entry(fy_node* entry, const std::string& path) {
  if (!fy_node_is_mapping(entry))
    return fault(path, entry, "an entry of patterns must have the keys name, pattern and prefix");
  std::string_view name, pattern, prefix;
  fy_node* pattern_node = nullptr;
  void* next = nullptr;
  while (fy_node_pair* pair = fy_node_mapping_iterate(entry, &next)) {
    fy_node* key = fy_node_pair_key(pair);
    fy_node* value = fy_node_pair_value(pair);
    const std::string_view key_name = key ? scalar(key) : std::string_view();
    if (!value || !fy_node_is_scalar(value)) return fault(path, key, "the value of this key must be text");
    if (key_name == "name") name = scalar(value);
    else if (key_name == "prefix") prefix = scalar(value);
    else if (key_name == "pattern") pattern = scalar(value), pattern_node = value;
    else
      return fault(path, key,
                   "unknown key '" + std::string(key_name.substr(0, kPatternNameBytes)) +
                       "'; the keys are name, pattern and prefix");
  }
  for (const auto& [key, value] : {std::pair{"name", name}, {"pattern", pattern}, {"prefix", prefix}})
    if (value.empty()) return fault(path, entry, std::string("the key ") + key + " is missing or empty");
  auto compiled = Pattern::compile(name, pattern, prefix);
  if (!compiled) return fault(path, pattern_node, compiled.error().message);
  return compiled;
}

}  // namespace

Result<Pattern> Pattern::compile(std::string_view name, std::string_view pattern, std::string_view prefix) {
  const auto too_long = [](std::string_view what, std::size_t most) {
    return Error{std::string(what) + " is longer than " + std::to_string(most) + " bytes; shorten it", ErrorKind::invalid};
  };
  if (name.empty() || pattern.empty() || prefix.empty())
    return Error{"name, pattern and prefix must not be empty", ErrorKind::invalid};
  if (name.size() > kPatternNameBytes) return too_long("the name", kPatternNameBytes);
  if (prefix.size() > kPatternNameBytes) return too_long("the prefix", kPatternNameBytes);
  if (pattern.size() > kPatternBytes) return too_long("the pattern", kPatternBytes);
  const bool prefix_ok = prefix[0] >= 'a' && prefix[0] <= 'z' && std::all_of(prefix.begin(), prefix.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_';
                         });
  if (!prefix_ok)
    return Error{
        "the prefix '" + std::string(prefix) + "' must be a lower-case letter followed by lower-case letters, digits or _",
        ErrorKind::invalid};

  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(static_cast<std::int64_t>(kPatternProgramBytes));
  auto expression = std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!expression->ok())
    return Error{"the pattern is not a regular expression RE2 can run: " + expression->error() +
                     " (look-around and back-references are not supported)",
                 ErrorKind::invalid};
  if (re2::RE2::FullMatch("", *expression))
    return Error{"the pattern matches the empty text, so it would match everywhere; make it require something",
                 ErrorKind::invalid};

  Pattern compiled;
  compiled.name_ = name;
  compiled.prefix_ = prefix;
  compiled.expression_ = std::move(expression);
  return compiled;
}

void Pattern::find(std::string_view text, std::uint16_t index, std::vector<Hit>& hits) const {
  const re2::StringPiece whole(text.data(), text.size());
  re2::StringPiece found;
  std::size_t at = 0;
  while (at <= text.size() && expression_->Match(whole, at, text.size(), re2::RE2::UNANCHORED, &found, 1)) {
    const auto begin = static_cast<std::size_t>(found.data() - text.data());
    // An assertion such as \b can still match nothing in the middle of a text.
    if (!found.empty())
      hits.push_back(
          {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + found.size()), Kind::own, index});
    at = begin + std::max<std::size_t>(found.size(), 1);
  }
}

Result<std::vector<Pattern>> parse_patterns(std::string_view yaml, const std::string& path) {
  if (yaml.size() > kPatternFileBytes)
    return Error{
        path + ": the file is larger than " + std::to_string(kPatternFileBytes / 1024) + " KiB; split or shorten it",
        ErrorKind::too_large};
  fy_diag_cfg diag_config;
  fy_diag_cfg_default(&diag_config);
  diag_config.fp = nullptr;
  diag_config.colorize = false;
  Diag diag(fy_diag_create(&diag_config));
  if (!diag) return Error{path + ": out of memory while reading it"};
  fy_diag_set_collect_errors(diag.get(), true);
  fy_parse_cfg config{};
  config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_DEFAULT_DOC);
  config.diag = diag.get();
  Document document(fy_document_build_from_string(&config, yaml.data(), yaml.size()));
  if (!document) {
    void* next = nullptr;
    if (const fy_diag_error* error = fy_diag_errors_iterate(diag.get(), &next))
      return Error{path + ":" + std::to_string(error->line) + ":" + std::to_string(error->column) +
                       ": not valid YAML: " + error->msg,
                   ErrorKind::invalid};
    return std::vector<Pattern>();  // no document at all: an empty file, or comments alone
  }
  fy_node* root = fy_document_root(document.get());
  std::vector<Pattern> patterns;
  if (!root || (fy_node_is_scalar(root) && scalar(root).empty())) return patterns;  // nothing but comments
  if (!fy_node_is_mapping(root)) return fault(path, root, "the file must have one key, patterns, with a list below it");
  fy_node* list = nullptr;
  void* next = nullptr;
  while (fy_node_pair* pair = fy_node_mapping_iterate(root, &next)) {
    fy_node* key = fy_node_pair_key(pair);
    if (!key || scalar(key) != "patterns") return fault(path, key, "unknown key; the file's only key is patterns");
    list = fy_node_pair_value(pair);
  }
  if (!list || (fy_node_is_scalar(list) && scalar(list).empty())) return patterns;
  if (!fy_node_is_sequence(list)) return fault(path, list, "patterns must be a list");
  next = nullptr;
  while (fy_node* entry = fy_node_sequence_iterate(list, &next)) {
    if (patterns.size() == kPatterns)
      return fault(path, entry, "there are more than " + std::to_string(kPatterns) + " patterns; join some with |");
    auto pattern = read_entry(entry, path);
    if (!pattern) return pattern.error();
    const bool taken = std::any_of(patterns.begin(), patterns.end(),
                                   [&](const Pattern& other) { return other.name() == pattern->name(); });
    if (taken) return fault(path, entry, "the name '" + pattern->name() + "' is used twice");
    patterns.push_back(std::move(pattern).value());
  }
  return patterns;
}

Result<std::vector<Pattern>> load_patterns(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{path + ": cannot be opened; check that it exists and may be read", kind_of_errno(errno)};
  std::string yaml(kPatternFileBytes + 1, '\0');
  file.read(yaml.data(), static_cast<std::streamsize>(yaml.size()));
  if (file.bad()) return Error{path + ": reading failed"};
  yaml.resize(static_cast<std::size_t>(file.gcount()));
  return parse_patterns(yaml, path);
}

}  // namespace logystera::redact
