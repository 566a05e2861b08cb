// What rules on signals know of a site beyond the signal itself. Before a server matches signals it adds these fields to each:
//
//   entity          the site's name
//   local_hour      0 to 23, of the signal's time in the site's time zone
//   local_weekday   1 (Monday) to 7 (Sunday), likewise
//   admin           true or false: whether `roles` holds one of the site's administrative roles; only where there are `roles`
//   client_network  the network of client_ip: its /24, or /48 of IPv6; only where client_ip is an address
//   permissions_added_count, permissions_removed_count   how many items the list of that name has; only where there is one
//
// What a sender says under one of these names is dropped.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/record.hpp"

namespace logystera::detect {

class SignalContext {
 public:
  /// Seconds east of UTC at a time in Unix seconds.
  using OffsetAt = std::function<std::int64_t(std::int64_t unix_seconds)>;

  struct Site {
    std::string entity;
    OffsetAt offset_at;                                        // null: UTC
    std::vector<std::string> administrative{"administrator"};  // roles' machine names
  };

  /// Adds the fields' names to `names`, which number the records' fields.
  SignalContext(Site site, FieldNames& names);

  /// Adds the fields to every signal of the batch; records of other kinds are left as they are.
  void add_to(RecordBatch& batch) const;
  /// To one record of the batch.
  void add_to(Record& record, RecordBatch& batch) const;
  const std::string& entity() const noexcept { return site_.entity; }

 private:
  bool own(FieldId id) const noexcept;
  void add_time(const Record& record, RecordBatch& batch) const;
  void add_network(const Record& record, RecordBatch& batch) const;

  Site site_;
  FieldId entity_, local_hour_, local_weekday_, admin_, client_network_, roles_;
  struct Counted {
    FieldId list, count;
  };
  std::array<Counted, 2> counted_;
};

}  // namespace logystera::detect
