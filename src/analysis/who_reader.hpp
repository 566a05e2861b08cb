// Reads out of a record that made a rule fire who did it, to what, and how that ended (store/who.hpp). It is asked about findings
// alone, so it costs a line that no rule fires for nothing. Records are redacted before: it sees pseudonyms.
#pragma once

#include <array>
#include <cstddef>

#include "core/record.hpp"
#include "detect/rule.hpp"
#include "store/who.hpp"

namespace logystera::analysis {

/// One a thread. `names` must outlive it, and may grow.
class WhoReader {
 public:
  explicit WhoReader(const FieldNames& names);

  /// Of a detection: what the record says. Of a window: the address or the account it counts by, and what the record that made it fire
  /// says of that one; nothing of a window that counts all alike, whose last record is nobody in particular.
  store::Who read(const detect::Rule& rule, const Record& record);

  static constexpr std::size_t kNames = 25;

 private:
  void refresh();

  const FieldNames& names_;
  std::size_t known_names_ = 0;            // how many there were when the numbers were looked up last
  std::array<FieldId, kNames> numbers_{};  // of the names in who_reader.cpp
};

}  // namespace logystera::analysis
