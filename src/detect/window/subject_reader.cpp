#include "detect/window/subject_reader.hpp"

#include <algorithm>

namespace logystera::detect {

SubjectReader::SubjectReader(const Subject& subject, const FieldNames& names)
    : subject_(&subject), names_(&names), known_names_(names.size()) {
  for (const Place& place : subject.places)
    if (place.part == Part::field) ids_.push_back(names.find(place.name));
}

// Fields a parser meets later get their number then.
void SubjectReader::refresh() {
  const std::size_t known = names_->size();
  if (known == known_names_) return;
  known_names_ = known;
  std::size_t field = 0;
  for (const Place& place : subject_->places) {
    if (place.part != Part::field) continue;
    FieldId& id = ids_[field++];
    if (id == field::none) id = names_->find(place.name);
  }
}

bool SubjectReader::read(const Record& record, std::string_view& text, const Value** value) {
  if (std::find(ids_.begin(), ids_.end(), static_cast<FieldId>(field::none)) != ids_.end()) refresh();
  return text_of(record, text, value);
}

bool SubjectReader::text_of(const Record& record, std::string_view& out, const Value** value) const {
  *value = nullptr;
  std::size_t field = 0;
  for (const Place& place : subject_->places) {
    std::string_view text;
    switch (place.part) {
      case Part::field: {
        const Value* found = record.find(ids_[field++]);
        if (!found || found->kind == Value::Kind::null) continue;
        *value = found;
        out = found->text();
        return true;
      }
      case Part::message: text = record.message; break;
      case Part::raw: text = record.raw; break;
      case Part::source: text = record.source; break;
      case Part::host: text = record.host; break;
      case Part::format: text = record.format; break;
      case Part::kind: text = record_kind_name(record.kind); break;
      case Part::severity: text = severity_name(record.severity); break;
      case Part::time:
      case Part::anywhere: continue;
    }
    if (text.empty()) continue;
    out = text;
    return true;
  }
  return false;
}

bool is_ipv4(const Value& value, std::uint32_t& out) noexcept {
  if (value.kind == Value::Kind::ip && value.ip_is_v4) {
    out = value.as.ipv4;
    return true;
  }
  constexpr std::size_t kLeast = 7, kMost = 15;
  const std::string_view text = value.text();
  if (value.kind != Value::Kind::string || text.size() < kLeast || text.size() > kMost || text[0] < '0' || text[0] > '9')
    return false;
  IpAddress address;
  if (text.find(':') != std::string_view::npos || !parse_ip(text, address)) return false;
  out = 0;
  for (std::size_t i = 12; i < sizeof address.bytes; ++i) out = out << 8 | address.bytes[i];
  return true;
}

}  // namespace logystera::detect
