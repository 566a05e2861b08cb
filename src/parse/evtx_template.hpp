// EVTX's binary XML, compiled. A template is an XML document with holes; thousands of events fill the same one. So each is
// walked once per chunk and lowered to a list of steps "field F is hole N"; an event is then a loop over those steps. No XML
// is ever built.
//
// Field names: below System an element gives its name (EventID, Channel), its attributes Element_Attribute (Provider_Name,
// TimeCreated_SystemTime); below EventData and UserData a <Data Name="X"> gives X, any other leaf its own name, but for those
// that are System's (windows_data_name()). Other children of Event (RenderingInfo) give dotted paths.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/record.hpp"

namespace logystera::parse::evtx {

inline constexpr std::size_t kChunkBytes = 65'536;

/// Where in an event an element stands.
enum class Area : std::uint8_t { root, system, event_data, user_data, other };

inline bool is_data(Area area) noexcept { return area == Area::event_data || area == Area::user_data; }
/// The field of a name in that area: outside EventData and UserData, the name.
std::string name_in(Area area, const std::string& name);

/// A piece of an element's or attribute's text.
struct Piece {
  std::string text;        // when hole < 0: literal, UTF-8
  std::int32_t hole = -1;  // else the number of the value that goes here
};

/// One field to be filled, or a place where nested binary XML may stand.
struct Step {
  Area area = Area::root;
  bool leaf = false;                             // false: only nested binary XML is of interest here
  bool keep_null = false;                        // a null value is a field too (data), or none (system)
  bool time_created = false;                     // System's TimeCreated/@SystemTime
  bool number = false;                           // a number also where an event writes it as text (System's)
  FieldId id = field::none;                      // none: the name is put together from `name_*`
  std::uint32_t first = 0, count = 0;            // the value's pieces
  std::uint32_t name_first = 0, name_count = 0;  // a dynamic name's pieces
};

struct Layout {
  std::vector<Step> steps;
  std::vector<Piece> pieces;
  std::uint32_t holes = 0;  // highest hole number used, plus one
};

/// The names of one chunk, decoded once. They lie anywhere in the chunk and are referred to by offset.
class ChunkNames {
 public:
  explicit ChunkNames(FieldNames& names) : names_(names) {}
  void new_chunk(const std::uint8_t* chunk, std::size_t size);

  /// The name at `offset`; empty if there is none. `stored_bytes` is what it takes there.
  std::string_view at(std::uint32_t offset, std::size_t& stored_bytes);
  FieldNames& fields() { return names_; }

 private:
  struct Name {
    std::string text;
    std::size_t stored_bytes;
  };
  FieldNames& names_;
  const std::uint8_t* chunk_ = nullptr;
  std::size_t size_ = 0;
  std::unordered_map<std::uint32_t, Name> decoded_;
};

/// Compiles the elements at [at, end) of the chunk. `dependency_ids`: whether elements carry one; they do in template
/// definitions and nowhere else. False when the bytes are not sound; `layout` then holds what came before. `stop` is where it
/// ended: `end` behind the token that ends a fragment, since what follows that is padding, and not always zeros.
bool compile(const std::uint8_t* chunk, std::size_t at, std::size_t end, Area area, bool dependency_ids, ChunkNames& names,
             Layout& layout, std::size_t& stop);

}  // namespace logystera::parse::evtx
