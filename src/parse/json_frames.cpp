#include "parse/json_frames.hpp"

#include <algorithm>
#include <iterator>

namespace logystera::parse {
namespace {

constexpr std::size_t kInVainMost = std::size_t{8} << 20;  // bytes
constexpr std::size_t kInVainOfEach = 8;                   // for each byte that is taken

bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::size_t behind_blanks(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && blank(text[at])) ++at;
  return at;
}

// {"Records":[{ or {"records":[{, blanks anywhere; for the other names that services use, the array begins a new line, since an
// event may have a list of that name. Where the first record begins; 0: no wrapper, or not yet to be seen.
std::size_t wrapper_ends(std::string_view text, std::size_t at) noexcept {
  constexpr std::string_view certain[] = {"Records", "records"};
  constexpr std::string_view likely[] = {"Events", "events", "entries", "items", "logEvents", "logs", "results", "value"};
  if (at >= text.size() || text[at] != '{') return 0;
  at = behind_blanks(text, at + 1);
  if (at >= text.size() || text[at] != '"') return 0;
  const std::size_t close = text.find('"', at + 1);
  if (close == std::string_view::npos || close - at > 16) return 0;
  const std::string_view name = text.substr(at + 1, close - at - 1);
  const bool known = std::find(std::begin(certain), std::end(certain), name) != std::end(certain);
  const bool maybe = std::find(std::begin(likely), std::end(likely), name) != std::end(likely);
  at = behind_blanks(text, close + 1);
  if ((!known && !maybe) || at >= text.size() || text[at] != ':') return 0;
  at = behind_blanks(text, at + 1);
  if (at >= text.size() || text[at] != '[') return 0;
  const std::size_t record = behind_blanks(text, at + 1);
  if (record >= text.size() || text[record] != '{') return 0;
  const bool own_line = text.substr(at, record - at).find('\n') != std::string_view::npos;
  return known || own_line ? record : 0;
}

}  // namespace

void JsonExtent::reset(std::size_t depth) noexcept {
  *this = {};
  depth_ = depth;
  objects_ = ~std::uint64_t{0};
  if (depth > 0) before_ = '0';  // behind a value
}

JsonExtent::End JsonExtent::find(std::string_view text, std::size_t& at) noexcept {
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string_) {
      if (escaped_) escaped_ = false;
      else if (c == '\\') escaped_ = true;
      else if (c == '"') in_string_ = false;
      else if (c == '\n') return End::broken;
      continue;
    }
    if (blank(c)) continue;
    const bool in_object = depth_ > 0 && depth_ <= kDepth && (objects_ >> (depth_ - 1) & 1) != 0;
    if (in_object && (before_ == '{' || before_ == ',') && c != '"' && c != '}') return End::broken;
    if ((c == '{' || c == '[') && depth_ > 0 && before_ != ':' && before_ != ',' && before_ != '[') return End::broken;
    before_ = c;
    switch (c) {
      case '"': in_string_ = true; break;
      case '{':
      case '[':
        ++depth_;
        if (depth_ <= kDepth) {
          const std::uint64_t bit = std::uint64_t{1} << (depth_ - 1);
          objects_ = c == '{' ? objects_ | bit : objects_ & ~bit;
        }
        break;
      case '}':
      case ']':
        if (depth_ == 0 || (depth_ <= kDepth && in_object != (c == '}'))) return End::broken;
        if (--depth_ == 0) {
          ++at;
          return End::found;
        }
        break;
      default: break;
    }
  }
  return End::more;
}

bool JsonFrames::may_look() const noexcept { return in_vain_ < kInVainMost; }

void JsonFrames::taken(std::size_t bytes) noexcept { in_vain_ -= std::min(in_vain_, bytes * kInVainOfEach); }

bool JsonFrames::starts(std::string_view text, std::string_view line, bool final, bool& needs_more) noexcept {
  needs_more = false;
  std::size_t at = 0;
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  if (at == line.size()) return false;
  const char first = line[at];
  if (first == '[' || first == ',') {
    const std::size_t next = behind_blanks(text, at + 1);
    if (next == text.size()) needs_more = !final;
    return next < text.size() && text[next] == '{';
  }
  if (first != '{') return false;
  // Nearly every line of a log of lines ends with its brace.
  std::size_t last = line.size();
  while (last > at && blank(line[last - 1])) --last;
  const char ending = line[last - 1];
  const bool open = ending == '{' || ending == '[' || ending == ',';
  const char letter = at + 2 < line.size() && line[at + 1] == '"' ? line[at + 2] : '\0';
  if (!open && letter != 'R' && letter != 'r' && at + 2 < line.size()) return false;
  if (wrapper_ends(text, at) != 0) return true;
  if (!open || !may_look()) return false;
  JsonExtent extent;
  extent.reset();
  std::size_t end = at;
  const JsonExtent::End found = extent.find(text, end);
  if (found == JsonExtent::End::more) needs_more = !final;
  if (found == JsonExtent::End::more && final) in_vain_ += end - at;
  return found == JsonExtent::End::found;
}

bool JsonFrames::several(std::string_view line) noexcept {
  std::size_t at = behind_blanks(line, 0);
  if (at == line.size() || line[at] != '{') return false;
  JsonExtent extent;
  extent.reset();
  if (extent.find(line, at) != JsonExtent::End::found) return false;
  at = behind_blanks(line, at);
  return at < line.size() && line[at] == '{';
}

std::vector<std::string_view> JsonFrames::sample(std::string_view text, std::size_t most) {
  std::vector<std::string_view> records;
  const std::size_t first = behind_blanks(text, 0);
  const std::string_view rest = text.substr(first), line = rest.substr(0, rest.find('\n'));
  bool needs_more = false;
  JsonFrames frames;
  if (rest.empty() || (!frames.starts(rest, line, true, needs_more) && !several(line))) return records;
  for (std::size_t at = first; at < text.size() && records.size() < most;) {
    if (!frames.inside()) frames.begin();
    const Frame frame = frames.next(text, at, false);
    if (frame.kind == Frame::Kind::more) break;
    if (frame.kind != Frame::Kind::passed) records.push_back(text.substr(frame.begin, frame.end - frame.begin));
    at = frame.end;
  }
  return records;
}

JsonFrames::Frame JsonFrames::next(std::string_view text, std::size_t at, bool final) noexcept {
  using Kind = Frame::Kind;
  std::size_t here = behind_blanks(text, at);
  if (here > at && nest_ != Nest::tail) return {Kind::passed, at, here};
  if (here == text.size()) return {Kind::more, at, at};
  JsonExtent extent;
  if (nest_ == Nest::tail) {
    extent.reset(1);
    std::size_t end = at;
    const JsonExtent::End found = extent.find(text, end);
    if (found == JsonExtent::End::more && !final) return {Kind::more, at, at};
    nest_ = Nest::none;
    return {Kind::passed, at, end, true};
  }
  if (nest_ == Nest::begin) {
    if (text[here] == '[' || text[here] == ',') {
      nest_ = Nest::array;
      return {Kind::passed, here, here + 1};
    }
    if (const std::size_t record = wrapper_ends(text, here); record != 0) {
      nest_ = Nest::wrapped;
      return {Kind::passed, here, record};
    }
    nest_ = Nest::none;  // one object
  } else if (text[here] == ',') {
    return {Kind::passed, here, here + 1};
  } else if (text[here] == ']') {
    nest_ = nest_ == Nest::wrapped ? Nest::tail : Nest::none;
    return {Kind::passed, here, here + 1};
  }
  const bool alone = nest_ == Nest::none;
  if (text[here] == '{' && (!final || may_look())) {
    extent.reset();
    std::size_t end = here;
    const JsonExtent::End found = extent.find(text, end);
    if (found == JsonExtent::End::found) return {Kind::record, here, end};
    if (found == JsonExtent::End::more && !final) {
      if (alone) nest_ = Nest::begin;
      return {Kind::more, here, here};
    }
    if (found == JsonExtent::End::more) in_vain_ += end - here;
  }
  const std::size_t newline = text.find('\n', here);
  if (newline == std::string_view::npos && !final) return {Kind::more, here, here};
  return {Kind::line, here, std::min(newline, text.size())};
}

}  // namespace logystera::parse
