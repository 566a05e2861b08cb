#include "agent/reader.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "agent/directory.hpp"
#include "core/catalogue.hpp"
#include "core/event.hpp"

namespace logystera::agent {
namespace {

constexpr std::int64_t kHourSeconds = 3600;
constexpr std::string_view kOpening = "{\"event_type\":\"";
constexpr std::string_view kCreated = "\",\"created_at\":";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains_ignoring_case(std::string_view text, std::string_view lower_case) {
  return std::search(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

// The two fields most filters need, from their fixed places; the full check is made only for lines that match.
bool read_head(std::string_view line, std::string_view& type, std::int64_t& created_at) {
  if (line.substr(0, kOpening.size()) != kOpening) return false;
  line.remove_prefix(kOpening.size());
  const std::size_t end = line.find(kCreated);
  if (end == std::string_view::npos) return false;
  type = line.substr(0, end);
  line.remove_prefix(end + kCreated.size());
  return std::from_chars(line.data(), line.data() + line.size(), created_at).ec == std::errc();
}

class Matcher {
 public:
  explicit Matcher(const EventFilter& filter) : filter_(filter), text_(filter.text) {
    std::transform(text_.begin(), text_.end(), text_.begin(), lower);
  }
  bool matches(std::string_view line, std::string_view type, std::int64_t created_at) const {
    if (!filter_.types.empty() && std::find(filter_.types.begin(), filter_.types.end(), type) == filter_.types.end()) {
      return false;
    }
    if (!filter_.severities.empty()) {
      const SignalSpec* spec = catalogue::find(type);
      const std::string_view severity = spec != nullptr ? spec->severity : "info";
      if (std::find(filter_.severities.begin(), filter_.severities.end(), severity) == filter_.severities.end())
        return false;
    }
    if (filter_.since && created_at < *filter_.since) return false;
    if (filter_.until && created_at > *filter_.until) return false;
    return text_.empty() || contains_ignoring_case(line, text_);
  }

 private:
  const EventFilter& filter_;
  std::string text_;
};

// Reads what is there now; the current file may grow meanwhile, and a claim may rename it away.
bool read_file(const Directory& directory, const std::string& name, const FileRules& rules, std::uint64_t limit,
               std::string& text) {
  struct stat st;
  const Fd file = directory.open_file(name.c_str(), O_RDONLY, rules, st);
  if (!file) return false;
  text.resize(static_cast<std::size_t>(std::min<std::uint64_t>(static_cast<std::uint64_t>(st.st_size), limit)));
  const ssize_t size = read_up_to(file.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return size >= 0;
}

}  // namespace

Result<EventPage> read_events(const Buffer& buffer, const EventFilter& filter, std::uint64_t offset, std::uint64_t limit,
                              std::int64_t now) {
  const Directory directory = buffer.enter();
  if (!directory) return buffer.not_entered(errno);
  Result<std::vector<Segment>> files = buffer.files(directory);
  if (!files) return files.error();
  const Matcher matcher(filter);
  EventPage page;
  page.first_hour = now - now % kHourSeconds - static_cast<std::int64_t>(kPageHours - 1) * kHourSeconds;
  limit = std::min(limit, kPageLimit);
  std::string text;
  for (auto file = files->rbegin(); file != files->rend(); ++file) {
    if (!read_file(directory, file->name, buffer.rules(), buffer.options().segment_bytes, text)) continue;
    std::string_view rest = text;
    while (!rest.empty()) {
      if (rest.back() == '\n') rest.remove_suffix(1);
      const std::size_t start = rest.rfind('\n');
      const std::string_view line = start == std::string_view::npos ? rest : rest.substr(start + 1);
      rest = start == std::string_view::npos ? std::string_view() : rest.substr(0, start + 1);
      std::string_view type;
      std::int64_t created_at = 0;
      if (line.empty()) continue;
      if (!read_head(line, type, created_at)) {
        ++page.invalid;
        continue;
      }
      if (!matcher.matches(line, type, created_at)) continue;
      // Also off the page: a damaged line counted as an event there would shift the pages behind it.
      EventView view;
      if (read_event_line(line, view) != LineFault::none) {
        ++page.invalid;
        continue;
      }
      if (created_at >= page.first_hour) {
        const auto hour = static_cast<std::uint64_t>((created_at - page.first_hour) / kHourSeconds);
        if (hour < kPageHours) ++page.hours[static_cast<std::size_t>(hour)];
      }
      if (page.total++ >= offset && page.lines.size() < limit) page.lines.emplace_back(line);
    }
  }
  return page;
}

}  // namespace logystera::agent
