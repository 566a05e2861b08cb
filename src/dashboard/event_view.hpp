// An event as its row and its page show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "query/signal.hpp"
#include "store/store.hpp"
#include "web/view.hpp"

namespace logystera::dashboard {

/// Its level, name, summary, type, site, times, id, and each label with its meaning and privacy class.
web::View event_view(const query::Signal& signal);

/// The event of that number, if it is the site's and still stored.
Result<std::optional<store::EventRow>> event_numbered(store::Stores& stores, const std::string& site,
                                                      std::uint64_t sequence);

}  // namespace logystera::dashboard
