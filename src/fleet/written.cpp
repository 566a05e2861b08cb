// Targets as text of targets.yaml.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "fleet/references.hpp"
#include "fleet/targets.hpp"

namespace logystera::fleet {
namespace {

bool has_references(std::string_view value) {
  bool any = false;
  walk(
      value, [](std::string_view) {}, [&](std::string_view) { any = true; });
  return any;
}

// As YAML reads it back to the same text, whatever it is.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
      continue;
    }
    out += c;
  }
  return out + '"';
}

std::string scalar(const Key& key, const std::string& value) {
  const bool bare = (key.kind == Kind::flag || key.kind == Kind::number) && !has_references(value);
  return bare ? value : quoted(value);
}

// Each of its variables is called as variables are.
bool are_usual(std::string_view value) {
  bool usual = true;
  walk(
      value, [](std::string_view) {}, [&](std::string_view name) { usual &= is_usual_variable(name); });
  return usual;
}

constexpr std::size_t kIndent = 2, kIndentMost = 8;  // of the lines of a list

std::string indented(std::string_view yaml, std::size_t by) {
  std::string out;
  while (!yaml.empty()) {
    const std::size_t end = yaml.find('\n') + 1;  // each line has one
    out += std::string(by, ' ');
    out += yaml.substr(kIndent, end - kIndent);
    yaml.remove_prefix(end);
  }
  return out;
}

// Behind the lines of "targets: []", however it is spaced, its brackets left out; nothing: there is no such line.
std::optional<std::string> without_brackets(std::string_view text, std::string_view yaml) {
  constexpr std::string_view kKey = "targets:";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(kKey)) {
      const std::size_t open = line.find_first_not_of(" \t", kKey.size());
      if (open == std::string_view::npos || line[open] != '[') return std::nullopt;
      const std::size_t close = line.find_first_not_of(" \t", open + 1);
      if (close == std::string_view::npos || line[close] != ']') return std::nullopt;
      return fmt::format("{}{}{}\n{}{}", text.substr(0, at), kKey, line.substr(close + 1), yaml,
                         text.substr(std::min(end + 1, text.size())));
    }
    at = end + 1;
  }
  return std::nullopt;
}

// Texts of the file with the target, the usual one first. Lists are indented as people please, so which of them is right only reading
// it tells.
std::vector<std::string> ways_to_add(std::string_view text, bool is_empty, const Target& target) {
  const std::string yaml = as_yaml(target);
  if (text.find_first_not_of(" \r\n") == std::string_view::npos) return {"targets:\n" + yaml};
  std::string begin(text);
  if (begin.back() != '\n') begin += '\n';
  std::vector<std::string> ways{begin + yaml};
  for (std::size_t by = 0; by <= kIndentMost; ++by)
    if (by != kIndent) ways.push_back(begin + indented(yaml, by));
  if (!is_empty) return ways;
  if (auto in_place = without_brackets(text, yaml)) ways.push_back(std::move(*in_place));
  ways.push_back(begin + "targets:\n" + yaml);  // comments alone
  return ways;
}

}  // namespace

std::string as_yaml(const Target& target) {
  std::string out = fmt::format("  - name: {}\n    type: {}\n", quoted(target.name), type_name(target.type));
  if (!target.groups.empty()) {
    std::vector<std::string> groups;
    for (const std::string& group : target.groups) groups.push_back(quoted(group));
    out += fmt::format("    groups: [{}]\n", fmt::join(groups, ", "));
  }
  if (!target.enabled) out += "    enabled: false\n";
  for (const auto& [name, all] : target.values) {
    const Key* const key = key_of(target.type, name);
    if (!key) continue;
    if (all.size() == 1) {
      out += fmt::format("    {}: {}\n", name, scalar(*key, all.front()));
      continue;
    }
    out += fmt::format("    {}:\n", name);
    for (const std::string& value : all) out += fmt::format("      - {}\n", scalar(*key, value));
  }
  return out;
}

std::optional<Error> wrong_with(const Target& target) {
  const auto refused = [](std::string what) { return Error{std::move(what), ErrorKind::invalid}; };
  if (!is_name(target.name))
    return refused(fmt::format("a target's name must be 1 to {} of the characters A-Z a-z 0-9 . _ -", kNameBytesMost));
  for (const std::string& group : target.groups)
    if (!is_name(group))
      return refused(fmt::format("a group's name must be 1 to {} of the characters A-Z a-z 0-9 . _ -", kNameBytesMost));
  for (const auto& [name, all] : target.values)
    for (const std::string& value : all) {
      const Key* const key = key_of(target.type, name);
      if (key && key->secret && !(is_reference(value) && are_usual(value)))
        return refused(
            fmt::format("{}: write the name of a variable, in capitals as in {}, and set it where logystera runs; "
                        "what you wrote was not kept",
                        name, key->example));
    }
  auto read = parse("targets:\n" + as_yaml(target), "target");
  if (!read) {
    // Its place is in a text nobody sees.
    std::string message = read.error().message;
    if (const std::size_t at = message.find(": "); at != std::string::npos) message.erase(0, at + 2);
    return refused(std::move(message));
  }
  return std::nullopt;
}

Result<std::string> with(std::string_view text, const std::string& name, const Target& target) {
  if (auto error = wrong_with(target)) return *error;
  auto before = parse(text, name);
  if (!before) return before.error();
  for (const Target& other : before->all)
    if (other.name == target.name)
      return Error{fmt::format("{}: there is a target {} already", name, target.name), ErrorKind::exists};
  // What reads back as one target more, the last, is it.
  for (std::string& out : ways_to_add(text, before->all.empty(), target)) {
    const auto after = parse(out, name);
    if (after && after->all.size() == before->all.size() + 1 && after->all.back().name == target.name)
      return std::move(out);
  }
  return Error{
      fmt::format(
          "{}: nothing can be added at its end: write the targets as a list of lines that begin with \"  - name:\", "
          "and targets last",
          name),
      ErrorKind::denied};
}

}  // namespace logystera::fleet
