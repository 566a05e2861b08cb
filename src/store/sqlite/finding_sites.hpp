// Which sites findings are asked for, and what belongs to those of a site.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/paging.hpp"
#include "store/sqlite/connection.hpp"

namespace logystera::store::sqlite {

/// The numbers of the sites `site` (token or name; empty: any) that `scope` has; nothing: it is restricted to none, and what belongs
/// to no site is meant too.
Result<std::optional<std::vector<std::int64_t>>> site_numbers(Connection& db, std::string_view site,
                                                              const SiteScope& scope);
/// What stands behind "entity IN".
std::string listed(const std::vector<std::int64_t>& numbers);
/// Every source there is, by name.
Result<std::vector<std::string>> all_sources(Connection& db, std::size_t limit);
/// A finding's evidence, ascending.
Result<std::vector<std::uint64_t>> evidence_of(Connection& db, std::int64_t finding);

}  // namespace logystera::store::sqlite
