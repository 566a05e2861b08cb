// Groups of errors, learnt as they come: which words of a message vary.
//
// A new template (detect/grouping.hpp) is a group of its own. When six templates differ in one place only, the word there is
// variable, and the six become one group, whose template has <*> in that place; a part that is variable by its form counts
// for five words, so that one word beside it is enough. That is repeated with what comes of it: "Failed password for <*> from
// <ip>" is learnt from six names, whatever their number. At least two words, and two in five of all, must stay: two messages
// that have nothing in common but their length are not one.
//
// A group's fingerprint is that of its scope and template, so the same errors have the same fingerprint in every run and in
// every database, in whatever order they came once a word is known to vary. What was learnt is in the templates alone: they
// are stored with the groups, and a run begins with those of earlier ones.
//
// Memory is bounded: kErrorTemplatesMost templates, of which the one that was not seen for longest is evicted.
// The numbers were chosen on eight systems' logs, judged on those of eight others (ARCHITECTURE.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/record.hpp"

namespace logystera::detect {

inline constexpr std::size_t kErrorTemplatesMost = 10'000;

class ErrorGroups {
 public:
  struct Group {
    std::string fingerprint;
    std::string scope;    // as error_scope() makes it
    std::string key;      // the template's, variable parts <*>
    std::string pattern;  // the template for people
    bool learnt = false;  // has a place that was found to vary
  };
  /// Every occurrence of `from` is one of `into` from now on.
  struct Merge {
    std::string from;
    Group into;
  };

  /// `kinds` as for message_template().
  explicit ErrorGroups(std::vector<std::string> kinds) : kinds_(std::move(kinds)) {}

  /// A group of an earlier run. Those that fall together are in take_merges().
  void load(const Group& group);
  /// The group of an error.
  Group group_of(const Record& record);
  /// What was learnt since the last call, in the order in which it has to be carried out.
  std::vector<Merge> take_merges();

  std::size_t templates() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    Group group;
    std::vector<std::string> words;
    std::vector<std::uint64_t> places;  // of words: a hash of each in its place
    std::uint64_t hash = 0;             // of scope and words; holes are made of it
  };
  using At = std::list<Entry>::iterator;

  static Entry entry_of(Group group, std::vector<std::string> words);
  At* find(const Entry& entry);
  At* find_varied(const Entry& entry, std::initializer_list<std::size_t> varied);
  At* find_learnt(const Entry& entry);
  Group place(Entry entry);
  Group insert(Entry entry);
  void remove(At entry);
  std::vector<At> siblings(const Entry& entry, std::size_t place) const;
  bool may_vary(const Entry& entry, std::size_t place) const;
  void evict();

  const std::vector<std::string> kinds_;
  std::list<Entry> entries_;  // the latest seen first
  std::unordered_map<std::uint64_t, At> by_hash_;
  std::unordered_map<std::uint64_t, std::vector<At>> holes_;  // by everything but one place
  std::vector<Merge> merges_;
};

}  // namespace logystera::detect
