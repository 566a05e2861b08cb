// Fleet: which sources are configured, and one more. What stands in the file is shown as it stands, ${VARIABLES} and all.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "dashboard/pages.hpp"
#include "fleet/targets.hpp"
#include "web/headers.hpp"

namespace logystera::dashboard {
namespace {

using fleet::Target;
using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::string_view kPath = "/fleet";
constexpr std::string_view kField = "v-";  // before a key's name in the form
constexpr std::string_view kNotHere =
    "ssh_opt";  // an option of ssh can run any program on this machine: only the file has it
constexpr Form::Limits kLimits{.bytes = 256 * 1024, .value_bytes = 16 * 1024};

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string()
                                         : std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

// A value a line.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (std::string line = trimmed(text.substr(0, end)); !line.empty()) lines.push_back(std::move(line));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lines;
}

// Groups stand on one line, with commas.
std::vector<std::string> words_of(std::string_view text) {
  std::string lines(text);
  std::replace(lines.begin(), lines.end(), ',', '\n');
  return lines_of(lines);
}

std::string field_of(const fleet::Key& key) { return std::string(kField) + std::string(key.name); }

View row_of(const Target& target) {
  View row;
  row.text("name", target.name).text("type", fleet::type_name(target.type)).text("what", fleet::describe(target));
  row.text("groups", fmt::format("{}", fmt::join(target.groups, ", "))).flag("off", !target.enabled);
  return row;
}

// A secret is never put into a page: neither is one that was pasted in the place of its variable.
View input_of(const fleet::Key& key, const Form& form) {
  const std::string name = field_of(key);
  View field;
  std::string label(key.about);
  if (key.secret) label += fmt::format(": the variable that holds it, as {}", key.example);
  else if (!key.example.empty() && key.kind != fleet::Kind::flag) label += fmt::format(", as {}", key.example);
  if (key.kind == fleet::Kind::texts) label += "; several, one a line";
  field.text("name", name).text("label", label).flag("required", key.required).flag("secret", key.secret);
  field.flag("is_texts", key.kind == fleet::Kind::texts).flag("is_flag", key.kind == fleet::Kind::flag);
  field.flag("is_text", key.kind == fleet::Kind::text || key.kind == fleet::Kind::number);
  field.flag("is_number", key.kind == fleet::Kind::number);
  const std::string value = key.secret && !fleet::is_reference(form[name]) ? std::string() : std::string(form[name]);
  field.text("value", value).rows("lines", web::lines_of(value));
  field.rows("choices", options_of({{"", "Not said"}, {"true", "Yes"}, {"false", "No"}}, value));
  return field;
}

void add_types(View& view, std::string_view chosen) {
  std::vector<View> rows;
  for (const fleet::Type type : fleet::types()) {
    View row;
    row.text("value", fleet::type_name(type)).text("label", fleet::type_name(type));
    row.flag("selected", fleet::type_name(type) == chosen);
    rows.push_back(std::move(row));
  }
  view.rows("types", std::move(rows));
}

bool may_add(const Context& context, const Request& request) {
  return request.principal->may(web::Role::admin) && !context.options.fleet.read_only;
}

// Whoever sees some sites alone sees nothing that belongs to none.
bool sees(const Request& request) { return !query::sites_of(*request.principal); }

Result<Answer> show(const Context& context, const Request& request, const Form& form, const std::string& problem) {
  View view;
  std::vector<View> rows, fields;
  std::string broken;
  if (sees(request)) {
    auto text = fleet::text_of(context.options.fleet.path);
    auto targets = text ? fleet::parse(text.value(), context.options.fleet.path) : Result<fleet::Targets>(text.error());
    if (!targets) broken = targets.error().message;
    else
      for (const Target& target : targets->all) rows.push_back(row_of(target));
  }
  const auto type = fleet::type_from(form["type"]);
  if (type)
    for (const fleet::Key& key : fleet::keys_of(*type))
      if (key.name != kNotHere) fields.push_back(input_of(key, form));
  add_types(view, type ? fleet::type_name(*type) : "file");
  view.text("caption", counted(rows.size(), "target", "targets")).text("broken", broken).text("problem", problem);
  view.text("done", form["done"] == "added" ? "It is added. What follows the fleet takes it when it begins anew." : "");
  view.flag("may_add", may_add(context, request) && broken.empty()).flag("read_only", context.options.fleet.read_only);
  view.flag("has_type", type.has_value())
      .text("type", type ? fleet::type_name(*type) : "")
      .text("file", context.options.fleet.path);
  view.text("name", form["name"]).text("groups", form["groups"]);
  view.flag("has_rows", !rows.empty()).rows("rows", std::move(rows)).rows("fields", std::move(fields));
  return context.page(request, "fleet", "Fleet", kPath, std::move(view));
}

// A log below one of the directories a browser may name, whatever links there are on the way.
bool is_below(const std::string& path, const std::vector<std::string>& directories) {
  std::error_code error;
  const std::filesystem::path file = std::filesystem::weakly_canonical(path, error);
  if (error || !std::filesystem::path(path).is_absolute()) return false;
  return std::any_of(directories.begin(), directories.end(), [&](const std::string& one) {
    const std::filesystem::path directory = std::filesystem::weakly_canonical(one, error);
    if (error) return false;
    const auto [end, at] = std::mismatch(directory.begin(), directory.end(), file.begin(), file.end());
    return end == directory.end() && at != file.end();
  });
}

Result<Target> target_of(const Context& context, const Form& form) {
  Target target;
  const auto type = fleet::type_from(form["type"]);
  if (!type) return Error{"choose a type", ErrorKind::invalid};
  target.type = *type;
  target.name = trimmed(form["name"]);
  target.groups = words_of(form["groups"]);
  for (const fleet::Key& key : fleet::keys_of(*type)) {
    const std::string_view given = form[field_of(key)];
    if (key.name == kNotHere) {
      if (!given.empty()) return Error{"options of ssh are written into the file alone", ErrorKind::denied};
      continue;
    }
    auto values = key.kind == fleet::Kind::texts ? lines_of(given) : std::vector<std::string>{trimmed(given)};
    if (values.empty() || values.front().empty()) continue;
    target.values.emplace_back(key.name, std::move(values));
  }
  if (auto wrong = fleet::wrong_with(target)) return *wrong;
  if (target.type == fleet::Type::file)
    for (const std::string& path : target.texts("path"))
      if (!is_below(path, context.options.fleet.web_paths))
        return Error{
            "a log of this machine is added here only if it lies in a directory that the configuration names in "
            "fleet.web_paths; 'logystera fleet init' adds any",
            ErrorKind::denied};
  return target;
}

Result<Answer> add(const Context& context, const Request& request, const Form& form) {
  if (context.options.fleet.read_only)
    return context.shell.problem(request, 403, "The fleet is read-only here",
                                 "An API token is set (api_token), and whoever has it is no person. Targets are added with "
                                 "'logystera fleet init', or in the file.");
  auto target = target_of(context, form);
  if (!target) return show(context, request, form, target.error().message);
  // Noted first: nothing is added that the audit does not know of.
  const auto note = [&](std::string_view action) {
    return context.change(
        request, [](store::Stores&) -> Result<Done> { return Done{}; }, action, target->name, "",
        fleet::type_name(target->type));
  };
  if (auto noted = note("fleet.add"); !noted) return noted.error();
  if (auto added = fleet::add_to(context.options.fleet.path, target.value()); !added) {
    if (auto noted = note("fleet.add_failed"); !noted) return noted.error();
    return show(context, request, form, added.error().message);
  }
  return web::see_other(fmt::format("{}?done=added", kPath));
}

}  // namespace

void add_fleet(const Context& context, Routes& routes) {
  routes.push_back(context.get(std::string(kPath), [&context](const Request& request, const Form& form) {
    return show(context, request, form, "");
  }));
  routes.push_back(context.post(
      std::string(kPath), [&context](const Request& request, const Form& form) { return add(context, request, form); },
      "admin", kLimits));
}

}  // namespace logystera::dashboard
