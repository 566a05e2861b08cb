// `logystera fleet init`: asks on the terminal what a target needs, and adds it to the file.
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "cli/fleet.hpp"
#include "cli/fleet_sources.hpp"
#include "cli/interrupt.hpp"
#include "core/printable.hpp"

namespace logystera::cli {
namespace {

constexpr const char* kCommand = "fleet init";
constexpr std::chrono::seconds kCheckLimit{5};

// A line of the person's, without blanks around it; nothing: there is no more.
std::optional<std::string> answer(const std::string& question) {
  fmt::print("{}: ", question);
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos) return std::string();
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

// The same with what was said before, which an empty answer keeps and "-" takes back.
std::optional<std::string> answer_or(const std::string& question, const std::string& before) {
  if (before.empty()) return answer(question);
  auto said = answer(fmt::format("{} [{}]", question, printable(before)));
  if (said && said->empty()) return before;
  if (said && *said == "-") return std::string();
  return said;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    std::string word = text.substr(at, comma - at);
    at = comma + 1;
    const std::size_t first = word.find_first_not_of(" \t");
    if (first == std::string::npos) continue;
    words.push_back(word.substr(first, word.find_last_not_of(" \t") - first + 1));
  }
  return words;
}

// What was said of a target that could not be added, to be kept or said anew. False: the input has ended.
bool ask_secret(fleet::Target& target, const fleet::Key& key, const fleet::Target& before) {
  const std::string suggested = fleet::variable_for(target.name, key);
  for (;;) {
    auto said =
        answer_or(fmt::format("{}: the variable that holds it, as {}, or nothing if there is none", key.about, suggested),
                  before.text(key.name));
    if (!said) return false;
    if (said->empty()) return true;
    std::string name = *said;
    if (name.starts_with("${") && name.ends_with('}')) name = name.substr(2, name.size() - 3);
    // What is no variable's name may be the secret: it is kept nowhere, and is not shown again.
    if (fleet::is_usual_variable(name)) {
      target.values.emplace_back(key.name, std::vector<std::string>{"${" + name + "}"});
      fmt::print("  set it where logystera runs: export {}=…\n", name);
      return true;
    }
    fmt::print("  that is no variable's name (capitals, digits and _, as {}); a secret does not belong in the file\n",
               suggested);
  }
}

bool ask(fleet::Target& target, const fleet::Key& key, const fleet::Target& before) {
  if (key.secret) return ask_secret(target, key, before);
  std::string said_before = fmt::format("{}", fmt::join(before.texts(key.name), ", "));
  // A password within an address is a reason to refuse it, and is not shown again.
  if (said_before.find('@') != std::string::npos && said_before.find(':') < said_before.find('@')) said_before.clear();
  for (;;) {
    const std::string extra = key.kind == fleet::Kind::texts  ? ", several with commas"
                              : key.kind == fleet::Kind::flag ? ", true or false"
                                                              : "";
    auto said = answer_or(
        fmt::format("{} ({}{}), for example {}", key.about, key.required ? "needed" : "or nothing", extra, key.example),
        said_before);
    if (!said) return false;
    if (said->empty() && key.required) {
      fmt::print("  it is needed\n");
      continue;
    }
    if (said->empty()) return true;
    target.values.emplace_back(key.name,
                               key.kind == fleet::Kind::texts ? words_of(*said) : std::vector<std::string>{*said});
    return true;
  }
}

std::string type_names() {
  std::vector<std::string_view> names;
  for (const fleet::Type type : fleet::types()) names.push_back(fleet::type_name(type));
  return fmt::format("{}", fmt::join(names, ", "));
}

// Nothing: the input has ended.
std::optional<fleet::Target> ask_target(const fleet::Targets& there, const std::optional<fleet::Target>& refused) {
  const fleet::Target before = refused.value_or(fleet::Target());
  fleet::Target target;
  for (;;) {
    auto said = answer_or("Name of the target, for example web01", before.name);
    if (!said) return std::nullopt;
    const bool taken =
        std::any_of(there.all.begin(), there.all.end(), [&](const fleet::Target& one) { return one.name == *said; });
    if (fleet::is_name(*said) && !taken) {
      target.name = *said;
      break;
    }
    fmt::print("  {}\n", taken ? "there is one of that name" : "1 to 64 of the characters A-Z a-z 0-9 . _ -");
  }
  for (;;) {
    auto said = answer_or("Type: " + type_names(), refused ? std::string(fleet::type_name(before.type)) : std::string());
    if (!said) return std::nullopt;
    if (const auto type = fleet::type_from(*said)) {
      target.type = *type;
      break;
    }
    fmt::print("  one of {}\n", type_names());
  }
  for (const fleet::Key& key : fleet::keys_of(target.type))
    if (!ask(target, key, target.type == before.type ? before : fleet::Target())) return std::nullopt;
  auto groups = answer_or("Groups (or nothing, several with commas), for example web, prod",
                          fmt::format("{}", fmt::join(before.groups, ", ")));
  if (!groups) return std::nullopt;
  target.groups = words_of(*groups);
  return target;
}

void offer_check(const Globals& globals, const fleet::Target& target) {
  const auto said = answer("Look now whether it can be read? (y/n)");
  if (!said || (*said != "y" && *said != "yes")) return;
  auto prepared = prepare(kCommand, globals, {});
  if (!prepared) {
    fail(kCommand, prepared.error());
    return;
  }
  auto resolved = fleet::resolve(target, fleet::environment);
  auto found = resolved ? fleet_check(resolved.value(), prepared.value(), interrupted(), kCheckLimit)
                        : Result<std::string>(resolved.error());
  if (found) fmt::print("  it can: {}\n", printable(found.value()));
  else fmt::print("  it cannot: {}\n", printable(found.error().message));
}

}  // namespace

int run_fleet_init(const Globals& globals, const std::string& named) {
  const auto said = targets_file(globals, named);
  if (!said) return fail(kCommand, said.error());
  const std::string& file = said.value();
  if (::isatty(STDIN_FILENO) == 0)
    return fail(kCommand,
                Error{fmt::format("it asks questions, and standard input is no terminal: write {} by hand, as in\n"
                                  "targets:\n  - name: web01\n    type: ssh\n    host: web01.example\n"
                                  "    path: /var/log/auth.log\n    groups: [web]",
                                  file),
                      ErrorKind::invalid});
  auto text = fleet::text_of(file);
  if (!text) return fail(kCommand, text.error());
  auto there = fleet::parse(text.value(), file);
  if (!there) return fail(kCommand, there.error());
  fmt::print("A target for {}; an empty answer leaves a value out, Ctrl-D ends without writing.\n", printable(file));
  for (std::optional<fleet::Target> refused;;) {
    auto target = ask_target(there.value(), refused);
    if (!target) {
      fmt::print("\n");
      return fail(kCommand, Error{"nothing was written: the answers ended"});
    }
    if (auto added = fleet::add_to(file, *target); !added) {
      fail(kCommand, added.error());
      // What the answers were is not what is wrong.
      if (added.error().kind != ErrorKind::invalid && added.error().kind != ErrorKind::exists) return kExitError;
      fmt::print("Once more: an empty answer keeps what stands in brackets, - leaves it out.\n");
      refused = std::move(target);
      continue;
    }
    fmt::print("{} has it now; 'logystera fleet list' shows all.\n", printable(file));
    offer_check(globals, *target);
    return kExitDone;
  }
}

}  // namespace logystera::cli
