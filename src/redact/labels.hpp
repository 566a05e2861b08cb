// What may be shown of the names of fields. A name comes from the log as values do, and maps are keyed by persons:
// by_ip.203.0.113.9, users.ann@example.com. Names are numbered once for the whole run (core/record.hpp), so they are redacted
// where they are written out, once each; the records keep the numbers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/record.hpp"
#include "redact/redactor.hpp"

namespace logystera::redact {

/// What is personal in the name of a field, in order, without overlaps: findings as in any text, in the name as in each of the
/// keys its dots join, and four octets in a longer
/// run of numbers (a map of addresses in a map of numbers: 5.203.0.113.9), the last four of it.
void find_in_name(Finder& finder, std::string_view name, std::vector<Hit>& hits);

/// The names of one table as they are shown. Safe for concurrent use.
class FieldLabels {
 public:
  struct Label {
    std::string text;
    FieldId first;  // the first field asked about that is shown so: two whose labels are the same are one to the reader
  };

  /// `names` must outlive it.
  FieldLabels(const FieldNames& names, Options options);
  FieldLabels(const FieldLabels&) = delete;
  FieldLabels& operator=(const FieldLabels&) = delete;

  /// The label of a field, valid as long as this. The empty label for `field::none`.
  const Label& label(FieldId field) const {
    const Page* page = pages_[field / kPageLabels].load(std::memory_order_acquire);
    const Label* known = page ? (*page)[field % kPageLabels].load(std::memory_order_acquire) : nullptr;
    return known ? *known : find(field);
  }

 private:
  // By field number, in pages made when one of their fields is first shown: most logs need one of the 256.
  static constexpr std::size_t kPageLabels = 256;
  static constexpr std::size_t kPages = (std::size_t{std::numeric_limits<FieldId>::max()} + 1) / kPageLabels;
  using Page = std::array<std::atomic<const Label*>, kPageLabels>;

  const Label& find(FieldId field) const;

  const FieldNames& names_;
  const Options options_;
  mutable std::mutex mutex_;
  mutable Finder finder_;
  mutable std::optional<Redactor> redactor_;  // made for the first name that has findings: few logs have one
  mutable std::deque<Label> labels_;
  mutable std::unordered_map<std::string_view, FieldId> firsts_;
  mutable std::deque<Page> owned_pages_;
  mutable std::array<std::atomic<Page*>, kPages> pages_{};
};

}  // namespace logystera::redact
