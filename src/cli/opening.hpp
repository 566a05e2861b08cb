// How sources are opened, for the command that reads one and for a fleet that reads many. `program` and `stop` outlive what is opened;
// what they are told to read is copied.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/pipeline.hpp"
#include "analysis/program.hpp"
#include "core/result.hpp"
#include "source/journal_source.hpp"
#include "source/record_source.hpp"
#include "source/ssh.hpp"

namespace logystera::cli {

/// Where following begins.
struct Begin {
  std::optional<source::Position> position = {};  // of the last run with --resume
  bool from_start = false;                        // --from-start
  /// Of many sources read as one: what the last run kept under a key, and the error of that when it cannot be used.
  std::function<Result<std::optional<source::Position>>(const std::string& key)> left = {};
  std::function<Error(const std::string& key, const Error& why)> unusable = {};
};

using Stop = const std::atomic<bool>&;
using Opened = Result<std::unique_ptr<source::RecordSource>>;

/// One source, once.
analysis::NextSource only(std::function<std::unique_ptr<source::RecordSource>()> make);

/// The journal of this machine.
analysis::NextSource journal_once(const source::JournalTarget& target, const analysis::Program& program, Stop stop);
Opened follow_journal(const source::JournalTarget& target, const analysis::Program& program, const Begin& begin, Stop stop);

/// What of another machine is read.
struct SshWanted {
  source::SshTarget target;
  std::vector<std::string> paths;
  bool journald = false;
  source::JournalTarget journal;

  /// "ssh:admin@web01:/var/log/auth.log".
  std::string name_of(const std::string& what) const { return "ssh:" + target.host + ":" + what; }
};
/// Of its values each; which of them may stand together is for whoever took them to say.
std::optional<Error> wrong_with(const SshWanted& wanted);
analysis::NextSource ssh_once(const SshWanted& wanted, const analysis::Program& program, Stop stop);
/// The journal, or the first of the paths.
Opened follow_ssh(const SshWanted& wanted, const analysis::Program& program, const Begin& begin, Stop stop);

}  // namespace logystera::cli
