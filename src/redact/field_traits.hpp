// What a field may hold, as far as its name says: user_agent, php_version, contact.phone, db_password.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "redact/finder.hpp"
#include "redact/kind.hpp"

namespace logystera::redact {

enum class FieldTrait : std::uint8_t {
  unknown,  // its name has not been looked at yet
  text,     // anything
  user_agent,
  version,
  phone,
  secret,       // a secret, whatever type its value has
  secret_text,  // a secret if it is a string: a number is a count of tokens
};

/// What is searched for in the text of such a field.
constexpr Context context_of(FieldTrait trait) noexcept {
  switch (trait) {
    case FieldTrait::user_agent: return Context::user_agent;
    case FieldTrait::version: return Context::version;
    case FieldTrait::phone: return Context::phone;
    case FieldTrait::unknown:
    case FieldTrait::text:
    case FieldTrait::secret:
    case FieldTrait::secret_text: break;
  }
  return Context::text;
}

/// What a field of that name may hold.
FieldTrait trait_of(std::string_view name) noexcept;

/// The traits of one table's fields, each found when first asked for.
class FieldTraits {
 public:
  struct Entry {
    FieldTrait trait = FieldTrait::unknown;
    bool personal_name = false;  // the name itself has findings
  };

  /// `finder` is used if the field is new.
  Entry of(FieldId field, const FieldNames& names, Finder& finder) {
    return field < entries_.size() && entries_[field].trait != FieldTrait::unknown ? entries_[field]
                                                                                   : find(field, names, finder);
  }

 private:
  Entry find(FieldId field, const FieldNames& names, Finder& finder);

  std::vector<Entry> entries_;  // by field number
  std::vector<Hit> hits_;       // scratch
};

}  // namespace logystera::redact
