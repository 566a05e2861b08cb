// See targets.hpp.
#include "fleet/targets.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>

#include "core/printable.hpp"
#include "core/secret.hpp"
#include "fleet/references.hpp"
#include "parse/whole_file.hpp"

namespace logystera::fleet {
namespace {

constexpr unsigned kNumberMost = 65'535;
constexpr std::string_view kExample = "targets: [{name: auth, type: file, path: /var/log/auth.log}]";

std::string known_keys(Type type) {
  std::vector<std::string_view> names{"name", "type", "groups", "enabled"};
  for (const Key& key : keys_of(type)) names.push_back(key.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string known_types() {
  std::vector<std::string_view> names;
  for (const Type type : types()) names.push_back(type_name(type));
  return fmt::format("{}", fmt::join(names, ", "));
}

Error wrong(const std::string& place, const std::string& what) {
  return Error{fmt::format("{}: {}", place, what), ErrorKind::invalid};
}

constexpr std::string_view kHasUser = "holds a user or a password: they have keys of their own, username and password";

// A password in an address would be shown wherever the address is.
bool has_user(const Key& key, std::string_view value) {
  if (key.name != "url" && key.name != "host") return false;
  const std::size_t scheme = value.find("://");
  if (scheme != std::string_view::npos) value.remove_prefix(scheme + 3);
  else if (key.name == "url") return false;
  const std::string_view authority = value.substr(0, value.find_first_of("/?#"));
  const std::size_t at = authority.find('@');
  return at != std::string_view::npos && (key.name == "url" || authority.substr(0, at).find(':') != std::string_view::npos);
}

// What is wrong with a value that no variable is left to stand for.
std::optional<std::string> wrong_with_value(const Key& key, std::string_view value) {
  if (value.size() > kValueBytesMost) return fmt::format("is longer than {} bytes", kValueBytesMost);
  if (value.find('\0') != std::string_view::npos) return "holds a zero byte";
  switch (key.kind) {
    case Kind::text:
    case Kind::texts: break;
    case Kind::flag:
      if (value != "true" && value != "false") return "must be true or false";
      break;
    case Kind::number: {
      unsigned number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc() || end != value.data() + value.size() || number < 1 || number > kNumberMost)
        return fmt::format("must be a whole number from 1 to {}", kNumberMost);
      break;
    }
  }
  if (key.name == "url") {
    const std::size_t host = value.find("://");
    if (host == std::string_view::npos || (!value.starts_with("http://") && !value.starts_with("https://")))
      return "must begin with http:// or https://";
  }
  if (has_user(key, value)) return std::string(kHasUser);
  return std::nullopt;
}

// What types need beyond keys that are always required.
std::optional<std::string> wrong_together(const Target& target) {
  const auto has = [&](std::string_view key) { return !target.texts(key).empty(); };
  if (target.type == Type::ssh) {
    const bool journald = target.flag("journald");
    if (journald == has("path")) return "must say what is read there: path, or journald: true";
    if (!journald && (has("unit") || has("since")))
      return "has unit or since, which are of the journal: add journald: true";
  }
  if (target.type == Type::opensearch && has("api_key") && (has("username") || has("password")))
    return "has an api_key and a user: one of them";
  if (target.type == Type::loki || target.type == Type::graylog)
    if (has("token") && (has("username") || has("password"))) return "has a token and a user: one of them";
  if (has("password") && !has("username") && target.type != Type::ssh) return "has a password and no username";
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  std::optional<Error> problem;
  Targets targets;

  void read(const yaml::Node& root);

 private:
  std::string place(const yaml::Position& at) const { return fmt::format("{}:{}:{}", file_, at.line, at.column); }
  bool refuse(const yaml::Position& at, const std::string& what) {
    if (!problem) problem = wrong(place(at), what);
    return false;
  }
  bool read_target(const yaml::Node& node);
  bool read_name(const yaml::Node& node, std::string_view what, std::string& out);
  bool read_groups(const yaml::Node& node, Target& target);
  bool read_values(const Key& key, const yaml::Node& node, Target& target);
  void warn_of_secret(const Key& key, const yaml::Node& node, const Target& target);

  const std::string& file_;
  std::set<std::string> names_;
};

bool Reader::read_name(const yaml::Node& node, std::string_view what, std::string& out) {
  if (!node.is_scalar() || !is_name(node.text))
    return refuse(node.at, fmt::format("{} must be 1 to {} of the characters A-Z a-z 0-9 . _ -", what, kNameBytesMost));
  out = node.text;
  return true;
}

bool Reader::read_groups(const yaml::Node& node, Target& target) {
  const std::vector<yaml::Node> one{node};
  const std::vector<yaml::Node>& items = node.is_list() ? node.items : one;
  if (items.size() > kValuesMost) return refuse(node.at, fmt::format("groups: at most {}", kValuesMost));
  for (const yaml::Node& item : items) {
    std::string name;
    if (!read_name(item, "a group's name", name)) return false;
    if (std::find(target.groups.begin(), target.groups.end(), name) == target.groups.end())
      target.groups.push_back(std::move(name));
  }
  return true;
}

void Reader::warn_of_secret(const Key& key, const yaml::Node& node, const Target& target) {
  targets.warnings.push_back(
      fmt::format("{}: {} of {} stands in the file: write ${{{}}} and set that variable, for whoever reads the file has it",
                  place(node.at), key.name, target.name, variable_for(target.name, key)));
}

bool Reader::read_values(const Key& key, const yaml::Node& node, Target& target) {
  const std::vector<yaml::Node> one{node};
  if (node.is_list() && key.kind != Kind::texts) return refuse(node.at, fmt::format("{} takes one value", key.name));
  const std::vector<yaml::Node>& items = node.is_list() ? node.items : one;
  if (items.empty() || items.size() > kValuesMost)
    return refuse(node.at, fmt::format("{} takes 1 to {} values", key.name, kValuesMost));
  std::vector<std::string> values;
  for (const yaml::Node& item : items) {
    if (!item.is_scalar() || item.is_null() || item.text.empty())
      return refuse(item.at, fmt::format("{} must be {}", key.name,
                                         key.kind == Kind::texts ? "a text or a list of texts" : "a text"));
    bool plain = true;
    if (!walk(
            item.text, [](std::string_view) {}, [&](std::string_view) { plain = false; }))
      return refuse(
          item.at,
          fmt::format("{}: \"${{\" begins the name of a variable, as in ${{LOKI_TOKEN}}; write $$ for a dollar sign",
                      key.name));
    if (plain) {
      if (const auto what = wrong_with_value(key, item.text)) return refuse(item.at, fmt::format("{} {}", key.name, *what));
      if (key.secret) warn_of_secret(key, item, target);
    } else if (item.text.size() > kValueBytesMost) {
      return refuse(item.at, fmt::format("{} is longer than {} bytes", key.name, kValueBytesMost));
    } else if (has_user(key, item.text)) {  // beside its variables
      return refuse(item.at, fmt::format("{} {}", key.name, kHasUser));
    } else if (key.secret && !is_reference(item.text)) {
      warn_of_secret(key, item, target);
    }
    values.push_back(item.text);
  }
  target.values.emplace_back(key.name, std::move(values));
  return true;
}

bool Reader::read_target(const yaml::Node& node) {
  if (!node.is_map()) return refuse(node.at, "a target must be a map with name and type");
  Target target;
  target.place = place(node.at);
  const yaml::Node* name = node.find("name");
  const yaml::Node* type = node.find("type");
  if (!name) return refuse(node.at, "this target has no name");
  if (!read_name(*name, "a target's name", target.name)) return false;
  if (!names_.insert(target.name).second) return refuse(name->at, fmt::format("there is a target {} above", target.name));
  const auto known = type && type->is_scalar() ? type_from(type->text) : std::nullopt;
  if (!known)
    return refuse(type ? type->at : node.at, fmt::format("the type of {} must be one of {}", target.name, known_types()));
  target.type = *known;
  for (const yaml::Node::Entry& entry : node.entries) {
    if (entry.key == "name" || entry.key == "type") continue;
    if (entry.key == "groups") {
      if (!read_groups(entry.value, target)) return false;
      continue;
    }
    if (entry.key == "enabled") {
      if (entry.value.kind != yaml::Node::Kind::boolean) return refuse(entry.value.at, "enabled must be true or false");
      target.enabled = entry.value.boolean;
      continue;
    }
    const Key* const key = key_of(target.type, entry.key);
    if (!key)
      return refuse(entry.at, fmt::format("unknown key {}: a target of type {} has {}", printable(entry.key),
                                          type_name(target.type), known_keys(target.type)));
    if (!read_values(*key, entry.value, target)) return false;
  }
  for (const Key& key : keys_of(target.type))
    if (key.required && target.texts(key.name).empty())
      return refuse(node.at, fmt::format("{} has no {}: a target of type {} needs it", target.name, key.name,
                                         type_name(target.type)));
  if (const auto what = wrong_together(target)) return refuse(node.at, fmt::format("{} {}", target.name, *what));
  targets.all.push_back(std::move(target));
  return true;
}

void Reader::read(const yaml::Node& root) {
  const yaml::Node* list = nullptr;
  if (!root.is_map() || !(list = root.find("targets"))) {
    refuse(root.at, fmt::format("must have a list of targets, as in {}", kExample));
    return;
  }
  for (const yaml::Node::Entry& entry : root.entries)
    if (entry.key != "targets") {
      refuse(entry.at, fmt::format("unknown key {}: there is targets alone", printable(entry.key)));
      return;
    }
  if (list->is_null()) return;
  if (!list->is_list()) {
    refuse(list->at, "targets must be a list");
    return;
  }
  if (list->items.size() > kTargetsMost) {
    refuse(list->items[kTargetsMost].at, fmt::format("more than {} targets: use several files", kTargetsMost));
    return;
  }
  for (const yaml::Node& item : list->items)
    if (!read_target(item)) return;
}

}  // namespace

std::string Target::text(std::string_view key) const {
  for (const auto& [own, all] : values)
    if (own == key) return all.front();
  return {};
}

std::vector<std::string> Target::texts(std::string_view key) const {
  for (const auto& [own, all] : values)
    if (own == key) return all;
  return {};
}

bool Target::flag(std::string_view key, bool otherwise) const {
  const std::string value = text(key);
  return value.empty() ? otherwise : value == "true";
}

unsigned Target::number(std::string_view key) const {
  const std::string value = text(key);
  unsigned number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

bool is_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kNameBytesMost && std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
  });
}

bool is_reference(std::string_view value) noexcept {
  bool any = false, plain = false;
  const bool well = walk(
      value, [&](std::string_view text) { plain |= !text.empty(); }, [&](std::string_view) { any = true; });
  return well && any && !plain;
}

std::string source_prefix(std::string_view target) { return fmt::format("fleet:{}:", target); }

std::string variable_for(std::string_view target, const Key& key) {
  std::string name = fmt::format("{}_{}", target, key.name);
  for (char& c : name) c = is_letter(c) || is_digit(c) ? static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) : '_';
  return is_digit(name.front()) ? "_" + name : name;
}

bool is_usual_variable(std::string_view name) {
  constexpr std::size_t kBytesMost = 64;
  const std::string reference = "${" + std::string(name) + "}";
  if (name.find('}') != std::string_view::npos || !is_reference(reference)) return false;
  if (environment(name)) return true;
  return name.size() <= kBytesMost && name.find('_') != std::string_view::npos &&
         std::none_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

Result<Targets> parse(std::string_view text, const std::string& name) {
  const yaml::Documents documents = yaml::parse(text, {.bytes = kFileBytesMost, .documents = 1});
  if (!documents.ok()) return Error{yaml::describe(name, documents.problem), ErrorKind::invalid};
  if (documents.roots.empty()) return Targets();
  Reader reader(name);
  reader.read(documents.roots.front());
  if (reader.problem) return *reader.problem;
  return std::move(reader.targets);
}

Result<Targets> load(const std::string& path) {
  auto text = parse::read_whole_file(path, kFileBytesMost);
  if (!text && text.error().kind == ErrorKind::not_found)
    return Error{
        fmt::format("{}: there are no targets yet: 'logystera fleet init' makes the file, or write {}", path, kExample),
        ErrorKind::not_found};
  if (!text) return text.error();
  return parse(text.value(), path);
}

std::optional<std::string> environment(std::string_view name) {
  const std::string asked(name);
  if (const char* const value = std::getenv(asked.c_str())) return value;
  // Those of log stores the program has taken out of its environment. Its own secrets are for no target.
  for (const char* const known : {kLokiTokenVariable, kLokiPasswordVariable, kGraylogTokenVariable,
                                  kGraylogPasswordVariable, kOpensearchPasswordVariable, kOpensearchKeyVariable}) {
    if (asked != known) continue;
    std::string taken = secret_variable(known);
    if (!taken.empty()) return taken;
  }
  return std::nullopt;
}

Result<Target> resolve(const Target& target, const Variables& variables) {
  Target resolved = target;
  for (auto& key_and_values : resolved.values) {
    const std::string& name = key_and_values.first;
    const Key* const key = key_of(target.type, name);
    for (std::string& value : key_and_values.second) {
      std::string text;
      std::optional<Error> missing;
      walk(
          value, [&](std::string_view plain) { text += plain; },
          [&](std::string_view variable) {
            const auto found = variables(variable);
            if (found) text += *found;
            else if (!missing)
              missing = wrong(target.place, fmt::format("{} of {} needs the variable {}, which is not set: export {}=…",
                                                        name, target.name, variable, variable));
          });
      if (missing) return *missing;
      if (text.empty())
        return wrong(target.place, fmt::format("{} of {} is empty: its variable is set to nothing", name, target.name));
      if (const auto what = wrong_with_value(*key, text))
        return wrong(target.place, fmt::format("{} of {}, of its variables, {}", name, target.name, *what));
      value = std::move(text);
    }
  }
  if (const auto what = wrong_together(resolved)) return wrong(target.place, fmt::format("{} {}", target.name, *what));
  return resolved;
}

std::string describe(const Target& target) {
  const auto joined = [&](std::string_view key) { return fmt::format("{}", fmt::join(target.texts(key), ", ")); };
  const auto or_else = [](std::string text, std::string_view otherwise) {
    return text.empty() ? std::string(otherwise) : text;
  };
  switch (target.type) {
    case Type::file: return joined("path");
    case Type::journald: return or_else(joined("unit"), "all units");
    case Type::docker: {
      std::string what = or_else(joined("container"), target.texts("label").empty() ? "all containers" : "containers");
      if (const std::string labels = joined("label"); !labels.empty()) what += " with " + labels;
      return what;
    }
    case Type::ssh: {
      std::string where = target.text("user");
      if (!where.empty()) where += '@';
      where += target.text("host");
      if (const std::string port = target.text("port"); !port.empty()) where += ":" + port;
      return where + " " +
             (target.flag("journald") ? "journal " + or_else(joined("unit"), "of all units") : joined("path"));
    }
    case Type::opensearch:
      return fmt::format("{}:{} {}", or_else(target.text("host"), "localhost"), or_else(target.text("port"), "9200"),
                         target.text("index"));
    case Type::loki: return or_else(target.text("url"), "http://localhost:3100") + " " + target.text("query");
    case Type::graylog: return or_else(target.text("url"), "http://localhost:9000") + " " + target.text("query");
  }
  return {};
}

std::string shown(const Key& key, const std::string& value) {
  return key.secret && !is_reference(value) ? "(in the file)" : value;
}

Result<std::vector<Target>> select(const Targets& targets, const std::vector<std::string>& names,
                                   const std::vector<std::string>& groups) {
  std::set<std::string> known_names, known_groups;
  for (const Target& target : targets.all) {
    known_names.insert(target.name);
    known_groups.insert(target.groups.begin(), target.groups.end());
  }
  const auto unknown = [](std::string_view what, const std::vector<std::string>& wanted, const std::set<std::string>& known,
                          std::optional<Error>& error) {
    for (const std::string& one : wanted)
      if (!error && !known.contains(one))
        error = Error{
            fmt::format("no target has the {} {}: there {} {}", what, printable(one), known.size() == 1 ? "is" : "are",
                        known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))),
            ErrorKind::not_found};
  };
  std::optional<Error> error;
  unknown("name", names, known_names, error);
  unknown("group", groups, known_groups, error);
  if (error) return *error;
  std::vector<Target> chosen;
  for (const Target& target : targets.all) {
    const bool named = std::find(names.begin(), names.end(), target.name) != names.end();
    const bool grouped = std::any_of(groups.begin(), groups.end(), [&](const std::string& group) {
      return std::find(target.groups.begin(), target.groups.end(), group) != target.groups.end();
    });
    if (target.enabled && (named || grouped || (names.empty() && groups.empty()))) chosen.push_back(target);
  }
  return chosen;
}

}  // namespace logystera::fleet
