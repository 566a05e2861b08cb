#include "dashboard/trial_view.hpp"

#include <fmt/core.h>

#include <string>
#include <vector>

#include "core/clock.hpp"
#include "dashboard/page.hpp"

namespace logystera::dashboard {
namespace {

using web::View;

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

}  // namespace

View trial_view(const analysis::Trial& trial, std::size_t number, std::string_view rule) {
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

}  // namespace logystera::dashboard
