#include "cli/answer_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/printable.hpp"

namespace logystera::cli {
namespace {

using store::Episode;

constexpr std::size_t kEntryIndent = 2;
constexpr std::size_t kLevelColumns = 9;  // "CRITICAL "
constexpr std::size_t kIncidentLines = 2;
constexpr std::size_t kErrorLinesLeast = 5, kOperationsLinesLeast = 4;  // with their headings
constexpr std::size_t kOnlySourceColumns = 32;
constexpr std::size_t kSourceColumns = 16;  // of a longer path its end is shown
constexpr std::size_t kDayBytes = 10;       // "2026-05-18"

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

// "auth.log:17"; of a long path as many of its last names as there is room for.
std::string place_of(std::string_view source, std::uint64_t line, std::size_t columns = kSourceColumns) {
  std::string shown = printable(source);
  if (columns_of(shown) > columns) {
    std::size_t from = shown.rfind('/');
    for (std::size_t at = from;
         at != std::string::npos && at > 0 && columns_of(std::string_view(shown).substr(at)) < columns;
         at = shown.rfind('/', at - 1))
      from = at;
    if (from != std::string::npos) shown = "…" + shown.substr(from);
  }
  return shown + (line != 0 ? fmt::format(":{}", line) : "");
}

// How often: a login is one however many attempts led to it.
std::uint64_t times_of(const Episode& episode) {
  return episode.who.outcome == store::Who::Outcome::logged_in ? episode.findings : episode.hits;
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

class Screen {
 public:
  Screen(const analysis::Digest& digest, const AnswerFacts& facts, const Style& style, std::size_t columns)
      : digest_(digest), facts_(facts), style_(style), columns_(columns) {}

  std::string text();

 private:
  using Lines = std::vector<std::string>;

  Lines read() const;
  std::string incident(const Incident& one) const;
  Lines incidents(std::size_t room) const;
  Lines errors(std::size_t room) const;
  Lines operations(std::size_t room) const;
  Lines last() const;
  Lines heading(std::string_view name, std::string_view words) const;
  void add_entry(Lines& lines, Level level, const std::string& words, std::size_t most) const;
  std::string levelled(Level level) const;

  const analysis::Digest& digest_;
  const AnswerFacts& facts_;
  const Style& style_;
  const std::size_t columns_;
};

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
  const std::size_t indent = kEntryIndent + kLevelColumns;
  Lines made = wrapped(words, columns_ - indent, 0, most);
  for (std::size_t i = 0; i < made.size(); ++i)
    lines.push_back(std::string(kEntryIndent, ' ') + (i == 0 ? levelled(level) : std::string(kLevelColumns, ' ')) +
                    made[i]);
}

Screen::Lines Screen::read() const {
  std::vector<std::string> parts;
  if (facts_.sources == 1 && !facts_.source.empty())
    parts.push_back(place_of(facts_.source, 0, kOnlySourceColumns) +
                    (facts_.format.empty() ? "" : " (" + facts_.format + ")"));
  else parts.push_back(counted(facts_.sources, "source", "sources"));
  if (facts_.failed > 0) parts.push_back(grouped(facts_.failed) + " not read to the end");
  parts.push_back(counted(facts_.events, "event", "events"));
  if (digest_.first_ns) {
    const std::int64_t first = *digest_.first_ns / kSecondNs, last = *digest_.last_ns / kSecondNs;
    parts.push_back(fmt::format("{} {}", span_text(style_, first, last),
                                style_.zone ? style_.zone->abbreviation_at(last) : std::string_view("UTC")));
  } else if (facts_.events > 0) {
    parts.emplace_back("none with a time");
  }
  if (facts_.interrupted) parts.emplace_back("interrupted before the end");
  return heading("Read", joined(parts));
}

std::string Screen::incident(const Incident& one) const {
  const Episode& worst = *one.worst;
  std::vector<std::string> parts{
      printable(store::actor_words(worst.who)),
      worst.rules > 1 ? fmt::format("{} of {} kinds", counted(worst.hits, "probe", "probes"), grouped(worst.rules))
                      : times(times_of(worst))};
  if (worst.time_known) parts.push_back(span_text(style_, worst.first_time, worst.last_time));
  if (worst.targets > 1) parts.push_back(grouped(worst.targets) + " targets");
  else parts.push_back(printable(worst.who.target));
  parts.push_back(store::outcome_words(worst));
  parts.push_back(place_of(worst.source, worst.line));
  std::string words = printable(worst.rule) + ": " + joined(parts);
  if (one.episodes == 1) return words;
  words += fmt::format("; {} more", counted(one.findings - worst.findings, "finding", "findings"));
  if (!one.actors.empty()) words += " by " + counted(one.actors.size(), "actor", "actors");
  return words;
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
  for (const Incident& one : all) {
    Lines next;
    add_entry(next, one.worst->level, incident(one), kIncidentLines);
    const bool is_last = shown + 1 == all.size();
    if (entries.size() + next.size() > room + is_last) break;
    entries.insert(entries.end(), next.begin(), next.end());
    ++shown;
  }
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
  Lines lines = heading("Errors", fmt::format("{} of {}, the loudest first", grouped(digest_.error_events),
                                              counted(digest_.errors.size(), "kind", "kinds")));
  lines.resize(1);
  for (const analysis::LoudError& error : digest_.errors) {
    if (lines.size() + 2 > room) break;
    const std::string count = grouped(error.count) + "x ";
    lines.push_back(std::string(kEntryIndent, ' ') + count +
                    wrapped(printable(error.pattern), columns_ - kEntryIndent - count.size(), 0, 1).front());
    const std::string place = "e.g. " + place_of(error.source, error.line) + ": ";
    lines.push_back(std::string(2 * kEntryIndent, ' ') +
                    wrapped(place + printable(error.message), columns_ - 2 * kEntryIndent, 0, 1).front());
  }
  return lines;
}

Screen::Lines Screen::operations(std::size_t room) const {
  if (!facts_.rules) return {};
  const std::vector<Incident> all = by_rule(digest_.operations);
  if (all.empty()) return heading("Operations", "nothing out of order");
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
    const Episode& worst = *one.worst;
    std::vector<std::string> parts{times(one.findings)};
    if (worst.time_known) parts.push_back("last " + time_text(style_, worst.last_time));
    parts.push_back(place_of(worst.source, worst.line));
    add_entry(lines, worst.level,
              fmt::format("{}: {}: {}", printable(worst.title), joined(parts), printable(worst.message)), 1);
  }
  return lines;
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
    if (const std::size_t wide = columns - indent; columns_of(word) > wide) word = fitted(word, wide);
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
