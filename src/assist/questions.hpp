// What is asked of a model, and with which evidence.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.hpp"
#include "assist/prompt.hpp"
#include "assist/provider.hpp"
#include "core/result.hpp"
#include "core/severity.hpp"
#include "store/store.hpp"

namespace logystera::assist {

inline constexpr std::size_t kPassagesAsked = 12;
inline constexpr std::size_t kClassified = 20;  // events of a sample

/// One finding, what its rule looks for, and what else the rule has found in the source.
Result<Prompt> explain_finding(store::Stores& stores, const Redaction& redaction, const store::Finding& finding,
                               std::string_view rule_description);
/// The same without a store, for a finding that is not stored.
Prompt explain_unstored(const Redaction& redaction, const store::Finding& finding, std::string_view rule_description);
/// One error and the newest of its occurrences.
Result<Prompt> explain_error(store::Stores& stores, const Redaction& redaction, const store::ErrorGroup& group);

/// A signal of a site, and what it says that is no personal data.
struct SeenSignal {
  std::int64_t time = 0;  // unix seconds
  std::string type, summary;
  std::string labels;  // "module=views, is_syncing=false"; empty: it says nothing else
};
/// What a rule says of its alerts; either may be empty.
struct AlertWords {
  std::string meaning, harmless;
};
/// One alert with what its rule says of it, what it stands for, the newest of its findings, and `signals` that led to it. What people
/// have written about it, and who they are, is not among it. `sites`: what whoever asks may see.
Result<Prompt> explain_alert(store::Stores& stores, const Redaction& redaction, const alert::Alert& alert,
                             const AlertWords& words, const std::vector<SeenSignal>& signals,
                             const store::SiteScope& sites = {});

/// What was found from `since` to `now`, counted, and the worst of it.
Result<Prompt> summarize(store::Stores& stores, const Redaction& redaction, std::int64_t since, std::int64_t now);

/// A question, with counts of the period it names and the passages that answer it best. Error of kind `not_found`: there is no index.
Result<Prompt> ask(store::Stores& stores, const Redaction& redaction, Provider* provider, std::string_view question,
                   std::int64_t now, const std::function<void(const Error&)>& note);

/// Events whose severity a model is asked for.
struct Sample {
  Severity severity = Severity::info;
  std::string message;
};
Prompt classify(const Redaction& redaction, const std::vector<Sample>& sample);
/// What the model says, an entry an event: empty where it says nothing that is a severity.
std::vector<std::string> classified(std::string_view answer, std::size_t events);

}  // namespace logystera::assist
