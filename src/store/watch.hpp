// What has changed in a store since the last look, whoever changed it: this process or another one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

struct Changes {
  struct Site {
    std::string token;
    std::uint64_t events = 0;  // that have come
  };
  struct Alerts {
    std::string site;  // token; empty: of no site
    std::uint64_t alerts = 0;
  };
  std::vector<Site> events;
  std::vector<Alerts> alerts;  // that opened, changed or were hit
  bool findings = false;       // more, fewer, or others are dismissed
  bool errors = false;
  bool sites = false;  // added, renamed, disabled, rotated or revoked

  explicit operator bool() const noexcept { return !events.empty() || !alerts.empty() || findings || errors || sites; }
};

/// One thread uses it.
class Watch {
 public:
  virtual ~Watch() = default;
  /// Costs next to nothing where nothing was written. After the first call, which only remembers how things are, it is quick as long
  /// as not many thousands of events come between two.
  virtual Result<Changes> look() = 0;
};

}  // namespace logystera::store
