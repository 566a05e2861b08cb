#include "detect/absence.hpp"

#include <algorithm>

#include "core/bytes.hpp"
#include "detect/span.hpp"

namespace logystera::detect {

namespace {

constexpr std::string_view kMagic = "logystera absences\n";
constexpr std::uint32_t kVersion = 1;
constexpr std::int64_t kDayNs = std::int64_t{24} * 3600 * 1'000'000'000;
constexpr std::int64_t kTimeMost = std::int64_t{1} << 62;

std::int64_t day_of(std::int64_t time_ns) noexcept {
  return time_ns >= 0 ? time_ns / kDayNs : -((-time_ns + kDayNs - 1) / kDayNs);
}

}  // namespace

void Pauses::event(std::int64_t time_ns) {
  if (!any_) {
    any_ = true;
    first_ns_ = last_ns_ = time_ns;
    return;
  }
  if (time_ns <= last_ns_) return;
  const std::int64_t pause = minus(time_ns, last_ns_);
  last_ns_ = time_ns;
  if (pause < kLeastPauseNs) return;
  const std::int64_t number = day_of(time_ns);
  Day& day = days_[static_cast<std::size_t>((number % kDays + kDays) % kDays)];
  if (day.number != number) day = {number, 0, 0};
  if (pause > day.longest_ns) {
    day.second_ns = day.longest_ns;
    day.longest_ns = pause;
  } else {
    day.second_ns = std::max(day.second_ns, pause);
  }
}

std::int64_t Pauses::longest_allowed(const Absence& absence) const noexcept {
  if (!any_ || minus(last_ns_, first_ns_) < kLearnNs) return 0;
  std::int64_t longest = 0, second = 0;
  for (const Day& day : days_) {
    if (day.number <= day_of(last_ns_) - kDays) continue;
    for (const std::int64_t pause : {day.longest_ns, day.second_ns}) {
      if (pause > longest) {
        second = longest;
        longest = pause;
      } else {
        second = std::max(second, pause);
      }
    }
  }
  if (second == 0) return 0;
  const double allowed = static_cast<double>(second) * absence.times;
  return std::max(absence.least_ns,
                  allowed < static_cast<double>(kTimeMost) ? static_cast<std::int64_t>(allowed) : kTimeMost);
}

bool Pauses::rest(std::int64_t until_ns) noexcept {
  constexpr std::int64_t kHourNs = std::int64_t{3600} * 1'000'000'000;
  if (!any_ || until_ns <= last_ns_) return false;
  const bool later = until_ns / kHourNs != last_ns_ / kHourNs;
  last_ns_ = until_ns;
  return later;
}

Absences::Absences(const RuleSet& rules) : rules_(rules) {
  for (std::uint32_t i = 0; i < rules.rules.size(); ++i)
    if (rules.rules[i].absence) watched_.push_back({i, {}});
}

void Absences::note(const Record& record, std::int64_t now_ns, std::vector<Match>& out) {
  if (watched_.empty()) return;
  const std::int64_t time = std::min(record.time_known ? record.time_ns : now_ns, now_ns);
  std::string_view type;
  for (Watched& watched : watched_) {
    const Absence& absence = *rules_.rules[watched.rule].absence;
    if (!absence.event_type.empty()) {
      if (type.empty()) type = record.text(field::event_type);
      if (type != absence.event_type) continue;
    }
    const std::int64_t last = watched.pauses.last_ns();
    watched.pauses.event(time);
    if (!watched.pauses.absent || watched.pauses.last_ns() == last) continue;
    watched.pauses.absent = false;
    Match match = match_of(watched.rule, record);
    match.time_ns = time;
    match.time_known = match.clears = true;
    match.first_ns = last;
    out.push_back(match);
  }
}

void Absences::tick(std::int64_t now_ns, std::vector<Match>& out) {
  for (Watched& watched : watched_) {
    Pauses& pauses = watched.pauses;
    const std::int64_t allowed = pauses.longest_allowed(*rules_.rules[watched.rule].absence);
    if (allowed == 0 || pauses.absent || now_ns - pauses.last_ns() <= allowed) continue;
    pauses.absent = true;
    Match match;
    match.rule = watched.rule;
    match.time_ns = now_ns;
    match.time_known = true;
    match.first_ns = pauses.last_ns();
    match.measure = static_cast<double>(now_ns - pauses.last_ns()) / 1e9;
    out.push_back(match);
  }
}

bool Absences::rest(std::int64_t now_ns, std::vector<Match>& out) {
  bool changed = false;
  for (Watched& watched : watched_) {
    Pauses& pauses = watched.pauses;
    if (pauses.absent) {
      pauses.absent = false;
      Match match;
      match.rule = watched.rule;
      match.time_ns = now_ns;
      match.time_known = match.clears = true;
      match.first_ns = pauses.last_ns();
      out.push_back(match);
      changed = true;
    }
    changed = pauses.rest(now_ns) || changed;
  }
  return changed;
}

// ---- written down and read back ----

struct SavedPauses {
  std::string rule;
  Pauses pauses;

  template <typename Io>
  void pass_all(Io& io) {
    io.text(rule);
    io.boolean(pauses.any_);
    io.boolean(pauses.absent);
    io.number(pauses.first_ns_);
    io.number(pauses.last_ns_);
    for (Pauses::Day& day : pauses.days_) {
      io.number(day.number);
      io.number(day.longest_ns);
      io.number(day.second_ns);
    }
  }
  // Times that can be added and subtracted, and pauses that are some.
  bool sound() const {
    const auto is_time = [](std::int64_t time) { return time > -kTimeMost && time < kTimeMost; };
    if (!is_time(pauses.first_ns_) || !is_time(pauses.last_ns_) || pauses.first_ns_ > pauses.last_ns_) return false;
    return std::all_of(pauses.days_.begin(), pauses.days_.end(), [](const Pauses::Day& day) {
      return day.second_ns >= 0 && day.second_ns <= day.longest_ns && day.longest_ns < kTimeMost;
    });
  }
};

template <typename Io>
static void pass(Io& io, SavedPauses& saved) {
  saved.pass_all(io);
}

std::string Absences::save() const {
  std::string bytes(kMagic);
  ByteWriter out(bytes);
  std::uint32_t version = kVersion;
  out.number(version);
  std::vector<SavedPauses> all;
  for (const Watched& watched : watched_) all.push_back({rules_.rules[watched.rule].id, watched.pauses});
  out.list(all);
  return bytes;
}

Result<Done> Absences::restore(std::string_view saved) {
  for (Watched& watched : watched_) watched.pauses = {};
  if (saved.substr(0, kMagic.size()) != kMagic) return Error{"these are no saved absences", ErrorKind::broken};
  ByteReader in(saved.substr(kMagic.size()));
  std::uint32_t version = 0;
  in.number(version);
  if (version != kVersion) return Error{"the saved absences are of another version", ErrorKind::broken};
  std::vector<SavedPauses> all;
  in.list(all);
  if (!in.ok() || !in.at_end() || !std::all_of(all.begin(), all.end(), [](const SavedPauses& one) { return one.sound(); }))
    return Error{"the saved absences are damaged", ErrorKind::broken};
  for (const SavedPauses& one : all)
    for (Watched& watched : watched_)
      if (rules_.rules[watched.rule].id == one.rule) watched.pauses = one.pauses;
  return Done{};
}

}  // namespace logystera::detect
