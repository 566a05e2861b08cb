#include "source/docker_lines.hpp"

#include <algorithm>

namespace logystera::source {
namespace {

constexpr std::size_t kHeader = 8;
constexpr std::size_t kFrameMost = 1024 * 1024;  // a piece is 16 KiB; drivers of others may send a whole line

Error no_log(const char* what) {
  return {std::string("the daemon's answer is no log of a container: ") + what, ErrorKind::broken};
}

}  // namespace

bool docker_time(std::string_view text, std::int64_t& time_ns) noexcept {
  static constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.dddddddddZ ";
  if (text.size() < kDockerTimeBytes) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i)
    if (kShape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != kShape[i]) return false;
  const auto number = [text](std::size_t at, std::size_t size) {
    std::int64_t value = 0;
    for (std::size_t i = at; i < at + size; ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  const std::int64_t year = number(0, 4), month = number(5, 2), day = number(8, 2);
  const std::int64_t hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
      second > 60)
    return false;
  // Days since 1970-01-01 of the proleptic Gregorian calendar, years counted from March.
  const std::int64_t from_march = month <= 2 ? year - 1 : year;
  const std::int64_t era = from_march / 400, of_era = from_march % 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t days = era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719'468;
  time_ns = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000'000 + number(20, 9);
  return true;
}

bool DockerLines::add(Open& open, std::int64_t time_ns, std::string_view text, DockerLine& line) {
  if (!open.any) {
    open.any = true;
    open.truncated = false;
    open.time_ns = time_ns;
    open.text.clear();
  }
  const bool ends = !text.empty() && text.back() == '\n';
  if (ends) text.remove_suffix(1);
  const std::size_t room = kLineBytes - open.text.size();
  open.truncated |= text.size() > room;
  open.text.append(text.substr(0, room));
  if (!ends) return false;
  if (terminal_ && !open.text.empty() && open.text.back() == '\r') open.text.pop_back();
  open.done.swap(open.text);
  line = {open.done, open.time_ns, &open == &open_[1], open.truncated};
  open.any = false;
  return true;
}

bool DockerLines::finish(bool error, DockerLine& line) {
  Open& open = open_[error ? 1 : 0];
  return open.any && add(open, open.time_ns, "\n", line);
}

std::int64_t DockerLines::oldest_ns() const noexcept {
  std::int64_t oldest = INT64_MAX;
  for (const Open& open : open_)
    if (open.any) oldest = std::min(oldest, open.time_ns);
  return oldest;
}

Result<bool> DockerLines::next(std::string_view bytes, std::size_t& used, DockerLine& line) {
  used = 0;
  return terminal_ ? next_of_terminal(bytes, used, line) : next_frame(bytes, used, line);
}

Result<bool> DockerLines::next_frame(std::string_view bytes, std::size_t& used, DockerLine& line) {
  while (bytes.size() - used >= kHeader) {
    const std::string_view rest = bytes.substr(used);
    const auto byte = [rest](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
    const unsigned stream = byte(0);
    constexpr unsigned kOut = 1, kError = 2, kSystem = 3;
    if (stream < kOut || stream > kSystem || byte(1) != 0 || byte(2) != 0 || byte(3) != 0)
      return no_log("there is no frame");
    const std::size_t size =
        (std::size_t{byte(4)} << 24) | (std::size_t{byte(5)} << 16) | (std::size_t{byte(6)} << 8) | byte(7);
    if (size > kFrameMost) return no_log("a frame is larger than 1 MiB");
    if (rest.size() < kHeader + size) return false;
    const std::string_view piece = rest.substr(kHeader, size);
    if (stream == kSystem) return no_log("the daemon reports an error in it");
    std::int64_t time_ns = 0;
    if (!docker_time(piece, time_ns)) return no_log("a line has no time");
    used += kHeader + size;
    if (add(open_[stream == kError ? 1 : 0], time_ns, piece.substr(kDockerTimeBytes), line)) return true;
  }
  return false;
}

Result<bool> DockerLines::next_of_terminal(std::string_view bytes, std::size_t& used, DockerLine& line) {
  while (used < bytes.size()) {
    std::string_view rest = bytes.substr(used);
    if (piece_left_ == 0) {
      if (rest.size() < kDockerTimeBytes) return false;
      if (!docker_time(rest, piece_time_ns_)) return no_log("a line has no time");
      used += kDockerTimeBytes;
      piece_left_ = kPieceBytes;
      continue;
    }
    rest = rest.substr(0, piece_left_);
    const std::size_t end = rest.find('\n');
    if (end != rest.npos) rest = rest.substr(0, end + 1);
    used += rest.size();
    piece_left_ = end != rest.npos ? 0 : piece_left_ - rest.size();
    if (add(open_[0], piece_time_ns_, rest, line)) return true;
  }
  return false;
}

}  // namespace logystera::source
