// Scanners as they are shown: what one address asked for in vain, in one episode.
//
// Two things tell of a scanner: probes, which the rules of their kinds know one by one (store::Episodes puts those that came to nothing
// together), and rules tagged `scan`, which count failed requests over a minute whatever they asked for, fire at a threshold and are quiet
// for a while. Neither knows all an address asked for, and they tell of the same requests. So failed requests are counted apart, and where
// nothing came of any, what both found is one episode with that count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/record.hpp"
#include "store/episode.hpp"
#include "store/runs.hpp"

namespace logystera::analysis {

/// Requests of web access that were answered 400 to 499, by address and time. Pictures and styles are left out, which pages name.
class FailedRequests {
 public:
  /// Beyond these what is added is left out, or not told apart.
  static constexpr std::size_t kRunsMost = 20'000, kPathsMost = 200'000;

  struct Count {
    std::uint64_t requests = 0, paths = 0;  // different ones; at least so many
  };

  /// Redacted.
  void add(const Record& record);
  /// Of runs of requests, no more than store::kEpisodeGapSeconds apart, that have one within that time (unix seconds).
  Count within(std::string_view address, std::int64_t first, std::int64_t last) const;

 private:
  struct Run {
    std::uint64_t requests = 0;
    std::unordered_set<std::uint64_t> paths;  // hashes
  };

  std::unordered_map<std::string, store::Runs<Run>> by_address_;
  std::size_t runs_ = 0, paths_ = 0;
};

/// Puts episodes of `rules`, those tagged `scan`, into the scanner's episode of their address and time. An address that was answered, or
/// got in, is left as it is, and so is one without a scanner's episode.
void fold_scans(std::vector<store::Episode>& incidents, const std::set<std::string>& rules, const FailedRequests& failed);

}  // namespace logystera::analysis
