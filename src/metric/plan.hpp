// Definitions made ready for records: which metrics a signal's type can concern is one look into a table, conditions are compared
// with fields by number, and nothing is allocated for an event.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/record.hpp"
#include "metric/definition.hpp"

namespace logystera::metric {

/// Values are thousandths, so that sums do not depend on the order of adding. They are from 0 to kValueMost.
inline constexpr std::int64_t kThousandths = 1'000, kValueMost = 1'000'000'000'000 * kThousandths;

/// What one signal adds to one metric.
struct Measurement {
  bool bad_value = false;   // it has none, or one out of range: it is not counted
  bool long_label = false;  // a label's value was too long, and is kOther
  std::int64_t value = kThousandths;
};

class Plan {
 public:
  /// Adds the names of fields to `names`; records must be numbered by it, or by a table over it.
  Plan(Definitions definitions, FieldNames& names);

  const Definitions& definitions() const noexcept { return definitions_; }
  std::size_t size() const noexcept { return definitions_.all().size(); }

  /// The metrics signals of a type can concern, by their place among the definitions.
  const std::vector<std::uint32_t>& of_type(std::string_view event_type) const noexcept;
  /// Whether the record concerns that metric; then `labels` is its series.
  bool measure(std::uint32_t metric, const Record& record, std::string& labels, Measurement& out) const;
  /// The series for what goes beyond a limit: every label is kOther.
  const std::string& other(std::uint32_t metric) const noexcept { return compiled_[metric].other; }
  bool has_labels(std::uint32_t metric) const noexcept { return !compiled_[metric].labels.empty(); }

 private:
  struct Compiled {
    std::vector<FieldId> conditions;  // the fields of the definition's
    std::vector<FieldId> labels;
    FieldId value = field::none;
    std::string other;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  Definitions definitions_;
  std::vector<Compiled> compiled_;
  std::unordered_map<std::string, std::vector<std::uint32_t>, Hash, std::equal_to<>> by_type_;
  std::vector<std::uint32_t> of_any_;
};

}  // namespace logystera::metric
