#include "cli/span.hpp"

#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <utility>

#include "core/clock.hpp"
#include "filter/moment.hpp"

namespace logystera::cli {
namespace {

constexpr std::int64_t kNumberMost = 100'000'000'000;  // times a week's seconds, still far from the end of 64 bits

struct Written {
  std::int64_t number;
  std::string_view unit;
};

std::optional<Written> take_apart(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > kNumberMost) return std::nullopt;
  return Written{number, {end, static_cast<std::size_t>(text.data() + text.size() - end)}};
}

std::optional<std::int64_t> seconds_of(const Written& span) {
  static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
  for (const auto& [unit, seconds] : kUnits)
    if (span.unit == unit) return span.number * seconds;
  return std::nullopt;
}

}  // namespace

Result<std::int64_t> parse_span(std::string_view option, const std::string& text) {
  if (const auto written = take_apart(text))
    if (const auto seconds = seconds_of(*written)) return *seconds;
  return Error{fmt::format("{} {}: write a span like 90s, 30m, 24h or 7d", option, text), ErrorKind::invalid};
}

Result<std::int64_t> parse_since(std::string_view option, const std::string& text, std::int64_t now) {
  auto since = filter::parse_since(option, text, {now, parse::Zone::local()});
  if (!since) return since.error();
  return since.value() / kSecondNs;
}

}  // namespace logystera::cli
