// The service a syslog tag belongs to. One program logs under several names: OpenSSH 9.8 and later as "sshd-session" and
// "sshd-auth", PAM before Linux-PAM 0.99 as "sshd(pam_unix)", some systems with the path or in brackets. Records show the
// name as it was written; parsers and the scopes of rules compare the service.
#pragma once

#include <string_view>

namespace logystera {

/// "sshd" of "sshd", "sshd-session", "sshd-auth", "/usr/sbin/sshd", "sshd(pam_unix)" and "[sshd]".
constexpr std::string_view service_of(std::string_view program) noexcept {
  if (program.size() > 2 && program.front() == '[' && program.back() == ']')
    program = program.substr(1, program.size() - 2);
  if (const std::size_t module = program.find('('); module != 0) program = program.substr(0, module);
  if (!program.empty() && program.front() == '/') program.remove_prefix(program.rfind('/') + 1);
  if (program == "sshd-session" || program == "sshd-auth") return program.substr(0, 4);
  return program;
}

}  // namespace logystera
