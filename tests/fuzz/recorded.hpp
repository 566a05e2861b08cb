// What holds of every line a request recorded, whatever it was made from.
#pragma once

#include "agent/signal_set.hpp"
#include "core/event.hpp"
#include "fuzz/core_oracle.hpp"

namespace logystera::test {

/// An event of one of `signals`, of the time `now`, with that signal's labels alone, each within its bound; aborts otherwise.
inline EventView check_recorded_line(std::string_view line, const agent::SignalSet& signals, std::int64_t now) {
  require(line.size() < limits::kEventBytes);
  EventView view;
  require(read_event_line(line, view) == LineFault::none);
  require(view.created_at == now);
  const std::uint16_t index = signals.find(view.type);
  require(index != agent::SignalSet::kUnknown);
  rapidjson::Document labels;
  labels.Parse<rapidjson::kParseIterativeFlag>(view.labels.data(), view.labels.size());
  require(!labels.HasParseError() && labels.IsObject());
  for (const auto& member : labels.GetObject()) {
    const std::string_view name(member.name.GetString(), member.name.GetStringLength());
    const agent::Label* known = nullptr;
    for (const agent::Label& label : signals.at(index).labels) known = label.is(name) ? &label : known;
    require(known != nullptr);
    if (member.value.IsArray()) {
      require(known->kind == LabelKind::list && member.value.Size() <= limits::kListItems);
      for (const auto& item : member.value.GetArray()) {
        require(item.IsString() && item.GetStringLength() <= limits::kStringBytes);
      }
    } else if (member.value.IsString()) {
      const std::string_view text(member.value.GetString(), member.value.GetStringLength());
      std::size_t characters = 0;
      for (const char c : text) characters += (c & 0xc0) != 0x80 ? 1 : 0;
      require(known->max_chars != 0 && known->kind != LabelKind::path ? characters <= known->max_chars
                                                                      : text.size() <= limits::kStringBytes);
    } else {
      require(!member.value.IsObject());
    }
  }
  return view;
}

}  // namespace logystera::test
