#include "redact/patterns.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "redact/bytes.hpp"
#include "yaml/yaml.hpp"

namespace logystera::redact {
namespace {

// Where a node begins, as file:line:column: a list or a map at what is first in it, a text behind its quote.
std::string place(const std::string& path, const yaml::Node& node) {
  if (!node.items.empty()) return place(path, node.items.front());
  yaml::Position at = node.entries.empty() ? node.at : node.entries.front().at;
  if (node.quoted) ++at.column;
  return path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

Error fault(const std::string& path, const yaml::Node& node, const std::string& what) {
  return Error{place(path, node) + ": " + what, ErrorKind::invalid};
}

Error fault(const std::string& path, const yaml::Node::Entry& entry, const std::string& what) {
  return Error{yaml::describe(path, {entry.at, what}), ErrorKind::invalid};
}

// One entry of `patterns:`. What a person writes is text, 12345 and true as well.
Result<Pattern> read_entry(const yaml::Node& entry, const std::string& path) {
  if (!entry.is_map()) return fault(path, entry, "an entry of patterns must have the keys name, pattern and prefix");
  std::string_view name, pattern, prefix;
  const yaml::Node* pattern_node = nullptr;
  for (const yaml::Node::Entry& member : entry.entries) {
    const yaml::Node& value = member.value;
    if (!value.is_scalar()) return fault(path, member, "the value of this key must be text");
    if (member.key == "name") name = value.text;
    else if (member.key == "prefix") prefix = value.text;
    else if (member.key == "pattern") pattern = value.text, pattern_node = &value;
    else
      return fault(path, member,
                   "unknown key '" + member.key.substr(0, kPatternNameBytes) + "'; the keys are name, pattern and prefix");
  }
  for (const auto& [key, value] : {std::pair{"name", name}, {"pattern", pattern}, {"prefix", prefix}})
    if (value.empty()) return fault(path, entry, std::string("the key ") + key + " is missing or empty");
  auto compiled = Pattern::compile(name, pattern, prefix);
  if (!compiled) return fault(path, *pattern_node, compiled.error().message);
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

Result<std::vector<Pattern>> parse_patterns(std::string_view text, const std::string& path) {
  if (text.size() > kPatternFileBytes)
    return Error{
        path + ": the file is larger than " + std::to_string(kPatternFileBytes / 1024) + " KiB; split or shorten it",
        ErrorKind::too_large};
  const yaml::Documents documents = yaml::parse(text);
  // Only the first document counts.
  if (documents.roots.empty() && !documents.ok()) return Error{yaml::describe(path, documents.problem), ErrorKind::invalid};
  std::vector<Pattern> patterns;
  if (documents.roots.empty()) return patterns;  // an empty file, or comments alone
  const yaml::Node& root = documents.roots.front();
  if (!root.is_map()) return fault(path, root, "the file must have one key, patterns, with a list below it");
  for (const yaml::Node::Entry& entry : root.entries)
    if (entry.key != "patterns") return fault(path, entry, "unknown key; the file's only key is patterns");
  const yaml::Node* list = root.find("patterns");
  if (!list || (list->is_scalar() && list->text.empty())) return patterns;
  if (!list->is_list()) return fault(path, *list, "patterns must be a list");
  for (const yaml::Node& entry : list->items) {
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
  std::string text(kPatternFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Error{path + ": reading failed"};
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_patterns(text, path);
}

}  // namespace logystera::redact
