// What somebody may have meant who wrote a name that is not there.
#pragma once

#include <span>
#include <string_view>

namespace logystera::filter {

/// The name nearest to `written`: at most a third of its letters, and never more than two, are wrong, missing, too many or swapped with
/// their neighbour; case does not matter. Empty: none is near. The view is one of `names`.
std::string_view nearest(std::string_view written, std::span<const std::string_view> names);

}  // namespace logystera::filter
