// Texts that are longer than the room they have: paths are cut in the middle, at a "/", since their first and last names say most.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace logystera::cli {

/// At most `columns` of it, 2 at least. A path loses names in the middle (`/sites/…/shell.php`), words their end; a name that has no
/// room loses its beginning, any other word its end.
std::string shortened(std::string_view text, std::size_t columns);

/// Short names of sources, each unlike the others'.
class SourceNames {
 public:
  /// Of `columns` each, as far as that tells them apart.
  explicit SourceNames(std::size_t columns) : columns_(columns) {}

  void add(std::string_view source);
  /// "auth.log"; of a long path as many of its last names as there is room for; where another source ends like that, the name that
  /// differs too: `…/shop/…/access.log`. Neutralised.
  const std::string& of(std::string_view source) const;

 private:
  std::string name_of(const std::string& source) const;

  const std::size_t columns_;
  std::set<std::string> sources_;                                  // neutralised
  mutable std::map<std::string, std::string, std::less<>> names_;  // as far as they were asked for
};

}  // namespace logystera::cli
