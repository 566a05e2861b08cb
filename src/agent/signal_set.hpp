// The signals one recorder knows: the catalogue plus those other modules declare, and which of them are switched on.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bounded_text.hpp"
#include "core/catalogue.hpp"
#include "core/limits.hpp"
#include "core/result.hpp"

namespace logystera::agent {

/// memcmp for names, most of them 4 to 16 bytes long, without the call.
inline bool equal_names(const char* a, const char* b, std::size_t size) noexcept {
  const auto differ8 = [&](std::size_t at) {
    std::uint64_t x, y;
    std::memcpy(&x, a + at, sizeof x);
    std::memcpy(&y, b + at, sizeof y);
    return x ^ y;
  };
  const auto differ4 = [&](std::size_t at) {
    std::uint32_t x, y;
    std::memcpy(&x, a + at, sizeof x);
    std::memcpy(&y, b + at, sizeof y);
    return x ^ y;
  };
  if (size > 16) return std::memcmp(a, b, size) == 0;
  if (size >= 8) return (differ8(0) | differ8(size - 8)) == 0;
  if (size >= 4) return (differ4(0) | differ4(size - 4)) == 0;
  return size == 0 || (a[0] == b[0] && a[size - 1] == b[size - 1] && a[size / 2] == b[size / 2]);
}

/// A label with the JSON it starts with: `,"name":`, padded for one block copy.
struct Label {
  static constexpr std::size_t kFrame = 4;  // the comma, two quotes and the colon around the name
  std::array<char, limits::kLabelNameBytes + kFrame + BoundedWriter::kPadding> fragment{};
  std::uint8_t fragment_size = 0;
  LabelKind kind = LabelKind::string;
  std::uint16_t max_chars = 0;

  std::string_view name() const noexcept { return {fragment.data() + 2, fragment_size - kFrame}; }
  bool is(std::string_view other) const noexcept {
    return other.size() + kFrame == fragment_size && equal_names(fragment.data() + 2, other.data(), other.size());
  }
};

struct Signal {
  std::string type;
  std::string config_key;  // "signals.config_save"; empty: no setting switches it
  std::string opening;     // {"event_type":"…","created_at":
  std::uint16_t cap = 0;
  bool custom = false;
  std::vector<Label> labels;
};

/// A signal another module declares (Recorder option `signals`).
struct SignalDeclaration {
  struct DeclaredLabel {
    std::string name;
    LabelKind kind = LabelKind::string;
    std::uint16_t max_chars = 0;  // 0: the general bound
  };
  std::string type;
  std::string config_key;  // "group.key", or empty
  bool on_by_default = true;
  std::uint16_t cap = 0;
  std::vector<DeclaredLabel> labels;
};

/// Immutable once built; built once per configuration and kept by the process, never per request.
class SignalSet {
 public:
  static constexpr std::uint16_t kUnknown = 0xffff;

  /// The catalogue and the declarations, each with its default. An error names the type and what is wrong.
  static Result<SignalSet> build(const std::vector<SignalDeclaration>& declarations);

  /// Replaces the set of types that are on. Types it does not know are left out and their number returned.
  std::size_t enable_only(const std::vector<std::string_view>& types) noexcept;

  /// What a setting says to a configuration key; nothing where it is not set.
  using Toggle = std::function<std::optional<bool>(std::string_view config_key)>;

  /// Switches each signal as the setting of its key says; one without a key, or whose key is not set, stays as it is.
  void enable_by(const Toggle& toggle);

  std::uint16_t find(std::string_view type) const noexcept;
  bool enabled(std::uint16_t index) const noexcept { return enabled_[index]; }
  const Signal& at(std::uint16_t index) const noexcept { return signals_[index]; }
  std::size_t size() const noexcept { return signals_.size(); }

 private:
  static constexpr std::size_t kSlots = 1024;  // at most a quarter full
  static std::size_t slot_of(std::string_view type) noexcept;
  void add(Signal signal, std::string_view config_key, bool on);
  void index();

  std::vector<Signal> signals_;
  std::bitset<limits::kSignals> enabled_;
  std::array<std::uint16_t, kSlots> slots_{};  // index + 1; 0 is empty
};

}  // namespace logystera::agent
