#include "cli/assistant.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "alert/gateway.hpp"
#include "analysis/tracking.hpp"
#include "assist/curl_http.hpp"
#include "cli/interrupt.hpp"
#include "cli/render.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"
#include "core/secret.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kSampleColumns = 60;

assist::Http& http() {
  static const std::unique_ptr<assist::Http> made = assist::curl_http();
  return *made;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void say_notes(std::string_view command, const assist::Answered& answered) {
  for (const std::string& note : answered.notes) fmt::print(stderr, "logystera {}: {}\n", command, printable(note));
}

}  // namespace

assist::Settings llm_settings(const Config& config) {
  assist::Settings settings = config.llm;
  if (const std::string key = secret_variable(kLlmKeyVariable); !key.empty()) settings.api_key = key;
  return settings;
}

redact::Options redact_options(const analysis::Program& program) { return program.pipeline().redaction(); }

Result<std::unique_ptr<assist::Assistant>> make_assistant(std::string_view command, const Config& config,
                                                          const analysis::Program& program) {
  const std::atomic<bool>& stop = interrupted();
  auto made =
      assist::Assistant::make(llm_settings(config), redact_options(program), http(), [&stop] { return stop.load(); });
  if (made && !made.value()->provider().place().loopback)
    fmt::print(stderr, "logystera {}: redacted text goes to {}\n", command,
               printable(assist::model_and_place(made.value()->provider())));
  return made;
}

std::string rule_description(const analysis::Program& program, const std::string& rule) {
  const detect::Rule* found = program.rules().find(rule);
  return found ? found->description : std::string();
}

assist::AlertWords alert_words(const analysis::Program& program, const std::string& rule) {
  if (const alert::GatewayRule* const own = alert::gateway_rule(rule))
    return {fmt::format("{} {}", own->what, own->why), std::string(own->harmless)};
  const detect::Rule* const found = program.rules().find(rule);
  if (!found) return {};
  if (!found->alert || found->alert->what.empty()) return {found->description, ""};
  return {fmt::format("{} {}", found->alert->what, found->alert->why), found->alert->harmless};
}

Result<Done> print_answer(std::string_view command, assist::Assistant& assistant, const assist::Prompt& prompt, bool json) {
  std::string whole;
  auto answered = assistant.answer(prompt, [&](std::string_view text) {
    if (json) whole += text;
    else print(text);
  });
  if (!json) print("\n");
  if (!answered) return answered.error();
  if (json) {
    JsonText text(JsonText::Reader::terminal);
    text.begin_object().member("answer", whole).member("generated_by", assist::model_and_place(assistant.provider()));
    text.count("passages", answered->passages).key("notes").begin_array();
    for (const std::string& note : answered->notes) text.string(note);
    text.end_array().end_object();
    fmt::print("{}\n", text.text());
    return Done{};
  }
  print(fmt::format("\nWritten by a model ({}), which may be wrong; nothing has been done about it.\n",
                    printable(assist::model_and_place(assistant.provider()))));
  say_notes(command, answered.value());
  return Done{};
}

void ForTheModel::add(const analysis::Finding& finding) {
  if (finding.level < detect::Level::high) return;
  // The first of each rule, the worst rules first: three times the same says nothing new.
  for (analysis::Finding& other : worst_)
    if (other.rule == finding.rule) return;
  worst_.push_back(finding);
  std::stable_sort(worst_.begin(), worst_.end(), [](const auto& a, const auto& b) { return a.level > b.level; });
  if (worst_.size() > kFindingsExplained) worst_.resize(kFindingsExplained);
}

void ForTheModel::add(const Record& record, std::uint64_t number) {
  if (has_sample()) return;
  sample_.push_back({record.severity, std::string(record.message.empty() ? record.raw : record.message)});
  numbers_.push_back(number);
}

Result<Done> ForTheModel::explain(assist::Assistant& assistant, const analysis::Program& program) const {
  if (worst_.empty()) {
    print("\nNo finding of high or critical severity to explain.\n");
    return Done{};
  }
  for (const analysis::Finding& finding : worst_) {
    print(fmt::format("\n{} {}: {}\n", upper(detect::level_name(finding.level)), printable(finding.rule),
                      printable(finding.title)));
    const auto prompt = assist::explain_unstored(assistant.redaction(), analysis::stored_finding(finding),
                                                 rule_description(program, finding.rule));
    if (auto printed = print_answer("scan", assistant, prompt, false); !printed) return printed;
  }
  return Done{};
}

Result<Done> ForTheModel::classify(assist::Assistant& assistant) const {
  if (sample_.empty()) {
    print("\nNo events to classify.\n");
    return Done{};
  }
  std::string answer;
  auto answered =
      assistant.answer(assist::classify(assistant.redaction(), sample_), [&](std::string_view text) { answer += text; });
  if (!answered) return answered.error();
  const std::vector<std::string> said = assist::classified(answer, sample_.size());
  std::vector<std::vector<std::string>> rows{{"EVENT", "SEVERITY", "MODEL SAYS", "MESSAGE"}};
  for (std::size_t i = 0; i < sample_.size(); ++i)
    rows.push_back({std::to_string(numbers_[i]), std::string(severity_name(sample_[i].severity)),
                    said[i].empty() ? "-" : said[i], fitted(printable(sample_[i].message), kSampleColumns)});
  print(fmt::format("\nThe first {} events, and what {} says of them; no severity was changed:\n\n{}", sample_.size(),
                    printable(assist::model_and_place(assistant.provider())), table(rows, colour_wanted())));
  say_notes("scan", answered.value());
  return Done{};
}

}  // namespace logystera::cli
