// What a window reads out of a record: a subject of its rule, with field names looked up once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "detect/rule.hpp"

namespace logystera::detect {

/// A subject with its field names resolved, in the order of its places. `subject` and `names` must outlive it.
class SubjectReader {
 public:
  SubjectReader(const Subject& subject, const FieldNames& names);

  const Subject& subject() const noexcept { return *subject_; }
  const std::vector<FieldId>& ids() const noexcept { return ids_; }

  /// The text a record has for the subject, and the value it is of if that is a field; false if there is none.
  bool read(const Record& record, std::string_view& text, const Value** value);

 private:
  void refresh();
  bool text_of(const Record& record, std::string_view& text, const Value** value) const;

  const Subject* subject_;
  const FieldNames* names_;
  std::vector<FieldId> ids_;
  std::size_t known_names_ = 0;  // how many there were when the ids were looked up last
};

/// Whether the value is a dotted quad, be it typed or a text: one address is one group whatever told of it.
bool is_ipv4(const Value& value, std::uint32_t& out) noexcept;

}  // namespace logystera::detect
