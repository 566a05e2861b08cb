#include "core/secret.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/fd.hpp"
#include "core/hmac.hpp"

namespace logystera {
namespace {

constexpr std::array<const char*, 14> kVariables = {kSaltVariable,
                                                    kWebhookVariable,
                                                    kWebhookSecretVariable,
                                                    kTokenVariable,
                                                    kEntitySecretVariable,
                                                    kApiTokenVariable,
                                                    kLlmKeyVariable,
                                                    kProxyVariable,
                                                    kLokiTokenVariable,
                                                    kLokiPasswordVariable,
                                                    kGraylogTokenVariable,
                                                    kGraylogPasswordVariable,
                                                    kOpensearchPasswordVariable,
                                                    kOpensearchKeyVariable};
constexpr mode_t kOthers = 077;
constexpr mode_t kOthersOfAService = 027;

// What take_secret_variables() found. Written before there is a second thread, only read from then on.
std::array<std::string, kVariables.size()>& taken() {
  static std::array<std::string, kVariables.size()> values;
  return values;
}

using Path = std::unique_ptr<char, decltype(&std::free)>;
Path real_path(const std::string& path) { return {::realpath(path.c_str(), nullptr), &std::free}; }

// systemd (LoadCredential=) hands a service its secrets in a directory of its own, on a file system nobody else is let
// into. Since version 254 their mode shows a group's right to read: it stands for the access list that names the
// service's user. A link that leads out of the directory is a file like any other.
bool is_of_the_service(const std::string& path, const struct stat& opened) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') return false;
  const Path folder = real_path(directory);
  const Path file = real_path(path);
  if (!folder || !file) return false;
  const std::string_view name = file.get();
  if (name.substr(0, name.rfind('/')) != folder.get()) return false;
  // The name may lead elsewhere than when it was opened.
  struct stat named {};
  return ::stat(file.get(), &named) == 0 && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

Result<Done> check(const std::string& path, int fd, const SecretFile& wanted) {
  const auto fault = [&](const std::string& what) { return Error{wanted.noun + " " + path + ": " + what}; };
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fault(std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return fault("not a regular file");
  if (wanted.own && info.st_uid != ::geteuid()) return fault("belongs to another user");
  if ((info.st_mode & kOthers) == 0) return Done{};
  if ((info.st_mode & kOthersOfAService) == 0 && is_of_the_service(path, info)) return Done{};
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(info.st_mode & 07777));
  return fault("mode " + std::string(mode) + " lets others read the secret: run chmod 600 on it, and " +
               wanted.after_exposure + " if others have been there");
}

void blank(std::string& text, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end && i < text.size(); ++i) text[i] = '*';
}

}  // namespace

void take_secret_variables() {
  for (std::size_t i = 0; i < kVariables.size(); ++i) {
    char* value = std::getenv(kVariables[i]);
    if (value == nullptr) continue;
    taken()[i] = value;
    wipe(value, taken()[i].size());
    ::unsetenv(kVariables[i]);
  }
}

void return_secret_variables() {
  for (std::size_t i = 0; i < kVariables.size(); ++i) {
    if (!taken()[i].empty()) ::setenv(kVariables[i], taken()[i].c_str(), 1);
  }
}

std::string secret_variable(const char* name) {
  if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  for (std::size_t i = 0; i < kVariables.size(); ++i)
    if (std::strcmp(kVariables[i], name) == 0) return taken()[i];
  return {};
}

Result<std::string> read_secret_file(const std::string& path, const SecretFile& wanted) {
  const auto fault = [&](const std::string& what) { return Error{wanted.noun + " " + path + ": " + what}; };
  // Opening a pipe for reading would wait for a writer.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | (wanted.own ? O_NOFOLLOW : 0)));
  if (!file) return fault(std::strerror(errno));
  if (auto good = check(path, file.get(), wanted); !good) return good.error();
  constexpr std::size_t kLineEnd = 2;  // of the last line, not counted
  std::string text(wanted.bytes_max + kLineEnd + 1, '\0');
  const ssize_t got = read_up_to(file.get(), text.data(), text.size());
  if (got < 0) {
    const Error error = fault(std::strerror(errno));
    wipe(text);
    return error;
  }
  const auto size = static_cast<std::size_t>(got);
  std::size_t end = size;
  if (wanted.first_line) end = std::min(end, std::string_view(text).substr(0, size).find('\n'));
  while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r')) --end;
  wipe(text.data() + end, text.size() - end);
  text.resize(end);
  if (text.size() <= wanted.bytes_max) return text;
  wipe(text);
  return fault("holds more than it may: at most " + std::to_string(wanted.bytes_max) + " bytes");
}

std::string without_url_secrets(std::string_view text) {
  constexpr std::string_view kScheme = "://", kExampleUser = "USER:PASSWORD";  // what our own remedies write
  std::string out(text);
  std::size_t at = 0;
  while ((at = text.find(kScheme, at)) != std::string_view::npos) {
    at += kScheme.size();
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    const std::string_view url = text.substr(at, end - at);
    const std::size_t authority = std::min(url.find_first_of("/?#"), url.size());
    // As curl takes it: the last '@' ends user and password.
    const std::size_t user = url.substr(0, authority).rfind('@');
    if (user != std::string_view::npos && url.substr(0, user) != kExampleUser) blank(out, at, at + user);
    blank(out, at + authority + (authority < url.size() && url[authority] == '/' ? 1 : 0), end);
    at = end;
  }
  return out;
}

}  // namespace logystera
