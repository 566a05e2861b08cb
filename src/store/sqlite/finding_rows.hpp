// Findings as rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/severity.hpp"
#include "store/finding_store.hpp"
#include "store/sqlite/connection.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {

#define LOGYSTERA_FINDING_COLUMNS                                                                                 \
  "id, rule, title, level, source, time, line, message, demo, grp, grp_label, hits, coalesce(first_time, time), " \
  "stored_at, address, account, target, status, outcome, "                                                        \
  "CASE entity WHEN 0 THEN '' ELSE (SELECT token FROM entities WHERE entities.id = entity) END, "                 \
  "last_time, login_time, accounts, mostly"
inline constexpr int kFindingColumns = 24;

// Of an alert that is open (its state is below 3; 3 is resolved, and 4 one of the past that never opened), what it was made of stays, whatever its age.
#define LOGYSTERA_IS_OF_OPEN_ALERT \
  "EXISTS (SELECT 1 FROM alert_findings f JOIN alerts a ON a.id = f.alert WHERE f.finding = findings.id AND a.state < 3)"

// Levels are stored as their distance from low.
constexpr std::int64_t number_of(Level level) noexcept {
  return static_cast<std::int64_t>(level) - static_cast<std::int64_t>(Level::low);
}

inline Level level_of(std::int64_t number) noexcept {
  return static_cast<Level>(std::clamp<std::int64_t>(number + static_cast<std::int64_t>(Level::low), 0, kLevels - 1));
}

/// A finding's Who as it is stored, which the statement points at; binds five columns from `first` on.
class StoredWho {
 public:
  explicit StoredWho(const Who& who)
      : address_(storable(who.address)),
        account_(storable(who.account)),
        target_(storable(who.target)),
        status_(who.status),
        outcome_(static_cast<std::int64_t>(who.outcome)) {}

  void bind(Statement& statement, int first) const {
    statement.bind(first, std::string_view(address_));
    statement.bind(first + 1, std::string_view(account_));
    statement.bind(first + 2, std::string_view(target_));
    statement.bind(first + 3, status_);
    statement.bind(first + 4, outcome_);
  }

 private:
  const std::string address_, account_, target_;
  const std::int64_t status_, outcome_;
};

/// Of a row that begins with LOGYSTERA_FINDING_COLUMNS.
inline Finding read_finding(const Statement& row) {
  Finding finding;
  finding.id = row.integer(0);
  finding.rule = row.text(1);
  finding.title = row.text(2);
  finding.level = level_of(row.integer(3));
  finding.source = row.text(4);
  finding.time = row.integer(5);
  finding.line = row.count(6);
  finding.message = row.text(7);
  finding.demo = row.integer(8) != 0;
  finding.group = row.text(9);
  finding.group_label = row.text(10);
  finding.hits = row.count(11);
  finding.first_time = row.integer(12);
  finding.stored_at = row.integer(13);
  finding.who.address = row.text(14);
  finding.who.account = row.text(15);
  finding.who.target = row.text(16);
  finding.who.status = static_cast<int>(row.integer(17));
  finding.who.outcome = outcome_from(row.integer(18));
  finding.site = row.text(19);
  finding.last_time = row.integer(20);
  finding.login_time = row.integer(21);
  finding.accounts = row.count(22);
  finding.mostly = row.text(23);
  return finding;
}

}  // namespace logystera::store::sqlite
