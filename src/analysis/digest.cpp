#include "analysis/digest.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "analysis/tracking.hpp"
#include "core/clock.hpp"
#include "detect/error_text.hpp"
#include "detect/grouping.hpp"
#include "store/text.hpp"

namespace logystera::analysis {
namespace {

constexpr std::uint64_t kMinuteNs = std::uint64_t{60} * kSecondNs, kDayNs = 24 * 60 * kMinuteNs;
constexpr std::uint64_t kSpanLeastNs = 10 * kMinuteNs, kLongSpanNs = 3 * kDayNs, kNewPart = 10;

std::string_view words_of(const Record& record) noexcept {
  return detect::spoken_text(record).substr(0, detect::kTemplateBytes);
}

constexpr std::uint64_t kPrime = 0x100000001b3;

std::uint64_t add(std::uint64_t hash, std::string_view text) noexcept {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return hash;
}

// The words between `separator`, those with digits left out: they are variable by their form.
std::uint64_t add_words(std::uint64_t hash, std::string_view text, char separator) noexcept {
  std::uint64_t before = hash;
  bool digits = false;
  for (const char c : text) {
    if (c == separator) {
      if (digits) hash = (before ^ '0') * kPrime;
      before = hash = (hash ^ static_cast<unsigned char>(separator)) * kPrime;
      digits = false;
      continue;
    }
    digits = digits || (c >= '0' && c <= '9');
    hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  }
  return digits ? (before ^ '0') * kPrime : hash;
}

// FNV-1a over what groups an error (detect/error_text.hpp), but for its variable parts.
std::uint64_t skeleton_of(const Record& record) noexcept {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325;
  std::uint64_t hash = (kBasis ^ static_cast<std::uint64_t>(record.kind)) * kPrime;
  if (record.kind == RecordKind::web_access) {
    const std::string_view path = record.text(field::path);
    if (!path.empty()) {
      hash = add(add(hash, record.text(field::method)), record.text(field::status));
      return add_words(hash, path.substr(0, detect::kTemplateBytes), '/');
    }
  }
  hash = add(add(hash, record.text(field::program)), record.text(field::module));
  return add_words(add(hash, record.text(field::error_code)), words_of(record), ' ');
}

// What SSH_BRUTE_FORCE counts: where passwords are not allowed, a name and the end of its connection are all there is of an attempt.
bool is_line_of_attempt(std::string_view action, const Record& record) noexcept {
  if (action == "failed" || action == "failed_invalid_user" || action == "invalid_user" || action == "pam_failure")
    return true;
  if (action != "closed" && action != "reset" && action != "disconnected") return false;
  return record.message.find(" invalid user ") != std::string_view::npos ||
         record.message.find(" authenticating user ") != std::string_view::npos;
}

// Of an actor; probes of nobody are what their rules make of them.
bool is_probe(const Finding& finding) noexcept { return finding.probe && !finding.who.address.empty(); }

// Such ones are a scanner's, whatever they looked for.
bool came_to_nothing(const Finding& finding) noexcept { return is_probe(finding) && finding.level <= Level::low; }

}  // namespace

DigestBuilder::DigestBuilder(const std::vector<redact::Pattern>& patterns)
    : attempts_(std::hash<std::string_view>{}), learning_(pseudonym_kinds(patterns)) {}

void DigestBuilder::add(const Finding& finding) {
  store::Finding row = stored_finding(finding);
  row.message = store::storable(row.message);
  if (finding.series != 0) row.key = store::finding_key(row);
  if (finding.scan) scan_rules_.insert(finding.rule);
  const bool was_answered = finding.who.outcome == store::Who::Outcome::answered && finding.bytes > 0;
  if (came_to_nothing(finding)) incidents_.add_probe(std::move(row), finding.time_known);
  else if (is_probe(finding) && was_answered)
    incidents_.add_answered_probe(std::move(row), finding.time_known, finding.bytes);
  else (finding.operations ? operations_ : incidents_).add(row, finding.time_known);
}

void DigestBuilder::add_further(const Finding& finding) {
  store::Finding row = stored_finding(finding);
  if (came_to_nothing(finding)) row.rule = store::kScannerRule;
  (finding.operations ? operations_ : incidents_).add_further(row, finding.time_known);
}

// Lines of one attempt count once, from the first of them on, which may stand before a rule fires.
void DigestBuilder::add_login(const Record& record) {
  if (!record.time_known) return;
  const bool signal = record.kind == RecordKind::signal;
  const std::string_view what = record.text(signal ? field::event_type : field::action);
  const bool in = what == "accepted" || what == "login" || what == "auth.login";
  std::uint64_t failed = 0;
  if (what == "login_failed" || what == "auth.login_failed") failed = record.repeated;
  else if (is_line_of_attempt(what, record)) failed = attempts_.added_by(record);
  if (!in && failed == 0) return;
  const std::string_view address = record.text(field::client_ip), account = record.text(field::user);
  if (address.empty()) return;
  const std::int64_t time = record.time_ns / kSecondNs;
  if (!in) return incidents_.add_attempts(address, account, time, record.line, failed);
  incidents_.add_login(address, time);
  const store::Episodes::Tried tried = incidents_.tried_before(address, time);
  if (tried.count < store::kSlowGuessesLeast) return;
  store::Finding guessed;
  guessed.rule = store::kGuessedRule;
  guessed.title = store::kGuessedTitle;
  guessed.level = Level::critical;
  guessed.source = record.source;
  guessed.time = time;
  guessed.line = record.line;
  guessed.message = store::storable(record.message.empty() ? record.raw : record.message);
  guessed.who = {std::string(address), std::string(account), {}, 0, store::Who::Outcome::login_failed};
  guessed.hits = tried.count;
  guessed.first_time = tried.first;
  incidents_.add_guessed(std::move(guessed));
}

std::size_t DigestBuilder::settled(std::size_t group) const {
  while (groups_[group].into != group) group = groups_[group].into;
  return group;
}

std::size_t DigestBuilder::group_of(const Record& record) {
  const detect::ErrorGroups::Group learnt = learning_.group_of(record);
  const auto place = [&](const detect::ErrorGroups::Group& group) {
    const auto [at, is_new] = by_fingerprint_.try_emplace(group.fingerprint, groups_.size());
    if (is_new) {
      groups_.push_back(
          {.error = {.pattern = store::storable(group.pattern), .new_since_ns = {}, .message = {}, .source = {}},
           .into = groups_.size()});
    }
    return settled(at->second);
  };
  const std::size_t found = place(learnt);
  for (const detect::ErrorGroups::Merge& merge : learning_.take_merges()) {
    const auto from = by_fingerprint_.find(merge.from);
    if (from == by_fingerprint_.end()) continue;
    const std::size_t old = settled(from->second), next = place(merge.into);
    if (old == next) continue;
    Group &gone = groups_[old], &grown = groups_[next];
    const std::uint64_t count = gone.error.count + grown.error.count;
    const std::string pattern = grown.error.pattern;
    const Severity severity = std::max(gone.error.severity, grown.error.severity);
    if (gone.newest_ns > grown.newest_ns) {
      grown.error = std::move(gone.error);
      grown.newest_ns = gone.newest_ns;
    }
    grown.error.count = count;
    grown.error.pattern = pattern;
    grown.error.severity = severity;
    grown.oldest_ns = std::min(grown.oldest_ns, gone.oldest_ns);
    grown.known = grown.known || gone.known;
    gone.error = {};
    gone.into = next;
  }
  return settled(found);
}

void DigestBuilder::add_error(const Record& record, bool known) {
  ++error_events_;
  const std::uint64_t skeleton = skeleton_of(record);
  const auto met = by_skeleton_.find(skeleton);
  std::size_t place = 0;
  if (met != by_skeleton_.end()) {
    place = settled(met->second);
  } else {
    if (by_skeleton_.size() == kSkeletonsMost) return;
    place = group_of(record);
    by_skeleton_.emplace(skeleton, place);
  }
  Group& group = groups_[place];
  ++group.error.count;
  group.known = group.known || known;
  if (record.time_known) group.oldest_ns = std::min(group.oldest_ns, record.time_ns);
  group.error.severity = std::max(group.error.severity, record.severity);
  const std::int64_t time = record.time_known ? record.time_ns : group.newest_ns;
  if (group.error.count > 1 && time < group.newest_ns) return;
  group.newest_ns = time;
  group.error.message.assign(words_of(record));
  group.error.source.assign(record.source);
  group.error.line = record.line;
}

bool DigestBuilder::is_new(const Group& group, bool earlier) const noexcept {
  if (group.oldest_ns == INT64_MAX) return false;
  if (earlier) return !group.known;
  // Times may be further apart than a signed difference holds.
  const auto before_the_end = [&](std::int64_t time) {
    return static_cast<std::uint64_t>(last_ns_) - static_cast<std::uint64_t>(time);
  };
  const std::uint64_t span = before_the_end(first_ns_);
  return span >= kSpanLeastNs && before_the_end(group.oldest_ns) < (span >= kLongSpanNs ? kDayNs : span / kNewPart);
}

Digest DigestBuilder::take(bool earlier) {
  Digest digest;
  if (first_ns_ <= last_ns_) {
    digest.first_ns = first_ns_;
    digest.last_ns = last_ns_;
  }
  digest.episodes_left_out = incidents_.left_out() + operations_.left_out();
  digest.incidents = incidents_.take();
  fold_scans(digest.incidents, scan_rules_, std::exchange(failed_requests_, {}));
  scan_rules_.clear();
  digest.operations = operations_.take();
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const Group& group = groups_[i];
    if (group.into != i || group.error.count == 0) continue;
    LoudError& error = digest.errors.emplace_back(group.error);
    error.message = store::storable(error.message);
    if (is_new(group, earlier)) error.new_since_ns = group.oldest_ns;
  }
  std::stable_sort(digest.errors.begin(), digest.errors.end(), [](const LoudError& a, const LoudError& b) {
    return std::pair(a.new_since_ns.has_value(), a.count) > std::pair(b.new_since_ns.has_value(), b.count);
  });
  digest.error_events = std::exchange(error_events_, 0);
  first_ns_ = INT64_MAX;
  last_ns_ = INT64_MIN;
  attempts_.restore({});
  groups_.clear();
  by_fingerprint_.clear();
  by_skeleton_.clear();
  return digest;
}

}  // namespace logystera::analysis
