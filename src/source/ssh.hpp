// Logs of another machine over the system's ssh: what is run there, and how. Nothing is installed there.
//
// ~/.ssh/config stays in force. What this program needs comes first on the command line, and of two values ssh takes the first: no
// questions, no master connection of somebody else's (whose end would be ours), a look every 15 s whether the other side is there.
//
// The script that runs there is a constant. Names of files reach it as single-quoted words behind it, never as text of a shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/journal_source.hpp"

namespace logystera::source {

struct SshTarget {
  std::string host;                  // "user@host", as ssh takes it
  unsigned port = 0;                 // 0: ssh's own choice
  std::vector<std::string> options;  // "ProxyJump=bastion", each as ssh's -o takes it
};

/// A host that ssh could take for an option, or that holds characters no host has; an option without "="; a control character.
std::optional<Error> wrong_with(const SshTarget& target);
/// A path with a zero byte or of more than 4,096 bytes, or none.
std::optional<Error> wrong_with_path(const std::string& path);

/// ssh with its arguments, to run these words there.
std::vector<std::string> ssh_command(const SshTarget& target, const std::vector<std::string>& words);

/// Reads a file there from its beginning to its end.
std::vector<std::string> ssh_read(const SshTarget& target, const std::string& path);

/// What the end of an ssh means: its own failures pass, or are about keys and passwords; what the command there says is final.
JournalSource::Verdict judge_ssh(const Child::End& end, bool worked);

}  // namespace logystera::source
