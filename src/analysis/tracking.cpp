#include "analysis/tracking.hpp"

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "detect/grouping.hpp"
#include "store/text.hpp"

namespace logystera::analysis {
namespace {

constexpr std::uint64_t kRowsInTransaction = 5000;
constexpr std::int64_t kPruneEverySeconds = 24 * 3600;
constexpr std::size_t kWaitingBytes = 8 * 1024 * 1024;  // beyond, a transaction of fewer rows

// "/var/log/nginx.log" is meant by itself and by "nginx.log".
bool means(const std::string& said, const std::string& source) {
  if (said.empty() || said == source) return true;
  return source.size() > said.size() && source.ends_with(said) && source[source.size() - said.size() - 1] == '/';
}

store::ErrorTemplate stored_template(const detect::ErrorGroups::Group& group) {
  return {group.fingerprint, group.pattern, group.scope, group.key, group.learnt};
}

// Occurrences that wait, in the groups they belong to by now.
void regroup(std::vector<store::ErrorOccurrence>& errors, const std::vector<detect::ErrorGroups::Merge>& merges) {
  std::map<std::string_view, const detect::ErrorGroups::Group*> into;
  for (const detect::ErrorGroups::Merge& one : merges) into[one.from] = &one.into;
  for (store::ErrorOccurrence& error : errors) {
    // A group may have gone on into another; never round in a circle, for each step has one constant word fewer.
    for (auto found = into.find(error.fingerprint); found != into.end(); found = into.find(error.fingerprint)) {
      const detect::ErrorGroups::Group& group = *found->second;
      error.fingerprint = group.fingerprint;
      error.pattern = store::storable(group.pattern);
      error.template_key = group.key;
      error.learnt = group.learnt;
    }
  }
}

}  // namespace

Dismissals::Dismissals(std::vector<store::Dismissal> list) {
  for (store::Dismissal& one : list) sources_.emplace(std::move(one.rule), std::move(one.source));
}

bool Dismissals::hides(const std::string& rule, const std::string& source) const {
  const auto [first, last] = sources_.equal_range(rule);
  if (first == last) return false;
  const std::string stored = store::storable(source);
  return std::any_of(first, last, [&](const auto& entry) { return means(entry.second, stored); });
}

Result<std::unique_ptr<store::Store>> open_tracked(std::string_view url, store::Access access) {
  return store::open(url, {.access = access, .durability = store::Durability::process});
}

std::vector<std::string> pseudonym_kinds(const std::vector<redact::Pattern>& patterns) {
  std::vector<std::string> kinds;
  for (std::size_t i = 0; i < redact::kKinds; ++i) kinds.emplace_back(redact::kind_prefix(static_cast<redact::Kind>(i)));
  for (const redact::Pattern& pattern : patterns) kinds.push_back(pattern.prefix());
  return kinds;
}

store::Finding stored_finding(const Finding& finding) {
  store::Finding row;
  row.rule = finding.rule;
  row.title = finding.title;
  row.level = finding.level;
  row.source = finding.source;
  row.time = finding.time_known ? finding.time_ns / kSecondNs : wall_seconds();
  row.line = finding.line;
  row.message = finding.message;
  row.who = finding.who;
  row.hits = finding.fresh;
  row.series = finding.series;
  row.first_time = finding.time_known && finding.first_ns > 0 ? finding.first_ns / kSecondNs : row.time;
  return row;
}

Tracker::Tracker(std::unique_ptr<store::Store> store, const Options& options)
    : store_(std::move(store)),
      least_(options.least),
      retention_(options.retention),
      whole_batches_(options.whole_batches),
      of_a_part_(options.of_a_part),
      now_(wall_seconds()),
      groups_(pseudonym_kinds(options.patterns)) {}

void Tracker::count_outdated(std::int64_t time) noexcept {
  if (retention_days_ > 0 && time < store::oldest_retained(now_, retention_days_)) ++outdated_;
}

Result<std::unique_ptr<Tracker>> Tracker::open(const std::string& url, const Options& options) {
  auto store = open_tracked(url);
  if (!store) return store.error();
  std::unique_ptr<Tracker> tracker(new Tracker(std::move(store).value(), options));
  // Before, not after: what is found in an old log can be looked at until the next run.
  if (auto pruned = tracker->prune(); !pruned) return pruned.error();
  auto known = tracker->store_->errors().templates(detect::kErrorTemplatesMost);
  if (!known) return known.error();
  for (const store::ErrorTemplate& one : known.value()) {
    tracker->known_.insert(one.fingerprint);
    tracker->groups_.load({one.fingerprint, one.scope, one.template_key, one.pattern, one.learnt});
  }
  tracker->take_merges();
  return tracker;
}

Result<Done> Tracker::prune() {
  now_ = wall_seconds();
  auto retention = store::Retention::load(store_->settings(), retention_);
  if (!retention) return retention.error();
  auto size = store_->maintenance().size();
  if (!size) return size.error();
  const bool of_gateway = size->newest_event_at != 0;
  retention_days_ = of_gateway ? 0 : retention->findings_days;
  if (retention_days_ == 0) return Done{};
  if (auto pruned = store::prune(*store_, now_, retention_days_); !pruned) return pruned.error();
  return Done{};
}

Result<Done> Tracker::wait_for_transaction(std::size_t bytes) {
  waiting_bytes_ += bytes;
  if (whole_batches_) return Done{};
  if (findings_.size() + errors_.size() < kRowsInTransaction && waiting_bytes_ < kWaitingBytes) return Done{};
  return commit();
}

// A group that grows out of a known one is known.
void Tracker::take_merges() {
  for (detect::ErrorGroups::Merge& one : groups_.take_merges()) {
    if (known_.count(one.from) > 0) known_.insert(one.into.fingerprint);
    merges_.push_back(std::move(one));
  }
}

Result<Done> Tracker::merge(store::ErrorStore& errors, const std::vector<detect::ErrorGroups::Merge>& merges) {
  for (const detect::ErrorGroups::Merge& one : merges) {
    auto there = errors.find(one.into.fingerprint);
    if (!there) return there.error();
    auto merged = errors.merge(one.from, stored_template(one.into));
    if (!merged) return merged.error();
    if (!merged.value()) continue;
    // New is what consists of new ones alone.
    const bool was_new = new_groups_.erase(one.from) > 0;
    if (was_new && !there->has_value()) new_groups_.insert(one.into.fingerprint);
    if (!was_new) new_groups_.erase(one.into.fingerprint);
  }
  return Done{};
}

Result<Done> Tracker::commit(const std::optional<ReadUpTo>& read) {
  if (findings_.empty() && grown_.empty() && errors_.empty() && merges_.empty() && !read) return Done{};
  const std::vector<store::Finding> findings = std::exchange(findings_, {});
  const std::vector<store::Growth> grown = std::exchange(grown_, {});
  std::vector<store::ErrorOccurrence> errors = std::exchange(errors_, {});
  const std::vector<detect::ErrorGroups::Merge> merges = std::exchange(merges_, {});
  regroup(errors, merges);
  waiting_bytes_ = 0;
  std::uint64_t new_findings = 0;
  // Left before it is committed, it is rolled back.
  auto begun = store_->begin();
  if (!begun) return begun.error();
  store::Transaction& transaction = *begun.value();
  for (const store::Finding& finding : findings) {
    auto fresh = transaction.findings().add(finding);
    if (!fresh) return fresh.error();
    new_findings += fresh.value();
  }
  for (const store::Growth& growth : grown)
    if (auto done = transaction.findings().grow(growth, !of_a_part_); !done) return done;
  if (auto merged = merge(transaction.errors(), merges); !merged) return merged;
  auto added = transaction.errors().add(errors);
  if (!added) return added.error();
  if (read) {
    auto put = read->gone ? transaction.positions().remove(read->target)
                          : transaction.positions().put(read->target, read->position, wall_seconds());
    if (!put) return put;
  }
  if (auto committed = transaction.commit(); !committed) return committed;
  new_findings_ += new_findings;
  new_error_occurrences_ += added->occurrences;
  new_groups_.insert(added->groups.begin(), added->groups.end());
  return wall_seconds() - now_ >= kPruneEverySeconds ? prune() : Done{};
}

Result<Done> Tracker::add(const Finding& finding) {
  if (finding.level == Level::informational || finding.level < least_) return Done{};
  store::Finding row = stored_finding(finding);
  row.message = store::storable(row.message);  // cut as it is stored: it may be as long as a line
  const std::size_t bytes = sizeof row + row.title.size() + row.source.size() + row.message.size();
  findings_.push_back(std::move(row));
  return wait_for_transaction(bytes);
}

void Tracker::add(const store::Episode& episode) {
  if (episode.rule == store::kGuessedRule && episode.level >= least_)
    findings_.push_back(store::guessed_finding_of(episode));
  grown_.insert(grown_.end(), episode.growths.begin(), episode.growths.end());
}

Result<Done> Tracker::add(const Record& record) {
  was_known_ = false;
  if (!detect::is_error(record)) return Done{};
  store::ErrorOccurrence occurrence;
  const std::string_view message = record.message.empty() ? record.raw : record.message;
  const detect::ErrorGroups::Group group = groups_.group_of(record);
  take_merges();
  was_known_ = known_.count(group.fingerprint) > 0;
  occurrence.fingerprint = group.fingerprint;
  occurrence.pattern = store::storable(group.pattern);
  occurrence.scope = store::storable(group.scope);
  occurrence.template_key = group.key;
  occurrence.learnt = group.learnt;
  occurrence.severity = record.severity;
  occurrence.source = std::string(record.source);
  occurrence.time = record.time_known ? record.time_ns / kSecondNs : now_;
  occurrence.line = record.line;
  occurrence.message = store::storable(message);
  const std::size_t bytes = sizeof occurrence + occurrence.message.size() + occurrence.pattern.size() +
                            occurrence.source.size() + occurrence.scope.size() + occurrence.template_key.size();
  count_outdated(occurrence.time);
  errors_.push_back(std::move(occurrence));
  return wait_for_transaction(bytes);
}

// Where there is no database, none is made up for the question: laying one out costs a tenth of a short scan.
Result<Dismissals> load_dismissals(const std::string& url) {
  auto there = store::exists(url);
  if (!there) return there.error();
  if (!there.value()) return Dismissals();
  auto store = open_tracked(url, store::Access::look);
  if (!store) return store.error();
  auto list = store.value()->findings().dismissals();
  if (!list) return list.error();
  return Dismissals(std::move(list).value());
}

Result<Done> CurrentDismissals::refresh() {
  if (!store_) {
    auto there = store::exists(url_);
    if (!there) return there.error();
    if (!there.value()) return Done{};
    auto opened = open_tracked(url_);
    if (!opened) return opened.error();
    store_ = std::move(opened).value();
  }
  auto version = store_->findings().dismissals_version();
  if (!version) return version.error();
  if (version_ == version.value()) return Done{};
  auto list = store_->findings().dismissals();
  if (!list) return list.error();
  dismissals_ = Dismissals(std::move(list).value());
  version_ = version.value();
  return Done{};
}

}  // namespace logystera::analysis
