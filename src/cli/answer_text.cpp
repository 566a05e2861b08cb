#include "cli/answer_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "cli/shortened.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/printable.hpp"

namespace logystera::cli {
namespace {

using store::Episode;

constexpr std::size_t kEntryIndent = 2;
constexpr std::size_t kLevelColumns = 9;                                // "CRITICAL "
constexpr std::size_t kIncidentLines = 2, kIncidentLinesMost = 3;       // the most where there is room
constexpr std::size_t kIncidentLinesNarrow = 4;                         // on a screen of less than kNarrowColumns
constexpr std::size_t kOperationLines = 3;                              // where there is room
constexpr std::size_t kErrorLinesLeast = 5, kOperationsLinesLeast = 4;  // with their headings
constexpr std::size_t kOnlySourceColumns = 32;
constexpr std::size_t kSourceShare = 8,
                      kSourceColumns = 16;  // of a line's columns, for the name of a source; at least so many
constexpr std::size_t kAccountShare = 3;
constexpr std::size_t kTargetColumns = 24, kTargetColumnsLeast = 12;  // a longer one is shortened to make room
constexpr std::size_t kNarrowColumns = 64;
constexpr std::size_t kDayBytes = 10;  // "2026-05-18"

std::string time_text(const Style& style, std::int64_t seconds) { return time_in(style.zone, true, seconds * kSecondNs); }

// "2026-05-18 10:00:01 to 10:05:00"
std::string span_text(const Style& style, std::int64_t first, std::int64_t last) {
  std::string from = time_text(style, first), to = time_text(style, last);
  if (from == to) return from;
  const bool one_day = from.size() > kDayBytes && from.compare(0, kDayBytes, to, 0, kDayBytes) == 0;
  return from + " to " + (one_day ? to.substr(kDayBytes + 1) : to);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

std::string times(std::uint64_t count) { return count == 1 ? "once" : grouped(count) + " times"; }

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// A scanner's requests that came to nothing, of which the paths are counted.
bool is_of_paths(const Episode& episode) {
  return episode.rule == store::kScannerRule && episode.same_answer_bytes == 0 && episode.targets > 1;
}

std::string how_often(const Episode& episode) {
  const std::string probes = counted(episode.hits, "probe", "probes");
  if (is_of_paths(episode)) return fmt::format("{} of {} paths", probes, grouped(episode.targets));
  if (episode.rules > 1) return fmt::format("{} of {} kinds", probes, grouped(episode.rules));
  return times(store::times_of(episode));
}

/// What one rule found: its worst episode, and what there is besides.
struct Incident {
  const Episode* worst = nullptr;
  std::uint64_t episodes = 0, findings = 0;
  std::map<std::string, bool> actors;  // those of the others
};

std::vector<Incident> by_rule(const std::vector<Episode>& episodes) {
  std::vector<Incident> all;
  std::map<std::string_view, std::size_t> places;
  for (const Episode& episode : episodes) {
    const auto [at, is_new] = places.try_emplace(episode.rule, all.size());
    if (is_new) all.emplace_back().worst = &episode;
    Incident& incident = all[at->second];
    ++incident.episodes;
    incident.findings += episode.findings;
    if (!is_new && episode.who.has_actor()) incident.actors[store::actor_words(episode.who)] = true;
  }
  return all;
}

// `begin`, and of `said` what is left of a line's columns, if only the beginning of a word.
std::string ended(const std::string& begin, const std::string& said, std::size_t columns) {
  constexpr std::size_t kLeast = 8;
  const std::size_t used = columns_of(begin);
  return begin + (used + kLeast > columns ? said : shortened(said, columns - used));
}

// "[901004.554120] I/O error": the kernel's own time.
std::string_view without_uptime(std::string_view message) {
  const std::size_t end = message.find_first_not_of("0123456789. ", 1);
  return message.starts_with("[") && end != std::string_view::npos && message.substr(end, 2) == "] "
             ? message.substr(end + 2)
             : message;
}

class Screen {
 public:
  Screen(const analysis::Digest& digest, const AnswerFacts& facts, const Style& style, std::size_t columns)
      : digest_(digest),
        facts_(facts),
        style_(style),
        columns_(columns),
        only_source_(kOnlySourceColumns),
        sources_(std::max(columns / kSourceShare, kSourceColumns)) {
    for (const std::string& name : facts.names) sources_.add(name);
    for (const auto* episodes : {&digest.incidents, &digest.operations})
      for (const Episode& episode : *episodes) sources_.add(episode.source);
    for (const analysis::LoudError& error : digest.errors) sources_.add(error.source);
  }

  std::string text();

 private:
  using Lines = std::vector<std::string>;

  Lines read() const;
  std::string place_of(std::string_view source, std::uint64_t line) const;
  std::string incident(const Incident& one, std::size_t lines) const;
  std::string operation(const Incident& one, std::size_t lines) const;
  Lines incidents(std::size_t room) const;
  Lines errors(std::size_t room) const;
  Lines operations(std::size_t room) const;
  Lines operations(std::size_t room, std::size_t most) const;
  Lines last() const;
  Lines heading(std::string_view name, std::string_view words) const;
  void add_entry(Lines& lines, Level level, const std::string& words, std::size_t most) const;
  std::size_t entry_columns() const { return columns_ - kEntryIndent - kLevelColumns; }
  std::string levelled(Level level) const;

  const analysis::Digest& digest_;
  const AnswerFacts& facts_;
  const Style& style_;
  const std::size_t columns_;
  SourceNames only_source_, sources_;
};

// "auth.log:17".
std::string Screen::place_of(std::string_view source, std::uint64_t line) const {
  return sources_.of(source) + (line != 0 ? fmt::format(":{}", line) : "");
}

Screen::Lines Screen::heading(std::string_view name, std::string_view words) const {
  Lines lines = wrapped(fmt::format("{}: {}", name, words), columns_, kEntryIndent, 2);
  lines.front() = bold(name, style_) + lines.front().substr(name.size());
  return lines;
}

std::string Screen::levelled(Level level) const {
  return fmt::format("{}{:<{}}{}", colour_of(level, style_), upper(detect::level_name(level)), kLevelColumns,
                     colour_end(style_));
}

void Screen::add_entry(Lines& lines, Level level, const std::string& words, std::size_t most) const {
  Lines made = wrapped(words, entry_columns(), 0, most);
  for (std::size_t i = 0; i < made.size(); ++i)
    lines.push_back(std::string(kEntryIndent, ' ') + (i == 0 ? levelled(level) : std::string(kLevelColumns, ' ')) +
                    made[i]);
}

Screen::Lines Screen::read() const {
  std::vector<std::string> parts;
  if (facts_.sources == 1 && !facts_.source.empty())
    parts.push_back(only_source_.of(facts_.source) + (facts_.format.empty() ? "" : " (" + facts_.format + ")"));
  else parts.push_back(counted(facts_.sources, "source", "sources"));
  if (facts_.failed > 0) parts.push_back(grouped(facts_.failed) + " not read to the end");
  const std::string events = counted(facts_.events, "event", "events");
  parts.push_back(facts_.selected ? fmt::format("{} of {} selected", grouped(*facts_.selected), events) : events);
  if (digest_.first_ns) {
    const std::int64_t first = *digest_.first_ns / kSecondNs, last = *digest_.last_ns / kSecondNs;
    parts.push_back(fmt::format("{} {}", span_text(style_, first, last),
                                style_.zone ? style_.zone->abbreviation_at(last) : std::string_view("UTC")));
  } else if (facts_.selected.value_or(facts_.events) > 0) {
    parts.emplace_back("none with a time");
  }
  if (facts_.interrupted) parts.emplace_back("interrupted before the end");
  return heading("Read", joined(parts));
}

// How it ended and where to look come before what may be long, and what is long makes room for the rest.
std::string Screen::incident(const Incident& one, std::size_t lines) const {
  const Episode& worst = *one.worst;
  Episode actor = worst;
  for (std::string* account : {&actor.who.account, &actor.mostly})
    *account = shortened(printable(*account), columns_ / kAccountShare);
  const std::string target = printable(worst.who.target);
  const std::uint64_t others = one.findings - worst.findings;
  enum class Others : std::uint8_t { with_actors, findings, number };
  const auto words = [&](std::size_t target_columns, Others how, bool until = true) {
    std::vector<std::string> parts{printable(store::actor_words(actor)), how_often(worst), store::outcome_words(worst),
                                   place_of(worst.source, worst.line)};
    if (worst.targets <= 1) parts.push_back(shortened(target, target_columns));
    else if (!is_of_paths(worst)) parts.push_back(grouped(worst.targets) + " targets");
    if (worst.time_known) parts.push_back(span_text(style_, worst.first_time, until ? worst.last_time : worst.first_time));
    std::string text = printable(worst.rule) + ": " + joined(parts);
    if (one.episodes == 1) return text;
    if (how == Others::number) return text + fmt::format("; {} more", grouped(others));
    text += fmt::format("; {} more", counted(others, "finding", "findings"));
    if (how == Others::with_actors && !one.actors.empty()) text += " by " + counted(one.actors.size(), "actor", "actors");
    return text;
  };
  const std::size_t whole = std::min(worst.targets > 1 ? 0 : columns_of(target), lines * entry_columns());
  for (const std::size_t least : {kTargetColumns, kTargetColumnsLeast})
    for (const Others how : {Others::with_actors, Others::findings, Others::number})
      for (std::size_t columns = std::max(whole, least); columns >= least; --columns) {
        std::string text = words(columns, how);
        if (wrapped(text, entry_columns(), 0, SIZE_MAX).size() <= lines) return text;
      }
  return words(kTargetColumnsLeast, Others::number, false);
}

Screen::Lines Screen::incidents(std::size_t room) const {
  if (!facts_.rules) return heading("Incidents", "rules are off");
  const std::vector<Incident> all = by_rule(digest_.incidents);
  if (all.empty()) return heading("Incidents", "none");
  const std::string found =
      fmt::format("{} in {}", counted(facts_.findings, "finding", "findings"),
                  counted(digest_.incidents.size() + digest_.operations.size(), "episode", "episodes"));
  Lines entries;
  std::size_t shown = 0;
  room -= 2;  // for the heading, and for what says how much more there is
  const auto make = [&](std::size_t most) {
    entries.clear();
    shown = 0;
    for (const Incident& one : all) {
      Lines next;
      add_entry(next, one.worst->level, incident(one, most), most);
      const bool is_last = shown + 1 == all.size();
      if (entries.size() + next.size() > room + is_last) return;
      entries.insert(entries.end(), next.begin(), next.end());
      ++shown;
    }
  };
  const bool narrow = columns_ < kNarrowColumns;
  make(narrow ? kIncidentLinesNarrow : kIncidentLinesMost);
  if (shown < all.size() && !narrow) make(kIncidentLines);
  Lines lines = heading("Incidents", fmt::format("{}, the most severe first", found));
  lines.resize(1);
  lines.insert(lines.end(), entries.begin(), entries.end());
  if (shown < all.size())
    lines.push_back(fmt::format("  {} more {}; --findings lists all", grouped(all.size() - shown),
                                all.size() - shown == 1 ? "rule" : "rules"));
  return lines;
}

Screen::Lines Screen::errors(std::size_t room) const {
  if (digest_.error_events == 0) return heading("Errors", "none");
  // New ones come first.
  const auto others = std::find_if(digest_.errors.begin(), digest_.errors.end(),
                                   [](const analysis::LoudError& error) { return !error.new_since_ns.has_value(); });
  const auto fresh = static_cast<std::uint64_t>(others - digest_.errors.begin());
  const std::string order = fresh == 0 ? "the loudest first" : fmt::format("{} new, then the loudest", grouped(fresh));
  Lines lines = heading("Errors", fmt::format("{} of {}, {}", grouped(digest_.error_events),
                                              counted(digest_.errors.size(), "kind", "kinds"), order));
  lines.resize(1);
  for (const analysis::LoudError& error : digest_.errors) {
    if (lines.size() + 2 > room) break;
    std::string count = grouped(error.count) + "x ";
    if (error.new_since_ns && columns_ < kNarrowColumns) count += "new: ";
    else if (error.new_since_ns) count += fmt::format("new since {}: ", time_text(style_, *error.new_since_ns / kSecondNs));
    lines.push_back(std::string(kEntryIndent, ' ') + count +
                    wrapped(printable(error.pattern), columns_ - kEntryIndent - count.size(), 0, 1).front());
    const std::string place = "e.g. " + place_of(error.source, error.line) + ": ";
    lines.push_back(
        std::string(2 * kEntryIndent, ' ') +
        wrapped(ended(place, printable(error.message), columns_ - 2 * kEntryIndent), columns_ - 2 * kEntryIndent, 0, 1)
            .front());
  }
  return lines;
}

// What it says of itself comes last: of one line it has the room the rest leaves, and of two the rest says when it was last.
std::string Screen::operation(const Incident& one, std::size_t lines) const {
  const Episode& worst = *one.worst;
  std::vector<std::string> parts{times(one.findings), place_of(worst.source, worst.line)};
  if (lines > 1 && worst.time_known) parts.push_back("last " + time_text(style_, worst.last_time));
  const std::string begin = fmt::format("{}: {}: ", printable(worst.title), joined(parts));
  const std::string said = printable(without_uptime(worst.message.empty() ? worst.who.target : worst.message));
  return lines > 1 ? begin + said : ended(begin, said, entry_columns());
}

Screen::Lines Screen::operations(std::size_t room, std::size_t most) const {
  const std::vector<Incident> all = by_rule(digest_.operations);
  Lines lines = heading("Operations", counted(all.size(), "thing is", "things are") + " out of order");
  lines.resize(1);
  for (const Incident& one : all) {
    const std::size_t left = room - std::min(room, lines.size());
    if (left == 0) break;
    const bool is_last = &one == &all.back();
    if (left == 1 && !is_last) {
      std::vector<std::string> titles;
      for (const Incident* rest = &one; rest <= &all.back(); ++rest) titles.push_back(printable(rest->worst->title));
      lines.push_back("  " + wrapped("and " + joined(titles), columns_ - kEntryIndent, 0, 1).front());
      break;
    }
    add_entry(lines, one.worst->level, operation(one, most), std::min(most, left));
  }
  return lines;
}

Screen::Lines Screen::operations(std::size_t room) const {
  if (!facts_.rules) return {};
  if (digest_.operations.empty()) return heading("Operations", "nothing out of order");
  for (std::size_t most = kOperationLines; most > 1; --most)
    if (Lines lines = operations(SIZE_MAX, most); lines.size() <= room) return lines;
  return operations(room, 1);
}

Screen::Lines Screen::last() const {
  Lines lines = heading("Not understood", facts_.not_understood.empty() ? "nothing" : joined(facts_.not_understood));
  for (const std::string& note : facts_.notes) {
    for (std::string& line : wrapped(note, columns_, kEntryIndent, 1)) lines.push_back(std::move(line));
  }
  std::string_view words = "Addresses and other personal data are pseudonyms; --show-pii shows them.";
  if (facts_.mode == redact::Mode::mask) words = "Addresses and other personal data are masked; --show-pii shows them.";
  if (facts_.mode == redact::Mode::dry_run) words = "Personal data are shown as they stand in the log.";
  for (std::string& line : wrapped(words, columns_, kEntryIndent, 2)) lines.push_back(std::move(line));
  return lines;
}

// Each part may take what the others leave, and has its least.
std::string Screen::text() {
  const Lines head = read(), end = last();
  std::size_t room = kAnswerLines - std::min(kAnswerLines, head.size() + end.size());
  const std::size_t operations_most = std::min(operations(room).size(), kOperationsLinesLeast);
  const std::size_t errors_most = std::min(errors(room).size(), kErrorLinesLeast);
  const Lines incident_lines = incidents(room - operations_most - errors_most);
  room -= incident_lines.size();
  const Lines operation_lines = operations(std::min(room - errors_most, operations(room).size()));
  room -= std::min(room, operation_lines.size());
  const Lines error_lines = errors(room);
  std::string out;
  for (const Lines* part : {&head, &incident_lines, &error_lines, &operation_lines, &end})
    for (const std::string& line : *part) out += line + "\n";
  return out;
}

}  // namespace

std::vector<std::string> wrapped(std::string_view text, std::size_t columns, std::size_t indent, std::size_t lines) {
  std::vector<std::string> out;
  std::string line;
  std::size_t used = 0;
  bool left_out = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find(' ', at), text.size());
    std::string word(text.substr(at, end - at));
    at = end;
    const std::size_t room = columns - (out.empty() ? 0 : indent);
    if (const std::size_t wide = columns - indent; columns_of(word) > wide) word = shortened(word, wide);
    const std::size_t width = columns_of(word);
    if (!line.empty() && used + 1 + width > room) {
      if (out.size() + 1 == lines) {
        left_out = true;
        break;
      }
      out.push_back(std::string(out.empty() ? 0 : indent, ' ') + line);
      line.clear();
      used = 0;
    }
    if (!line.empty()) {
      line += ' ';
      ++used;
    }
    line += word;
    used += width;
  }
  const std::size_t room = columns - (out.empty() ? 0 : indent);
  if (left_out) {
    // The ellipsis takes a column, of the last word if need be.
    while (used + 2 > room) {
      const std::size_t blank = line.rfind(' ');
      if (blank == std::string::npos) break;
      used -= columns_of(std::string_view(line).substr(blank));
      line.resize(blank);
    }
    line = used + 2 > room ? fitted(line + "…", room) : line + " …";
  }
  if (!line.empty() || out.empty()) out.push_back(std::string(out.empty() ? 0 : indent, ' ') + line);
  return out;
}

std::string answer_text(const analysis::Digest& digest, const AnswerFacts& facts, const Style& style, std::size_t columns) {
  return Screen(digest, facts, style, std::clamp(columns, kAnswerColumnsLeast, kAnswerColumnsMost)).text();
}

}  // namespace logystera::cli
