// From a match to what is recorded of it: whose it is, when, and what it is recognised by.
#pragma once

#include <algorithm>
#include <string>

#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "processor/detector.hpp"
#include "processor/site.hpp"

namespace logystera::processor {

/// What a rule that has matched makes of a site's signals, but for what must be redacted, and its evidence.
inline Found found_of(const Site& site, const detect::Rule& rule, const detect::Match& match, bool again) {
  Found one;
  one.tags = rule.tags;
  one.again = again;
  one.seq = match.record ? match.record->line : site.seen_seq;
  store::Finding& finding = one.finding;
  finding.rule = rule.id;
  finding.title = rule.title;
  finding.level = rule.level;
  finding.site = site.token;
  finding.source = site.name;
  finding.time = match.time_ns / kSecondNs;
  finding.first_time = std::min(finding.time, rule.window ? match.first_ns / kSecondNs : finding.time);
  finding.hits = match.hits;
  if (rule.window || match.group != 0)
    finding.group.assign(reinterpret_cast<const char*>(&match.group), sizeof match.group);
  if (rule.window) one.within = rule.window->span_ns / kSecondNs;
  one.clears = match.clears;
  Sha256 key;
  for (const std::string& part :
       {rule.id, site.token, finding.group,
        match.record ? std::string(match.record->text(field::event_id)) : std::to_string(match.time_ns)}) {
    key.update(std::to_string(part.size()) + ":");
    key.update(part);
  }
  constexpr std::size_t kKeyBytes = 16;
  finding.key = bytes_of(key.finish()).substr(0, kKeyBytes);
  return one;
}

}  // namespace logystera::processor
