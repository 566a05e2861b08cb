#include "analysis/scans.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/clock.hpp"

namespace logystera::analysis {
namespace {

using store::Episode;

constexpr std::string_view kOfPages[] = {"avif", "css", "gif", "ico", "jpeg", "jpg",  "js",   "map",
                                         "mp4",  "png", "svg", "ttf", "webp", "woff", "woff2"};

bool is_of_a_page(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view ending = path.substr(dot + 1);
  return std::find(std::begin(kOfPages), std::end(kOfPages), ending) != std::end(kOfPages);
}

bool is_failure(const Record& record) {
  const Value* const status = record.find(field::status);
  if (!status || status->kind != Value::Kind::integer) return false;
  return status->as_integer() >= 400 && status->as_integer() < 500;
}

bool is_scanner(const Episode& episode) { return episode.rule == store::kScannerRule && episode.same_answer_bytes == 0; }

bool is_near(const Episode& one, const Episode& other) {
  if (one.time_known != other.time_known) return false;
  return one.first_time - other.last_time <= store::kEpisodeGapSeconds &&
         other.first_time - one.last_time <= store::kEpisodeGapSeconds;
}

void merge(Episode& scanner, const Episode& scan) {
  scanner.findings += scan.findings;
  scanner.growths.insert(scanner.growths.end(), scan.growths.begin(), scan.growths.end());
  scanner.hits = std::max(scanner.hits, scan.hits);
  scanner.targets = std::max(scanner.targets, scan.targets);
  scanner.first_time = std::min(scanner.first_time, scan.first_time);
  if (reach(scan.who.outcome) > reach(scanner.who.outcome)) {
    scanner.who.outcome = scan.who.outcome;
    scanner.who.status = scan.who.status;
  }
  if (scan.last_time <= scanner.last_time) return;
  scanner.last_time = scan.last_time;
  scanner.who.target = scan.who.target;
  scanner.source = scan.source;
  scanner.line = scan.line;
  scanner.message = scan.message;
}

}  // namespace

void FailedRequests::add(const Record& record) {
  if (!record.time_known || !is_failure(record)) return;
  const std::string_view address = record.text(field::client_ip), path = record.text(field::path);
  if (address.empty() || is_of_a_page(path)) return;
  const std::int64_t time = record.time_ns / kSecondNs;
  store::Runs<Run>& runs = by_address_.try_emplace(std::string(address), store::kEpisodeGapSeconds).first->second;
  const std::size_t before = runs.size();
  Run* const run = runs.at(time, runs_ < kRunsMost, [&](Run& earlier, Run&& later) {
    earlier.requests += later.requests;
    paths_ -= earlier.paths.size() + later.paths.size();
    if (earlier.paths.size() < later.paths.size()) std::swap(earlier.paths, later.paths);
    earlier.paths.merge(later.paths);
    paths_ += earlier.paths.size();
  });
  runs_ = runs_ + runs.size() - before;
  if (!run) {
    if (runs.empty()) by_address_.erase(std::string(address));
    return;
  }
  run->requests += record.repeated;
  if (paths_ < kPathsMost) paths_ += run->paths.insert(std::hash<std::string_view>{}(path)).second;
}

FailedRequests::Count FailedRequests::within(std::string_view address, std::int64_t first, std::int64_t last) const {
  Count count;
  const auto found = by_address_.find(std::string(address));
  if (found == by_address_.end()) return count;
  // Nearly always it is one run, whose paths need no copy.
  const Run* only = nullptr;
  std::unordered_set<std::uint64_t> paths;
  found->second.within(first, last, [&](std::int64_t, std::int64_t, const Run& run) {
    if (count.requests > 0) {
      if (only) paths = only->paths;
      only = nullptr;
      paths.insert(run.paths.begin(), run.paths.end());
    } else {
      only = &run;
    }
    count.requests += run.requests;
  });
  count.paths = only ? only->paths.size() : paths.size();
  return count;
}

void fold_scans(std::vector<Episode>& incidents, const std::set<std::string>& rules, const FailedRequests& failed) {
  struct Address {
    bool got_something = false;
    std::vector<std::size_t> scanners, scans;  // in `incidents`
  };
  std::unordered_map<std::string, Address> addresses;
  for (std::size_t i = 0; i < incidents.size(); ++i) {
    const Episode& one = incidents[i];
    if (one.who.address.empty() || !one.site.empty()) continue;
    Address& address = addresses[one.who.address];
    if (reach(one.who.outcome) >= reach(store::Who::Outcome::answered) || one.logged_in_afterwards)
      address.got_something = true;
    if (is_scanner(one)) address.scanners.push_back(i);
    else if (rules.count(one.rule) > 0) address.scans.push_back(i);
  }
  std::vector<bool> folded(incidents.size());
  for (const auto& [name, address] : addresses) {
    if (address.got_something) continue;
    for (const std::size_t scan : address.scans) {
      const auto scanner = std::find_if(address.scanners.begin(), address.scanners.end(),
                                        [&](std::size_t i) { return is_near(incidents[i], incidents[scan]); });
      if (scanner == address.scanners.end()) continue;
      merge(incidents[*scanner], incidents[scan]);
      folded[scan] = true;
    }
    for (const std::size_t i : address.scanners) {
      Episode& scanner = incidents[i];
      if (!scanner.time_known) continue;
      const FailedRequests::Count count = failed.within(name, scanner.first_time, scanner.last_time);
      if (count.requests < scanner.hits) continue;
      scanner.hits = count.requests;
      scanner.targets = std::max(scanner.targets, count.paths);
    }
  }
  std::size_t at = 0;
  std::erase_if(incidents, [&](const Episode&) { return folded[at++]; });
}

}  // namespace logystera::analysis
