// What a run keeps in the database, and what the database tells a run to keep quiet about.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "analysis/finding.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/error_groups.hpp"
#include "redact/patterns.hpp"
#include "store/episode.hpp"
#include "store/retention.hpp"
#include "store/store.hpp"

namespace logystera::analysis {

/// Rules the user dismissed. A dismissal's source is a path or the name at the end of one.
class Dismissals {
 public:
  explicit Dismissals(std::vector<store::Dismissal> list = {});
  bool hides(const std::string& rule, const std::string& source) const;
  bool empty() const noexcept { return sources_.empty(); }

 private:
  std::multimap<std::string, std::string> sources_;  // rule → source
};

/// The database of earlier runs; what a power loss takes of it can be made again from the logs.
Result<std::unique_ptr<store::Store>> open_tracked(std::string_view url, store::Access access = store::Access::create);

store::Finding stored_finding(const Finding& finding);

/// What pseudonyms and masks begin with, of the redactor's own patterns too: variable parts of errors.
std::vector<std::string> pseudonym_kinds(const std::vector<redact::Pattern>& patterns);

/// Stores findings and errors in transactions of many rows. What a run had not committed when it was killed is not stored; the
/// same log scanned again stores it, and nothing twice.
class Tracker {
 public:
  struct Options {
    Level least = Level::high;              // findings below are left out
    store::ConfiguredRetention retention;   // what the configuration says; the database's own word goes before `otherwise`
    std::vector<redact::Pattern> patterns;  // the redactor's own, whose pseudonyms are variable parts of errors
    bool of_a_part = false;      // a filter left something out: what there is of a finding stays where this run says less
    bool whole_batches = false;  // commits when commit() is called alone: what waits is what was added since
  };

  /// Opens or makes the database, and removes what is older than the retention; again once a day. In a gateway's database that is
  /// the gateway's affair, and nothing is removed here.
  static Result<std::unique_ptr<Tracker>> open(const std::string& url, const Options& options);

  /// Findings below `least`, and informational ones, are left out.
  Result<Done> add(const Finding& finding);
  /// How an episode of findings that were added went on: how often, who was tried, and who got in. It waits for commit().
  void add(const store::Episode& episode);
  /// Errors are grouped; anything else is left out.
  Result<Done> add(const Record& record);
  /// Whether the record that was added last is an error of a group that the database had before this run.
  bool was_known() const noexcept { return was_known_; }
  /// Whether it had any.
  bool had_errors() const noexcept { return !known_.empty(); }
  /// Commits what is pending, and with it how far `target` was read: both, or neither.
  struct ReadUpTo {
    std::string_view target, position;
    bool gone = false;  // `target` is: its position goes
  };
  Result<Done> commit(const std::optional<ReadUpTo>& read = std::nullopt);

  std::uint64_t new_findings() const noexcept { return new_findings_; }
  std::uint64_t new_error_groups() const noexcept { return new_groups_.size(); }
  std::uint64_t new_error_occurrences() const noexcept { return new_error_occurrences_; }
  /// Occurrences of errors that are older than the retention already: the next run that stores something removes them.
  std::uint64_t outdated() const noexcept { return outdated_; }
  /// 0: nothing is removed here.
  int retention_days() const noexcept { return retention_days_; }
  store::Store& store() noexcept { return *store_; }

 private:
  Tracker(std::unique_ptr<store::Store> store, const Options& options);
  Result<Done> prune();
  void take_merges();
  Result<Done> merge(store::ErrorStore& errors, const std::vector<detect::ErrorGroups::Merge>& merges);
  void count_outdated(std::int64_t time) noexcept;
  Result<Done> wait_for_transaction(std::size_t bytes);

  std::unique_ptr<store::Store> store_;
  Level least_;
  store::ConfiguredRetention retention_;
  int retention_days_ = store::kRetentionDays;
  bool whole_batches_, of_a_part_;
  std::int64_t now_;  // unix seconds, of the last removal
  // What waits for the next transaction, so that the database is locked only while it is written.
  std::vector<store::Finding> findings_;
  std::vector<store::Growth> grown_;  // of findings that are stored or waiting already
  std::vector<store::ErrorOccurrence> errors_;
  std::size_t waiting_bytes_ = 0;
  detect::ErrorGroups groups_;
  std::vector<detect::ErrorGroups::Merge> merges_;  // not carried out yet
  std::set<std::string> new_groups_;                // fingerprints that were not there before this run
  std::unordered_set<std::string> known_;           // and those that were, or that consist of such
  bool was_known_ = false;
  std::uint64_t new_findings_ = 0, new_error_occurrences_ = 0, outdated_ = 0;
};

/// The dismissals in the database; none if there is none, and none is made.
Result<Dismissals> load_dismissals(const std::string& url);

/// The dismissals in the database, for whoever runs for long: a database that comes into being later counts from then on, and so
/// does what is dismissed meanwhile.
class CurrentDismissals {
 public:
  explicit CurrentDismissals(std::string url) : url_(std::move(url)) {}

  /// Asks the database whether something was dismissed, and reads the list only then. None is made.
  Result<Done> refresh();
  bool hides(const std::string& rule, const std::string& source) const { return dismissals_.hides(rule, source); }

 private:
  const std::string url_;
  std::unique_ptr<store::Store> store_;
  Dismissals dismissals_;
  std::optional<std::int64_t> version_;
};

}  // namespace logystera::analysis
