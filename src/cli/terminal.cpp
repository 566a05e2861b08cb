#include "cli/terminal.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <mutex>

#include "cli/char_width.hpp"
#include "core/code_points.hpp"
#include "parse/zone.hpp"

namespace logystera::cli {
namespace {

// The C library looks at the zone's file once; a gateway runs for months.
std::int32_t local_offset(std::int64_t unix_seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kLookEvery = std::chrono::minutes(1);
  static std::mutex mutex;
  static auto zone = parse::Zone::local();
  static auto looked_at = Clock::now();
  const std::lock_guard lock(mutex);
  if (const auto now = Clock::now(); now - looked_at >= kLookEvery) {
    zone = parse::Zone::current(zone);
    looked_at = now;
  }
  return zone->offset_at(unix_seconds);
}

}  // namespace

bool colour_wanted() {
  const char* none = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) != 0 && (!none || !*none) && (!term || std::string_view(term) != "dumb");
}

bool terminal_moves() {
  const char* const term = std::getenv("TERM");
  return term && *term && std::string_view(term) != "dumb";
}

bool typed_input(std::string_view command, const std::vector<std::string>& paths) {
  if (!paths.empty() && std::find(paths.begin(), paths.end(), "-") == paths.end()) return false;
  if (::isatty(STDIN_FILENO) == 0) return false;
  if (paths.empty())
    fmt::print(stderr, "logystera {}: no PATH given: reading what you type, until Ctrl-D (--help for more)\n", command);
  return true;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for_each_sequence(text,
                    [&](std::string_view sequence, bool good) { columns += good ? width_of(code_point(sequence)) : 1; });
  return columns;
}

std::string fitted(std::string_view text, std::size_t columns) {
  if (columns == 0) return {};
  const std::size_t whole = columns_of(text);
  if (whole <= columns) return std::string(text) + std::string(columns - whole, ' ');
  std::string out;
  std::size_t used = 0;
  bool cut = false;
  for_each_sequence(text, [&](std::string_view sequence, bool good) {
    const std::size_t width = good ? width_of(code_point(sequence)) : 1;
    cut = cut || used + width > columns - 1;
    if (cut) return;
    used += width;
    out += sequence;
  });
  return out + "…" + std::string(columns - 1 - used, ' ');
}

std::size_t terminal_columns(std::size_t otherwise) {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : otherwise;
}

std::string local_time(std::int64_t unix_seconds) {
  const std::time_t time = unix_seconds + local_offset(unix_seconds);
  std::tm parts{};
  if (!::gmtime_r(&time, &parts)) return std::to_string(unix_seconds);
  char text[80];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string table(const std::vector<std::vector<std::string>>& rows, bool colour) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      line += i + 1 < rows[r].size() ? fitted(rows[r][i], widths[i]) + "  " : rows[r][i];
    }
    out += colour && r == 0 ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
  }
  return out;
}

}  // namespace logystera::cli
