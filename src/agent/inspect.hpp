// Reads a buffer directory as an auditor would: changing nothing, making nothing, taking no lock. Whether a group shares the
// directory, and on what file system it is, matters to those who write there, not here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/buffer.hpp"
#include "core/result.hpp"

namespace logystera::agent {

/// Something in the buffer that is no event, or a file that cannot be one of the buffer's.
struct InspectionFault {
  std::string file;        // name within the directory
  std::uint64_t line = 0;  // from 1; 0: the file as a whole
  std::string reason;      // "not_json", "torn: no newline at the end", …
};

struct Inspection {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t events = 0;
  std::map<std::string, std::uint64_t> by_type;
  std::uint64_t faults = 0;
  std::vector<InspectionFault> named;  // the first kFaultsNamed of them
  std::uint64_t dead_letters = 0;      // lines in dead/, already accounted for
};

inline constexpr std::size_t kFaultsNamed = 1000;

/// Every line of every file. Files the buffer does not know are not looked at. The error says why the directory cannot be
/// read.
Result<Inspection> inspect(const std::string& path);

/// Sizes and counters, without reading a line.
struct Survey {
  BufferStats stats;
  /// Whether `stats` has the drop counters: not while neither buffer.drops nor buffer.lock reads. The next request makes them
  /// anew then. `spilled` and `healed` are buffer.lock's alone.
  bool counted = false;
};

/// As Buffer::stats(), from outside. The error says what is wrong with the directory: missing, a link, no directory, open to
/// everybody, not readable.
Result<Survey> survey(const std::string& path);

}  // namespace logystera::agent
