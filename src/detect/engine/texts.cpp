// A record's texts, folded once each however many rules ask.
#include <cstdio>
#include <cstring>

#include "core/bounded_text.hpp"
#include "core/clock.hpp"
#include "detect/engine/state.hpp"
#include "detect/text.hpp"

namespace logystera::detect {

std::string_view Session::State::fold_copy(std::string_view text) {
  if (text.empty()) return {};
  char* const out = arena.allocate(text.size());
  constexpr std::uint64_t kBeyondAscii = 0x8080808080808080;
  std::uint64_t bits = 0;
  // A block of known size at a time: compilers make a few vector instructions of it.
  constexpr std::size_t kBlock = 32;
  const auto lower = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return static_cast<char>(byte + (static_cast<unsigned char>(byte - 'A') < 26 ? 32 : 0));
  };
  std::size_t at = 0;
  for (; at + kBlock <= text.size(); at += kBlock) {
    LOGYSTERA_UNINITIALIZED char block[kBlock];
    std::memcpy(block, text.data() + at, kBlock);
    std::uint64_t words[kBlock / sizeof(std::uint64_t)];
    std::memcpy(words, block, kBlock);
    for (std::uint64_t word : words) bits |= word;
    for (char& c : block) c = lower(c);
    std::memcpy(out + at, block, kBlock);
  }
  for (; at < text.size(); ++at) {
    bits |= static_cast<unsigned char>(text[at]);
    out[at] = lower(text[at]);
  }
  if ((bits & kBeyondAscii) == 0 || !folds_beyond_ascii(text)) return {out, text.size()};
  char* const wider = arena.allocate(folded_room(text.size()));
  return {wider, static_cast<std::size_t>(fold_into(text, wider) - wider)};
}

std::string_view Session::State::folded_value(std::uint32_t index) {
  if (folded_epoch[index] != epoch) {
    folded_epoch[index] = epoch;
    const std::string_view text = record->fields[index].text();
    // Most fields are parts of the raw line, which is folded once.
    folded_values[index] =
        folded_with_raw(text) && !text.empty()
            ? folded_part(Part::raw).substr(static_cast<std::size_t>(text.data() - record->raw.data()), text.size())
            : fold_copy(text);
  }
  return folded_values[index];
}

std::string_view Session::State::part_text(Part part) {
  switch (part) {
    case Part::message: return record->message;
    case Part::raw: return record->raw;
    case Part::source: return record->source;
    case Part::host: return record->host;
    case Part::format: return record->format;
    case Part::kind: return record_kind_name(record->kind);
    case Part::severity: return severity_name(record->severity);
    case Part::time: {
      if (!record->time_known || !time_view.empty()) return time_view;
      const CivilTime time = civil_of(record->time_ns);
      std::int64_t second = record->time_ns / kSecondNs % 60;
      if (second < 0) second += 60;
      const int size = std::snprintf(time_text, sizeof time_text, "%04d-%02d-%02dT%02d:%02d:%02dZ", time.year, time.month,
                                     time.day, time.hour, time.minute, static_cast<int>(second));
      time_view = {time_text, static_cast<std::size_t>(size)};
      return time_view;
    }
    case Part::field:
    case Part::anywhere: break;
  }
  return {};
}

std::string_view Session::State::folded_part(Part part) {
  const auto index = static_cast<std::size_t>(part);
  if (folded_part_epoch[index] != epoch) {
    folded_part_epoch[index] = epoch;
    folded_parts[index] = fold_copy(part_text(part));
  }
  return folded_parts[index];
}

}  // namespace logystera::detect
