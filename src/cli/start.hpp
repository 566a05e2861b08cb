// What `logystera` says when it is started with nothing behind it: what can be done on this machine now.
#pragma once

#include <string>
#include <vector>

namespace logystera::cli {

struct StartFacts {
  std::vector<std::string> logs;  // that this user can read
  bool journal = false;           // journalctl is there, and a journal
  bool docker = false;            // its socket can be used
};

/// Looks at this machine; runs nothing and opens no log.
StartFacts start_facts();

/// At most 24 lines of 80 columns.
std::string start_text(const StartFacts& facts);

}  // namespace logystera::cli
