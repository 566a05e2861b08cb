#include "core/event.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <optional>
#include <string>

#include "core/json.hpp"
#include "core/uuid.hpp"

namespace logystera {
namespace {

constexpr int kDepthMax = 32;
constexpr std::size_t kTypeBytesMax = 64;

enum class Field { none, event_type, created_at, timestamp, event_id, labels };

// A SAX handler, so that no document is built: it keeps the five fields' places and refuses everything else at depth 1.
class EventHandler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, EventHandler> {
 public:
  EventHandler(std::string_view line, const rapidjson::MemoryStream& stream) : line_(line), stream_(stream) {}

  bool StartObject() { return open(true); }
  bool StartArray() { return open(false); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ != 1) return true;
    const std::string_view key(text, size);
    field_ = key == "event_type"   ? Field::event_type
             : key == "created_at" ? Field::created_at
             : key == "timestamp"  ? Field::timestamp
             : key == "event_id"   ? Field::event_id
             : key == "labels"     ? Field::labels
                                   : Field::none;
    if (field_ == Field::none) return false;
    const unsigned bit = 1u << static_cast<int>(field_);
    if (seen_ & bit) return false;
    seen_ |= bit;
    return true;
  }

  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ != 1) return depth_ > 1;
    // An escaped type or id would not be byte-equal to what was validated; the writer never produces one.
    if (field_ == Field::event_type) {
      type_size_ = size;
      type_end_ = stream_.Tell();
      return size > 0 && size <= kTypeBytesMax && verbatim(type_end_, {text, size});
    }
    if (field_ == Field::event_id) {
      id_end_ = stream_.Tell();
      return is_uuid_v4(std::string_view(text, size)) && verbatim(id_end_, {text, size});
    }
    return false;
  }

  // Numbers come as they are written. RapidJSON 1.1 reads beyond its table of powers for some with many digits and a large
  // negative exponent (there is no full precision without that, and no need for any here).
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ > 1) return true;
    std::int64_t value = 0;
    const auto parsed = std::from_chars(text, text + size, value);
    if (parsed.ec != std::errc() || parsed.ptr != text + size || value < 0) return false;
    if (field_ == Field::created_at) created_at_ = value;
    else if (field_ == Field::timestamp) timestamp_ = value;
    else return false;
    return true;
  }
  bool Bool(bool) { return depth_ > 1; }
  bool Null() { return depth_ > 1; }

  bool complete(EventView& view) const {
    if (seen_ != 0b111110u || !created_at_ || created_at_ != timestamp_) return false;
    view.type = raw(type_end_, type_size_);
    view.event_id = raw(id_end_, kUuidChars);
    view.created_at = *created_at_;
    view.labels = line_.substr(labels_begin_, labels_end_ - labels_begin_);
    return true;
  }

 private:
  bool open(bool object) {
    if (depth_ == 0 && !object) return false;
    if (depth_ == 1) {
      if (field_ != Field::labels || !object) return false;
      labels_begin_ = place_of('{');
    }
    return ++depth_ <= kDepthMax;
  }
  bool close() {
    if (--depth_ == 1) labels_end_ = place_of('}') + 1;
    return true;
  }
  // Where the bracket just reported stands: the reader reports some before and some after it takes them.
  std::size_t place_of(char bracket) const {
    const std::size_t at = stream_.Tell();
    return at < line_.size() && line_[at] == bracket ? at : at - 1;
  }
  // The characters of a string that ends, closing quote included, at `end`.
  std::string_view raw(std::size_t end, std::size_t size) const {
    return end < size + 1 ? std::string_view() : line_.substr(end - 1 - size, size);
  }

  // Whether the string that ends at `end` is written without an escape: it begins where its length says, at the opening quote.
  // (`\"a` ends with the two bytes it stands for.)
  bool verbatim(std::size_t end, std::string_view text) const {
    const std::string_view written = raw(end, text.size() + 1);
    return !written.empty() && written.front() == '"' && written.substr(1) == text;
  }

  std::string_view line_;
  const rapidjson::MemoryStream& stream_;
  int depth_ = 0;
  Field field_ = Field::none;
  unsigned seen_ = 0;
  std::size_t type_end_ = 0, type_size_ = 0, id_end_ = 0, labels_begin_ = 0, labels_end_ = 0;
  std::optional<std::int64_t> created_at_, timestamp_;
};

}  // namespace

LineFault read_event_line(std::string_view line, EventView& view) noexcept try {
  if (line.empty()) return LineFault::empty;
  if (line.size() > kLineBytesMax) return LineFault::too_long;
  for (const char c : line) {
    if (static_cast<unsigned char>(c) < 0x20) return LineFault::control_byte;
  }
  if (!json::is_utf8(line)) return LineFault::not_utf8;
  rapidjson::MemoryStream stream(line.data(), line.size());
  EventHandler handler(line, stream);
  rapidjson::Reader reader;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult parsed = reader.Parse<kFlags>(stream, handler);
  if (!parsed) {
    return parsed.Code() == rapidjson::kParseErrorTermination ? LineFault::not_an_event : LineFault::not_json;
  }
  return handler.complete(view) ? LineFault::none : LineFault::not_an_event;
} catch (...) {
  return LineFault::not_json;
}

std::string_view name_of(LineFault fault) noexcept {
  switch (fault) {
    case LineFault::none: return "none";
    case LineFault::empty: return "empty";
    case LineFault::too_long: return "too_long";
    case LineFault::control_byte: return "control_byte";
    case LineFault::not_utf8: return "not_utf8";
    case LineFault::not_json: return "not_json";
    case LineFault::not_an_event: return "not_an_event";
  }
  return "unknown";
}

}  // namespace logystera
