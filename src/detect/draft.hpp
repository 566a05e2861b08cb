// What the loaders hand each other while a RuleSet is being made; not for users of the room.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "detect/loader.hpp"
#include "detect/rule.hpp"
#include "detect/sigma/value.hpp"
#include "yaml/yaml.hpp"

namespace logystera::detect {

/// Collects what is wrong with one document.
class Notes {
 public:
  explicit Notes(DocumentReport& report) : report_(report) {}
  void refuse(yaml::Position at, std::string message) { report_.problems.push_back({at, std::move(message)}); }
  void warn(yaml::Position at, std::string message) { report_.warnings.push_back({at, std::move(message)}); }
  bool clean() const noexcept { return report_.problems.empty(); }

 private:
  DocumentReport& report_;
};

/// A reference by id or name that finish() turns into an index.
struct Reference {
  std::string name;
  yaml::Position at;
};

/// A rule whose references are not resolved yet.
struct Draft {
  Rule rule;
  std::size_t document = 0;         // index of its report
  std::vector<Reference> inputs;    // windows over other rules
  std::vector<Reference> forgives;  // whose hits take a value out of the window
  std::vector<Draft> own_inputs;    // silent detections that exist for this window only
  struct Alias {
    std::string name;
    std::vector<std::pair<Reference, std::string>> fields;
  };
  std::vector<Alias> aliases;
  bool generate = false;     // correlations: inputs make findings of their own too
  std::vector<Rule> clears;  // at most one: the silent detection that ends this rule's condition
  std::vector<Reference> inhibited_by;
};

/// A Sigma filter.
struct FilterDraft {
  std::string title;
  Logsource logsource;
  Expression when;
  std::vector<Reference> rules;
  bool any_rule = false;
  std::size_t document = 0;
};

/// Reads a native rule. Problems go to `notes`; the draft is usable if there are none.
Draft read_native(const yaml::Node& root, Notes& notes);

/// Reads what a native rule says beside detection and window: `seen`, `alert` and `clear`.
void read_seen(const yaml::Node& node, Rule& rule, Notes& notes);
void read_alert(const yaml::Node& node, Draft& draft, Notes& notes);
/// Checks that need the whole rule.
void check_alert(const yaml::Node& root, Draft& draft, Notes& notes);

using Placeholders = PlaceholderValues;

Draft read_sigma_rule(const yaml::Node& root, const Placeholders& placeholders, Notes& notes);
Draft read_sigma_correlation(const yaml::Node& root, Notes& notes);
FilterDraft read_sigma_filter(const yaml::Node& root, const Placeholders& placeholders, Notes& notes);

// ---- shared by both dialects ----

/// A text value under `key`; refused if it is something else, or missing though `required`.
std::string read_text(const yaml::Node& map, std::string_view key, bool required, Notes& notes);
/// A text or a list of texts.
std::vector<std::string> read_texts(const yaml::Node& map, std::string_view key, Notes& notes);
/// "30s", "5m", "24h", "7d" in nanoseconds; refused (0) if it is not that or beyond kSpanMax.
std::int64_t read_span(const yaml::Node& value, Notes& notes);
/// gt, gte, lt, lte, eq, neq of a condition map; other keys are the caller's.
std::optional<Compare> compare_from(std::string_view name) noexcept;
/// Refuses keys that are not in the list, naming those that are.
void only_keys(const yaml::Node& map, std::initializer_list<std::string_view> keys, std::string_view what, Notes& notes);
/// Whether RE2 can run it; else why not and what to do instead.
bool check_regex(const std::string& regex, yaml::Position at, Notes& notes);

/// Longest window: 90 days.
inline constexpr std::int64_t kSpanMaxNs = std::int64_t{90} * 24 * 3600 * kSecondNs;
/// Highest count a window may wait for, since it remembers as many hits.
inline constexpr double kCountMax = 1'000'000;

}  // namespace logystera::detect
