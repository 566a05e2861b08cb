// Signals the extension sees by itself, without a call from PHP code: fatal errors and what PDO reports.
//
// They go to the site of the current request: the one a Recorder was made for. When a request ends before its application
// could make one, because its database is gone, it is the site this script and host had the last time in this process.
#pragma once

#include <string_view>

#include "agent/request.hpp"
#include "core/clock.hpp"
#include "extension/module.hpp"

namespace logystera::extension {

/// The site of the current request, or nullptr.
Site* native_site() noexcept;

/// Remembers the site a Recorder was made for as the one of this request, script and host.
void remember_site(State& process, Site& site) noexcept;

/// Whether a signal of this type would be recorded, and where.
inline Site* site_wanting(std::string_view type) noexcept {
  Site* site = native_site();
  if (site == nullptr) return nullptr;
  const std::uint16_t index = site->signals.find(type);
  return index != agent::SignalSet::kUnknown && site->signals.enabled(index) ? site : nullptr;
}

/// Records one event; `labels` is given the writer. Nothing of PHP is allocated or called.
template <typename Labels>
void record_native(Site& site, std::string_view type, Labels&& labels) noexcept {
  State& process = *LOGYSTERA_G(state);
  process.check_fork();
  const std::uint16_t index = site.signals.find(type);
  const std::int64_t now = wall_seconds();
  process.touch(site);
  if (!site.request.admit(site.signals, index, now)) return;
  agent::EventWriter event(site.request, site.signals.at(index), index, site.rules, process.uuids, now);
  if (event.ok()) labels(event);
  event.finish();
}

/// A label of a native signal.
inline void put(agent::EventWriter& event, std::string_view name, std::string_view value) noexcept {
  if (const agent::Label* label = event.label(name)) event.text(*label, value);
}
inline void put(agent::EventWriter& event, std::string_view name, std::int64_t value) noexcept {
  if (const agent::Label* label = event.label(name)) event.integer(*label, value);
}
inline void put(agent::EventWriter& event, std::string_view name, double value) noexcept {
  if (const agent::Label* label = event.label(name)) event.number(*label, value);
}

/// `file` relative to the site's application; its last part alone when it lies elsewhere.
std::string_view relative_file(const Site& site, std::string_view file) noexcept;

/// Once per process: has PHP tell the extension of fatal errors.
void watch_fatal_errors() noexcept;
/// When a request ends: the fatal error that was not taken for one as long as it could still become an exception.
void record_deferred_fatal_error() noexcept;
/// Once per process, after PDO and its drivers are there: times statements and reads their failures.
void watch_databases() noexcept;

}  // namespace logystera::extension
