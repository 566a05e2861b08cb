#include "agent/reader.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "agent/buffer_layout.hpp"
#include "agent/checkpoint.hpp"
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

// Reads what is there now; the current file may grow meanwhile, and a claim may rename it away. `identity` ties a checkpoint
// to the file.
bool read_file(const Directory& directory, const std::string& name, const FileRules& rules, std::uint64_t limit,
               std::string& text, std::uint64_t& identity) {
  struct stat st;
  const Fd file = directory.open_file(name.c_str(), O_RDONLY, rules, st);
  if (!file) return false;
  const auto bytes = static_cast<std::uint64_t>(st.st_size);
  identity = identify(file.get(), bytes);
  text.resize(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, limit)));
  const ssize_t size = read_up_to(file.get(), text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return size >= 0;
}

// The files of sent/, oldest first; none where there is no such directory.
std::vector<std::string> sent_files(const Directory& sent) {
  std::vector<std::string> names;
  if (!sent) return names;
  layout::walk(sent, [&](const char* name, layout::Kind kind, std::uint64_t, const struct stat&) {
    if (kind == layout::Kind::segment || kind == layout::Kind::drops_segment) names.emplace_back(name);
  });
  std::sort(names.begin(), names.end());
  return names;
}

class PageReader {
 public:
  PageReader(const EventFilter& filter, std::uint64_t offset, std::uint64_t limit, std::int64_t now)
      : filter_(filter), matcher_(filter), offset_(offset), limit_(std::min(limit, kPageLimit)) {
    page_.first_hour = now - now % kHourSeconds - static_cast<std::int64_t>(kPageHours - 1) * kHourSeconds;
  }

  // The lines of a file, newest first; those before `sent_bytes` were delivered.
  void file(std::string_view rest, std::uint64_t sent_bytes) {
    while (!rest.empty()) {
      if (rest.back() == '\n') rest.remove_suffix(1);
      const std::size_t start = rest.rfind('\n');
      const std::string_view one = start == std::string_view::npos ? rest : rest.substr(start + 1);
      rest = start == std::string_view::npos ? std::string_view() : rest.substr(0, start + 1);
      const bool sent = rest.size() < sent_bytes;
      if (!one.empty() && wants(sent)) line(one, sent);
    }
  }

  bool wants(bool sent) const noexcept {
    return filter_.delivery == Delivery::any || (filter_.delivery == Delivery::sent) == sent;
  }

  EventPage take() noexcept { return std::move(page_); }

 private:
  void line(std::string_view line, bool sent) {
    std::string_view type;
    std::int64_t created_at = 0;
    if (!read_head(line, type, created_at)) {
      ++page_.invalid;
      return;
    }
    if (!matcher_.matches(line, type, created_at)) return;
    // Also off the page: a damaged line counted as an event there would shift the pages behind it.
    EventView view;
    if (read_event_line(line, view) != LineFault::none) {
      ++page_.invalid;
      return;
    }
    if (created_at >= page_.first_hour) {
      const auto hour = static_cast<std::uint64_t>((created_at - page_.first_hour) / kHourSeconds);
      if (hour < kPageHours) ++page_.hours[static_cast<std::size_t>(hour)];
    }
    if (page_.total++ < offset_ || page_.lines.size() >= limit_) return;
    page_.lines.emplace_back(line);
    page_.sent.push_back(sent);
  }

  const EventFilter& filter_;
  const Matcher matcher_;
  const std::uint64_t offset_, limit_;
  EventPage page_;
};

}  // namespace

Result<EventPage> read_events(const Buffer& buffer, const EventFilter& filter, std::uint64_t offset, std::uint64_t limit,
                              std::int64_t now) {
  const Directory directory = buffer.enter();
  if (!directory) return buffer.not_entered(errno);
  Result<std::vector<Segment>> files = buffer.files(directory);
  if (!files) return files.error();
  Checkpoint under_way;
  read_checkpoint(buffer.directory(), under_way);
  PageReader reader(filter, offset, limit, now);
  std::string text;
  std::uint64_t identity = 0;
  for (auto file = files->rbegin(); file != files->rend(); ++file) {
    if (!read_file(directory, file->name, buffer.rules(), buffer.options().segment_bytes, text, identity)) continue;
    const bool is_under_way = file->name == under_way.segment_name() && identity == under_way.identity;
    // Done, and on its way into sent/ (or out) by the next run, that may have added it there already.
    if (is_under_way && under_way.done) continue;
    reader.file(text, is_under_way ? under_way.offset : 0);
  }
  if (!reader.wants(true)) return reader.take();
  const Directory sent = directory.subdirectory(layout::kSent, buffer.rules(), Directory::Missing::leave);
  const std::vector<std::string> names = sent_files(sent);
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (read_file(sent, *name, buffer.rules(), buffer.options().segment_bytes, text, identity))
      reader.file(text, UINT64_MAX);
  }
  return reader.take();
}

}  // namespace logystera::agent
