// A log that somebody hands over to be looked at once: all of it in memory, nothing of it stored.
//
// What it may cost is bounded whatever the bytes are: memory by `unpacked_bytes` (a batch at a time is held, not all of it), time by
// `time`. Names of fields it makes up go with it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/finding.hpp"
#include "analysis/pipeline.hpp"
#include "analysis/program.hpp"
#include "core/severity.hpp"
#include "redact/finder.hpp"

namespace logystera::analysis {

struct UploadLimits {
  std::uint64_t unpacked_bytes = 256ull << 20;
  std::chrono::milliseconds time{20'000};
  std::size_t findings = 500;  // listed, the worst first; all are counted
  std::size_t rules = 200;     // counted by name
  std::size_t sample = 20;     // events shown, from the beginning
};

/// How much of the log was looked at.
enum class UploadEnd : std::uint8_t {
  whole,
  time,     // the time was up
  stopped,  // the program ends
  problem,  // `log.problem` says what
};

struct UploadedEvent {
  std::uint64_t line = 0;
  bool time_known = false;
  std::int64_t time_ns = 0;  // UTC
  Severity severity = Severity::info;
  std::string message;  // as store::storable() makes it, at most kStoredMessageBytes
  bool cut = false;     // there is more of the message
};

struct UploadReport {
  SourceReport log;  // what it was taken for, its counts, what was redacted
  redact::Mode mode = redact::Mode::redact;
  UploadEnd end = UploadEnd::whole;
  std::array<std::uint64_t, kLevels> by_level{};
  struct Rule {
    std::string id, title;
    detect::Level level = detect::Level::low;
    std::uint64_t findings = 0;
  };
  std::vector<Rule> rules;        // the worst first, then those with most findings
  std::vector<Finding> findings;  // the worst first, of a level in the order of the log
  std::vector<UploadedEvent> sample;
  double seconds = 0;

  std::uint64_t findings_total() const noexcept;
};

/// Looks at `bytes`, plain or packed, which its sender calls `name`. Everything in the report is redacted as `mode` says; with dry-run
/// nothing is, and it is for the sender alone. That it is no log is a problem in the report, and no error. Takes a thread for
/// as long as it runs, `stop` ends it.
UploadReport look_at_upload(std::string_view bytes, std::string name, const Program& program, redact::Mode mode,
                            const std::stop_token& stop, const UploadLimits& limits = {});

}  // namespace logystera::analysis
