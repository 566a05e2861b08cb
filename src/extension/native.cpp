#include "extension/native.hpp"

extern "C" {
#include "SAPI.h"
}

#include <cstring>

namespace logystera::extension {
namespace {

// FNV-1a: which script answered for which host.
std::uint64_t add_bytes(std::uint64_t hash, const char* text) noexcept {
  for (; text != nullptr && *text != '\0'; ++text) hash = (hash ^ static_cast<unsigned char>(*text)) * 0x100000001b3;
  return (hash ^ 0xff) * 0x100000001b3;
}

std::uint64_t entry_point() noexcept {
  std::uint64_t hash = add_bytes(0xcbf29ce484222325, SG(request_info).path_translated);
  char name[] = "HTTP_HOST";
  char* host = sapi_getenv(name, sizeof name - 1);
  hash = add_bytes(hash, host);
  if (host != nullptr) efree(host);
  return hash;
}

}  // namespace

Site* native_site() noexcept {
  State* process = LOGYSTERA_G(state);
  if (process == nullptr || why_off() != nullptr) return nullptr;
  if (process->current() != nullptr) return process->current();
  // Asked for at most once a request, and not at all while this process knows no site.
  return process->searched() || process->empty() ? nullptr : process->remembered(entry_point());
}

void remember_site(State& process, Site& site) noexcept {
  // A request makes one Recorder, or several for the same site: the host is only asked for once.
  if (process.current() == &site) return;
  process.remember(entry_point(), site);
}

std::string_view relative_file(const Site& site, std::string_view file) noexcept {
  const std::string& root = site.root;
  if (!root.empty() && file.size() > root.size() + 1 && file.compare(0, root.size(), root) == 0 &&
      file[root.size()] == '/') {
    return file.substr(root.size() + 1);
  }
  const std::size_t slash = file.rfind('/');
  return slash == std::string_view::npos ? file : file.substr(slash + 1);
}

}  // namespace logystera::extension
