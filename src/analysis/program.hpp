// What a run needs besides logs, made and checked before the first line is read: formats, time zone, redaction, rules.
//
// A program does not change, so whoever serves for long makes another when its rules or settings have changed, puts it in the
// place of the first and drops that one; runs that are on their way hold theirs until they end.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/pipeline.hpp"
#include "analysis/rules.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/engine.hpp"
#include "detect/rule.hpp"
#include "filter/filter.hpp"
#include "metric/plan.hpp"
#include "parse/format.hpp"
#include "parse/zone.hpp"
#include "plugin/plugin.hpp"
#include "redact/labels.hpp"
#include "source/paths.hpp"

namespace logystera::analysis {

/// How times without a zone are read, and how times are shown. Never null.
using Zone = std::shared_ptr<const parse::Zone>;

/// "local" (or empty), "UTC", "+02:00" or "Europe/Berlin".
Result<Zone> parse_zone(const std::string& text);

/// The rules of plugins, added to those of files.
void add_rules_of(const std::vector<plugin::Plugin>& plugins, RuleSources& sources);

struct ProgramOptions {
  // Reading.
  std::string format;       // of all sources; empty: recognised for each
  std::string log_format;   // the sources are access logs of this nginx log_format or Apache LogFormat
  std::string formats_dir;  // definitions besides those built in; empty: none
  std::string timezone;     // as parse_zone() takes it
  std::string
      logsource;  // the sources in Sigma's terms: "product=…,category=…,service=…", any of the three; empty: not said
  bool follow_links = false;
  unsigned threads = 0;  // 0: one a processor, at most 8; one less where another program delivers the lines

  // Redaction.
  std::string mode = "redact";  // redact, mask or dry-run
  unsigned digits = redact::kPseudonymDigits;
  std::string salt, salt_file;  // as redact::resolve_salt() takes them
  std::string patterns_file;    // empty: none
  bool patterns_may_miss = false;

  // Which records are wanted of what is read; empty: all. Relative times count from `now`, Unix seconds.
  filter::Question question;
  std::int64_t now = 0;

  // Rules.
  bool rules = true;  // false: none at all
  RuleSources sources;
  bool rule_cache = true;  // the user's own
  plugin::Options plugins;

  // Metrics of signals.
  bool metrics = false;                    // whoever matches signals alone, or no signals, needs none
  std::vector<std::string> metrics_paths;  // files and directories of definitions beside those built in

  bool say_origins = false;  // warnings say where the rules came from, and of each that was refused why
};

/// The option an error is about. Its message begins with the value that is wrong; whoever shows it says before that what he
/// calls the option. One about the question begins with the name of its part (filter::Filter::make).
enum class ProgramOption : std::uint8_t { format, mode, digits, logsource, question };

/// What there is to say of making a program.
struct ProgramNotes {
  std::vector<std::string> warnings;   // for a person; made of texts of strangers
  std::optional<ProgramOption> wrong;  // after an error
};

class Program {
 public:
  /// Errors: an option, a file it names, or the salt. Warnings come with errors too.
  static Result<std::shared_ptr<const Program>> make(const ProgramOptions& options, ProgramNotes& notes);

  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const parse::Formats& formats() const noexcept { return formats_; }
  const std::vector<plugin::Plugin>& plugins() const noexcept { return plugins_; }
  /// How functions of plugins have fared so far, if there is something to say; for a person.
  std::vector<std::string> hook_notes() const { return plugin::hook_notes(plugins_, pipeline_.patterns); }
  const Zone& zone() const noexcept { return zone_; }
  const PipelineOptions& pipeline() const noexcept { return pipeline_; }
  const detect::RuleSet& rules() const noexcept { return rules_; }
  /// Null: no rules.
  const detect::Engine* engine() const noexcept { return engine_ ? &*engine_ : nullptr; }
  /// Null: none are counted.
  const metric::Plan* metrics() const noexcept { return metrics_ ? &*metrics_ : nullptr; }
  /// The table the engine was compiled with. It is the one thing that grows: readers add the names they meet, any number of them
  /// at once (FieldNames is safe for that), and none changes or goes.
  FieldNames& names() const noexcept { return names_; }
  /// Of `names()`, as they may be shown.
  const redact::FieldLabels& labels() const noexcept { return *labels_; }

 private:
  Program() = default;
  Result<Done> prepare_patterns(const ProgramOptions& options);
  Result<Done> prepare_plugins(const ProgramOptions& options, ProgramNotes& notes);
  Result<Done> prepare_reading(const ProgramOptions& options, ProgramNotes& notes);
  Result<Done> prepare_redaction(const ProgramOptions& options, ProgramNotes& notes);
  Result<Done> prepare_rules(const ProgramOptions& options, ProgramNotes& notes);
  Result<Done> prepare_metrics(const ProgramOptions& options, ProgramNotes& notes);
  Result<Done> prepare_filter(const ProgramOptions& options, ProgramNotes& notes);

  std::vector<plugin::Plugin> plugins_;
  parse::Formats formats_;
  Zone zone_;
  PipelineOptions pipeline_;
  mutable FieldNames names_;
  detect::RuleSet rules_;                              // the engine points at it
  std::optional<detect::Engine> engine_;               // of `rules_` and `names_`
  std::optional<const metric::Plan> metrics_;          // of `names_`
  std::unique_ptr<const redact::FieldLabels> labels_;  // of `names_`
};

/// Runs files through, and holds the program until the last is through.
Totals run(const std::vector<source::SourceSet>& sets, std::shared_ptr<const Program> program, Watcher& watcher,
           Progress& progress, const std::atomic<bool>& stop);

}  // namespace logystera::analysis
