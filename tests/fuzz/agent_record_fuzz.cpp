// A request that records events with labels of any names and values, the way the extension hands them over: every line that is
// kept is an event of the catalogue's, in its size, with its labels alone, each within its bound; what is planted does not come
// through; everything else is counted.
#include "agent/request.hpp"

#include <cstring>
#include <memory>

#include "core/path.hpp"
#include "fuzz/recorded.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

constexpr std::int64_t kNow = 1774211679;
constexpr std::string_view kSecret = "Hunter2Hunter2";

const SignalSet& signals() {
  static const SignalSet set = [] {
    SignalDeclaration every;
    every.type = "fuzz.kinds";
    every.cap = 200;
    for (const LabelKind kind :
         {LabelKind::string, LabelKind::integer, LabelKind::number, LabelKind::boolean, LabelKind::list, LabelKind::uid,
          LabelKind::path, LabelKind::ip, LabelKind::message, LabelKind::sql}) {
      every.labels.push_back({std::string(catalogue::name_of(kind)), kind, 0});
    }
    return std::move(SignalSet::build({every})).value();
  }();
  return set;
}

double real(std::string_view bytes) {
  double value = 0;
  std::memcpy(&value, bytes.data(), bytes.size() < sizeof value ? bytes.size() : sizeof value);
  return value;
}

std::int64_t whole(std::string_view bytes) {
  std::int64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size() < sizeof value ? bytes.size() : sizeof value);
  return value;
}

void give(EventWriter& event, const Label& label, Parts& parts) {
  const std::uint8_t what = parts.byte();
  switch (what % 8) {
    case 0: event.integer(label, whole(parts.bytes(8))); return;
    case 1: event.number(label, real(parts.bytes(8))); return;
    case 2: event.boolean(label, (what & 8) != 0); return;
    case 3: event.null(label); return;
    case 4: {
      if (label.kind != LabelKind::list) return event.unfit(label);
      event.open_list(label);
      for (int i = parts.byte(); i > 0; --i) {
        const std::uint8_t item = parts.byte();
        if (item % 4 == 0) event.skip_item();
        else if (item % 4 == 1 ? !event.item(whole(parts.bytes(8))) : !event.item(parts.bytes(item))) break;
      }
      event.close_list();
      return;
    }
    default: {
      // A text, once or many times over, with something planted behind it where the label's rule hides it.
      const std::string_view piece = parts.bytes(parts.byte());
      std::string text;
      for (int i = 1 << (what >> 4); i > 0; --i) text.append(piece);
      if (label.kind == LabelKind::message && text.size() < 512) text.append(" token=").append(kSecret).append(" ");
      event.text(label, text);
    }
  }
}

void look(std::string_view line, bool may_show) {
  const EventView view = check_recorded_line(line, signals(), kNow);
  require(may_show || view.labels.find(kSecret) == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Request request;
  static UuidSource uuids;
  LabelRules rules;
  rules.uid_key = HmacKey("a key of the site");
  Parts parts(data, size);
  const bool may_show = parts.rest().find(kSecret.substr(0, 4)) != std::string_view::npos;
  rules.anonymize_ip = (parts.byte() & 1) != 0;
  request.configure(limits::kEventsPerRequest, 0);
  std::uint64_t asked = 0, kept = 0;
  while (!parts.empty() && asked < 8) {
    ++asked;
    // Half of the events have labels of every kind.
    const std::uint8_t choice = parts.byte();
    const auto index = static_cast<std::uint16_t>((choice & 1) != 0 ? signals().size() - 1 : choice / 2 % signals().size());
    if (!request.admit(signals(), index, kNow)) continue;
    const Signal& signal = signals().at(index);
    EventWriter event(request, signal, index, rules, uuids, kNow);
    std::uint64_t given = 0;  // a label comes once: PHP hands over the keys of an array
    for (int i = parts.byte() % 32; i > 0 && event.ok() && !parts.empty(); --i) {
      const std::uint8_t name = parts.byte();
      const Label* label = nullptr;
      if (name < 192 && !signal.labels.empty()) {
        const std::size_t place = name % signal.labels.size();
        if ((given >> place & 1) != 0) continue;
        given |= std::uint64_t{1} << place;
        label = event.label(signal.labels[place].name());
        require(label != nullptr);
      } else {
        label = event.label(parts.bytes(name - 150u));
        if (label != nullptr) continue;
      }
      if (label != nullptr) give(event, *label, parts);
    }
    kept += event.finish() ? 1 : 0;
  }
  std::uint64_t dropped = 0;
  for (const DropCount& drop : request.drops()) dropped += drop.count;
  require(kept + dropped == asked && request.counts().recorded == kept && request.pending_events() == kept);
  std::string_view lines = request.arena().lines();
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    require(end != std::string_view::npos && kept-- > 0);
    look(lines.substr(0, end), may_show);
    lines.remove_prefix(end + 1);
  }
  require(kept == 0);
  request.reset();
  return 0;
}
