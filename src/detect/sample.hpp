// A rule's own samples as records, and running them: what `rules test` and the tests of the packs do.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/rule.hpp"

namespace logystera::detect {

/// Reads lines of a log of the named format and appends their records to the empty `batch`. The parse room offers it; this
/// one does not know it.
using LineReader =
    std::function<Result<Done>(std::string_view format, std::string_view lines, FieldNames& names, RecordBatch& batch)>;

/// Appends the sample's records to `batch`. Keys `kind`, `message`, `raw`, `host`, `source`, `format` and `severity` set the
/// record itself, all others are fields; numbers, booleans, null and lists keep their type, and a text that is an address is
/// one under a name that ends in "ip". Times run from 2026-01-01T00:00:00Z, `every` apart. An error names the place.
Result<Done> build_sample(const Sample& sample, const LineReader& read_lines, FieldNames& names, RecordBatch& batch);

/// A sample that did not do what it says.
struct SampleFailure {
  std::string rule;
  yaml::Position at;
  std::string message;
};

/// Runs the samples of every rule of the set, each on its own and against that rule; `ran` counts them.
Result<std::vector<SampleFailure>> run_samples(const RuleSet& rules, const LineReader& read_lines, std::size_t& ran);

}  // namespace logystera::detect
