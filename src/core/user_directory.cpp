#include "core/user_directory.hpp"

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

std::string state_file(std::string_view name) {
  const std::string directory = user_directory(UserDirectory::state);
  return directory.empty() ? std::string() : directory + "/logystera/" + std::string(name);
}

}  // namespace logystera
