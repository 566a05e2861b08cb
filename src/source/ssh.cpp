#include "source/ssh.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/shell_word.hpp"

namespace logystera::source {
namespace {

constexpr std::size_t kHostBytes = 320, kOptionBytes = 4'096, kPathBytes = 4'096, kOptionsMost = 64;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

std::optional<Error> wrong_with(const SshTarget& target) {
  const auto invalid = [](std::string text) { return Error{std::move(text), ErrorKind::invalid}; };
  if (target.host.empty() || target.host.size() > kHostBytes || target.host.front() == '-' ||
      target.host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%:@[]-") !=
          std::string::npos)
    return invalid(
        "the host to read from: write USER@HOST or HOST, of letters, digits and . _ % : @ [ ] -, not beginning with -");
  if (target.port > 65'535) return invalid("the port: write 1 to 65535");
  if (target.options.size() > kOptionsMost) return invalid(fmt::format("options of ssh: at most {} of them", kOptionsMost));
  for (const std::string& option : target.options)
    if (option.size() > kOptionBytes || has_control(option) || option.find('=') == std::string::npos ||
        option.front() == '-' || option.front() == '=')
      return invalid("an option of ssh: write NAME=VALUE, as ssh's -o takes it (ProxyJump=bastion)");
  return std::nullopt;
}

std::optional<Error> wrong_with_path(const std::string& path) {
  if (!path.empty() && path.size() <= kPathBytes && path.find('\0') == std::string::npos) return std::nullopt;
  return Error{fmt::format("the log to read: write a path of 1 to {} bytes", kPathBytes), ErrorKind::invalid};
}

std::vector<std::string> ssh_command(const SshTarget& target, const std::vector<std::string>& words) {
  std::vector<std::string> arguments{"ssh", "-T", "-x", "-a"};
  for (const char* option : {"BatchMode=yes", "ServerAliveInterval=15", "ServerAliveCountMax=3", "ConnectTimeout=10",
                             "ClearAllForwardings=yes", "PermitLocalCommand=no", "ControlPath=none", "ControlMaster=no"}) {
    arguments.emplace_back("-o");
    arguments.emplace_back(option);
  }
  for (const std::string& option : target.options) {
    arguments.emplace_back("-o");
    arguments.push_back(option);
  }
  if (target.port != 0) {
    arguments.emplace_back("-p");
    arguments.push_back(std::to_string(target.port));
  }
  arguments.emplace_back("--");
  arguments.push_back(target.host);
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_quoted(word);
  arguments.push_back(std::move(line));
  return arguments;
}

std::vector<std::string> ssh_read(const SshTarget& target, const std::string& path) {
  // A name that begins with '-' is no option.
  const std::string name = path.front() == '-' ? "./" + path : path;
  return ssh_command(target, {"cat", name});
}

JournalSource::Verdict judge_ssh(const Child::End& end, bool worked) {
  using Verdict = JournalSource::Verdict;
  if (end.code != 255) return judge_journalctl(end, worked);
  for (const std::string_view refusal : {"Permission denied", "Host key verification failed", "host key",
                                         "REMOTE HOST IDENTIFICATION HAS CHANGED", "Too many authentication failures"})
    if (end.complaint.find(refusal) != std::string::npos) return Verdict::refused;
  for (const std::string_view mistake :
       {"Bad configuration option", "invalid characters", "Bad owner or permissions", "command-line line 0"})
    if (end.complaint.find(mistake) != std::string::npos) return Verdict::final;
  return Verdict::again;
}

}  // namespace logystera::source
