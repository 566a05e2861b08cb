#include "report/report.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "core/severity.hpp"

namespace logystera::report {
namespace {

constexpr std::size_t kFindingsReported = 10'000;
constexpr std::size_t kErrorsReported = 1'000;

}  // namespace

std::string not_stored_words(Level stored_from) {
  if (stored_from <= Level::low) return "Informational findings are shown by a scan and not stored.";
  return fmt::format(
      "Of logs, findings below {} severity are shown by a scan and not stored (findings_min_severity); informational ones "
      "never are.",
      level_name(stored_from));
}

Result<Contents> collect(store::Stores& stores, const Query& query) {
  Contents contents;
  contents.title = query.title;
  contents.from = query.from;
  contents.until = query.until;
  contents.stored_from = query.stored_from;
  contents.zone = query.zone;
  store::FindingQuery wanted;
  wanted.since = query.from;
  wanted.limit = kFindingsReported;
  wanted.at_least = query.at_least;
  auto findings = stores.findings().list(wanted);
  if (!findings) return findings.error();
  contents.findings = std::move(findings).value();
  if (query.finding) std::erase_if(contents.findings, [&](const auto& one) { return !query.finding(one); });
  std::map<std::string, std::uint64_t> rules;
  store::Episodes episodes;
  for (const store::Finding& finding : contents.findings) {
    ++contents.counts.of(finding.level);
    ++rules[finding.rule];
    if (query.idle_probe && query.idle_probe(finding)) episodes.add_probe(finding);
    else episodes.add(finding);
  }
  contents.episodes = episodes.take();
  for (const auto& [rule, count] : rules) contents.by_rule.emplace_back(count, rule);
  std::stable_sort(contents.by_rule.begin(), contents.by_rule.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  auto errors = stores.errors().list(store::ErrorSort::last_seen, std::nullopt, kErrorsReported);
  if (!errors) return errors.error();
  for (store::ErrorGroup& group : errors.value())
    if (group.last_seen >= contents.from && (!query.error || query.error(group)))
      contents.errors.push_back(std::move(group));
  return contents;
}

}  // namespace logystera::report
