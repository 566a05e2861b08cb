// All there is of metrics in a store.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"
#include "store/store.hpp"

namespace logystera::testing {

/// Every point and series of the store, as texts.
inline std::vector<std::string> counted(store::Store& store) {
  std::vector<std::string> out;
  const auto text_of = [](const store::MetricAmount& a) {
    return fmt::format("{} {} {} {} {} {}", a.count, a.sum, a.least, a.most, a.last, a.last_at);
  };
  std::vector<std::string> sites;
  for (const store::Entity& one : store.entities().list().value()) sites.push_back(one.token);
  for (const std::string& site : sites) {
    REQUIRE(store.metrics()
                .series(site, {}, 0, 100'000,
                        [&](const store::MetricSeries& one) {
                          out.push_back(fmt::format("{} {} {}: {}", site, one.metric, one.labels, text_of(one.total)));
                          return true;
                        })
                .ok());
    for (const auto step : {store::MetricStep::minute, store::MetricStep::hour, store::MetricStep::day}) {
      REQUIRE(store.metrics()
                  .points({site, "", step, 0, INT64_MAX},
                          [&](const store::MetricPoint& one) {
                            out.push_back(fmt::format("{} {} {} {} {}: {}", site, one.metric, one.labels,
                                                      static_cast<int>(step), one.at, text_of(one.amount)));
                            return true;
                          })
                  .ok());
    }
  }
  for (const store::MetricLeftOutCount& one : store.metrics().left_out("", {}).value())
    out.push_back(fmt::format("{} {} {} {}", one.site, one.metric, static_cast<int>(one.reason), one.count));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace logystera::testing
