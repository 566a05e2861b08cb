#include "detect/error_groups.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "detect/error_text.hpp"
#include "detect/grouping.hpp"

namespace logystera::detect {
namespace {

constexpr std::size_t kWordsThatVary = 6;  // as many at one place: it varies
constexpr std::size_t kFormCountsFor = 5;  // a word that is variable by its form, in words
constexpr std::size_t kConstantWordsLeast = 2;
constexpr std::size_t kConstantShareLeast = 40;  // of a hundred
constexpr std::size_t kPlacesMost = 64;          // of a template; what stands further on is taken as it is
constexpr std::size_t kPairedPlacesMost = 24;    // where two may vary at once: 276 pairs
constexpr std::size_t kEvictionLooks = 64;

bool is_variable(std::string_view word) noexcept { return word.find(kVariable) != std::string_view::npos; }
bool is_constant(std::string_view word) noexcept {
  return !is_variable(word) && std::any_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
  });
}

// FNV-1a, then mixed: the hashes of a template's places are added up, and taken out again.
std::uint64_t hash_of(std::string_view text, std::uint64_t place) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325 ^ (place * 0x9e3779b97f4a7c15);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  return hash ^ (hash >> 31);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// `text` with <*> for its word at `place`; `fallback` where it has not as many words as the template.
std::string varied(std::string_view text, std::size_t place, std::size_t words, const std::string& fallback) {
  std::vector<std::string> parts = words_of(text);
  if (parts.size() != words) return fallback;
  parts[place] = kVariable;
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += ' ';
    out += part;
  }
  return out;
}

bool differ_only_at(const std::vector<std::string>& a, const std::vector<std::string>& b, std::size_t place) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (i != place && a[i] != b[i]) return false;
  return true;
}

}  // namespace

ErrorGroups::Entry ErrorGroups::entry_of(Group group, std::vector<std::string> words) {
  Entry entry{std::move(group), std::move(words), {}, 0};
  entry.hash = hash_of(entry.group.scope, entry.words.size());
  for (std::size_t i = 0; i < entry.words.size(); ++i) {
    entry.places.push_back(hash_of(entry.words[i], i));
    entry.hash += entry.places.back();
  }
  return entry;
}

ErrorGroups::At* ErrorGroups::find(const Entry& entry) {
  const auto found = by_hash_.find(entry.hash);
  if (found == by_hash_.end()) return nullptr;
  const Group& group = found->second->group;
  return group.scope == entry.group.scope && found->second->words == entry.words ? &found->second : nullptr;
}

// The learnt group whose template is this one with <*> in the places of `varied`.
ErrorGroups::At* ErrorGroups::find_varied(const Entry& entry, std::initializer_list<std::size_t> varied) {
  std::uint64_t hash = entry.hash;
  for (const std::size_t place : varied) {
    if (entry.words[place] == kVariable) return nullptr;
    hash += hash_of(kVariable, place) - entry.places[place];
  }
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end() || !found->second->group.learnt) return nullptr;
  const Entry& other = *found->second;
  if (other.group.scope != entry.group.scope || other.words.size() != entry.words.size()) return nullptr;
  for (std::size_t i = 0; i < entry.words.size(); ++i) {
    const bool here = std::find(varied.begin(), varied.end(), i) != varied.end();
    if (other.words[i] != (here ? kVariable : std::string_view(entry.words[i]))) return nullptr;
  }
  return &found->second;
}

// The group that has learnt to take this template in: with <*> in one of its places, or in two.
ErrorGroups::At* ErrorGroups::find_learnt(const Entry& entry) {
  const std::size_t places = std::min(entry.words.size(), kPlacesMost);
  for (std::size_t i = 0; i < places; ++i)
    if (At* found = find_varied(entry, {i})) return found;
  for (std::size_t i = 0; i < std::min(places, kPairedPlacesMost); ++i)
    for (std::size_t j = i + 1; j < std::min(places, kPairedPlacesMost); ++j)
      if (At* found = find_varied(entry, {i, j})) return found;
  return nullptr;
}

std::vector<ErrorGroups::At> ErrorGroups::siblings(const Entry& entry, std::size_t place) const {
  std::vector<At> all;
  const auto found = holes_.find(entry.hash - entry.places[place]);
  if (found == holes_.end()) return all;
  for (const At& other : found->second)
    if (other->group.scope == entry.group.scope && differ_only_at(other->words, entry.words, place)) all.push_back(other);
  return all;
}

bool ErrorGroups::may_vary(const Entry& entry, std::size_t place) const {
  std::size_t constant = 0;
  for (std::size_t i = 0; i < entry.words.size(); ++i) constant += i != place && is_constant(entry.words[i]);
  return constant >= kConstantWordsLeast && constant * 100 >= kConstantShareLeast * entry.words.size();
}

// A template in: the group it is in, which may be one that is made for it.
ErrorGroups::Group ErrorGroups::place(Entry entry) {
  At* known = find(entry);
  if (!known) known = find_learnt(entry);
  if (known) {
    entries_.splice(entries_.begin(), entries_, *known);
    return (*known)->group;
  }
  return insert(std::move(entry));
}

ErrorGroups::Group ErrorGroups::insert(Entry entry) {
  if (by_hash_.count(entry.hash)) return entry.group;  // two templates with one hash: the second stays by itself
  const std::size_t places = std::min(entry.words.size(), kPlacesMost);
  for (std::size_t i = 0; i < places; ++i) {
    if (!may_vary(entry, i)) continue;
    const std::vector<At> same = siblings(entry, i);
    if (same.empty()) continue;
    std::size_t count = is_variable(entry.words[i]) ? kFormCountsFor : 1;
    for (const At& other : same) count += is_variable(other->words[i]) ? kFormCountsFor : 1;
    if (count < kWordsThatVary) continue;

    Entry merged = entry_of(entry.group, entry.words);
    merged.words[i] = kVariable;
    merged.group.learnt = true;
    merged.group.key = varied(entry.group.key, i, entry.words.size(), entry.group.key);
    merged.group.pattern = varied(same.front()->group.pattern, i, entry.words.size(), merged.group.key);
    merged.group.fingerprint = fingerprint(merged.group.scope, merged.group.key);
    merged = entry_of(std::move(merged.group), std::move(merged.words));
    std::vector<std::string> gone;
    for (const At& other : same) {
      // One that has the very template the others fall into stays, as what it is.
      if (other->words != merged.words) gone.push_back(other->group.fingerprint);
      remove(other);
    }
    Group into = place(std::move(merged));
    for (std::string& from : gone)
      if (from != into.fingerprint) merges_.push_back({std::move(from), into});
    return into;
  }
  if (entries_.size() == kErrorTemplatesMost) evict();
  Group group = entry.group;
  entries_.push_front(std::move(entry));
  const At at = entries_.begin();
  by_hash_.emplace(at->hash, at);
  // Only where something may come of it: a list never grows beyond the words that make it one group.
  for (std::size_t i = 0; i < places; ++i)
    if (may_vary(*at, i)) holes_[at->hash - at->places[i]].push_back(at);
  return group;
}

void ErrorGroups::remove(At entry) {
  by_hash_.erase(entry->hash);
  for (std::size_t i = 0; i < std::min(entry->words.size(), kPlacesMost); ++i) {
    const auto found = holes_.find(entry->hash - entry->places[i]);
    if (found == holes_.end()) continue;
    std::vector<At>& list = found->second;
    list.erase(std::remove(list.begin(), list.end(), entry), list.end());
    if (list.empty()) holes_.erase(found);
  }
  entries_.erase(entry);
}

// What was learnt is worth more than a template that stands for itself, and is found again in any case.
void ErrorGroups::evict() {
  auto at = std::prev(entries_.end());
  for (std::size_t looks = 0; looks < kEvictionLooks && at != entries_.begin(); ++looks, --at)
    if (!at->group.learnt) return remove(at);
  remove(std::prev(entries_.end()));
}

void ErrorGroups::load(const Group& group) {
  const Group now = place(entry_of(group, words_of(group.key)));
  if (now.fingerprint != group.fingerprint) merges_.push_back({group.fingerprint, now});
}

ErrorGroups::Group ErrorGroups::group_of(const Record& record) {
  const std::optional<Template> request = request_template(record);
  const Template found = request ? *request : message_template(spoken_text(record), kinds_);
  Group group;
  group.scope = error_scope(record);
  group.key = found.key();
  group.pattern = found.shown();
  group.fingerprint = fingerprint(group.scope, group.key);
  std::vector<std::string> words;
  words.reserve(found.words.size());
  for (const Template::Word& word : found.words) words.push_back(word.key);
  return place(entry_of(std::move(group), std::move(words)));
}

std::vector<ErrorGroups::Merge> ErrorGroups::take_merges() { return std::exchange(merges_, {}); }

}  // namespace logystera::detect
