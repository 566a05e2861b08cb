// Functions of Lua plugins that run while logs are read: parsers of lines and enrichers of records.
//
// A hook is described once, when its plugin registers. Each thread (a parser: each log) that needs it makes a state of its own, which
// runs the plugin's file again; states share nothing, and hooks see no order between records. A state whose memory is used up is
// thrown away. Three faults in a thousand calls switch a hook off for everybody; what went without it is counted.
//
// Hooks see records as they were read, before redaction. There is no way out for what they see but fields and log(), and both are
// redacted.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/format.hpp"
#include "plugin/options.hpp"
#include "plugin/source.hpp"

namespace logystera::plugin {

inline constexpr std::size_t kLogLinesMost = 20;
inline constexpr std::size_t kHooksMost = 8;              // parsers, and enrichers, of one plugin
inline constexpr std::size_t kHookFields = 16;            // an enricher reads, adds; a parser makes four times as many
inline constexpr std::size_t kEnrichedBytes = 1024;       // of one value an enricher adds
inline constexpr std::size_t kHookLineBytes = 64 * 1024;  // of a line or value a hook sees
inline constexpr std::uint64_t kFaultWindow = 1'000;      // calls
inline constexpr std::size_t kFaultsMost = 3;

/// How a hook has fared, in all threads. Thread-safe.
class HookHealth {
 public:
  bool off() const noexcept { return off_.load(std::memory_order_relaxed); }
  /// Before each call; false: it is off, and the call is counted as left out.
  bool begin() noexcept;
  void fault(const std::string& message);
  void log(std::string_view text);

  struct Report {
    std::uint64_t calls = 0, faults = 0, left_out = 0;
    bool off = false;
    std::string first_fault;         // not redacted
    std::vector<std::string> lines;  // said with log(), not redacted
    std::uint64_t more_lines = 0;
  };
  Report report() const;

 private:
  std::atomic<std::uint64_t> calls_{0}, faults_{0}, left_out_{0};
  std::atomic<bool> off_{false};
  mutable std::mutex mutex_;
  std::array<std::uint64_t, kFaultsMost> last_faults_{};  // call numbers, a ring
  std::string first_fault_;
  std::vector<std::string> lines_;
  std::uint64_t more_lines_ = 0;
};

/// What all hooks of a plugin run.
struct HookSource {
  Source source;
  Options options;
};

struct Hook {
  std::shared_ptr<const HookSource> origin;
  std::size_t number = 0;  // among its plugin's add_parser() and add_enricher() calls
  std::uint32_t line = 0;  // of that call
  std::shared_ptr<HookHealth> health = std::make_shared<HookHealth>();

  /// "plugins/x.lua:7".
  std::string where() const;
};

/// Lines that begin with a text are read by a function.
struct ParserHook : Hook {
  std::string name, title, starts_with;
  std::vector<parse::FormatSample> samples;
};

/// Records whose line has one of `contains` get fields from a function.
struct EnricherHook : Hook {
  std::vector<std::string> fields;    // it is given
  std::vector<std::string> adds;      // it may return
  std::vector<std::string> contains;  // empty: all records
};

/// A format whose reader is the hook.
parse::Format format_of(const std::shared_ptr<const ParserHook>& hook);

/// The enrichers of a run, and the names of their fields in its table. Does not change; outlives its sessions.
class Enrichers {
 public:
  Enrichers(std::vector<std::shared_ptr<const EnricherHook>> hooks, FieldNames& names);

  const std::vector<std::shared_ptr<const EnricherHook>>& hooks() const noexcept { return hooks_; }
  /// Numbers of what hook `i` may add.
  const std::vector<FieldId>& added(std::size_t i) const noexcept { return added_[i]; }

 private:
  std::vector<std::shared_ptr<const EnricherHook>> hooks_;
  std::vector<std::vector<FieldId>> added_;
};

/// For one thread.
class EnrichSession {
 public:
  explicit EnrichSession(const Enrichers& enrichers);
  ~EnrichSession();
  EnrichSession(EnrichSession&&) noexcept;

  /// Adds fields to records of the batch. `names` numbers the records' fields, and has the names of `Enrichers`.
  void enrich(RecordBatch& batch, const FieldNames& names);

 private:
  struct State;
  std::vector<std::unique_ptr<State>> states_;  // by hook
  const Enrichers* enrichers_;
  std::vector<std::uint8_t> wanted_;  // record → whether its line has a literal
};

}  // namespace logystera::plugin
