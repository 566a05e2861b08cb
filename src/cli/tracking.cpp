#include "cli/tracking.hpp"

#include <algorithm>
#include <filesystem>

#include "cli/gate.hpp"
#include "detect/grouping.hpp"

namespace logystera::cli {
namespace {

constexpr std::uint64_t kRowsInTransaction = 5000;
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

Result<Done> Tracker::begin() {
  if (open_ && ++pending_ < kRowsInTransaction) return Done{};
  if (auto committed = commit(); !committed) return committed;
  auto begun = store_.begin();
  open_ = begun.ok();
  return begun;
}

Result<Done> Tracker::commit() {
  if (!open_) return Done{};
  open_ = false;
  pending_ = 0;
  return store_.commit();
}

Result<Done> Tracker::add(const scan::Finding& finding) {
  const auto level = stored_level(finding.level);
  if (!level || *level < least_) return Done{};
  if (auto begun = begin(); !begun) return begun;
  auto added = store_.add_finding(stored_finding(finding));
  if (!added) return added.error();
  new_findings_ += added.value();
  return Done{};
}

Result<Done> Tracker::add(const Record& record) {
  if (!detect::is_error(record)) return Done{};
  if (auto begun = begin(); !begun) return begun;
  store::ErrorOccurrence occurrence;
  const std::string_view message = record.message.empty() ? record.raw : record.message;
  occurrence.fingerprint = detect::fingerprint(record);
  occurrence.pattern = detect::message_template(message);
  occurrence.severity = static_cast<std::uint8_t>(record.severity);
  occurrence.source = std::string(record.source);
  occurrence.time = record.time_known ? record.time_ns / kSecond : now_;
  occurrence.line = record.line;
  occurrence.message = std::string(message);
  auto added = store_.add_error(occurrence);
  if (!added) return added.error();
  new_error_occurrences_ += added.value() != store::ErrorNews::none;
  new_error_groups_ += added.value() == store::ErrorNews::group;
  return Done{};
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
