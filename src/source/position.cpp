#include "source/position.hpp"

#include <fmt/core.h>

#include <sstream>

#include "core/hmac.hpp"

namespace logystera::source {
namespace {

constexpr std::string_view kTitle = "logystera tail 2";
constexpr std::size_t kMarkDigits = 32;
constexpr std::size_t kPlacesMost = 64;

// A mark of nothing is written as one, so that every line has as many words.
std::string_view written(const std::string& mark) { return mark.empty() ? std::string_view("-") : std::string_view(mark); }

void read(std::istream& in, std::string& mark) {
  in >> mark;
  if (mark == "-") mark.clear();
}

}  // namespace

std::string mark_of(std::string_view bytes) { return to_hex(sha256(bytes)).substr(0, kMarkDigits); }

std::string LogPosition::text() const {
  std::string out = fmt::format("{}\nseen {}\n", kTitle, seen_ns);
  for (const Place& place : places)
    out += fmt::format("place {} {} {} {} {} {} {} {} {} {}\n", place.file.device, place.file.inode, place.file.head_bytes,
                       written(place.file.head), place.offset, place.before_bytes, written(place.before), place.line,
                       place.within_long_line ? 1 : 0, place.shown);
  for (const FileMark& file : known)
    out += fmt::format("known {} {} {} {} {}\n", file.device, file.inode, file.head_bytes, written(file.head),
                       file.written_ns);
  return out + "end\n";
}

Result<LogPosition> LogPosition::of_text(std::string_view text) {
  const Error broken{"it is damaged", ErrorKind::broken};
  LogPosition position;
  std::istringstream in{std::string(text)};
  std::string line, word;
  bool ended = false;
  if (!std::getline(in, line)) return broken;
  if (line != kTitle) {
    // Device, inode and offset alone, as earlier versions wrote them.
    Place place;
    std::istringstream numbers(line);
    if (!(numbers >> place.file.device >> place.file.inode >> place.offset)) return broken;
    position.places.push_back(place);
    return position;
  }
  while (!ended && std::getline(in, line)) {
    std::istringstream words(line);
    words >> word;
    if (word == "end") {
      ended = true;
    } else if (word == "seen") {
      words >> position.seen_ns;
    } else if (word == "place") {
      Place& place = position.places.emplace_back();
      int within = 0;
      words >> place.file.device >> place.file.inode >> place.file.head_bytes;
      read(words, place.file.head);
      words >> place.offset >> place.before_bytes;
      read(words, place.before);
      words >> place.line >> within >> place.shown;
      place.within_long_line = within != 0;
    } else if (word == "known") {
      FileMark& file = position.known.emplace_back();
      words >> file.device >> file.inode >> file.head_bytes;
      read(words, file.head);
      words >> file.written_ns;
    }
    if (!words || position.places.size() > kPlacesMost || position.known.size() > kKnownMost) return broken;
  }
  if (!ended || position.places.empty()) return broken;
  for (const Place& place : position.places)
    if (place.file.head_bytes > kHeadBytes || place.before_bytes > kBeforeBytes || place.before_bytes > place.offset)
      return broken;
  return position;
}

}  // namespace logystera::source
