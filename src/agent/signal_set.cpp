#include "agent/signal_set.hpp"

#include <algorithm>
#include <cstring>

namespace logystera::agent {
namespace {

bool is_name(std::string_view text, std::size_t limit, bool dotted) {
  if (text.empty() || text.size() > limit || text.front() < 'a' || text.front() > 'z') return false;
  bool dot = false;
  for (const char c : text) {
    if (c == '.') dot = true;
    else if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return dot == dotted;
}

Label make_label(std::string_view name, LabelKind kind, std::uint16_t max_chars) {
  Label label;
  const std::string fragment = ",\"" + std::string(name) + "\":";
  std::copy(fragment.begin(), fragment.end(), label.fragment.begin());
  label.fragment_size = static_cast<std::uint8_t>(fragment.size());
  label.kind = kind;
  label.max_chars = max_chars;
  return label;
}

Signal make_signal(std::string_view type, std::uint16_t cap, bool custom) {
  Signal signal;
  signal.type = type;
  signal.opening = "{\"event_type\":\"" + signal.type + "\",\"created_at\":";
  signal.cap = cap;
  signal.custom = custom;
  return signal;
}

}  // namespace

Result<SignalSet> SignalSet::build(const std::vector<SignalDeclaration>& declarations) {
  SignalSet set;
  for (const SignalSpec& spec : catalogue::all()) {
    Signal signal = make_signal(spec.type, spec.cap, false);
    for (const LabelSpec* label = spec.labels; label != spec.labels + spec.label_count; ++label) {
      signal.labels.push_back(make_label(label->name, label->kind, label->max_chars));
    }
    set.add(std::move(signal), spec.config_key, spec.on_by_default);
  }
  for (const SignalDeclaration& declared : declarations) {
    const auto wrong = [&](const std::string& what) {
      return Error{"signal '" + declared.type + "': " + what, ErrorKind::invalid};
    };
    if (!is_name(declared.type, limits::kTypeNameBytes, true)) {
      return wrong("a type is group.name in lower case, at most " + std::to_string(limits::kTypeNameBytes) + " bytes");
    }
    if (std::any_of(set.signals_.begin(), set.signals_.end(), [&](const Signal& s) { return s.type == declared.type; })) {
      return wrong("is declared already");
    }
    if (declared.cap == 0 || declared.cap > limits::kEventsPerRequest) return wrong("cap must be 1 to 200");
    if (declared.labels.size() > limits::kLabelsPerSignal) return wrong("has more than 24 labels");
    if (set.signals_.size() == limits::kSignals) return wrong("is one too many: at most 256 signals in all");
    Signal signal = make_signal(declared.type, declared.cap, true);
    for (const SignalDeclaration::DeclaredLabel& label : declared.labels) {
      if (!is_name(label.name, limits::kLabelNameBytes, false)) {
        return wrong("label '" + label.name + "' is not lower_snake_case");
      }
      signal.labels.push_back(make_label(label.name, label.kind, label.max_chars));
    }
    set.add(std::move(signal), declared.config_key, declared.on_by_default);
  }
  set.index();
  return set;
}

void SignalSet::add(Signal signal, std::string_view config_key, bool on) {
  signal.config_key = config_key;
  enabled_[signals_.size()] = on;
  signals_.push_back(std::move(signal));
}

void SignalSet::enable_by(const Toggle& toggle) {
  for (std::size_t i = 0; i < signals_.size(); ++i) {
    if (signals_[i].config_key.empty()) continue;
    if (const std::optional<bool> on = toggle(signals_[i].config_key)) enabled_[i] = *on;
  }
}

std::size_t SignalSet::slot_of(std::string_view type) noexcept {
  // Types differ in length, first letter and around the dot; these bytes tell them apart without reading the whole name.
  const std::size_t size = type.size();
  const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(type[i])); };
  return (size * 131 + at(0) * 7 + at(size / 2) * 31 + at(size - 1) * 61 + at(size * 3 / 4) * 17) % kSlots;
}

void SignalSet::index() {
  slots_.fill(0);
  for (std::size_t i = 0; i < signals_.size(); ++i) {
    std::size_t slot = slot_of(signals_[i].type);
    while (slots_[slot] != 0) slot = (slot + 1) % kSlots;
    slots_[slot] = static_cast<std::uint16_t>(i + 1);
  }
}

std::uint16_t SignalSet::find(std::string_view type) const noexcept {
  if (type.empty()) return kUnknown;
  for (std::size_t slot = slot_of(type); slots_[slot] != 0; slot = (slot + 1) % kSlots) {
    const auto index = static_cast<std::uint16_t>(slots_[slot] - 1);
    const std::string& known = signals_[index].type;
    if (known.size() == type.size() && std::memcmp(known.data(), type.data(), type.size()) == 0) return index;
  }
  return kUnknown;
}

std::size_t SignalSet::enable_only(const std::vector<std::string_view>& types) noexcept {
  enabled_.reset();
  std::size_t unknown = 0;
  for (const std::string_view type : types) {
    const std::uint16_t index = find(type);
    if (index == kUnknown) ++unknown;
    else enabled_[index] = true;
  }
  return unknown;
}

}  // namespace logystera::agent
