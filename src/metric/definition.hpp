// What is counted of signals: one definition a metric, in YAML.
//
//   metric:
//     name: drupal_http_errors_total
//     help: 'Requests the site could not answer.'
//     type: counter
//     when: {event_type: http.request, status_code: {min: 500}}
//     labels: [method]
//
// type    counter: how often, or with `value` the sum of a label's values; gauge: the newest value; distribution: number, sum, least and
//         greatest of the values.
// when    event_type, a type or a list of them or `any`; beside it conditions on labels of these types, all of which must hold:
//         LABEL: TEXT or a list of texts, {not: …}, {min: N, max: N}, {starts_with: TEXT}, {empty: true or false}.
// value   LABEL, or {label: LABEL, divide: 1000}: what gauges and distributions measure. true is 1, false 0.
// labels  at most three: LABEL, or {name: NAME, label: LABEL, as: hundreds} (404 is 4xx). Labels with personal data, user ids, paths,
//         lists and messages are none: metrics are shown to whoever may see the site, and each value is a series.
//
// A counter for each type of the catalogue is there without a definition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.hpp"
#include "yaml/yaml.hpp"

namespace logystera::metric {

inline constexpr std::size_t kDefinitionsMost = 500;
inline constexpr std::size_t kLabelsMost = 3;
inline constexpr std::size_t kConditionsMost = 8;                          // of a definition, event_type not counted
inline constexpr std::size_t kTextsMost = 64;                              // of a condition
inline constexpr std::size_t kTextBytes = 256;                             // of a condition's text, and of `help`
inline constexpr std::size_t kNameBytes = 100;                             // of a metric's and a label's name
inline constexpr std::size_t kLabelValueBytes = 80;                        // a longer value becomes kOther
inline constexpr std::uint32_t kSeriesDefault = 100, kSeriesMost = 1'000;  // of a metric and a site

enum class Type : std::uint8_t { counter, gauge, distribution };
std::string_view type_name(Type type) noexcept;

struct Condition {
  std::string label;
  std::vector<std::string> texts;  // one of which it is; empty: not asked
  bool negated = false;            // none of which it is
  std::string prefix;              // what it begins with; empty: not asked
  std::optional<double> min, max;  // numbers, both included
  std::optional<bool> empty;       // whether there is nothing in it
};

struct Label {
  std::string name;   // of the series
  std::string label;  // of the signal
  bool hundreds = false;
};

struct Definition {
  std::string name, help;
  Type type = Type::counter;
  std::vector<std::string> event_types;  // empty: any
  std::vector<Condition> conditions;
  std::vector<Label> labels;
  std::string value;  // a signal's label; empty: 1
  int divide = 1;     // 1 or 1000
  std::uint32_t series_most = kSeriesDefault;
  std::string file;  // where it stands; empty: made of the catalogue
  yaml::Position at;
};

/// What was wrong with a document, "FILE:LINE:COLUMN: what, and what to do".
using Problems = std::vector<std::string>;

/// Metrics under their names, in the order they were added.
class Definitions {
 public:
  /// A counter for each type, and metrics/*.yml.
  static Definitions built_in();

  /// Every document of a text; `file` is what messages call it. A document that is refused adds a problem and no metric.
  void add(std::string_view file, std::string_view text);
  /// Of a file that cannot be read.
  void add_problem(std::string problem) { problems_.push_back(std::move(problem)); }

  const std::vector<Definition>& all() const noexcept { return all_; }
  const Definition* find(std::string_view name) const noexcept;
  const Problems& problems() const noexcept { return problems_; }

 private:
  void add(std::string_view file, const yaml::Node& root);
  std::vector<Definition> all_;
  Problems problems_;
};

/// "drupal_auth_login_total": the counter of a type.
std::string counter_of(std::string_view event_type);

/// metrics/*.yml as they stood when the program was built.
struct BuiltInFile {
  std::string_view name, text;
};
const std::vector<BuiltInFile>& built_in_files();

}  // namespace logystera::metric
