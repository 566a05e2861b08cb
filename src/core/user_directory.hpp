// Where a user keeps what programs of his leave behind, by the XDG Base Directory Specification.
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

/// The file of that name among this program's own: user_directory(state), then logystera/NAME. Empty without a home.
std::string state_file(std::string_view name);

}  // namespace logystera
