#include "report/report.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "core/printable.hpp"
#include "core/severity.hpp"

namespace logystera::report {
namespace {

constexpr std::size_t kPageRows = 1'000;

// Of all there are, page by page, the first `most` that are wanted. True: there are more.
template <typename Key, typename Row, typename Next, typename Wanted>
Result<bool> first_wanted(std::size_t most, std::vector<Row>& rows, Next next, Wanted wanted) {
  store::PageRequest<Key> request;
  request.limit = kPageRows;
  for (;;) {
    auto page = next(request);
    if (!page) return page.error();
    for (Row& row : page->rows) {
      if (!wanted(row)) continue;
      if (rows.size() == most) return true;
      rows.push_back(std::move(row));
    }
    if (!page->more || !page->last) return false;
    request.older_than = page->last;
  }
}

std::string newest_words(std::size_t count, std::string_view what) {
  return fmt::format("Of the {} asked for, these are the newest {}.", what, grouped(count));
}

}  // namespace

std::string left_out_words(const Contents& contents) {
  std::string words;
  if (contents.more_findings) words += newest_words(contents.findings.size(), "findings") + " ";
  if (contents.more_errors) words += newest_words(contents.errors.size(), "errors") + " ";
  if (!words.empty()) words += "For older ones ask for an earlier end, or with a condition that fits less.";
  return words;
}

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
  const store::FindingFilter findings{.at_least = query.at_least, .since = query.from, .until = query.before};
  auto more_findings = first_wanted<store::TimeKey>(
      query.findings_most, contents.findings,
      [&](const auto& request) { return stores.findings().page(findings, request); },
      [&](const store::Finding& one) { return !query.finding || query.finding(one); });
  if (!more_findings) return more_findings.error();
  contents.more_findings = more_findings.value();
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
  const store::ErrorFilter errors{.since = query.from};
  auto more_errors = first_wanted<store::ErrorKey>(
      query.errors_most, contents.errors, [&](const auto& request) { return stores.errors().page(errors, request); },
      [&](const store::ErrorGroup& one) { return !query.error || query.error(one); });
  if (!more_errors) return more_errors.error();
  contents.more_errors = more_errors.value();
  return contents;
}

}  // namespace logystera::report
