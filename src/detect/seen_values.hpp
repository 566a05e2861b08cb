// Which values a site has shown before, for rules with `seen:`.
//
// Windows (windows.hpp) ask SeenValues at each hit of such a rule. A scan has SeenMemory, which ends with it. A server has one
// SeenMemory a site too: it fills it from its store, and writes what take_changes() gives in the transaction that also holds the
// findings, so that a run that is killed forgets nothing and finds nothing twice.
//
// Values are keyed hashes; what stood in the log is not kept. For each rule at most kSeenValues are: beyond that the one seen
// longest ago is forgotten, and counted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "detect/rule.hpp"

namespace logystera::detect {

/// Values kept of one rule at one site.
inline constexpr std::size_t kSeenValues = 100'000;

/// Of one site. One thread uses it.
class SeenValues {
 public:
  struct Times {
    std::int64_t first_ns = 0, last_ns = 0;
  };

  virtual ~SeenValues() = default;

  /// A record of the site came in: the first one ever begins the time that rules learn in.
  virtual void watched(std::int64_t time_ns) = 0;
  /// Time of that record; nothing before there was one.
  virtual std::optional<std::int64_t> watched_since() const = 0;
  /// `value` is seen at `time_ns`. What was known of it before.
  virtual std::optional<Times> see(std::string_view rule, std::uint64_t value, std::int64_t time_ns) = 0;
};

/// Whether a hit with these values counts. `before` is what see() said.
bool lets_through(const SeenTest& test, const std::optional<SeenValues::Times>& before,
                  std::optional<std::int64_t> watched_since, std::int64_t time_ns) noexcept;

/// In memory.
class SeenMemory final : public SeenValues {
 public:
  /// A value, as a store has it. Without a rule: since when the site is watched, in both times.
  struct Entry {
    std::string rule;
    std::uint64_t value = 0;
    Times times;
    bool forgotten = false;  // changes only: to be removed from the store

    friend bool operator==(const Entry& a, const Entry& b) {
      return a.rule == b.rule && a.value == b.value && a.times.first_ns == b.times.first_ns &&
             a.times.last_ns == b.times.last_ns && a.forgotten == b.forgotten;
    }
  };

  explicit SeenMemory(std::size_t values_most = kSeenValues) : most_(values_most) {}

  void watched(std::int64_t time_ns) override;
  std::optional<std::int64_t> watched_since() const override { return since_; }
  std::optional<Times> see(std::string_view rule, std::uint64_t value, std::int64_t time_ns) override;

  /// An entry of the store, before anything is seen. It is no change.
  void load(const Entry& entry);
  /// What has changed since the last call, each entry once, by rule and value. Whoever writes it has the only copy.
  std::vector<Entry> take_changes();

  std::size_t size() const noexcept;
  std::uint64_t forgotten() const noexcept { return forgotten_; }

 private:
  struct OfRule {
    std::unordered_map<std::uint64_t, Times> values;
    std::set<std::pair<std::int64_t, std::uint64_t>> by_last;
  };

  static void enter(OfRule& rule, std::uint64_t value, Times times);

  std::map<std::string, OfRule, std::less<>> rules_;
  std::optional<std::int64_t> since_;
  std::map<std::pair<std::string, std::uint64_t>, bool> changed_;  // whether it is forgotten
  std::size_t most_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace logystera::detect
