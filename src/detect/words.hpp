// What rules look at, test and count, as a person reads it. Texts of rules stand in it as they are: whoever shows the words makes them
// harmless to his reader.
#pragma once

#include <string>
#include <vector>

#include "detect/explain.hpp"
#include "detect/rule.hpp"

namespace logystera::detect {

/// "kind web_access; program sshd": all of it must hold.
std::string words_of(const ScopeChoice& choice);
/// Each way to be looked at: its choices, "every record", sources that were declared.
std::vector<std::string> words_of(const Scope& scope);
/// "different values of path: at least 50 within 1800 s, for each client_ip".
std::string words_of(const Window& window);
/// "uid, client_network: not seen within 90 d, once the site has been watched for 14 d".
std::string words_of(const SeenTest& seen);
/// "no cron.run for 3 times the usual pause, at least 3 h".
std::string words_of(const Absence& absence);
/// "90 d", "3 h", "30 s": the largest unit that divides it.
std::string span_words(std::int64_t seconds);
/// `method equals "GET"`.
std::string words_of(const ExplainedTest& test);
/// The same of a condition alone, without its children: "all of", "any of", "not", "always", "never".
std::string words_of(const ExplainedCondition& condition);

}  // namespace logystera::detect
