// Where a user keeps what programs of his leave behind, by the XDG Base Directory Specification; and where a service does, by systemd's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logystera {

enum class UserDirectory : std::uint8_t {
  config,  // $XDG_CONFIG_HOME, else ~/.config
  data,    // $XDG_DATA_HOME, else ~/.local/share
  state,   // $XDG_STATE_HOME, else ~/.local/state
  cache,   // $XDG_CACHE_HOME, else ~/.cache
};

/// The directory, not made; empty without a home. A variable that is no absolute path counts as unset, as the specification has it.
std::string user_directory(UserDirectory which);

/// The state directory systemd has made for the service this program runs in: of a unit's StateDirectory= the first. Empty where
/// $STATE_DIRECTORY names no absolute path.
std::string service_directory();

/// The file of that name among this program's own: in service_directory(), else in logystera/ of user_directory(state). Empty without
/// either.
std::string state_file(std::string_view name);

/// Makes the directories above `file` that are missing, each 0700. False: one cannot be made; errno says why.
bool make_parents(const std::string& file);

}  // namespace logystera
