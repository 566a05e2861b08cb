// What detection remembers of sites: the state of each site's windows as of an event, and what it has not looked at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

/// Times, numbers and keyed hashes; no text of an event.
struct SiteWindows {
  std::string site;       // token
  std::uint64_t seq = 0;  // of the last event they have seen
  std::string state;      // detection's own
};

/// Events that came so late, or that there were so many of, that rules which count over time have not been asked about them.
struct Unevaluated {
  std::string site;                   // token
  std::int64_t since = 0, until = 0;  // event time, unix seconds, both included
  std::uint64_t events = 0;
  std::string reason;
  std::int64_t at = 0;  // unix seconds
};

class SiteWindowStore {
 public:
  virtual ~SiteWindowStore() = default;

  /// In the place of those before. The site must exist.
  virtual Result<Done> put(const SiteWindows& windows) = 0;
  virtual Result<Done> remove(std::string_view site) = 0;
  virtual Result<std::vector<SiteWindows>> list() = 0;

  virtual Result<Done> add(const Unevaluated& range) = 0;
  /// Of a site, or of all with an empty one; the newest first.
  virtual Result<std::vector<Unevaluated>> unevaluated(std::string_view site, std::size_t limit) = 0;
};

}  // namespace logystera::store
