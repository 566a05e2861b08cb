#include "detect/words.hpp"

#include <cstdio>
#include <string_view>
#include <utility>

#include "core/clock.hpp"

namespace logystera::detect {
namespace {

constexpr double kNanoseconds = 1e9;  // in a second

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : between).append(word);
  return out;
}

std::string number_words(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", number);
  char shorter[40];
  std::snprintf(shorter, sizeof shorter, "%.15g", number);
  return std::stod(shorter) == number ? shorter : text;
}

std::string kinds_words(std::uint16_t kinds) {
  std::vector<std::string> names;
  for (int kind = 0; kind < 16; ++kind)
    if (kinds >> kind & 1) names.emplace_back(record_kind_name(static_cast<RecordKind>(kind)));
  return joined(names, ", ");
}

std::string bounds_words(const Window& window) {
  constexpr const char* kWords[] = {"fewer than ", "at most ", "more than ", "at least ", "exactly ", "not "};
  std::vector<std::string> words;
  for (const Window::Bound& bound : window.bounds)
    words.push_back(kWords[static_cast<std::size_t>(bound.compare)] + number_words(bound.number));
  if (words.empty()) words.push_back("at least " + std::to_string(window.inputs.size()));
  return joined(words, " and ");
}

std::string written(const std::vector<Subject>& subjects) {
  std::string out;
  for (const Subject& subject : subjects) out.append(out.empty() ? "" : ", ").append(subject.written);
  return out;
}

std::string measure_words(const Window& window) {
  const std::string fields = written(window.fields);
  switch (window.kind) {
    case Window::Kind::count: return window.attempts ? "attempts to log in" : "hits";
    case Window::Kind::distinct: return "different values of " + fields;
    case Window::Kind::sum: return "the sum of " + fields;
    case Window::Kind::average: return "the average of " + fields;
    case Window::Kind::percentile: return "percentile " + number_words(window.percentile) + " of " + fields;
    case Window::Kind::temporal: return "different rules that hit";
    case Window::Kind::ordered: return "different rules that hit, in this order";
  }
  return {};
}

}  // namespace

std::string words_of(const ScopeChoice& choice) {
  std::vector<std::string> parts;
  const auto add = [&parts](std::string_view name, const std::vector<std::string>& values) {
    if (!values.empty()) parts.push_back(std::string(name) + " " + joined(values, ", "));
  };
  if (choice.kinds) parts.push_back("kind " + kinds_words(choice.kinds));
  add("format", choice.formats);
  add("program", choice.programs);
  add("channel", choice.channels);
  add("provider", choice.providers);
  std::vector<std::string> ids;
  for (std::int64_t id : choice.event_ids) ids.push_back(std::to_string(id));
  add("event", ids);
  add("type", choice.event_types);
  if (choice.absolute_url) parts.emplace_back("requests to a forward proxy");
  return parts.empty() ? "every record" : joined(parts, "; ");
}

std::vector<std::string> words_of(const Scope& scope) {
  std::vector<std::string> out;
  for (const ScopeChoice& choice : scope.choices) out.push_back(words_of(choice));
  if (scope.everything()) out.emplace_back("every record");
  if (!scope.logsource.empty()) out.push_back("sources declared to be " + scope.logsource.describe());
  return out;
}

std::string words_of(const Window& window) {
  std::string words = measure_words(window) + ": " + bounds_words(window) + " within " +
                      number_words(static_cast<double>(window.span_ns) / kNanoseconds) + " s";
  if (!window.group_by.empty()) words += ", for each " + written(window.group_by);
  if (!window.forgiving.empty()) words += "; without those that are forgiven";
  return words;
}

std::string span_words(std::int64_t seconds) {
  constexpr std::pair<std::int64_t, const char*> kUnits[] = {{86400, " d"}, {3600, " h"}, {60, " min"}};
  for (const auto& [unit, name] : kUnits)
    if (seconds > 0 && seconds % unit == 0) return std::to_string(seconds / unit) + name;
  return std::to_string(seconds) + " s";
}

std::string words_of(const SeenTest& seen) {
  const auto span = [](std::int64_t ns) { return span_words(ns / kSecondNs); };
  std::string out = written(seen.fields);
  out += seen.back ? ": seen before, and not for " + span(seen.span_ns) : ": not seen within " + span(seen.span_ns);
  if (seen.learn_ns > 0) out += ", once the site has been watched for " + span(seen.learn_ns);
  return out;
}

std::string words_of(const Absence& absence) {
  return "no " + (absence.event_type.empty() ? std::string("event") : absence.event_type) + " for " +
         number_words(absence.times) + " times the usual pause, at least " + span_words(absence.least_ns / kSecondNs);
}

std::string words_of(const ExplainedTest& test) {
  std::string out = joined(test.places, " or ") + " " + test.operation;
  if (!test.against.empty()) out += " that of " + joined(test.against, " or ");
  else if (test.text) out += " \"" + test.value + "\"";
  else if (test.operation == "finds") out += " /" + test.value + "/";
  else if (!test.value.empty()) out += " " + test.value;
  if (test.cased) out += " (case-sensitive)";
  if (test.least_bytes > 0) out += " (in texts of " + std::to_string(test.least_bytes) + " bytes and more)";
  return out;
}

std::string words_of(const ExplainedCondition& condition) {
  switch (condition.kind) {
    case Expression::Kind::test: return words_of(condition.test);
    case Expression::Kind::all: return condition.children.empty() ? "always" : "all of";
    case Expression::Kind::any: return condition.children.empty() ? "never" : "any of";
    case Expression::Kind::negation: return "not";
  }
  return {};
}

}  // namespace logystera::detect
