// Try it: lines somebody pastes, looked at by one rule; and rules that are checked before they are put anywhere. Nothing is stored.
#include <fmt/core.h>

#include <algorithm>

#include "analysis/trial.hpp"
#include "dashboard/pages.hpp"
#include "dashboard/rule_page.hpp"
#include "dashboard/trial_view.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::size_t kPastedBytes = 16 * 1024;  // of one field; more is for the API, or for an upload
/// Every byte of two such fields may come as three.
constexpr Form::Limits kLimits{.bytes = 7 * kPastedBytes, .value_bytes = kPastedBytes};

// A textarea's lines end in CR and LF, whatever was pasted.
std::string pasted(std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\r' || i + 1 == value.size() || value[i + 1] != '\n') text += value[i];
  }
  return text;
}

void add_pasted(View& view, std::string_view name, std::string_view text) { view.rows(name, web::lines_of(text)); }

// What somebody has to put right himself is shown where he did it.
bool is_his(const Error& error) { return error.kind == ErrorKind::not_found || error.kind == ErrorKind::invalid; }

Result<Answer> try_it(const Context& context, const Request& request, const Form& form) {
  const auto program = context.program.get();
  if (!program) return program.error();
  const auto& rules = program.value()->rules().rules;
  const auto rule =
      std::find_if(rules.begin(), rules.end(), [&](const detect::Rule& one) { return one.id == request.parameter("id"); });
  if (rule == rules.end()) return context.not_found(request, "rule");
  const std::string lines = pasted(form["lines"]);
  View view;
  add_pasted(view, "pasted", lines);
  auto trial = analysis::try_rule(*program.value(), static_cast<std::uint32_t>(rule - rules.begin()), lines, "");
  if (trial) view.view("trial", trial_view(trial.value(), 1));
  else if (is_his(trial.error())) view.text("trial_problem", trial.error().message);
  else return trial.error();
  return rule_page(context, request, std::move(view));
}

std::vector<View> problems_of(const analysis::Draft& draft) {
  std::vector<View> rows;
  const auto add = [&](std::string_view look, std::uint32_t line, const std::string& words) {
    View row;
    row.text("look", look).text("line", line == 0 ? "" : std::to_string(line)).text("words", words);
    rows.push_back(std::move(row));
  };
  if (!draft.problem.empty()) add("Refused", 0, draft.problem);
  for (const detect::DocumentReport& document : draft.documents) {
    for (const yaml::Problem& problem : document.problems) add("Refused", problem.at.line, problem.message);
    for (const yaml::Problem& warning : document.warnings) add("Worth a look", warning.at.line, warning.message);
  }
  for (const detect::SampleFailure& failure : draft.failures) add("Sample", failure.at.line, failure.message);
  if (!draft.samples_problem.empty()) add("Samples", 0, draft.samples_problem);
  return rows;
}

Result<Answer> check_page(const Context& context, const Request& request, View view) {
  return context.page(request, "rule_check", "Check a rule", "/rules", std::move(view));
}

Result<Answer> check(const Context& context, const Request& request, const Form& form) {
  const auto program = context.program.get();
  if (!program) return program.error();
  const std::string rules = pasted(form["rules"]), lines = pasted(form["lines"]);
  View view;
  add_pasted(view, "written", rules);
  add_pasted(view, "pasted", lines);
  auto draft = analysis::check_draft(*program.value(), rules, lines, "");
  if (!draft && !is_his(draft.error())) return draft.error();
  if (!draft) {
    view.text("trial_problem", draft.error().message);
    return check_page(context, request, std::move(view));
  }
  const bool sound = draft->sound();
  View checked;
  checked.flag("sound", sound).text("verdict", sound ? "It can be used" : "It cannot be used as it is");
  checked.text("words", fmt::format("{}, {} run.", counted(draft->documents.size(), "document", "documents"),
                                    counted(draft->samples, "sample", "samples")));
  std::vector<View> problems = problems_of(draft.value()), trials;
  checked.flag("has_problems", !problems.empty()).rows("problems", std::move(problems));
  for (const auto& tried : draft->tried) trials.push_back(trial_view(tried.trial, trials.size() + 1, tried.rule));
  view.view("checked", std::move(checked)).rows("trials", std::move(trials));
  return check_page(context, request, std::move(view));
}

}  // namespace

void add_trials(const Context& context, Routes& routes) {
  routes.push_back(context.post(
      "/rules/{id}/try", [&context](const Request& request, const Form& form) { return try_it(context, request, form); },
      "analyst", kLimits));
  routes.push_back(context.get(
      "/rules/check", [&context](const Request& request, const Form&) { return check_page(context, request, View()); },
      "analyst"));
  routes.push_back(context.post(
      "/rules/check", [&context](const Request& request, const Form& form) { return check(context, request, form); },
      "analyst", kLimits));
}

}  // namespace logystera::dashboard
