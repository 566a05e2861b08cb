// Targets as text of targets.yaml.
#include <fmt/core.h>
#include <fmt/ranges.h>

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
  std::string out(text);
  if (!out.empty() && out.back() != '\n') out += '\n';
  if (text.find_first_not_of(" \r\n") == std::string_view::npos) out = "targets:\n";
  out += as_yaml(target);
  auto after = parse(out, name);
  if (before->all.empty() && !after) {  // comments alone
    out = fmt::format("{}{}targets:\n{}", text, text.ends_with('\n') ? "" : "\n", as_yaml(target));
    after = parse(out, name);
  }
  // A list in brackets, or one that something else follows, takes nothing at its end.
  if (!after || after->all.size() != before->all.size() + 1 || after->all.back().name != target.name) {
    for (const Target& other : before->all)
      if (other.name == target.name)
        return Error{fmt::format("{}: there is a target {} already", name, target.name), ErrorKind::exists};
    return Error{
        fmt::format(
            "{}: nothing can be added at its end: write the targets as a list of lines that begin with \"  - name:\", "
            "and targets last",
            name),
        ErrorKind::denied};
  }
  return out;
}

}  // namespace logystera::fleet
