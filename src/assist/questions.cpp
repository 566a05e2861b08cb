#include "assist/questions.hpp"

#include <algorithm>
#include <charconv>

#include "assist/index.hpp"
#include "assist/period.hpp"

namespace logystera::assist {
namespace {

constexpr std::size_t kLike = 5, kOccurrences = 8, kWorst = 8;
constexpr std::size_t kMembers = 8, kFindingsOfAlert = 8, kSignals = 20, kActivityLooked = 50;

constexpr Ours kExplain =
    "Explain to an administrator what happened, how serious it is and what to look at next. Say what would make it "
    "harmless.";

Evidence evidence_of(const Redaction& redaction, const store::Finding& finding) {
  Evidence evidence;
  evidence.add("kind", Ours("finding"))
      .add("rule", redaction.name(finding.rule))
      .add("title", redaction(finding.title))
      .add("level", redaction(level_name(finding.level)))
      .add("source", redaction.name(finding.source))
      .add_time("time", finding.time);
  if (finding.line > 0) evidence.add("line", finding.line);
  evidence.add("message", redaction(finding.message));
  return evidence;
}

Evidence evidence_of(const Redaction& redaction, Ours kind, const alert::Alert& alert) {
  Evidence evidence;
  evidence.add("kind", kind)
      .add("rule", redaction.name(alert.rule))
      .add("title", redaction(alert.title))
      .add("level", redaction(level_name(alert.level)))
      .add("state", redaction(alert::state_name(alert.state)))
      .add_time("first", alert.first_time)
      .add_time("last", alert.last_time)
      .add("hits", alert.hits);
  if (!alert.group_label.empty()) evidence.add("of", redaction(alert.group_label));
  return evidence;
}

Evidence evidence_of(const Redaction& redaction, const SeenSignal& signal) {
  Evidence evidence;
  evidence.add("kind", Ours("signal of the site"))
      .add_time("time", signal.time)
      .add("type", redaction(signal.type))
      .add("summary", redaction(signal.summary));
  if (!signal.labels.empty()) evidence.add("labels", redaction(signal.labels));
  return evidence;
}

// What the gateway measured when it raised an alert of its own.
Result<std::string> measured(store::Stores& stores, std::int64_t alert) {
  auto rows = stores.alerts().activity(alert, 0, kActivityLooked);
  if (!rows) return rows.error();
  for (const alert::LogRow& row : rows.value())
    if (row.what == "measured") return row.note;
  return std::string();
}

Evidence evidence_of(const Redaction& redaction, const store::ErrorGroup& group) {
  Evidence evidence;
  evidence.add("kind", Ours("error"))
      .add("pattern", redaction(group.pattern))
      .add("severity", redaction(severity_name(group.severity)))
      .add("source", redaction.name(group.source))
      .add_time("first_seen", group.first_seen)
      .add_time("last_seen", group.last_seen)
      .add("count", group.count);
  return evidence;
}

Evidence counted(const Redaction& redaction, Ours kind, const std::pair<std::string, std::uint64_t>& of) {
  Evidence evidence;
  evidence.add("kind", kind).add("name", redaction.name(of.first)).add("count", of.second);
  return evidence;
}

void add_counts(std::vector<Evidence>& evidence, const Redaction& redaction, const store::PeriodCounts& counts,
                const Period& period) {
  Evidence all;
  all.add("kind", Ours("counts of a period")).add_time("from", period.since).add_time("to", period.until - 1);
  all.add("findings", counts.findings())
      .add("critical", counts.by_level[static_cast<std::size_t>(Level::critical)])
      .add("high", counts.by_level[static_cast<std::size_t>(Level::high)])
      .add("medium", counts.by_level[static_cast<std::size_t>(Level::medium)])
      .add("low", counts.by_level[static_cast<std::size_t>(Level::low)])
      .add("errors", counts.errors);
  evidence.push_back(std::move(all));
  for (const auto& rule : counts.rules) evidence.push_back(counted(redaction, "findings of a rule in that period", rule));
  for (const auto& source : counts.sources)
    evidence.push_back(counted(redaction, "findings in a source in that period", source));
  for (const auto& pattern : counts.error_patterns)
    evidence.push_back(counted(redaction, "occurrences of an error in that period", pattern));
}

}  // namespace

Prompt explain_unstored(const Redaction& redaction, const store::Finding& finding, std::string_view rule_description) {
  Prompt prompt{kExplain, {}, redaction("")};
  Evidence evidence = evidence_of(redaction, finding);
  if (!rule_description.empty()) evidence.add("rule_looks_for", redaction(rule_description));
  prompt.evidence.push_back(std::move(evidence));
  return prompt;
}

Result<Prompt> explain_finding(store::Stores& stores, const Redaction& redaction, const store::Finding& finding,
                               std::string_view rule_description) {
  Prompt prompt = explain_unstored(redaction, finding, rule_description);
  store::FindingQuery query;
  query.rule = finding.rule;
  query.source = finding.source;
  query.limit = kLike + 1;
  auto like = stores.findings().list(query);
  if (!like) return like.error();
  for (const store::Finding& other : like.value())
    if (other.id != finding.id && prompt.evidence.size() <= kLike) prompt.evidence.push_back(evidence_of(redaction, other));
  return prompt;
}

Result<Prompt> explain_error(store::Stores& stores, const Redaction& redaction, const store::ErrorGroup& group) {
  Prompt prompt{kExplain, {evidence_of(redaction, group)}, redaction("")};
  auto occurrences = stores.errors().occurrences(group.fingerprint, kOccurrences);
  if (!occurrences) return occurrences.error();
  for (const store::ErrorOccurrence& occurrence : occurrences.value()) {
    Evidence evidence;
    evidence.add("kind", Ours("occurrence"))
        .add_time("time", occurrence.time)
        .add("source", redaction.name(occurrence.source));
    evidence.add("message", redaction(occurrence.message));
    prompt.evidence.push_back(std::move(evidence));
  }
  return prompt;
}

Result<Prompt> explain_alert(store::Stores& stores, const Redaction& redaction, const alert::Alert& alert,
                             const AlertWords& words, const std::vector<SeenSignal>& signals,
                             const store::SiteScope& sites) {
  Prompt prompt{kExplain, {}, redaction("")};
  Evidence whole = evidence_of(redaction, Ours("alert"), alert);
  whole.add("findings", alert.findings).add("times_opened", alert.times_opened);
  if (!alert.site.empty()) {
    auto site = stores.entities().find(alert.site);
    if (!site) return site.error();
    whole.add("site", redaction.name(site.value() ? site.value()->name : std::string("unknown")));
  }
  auto figures = measured(stores, alert.id);
  if (!figures) return figures.error();
  if (!figures->empty()) whole.add("measured", redaction(figures.value()));
  if (!words.meaning.empty()) whole.add("rule_means", redaction(words.meaning));
  if (!words.harmless.empty()) whole.add("harmless_when", redaction(words.harmless));
  prompt.evidence.push_back(std::move(whole));

  store::AlertFilter folded;
  folded.parent = alert.id;
  folded.sites = sites;
  auto members = stores.alerts().page(folded, {.limit = kMembers});
  if (!members) return members.error();
  for (const alert::Alert& member : members->rows)
    prompt.evidence.push_back(evidence_of(redaction, Ours("alert this one stands for"), member));

  auto numbers = stores.alerts().findings_of(alert.id);
  if (!numbers) return numbers.error();
  std::size_t findings = 0;
  for (std::size_t i = numbers->size(); i-- > 0 && findings < kFindingsOfAlert;) {
    auto finding = stores.findings().get(numbers.value()[i], sites);
    if (!finding) return finding.error();
    if (!finding.value()) continue;
    prompt.evidence.push_back(evidence_of(redaction, *finding.value()));
    ++findings;
  }
  for (std::size_t i = signals.size() - std::min(signals.size(), kSignals); i < signals.size(); ++i)
    prompt.evidence.push_back(evidence_of(redaction, signals[i]));
  return prompt;
}

Result<Prompt> summarize(store::Stores& stores, const Redaction& redaction, std::int64_t since, std::int64_t now) {
  Prompt prompt{
      "Summarize for an administrator what was found in the period: what matters most comes first, what belongs together "
      "is told together, and at the end stands what to look at next. If nothing was found, say so.",
      {},
      redaction("")};
  auto counts = stores.passages().period(since, now + 1);
  if (!counts) return counts.error();
  add_counts(prompt.evidence, redaction, counts.value(), {since, now + 1});
  for (const Level level : {Level::critical, Level::high, Level::medium}) {
    store::FindingFilter filter;
    filter.exactly = level;
    filter.since = since;
    auto page = stores.findings().page(filter, {.limit = kWorst});
    if (!page) return page.error();
    for (const store::Finding& finding : page->rows) prompt.evidence.push_back(evidence_of(redaction, finding));
  }
  store::ErrorFilter filter;
  filter.since = since;
  filter.sort = store::ErrorSort::count;
  auto errors = stores.errors().page(filter, {.limit = kWorst});
  if (!errors) return errors.error();
  for (const store::ErrorGroup& group : errors->rows) prompt.evidence.push_back(evidence_of(redaction, group));
  return prompt;
}

Result<Prompt> ask(store::Stores& stores, const Redaction& redaction, Provider* provider, std::string_view question,
                   std::int64_t now, const std::function<void(const Error&)>& note) {
  auto counts = stores.passages().counts({});
  if (!counts) return counts.error();
  if (counts->passages == 0)
    return Error{"there is no index to answer from: run 'logystera llm index' first, once findings or errors are stored",
                 ErrorKind::not_found};
  Prompt prompt{"Answer the question from the evidence.", {}, redaction(question)};
  const Period period = period_in(question, now).value_or(Period{0, now + 1});
  auto facts = stores.passages().period(period.since, period.until);
  if (!facts) return facts.error();
  add_counts(prompt.evidence, redaction, facts.value(), period);
  auto passages = find_passages(stores.passages(), provider, prompt.question, kPassagesAsked, note);
  if (!passages) return passages.error();
  for (const store::Passage& passage : passages.value()) {
    Evidence evidence;
    evidence.add("kind", Ours("passage")).add("text", redaction(passage.text));
    prompt.evidence.push_back(std::move(evidence));
  }
  return prompt;
}

Prompt classify(const Redaction& redaction, const std::vector<Sample>& sample) {
  Prompt prompt{
      "Give each event one of these severities: debug, info, warning, error, critical. Answer with one line an event and "
      "nothing else: its number in brackets, a space, the severity, like [1] info",
      {},
      redaction("")};
  for (const Sample& event : sample) {
    Evidence evidence;
    evidence.add("event", redaction(event.message));
    prompt.evidence.push_back(std::move(evidence));
  }
  return prompt;
}

std::vector<std::string> classified(std::string_view answer, std::size_t events) {
  std::vector<std::string> said(events);
  while (!answer.empty()) {
    const std::size_t end = answer.find('\n');
    std::string_view line = answer.substr(0, end);
    answer.remove_prefix(end == std::string_view::npos ? answer.size() : end + 1);
    const std::size_t open = line.find('['), close = line.find(']');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) continue;
    std::size_t number = 0;
    const auto [stop, error] = std::from_chars(line.data() + open + 1, line.data() + close, number);
    if (error != std::errc() || stop != line.data() + close || number == 0 || number > events) continue;
    std::string word;
    for (const char c : line.substr(close + 1)) {
      const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      if (lower >= 'a' && lower <= 'z') word += lower;
      else if (!word.empty()) break;
    }
    for (const std::string_view known : {"debug", "info", "warning", "error", "critical"})
      if (word == known) said[number - 1] = word;
  }
  return said;
}

}  // namespace logystera::assist
