#include "core/user_directory.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

namespace logystera {
namespace {

struct Place {
  const char* variable;
  const char* below_home;
};
constexpr Place kPlaces[] = {{"XDG_CONFIG_HOME", "/.config"},
                             {"XDG_DATA_HOME", "/.local/share"},
                             {"XDG_STATE_HOME", "/.local/state"},
                             {"XDG_CACHE_HOME", "/.cache"}};

// What an environment variable names, if that is an absolute path.
std::string_view named_by(const char* variable) {
  const char* text = std::getenv(variable);
  return text != nullptr && *text == '/' ? std::string_view(text) : std::string_view();
}

}  // namespace

std::string user_directory(UserDirectory which) {
  const Place& place = kPlaces[static_cast<std::size_t>(which)];
  if (const std::string_view named = named_by(place.variable); !named.empty()) return std::string(named);
  const std::string_view home = named_by("HOME");
  return home.empty() ? std::string() : std::string(home) + place.below_home;
}

std::string service_directory() {
  const std::string_view named = named_by("STATE_DIRECTORY");
  return std::string(named.substr(0, named.find(':')));
}

std::string state_file(std::string_view name) {
  if (const std::string service = service_directory(); !service.empty()) return service + "/" + std::string(name);
  const std::string directory = user_directory(UserDirectory::state);
  return directory.empty() ? std::string() : directory + "/logystera/" + std::string(name);
}

bool make_parents(const std::string& file) {
  for (std::size_t slash = file.find('/', 1); slash != std::string::npos; slash = file.find('/', slash + 1))
    if (::mkdir(file.substr(0, slash).c_str(), 0700) != 0 && errno != EEXIST) return false;
  return true;
}

}  // namespace logystera
