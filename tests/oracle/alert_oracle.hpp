// What an alert should be after everything that happened to its identity, told again from the whole history each time: a list of what
// happened, walked from the beginning, with nothing carried from step to step but what a person would write on a sheet of paper.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert.hpp"
#include "alert/state.hpp"

namespace logystera::testing {

struct Happening {
  enum Kind : std::uint8_t { hit, acknowledge, snooze, unsnooze, resolve, reopen, time } kind = hit;
  std::int64_t at = 0;
  Level level = Level::low;      // hit
  std::int64_t event_time = 0;   // hit
  std::uint64_t hits = 1;        // hit
  std::int64_t until = 0;        // snooze
  std::uint64_t until_hits = 0;  // snooze
  bool until_rise = false;       // snooze: to the next level
};

/// One alert on paper.
struct Paper {
  std::string state;  // "firing", "acknowledged", "resolved", "late"
  Level level = Level::low;
  std::uint64_t hits = 0, suppressed = 0;
  std::int64_t snoozed_until = 0;
};
struct Told {
  std::string what;
  std::int64_t at = 0;
  bool operator==(const Told&) const = default;
};
struct PaperTrail {
  std::vector<Paper> alerts;  // in the order they opened
  std::vector<Told> told;
};

/// Episodes alone, of one identity, with `policy` and `settings`; times never go back. Time is looked at whenever it says so and at no
/// other time.
inline PaperTrail on_paper(const std::vector<Happening>& history, const alert::Policy& policy,
                           const alert::Settings& settings) {
  struct Sheet : Paper {
    std::int64_t resolved = 0, last_hit = 0, last_told = 0, snoozed_hits = 0, snooze_hits_end = 0;
    std::optional<Level> snooze_level;
  };
  std::vector<Sheet> sheets;
  PaperTrail trail;
  const auto tell = [&](Sheet& sheet, const std::string& what, std::int64_t at) {
    if (sheet.snoozed_until != 0) return;
    trail.told.push_back({what, at});
    sheet.last_told = at;
  };
  const auto awake = [](Sheet& sheet) {
    sheet.snoozed_until = sheet.snoozed_hits = sheet.snooze_hits_end = 0;
    sheet.snooze_level.reset();
  };
  for (const Happening& it : history) {
    Sheet* last = sheets.empty() ? nullptr : &sheets.back();
    const bool open = last && (last->state == "firing" || last->state == "acknowledged");
    switch (it.kind) {
      case Happening::hit: {
        const bool old = it.at - it.event_time > settings.late_after_s;
        const bool soon = last && !open && it.at - last->resolved <= settings.reopen_within_s;
        if (!open && old && !(soon)) {
          sheets.push_back({});
          Sheet& made = sheets.back();
          made.state = "late";
          made.level = it.level;
          made.hits = it.hits;
          made.resolved = made.last_hit = it.at;
          tell(made, "late", it.at);
          break;
        }
        if (!open && old) {  // into what was over lately
          last->hits += it.hits;
          last->level = std::max(last->level, it.level);
          last->last_hit = it.at;
          break;
        }
        if (!open && (!soon || last->state == "late")) {
          sheets.push_back({});
          Sheet& made = sheets.back();
          made.state = "firing";
          made.level = it.level;
          made.hits = it.hits;
          made.last_hit = it.at;
          tell(made, "opened", it.at);
          break;
        }
        std::string news;
        if (last->snoozed_until != 0 && last->snoozed_until <= it.at) {
          awake(*last);
          news = "snooze_ended";
        }
        const bool rose = it.level > last->level;
        last->level = std::max(last->level, it.level);
        last->hits += it.hits;
        last->last_hit = it.at;
        if (rose) news = "level_rose";
        if (!open) news = "reopened";
        if (!open || rose) last->state = "firing";
        if (last->snoozed_until != 0) {
          last->suppressed += it.hits;
          last->snoozed_hits += static_cast<std::int64_t>(it.hits);
          const bool enough = last->snooze_hits_end != 0 && last->snoozed_hits >= last->snooze_hits_end;
          const bool worse = rose && last->snooze_level && last->level >= *last->snooze_level;
          if (enough || worse) {
            awake(*last);
            tell(*last, "snooze_ended", it.at);
          }
          break;
        }
        const std::int64_t again = policy.cooldown_s[static_cast<std::size_t>(last->level)];
        if (news.empty() && last->state == "firing" && again > 0 && it.at - last->last_told >= again) news = "repeated";
        if (!news.empty()) tell(*last, news, it.at);
        break;
      }
      case Happening::acknowledge:
        if (last && last->state == "firing") last->state = "acknowledged";
        break;
      case Happening::snooze: {
        if (!open || it.until <= it.at || it.until - it.at > alert::kSnoozeSecondsMost) break;
        if (it.until_rise && last->level == Level::critical) break;  // there is none above
        awake(*last);
        last->snoozed_until = it.until;
        last->snooze_hits_end = static_cast<std::int64_t>(it.until_hits);
        if (it.until_rise) last->snooze_level = static_cast<Level>(static_cast<int>(last->level) + 1);
        break;
      }
      case Happening::unsnooze:
        if (open && last->snoozed_until != 0) {
          awake(*last);
          tell(*last, "snooze_ended", it.at);
        }
        break;
      case Happening::resolve:
        if (!open) break;
        awake(*last);
        last->state = "resolved";
        last->resolved = it.at;
        tell(*last, "resolved", it.at);
        break;
      case Happening::reopen:
        if (!last || open) break;
        last->state = "firing";
        last->last_hit = it.at;
        tell(*last, "reopened", it.at);
        break;
      case Happening::time:
        if (!open) break;
        if (it.at - last->last_hit >= policy.resolve_after_s) {
          awake(*last);
          last->state = "resolved";
          last->resolved = it.at;
          tell(*last, "resolved", it.at);
        } else if (last->snoozed_until != 0 && last->snoozed_until <= it.at) {
          awake(*last);
          tell(*last, "snooze_ended", it.at);
        }
        break;
    }
  }
  for (const Sheet& sheet : sheets) trail.alerts.push_back(sheet);
  return trail;
}

}  // namespace logystera::testing
