#include "web/browser.hpp"

#include <array>
#include <utility>

namespace logystera::web {
namespace {

using Word = std::pair<std::string_view, std::string_view>;  // what the header has, and what that is called

// In this order: most name those they are like as well.
constexpr std::array kBrowsers = {Word{"Edg", "Edge"},       Word{"OPR/", "Opera"},     Word{"Firefox/", "Firefox"},
                                  Word{"FxiOS/", "Firefox"}, Word{"CriOS/", "Chrome"},  Word{"Chromium/", "Chromium"},
                                  Word{"Chrome/", "Chrome"}, Word{"Safari/", "Safari"}, Word{"curl/", "curl"}};
constexpr std::array kSystems = {Word{"Android", "Android"}, Word{"iPhone", "iOS"},   Word{"iPad", "iOS"},
                                 Word{"Windows", "Windows"}, Word{"Mac OS", "macOS"}, Word{"Linux", "Linux"}};

template <typename Words>
std::string_view name_in(std::string_view text, const Words& words) {
  for (const auto& [mark, name] : words) {
    if (text.find(mark) != std::string_view::npos) return name;
  }
  return {};
}

}  // namespace

std::string browser_family(std::string_view user_agent) {
  const std::string_view browser = name_in(user_agent, kBrowsers), system = name_in(user_agent, kSystems);
  std::string family(browser.empty() ? "Another program" : browser);
  if (!system.empty()) family += " on " + std::string(system);
  return family;
}

}  // namespace logystera::web
