// What a rule found, ready to be shown or stored.
#pragma once

#include <cstdint>
#include <string>

#include "core/record.hpp"
#include "detect/rule.hpp"
#include "store/who.hpp"

namespace logystera::analysis {

struct Finding {
  std::string rule, title, author;
  detect::Level level = detect::Level::medium;
  std::string source;
  std::int64_t time_ns = 0;   // UTC
  std::int64_t first_ns = 0;  // of what is counted over time: the oldest hit still kept; else time_ns
  bool time_known = false;
  std::uint64_t line = 0;    // of the record that made it fire; 0: judged without one
  std::size_t at = 0;        // that record's place in its batch; without one, that of the last before
  std::string message;       // redacted
  std::uint64_t series = 0;  // of a rule that counts over time: which group of which rule, within one run; else 0
  bool window = false;       // counted over time: `hits` records, `measure` what was compared
  std::uint64_t hits = 1;
  std::uint64_t fresh = 1;  // of the hits: those no earlier finding of the group stands for
  double measure = 0;
  store::Who who;
  bool probe = false;       // of a rule tagged `probe`: an attempt that is worth what it was answered
  std::uint64_t bytes = 0;  // of a probe: the size of the answer's body; 0: none, or unknown
  bool operations = false;  // of a rule tagged `operations`: the machine suffers, nobody attacks
  bool scan = false;        // of a rule tagged `scan`: failed requests of one address, counted
};

}  // namespace logystera::analysis
