// A stored signal as people and programs may see it: its labels in their order, with what the catalogue says of each, and without
// personal data unless somebody who may see it asks for it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.hpp"
#include "core/hmac.hpp"
#include "store/event_store.hpp"

namespace logystera::query {

inline constexpr std::size_t kPseudonymDigits = 8;

/// What stands for personal data: "ip_8390373f". The same value has the same one for as long as the key is the same.
class Pseudonyms {
 public:
  explicit Pseudonyms(std::string_view key) : key_(key) {}
  std::string of(std::string_view prefix, std::string_view value) const;

 private:
  HmacKey key_;
};

struct SignalLabel {
  std::string name;
  std::string json;                 // its value
  std::string text;                 // for people: strings without their quotes, lists with commas
  const LabelSpec* spec = nullptr;  // none: the catalogue does not know it
  bool personal = false;            // there is something to hide about it
  bool hidden = false;              // a pseudonym stands for it
};

struct Signal {
  store::EventRow event;             // its line is empty unless personal data is shown
  const SignalSpec* spec = nullptr;  // none: the catalogue does not know the type
  std::vector<SignalLabel> labels;
};

/// `pseudonyms` null: personal data is shown. A label the catalogue does not know counts as personal.
Signal signal_of(store::EventRow event, const Pseudonyms* pseudonyms);

/// A catalogue's severity ("critical") or, of a type that is not in it, "info".
std::string_view severity_of(const Signal& signal) noexcept;

/// "Failed login"; of a type that is not in the catalogue, that this version does not know it.
std::string_view name_of(const Signal& signal) noexcept;

/// "8f14e45f-…" of the 16 bytes.
std::string uuid_text(const store::EventId& id);

}  // namespace logystera::query
