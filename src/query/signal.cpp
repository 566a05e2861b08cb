#include "query/signal.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <utility>

#include "core/event.hpp"
#include "core/json_text.hpp"

namespace logystera::query {
namespace {

/// Values of labels as they are shown.
class Writer {
 public:
  Writer(SignalLabel& label, const Pseudonyms* pseudonyms) : label_(label), pseudonyms_(pseudonyms) {}

  void write(const rapidjson::Value& value) {
    JsonText json(JsonText::Reader::program);
    put(json, value);
    label_.json = json.take();
    if (label_.text.empty() && !value.IsString() && !value.IsArray()) label_.text = label_.json;
  }

 private:
  void put(JsonText& json, const rapidjson::Value& value) {
    if (value.IsArray()) {
      json.begin_array();
      for (const auto& item : value.GetArray()) put(json, item);
      json.end_array();
    } else if (value.IsString()) {
      const std::string text = shown(std::string_view(value.GetString(), value.GetStringLength()));
      json.string(text);
      label_.text += (label_.text.empty() ? "" : ", ") + text;
    } else if (label_.personal && pseudonyms_ && !value.IsNull() && !value.IsBool()) {
      // Numbers and objects nobody has described: as a whole.
      JsonText whole(JsonText::Reader::program);
      JsonCopy copy(whole);
      value.Accept(copy);
      const std::string text = shown(whole.text());
      json.string(text);
      label_.text += (label_.text.empty() ? "" : ", ") + text;
    } else {
      JsonCopy copy(json);
      value.Accept(copy);
    }
  }

  std::string shown(std::string_view text) {
    if (!label_.personal || !pseudonyms_ || text.empty()) return std::string(text);
    label_.hidden = true;
    const std::string_view prefix = label_.spec ? label_.spec->name : "value";
    return pseudonyms_->of(label_.spec && label_.spec->kind == LabelKind::ip ? "ip" : prefix, text);
  }

  SignalLabel& label_;
  const Pseudonyms* pseudonyms_;
};

const LabelSpec* spec_of(const SignalSpec* signal, std::string_view name) noexcept {
  if (!signal) return nullptr;
  const auto* end = signal->labels + signal->label_count;
  const auto* found = std::find_if(signal->labels, end, [&](const LabelSpec& one) { return one.name == name; });
  return found == end ? nullptr : found;
}

}  // namespace

std::string Pseudonyms::of(std::string_view prefix, std::string_view value) const {
  std::string message(prefix);
  message += '\0';
  message += value;
  return std::string(prefix) + "_" + to_hex(key_.digest(message)).substr(0, kPseudonymDigits);
}

Signal signal_of(store::EventRow event, const Pseudonyms* pseudonyms) {
  Signal signal;
  signal.event = std::move(event);
  signal.spec = catalogue::find(signal.event.type);
  EventView view;
  rapidjson::Document labels;
  if (read_event_line(signal.event.line, view) == LineFault::none) labels.Parse(view.labels.data(), view.labels.size());
  if (!labels.HasParseError() && labels.IsObject()) {
    for (const auto& member : labels.GetObject()) {
      SignalLabel label;
      label.name.assign(member.name.GetString(), member.name.GetStringLength());
      label.spec = spec_of(signal.spec, label.name);
      label.personal = !label.spec || label.spec->privacy == "personal";
      Writer(label, pseudonyms).write(member.value);
      signal.labels.push_back(std::move(label));
    }
  }
  if (pseudonyms) signal.event.line.clear();
  return signal;
}

std::string_view name_of(const Signal& signal) noexcept {
  return signal.spec ? signal.spec->name : "A signal this version does not know";
}

std::string_view severity_of(const Signal& signal) noexcept { return signal.spec ? signal.spec->severity : "info"; }

std::string uuid_text(const store::EventId& id) {
  const std::string hex = to_hex({reinterpret_cast<const char*>(id.data()), id.size()});
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
}

}  // namespace logystera::query
