#include "analysis/digest.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "analysis/tracking.hpp"
#include "core/clock.hpp"
#include "detect/error_text.hpp"
#include "detect/grouping.hpp"
#include "store/text.hpp"

namespace logystera::analysis {
namespace {

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

}  // namespace

DigestBuilder::DigestBuilder(const std::vector<redact::Pattern>& patterns) : learning_(pseudonym_kinds(patterns)) {}

void DigestBuilder::add(const Finding& finding) {
  store::Finding row = stored_finding(finding);
  row.message = store::storable(row.message);
  const bool nothing_came_of_it = finding.probe && finding.level <= Level::low;
  if (nothing_came_of_it && !finding.who.address.empty()) incidents_.add_probe(std::move(row), finding.time_known);
  else (finding.operations ? operations_ : incidents_).add(row, finding.time_known);
}

void DigestBuilder::add_login(const Record& record) {
  if (!record.time_known || incidents_.empty()) return;
  const bool signal = record.kind == RecordKind::signal;
  const std::string_view what = record.text(signal ? field::event_type : field::action);
  const bool in = what == "accepted" || what == "login" || what == "auth.login";
  const bool failed =
      what == "failed" || what == "failed_invalid_user" || what == "login_failed" || what == "auth.login_failed";
  if (!in && !failed) return;
  const std::string_view address = record.text(field::client_ip);
  const std::int64_t time = record.time_ns / kSecondNs;
  if (in) incidents_.add_login(address, time);
  else incidents_.add_attempts(address, time, record.repeated);
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
          {.error = {.pattern = store::storable(group.pattern), .message = {}, .source = {}}, .into = groups_.size()});
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
    gone.error = {};
    gone.into = next;
  }
  return settled(found);
}

void DigestBuilder::add_error(const Record& record) {
  ++error_events_;
  const std::uint64_t skeleton = skeleton_of(record);
  const auto known = by_skeleton_.find(skeleton);
  std::size_t place = 0;
  if (known != by_skeleton_.end()) {
    place = settled(known->second);
  } else {
    if (by_skeleton_.size() == kSkeletonsMost) return;
    place = group_of(record);
    by_skeleton_.emplace(skeleton, place);
  }
  Group& group = groups_[place];
  ++group.error.count;
  group.error.severity = std::max(group.error.severity, record.severity);
  const std::int64_t time = record.time_known ? record.time_ns : group.newest_ns;
  if (group.error.count > 1 && time < group.newest_ns) return;
  group.newest_ns = time;
  group.error.message.assign(words_of(record));
  group.error.source.assign(record.source);
  group.error.line = record.line;
}

Digest DigestBuilder::take() {
  Digest digest;
  if (first_ns_ <= last_ns_) {
    digest.first_ns = first_ns_;
    digest.last_ns = last_ns_;
  }
  digest.episodes_left_out = incidents_.left_out() + operations_.left_out();
  digest.incidents = incidents_.take();
  digest.operations = operations_.take();
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].into != i || groups_[i].error.count == 0) continue;
    LoudError& error = digest.errors.emplace_back(std::move(groups_[i].error));
    error.message = store::storable(error.message);
  }
  std::stable_sort(digest.errors.begin(), digest.errors.end(),
                   [](const LoudError& a, const LoudError& b) { return a.count > b.count; });
  digest.error_events = std::exchange(error_events_, 0);
  first_ns_ = INT64_MAX;
  last_ns_ = INT64_MIN;
  groups_.clear();
  by_fingerprint_.clear();
  by_skeleton_.clear();
  return digest;
}

}  // namespace logystera::analysis
