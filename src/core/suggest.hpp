// What somebody may have meant who wrote a name that is not there.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace logystera {

/// How many letters of ASCII have to be changed, added, left out or swapped with their neighbour, without regard to case, to come from
/// one text to the other. Time and memory grow with the product of their lengths: the caller bounds them.
std::size_t edits_between(std::string_view a, std::string_view b);

/// The name nearest to `written`: at most a third of its letters, and never more than two, are wrong. Empty: none is near, or `written`
/// has more than 64 bytes. The view is one of `names`.
std::string_view nearest_name(std::string_view written, const std::vector<std::string_view>& names);

}  // namespace logystera
