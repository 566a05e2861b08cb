// The one loop of every command that follows something: records come, are analysed, redacted, shown and stored, and how far the
// source was read is kept. `tail` and each `X tail` give it their source and nothing else.
//
// With --resume the position is kept after every batch. Where findings or errors are stored it is committed with them, in one
// transaction of the database: a run that is killed leaves neither a gap nor anything twice. Without them it is a small file beside
// the salt, replaced by rename; a killed run then shows one batch again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/opening.hpp"
#include "cli/secret_option.hpp"
#include "cli/webhook.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "source/record_source.hpp"

namespace logystera::cli {

inline constexpr double kPollSeconds = 0.2;

struct LiveOptions {
  AnalysisOptions analysis;
  analysis::AnomalyOptions anomaly;
  bool from_start = false, resume = false, reset_position = false, track_errors = false, track_findings = false,
       detect_anomalies = false, findings_only = false;
  SecretOption webhook{
      {"--alert-webhook", "--alert-webhook-file", kWebhookVariable, "webhook", "have the receiver make another URL"}};
  SecretOption webhook_secret{
      {"", "--webhook-secret-file", kWebhookSecretVariable, "webhook secret", "make another secret"}};
  std::string webhook_severity = "high";
  double poll_seconds = kPollSeconds;
};

/// What is wrong with options that do not go together.
std::optional<Error> wrong_together(const LiveOptions& options);

/// Adds all of them to a command, but for --from-start and --resume, whose help is each command's own.
void add_live(Command& command, Globals& globals, LiveOptions& options);

struct LiveSource {
  std::string command;  // "tail", "journald tail": whom messages are from
  std::string target;   // what positions are kept under: "file:/var/log/auth.log"; the same for the same log, run by run
  /// Opens the source. It, and what it was made of, outlives neither the analysis nor the interrupt flag. An error of kind
  /// broken, where there is a position: it is damaged, or none of this source's.
  std::function<Result<std::unique_ptr<source::RecordSource>>(const Analysis& analysis, Begin begin)> open;
  /// In the place of `target` and `open`: many that are read as one, each with counts over time and a position of its own.
  std::function<Result<std::unique_ptr<source::ManySources>>(const Analysis& analysis, Begin begin)> open_many;
  /// next() waits by itself for as long as it is told. False: it returns at once, and the loop waits.
  bool waits = true;
  /// Text names the source of each event and finding.
  bool names_sources = false;
};

/// Until the user interrupts it or the source ends. The exit code.
int run_live(const Globals& globals, const LiveOptions& options, const LiveSource& live);

}  // namespace logystera::cli
