#include "redact/field_traits.hpp"

#include "redact/bytes.hpp"
#include "redact/grammar.hpp"
#include "redact/labels.hpp"

namespace logystera::redact {
namespace {

bool ends_with_word(std::string_view name, std::string_view word) noexcept {
  return name.size() >= word.size() && has_word(name, name.size() - word.size(), word);
}

bool contains_word(std::string_view name, std::string_view word) noexcept {
  for (std::size_t i = 0; i + word.size() <= name.size(); ++i)
    if (has_word(name, i, word)) return true;
  return false;
}

}  // namespace

FieldTrait trait_of(std::string_view name) noexcept {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  if (contains_word(name, "user_agent") || contains_word(name, "useragent") || contains_word(name, "user-agent"))
    return FieldTrait::user_agent;
  if (ends_with_word(last, "version")) return FieldTrait::version;
  if (is_secret_name(last)) return ends_with_word(last, "token") ? FieldTrait::secret_text : FieldTrait::secret;
  if (contains_word(last, "phone") || contains_word(last, "mobile") || contains_word(last, "msisdn") ||
      contains_word(last, "telefon") || (last.size() <= 4 && (contains_word(last, "tel") || contains_word(last, "fax"))))
    return FieldTrait::phone;
  return FieldTrait::text;
}

FieldTraits::Entry FieldTraits::find(FieldId field, const FieldNames& names, Finder& finder) {
  if (field >= entries_.size()) entries_.resize(std::size_t{field} + 1);
  const std::string_view name = names.name(field);
  find_in_name(finder, name, hits_);
  return entries_[field] = {trait_of(name), !hits_.empty()};
}

}  // namespace logystera::redact
