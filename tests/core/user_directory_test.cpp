#include "core/user_directory.hpp"

#include <cstdlib>
#include <map>
#include <string>

#include "catch.hpp"
#include "core/clock.hpp"

using namespace logystera;

namespace {

// The environment as it was when the test ends.
class Environment {
 public:
  void set(const char* name, const char* value) {
    remember(name);
    ::setenv(name, value, 1);
  }
  void unset(const char* name) {
    remember(name);
    ::unsetenv(name);
  }
  ~Environment() {
    for (const auto& [name, value] : before_) {
      if (value.second) ::setenv(name.c_str(), value.first.c_str(), 1);
      else ::unsetenv(name.c_str());
    }
  }

 private:
  void remember(const char* name) {
    const char* value = std::getenv(name);
    before_.try_emplace(name, value != nullptr ? value : "", value != nullptr);
  }
  std::map<std::string, std::pair<std::string, bool>> before_;
};

}  // namespace

TEST_CASE("a_users_directories_are_those_the_environment_names_or_below_his_home") {
  Environment environment;
  environment.set("HOME", "/home/anna");
  for (const char* name : {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"}) environment.unset(name);
  environment.unset("STATE_DIRECTORY");
  environment.set("XDG_CACHE_HOME", "/var/tmp/anna");
  CHECK(user_directory(UserDirectory::config) == "/home/anna/.config");
  CHECK(user_directory(UserDirectory::data) == "/home/anna/.local/share");
  CHECK(user_directory(UserDirectory::state) == "/home/anna/.local/state");
  CHECK(user_directory(UserDirectory::cache) == "/var/tmp/anna");
  CHECK(state_file("pii-salt") == "/home/anna/.local/state/logystera/pii-salt");
}

TEST_CASE("a_users_directory_named_by_a_relative_path_is_not_named_at_all") {
  Environment environment;
  environment.set("HOME", "/home/anna");
  environment.unset("STATE_DIRECTORY");
  environment.set("XDG_STATE_HOME", "state");
  CHECK(state_file("x") == "/home/anna/.local/state/logystera/x");
  environment.set("HOME", "");
  CHECK(user_directory(UserDirectory::state).empty());
  CHECK(state_file("x").empty());
  environment.unset("HOME");
  CHECK(user_directory(UserDirectory::cache).empty());
}

TEST_CASE("a_services_files_lie_in_the_first_directory_systemd_names") {
  Environment environment;
  environment.set("HOME", "/home/anna");
  environment.set("XDG_STATE_HOME", "/state");
  environment.set("STATE_DIRECTORY", "/var/lib/logystera:/var/lib/other");
  CHECK(service_directory() == "/var/lib/logystera");
  CHECK(state_file("pii-salt") == "/var/lib/logystera/pii-salt");
  environment.set("STATE_DIRECTORY", "logystera");
  CHECK(service_directory().empty());
  CHECK(state_file("pii-salt") == "/state/logystera/pii-salt");
}

TEST_CASE("clocks_agree_on_the_second_and_on_their_order") {
  const std::int64_t before = monotonic_ns();
  CHECK(wall_ns() / kSecondNs - wall_seconds() <= 1);
  CHECK(wall_seconds() <= wall_ns() / kSecondNs);
  CHECK(monotonic_ns() >= before);
  CHECK(nanoseconds_of({2, 5}) == 2 * kSecondNs + 5);
}
