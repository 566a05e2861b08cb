// What was found and stored within a time, as a document. It was redacted before it was stored; texts of strangers become no markup.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "core/severity.hpp"
#include "parse/zone.hpp"
#include "store/episode.hpp"
#include "store/error_store.hpp"
#include "store/finding_store.hpp"
#include "store/store.hpp"

namespace logystera::report {

/// How times are shown to people; null: UTC.
using Zone = std::shared_ptr<const parse::Zone>;

struct Query {
  std::string title;
  std::int64_t from = 0, until = 0;    // Unix seconds; `until` is what the report says, and leaves nothing out
  std::optional<std::int64_t> before;  // Unix seconds: findings from here on are left out
  std::optional<Level> at_least;       // of findings
  Level stored_from = Level::high;     // what is found in logs below it was not stored (findings_min_severity)
  // Which of them are wanted; null: all.
  std::function<bool(const store::Finding&)> finding = {};
  std::function<bool(const store::ErrorGroup&)> error = {};
  // Which findings are probes that came to nothing, and so a scanner's episode; null: none.
  std::function<bool(const store::Finding&)> idle_probe = {};
  Zone zone;
  std::size_t findings_most = 10'000, errors_most = 1'000;  // of those that are wanted, the newest
};

struct Contents {
  std::string title;
  std::int64_t from = 0, until = 0;
  Level stored_from = Level::high;
  Zone zone;
  std::vector<store::Finding> findings;
  std::vector<store::Episode> episodes;  // of the findings, the most severe first
  std::vector<store::ErrorGroup> errors;
  bool more_findings = false, more_errors = false;  // there were more than a report holds: these are the newest
  store::FindingSummary counts;
  std::vector<std::pair<std::uint64_t, std::string>> by_rule;  // most first
};

Result<Contents> collect(store::Stores& stores, const Query& query);

/// That there were more than a report holds, and what helps; empty: it holds all.
std::string left_out_words(const Contents& contents);

/// Which findings were never stored, for whoever counts those that were.
std::string not_stored_words(Level stored_from);

enum class Form : std::uint8_t { markdown, html, json, sarif };

std::string as_text(const Contents& contents, Form form);

}  // namespace logystera::report
