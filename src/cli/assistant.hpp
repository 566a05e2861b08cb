// The assistant as commands use it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/finding.hpp"
#include "assist/assistant.hpp"
#include "cli/analysis.hpp"
#include "cli/config.hpp"
#include "core/result.hpp"

namespace logystera::cli {

inline constexpr std::size_t kFindingsExplained = 3;

/// The configuration's, with the key of $LLM_API_KEY.
assist::Settings llm_settings(const Config& config);
redact::Options redact_options(const analysis::Program& program);

/// With libcurl, ended by Ctrl+C. Says on standard error where redacted text goes when that is not this machine.
Result<std::unique_ptr<assist::Assistant>> make_assistant(std::string_view command, const Config& config,
                                                          const analysis::Program& program);

/// What the rule looks for; empty: there is no such rule.
std::string rule_description(const analysis::Program& program, const std::string& rule);

/// What the rule, or the gateway itself, says of its alerts; empty: there is no such rule.
assist::AlertWords alert_words(const analysis::Program& program, const std::string& rule);

/// Prints the answer as it comes, and that a model has made it; notes go to standard error. With `json`, one object.
Result<Done> print_answer(std::string_view command, assist::Assistant& assistant, const assist::Prompt& prompt, bool json);

/// What a scan keeps for the model: the worst findings, and a sample of its events. Redacted by the scan; once more on the way out.
class ForTheModel {
 public:
  void add(const analysis::Finding& finding);
  void add(const Record& record, std::uint64_t number);
  bool has_sample() const noexcept { return sample_.size() == assist::kClassified; }

  Result<Done> explain(assist::Assistant& assistant, const analysis::Program& program) const;
  Result<Done> classify(assist::Assistant& assistant) const;

 private:
  std::vector<analysis::Finding> worst_;
  std::vector<assist::Sample> sample_;
  std::vector<std::uint64_t> numbers_;
};

}  // namespace logystera::cli
