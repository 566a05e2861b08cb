#include "parse/evtx_template.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "parse/evtx_values.hpp"
#include "parse/windows_event.hpp"

namespace logystera::parse::evtx {
namespace {

constexpr std::size_t kDepth = 64;     // nested elements
constexpr std::size_t kSteps = 8'192;  // of one template; a chunk has 64 KiB
constexpr std::uint16_t kNameCharacters = 256;
// Names are referred to, in five bytes each time: together they and the literal texts have at most so many bytes for each one compiled.
constexpr std::size_t kTextPerByte = 16;
constexpr std::size_t kTextLeast = 4'096;

// [MS-EVEN6] §2.2.12, tokens; 0x40 marks "more follows".
enum Token : std::uint8_t {
  kEnd = 0x00,
  kOpen = 0x01,
  kCloseStart = 0x02,
  kCloseEmpty = 0x03,
  kEndElement = 0x04,
  kText = 0x05,
  kAttribute = 0x06,
  kCdata = 0x07,
  kCharacter = 0x08,
  kEntity = 0x09,
  kInstructionTarget = 0x0A,
  kInstructionData = 0x0B,
  kTemplate = 0x0C,
  kHole = 0x0D,
  kOptionalHole = 0x0E,
  kFragment = 0x0F,
  kMore = 0x40,
};

std::string plain_utf8(const std::uint8_t* data, std::size_t bytes) {
  Arena arena;
  return std::string(utf8_from_utf16(data, bytes, arena));
}

// System's fields that are numbers, whatever type a collector gives them.
bool is_system_number(const std::string& name) {
  constexpr std::string_view names[] = {"EventID",
                                        "EventID_Qualifiers",
                                        "Version",
                                        "Level",
                                        "Task",
                                        "Opcode",
                                        "EventRecordID",
                                        "Execution_ProcessID",
                                        "Execution_ThreadID",
                                        "Execution_ProcessorID",
                                        "Execution_SessionID"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

class Compiler {
 public:
  Compiler(const std::uint8_t* chunk, std::size_t at, std::size_t end, bool dependency_ids, ChunkNames& names,
           Layout& layout)
      : chunk_(chunk),
        at_(at),
        end_(end),
        dependency_ids_(dependency_ids),
        text_left_(kTextPerByte * (end - at) + kTextLeast),
        names_(names),
        layout_(layout) {}

  bool fragment(Area area) {
    while (sound_ && at_ < end_) {
      switch (chunk_[at_] & ~kMore) {
        case kEnd: at_ = end_; return true;
        case kTemplate: return true;  // not compiled but run
        case kFragment: at_ += 4; break;
        case kOpen: element(area, {}, 0); break;
        case kInstructionTarget:
        case kInstructionData: skip_instruction(); break;
        default: return false;
      }
    }
    return sound_;
  }
  std::size_t at() const { return at_; }

 private:
  template <typename T>
  T take() {
    T value{};
    if (end_ - at_ < sizeof value || at_ > end_) {
      sound_ = false;
      at_ = end_;
      return value;
    }
    std::memcpy(&value, chunk_ + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::uint8_t peek() const { return at_ < end_ ? chunk_[at_] : 0xFF; }

  // A name by its offset, which may be right here.
  std::string name() {
    const auto offset = take<std::uint32_t>();
    std::size_t stored = 0;
    const std::string_view text = names_.at(offset, stored);
    if (stored == 0) sound_ = false;
    if (offset == at_) at_ += stored;
    if (at_ > end_) sound_ = false;
    return std::string(taken(text));
  }
  // Nothing, and nothing is sound any more, once there was too much.
  std::string_view taken(std::string_view text) {
    if (text.size() > text_left_) {
      sound_ = false;
      return {};
    }
    text_left_ -= text.size();
    return text;
  }

  std::string text_value() {
    ++at_;
    const auto type = take<std::uint8_t>();
    if (type != kString) sound_ = false;
    return counted_text();
  }
  std::string counted_text() {
    const std::size_t bytes = 2 * std::size_t{take<std::uint16_t>()};
    if (!sound_ || end_ - at_ < bytes) {
      sound_ = false;
      return {};
    }
    at_ += bytes;
    return plain_utf8(chunk_ + at_ - bytes, bytes);
  }
  void skip_instruction() {
    if ((chunk_[at_++] & ~kMore) == kInstructionTarget) name();
    else counted_text();
  }

  static void append_text(std::vector<Piece>& pieces, const std::string& text) {
    if (!pieces.empty() && pieces.back().hole < 0) pieces.back().text += text;
    else pieces.push_back({text, -1});
  }

  // One piece of text if there is one here. False: something else follows.
  bool piece(std::vector<Piece>& pieces) {
    switch (peek() & ~kMore) {
      case kText: append_text(pieces, text_value()); return true;
      case kCdata:
        ++at_;
        append_text(pieces, counted_text());
        return true;
      case kCharacter: {
        ++at_;
        const auto code = take<std::uint16_t>();
        std::uint8_t unit[2] = {static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(code >> 8)};
        append_text(pieces, plain_utf8(unit, 2));
        return true;
      }
      case kEntity: {
        ++at_;
        const std::string entity = name();
        append_text(pieces, entity == "amp"    ? "&"
                            : entity == "lt"   ? "<"
                            : entity == "gt"   ? ">"
                            : entity == "quot" ? "\""
                            : entity == "apos" ? "'"
                                               : "&" + entity + ";");
        return true;
      }
      case kHole:
      case kOptionalHole: {
        ++at_;
        const auto hole = take<std::uint16_t>();
        take<std::uint8_t>();  // the declared type; the value brings its own
        pieces.push_back({{}, hole});
        layout_.holes = std::max(layout_.holes, hole + 1u);
        return true;
      }
      case kInstructionTarget:
      case kInstructionData: skip_instruction(); return true;
      default: return false;
    }
  }

  struct Attribute {
    std::string name;
    std::vector<Piece> pieces;
  };

  void element(Area parent, const std::string& parent_path, std::size_t depth) {
    if (depth >= kDepth || layout_.steps.size() >= kSteps) {
      sound_ = false;
      return;
    }
    const bool has_attributes = (chunk_[at_++] & kMore) != 0;
    if (dependency_ids_) take<std::uint16_t>();
    take<std::uint32_t>();  // its size; the tokens say the same
    const std::string tag = name();
    std::vector<Attribute> attributes;
    if (has_attributes) {
      take<std::uint32_t>();
      while (sound_ && (peek() & ~kMore) == kAttribute) {
        ++at_;
        Attribute& attribute = attributes.emplace_back();
        attribute.name = name();
        while (sound_ && piece(attribute.pieces)) {
        }
      }
    }
    Area area = parent;
    std::string path = parent_path;
    if (parent == Area::root && tag != "Event") {
      area = tag == "System"      ? Area::system
             : tag == "EventData" ? Area::event_data
             : tag == "UserData"  ? Area::user_data
                                  : Area::other;
      path = area == Area::other ? tag : std::string();
    } else if (parent == Area::other && path.size() <= FieldNames::kNameBytes) {  // a longer one names no field
      path += "." + tag;
    }
    const bool container = parent == Area::root && area != Area::other;
    if (!container || tag == "EventData") add_attributes(area, tag, path, attributes, container);
    std::vector<Piece> pieces;
    bool children = false;
    if (peek() == kCloseEmpty) {
      ++at_;
    } else if (take<std::uint8_t>() == kCloseStart) {
      while (sound_ && at_ < end_ && peek() != kEndElement) {
        if ((peek() & ~kMore) == kOpen) {
          children = true;
          element(area, path, depth + 1);
        } else if (!piece(pieces)) {
          sound_ = false;
        }
      }
      take<std::uint8_t>();
    } else {
      sound_ = false;
    }
    if (sound_) add_content(area, tag, path, attributes, std::move(pieces), container, children);
  }

  void add_attributes(Area area, const std::string& tag, const std::string& path, std::vector<Attribute>& attributes,
                      bool container) {
    for (Attribute& attribute : attributes) {
      if (attribute.name.rfind("xmlns", 0) == 0) continue;
      if (is_data(area) && !container && tag == "Data" && attribute.name == "Name") continue;
      const std::string& prefix = area == Area::other ? path : tag;
      Step step;
      step.area = area;
      step.leaf = true;
      step.time_created = area == Area::system && tag == "TimeCreated" && attribute.name == "SystemTime";
      const std::string name = prefix + "_" + attribute.name;
      step.number = area == Area::system && is_system_number(name);
      step.id = names_.fields().add(name_in(area, name));
      add_step(step, attribute.pieces);
    }
  }

  void add_content(Area area, const std::string& tag, const std::string& path, const std::vector<Attribute>& attributes,
                   std::vector<Piece> pieces, bool container, bool children) {
    if (pieces.empty() && (!is_data(area) || container || children)) return;
    Step step;
    step.area = area;
    step.leaf = !container && !children;
    step.keep_null = is_data(area) && !container;
    step.number = area == Area::system && is_system_number(tag);
    if (is_data(area) && tag == "Data" && !container) {
      for (const Attribute& attribute : attributes) {
        if (attribute.name != "Name") continue;
        if (attribute.pieces.size() == 1 && attribute.pieces[0].hole < 0) {
          step.id = names_.fields().add(name_in(area, attribute.pieces[0].text));
        } else {
          step.name_first = static_cast<std::uint32_t>(layout_.pieces.size());
          step.name_count = static_cast<std::uint32_t>(attribute.pieces.size());
          layout_.pieces.insert(layout_.pieces.end(), attribute.pieces.begin(), attribute.pieces.end());
        }
      }
    }
    if (step.id == field::none && step.name_count == 0)
      step.id = names_.fields().add(area == Area::other ? path : name_in(area, tag));
    add_step(step, pieces);
  }

  void add_step(Step& step, std::vector<Piece>& pieces) {
    step.first = static_cast<std::uint32_t>(layout_.pieces.size());
    step.count = static_cast<std::uint32_t>(pieces.size());
    layout_.pieces.insert(layout_.pieces.end(), std::make_move_iterator(pieces.begin()),
                          std::make_move_iterator(pieces.end()));
    layout_.steps.push_back(step);
  }

  const std::uint8_t* chunk_;
  std::size_t at_;
  std::size_t end_;
  bool dependency_ids_;
  std::size_t text_left_;
  bool sound_ = true;
  ChunkNames& names_;
  Layout& layout_;
};

}  // namespace

std::string name_in(Area area, const std::string& name) {
  if (!is_data(area)) return name;
  return windows_data_name(area == Area::event_data ? DataPart::event_data : DataPart::user_data, name);
}

void ChunkNames::new_chunk(const std::uint8_t* chunk, std::size_t size) {
  chunk_ = chunk;
  size_ = size;
  decoded_.clear();
}

// u32 offset of the next name of the same hash, u16 hash, u16 characters, UTF-16LE, u16 NUL.
std::string_view ChunkNames::at(std::uint32_t offset, std::size_t& stored_bytes) {
  stored_bytes = 0;
  if (auto known = decoded_.find(offset); known != decoded_.end()) {
    stored_bytes = known->second.stored_bytes;
    return known->second.text;
  }
  if (offset > size_ || size_ - offset < 10) return {};
  std::uint16_t characters;
  std::memcpy(&characters, chunk_ + offset + 6, sizeof characters);
  const std::size_t bytes = 2 * std::size_t{characters};
  // Any offset may be taken for a name, so that long ones would overlap.
  if (characters > kNameCharacters || size_ - offset - 10 < bytes) return {};
  Name name{plain_utf8(chunk_ + offset + 8, bytes), 10 + bytes};
  stored_bytes = name.stored_bytes;
  return decoded_.emplace(offset, std::move(name)).first->second.text;
}

bool compile(const std::uint8_t* chunk, std::size_t at, std::size_t end, Area area, bool dependency_ids, ChunkNames& names,
             Layout& layout, std::size_t& stop) {
  Compiler compiler(chunk, at, end, dependency_ids, names, layout);
  const bool sound = compiler.fragment(area);
  stop = compiler.at();
  return sound;
}

}  // namespace logystera::parse::evtx
