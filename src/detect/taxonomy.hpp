// What Sigma's log sources and field names mean in our records: "windows/process_creation" is Sysmon's event 1 or the
// Security channel's 4688, where `Image` is called `NewProcessName`; `cs-uri-query` is the request target of an access log.
// Sources: Sigma taxonomy appendix 2.1.0, field names as core/record.hpp gives them.
#pragma once

#include <string>
#include <string_view>

#include "detect/rule.hpp"

namespace logystera::detect {

/// The records a Sigma log source stands for. One we have no reading of keeps its name and no choices: its rules apply to
/// sources the user declares to be of it (`--logsource product=aws,service=cloudtrail`).
Scope scope_of(const Logsource& logsource);

/// Where a field of a rule for that log source is found, most specific place first.
Subject subject_of(const Logsource& logsource, std::string_view field);

/// A field that exists in no record but can be said by another: `c-uri-extension: php` is a path that ends in `.php`.
struct DerivedField {
  std::string_view written;
  std::string_view base;    // field to look at instead
  std::string_view prefix;  // what stands before the value there, the value being the end
};
const DerivedField* derived_field(const Logsource& logsource, std::string_view field) noexcept;

/// Where a native rule's field is found: `message`, `raw`, `host`, `source`, `format`, `kind`, `severity`, `time`, or any
/// field's name. A field that is itself called one of these is written with a dot before it: `.source`.
Subject native_subject(std::string_view field);

/// The kind of that name, or -1.
int record_kind_from(std::string_view name) noexcept;

}  // namespace logystera::detect
