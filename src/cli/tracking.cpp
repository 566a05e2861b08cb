#include "cli/tracking.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/gate.hpp"
#include "detect/grouping.hpp"

namespace logystera::cli {
namespace {

constexpr std::uint64_t kRowsInTransaction = 5000;
constexpr std::size_t kWaitingBytes = 8 * 1024 * 1024;  // beyond, a transaction of fewer rows
constexpr std::int64_t kSecond = 1'000'000'000;

// "/var/log/nginx.log" is meant by itself and by "nginx.log".
bool means(const std::string& said, const std::string& source) {
  if (said.empty() || said == source) return true;
  return source.size() > said.size() && source.ends_with(said) && source[source.size() - said.size() - 1] == '/';
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

std::optional<store::Level> stored_level(detect::Level level) noexcept {
  if (level == detect::Level::informational) return std::nullopt;
  return static_cast<store::Level>(static_cast<int>(level) - static_cast<int>(detect::Level::low));
}

store::Finding stored_finding(const scan::Finding& finding) {
  store::Finding row;
  row.rule = finding.rule;
  row.title = finding.title;
  row.level = stored_level(finding.level).value_or(store::Level::low);
  row.source = finding.source;
  row.time = finding.time_known ? finding.time_ns / kSecond : unix_now();
  row.line = finding.line;
  row.message = finding.message;
  return row;
}

Tracker::Tracker(store::FindingsStore store, const Config& config)
    : store_(std::move(store)), least_(config.findings_min_severity), now_(unix_now()) {}

Result<std::unique_ptr<Tracker>> Tracker::open(const std::string& path, const Config& config) {
  auto store = store::FindingsStore::open(path);
  if (!store) return store.error();
  // Before, not after: what is found in an old log can be looked at until the next run.
  if (auto pruned = store->prune(unix_now(), config.findings_retention_days); !pruned) return pruned.error();
  return std::unique_ptr<Tracker>(new Tracker(std::move(store).value(), config));
}

Result<Done> Tracker::wait_for_transaction(std::size_t bytes) {
  waiting_bytes_ += bytes;
  if (findings_.size() + errors_.size() < kRowsInTransaction && waiting_bytes_ < kWaitingBytes) return Done{};
  return commit();
}

Result<Done> Tracker::commit() {
  if (findings_.empty() && errors_.empty()) return Done{};
  const std::vector<store::Finding> findings = std::exchange(findings_, {});
  const std::vector<store::ErrorOccurrence> errors = std::exchange(errors_, {});
  waiting_bytes_ = 0;
  std::uint64_t new_findings = 0;
  store::ErrorsAdded added;
  const auto store_all = [&]() -> Result<Done> {
    for (const store::Finding& finding : findings) {
      auto fresh = store_.add_finding(finding);
      if (!fresh) return fresh.error();
      new_findings += fresh.value();
    }
    auto done = store_.add_errors(errors);
    if (!done) return done.error();
    added = done.value();
    return store_.commit();
  };
  if (auto begun = store_.begin(); !begun) return begun;
  if (auto stored = store_all(); !stored) {
    (void)store_.rollback();
    return stored;
  }
  new_findings_ += new_findings;
  new_error_occurrences_ += added.occurrences;
  new_error_groups_ += added.groups;
  return Done{};
}

Result<Done> Tracker::add(const scan::Finding& finding) {
  const auto level = stored_level(finding.level);
  if (!level || *level < least_) return Done{};
  store::Finding row = stored_finding(finding);
  row.message = store::storable(row.message);  // cut as it is stored: it may be as long as a line
  const std::size_t bytes = sizeof row + row.title.size() + row.source.size() + row.message.size();
  findings_.push_back(std::move(row));
  return wait_for_transaction(bytes);
}

Result<Done> Tracker::add(const Record& record) {
  if (!detect::is_error(record)) return Done{};
  store::ErrorOccurrence occurrence;
  const std::string_view message = record.message.empty() ? record.raw : record.message;
  occurrence.fingerprint = detect::fingerprint(record);
  occurrence.pattern = store::storable(detect::message_template(message));
  occurrence.severity = static_cast<std::uint8_t>(record.severity);
  occurrence.source = std::string(record.source);
  occurrence.time = record.time_known ? record.time_ns / kSecond : now_;
  occurrence.line = record.line;
  occurrence.message = store::storable(message);
  const std::size_t bytes =
      sizeof occurrence + occurrence.message.size() + occurrence.pattern.size() + occurrence.source.size();
  errors_.push_back(std::move(occurrence));
  return wait_for_transaction(bytes);
}

Result<Dismissals> load_dismissals(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Dismissals{};
  auto store = store::FindingsStore::open(path);
  if (!store) return store.error();
  auto list = store->dismissals();
  if (!list) return list.error();
  return Dismissals(std::move(list).value());
}

}  // namespace logystera::cli
