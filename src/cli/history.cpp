#include "cli/history.hpp"

#include "analysis/tracking.hpp"
#include "cli/analysis.hpp"
#include "cli/terminal.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kMessageBytes = 200;

}  // namespace

Result<History> open_history(std::string_view command, const Globals& globals, store::Access access) {
  auto setting = load_setting(command, globals);
  if (!setting) return setting.error();
  auto store = analysis::open_tracked(setting->store_url, access == store::Access::create ? access : store::Access::look);
  if (!store) return store_failure(store.error());
  return History{std::move(setting->config), std::move(store).value()};
}

std::string fitted_message(std::string_view message) {
  return message.size() <= kMessageBytes ? printable(message) : printable(message.substr(0, kMessageBytes)) + "…";
}

}  // namespace logystera::cli
