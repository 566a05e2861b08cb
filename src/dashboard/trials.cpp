// Try it: lines somebody pastes, looked at by one rule; and rules that are checked before they are put anywhere. Nothing is stored.
#include <fmt/core.h>

#include <algorithm>

#include "analysis/trial.hpp"
#include "core/clock.hpp"
#include "dashboard/pages.hpp"
#include "dashboard/rule_page.hpp"

namespace logystera::dashboard {
namespace {

using analysis::Trial;
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

View fact(std::string_view name, std::string_view value) {
  View row;
  row.text("name", name).text("value", value);
  return row;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : "; or ").append(word);
  return out;
}

std::vector<View> conditions_of(const analysis::TriedRecord& record) {
  std::vector<View> rows;
  for (const analysis::TriedCondition& condition : record.conditions) {
    View row;
    row.text("line", fmt::format("{}  {}{}", condition.holds ? "yes" : "no ", std::string(2 * condition.depth, ' '),
                                 condition.words));
    rows.push_back(std::move(row));
  }
  return rows;
}

View view_of(const analysis::TriedRecord& record) {
  View row;
  row.text("number", std::to_string(record.line)).text("message", record.message);
  row.text("verdict", record.hit         ? "the condition holds"
                      : record.looked_at ? "the condition does not hold"
                                         : "not looked at");
  row.text("word", record.hit ? "Hit" : record.looked_at ? "No hit" : "Passed over").flag("hit", record.hit);
  std::vector<View> facts;
  facts.push_back(fact("kind", record.kind));
  facts.push_back(fact("severity", record.severity));
  if (record.time_known) facts.push_back(fact("time", rfc3339(record.time_ns)));
  for (const auto& field : record.fields) facts.push_back(fact(field.name, field.value));
  row.rows("fields", std::move(facts));
  row.flag("has_conditions", !record.conditions.empty()).rows("conditions", conditions_of(record));
  row.text("counted_rule", record.detection);
  return row;
}

View view_of(const Trial& trial, std::size_t number, std::string_view rule = {}) {
  View view;
  view.text("n", std::to_string(number)).text("rule", rule).flag("fires", trial.fires).text("why", trial.why);
  view.text("verdict", trial.fires ? fmt::format("It fires: {}", counted(trial.findings_total, "finding", "findings"))
                                   : "It does not fire");
  view.text("format", trial.format).text("looks_at", joined(trial.scope)).text("counts", trial.counts);
  std::vector<View> findings, records;
  for (const analysis::Finding& finding : trial.findings) {
    View row;
    row.text("message", finding.message).text("line", finding.line == 0 ? "" : std::to_string(finding.line));
    findings.push_back(std::move(row));
  }
  for (const analysis::TriedRecord& record : trial.sampled) records.push_back(view_of(record));
  view.rows("findings", std::move(findings)).rows("records", std::move(records));
  view.text("caption", trial.sampled.size() < trial.records
                           ? fmt::format("The first {} of {} lines", trial.sampled.size(), trial.records)
                           : counted(trial.records, "line", "lines"));
  return view;
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
  if (trial) view.view("trial", view_of(trial.value(), 1));
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
  for (const auto& tried : draft->tried) trials.push_back(view_of(tried.trial, trials.size() + 1, tried.rule));
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
